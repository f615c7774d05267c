//! `sockwalk keep NAME`: the process that keeps a shared lab. The program starts it by itself; it says on its standard
//! output that the lab is there, or why not, and then nothing more.

use std::io::{self, Write};
use std::os::fd::AsFd;

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::linux::shared::{LabFolder, LabName, Unsafe};
use sockwalk::linux::{self, Refused, StartingDaemon, WalkPlace, keep, take_over};
use sockwalk::model::{Copies, LabSettings, SHARED_RTO_MIN_MS};

use super::place::ProcessRights;
use super::screen;

/// What its starter waits for.
pub const READY: &str = "ready";

/// What it hears where another daemon still has the name.
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

/// Goes on with a lab that the process has begun which started this one, and keeps it until its last member has left.
pub fn adopt(invocation: &Invocation, name: &str) -> Result<u8, Exit> {
    let failed = screen::trouble(invocation.lang);
    let name = LabName::new(name).ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let folder = LabFolder::open(|name| std::env::var(name).ok()).map_err(|error| {
        failed(match error {
            Unsafe::System(_, error) => error,
            Unsafe::Others(_) => io::ErrorKind::PermissionDenied.into(),
        })
    })?;
    let control = io::stdin().as_fd().try_clone_to_owned().map_err(&failed)?;
    let keeping = take_over(&folder, &name, &settings(), control).map_err(failed)?;
    Ok(u8::from(keeping.keep().is_err()))
}

fn open(invocation: &Invocation, name: &str) -> Result<StartingDaemon, Exit> {
    let grounds = ProcessRights::prepare(invocation)?;
    let name = LabName::new(name).ok_or_else(|| grounds.bad_name(name))?;
    let folder = LabFolder::open(|name| std::env::var(name).ok()).map_err(|error| grounds.no_folder(&error))?;
    start(invocation, &grounds, |place| keep(&folder, &name, &place))
}

/// Starts a lab that processes share in the place that is had: in a lab or, where the mode is open and the lab is refused, on
/// the host.
///
/// # Errors
/// [`Exit`] with a sentence that says what was refused.
pub fn start<T>(
    invocation: &Invocation,
    grounds: &ProcessRights,
    mut begin: impl FnMut(WalkPlace) -> Result<T, Refused>,
) -> Result<T, Exit> {
    if grounds.has_rights() {
        match begin(WalkPlace::Lab(settings())) {
            Ok(begun) => return Ok(begun),
            Err(refused) if is_taken(&refused) => return Err(taken()),
            Err(refused) if invocation.mode == ModeChoice::Lab => return Err(grounds.no_lab(&refused)),
            Err(_) => {}
        }
    }
    linux::give_up_root(|name| std::env::var(name).ok()).map_err(|refused| grounds.no_host(&refused))?;
    begin(WalkPlace::Host).map_err(|refused| match is_taken(&refused) {
        true => taken(),
        false => grounds.no_host(&refused),
    })
}

/// Whether another daemon still has the name: one that is about to leave.
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
