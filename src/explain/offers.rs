//! Which calls make sense next, and which would probably fail.

use super::{PortHolder, Situation};
use crate::model::{Call, CallName, Errno, How, Side};
use crate::tcp::State;

/// What a call would probably come to. A mark for the menu, never told as a fact: the kernel decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likelihood {
    /// It returns at once.
    Works,
    /// It waits; on a non-blocking descriptor it would fail with EAGAIN or EINPROGRESS.
    Waits,
    /// It fails.
    Fails(Errno),
}

/// A call that can be made next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which call.
    pub call: CallName,
    /// On which descriptor; `None` for `socket()`.
    pub fd: Option<i32>,
    /// The direction, for `shutdown()`.
    pub how: Option<How>,
    /// What it would probably come to.
    pub likely: Likelihood,
}

impl Offer {
    /// Whether it makes sense, so that a menu shows it first.
    pub fn is_sensible(&self) -> bool {
        !matches!(self.likely, Likelihood::Fails(_))
    }
}

/// The calls that a side can make next: first those that make sense, in the order in which its part of a connection needs
/// them, the newest descriptor first; then those that would fail, so that a learner can try them too. None while no
/// thread of the side can make one. The descriptors are those of [`Situation::of_newest`], the oldest first; one that isn't open is offered for what would fail.
pub fn offers(side: Side, descriptors: &[(i32, Situation)], busy: bool) -> Vec<Offer> {
    if busy {
        return Vec::new();
    }
    let socket = Offer { call: CallName::Socket, fd: None, how: None, likely: Likelihood::Works };
    let of_all = descriptors.iter().rev().flat_map(|(fd, situation)| of_one(side, *fd, situation));
    let mut offers: Vec<Offer> = of_all.chain([socket]).collect();
    // The sort is stable: the order of a connection stays, and what ends one stands behind what goes on with one.
    offers.sort_by_key(|offer| (!offer.is_sensible(), offer.call == CallName::Close));
    offers
}

use CallName::{Accept, Bind, Close, Connect, Listen, Recv, RecvFrom, Send, SendTo, Shutdown};
use Likelihood::{Waits, Works};

/// What the calls in which a side's threads sleep change for a further one on the same descriptors: one that is being closed is none
/// any more, and where one waits for room to send, so does the next.
pub fn beside_sleepers<'a>(descriptors: &mut [(i32, Situation)], sleeping: impl Iterator<Item = &'a Call>) {
    for call in sleeping {
        let of = descriptors.iter_mut().filter(|(fd, _)| call.fd() == Some(*fd));
        match call {
            Call::Close { .. } => of.for_each(|(_, situation)| situation.open = false),
            Call::Send { .. } => of.for_each(|(_, situation)| situation.full = true),
            _ => {}
        }
    }
}

const fn fails(errno: i32) -> Likelihood {
    Likelihood::Fails(Errno(errno))
}

fn of_one(side: Side, fd: i32, situation: &Situation) -> Vec<Offer> {
    let calls = match situation.state {
        _ if !situation.open => [Send, Recv, Close].map(|call| (call, fails(libc::EBADF))).to_vec(),
        _ if situation.udp => datagrams(situation),
        State::Listen => listening(situation),
        State::Closed | State::TimeWait if situation.is_over() => over(situation),
        State::Closed | State::TimeWait => fresh(side, situation),
        State::SynSent | State::SynRecv => connecting(),
        _ => connected(situation),
    };
    // Half-close is what a program means by shutdown(); a listener stops listening by the other direction.
    let how = if situation.state == State::Listen { How::Read } else { How::Write };
    let offer = |(call, likely)| Offer { call, fd: Some(fd), how: (call == Shutdown).then_some(how), likely };
    calls.into_iter().map(offer).collect()
}

type LikelyCalls = Vec<(CallName, Likelihood)>;

fn fresh(side: Side, situation: &Situation) -> LikelyCalls {
    if situation.attempted {
        return failed(situation);
    }
    let bind = (Bind, if situation.bound { fails(libc::EINVAL) } else { having(situation) });
    let listen = (Listen, if situation.bound { having(situation) } else { Works });
    let connect = (Connect, Waits);
    // A client's port is the kernel's to choose.
    let [first, second, third] = match side {
        Side::Server => [bind, listen, connect],
        Side::Client => [connect, bind, listen],
    };
    vec![
        first,
        second,
        third,
        (Close, Works),
        (Accept, fails(libc::EINVAL)),
        (Send, fails(libc::EPIPE)),
        (Recv, fails(libc::ENOTCONN)),
        (Shutdown, fails(libc::ENOTCONN)),
    ]
}

/// Whether the port can be had, beside what else has it (`inet_csk_bind_conflict()`). Where it hangs on the other socket's
/// options, which aren't known, the kernel decides.
fn having(situation: &Situation) -> Likelihood {
    match situation.port_held_by {
        Some(PortHolder::Listener) if !situation.reuse_port => fails(libc::EADDRINUSE),
        Some(PortHolder::Bound | PortHolder::Connection | PortHolder::TimeWait)
            if !situation.reuse && !situation.reuse_port =>
        {
            fails(libc::EADDRINUSE)
        }
        _ => Works,
    }
}

/// An attempt that failed while nobody waited for it: the first call is told why, and only `connect()` ends it.
fn failed(situation: &Situation) -> LikelyCalls {
    let why = if situation.reset { libc::ECONNREFUSED } else { libc::ETIMEDOUT };
    let (first, connect) = match situation.told {
        true => ([(Recv, Works), (Send, fails(libc::EPIPE))], libc::ECONNABORTED),
        false => ([(Recv, fails(why)), (Send, fails(why))], why),
    };
    let others = [(Listen, libc::EINVAL), (Accept, libc::EINVAL), (Shutdown, libc::ENOTCONN)];
    let mut calls = vec![(Close, Works), (Connect, fails(connect))];
    calls.extend(first);
    calls.extend(others.map(|(call, errno)| (call, fails(errno))));
    calls
}

/// Without a peer a datagram needs an address; what belongs to connections alone, UDP doesn't know.
fn datagrams(situation: &Situation) -> LikelyCalls {
    let arrived = if situation.recv_queue > 0 { Works } else { Waits };
    let unbound = (Bind, if situation.bound { fails(libc::EINVAL) } else { Works });
    let mut calls = if situation.was_connected {
        vec![(Send, Works), (Recv, arrived), (SendTo, Works), (RecvFrom, arrived), (Connect, Works), unbound]
    } else {
        vec![unbound, (SendTo, Works), (RecvFrom, arrived), (Connect, Works), (Send, fails(libc::EDESTADDRREQ))]
    };
    calls.push((Close, Works));
    calls.extend([Listen, Accept].map(|call| (call, fails(libc::EOPNOTSUPP))));
    calls
}

fn listening(situation: &Situation) -> LikelyCalls {
    vec![
        (Accept, if situation.recv_queue > 0 { Works } else { Waits }),
        (Listen, Works),
        (Shutdown, Works),
        (Close, Works),
        (Bind, fails(libc::EINVAL)),
        (Connect, fails(libc::EISCONN)),
        (Send, fails(libc::EPIPE)),
        (Recv, fails(libc::ENOTCONN)),
    ]
}

fn connecting() -> LikelyCalls {
    vec![
        (Connect, Waits),
        (Send, Waits),
        (Recv, Waits),
        (Shutdown, Works),
        (Close, Works),
        (Bind, fails(libc::EINVAL)),
        (Listen, fails(libc::EINVAL)),
        (Accept, fails(libc::EINVAL)),
    ]
}

fn connected(situation: &Situation) -> LikelyCalls {
    let ended = situation.fin || situation.shut.read;
    let recv = (Recv, if situation.recv_queue > 0 || ended { Works } else { Waits });
    let sends = if situation.full { Waits } else { Works };
    let send = (Send, if situation.shut.write { fails(libc::EPIPE) } else { sends });
    let mut calls = if situation.recv_queue > 0 { vec![recv, send] } else { vec![send, recv] };
    if !situation.shut.write {
        calls.push((Shutdown, Works));
    }
    calls.push((Close, Works));
    calls.extend([Bind, Listen, Accept].map(|call| (call, fails(libc::EINVAL))));
    // Where `connect()` didn't wait, the next one tells that the connection was made.
    calls.push((Connect, if situation.attempted { Works } else { fails(libc::EISCONN) }));
    calls
}

/// The kernel tells once how a connection failed, to the call that comes first; a RST after the FIN is EPIPE, and told
/// to `send()` only. One that ended by neither FIN nor RST was given up.
fn over(situation: &Situation) -> LikelyCalls {
    let untold = (!situation.fin && !situation.told && situation.seen).then_some(if situation.reset {
        libc::ECONNRESET
    } else {
        libc::ETIMEDOUT
    });
    let (recv, send) = untold.map_or((Works, fails(libc::EPIPE)), |errno| (fails(errno), fails(errno)));
    vec![
        (Recv, recv),
        (Close, Works),
        (Send, send),
        (Shutdown, fails(libc::ENOTCONN)),
        // To the kernel an attempt whose end no `connect()` has told is still under way.
        (Connect, fails(if situation.attempted { untold.unwrap_or(libc::ECONNABORTED) } else { libc::EISCONN })),
        (Listen, fails(libc::EINVAL)),
        (Accept, fails(libc::EINVAL)),
    ]
}
