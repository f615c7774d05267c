//! The wire: capture and delivery; the gate between them is a rule of the kernel's ([`super::gate`]).
//!
//! An AF_PACKET socket on `lo` sees each segment as it leaves its sender. A delivered segment is sent again through a
//! raw IP socket that bears the release mark, passes the gate, and is processed as an ordinary, late segment.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockFilter, SockRef, Socket, Type};

use super::gate::RELEASE_MARK;
use super::lab::{Refused, refused};
use super::sys;
use crate::model::{Aim, Errno};
use crate::tcp::{LONGEST_FRAME, Packet, finish_checksum};

/// So many bytes of captured packets may wait to be read; the system grants what `net.core.rmem_max` allows. What finds no
/// room is lost, and its sender has to send it again.
const WAITING: usize = 32 << 20;

/// A packet that left its sender.
pub struct Captured {
    /// The packet.
    pub packet: Packet,
    /// When it left, by the clock of the system; `None` where the kernel doesn't say.
    pub at: Option<Duration>,
}

/// The listening half of the wire.
struct Capture {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Capture {
    fn open() -> Result<Capture, Refused> {
        // SOCK_RAW: packets come with the link header in front of them. The protocol is set by bind(), so that nothing
        // arrives before the filter stands.
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))
            .map_err(refused(Aim::Capture.by("socket(AF_PACKET)")))?;
        socket
            .attach_filter(&leaving_and_unmarked())
            .map_err(refused(Aim::Capture.by("setsockopt(SO_ATTACH_FILTER)")))?;
        socket.set_recv_buffer_size(WAITING).map_err(refused(Aim::Capture.by("setsockopt(SO_RCVBUF)")))?;
        let loopback = sys::loopback_index().map_err(refused(Aim::Capture.by("if_nametoindex(lo)")))?;
        socket.bind(&sys::packet_address(loopback)).map_err(refused(Aim::Capture.by("bind(AF_PACKET, lo)")))?;
        socket.set_nonblocking(true).map_err(refused(Aim::Capture.by("fcntl(O_NONBLOCK)")))?;
        // Where the kernel doesn't say it, what was captured stands behind the calls that were entered by then.
        let _ = sys::capture::stamp_packets(socket.as_fd());
        Ok(Capture { socket, buffer: vec![0; LONGEST_FRAME] })
    }

    /// The one that another process opened, in the same namespace.
    fn resume(socket: OwnedFd) -> Capture {
        Capture { socket: socket.into(), buffer: vec![0; LONGEST_FRAME] }
    }

    /// The next packet that left its sender; `None` where there is none. What [`Packet`] doesn't know is passed over.
    fn next(&mut self) -> io::Result<Option<Captured>> {
        loop {
            match sys::capture::next_packet(self.socket.as_fd(), &mut self.buffer) {
                Ok((length, at)) => {
                    if let Ok(packet) = Packet::from_frame(&self.buffer[..length]) {
                        return Ok(Some(Captured { packet, at }));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody took `lo` down: the kernel says so once, and captures again as soon as it is up.
                Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A classic BPF program: the outgoing copy of what doesn't bear the release mark. The other copy on `lo` is the
/// same packet coming in.
fn leaving_and_unmarked() -> [SockFilter; 6] {
    // `linux/filter.h`: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K; ancillary data at SKF_AD_OFF.
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const ANCILLARY: u32 = 0xffff_f000;
    const PACKET_TYPE: u32 = ANCILLARY + 4;
    const MARK: u32 = ANCILLARY + 20;
    [
        SockFilter::new(LOAD, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_EQUAL, 0, 3, libc::PACKET_OUTGOING as u32),
        SockFilter::new(LOAD, 0, 0, MARK),
        SockFilter::new(JUMP_EQUAL, 1, 0, RELEASE_MARK),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

/// The sending half of the wire.
struct Delivery {
    v4: Socket,
    v6: Option<Socket>,
    fence: UdpSocket,
    /// What the newest datagram to the fence bore.
    passed: Cell<u8>,
}

impl Delivery {
    fn open() -> Result<Delivery, Refused> {
        // Whatever was captured had left by `lo` already: it goes on by `lo`, wherever a route would lead to. So a
        // datagram to a group or to all goes on as it would have, without a route of its own.
        let raw = |domain| -> io::Result<Socket> {
            let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW)))?;
            socket.set_mark(RELEASE_MARK)?;
            socket.bind_device(Some(b"lo"))?;
            socket.set_broadcast(true)?;
            Ok(socket)
        };
        Ok(Delivery {
            v4: raw(Domain::IPV4)
                .map_err(refused(Aim::Delivery.by("socket(AF_INET, SOCK_RAW), setsockopt(SO_MARK)")))?,
            // Absent where the kernel runs without IPv6; then no IPv6 segment comes to be delivered either.
            v6: raw(Domain::IPV6).ok(),
            fence: fence().map_err(refused(Aim::Delivery.by("socket(AF_INET, SOCK_DGRAM)")))?,
            passed: Cell::new(0),
        })
    }

    /// Sends the packet on to its receiver, and returns when the receiver's kernel has processed it.
    ///
    /// A packet on `lo` goes through the receive queue of the processor that sent it, in order. So the thread stays on
    /// one processor, sends a datagram to itself after the packet, and waits for it: when it is there, the packet
    /// was processed, and whatever it caused has left and woken whom it wakes. Where the datagram can't come, the packet
    /// was handed over all the same.
    ///
    /// # Errors
    /// Why the kernel didn't take the packet.
    fn send(&self, to: SocketAddr, packet: &[u8]) -> Result<(), Errno> {
        let before = sys::Processors::of_this_thread();
        let bound = before.is_ok() && sys::Processors::current().bind_this_thread().is_ok();
        let result = self.send_unfenced(to, packet);
        if result.is_ok() {
            let _ = self.pass_fence();
        }
        if let (Ok(before), true) = (before, bound) {
            let _ = before.bind_this_thread();
        }
        result
    }

    /// Sends the packet on, and doesn't wait for its receiver.
    ///
    /// # Errors
    /// Why the kernel didn't take it.
    fn send_unfenced(&self, to: SocketAddr, packet: &[u8]) -> Result<(), Errno> {
        let socket = match to {
            SocketAddr::V4(_) => &self.v4,
            SocketAddr::V6(_) => self.v6.as_ref().ok_or(Errno(libc::EAFNOSUPPORT))?,
        };
        // A raw socket's address has no port (raw(7)).
        let to = SockAddr::from(SocketAddr::new(to.ip(), 0));
        let sent = socket.send_to(packet, &to);
        sent.map(drop).map_err(|error| Errno(error.raw_os_error().unwrap_or(libc::EIO)))
    }

    fn pass_fence(&self) -> io::Result<()> {
        // One that was too late for its packet isn't taken for the next one's.
        let number = self.passed.get().wrapping_add(1);
        self.passed.set(number);
        self.fence.send(&[number])?;
        let mut came = [0];
        loop {
            match self.fence.recv(&mut came) {
                Ok(_) if came == [number] => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The packet with its checksum: on `lo` it leaves its sender without. What has none that could be finished goes on as it
/// is, and its receiver judges it.
fn finished(segment: &Packet) -> Vec<u8> {
    let mut packet = segment.packet().to_vec();
    let _ = finish_checksum(&mut packet);
    packet
}

/// A datagram socket that is connected to itself. Its datagrams bear the release mark, so that they aren't captured.
fn fence() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(socket.local_addr()?)?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let socket = Socket::from(socket);
    socket.set_mark(RELEASE_MARK)?;
    Ok(socket.into())
}

/// The wire of a lab, where segments are held.
pub struct Wire {
    capture: Capture,
    delivery: Delivery,
}

impl Wire {
    /// Opens the wire in the calling thread's network namespace.
    pub fn open() -> Result<Wire, Refused> {
        Ok(Wire { capture: Capture::open()?, delivery: Delivery::open()? })
    }

    /// What it consists of: what sees segments, what sends them on by IPv4 and by IPv6, and the fence.
    pub(super) fn parts(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>, Option<BorrowedFd<'_>>, BorrowedFd<'_>) {
        let Delivery { v4, v6, fence, .. } = &self.delivery;
        (self.capture.socket.as_fd(), v4.as_fd(), v6.as_ref().map(AsFd::as_fd), fence.as_fd())
    }

    /// The wire that another process opened, of these parts.
    pub(super) fn resume((capture, v4, v6, fence): (OwnedFd, OwnedFd, Option<OwnedFd>, OwnedFd)) -> Wire {
        let (v4, v6, fence) = (v4.into(), v6.map(Socket::from), fence.into());
        Wire { capture: Capture::resume(capture), delivery: Delivery { v4, v6, fence, passed: Cell::new(0) } }
    }

    /// The descriptor that becomes readable when a segment was captured.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.capture.socket.as_fd()
    }

    /// The kernel's name for its own datagram socket.
    pub fn fence(&self) -> Option<u64> {
        SockRef::from(&self.delivery.fence).cookie().ok()
    }

    /// Reads what was captured so far, at most so many segments of it.
    pub fn read(&mut self, most: usize) -> io::Result<Vec<Captured>> {
        let mut segments = Vec::new();
        while segments.len() < most
            && let Some(segment) = self.capture.next()?
        {
            segments.push(segment);
        }
        Ok(segments)
    }

    /// Sends a segment on, and returns when its receiver has processed it.
    ///
    /// # Errors
    /// Why the kernel didn't take it.
    pub fn deliver(&self, segment: &Packet) -> Result<(), Errno> {
        self.delivery.send(segment.to, &finished(segment))
    }

    /// Sends a segment that a person made, its bytes as they are, and returns when its receiver has processed it.
    ///
    /// # Errors
    /// Why the kernel didn't take it.
    pub fn make(&self, segment: &Packet) -> Result<(), Errno> {
        self.delivery.send(segment.to, segment.packet())
    }

    /// Sends a segment on, and doesn't wait for its receiver.
    ///
    /// # Errors
    /// Why the kernel didn't take it.
    pub fn pass(&self, segment: &Packet) -> Result<(), Errno> {
        self.delivery.send_unfenced(segment.to, &finished(segment))
    }

    /// Closes it. When a packet socket is closed, the kernel first waits until no processor can be handing it a packet:
    /// 10 ms, more than a whole lab costs. It waits for that by itself; the lab is gone when it is done.
    pub fn close(self) {
        // Where it can't be handed over, it was closed here.
        let _ = sys::close_in_background(self.capture.socket.into());
    }

    /// How many bytes of captured packets may wait to be read, the kernel's own expense included.
    pub fn room(&self) -> io::Result<usize> {
        self.capture.socket.recv_buffer_size()
    }

    /// How many segments the capture lost since this was last asked.
    pub fn lost(&self) -> io::Result<u32> {
        sys::packets_lost(self.fd())
    }
}

/// Whether segments could be seen and delivered from the calling thread's network namespace: what the doctor asks.
pub(super) fn try_capture() -> Result<(), Refused> {
    Capture::open().map(drop)
}

/// As [`try_capture`], for delivery.
pub(super) fn try_delivery() -> Result<(), Refused> {
    Delivery::open().map(drop)
}

/// A wire that only watches: the machine's own loopback, where segments pass by themselves.
pub struct Watch {
    capture: Capture,
}

impl Watch {
    /// Opens it in the calling thread's network namespace; needs CAP_NET_RAW.
    pub fn open() -> Result<Watch, Refused> {
        Ok(Watch { capture: Capture::open()? })
    }

    /// The one that another process opened.
    pub(super) fn resume(capture: OwnedFd) -> Watch {
        Watch { capture: Capture::resume(capture) }
    }

    /// As [`Wire::fd`].
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.capture.socket.as_fd()
    }

    /// Reads what was captured so far, other programs' segments too. A machine's own loopback is full of datagrams; lessons
    /// with some run in the lab only, so these are passed over.
    pub fn read(&mut self) -> io::Result<Vec<Captured>> {
        let mut segments = Vec::new();
        while let Some(captured) = self.capture.next()? {
            segments.extend(captured.packet.tcp().is_some().then_some(captured));
        }
        Ok(segments)
    }
}
