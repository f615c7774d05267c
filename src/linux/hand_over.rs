//! A lab goes on in another process.
//!
//! As long as nobody else takes part, a free walk has its lab in its own process, as a lesson has: no second process, no JSON
//! on the way. Before the first other one comes in, the lab moves into a process that it starts for that, in the same
//! namespaces, so that nobody's end takes the lab along. What moves are the descriptors of the wire, of the gate and of the
//! door (`SCM_RIGHTS` of `unix(7)`), and the trace, from which the lab is made anew ([`Lab::resume`]). The calls of the walk
//! that was there first, and its sockets, stay where they are: from now on it takes part as the others do. Where the lab
//! can't move, the others come in where it is.

use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::background::spawn_with_rights;
use super::environment::NeededDescriptor;
use super::serve::{LoopExit, Server, Successor};
use super::shared::{Agent, LONGEST, Link, VERSION};
use crate::lab::Failure;
use crate::model::{Cause, Entry, Member, Mode};

/// How long either process waits for the other's next word: longer than a busy machine takes to start one.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most descriptors that move.
const MOST: usize = 8;

/// What is said when the lab has moved.
const MOVED: &[u8] = b"moved\n";

/// A descriptor that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum HandedDescriptor {
    /// Where others come in.
    Door,
    /// The link to the walk that was there first.
    Link,
    /// A part of the environment.
    Part(NeededDescriptor),
}

/// What is said of a lab first; its entries follow, one in a line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LabHeader {
    version: String,
    pub(super) mode: Mode,
    /// Who was there first.
    pub(super) member: Member,
    /// The descriptors, in the order in which they are sent.
    descriptors: Vec<HandedDescriptor>,
    entries: usize,
    /// The time on the lab's clock, and on `CLOCK_MONOTONIC` at the same moment.
    now: Duration,
    monotonic: Duration,
}

/// A lab as it arrives.
pub(super) struct ReceivedLab {
    pub(super) header: LabHeader,
    pub(super) entries: Vec<Entry>,
    pub(super) descriptors: Vec<(HandedDescriptor, OwnedFd)>,
    /// The beginning of the lab's clock.
    pub(super) epoch: Instant,
    /// Where it is said that it has arrived.
    control: UnixStream,
}

fn monotonic() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How serving ended.
pub(super) enum ServingEnd {
    /// Nobody is there any more.
    Over,
    /// The lab goes on in another process, in which this one's walk takes part.
    Moved(Box<Agent>),
}

/// Serves until the walk of this process is over or, where it has none, nobody takes part any more; the lab moves before
/// others come in, where it can.
///
/// # Errors
/// Why the lab can't go on; other processes were told.
pub(super) fn serve(mut server: Server) -> Result<ServingEnd, Failure> {
    let mut result = server.go_on();
    while let Ok(LoopExit::Knocked) = result {
        match hand_over(server) {
            Ok(agent) => return Ok(ServingEnd::Moved(Box::new(agent))),
            // Then they come in here.
            Err(stays) => server = *stays,
        }
        result = server.go_on();
    }
    server.close(result.as_ref().err());
    result.map(|_| ServingEnd::Over)
}

/// Moves the lab into another process. The walk of this one goes on with what is returned.
///
/// # Errors
/// The server as it was, where the lab can't move.
fn hand_over(mut server: Server) -> Result<Agent, Box<Server>> {
    server.knocked = false;
    let Some(successor) = server.successor.take() else { return Err(Box::new(server)) };
    server.prepare_to_move();
    match move_out(&server, &successor) {
        Ok(link) => server.leave_to(link),
        // What was refused is nobody's to mend: the others come in here.
        Err(_) => Err(Box::new(server)),
    }
}

/// The own end of the link over which the walk goes on.
fn move_out(server: &Server, successor: &Successor) -> io::Result<Link> {
    let (control, theirs) = UnixStream::pair()?;
    let (own, link) = UnixStream::pair()?;
    for timeout in [UnixStream::set_read_timeout, UnixStream::set_write_timeout] {
        timeout(&control, Some(PATIENCE))?;
    }
    let own = Link::new(own, LONGEST)?;
    let mut child = start(server, successor, theirs)?;
    let moved = send(server, &control, link.as_fd()).and_then(|()| answer(&control));
    if let Err(error) = moved {
        // It must not take the name later.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(own)
}

/// Starts the other process.
fn start(server: &Server, successor: &Successor, control: UnixStream) -> io::Result<Child> {
    let mut command = successor();
    command.current_dir("/").stdin(OwnedFd::from(control)).stdout(Stdio::null()).stderr(Stdio::null());
    if server.mode == Mode::Host {
        return command.spawn();
    }
    spawn_with_rights(&mut command)
}

/// Says everything.
fn send(server: &Server, control: &UnixStream, link: BorrowedFd<'_>) -> io::Result<()> {
    let missing = || io::Error::from(Cause::NotMovable);
    let remote = server.remote.as_ref().ok_or_else(missing)?;
    let member = server.local.as_ref().and_then(|local| server.lab.member(local.member.number)).ok_or_else(missing)?;
    let door = remote.members.listener().ok_or_else(missing)?;
    let mut descriptors = vec![(HandedDescriptor::Door, door), (HandedDescriptor::Link, link)];
    descriptors.extend(server.environment.parts().into_iter().map(|(part, fd)| (HandedDescriptor::Part(part), fd)));
    let entries = server.lab.trace().entries();
    let header = LabHeader {
        version: VERSION.to_owned(),
        mode: server.mode,
        member: member.clone(),
        descriptors: descriptors.iter().map(|(moving, _)| *moving).collect(),
        entries: entries.len(),
        now: server.environment.now(),
        monotonic: monotonic(),
    };
    let fds: Vec<BorrowedFd<'_>> = descriptors.iter().map(|(_, fd)| *fd).collect();
    let mut room = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut room);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Cause::NotMovable.into());
    }
    sendmsg(control, &[IoSlice::new(b"\n")], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut out = io::BufWriter::new(control);
    serde_json::to_writer(&mut out, &header)?;
    for entry in entries {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, entry)?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

fn answer(mut control: &UnixStream) -> io::Result<()> {
    let mut said = [0; MOVED.len()];
    control.read_exact(&mut said)?;
    if said == MOVED { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Hears everything that [`send`] says, from the process that started this one.
///
/// # Errors
/// Where it says something else, or its end is gone.
pub(super) fn receive(control: OwnedFd) -> io::Result<ReceivedLab> {
    let control = UnixStream::from(control);
    control.set_read_timeout(Some(PATIENCE))?;
    let mut room = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut room);
    let mut first = [0];
    recvmsg(&control, &mut [IoSliceMut::new(&mut first)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let fds: Vec<OwnedFd> = { ancillary.drain() }
        .flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => fds.collect(),
            _ => Vec::new(),
        })
        .collect();
    let mut lines = BufReader::new(&control);
    let header: LabHeader = serde_json::from_slice(&line(&mut lines)?)?;
    if header.version != VERSION || header.descriptors.len() != fds.len() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let entries =
        (0..header.entries).map(|_| Ok(serde_json::from_slice(&line(&mut lines)?)?)).collect::<io::Result<_>>()?;
    let age = monotonic().saturating_sub(header.monotonic);
    let epoch = Instant::now().checked_sub(header.now + age).ok_or(io::ErrorKind::InvalidData)?;
    let descriptors = header.descriptors.iter().copied().zip(fds).collect();
    drop(lines);
    Ok(ReceivedLab { header, entries, descriptors, epoch, control })
}

fn line(lines: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    lines.take(LONGEST as u64).read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl ReceivedLab {
    /// Where others come in, and the link to who was there first.
    pub(super) fn take_ends(&mut self) -> Option<(UnixListener, UnixStream)> {
        let mut take = |wanted| {
            let place = self.descriptors.iter().position(|(moving, _)| *moving == wanted)?;
            Some(self.descriptors.swap_remove(place).1)
        };
        Some((take(HandedDescriptor::Door)?.into(), take(HandedDescriptor::Link)?.into()))
    }

    /// Says that the lab is here.
    ///
    /// # Errors
    /// Where nobody waits for it any more.
    pub(super) fn arrived(&self) -> io::Result<()> {
        (&self.control).write_all(MOVED)
    }
}
