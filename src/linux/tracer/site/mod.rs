//! Where in its source a thread makes the call before which it stands.
//!
//! The thread that traces reads the registers and waits for a bounded time: programs, their debug information and their memory
//! are anybody's, so they are read by a thread of its own ([`reader`]). Where that one takes too long, or what it reads
//! makes it panic, the place isn't known, and the program goes on.

#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod asked;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod binary;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod image;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod library;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod maps;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod names;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod own;
#[cfg(all(feature = "python-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod python;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod reader;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod source;

#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) use asked::CallSites;

/// In a build without a reader, or on another processor: that is all that is known.
#[cfg(not(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[derive(Default)]
pub(super) struct UnknownSites;

#[cfg(not(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64"))))]
impl UnknownSites {
    pub(super) fn of_standing(&mut self, _: crate::model::ProgramThread) -> Option<crate::model::CallSite> {
        Some(crate::model::CallSite::lacking(crate::model::SiteLacks::LeftOut))
    }

    pub(super) fn of_passing(&mut self, _: crate::model::ProgramThread) -> Option<crate::model::CallSite> {
        None
    }

    pub(super) fn forget(&mut self, _: u32) {}
}

#[cfg(not(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(super) use UnknownSites as CallSites;
