//! A call as it is told: whether it is shown at all, and with what.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::arguments::Reader;
use super::descriptors::{self, DescriptorTarget, SocketIdentities, SocketIdentity, open};
use super::filter;
use super::like::{like, outcome};
use super::memory::TraceeMemory;
use super::messages;
use super::sole::SoleDescriptors;
use super::table::{ArgumentKind, SyscallRow};
use super::text::MOST;
use crate::linux::sys::ptrace::SyscallEntry;
use crate::model::{
    Errno, HeldCalls, ProcessSocket, ProgramCall, ProgramDescriptor, ProgramReturn, ProgramThread, Returned,
};

/// What is known of each process and of sockets.
#[derive(Default)]
pub(super) struct Processes {
    processes: HashMap<u32, TracedProcess>,
    kinds: SocketIdentities,
    sole: SoleDescriptors,
    /// The sockets that the program was started with, by inode. They are open in whoever started this program, as in a service or
    /// an editor's terminal, and no more of the lab than a file is: that a process inherits or closes one is no news.
    outside: HashSet<u64>,
}

struct TracedProcess {
    memory: TraceeMemory,
    /// The numbers that were sockets once, and what these were made as: a call on one that is closed is a mistake worth seeing.
    were_sockets: HashMap<i32, Option<SocketIdentity>>,
    /// The room for an address that each thread gave the call which it is in.
    given: HashMap<u32, u64>,
    /// It was told that it makes calls of another architecture.
    foreign: bool,
}

impl TracedProcess {
    /// As [`Reader::throws_away`] has it, of a call on this descriptor.
    fn throws_away(&self, read: &Reader<'_>, fd: Option<i32>) -> bool {
        let kind = fd.and_then(|fd| self.were_sockets.get(&fd).copied().flatten());
        let flags = read.row.arguments.iter().position(|argument| *argument == ArgumentKind::MessageFlags);
        let truncates = flags.is_some_and(|at| read.arguments[at] & libc::MSG_TRUNC as u64 != 0);
        truncates && kind.is_some_and(SocketIdentity::is_tcp)
    }
}

/// The socket that decides that a call is shown.
struct SubjectSocket {
    fd: i32,
    socket: Option<u64>,
    kind: Option<SocketIdentity>,
    /// It is an epoll instance instead.
    instance: bool,
}

impl Processes {
    /// The program that is to be traced was executed, and has made no call yet.
    pub(super) fn executed_first(&mut self, process: u32) {
        self.outside = descriptors::sockets(process).into_iter().map(|(_, inode)| inode).collect();
    }

    /// The sockets in a thread's table that its program didn't come with, by their numbers.
    pub(super) fn sockets(&self, thread: u32) -> Vec<(i32, u64)> {
        let mut sockets = descriptors::sockets(thread);
        sockets.retain(|(_, inode)| !self.outside.contains(inode));
        sockets
    }

    /// A process is new, or has another program now.
    pub(super) fn begins(&mut self, process: u32) {
        self.sole.forget();
        let (memory, were_sockets) = (TraceeMemory::of(process), HashMap::new());
        self.processes.insert(process, TracedProcess { memory, were_sockets, given: HashMap::new(), foreign: false });
    }

    /// A process makes calls of another architecture: whether that is news.
    pub(super) fn is_foreign(&mut self, process: u32) -> bool {
        self.lose_sight();
        let known = self.processes.get_mut(&process).map(|process| std::mem::replace(&mut process.foreign, true));
        known == Some(false)
    }

    pub(super) fn ended(&mut self, process: u32) {
        self.processes.remove(&process);
    }

    /// A thread is out of the call that it was in, which doesn't come back as others do: it has made a thread or a process, or is gone.
    pub(super) fn leaves(&mut self, thread: u32) {
        self.sole.leaves(thread);
    }

    /// From now on sockets may get further descriptors by calls that aren't seen.
    pub(super) fn lose_sight(&mut self) {
        self.sole.lose_sight();
    }

    /// A call that is about to be made, as it is told; `None` where it isn't.
    pub(super) fn entered(&mut self, who: ProgramThread, entry: &SyscallEntry) -> Option<ProgramCall> {
        let row = SyscallRow::of(entry.number).filter(|_| entry.arch == filter::NATIVE)?;
        let effect = reader(&self.processes.get(&who.process)?.memory, who, row, entry, None).effect();
        self.sole.enters(who.thread, effect);
        let Some(about) = self.about(who, row, entry) else {
            // It has nothing to do with sockets, and isn't seen to come back.
            self.sole.leaves(who.thread);
            return None;
        };
        let process = self.processes.get_mut(&who.process)?;
        let read = reader(&process.memory, who, row, entry, None);
        match read.address_room() {
            Some(room) => drop(process.given.insert(who.thread, room)),
            None => drop(process.given.remove(&who.thread)),
        }
        let process = self.processes.get(&who.process)?;
        let read = reader(&process.memory, who, row, entry, None);
        let like = like(&read, about.kind);
        let internet = about.kind.map(SocketIdentity::is_internet).or_else(|| read.makes_internet());
        let internet = internet.or(about.instance.then_some(false));
        let closes = about.socket.filter(|_| internet == Some(true) && row.name == "close");
        let others = closes.map(|inode| self.others(inode, (who.process, about.fd)));
        let fd = row.arguments.iter().any(|argument| matches!(argument, ArgumentKind::Fd | ArgumentKind::OtherFd));
        let sockets = self.handed_on(&read, who);
        let room = if like.is_none() { read.message_room() } else { None };
        let waits = read.waits();
        Some(ProgramCall {
            process: Some(who.process),
            name: row.name.to_owned(),
            arguments: read.all(),
            fd: fd.then_some(about.fd),
            socket: about.socket,
            internet,
            others: others.unwrap_or_default(),
            waits,
            events: read.watched_for(),
            sockets,
            room,
            like,
            site: None,
        })
    }

    /// The other descriptors of a socket, beside one.
    fn others(&self, inode: u64, but: (u32, i32)) -> Vec<ProgramDescriptor> {
        if self.sole.is_sole(inode, but) {
            return Vec::new();
        }
        descriptors::others(self.processes.keys().copied(), inode, but)
    }

    fn about(&mut self, who: ProgramThread, row: &'static SyscallRow, entry: &SyscallEntry) -> Option<SubjectSocket> {
        let process = self.processes.get(&who.process)?;
        let deciding = reader(&process.memory, who, row, entry, None).deciding();
        let first = deciding.first().copied().unwrap_or(entry.arguments[0] as i32);
        let nothing = SubjectSocket { fd: first, socket: None, kind: None, instance: false };
        if row.is_of_process() {
            // Where the new one shares the table, nothing is inherited.
            let cloning = reader(&process.memory, who, row, entry, None).cloning().unwrap_or(0);
            let shares = cloning & libc::CLONE_FILES as u64 != 0;
            return (!shares && !self.sockets(who.thread).is_empty()).then_some(nothing);
        }
        let process = self.processes.get_mut(&who.process)?;
        let decides =
            |argument: &ArgumentKind| matches!(argument, ArgumentKind::Fd | ArgumentKind::Polled | ArgumentKind::Set);
        if !row.arguments.iter().any(decides) {
            return Some(nothing);
        }
        let mut mistaken = None;
        for fd in deciding {
            match open(who.thread, fd) {
                DescriptorTarget::Socket(inode) => {
                    let kind = self.kinds.of(who.process, fd, inode);
                    process.were_sockets.insert(fd, kind);
                    return Some(SubjectSocket { fd, socket: Some(inode), kind, instance: false });
                }
                DescriptorTarget::Nothing => {
                    let was = process.were_sockets.get(&fd);
                    let of = |kind: &Option<SocketIdentity>| SubjectSocket { fd, kind: *kind, ..nothing };
                    mistaken = mistaken.or(was.map(of));
                }
                // That one was made is shown: its number may be a socket's next.
                DescriptorTarget::Epoll if row.name == "close" => {
                    return Some(SubjectSocket { fd, instance: true, ..nothing });
                }
                DescriptorTarget::Epoll | DescriptorTarget::Other => {}
            }
        }
        mistaken.or(row.network.then_some(nothing))
    }

    /// The sockets that a call hands on, inherits, keeps or closes, by inode.
    fn handed_on(&self, read: &Reader<'_>, who: ProgramThread) -> Vec<ProcessSocket> {
        let of = |(fd, socket): (i32, u64)| {
            let close_on_exec = descriptors::closes_on_exec(who.thread, fd);
            ProcessSocket { fd, socket, close_on_exec, others: Vec::new() }
        };
        match read.row.name {
            _ if read.row.is_of_process() => self.sockets(who.thread).into_iter().take(MOST as usize).map(of).collect(),
            "sendmsg" => {
                let carried = messages::carried(read.memory, read.arguments[1]).into_iter();
                let socket = |fd: i32| Some((fd, descriptors::socket(who.thread, fd)?));
                carried.take(MOST as usize).filter_map(socket).map(of).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a call came to.
    pub(super) fn returned(
        &mut self,
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
        let (throws_away, given) = (process.throws_away(&read, call.fd), process.given.get(&who.thread).copied());
        let read = Reader { throws_away, given, ..read };
        let arguments = if value >= 0 { read.filled(&call.arguments) } else { call.arguments.clone() };
        let socket = |fd: i32| Some((fd, descriptors::socket(who.thread, fd)?));
        let made: Vec<(i32, u64)> = read.made().into_iter().filter_map(socket).collect();
        let ready = read.ready();
        let outcome = outcome(&read, call, value).map(|returned| Returned { ready, ..returned });
        self.sole.returned((who.process, who.thread), &made);
        ProgramReturn { outcome, arguments, made }
    }
}

fn reader<'a>(
    memory: &'a TraceeMemory,
    who: ProgramThread,
    row: &'static SyscallRow,
    entry: &SyscallEntry,
    value: Option<i64>,
) -> Reader<'a> {
    Reader {
        thread: who.thread,
        memory,
        row,
        arguments: entry.arguments,
        value,
        throws_away: false,
        given: None,
        watched: OnceCell::new(),
    }
}

/// Whether a call waits.
pub(super) fn is_held(held: HeldCalls, entry: &SyscallEntry, call: &ProgramCall) -> bool {
    match held {
        HeldCalls::None => false,
        HeldCalls::All => true,
        HeldCalls::Walk => {
            if !SyscallRow::of(entry.number).is_some_and(|row| row.walk) {
                return false;
            }
            // Of what is no socket, or no descriptor any more, the kernel's answer is worth waiting for too.
            let mistaken = call.fd.is_some() && call.socket.is_none() && call.internet != Some(false);
            (call.is_of_internet() || mistaken) && call.others.is_empty()
        }
    }
}
