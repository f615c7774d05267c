//! When the keeper asks the kernel, and for what.
//!
//! Where there are few sockets, for all of them. Where there are many, after a segment for the ends of its connection
//! and for who listens there; all are asked for where anything else happened, and now and then, since programs make
//! calls of which nobody tells.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::linux::sides::Who;
use crate::model::{Call, Connection, Event, Trace};
use crate::tcp::Packet;

/// Looking at the kernel's table takes at most a tenth of the time: the next look comes so many times later than the last
/// one took.
const CALM: u32 = 10;

/// The longest that a look may take which a key has to wait for.
const BETWEEN_ACTS: Duration = Duration::from_millis(20);

/// While segments pass without being kept, the kernel is asked only so often. Programs of their own make calls of which
/// nobody tells, such as listen(), which puts nothing on the wire: while one runs in the lab, the kernel is asked for all
/// at least so often.
pub(super) const OFTEN: Duration = Duration::from_millis(200);

/// Up to so many sockets, asking for all costs little more than asking for some.
const FEW: usize = 64;

/// What the kernel is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Every socket.
    All,
    /// The ends of these connections, and who listens there.
    Ends(HashSet<Connection>),
}

/// What happened since the kernel was last asked, and when it may be asked again.
pub(super) struct Looking {
    /// When it was asked last, and when for all.
    looked: Instant,
    looked_at_all: Instant,
    next: Instant,
    wanted: bool,
    /// The connections of which segments were seen or ended.
    touched: HashSet<Connection>,
    /// Something happened that no connection tells.
    all: bool,
}

impl Looking {
    pub(super) fn new() -> Looking {
        let now = Instant::now();
        Looking { looked: now, looked_at_all: now, next: now, wanted: false, touched: HashSet::new(), all: true }
    }

    /// Takes note of what is about to stand in the trace.
    pub(super) fn happens(&mut self, event: &Event, trace: &Trace) {
        match event {
            Event::Sent { segment, .. } | Event::Retransmitted { segment, .. } => self.touches(segment),
            Event::Delivered(id) | Event::Dropped(id) | Event::Undeliverable { id, .. } => {
                if let Some(view) = trace.present().segment(*id) {
                    self.touches(view.segment);
                }
            }
            Event::Returned { side, worker, .. } => {
                let call = trace.present().calls(*side).find(|call| call.worker == *worker);
                let connection = call.and_then(|call| moved(call.call, *side, trace));
                self.all |= connection.is_none();
                self.touched.extend(connection);
            }
            Event::Left(_) | Event::Unkept { .. } => self.all = true,
            // Nothing that these tell is the kernel's, or it was the kernel that told it.
            Event::Entered { .. } | Event::Blocked { .. } | Event::Held(_) | Event::Joined(_) | Event::Passing(_) => {}
            Event::Step(_) | Event::Socket(_) | Event::Gone { .. } => {}
            Event::ByHand(_) | Event::Claim(_) | Event::Answer(_) => {}
        }
    }

    fn touches(&mut self, packet: &Packet) {
        match packet.tcp() {
            Some(_) => drop(self.touched.insert(Connection::of(packet))),
            // A datagram's receiver may have no peer.
            None => self.all = true,
        }
    }

    /// A look is wanted, now or as soon as it may be.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// A look at all is wanted.
    pub(super) fn want_all(&mut self) {
        self.wanted = true;
        self.all = true;
    }

    /// Whether the kernel is to be asked at this moment.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.wanted && now >= self.next
    }

    /// Whether looks take so little that a key can wait for one.
    pub(super) fn is_quick(&self) -> bool {
        self.next.saturating_duration_since(self.looked) < BETWEEN_ACTS * CALM
    }

    /// How long it is until a wanted look may be taken; `None` where none is wanted.
    pub(super) fn rest(&self) -> Option<Duration> {
        self.wanted.then(|| self.next.saturating_duration_since(Instant::now()))
    }

    /// How long it is until the kernel is to be asked for all because of what programs may have done.
    pub(super) fn untold(&self) -> Duration {
        OFTEN.saturating_sub(self.looked_at_all.elapsed())
    }

    /// What the kernel is asked for before a call, where it has so many sockets: of many only the ends of the call's
    /// connection, unless it matters to the call who else is there. Where all is asked for, the next look asks for it.
    pub(super) fn before_call(&mut self, (side, worker): Who, call: &Call, sockets: usize, trace: &Trace) -> Scope {
        let few = self.is_quick() && (worker == 0 || sockets <= FEW);
        if few || matches!(call, Call::Bind { .. } | Call::Listen { .. }) {
            self.want_all();
            return Scope::All;
        }
        Scope::Ends(connection_of(call, side, trace).into_iter().collect())
    }

    /// What the kernel is to be asked for, where it has so many sockets. What happens from now on is asked for next time.
    pub(super) fn begin(&mut self, sockets: usize) -> Scope {
        self.wanted = false;
        let touched = std::mem::take(&mut self.touched);
        let few = sockets <= FEW || touched.len() > sockets / 8;
        if std::mem::take(&mut self.all) || few || self.untold().is_zero() { Scope::All } else { Scope::Ends(touched) }
    }

    /// A look that began at `start` is over. `busy`: segments pass without being kept.
    pub(super) fn ended(&mut self, start: Instant, all: bool, busy: bool) {
        self.looked = Instant::now();
        if all {
            self.looked_at_all = self.looked;
        }
        let least = if busy { OFTEN } else { Duration::ZERO };
        self.next = self.looked + (start.elapsed() * CALM).max(least);
    }
}

/// The connection whose queues alone a call changes; `None` of a call that changes more.
fn moved(call: &Call, side: crate::model::Side, trace: &Trace) -> Option<Connection> {
    let (Call::Send { .. } | Call::Recv { .. }) = call else { return None };
    connection_of(call, side, trace)
}

/// The connection whose end a call is made on; `None` where its descriptor is none.
fn connection_of(call: &Call, side: crate::model::Side, trace: &Trace) -> Option<Connection> {
    let fd = call.fd()?;
    let mut living = trace.present().living();
    let socket = living.find(|socket| socket.facts.side == Some(side) && socket.facts.fd == Some(fd))?;
    socket.facts.local.zip(socket.facts.remote).map(|(local, remote)| Connection::new(local, remote))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::socket;
    use crate::model::{Member, Returned, Role, SegmentId, Side};
    use crate::tcp::State;

    const MANY: usize = 10 * FEW;

    fn end(port: u16) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn sent(id: u32, from: u16, to: u16) -> Event {
        let segment = crate::tcp::testing::segment(end(from), end(to), 0, 0, &["ACK"], b"");
        Event::Sent { id: SegmentId(id), segment, again: None }
    }

    /// What is asked for after these events, where it was all just now.
    fn scope(events: Vec<Event>, sockets: usize) -> Scope {
        let mut trace = Trace::default();
        let facts = socket(1, Side::Server, Some(4), State::Established, (Some(end(1)), Some(end(2))));
        trace.push(Duration::ZERO, Event::Socket(facts));
        let mut looking = Looking::new();
        assert_eq!(looking.begin(sockets), Scope::All, "at first");
        looking.ended(Instant::now(), true, false);
        for event in events {
            looking.happens(&event, &trace);
            trace.push(Duration::ZERO, event);
        }
        looking.begin(sockets)
    }

    #[test]
    fn segments_touch_the_ends_of_their_connection_and_nothing_else() {
        let both = HashSet::from([Connection::new(end(1), end(2)), Connection::new(end(3), end(4))]);
        let delivered = vec![sent(0, 1, 2), Event::Held(SegmentId(0)), Event::Delivered(SegmentId(0)), sent(1, 4, 3)];
        assert_eq!(scope(delivered.clone(), MANY), Scope::Ends(both));
        assert_eq!(scope(delivered, FEW), Scope::All, "of few, all");
        let wave = (0..MANY as u32 / 8 + 1).map(|id| sent(id, 1, 1000 + id as u16)).collect();
        assert_eq!(scope(wave, MANY), Scope::All, "where most are touched, all");
    }

    #[test]
    fn what_no_connection_tells_asks_for_all() {
        let call = |call| {
            let entered = Event::Entered { side: Side::Server, worker: 0, call };
            vec![entered, Event::Returned { side: Side::Server, worker: 0, outcome: Ok(Returned::default()) }]
        };
        let one = Scope::Ends(HashSet::from([Connection::new(end(1), end(2))]));
        assert_eq!(scope(call(Call::Recv { fd: 4, len: 1 }), MANY), one);
        assert_eq!(scope(call(Call::Recv { fd: 5, len: 1 }), MANY), Scope::All, "of an unknown one");
        assert_eq!(scope(call(Call::Close { fd: 4 }), MANY), Scope::All);
        let datagram = crate::tcp::testing::datagram_packet(end(1), end(2), b"abc");
        let segment = Packet::parse(&datagram).unwrap();
        let datagram = Event::Sent { id: SegmentId(0), segment, again: None };
        assert_eq!(scope(vec![datagram], MANY), Scope::All);
        let left = Event::Left(Member { number: 1, pid: 1, role: Role::Watches });
        assert_eq!(scope(vec![left], MANY), Scope::All);
        assert_eq!(scope(Vec::new(), MANY), Scope::Ends(HashSet::new()));
    }

    #[test]
    fn of_many_sockets_a_call_asks_for_its_own_connection() {
        let mut trace = Trace::default();
        let facts = socket(1, Side::Server, Some(4), State::Established, (Some(end(1)), Some(end(2))));
        trace.push(Duration::ZERO, Event::Socket(facts));
        let mut looking = Looking::new();
        let mut before =
            |worker, call: Call, sockets| looking.before_call((Side::Server, worker), &call, sockets, &trace);
        let (close, bind) = (Call::Close { fd: 4 }, Call::Bind { fd: 5, addr: end(9) });
        let own = Scope::Ends(HashSet::from([Connection::new(end(1), end(2))]));
        assert_eq!(before(4, close.clone(), FEW), Scope::All);
        assert_eq!(before(4, close.clone(), MANY), own);
        assert_eq!(before(0, close, MANY), Scope::All, "a hand can wait for it");
        assert_eq!(before(4, Call::Accept { fd: 3 }, MANY), Scope::Ends(HashSet::new()));
        assert_eq!(before(4, bind, MANY), Scope::All, "it matters who has the port");
    }

    #[test]
    fn a_look_rests_ten_times_as_long_as_it_took() {
        let mut looking = Looking::new();
        looking.want();
        let now = Instant::now();
        assert!(looking.is_due(now));
        looking.begin(MANY);
        looking.ended(now.checked_sub(Duration::from_millis(5)).unwrap(), true, false);
        assert!(!looking.is_due(Instant::now()) && looking.is_quick(), "nobody wants one");
        looking.want();
        assert!(looking.rest().unwrap() > Duration::from_millis(20));
        assert!(looking.is_due(Instant::now() + Duration::from_secs(5)));
        looking.ended(now.checked_sub(Duration::from_millis(50)).unwrap(), true, false);
        assert!(!looking.is_quick());
    }
}
