//! The readers of what the kernel's answers and other processes' lines hold, as functions of bytes: for the fuzz targets
//! and for the tests of the same functions, which find everything else that reads foreign bytes public.
#![doc(hidden)]

use std::time::Duration;

use super::{diag, shared};

/// Reads an answer of `sock_diag(7)`: messages, each with attributes, of TCP and of UDP.
pub fn sock_diag_answer(bytes: &[u8]) {
    diag::read_answer(bytes, Duration::ZERO);
}

/// Reads the lines that another process of a shared lab may send, in both directions.
pub fn shared_lab_lines(bytes: &[u8]) {
    shared::read_lines(bytes);
}
