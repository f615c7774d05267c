//! Walk through a TCP connection one socket call and one segment at a time, on the kernel's own TCP.
//!
//! The folders are layers; `ARCHITECTURE.md` says which may use which.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_macros))]

#[cfg(not(target_os = "linux"))]
compile_error!("sockwalk needs Linux: it shows the TCP of the Linux kernel.");

#[cfg(target_os = "linux")]
pub mod assets;
#[cfg(target_os = "linux")]
pub mod cli;
#[cfg(target_os = "linux")]
pub mod explain;
#[cfg(target_os = "linux")]
pub mod i18n;
#[cfg(target_os = "linux")]
pub mod lab;
#[cfg(target_os = "linux")]
pub mod lesson;
#[cfg(target_os = "linux")]
pub mod linux;
#[cfg(target_os = "linux")]
pub mod model;
#[cfg(target_os = "linux")]
pub mod plain;
#[cfg(target_os = "linux")]
pub mod progress;
#[cfg(target_os = "linux")]
pub mod report;
#[cfg(target_os = "linux")]
pub mod tcp;
#[cfg(target_os = "linux")]
pub mod theme;
#[cfg(target_os = "linux")]
pub mod tui;
#[cfg(target_os = "linux")]
pub mod walk;
