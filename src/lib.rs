//! Walk through a TCP connection one socket call and one segment at a time, on the kernel's own TCP.
//!
//! The folders are layers; `ARCHITECTURE.md` says which may use which.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(not(target_os = "linux"))]
compile_error!("sockwalk needs Linux: it shows the TCP of the Linux kernel.");

pub mod cli;
pub mod engine;
pub mod i18n;
pub mod lesson;
pub mod linux;
pub mod model;
pub mod plain;
pub mod report;
pub mod tcp;
pub mod theme;
pub mod tui;
