//! Arguments as text, in C's way: constants by name, what pointers point to. What the kernel is to fill is `…` until the call
//! has returned.

use std::cell::OnceCell;
use std::net::SocketAddr;

use super::addresses::{self, SocketAddress};
use super::descriptors::is_internet;
use super::epoll::{self, WatchedDescriptor};
use super::memory::TraceeMemory;
use super::messages;
use super::names;
use super::sole::CallEffect;
use super::table::{self, ArgumentKind, SyscallRow};
use super::text::{MOST, UNFILLED, list, pointer, written};
use crate::model::{DeviceRequest, MESSAGE_FLAGS, SocketOption, flag_text, signal_name};
use crate::tcp::State;

/// A call's arguments, and what can be read of them.
pub(super) struct Reader<'a> {
    pub(super) thread: u32,
    pub(super) memory: &'a TraceeMemory,
    pub(super) row: &'static SyscallRow,
    pub(super) arguments: [u64; 6],
    /// The call's value, once it has returned without an error.
    pub(super) value: Option<i64>,
    /// It receives with MSG_TRUNC from a stream: the kernel throws away what it counts, and the buffers are as they were
    /// (`tcp(7)`).
    pub(super) throws_away: bool,
    /// How much room the program gave for an address, as [`Reader::address_room`] found it before the call: the kernel wrote no more
    /// than that, whatever the address's length is (`accept(2)`).
    pub(super) given: Option<u64>,
    /// What [`Reader::watches`] has found.
    pub(super) watched: OnceCell<Option<Vec<WatchedDescriptor>>>,
}

impl Reader<'_> {
    /// Of a message that is sent or received, how many bytes its buffers have; `None` where that can't be known.
    pub(super) fn message_room(&self) -> Option<usize> {
        let of_message = matches!(self.row.name, "sendmsg" | "recvmsg");
        let (vectors, count) = of_message.then(|| messages::buffers(self.memory, self.arguments[1]))??;
        let room = messages::room(self.memory, vectors, count).filter(|_| count <= MOST)?;
        usize::try_from(room).ok()
    }

    /// All arguments.
    pub(super) fn all(&self) -> Vec<String> {
        let count = if self.asks_status() { 2 } else { self.row.arguments.len() };
        (0..count).map(|at| self.text(at)).collect()
    }

    /// The arguments once more where the kernel filled some; those that were there before are kept.
    pub(super) fn filled(&self, before: &[String]) -> Vec<String> {
        use ArgumentKind::{BytesOut, MessageOut, Polled, Set, VectorsOut};
        let is_left = |argument| match argument {
            BytesOut | VectorsOut | MessageOut => self.throws_away,
            // Where nothing was ready the call is told with what it waited for: an empty list would look as if that were nothing.
            Polled | Set => self.value == Some(0),
            _ => false,
        };
        let is_news = |argument| is_filled(argument) && !is_left(argument);
        let texts = self.row.arguments.iter().zip(before).enumerate();
        texts.map(|(at, (argument, text))| if is_news(*argument) { self.text(at) } else { text.clone() }).collect()
    }

    fn text(&self, at: usize) -> String {
        use ArgumentKind::*;
        let value = self.arguments[at];
        match self.row.arguments[at] {
            Fd | OtherFd | Int => (value as i32).to_string(),
            Unsigned => value.to_string(),
            Pointer => pointer(value),
            Domain => names::one_of(value & 0xffff_ffff, names::DOMAINS),
            SocketType => socket_type(value as u32),
            Protocol => self.protocol(value),
            SocketFlags => flag_text(value as u32, names::SOCKET_FLAGS),
            Address => self.address(value, self.arguments[at + 1]),
            AddressOut => self.filled_address(at),
            LengthOut => self.filled_int(value),
            Bytes => self.bytes(value, self.arguments[at + 1]),
            BytesOut => self.filled_bytes(value, self.arguments[at + 1]),
            MessageFlags => flag_text(value as u32, MESSAGE_FLAGS),
            Vectors => messages::vectors(self.memory, value, self.arguments[at + 1], u64::MAX),
            VectorsOut => {
                self.of_value(value, |filled| messages::vectors(self.memory, value, self.arguments[at + 1], filled))
            }
            Message => messages::message(self.memory, value, u64::MAX),
            MessageOut => self.of_value(value, |filled| messages::message(self.memory, value, filled)),
            Messages => messages::several(self.memory, value, self.arguments[at + 1], false),
            MessagesOut => self.of_value(value, |filled| messages::several(self.memory, value, filled, true)),
            How => names::one_of(value & 0xffff_ffff, names::HOW),
            Level => SocketOption { level: value as i32, number: 0 }.level_name(),
            Option => self.option_name(),
            OptionValue => self.option_value(value, self.arguments[at + 1] & 0xffff_ffff),
            OptionValueOut => self.filled_option(at),
            FileCommand => names::one_of(value & 0xffff_ffff, &table::FILE_COMMANDS),
            OfFileCommand if self.arguments[at - 1] as u32 == libc::F_SETFL as u32 => {
                flag_text(value as u32, names::FILE_FLAGS)
            }
            OfFileCommand => (value as i32).to_string(),
            DeviceRequest => names::one_of(value & 0xffff_ffff, &table::DEVICE_REQUESTS),
            OfDeviceRequest if self.device_request().is_some() => self.filled_int(value),
            OfDeviceRequest => self.memory.int(value).map_or_else(|| pointer(value), |int| format!("[{int}]")),
            DuplicateFlags => flag_text(value as u32, names::DUPLICATE_FLAGS),
            Polled => self.polled(value, self.arguments[at + 1]),
            Set => self.set(value),
            Microseconds => self.time(value, "tv_usec"),
            Nanoseconds => self.time(value, "tv_nsec"),
            EpollFlags => flag_text(value as u32, names::EPOLL_FLAGS),
            EpollOperation => names::one_of(value & 0xffff_ffff, names::EPOLL_OPERATIONS),
            EpollEvent => self.epoll_event(value),
            EpollEventsOut => self.epoll_events(value),
            PairOut => self.pair(value),
            CloneFlags => clone_flags(value),
            CloneArguments => {
                self.cloning().map_or_else(|| pointer(value), |flags| format!("{{flags={}}}", clone_flags(flags)))
            }
            Path => self.path(value),
        }
    }

    /// What the kernel filled, once it has.
    fn of_value(&self, address: u64, read: impl FnOnce(u64) -> String) -> String {
        match self.value {
            _ if address == 0 => pointer(0),
            Some(value) => read(value.max(0) as u64),
            None => UNFILLED.to_owned(),
        }
    }

    fn protocol(&self, value: u64) -> String {
        if is_internet(self.arguments[0] as i32) {
            names::one_of(value & 0xffff_ffff, names::PROTOCOLS)
        } else {
            (value as i32).to_string()
        }
    }

    fn address(&self, address: u64, length: u64) -> String {
        match addresses::read(self.memory, address, length & 0xffff_ffff) {
            Some(address) => address.to_string(),
            None => pointer(address),
        }
    }

    /// The address that the call gives as an argument, where it is one of the internet.
    pub(super) fn internet(&self) -> Option<SocketAddr> {
        let at = self.row.arguments.iter().position(|argument| *argument == ArgumentKind::Address)?;
        match addresses::read(self.memory, self.arguments[at], self.arguments[at + 1] & 0xffff_ffff)? {
            SocketAddress::Internet(address) => Some(address),
            _ => None,
        }
    }

    /// The address that the kernel put somewhere.
    pub(super) fn filled_internet(&self) -> Option<SocketAddr> {
        let at = self.row.arguments.iter().position(|argument| *argument == ArgumentKind::AddressOut)?;
        match addresses::read(self.memory, self.arguments[at], self.filled_length(at)?)? {
            SocketAddress::Internet(address) => Some(address),
            _ => None,
        }
    }

    /// How much room the call gives the kernel for an address; `None` where it asks for none.
    pub(super) fn address_room(&self) -> Option<u64> {
        let at = self.row.arguments.iter().position(|argument| *argument == ArgumentKind::AddressOut)?;
        let room = (self.arguments[at] != 0).then(|| self.memory.int(self.arguments[at + 1]))??;
        u64::try_from(room).ok()
    }

    /// How many bytes of an address the kernel wrote.
    fn filled_length(&self, at: usize) -> Option<u64> {
        let length = u64::try_from(self.memory.int(self.arguments[at + 1])?).ok()?;
        Some(self.given.map_or(length, |given| given.min(length)))
    }

    fn filled_address(&self, at: usize) -> String {
        self.of_value(self.arguments[at], |_| self.address(self.arguments[at], self.filled_length(at).unwrap_or(0)))
    }

    fn filled_int(&self, address: u64) -> String {
        self.of_value(address, |_| {
            self.memory.int(address).map_or_else(|| pointer(address), |length| format!("[{length}]"))
        })
    }

    fn bytes(&self, address: u64, length: u64) -> String {
        match self.memory.bytes(address, length) {
            Some(bytes) => written(&bytes, length),
            None => pointer(address),
        }
    }

    /// Of a datagram that had no room the value may be its whole length (`MSG_TRUNC` of `recv(2)`).
    fn filled_bytes(&self, address: u64, room: u64) -> String {
        self.of_value(address, |length| self.bytes(address, length.min(room)))
    }

    /// Whether it is `fcntl(fd, F_GETFL)`, which has no third argument.
    pub(super) fn asks_status(&self) -> bool {
        self.row.name == "fcntl" && self.arguments[1] as i32 == libc::F_GETFL
    }

    /// What an `ioctl()` asks of a socket.
    pub(super) fn device_request(&self) -> Option<DeviceRequest> {
        let asked = self.arguments[1] as u32;
        { DeviceRequest::ALL.into_iter() }.find(|request| self.row.name == "ioctl" && request.number() == asked)
    }

    pub(super) fn option(&self) -> SocketOption {
        SocketOption { level: self.arguments[1] as i32, number: self.arguments[2] as i32 }
    }

    fn option_name(&self) -> String {
        let option = self.option();
        option.name().map_or_else(|| option.number.to_string(), str::to_owned)
    }

    fn option_value(&self, address: u64, length: u64) -> String {
        let Some(bytes) = self.memory.bytes(address, length).filter(|bytes| bytes.len() as u64 == length) else {
            return pointer(address);
        };
        let int = |at: usize| bytes[at..at + 4].try_into().map_or(0, i32::from_ne_bytes);
        match (self.option(), bytes.len()) {
            (SocketOption::LINGER, 8) => format!("{{l_onoff={}, l_linger={}}}", int(0), int(4)),
            (option, 4) if option.name() == Some("SO_ERROR") && int(0) != 0 => {
                format!("[{}]", crate::model::Errno(int(0)))
            }
            (SocketOption::INFO, 1..) => {
                let state =
                    State::from_kernel(bytes[0]).map_or_else(|| bytes[0].to_string(), |state| state.to_string());
                format!("{{tcpi_state={state}, {UNFILLED}}}")
            }
            (SocketOption::CONGESTION, _) => {
                let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                written(name, name.len() as u64)
            }
            (_, 4) => format!("[{}]", int(0)),
            // `struct timeval` of two words.
            (option, 16) if matches!(option.name(), Some("SO_RCVTIMEO" | "SO_SNDTIMEO")) => {
                let long = |at: usize| bytes[at..at + 8].try_into().map_or(0, i64::from_ne_bytes);
                format!("{{tv_sec={}, tv_usec={}}}", long(0), long(8))
            }
            _ => written(&bytes, length),
        }
    }

    fn filled_option(&self, at: usize) -> String {
        self.of_value(self.arguments[at], |_| {
            let length = self.memory.int(self.arguments[at + 1]).unwrap_or(0);
            self.option_value(self.arguments[at], u64::try_from(length).unwrap_or(0))
        })
    }

    /// The descriptors of `struct pollfd`s: before the call what is waited for, after it what is there.
    fn polled(&self, address: u64, count: u64) -> String {
        let Some(polled) = self.polled_fds(address, count) else { return pointer(address) };
        let event = |(fd, events, ready): (i32, u16, u16)| {
            let (name, events) = if self.value.is_some() { ("revents", ready) } else { ("events", events) };
            format!("{{fd={fd}, {name}={}}}", flag_text(u32::from(events), names::POLL))
        };
        let shown = polled.into_iter().filter(|(.., ready)| self.value.is_none() || *ready != 0);
        list(shown.map(event), self.value.is_none() && count > MOST)
    }

    /// Descriptor, events, what is ready, of at most [`MOST`].
    pub(super) fn polled_fds(&self, address: u64, count: u64) -> Option<Vec<(i32, u16, u16)>> {
        let bytes = self.memory.bytes(address, count.min(MOST) * 8)?;
        let one = |bytes: &[u8]| {
            let word = bytes.try_into().map_or(0, u64::from_ne_bytes).to_ne_bytes();
            let short = |at| u16::from_ne_bytes([word[at], word[at + 1]]);
            (i32::from_ne_bytes([word[0], word[1], word[2], word[3]]), short(4), short(6))
        };
        Some(bytes.chunks_exact(8).map(one).collect())
    }

    /// The numbers in a set of select.
    fn set(&self, address: u64) -> String {
        if address == 0 {
            return pointer(0);
        }
        self.set_fds(address).map_or_else(|| pointer(address), |fds| list(fds.iter().map(i32::to_string), false))
    }

    pub(super) fn set_fds(&self, address: u64) -> Option<Vec<i32>> {
        Some(self.all_set_fds(address)?.into_iter().filter(|fd| *fd < self.arguments[0] as i32).collect())
    }

    /// The same with those that select's first argument leaves out, as far as they stand in the words that the kernel reads, or in
    /// the first one: behind these the memory may be something else.
    pub(super) fn all_set_fds(&self, address: u64) -> Option<Vec<i32>> {
        // FD_SETSIZE descriptors at most, in words of the kernel's.
        let words = (self.arguments[0] as i32).clamp(1, 1024).unsigned_abs().div_ceil(64);
        let bytes = self.memory.bytes(address, u64::from(words) * 8)?;
        let is_in = |fd: &i32| bytes.get(*fd as usize / 8).is_some_and(|byte| byte >> (fd % 8) & 1 == 1);
        Some((0..words.cast_signed() * 64).filter(is_in).collect())
    }

    fn time(&self, address: u64, part: &str) -> String {
        match self.memory.words::<2>(address) {
            Some([seconds, rest]) => format!("{{tv_sec={}, {part}={}}}", seconds as i64, rest as i64),
            None => pointer(address),
        }
    }

    fn epoll_event(&self, address: u64) -> String {
        // What isn't looked at holds whatever was there (`epoll_ctl(2)`).
        if self.arguments[1] as i32 == libc::EPOLL_CTL_DEL {
            return pointer(address);
        }
        let Some((events, data)) = epoll::event(self.memory, address) else { return pointer(address) };
        format!("{{events={}, data={data:#x}}}", flag_text(events, names::EPOLL))
    }

    /// The events that epoll gave, with the descriptors that they are of.
    fn epoll_events(&self, address: u64) -> String {
        self.of_value(address, |count| {
            let events =
                (0..count.min(MOST)).map_while(|at| epoll::event(self.memory, address.checked_add(at * epoll::EVENT)?));
            let registered = if count == 0 { None } else { self.watches() }.unwrap_or_default();
            let event = |(events, data): (u32, u64)| {
                let events = flag_text(events, names::EPOLL);
                match epoll::of_data(registered, data) {
                    Some(WatchedDescriptor { fd, .. }) => format!("{{fd={fd}, events={events}}}"),
                    None => format!("{{events={events}, data={data:#x}}}"),
                }
            };
            list(events.map(event), count > MOST)
        })
    }

    fn pair(&self, address: u64) -> String {
        self.of_value(address, |_| match self.pair_fds(address) {
            Some([first, second]) => format!("[{first}, {second}]"),
            None => pointer(address),
        })
    }

    fn pair_fds(&self, address: u64) -> Option<[i32; 2]> {
        let bytes: [u8; 8] = self.memory.array(address)?;
        let int = |at: usize| i32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Some([int(0), int(4)])
    }

    /// The flags of a call that makes a thread or a process, with the signal in their lowest byte; `None` of every other call.
    pub(super) fn cloning(&self) -> Option<u64> {
        match self.row.name {
            "clone" => Some(self.arguments[0]),
            // `struct clone_args`: flags, three pointers, the signal.
            "clone3" => self.memory.words::<5>(self.arguments[0]).map(|[flags, .., signal]| flags | signal & 0xff),
            _ => None,
        }
    }

    fn path(&self, address: u64) -> String {
        match self.memory.bytes(address, LONGEST_PATH) {
            Some(bytes) => {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                written(&bytes[..end], if end < bytes.len() { end as u64 } else { LONGEST_PATH + 1 })
            }
            None => pointer(address),
        }
    }

    /// Of a call that makes a socket, whether that will be one of IPv4 or IPv6 (`socket(2)`).
    pub(super) fn makes_internet(&self) -> Option<bool> {
        matches!(self.row.name, "socket" | "socketpair").then(|| is_internet(self.arguments[0] as i32))
    }

    /// The descriptors that the call made, once it has returned.
    pub(super) fn made(&self) -> Vec<i32> {
        let Some(value) = self.value else { return Vec::new() };
        match self.row.name {
            "socket" | "accept" | "accept4" | "dup" | "dup2" | "dup3" => i32::try_from(value).into_iter().collect(),
            "fcntl" if self.duplicates() => i32::try_from(value).into_iter().collect(),
            "socketpair" => self.pair_fds(self.arguments[3]).into_iter().flatten().collect(),
            "recvmsg" => messages::carried(self.memory, self.arguments[1]),
            _ => Vec::new(),
        }
    }

    /// What the call may do to sockets' descriptors.
    pub(super) fn effect(&self) -> CallEffect {
        let is_thread = || self.cloning().is_some_and(|flags| flags & libc::CLONE_FILES as u64 != 0);
        match self.row.name {
            "socket" | "socketpair" | "accept" | "accept4" => CallEffect::Makes,
            "fork" | "vfork" | "dup" | "dup2" | "dup3" => CallEffect::Copies,
            "clone" | "clone3" if !is_thread() => CallEffect::Copies,
            "fcntl" if self.duplicates() => CallEffect::Copies,
            "sendmsg" if messages::has_control(self.memory, self.arguments[1]) => CallEffect::Copies,
            // What each message carries isn't read.
            "sendmmsg" => CallEffect::Copies,
            _ => CallEffect::Neither,
        }
    }

    /// Of `fcntl(2)`: whether it duplicates a descriptor.
    fn duplicates(&self) -> bool {
        matches!(self.arguments[1] as i32, libc::F_DUPFD | libc::F_DUPFD_CLOEXEC)
    }

    /// The descriptors by which it is decided whether the call is shown.
    pub(super) fn deciding(&self) -> Vec<i32> {
        let mut fds = Vec::new();
        for (at, argument) in self.row.arguments.iter().enumerate() {
            let value = self.arguments[at];
            match argument {
                ArgumentKind::Fd => fds.push(value as i32),
                ArgumentKind::Polled => {
                    let polled = self.polled_fds(value, self.arguments[at + 1]).unwrap_or_default();
                    fds.extend(polled.into_iter().map(|(fd, ..)| fd));
                }
                ArgumentKind::Set => fds.extend(self.all_set_fds(value).unwrap_or_default()),
                _ => {}
            }
        }
        fds
    }
}

/// Whether the kernel fills what is there.
fn is_filled(argument: ArgumentKind) -> bool {
    use ArgumentKind::*;
    matches!(
        argument,
        AddressOut
            | LengthOut
            | BytesOut
            | VectorsOut
            | MessageOut
            | MessagesOut
            | OptionValueOut
            | OfDeviceRequest
            | Polled
            | Set
            | EpollEventsOut
            | PairOut
    )
}

/// So much of a path is read.
const LONGEST_PATH: u64 = 256;

/// `CLONE_CHILD_CLEARTID|SIGCHLD`; the lowest byte is the signal that tells of the end.
fn clone_flags(value: u64) -> String {
    let (flags, signal) = ((value as u32) & !0xff, (value & 0xff) as i32);
    match (flags, signal) {
        (0, signal) => signal_name(signal),
        (flags, 0) => flag_text(flags, names::CLONE_FLAGS),
        (flags, signal) => format!("{}|{}", flag_text(flags, names::CLONE_FLAGS), signal_name(signal)),
    }
}

/// `SOCK_STREAM|SOCK_CLOEXEC`
fn socket_type(value: u32) -> String {
    let flags = value & !0xf;
    let kind = names::one_of(u64::from(value & 0xf), names::KINDS);
    if flags == 0 { kind } else { format!("{kind}|{}", flag_text(flags, names::SOCKET_FLAGS)) }
}
