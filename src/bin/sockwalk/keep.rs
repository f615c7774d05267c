//! `sockwalk keep NAME`: the process that keeps a shared lab. The program starts it by itself; it says on its standard
//! output that the lab is there, or why not, and then nothing more.

use std::io::{self, Write};

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::linux::shared::{Folder, Keeping, LabName, keep};
use sockwalk::linux::{self, Place, Refused};
use sockwalk::model::{Copies, LabSettings, SHARED_RTO_MIN_MS};

use super::place::Grounds;

/// What its starter waits for.
pub const READY: &str = "ready";

/// What it hears where another keeper still has the name.
pub const TAKEN: &str = "taken";

/// Keeps the lab until its last member has left.
pub fn run(invocation: &Invocation, name: &str) -> Result<u8, Exit> {
    let keeping = match open(invocation, name) {
        Ok(keeping) => keeping,
        Err(exit) => {
            let _ = super::out::out().write_all(exit.text.as_bytes());
            return Ok(exit.status);
        }
    };
    let said = writeln!(super::out::out(), "{READY}").and_then(|()| super::out::out().flush());
    // Its members are told why it ends; nobody else listens.
    Ok(if said.is_ok() && keeping.keep().is_ok() { 0 } else { 1 })
}

fn open(invocation: &Invocation, name: &str) -> Result<Keeping, Exit> {
    let grounds = Grounds::prepare(invocation)?;
    let name = LabName::new(name).ok_or_else(|| grounds.bad_name(name))?;
    let folder = || Folder::open(|name| std::env::var(name).ok()).map_err(|error| grounds.no_folder(&error));
    if grounds.has_rights() {
        match keep(&folder()?, &name, &Place::Lab(settings())) {
            Ok(keeping) => return Ok(keeping),
            Err(refused) if is_taken(&refused) => return Err(taken()),
            Err(refused) if invocation.mode == ModeChoice::Lab => return Err(grounds.no_lab(&refused)),
            Err(_) => {}
        }
    }
    linux::give_up_root(|name| std::env::var(name).ok()).map_err(|refused| grounds.no_host(&refused))?;
    keep(&folder()?, &name, &Place::Host).map_err(|refused| match is_taken(&refused) {
        true => taken(),
        false => grounds.no_host(&refused),
    })
}

/// Whether another keeper still has the name: one that is about to leave.
fn is_taken(refused: &Refused) -> bool {
    refused.error.kind() == io::ErrorKind::AddrInUse
}

fn taken() -> Exit {
    Exit { status: 1, text: format!("{TAKEN}\n") }
}

/// As the lessons that aren't about retransmission have it: while somebody thinks, the wire stays calm.
fn settings() -> LabSettings {
    LabSettings { copies: Copies::Drop, rto_min_ms: Some(SHARED_RTO_MIN_MS), ..LabSettings::default() }
}
