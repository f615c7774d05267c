//! `sockwalk doctor`
use sockwalk::cli::{Exit, Invocation};
pub fn run(_invocation: &Invocation) -> Result<u8, Exit> {
    Ok(0)
}
