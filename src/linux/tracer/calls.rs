//! A call as it is told: whether it is shown at all, and with what.

use std::collections::{HashMap, HashSet};

use super::arguments::Reader;
use super::descriptors::{self, DescriptorTarget, SocketIdentities, SocketIdentity, open, others, sockets};
use super::filter;
use super::like::{like, outcome};
use super::memory::TraceeMemory;
use super::messages;
use super::table::{ArgumentKind, SyscallRow};
use super::text::MOST;
use crate::linux::sys::ptrace::SyscallEntry;
use crate::model::{
    Call, Errno, HeldCalls, PolledDescriptor, ProcessSocket, ProgramCall, ProgramReturn, ProgramThread, Returned,
};

/// What is known of each process and of sockets.
#[derive(Default)]
pub(super) struct Processes {
    processes: HashMap<u32, TracedProcess>,
    kinds: SocketIdentities,
}

struct TracedProcess {
    memory: TraceeMemory,
    /// The numbers that were sockets once: a call on one that is closed is a mistake worth seeing.
    were_sockets: HashSet<i32>,
    /// It was told that it makes calls of another architecture.
    foreign: bool,
}

/// The socket that decides that a call is shown.
struct SubjectSocket {
    fd: i32,
    socket: Option<u64>,
    kind: Option<SocketIdentity>,
}

impl Processes {
    /// A process is new, or has another program now.
    pub(super) fn begins(&mut self, process: u32) {
        let (memory, were_sockets) = (TraceeMemory::of(process), HashSet::new());
        self.processes.insert(process, TracedProcess { memory, were_sockets, foreign: false });
    }

    /// A process makes calls of another architecture: whether that is news.
    pub(super) fn is_foreign(&mut self, process: u32) -> bool {
        let known = self.processes.get_mut(&process).map(|process| std::mem::replace(&mut process.foreign, true));
        known == Some(false)
    }

    pub(super) fn ended(&mut self, process: u32) {
        self.processes.remove(&process);
    }

    /// A call that is about to be made, as it is told; `None` where it isn't.
    pub(super) fn entered(&mut self, who: ProgramThread, entry: &SyscallEntry) -> Option<ProgramCall> {
        let row = SyscallRow::of(entry.number).filter(|_| entry.arch == filter::NATIVE)?;
        let about = self.about(who, row, entry)?;
        let process = self.processes.get(&who.process)?;
        let read = reader(&process.memory, who, row, entry, None);
        let like = like(&read, about.kind);
        let internet = about.kind.map_or(matches!(like, Some(Call::Socket { .. })), SocketIdentity::is_internet);
        let closes = about.socket.filter(|_| internet && row.name == "close");
        let others = closes.map(|inode| others(self.processes.keys().copied(), inode, (who.process, about.fd)));
        let fd = row.arguments.iter().any(|argument| matches!(argument, ArgumentKind::Fd | ArgumentKind::OtherFd));
        let sockets = handed_on(&read, who);
        let waits = read.waits().map(|waits| with_sockets(who.thread, waits));
        Some(ProgramCall {
            process: Some(who.process),
            name: row.name.to_owned(),
            arguments: read.all(),
            fd: fd.then_some(about.fd),
            socket: about.socket,
            internet,
            others: others.unwrap_or_default(),
            waits,
            sockets,
            like,
            site: None,
        })
    }

    fn about(&mut self, who: ProgramThread, row: &'static SyscallRow, entry: &SyscallEntry) -> Option<SubjectSocket> {
        let process = self.processes.get_mut(&who.process)?;
        let deciding = reader(&process.memory, who, row, entry, None).deciding();
        let first = deciding.first().copied().unwrap_or(entry.arguments[0] as i32);
        let nothing = SubjectSocket { fd: first, socket: None, kind: None };
        if row.is_of_process() {
            // Where the new one shares the table, nothing is inherited.
            let cloning = reader(&process.memory, who, row, entry, None).cloning().unwrap_or(0);
            let shares = cloning & libc::CLONE_FILES as u64 != 0;
            return (!shares && !sockets(who.thread).is_empty()).then_some(nothing);
        }
        let decides =
            |argument: &ArgumentKind| matches!(argument, ArgumentKind::Fd | ArgumentKind::Polled | ArgumentKind::Set);
        if !row.arguments.iter().any(decides) {
            return Some(nothing);
        }
        let mut mistaken = false;
        for fd in deciding {
            match open(who.thread, fd) {
                DescriptorTarget::Socket(inode) => {
                    process.were_sockets.insert(fd);
                    let kind = self.kinds.of(who.process, fd, inode);
                    return Some(SubjectSocket { fd, socket: Some(inode), kind });
                }
                DescriptorTarget::Nothing => mistaken |= process.were_sockets.contains(&fd),
                DescriptorTarget::Other => {}
            }
        }
        (row.network || mistaken).then_some(nothing)
    }

    /// What a call came to.
    pub(super) fn returned(
        &self,
        who: ProgramThread,
        entry: &SyscallEntry,
        call: &ProgramCall,
        value: i64,
    ) -> ProgramReturn {
        let row = SyscallRow::of(entry.number);
        let (Some(row), Some(process)) = (row, self.processes.get(&who.process)) else {
            let outcome = Err(Errno(i32::try_from(-value).unwrap_or(0)));
            return ProgramReturn { outcome, arguments: call.arguments.clone(), made: Vec::new() };
        };
        let read = reader(&process.memory, who, row, entry, (value >= 0).then_some(value));
        let arguments = if value >= 0 { read.filled(&call.arguments) } else { call.arguments.clone() };
        let socket = |fd: i32| match open(who.thread, fd) {
            DescriptorTarget::Socket(inode) => Some((fd, inode)),
            DescriptorTarget::Other | DescriptorTarget::Nothing => None,
        };
        let made = read.made().into_iter().filter_map(socket).collect();
        let ready = with_sockets(who.thread, read.ready());
        let outcome = outcome(&read, call, value).map(|returned| Returned { ready, ..returned });
        ProgramReturn { outcome, arguments, made }
    }
}

/// The sockets that a call hands on, inherits, keeps or closes, by inode.
fn handed_on(read: &Reader<'_>, who: ProgramThread) -> Vec<ProcessSocket> {
    let of = |(fd, socket): (i32, u64)| {
        let close_on_exec = descriptors::closes_on_exec(who.thread, fd);
        ProcessSocket { fd, socket, close_on_exec, others: Vec::new() }
    };
    match read.row.name {
        _ if read.row.is_of_process() => sockets(who.thread).into_iter().take(MOST as usize).map(of).collect(),
        "sendmsg" => {
            let carried = messages::carried(read.memory, read.arguments[1]).into_iter();
            let socket = |fd: i32| match open(who.thread, fd) {
                DescriptorTarget::Socket(inode) => Some((fd, inode)),
                DescriptorTarget::Other | DescriptorTarget::Nothing => None,
            };
            carried.take(MOST as usize).filter_map(socket).map(of).collect()
        }
        _ => Vec::new(),
    }
}

/// These descriptors, each with its socket's inode where it is one.
fn with_sockets(thread: u32, polled: Vec<PolledDescriptor>) -> Vec<PolledDescriptor> {
    let of = |polled: PolledDescriptor| match open(thread, polled.fd) {
        DescriptorTarget::Socket(inode) => PolledDescriptor { socket: Some(inode), ..polled },
        DescriptorTarget::Other | DescriptorTarget::Nothing => polled,
    };
    polled.into_iter().map(of).collect()
}

fn reader<'a>(
    memory: &'a TraceeMemory,
    who: ProgramThread,
    row: &'static SyscallRow,
    entry: &SyscallEntry,
    value: Option<i64>,
) -> Reader<'a> {
    Reader { thread: who.thread, memory, row, arguments: entry.arguments, value }
}

/// Whether a call waits.
pub(super) fn is_held(held: HeldCalls, entry: &SyscallEntry, call: &ProgramCall) -> bool {
    match held {
        HeldCalls::None => false,
        HeldCalls::All => true,
        HeldCalls::Walk => {
            let Some(row) = SyscallRow::of(entry.number).filter(|row| row.walk) else { return false };
            // Of what is no descriptor, or of no socket, the kernel's answer is worth waiting for too.
            let mistaken = row.network && call.fd.is_some() && call.socket.is_none();
            (call.internet || mistaken) && call.others.is_empty()
        }
    }
}
