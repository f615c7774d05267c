#![no_main]

#[path = "../../tests/untrusted/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::lesson(bytes));
