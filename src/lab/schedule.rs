//! When the kernel is asked for its sockets, and for which of them.
//!
//! Soon after something happened, and a little later again, for what a busy machine puts off; at the end of each timer,
//! since one that gives up changes something without a segment; and now and then while programs run, which make calls that no entry shows.
//! Where there are few sockets, for all of them. Where there are many, after a segment for the ends of its connection
//! and for who listens there. All times are on the lab's clock.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use crate::model::{Actor, Call, Caller, Connection, Event, SocketFacts, Timer, TimerKind, Trace};
use crate::tcp::Packet;

/// Asking takes at most a tenth of the time: the next dump comes so many times later than the last one took.
const CALM: u32 = 10;

/// The longest that a dump may take for which a request has to wait.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(20);

/// While segments pass without being kept, the kernel is asked only so often. Programs of their own make calls that put
/// nothing on the wire, such as listen(): while one runs in the lab, the kernel is asked for all at least so often.
pub(super) const OFTEN: Duration = Duration::from_millis(200);

/// Up to so many sockets, a dump of all costs little more than a query for some.
const FEW: usize = 64;

/// How long a call may be on its way before the kernel is asked what became of it so far: what is seen before would be
/// seen again a moment later.
const ON_THE_WAY: Duration = Duration::from_millis(2);

/// When to ask again after something happened: what a busy machine puts off is seen then, and when nothing more
/// happens, the asking ends.
const LATER: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500)];

/// A timer that is over but still listed is the kernel's to end, within a tick of its own.
const TICK: Duration = Duration::from_millis(20);

/// Which sockets the kernel is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every socket.
    All,
    /// The ends of these connections, and who listens there.
    Ends(HashSet<Connection>),
}

/// What happened since the kernel was last asked, and when it is asked again.
#[derive(Debug)]
pub(super) struct PollSchedule {
    /// When something first happened since the kernel was asked last.
    stale: Option<Duration>,
    later: VecDeque<Duration>,
    /// The end of the first timer.
    first_timer: Option<Duration>,
    /// When the kernel was asked last, when for all, and when it may be asked again.
    asked: Duration,
    asked_for_all: Duration,
    next: Duration,
    /// When the dump began that is being made.
    began: Duration,
    /// The connections of which segments were seen or ended.
    touched: HashSet<Connection>,
    /// Something happened that no connection tells.
    all: bool,
}

impl PollSchedule {
    pub(super) fn new() -> PollSchedule {
        let zero = Duration::ZERO;
        PollSchedule {
            stale: None,
            later: VecDeque::new(),
            first_timer: None,
            asked: zero,
            asked_for_all: zero,
            next: zero,
            began: zero,
            touched: HashSet::new(),
            all: true,
        }
    }

    /// Something happened that the kernel's table may show.
    pub(super) fn changed(&mut self, now: Duration) {
        self.stale.get_or_insert(now);
        self.later = LATER.iter().map(|later| now + *later).collect();
    }

    /// Whether something happened since the kernel was asked last.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// Takes note of what is about to stand in the trace: what it touches is what is asked for.
    pub(super) fn notes(&mut self, event: &Event, trace: &Trace) {
        match event {
            Event::Sent { segment, .. }
            | Event::Repeated { segment, .. }
            | Event::Edited { segment, .. }
            | Event::Forged { segment, .. }
            | Event::Duplicated { segment, .. }
            | Event::Retransmitted { segment, .. } => self.touches(segment),
            Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. } | Event::Undeliverable { id, .. } => {
                if let Some(view) = trace.present().segment(*id) {
                    self.touches(view.segment);
                }
            }
            Event::Returned { caller, .. } => {
                let call = trace.present().newest_call(*caller);
                let connection = call.and_then(|call| moved(call.call, caller.actor, trace));
                self.all |= connection.is_none();
                self.touched.extend(connection);
            }
            Event::Left(_) | Event::Killed(_) | Event::Unkept { .. } => self.all = true,
            // Nothing of these is the kernel's, or it was the kernel that said it.
            Event::Stands { .. }
            | Event::Entered { .. }
            | Event::Blocked { .. }
            | Event::Held(_)
            | Event::Reasons { .. }
            | Event::Causes { .. }
            | Event::Joined(_)
            | Event::Passing(_)
            | Event::Ruled(_)
            | Event::Sysctl(_) => {}
            Event::Ended { .. }
            | Event::Plays { .. }
            | Event::Signal { .. }
            | Event::ProgramEnded { .. }
            | Event::Holding { .. }
            | Event::UntoldCalls { .. }
            | Event::Step(_)
            | Event::Socket(_)
            | Event::Gone { .. } => {}
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

    /// When the kernel is to be asked next; `None` where nothing is expected. `on_the_way`: a call is about to return or to
    /// sleep. `programs`: processes run in the lab whose calls no entry shows.
    pub(super) fn due_at(&self, on_the_way: bool, programs: bool) -> Option<Duration> {
        let stale = self.stale.map(|since| if on_the_way { since + ON_THE_WAY } else { since });
        let (later, timer) = (self.later.front().copied(), self.timer_at());
        let wanted = [stale, later, timer, self.programs_at(programs)].into_iter().flatten().min()?;
        Some(wanted.max(self.next))
    }

    fn timer_at(&self) -> Option<Duration> {
        self.first_timer.map(|end| if end > self.asked_for_all { end } else { self.asked_for_all + TICK })
    }

    fn programs_at(&self, programs: bool) -> Option<Duration> {
        programs.then(|| self.asked_for_all + OFTEN)
    }

    /// Whether dumps take so little that a request can wait for one.
    pub(super) fn is_quick(&self) -> bool {
        self.next.saturating_sub(self.asked) < BETWEEN_REQUESTS * CALM
    }

    /// What the kernel is asked for before a call, where it has so many sockets: of many only the ends of the call's
    /// connection, unless it matters to the call who else is there.
    pub(super) fn before_call(&self, caller: Caller, call: &Call, sockets: usize, trace: &Trace) -> Scope {
        let few = self.is_quick() && (caller.worker == 0 || sockets <= FEW);
        if few || matches!(call, Call::Bind { .. } | Call::Listen { .. }) {
            return Scope::All;
        }
        match connection_of(call, caller.actor, trace) {
            Some(connection) => Scope::Ends(HashSet::from([connection])),
            // A call that came back a moment ago may have connected it: what is in its queue, and at the other end, matters.
            None if call.fd().is_some() && !matches!(call, Call::Accept { .. }) => Scope::All,
            None => Scope::Ends(HashSet::new()),
        }
    }

    /// What the kernel is asked for, now that it is due, where it has so many sockets. What happens from now on is asked
    /// for next time.
    pub(super) fn begin(&mut self, now: Duration, sockets: usize, programs: bool) -> Scope {
        let due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        let few = sockets <= FEW || self.touched.len() > sockets / 8;
        if self.all
            || few
            || due(self.later.front().copied())
            || due(self.timer_at())
            || due(self.programs_at(programs))
        {
            return self.begin_with(now, Scope::All);
        }
        let touched = std::mem::take(&mut self.touched);
        self.begin_with(now, Scope::Ends(touched))
    }

    /// The kernel is asked for this.
    pub(super) fn begin_with(&mut self, now: Duration, scope: Scope) -> Scope {
        self.began = now;
        self.stale = None;
        if scope == Scope::All {
            self.all = false;
            self.touched.clear();
            while self.later.front().is_some_and(|at| *at <= now) {
                self.later.pop_front();
            }
        }
        scope
    }

    /// The kernel has told these sockets, of which `all` says whether that is every one. `busy`: segments pass without
    /// being kept.
    pub(super) fn ended<'a>(
        &mut self,
        now: Duration,
        sockets: impl Iterator<Item = &'a SocketFacts>,
        all: bool,
        busy: bool,
    ) {
        self.asked = now;
        let timer = first_timer(sockets);
        if all {
            self.asked_for_all = now;
            self.first_timer = timer;
        } else {
            self.first_timer = [self.first_timer, timer].into_iter().flatten().min();
        }
        let least = if busy { OFTEN } else { Duration::ZERO };
        self.next = now + (now.saturating_sub(self.began) * CALM).max(least);
    }
}

/// When the first timer will have run out. One that sends tells it by its segment, unless it gives up: for that it has a moment.
fn first_timer<'a>(sockets: impl Iterator<Item = &'a SocketFacts>) -> Option<Duration> {
    let over = |timer: Timer| match timer.kind {
        TimerKind::Retransmit | TimerKind::Probe => timer.fires_at + TICK,
        TimerKind::Keepalive | TimerKind::TimeWait | TimerKind::FinWait2 => timer.fires_at,
    };
    sockets.filter_map(|facts| facts.timer).map(over).min()
}

/// The connection whose queues alone a call changes; `None` of a call that changes more.
fn moved(call: &Call, actor: Actor, trace: &Trace) -> Option<Connection> {
    let (Call::Send { .. } | Call::Recv { .. }) = call else { return None };
    connection_of(call, actor, trace)
}

/// The connection whose end a call is made on; `None` where its descriptor is none.
fn connection_of(call: &Call, actor: Actor, trace: &Trace) -> Option<Connection> {
    let fd = call.fd()?;
    let mut living = trace.present().living();
    let socket = living.find(|socket| socket.facts.is_open_as(actor, fd))?;
    socket.facts.connection()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::socket;
    use crate::model::{Member, Returned, Role, SegmentId, Side};
    use crate::tcp::State;

    const MANY: usize = 10 * FEW;
    const MS: Duration = Duration::from_millis(1);

    fn end(port: u16) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn sent(id: u32, from: u16, to: u16) -> Event {
        let segment = crate::tcp::testing::segment(end(from), end(to), 0, 0, &["ACK"], b"");
        Event::Sent { id: SegmentId(id), segment, again: None }
    }

    fn with_one_socket() -> Trace {
        let mut trace = Trace::default();
        let facts = socket(1, Side::Server, Some(4), State::Established, (Some(end(1)), Some(end(2))));
        trace.push(Duration::ZERO, Event::Socket(facts));
        trace
    }

    /// A schedule after the first dump, which took no time.
    fn asked() -> PollSchedule {
        let mut schedule = PollSchedule::new();
        assert_eq!(schedule.begin(Duration::ZERO, MANY, false), Scope::All, "at first");
        schedule.ended(Duration::ZERO, [].into_iter(), true, false);
        schedule
    }

    /// What is asked for after these events.
    fn scope(events: Vec<Event>, sockets: usize) -> Scope {
        let (mut trace, mut schedule) = (with_one_socket(), asked());
        for event in events {
            schedule.notes(&event, &trace);
            trace.push(Duration::ZERO, event);
        }
        schedule.begin(Duration::ZERO, sockets, false)
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
            let entered = Event::Entered { caller: Side::Server.into(), call };
            vec![entered, Event::Returned { caller: Side::Server.into(), outcome: Ok(Returned::default()) }]
        };
        let one = Scope::Ends(HashSet::from([Connection::new(end(1), end(2))]));
        assert_eq!(scope(call(Call::recv(4, 1)), MANY), one);
        assert_eq!(scope(call(Call::recv(5, 1)), MANY), Scope::All, "of an unknown one");
        assert_eq!(scope(call(Call::Close { fd: 4 }), MANY), Scope::All);
        let datagram = crate::tcp::testing::datagram_packet(end(1), end(2), b"abc");
        let segment = Packet::parse(&datagram).unwrap();
        let datagram = Event::Sent { id: SegmentId(0), segment, again: None };
        assert_eq!(scope(vec![datagram], MANY), Scope::All);
        let left = Event::Left(Member { number: 1, pid: 1, nth: 1, role: Role::Watches });
        assert_eq!(scope(vec![left], MANY), Scope::All);
        assert_eq!(scope(Vec::new(), MANY), Scope::Ends(HashSet::new()));
    }

    #[test]
    fn of_many_sockets_a_call_asks_for_its_own_connection() {
        let (trace, schedule) = (with_one_socket(), asked());
        let before = |worker, call: Call, sockets| {
            schedule.before_call(Caller { actor: Side::Server.into(), worker }, &call, sockets, &trace)
        };
        let (close, bind) = (Call::Close { fd: 4 }, Call::Bind { fd: 5, addr: end(9) });
        let own = Scope::Ends(HashSet::from([Connection::new(end(1), end(2))]));
        assert_eq!(before(4, close.clone(), FEW), Scope::All);
        assert_eq!(before(4, close.clone(), MANY), own);
        assert_eq!(before(0, close, MANY), Scope::All, "a main thread can wait for it");
        assert_eq!(before(4, Call::Accept { fd: 3 }, MANY), Scope::Ends(HashSet::new()));
        assert_eq!(before(4, bind, MANY), Scope::All, "it matters who has the port");
        for call in [Call::send(5, b"x".to_vec()), Call::recv(5, 1), Call::Close { fd: 5 }] {
            assert_eq!(before(4, call, MANY), Scope::All, "its connection isn't known yet");
        }
    }

    #[test]
    fn the_kernel_is_asked_at_once_then_later_and_then_no_more() {
        let mut schedule = asked();
        assert_eq!(schedule.due_at(false, false), None, "nothing happened");
        schedule.changed(5 * MS);
        assert_eq!(schedule.due_at(false, false), Some(5 * MS));
        assert_eq!(schedule.due_at(true, false), Some(7 * MS), "a call is about to return");
        let mut asked_at = Vec::new();
        while let Some(at) = schedule.due_at(false, false) {
            schedule.begin(at, FEW, false);
            schedule.ended(at, [].into_iter(), true, false);
            asked_at.push(at);
        }
        assert_eq!(asked_at, [5 * MS, 25 * MS, 105 * MS, 505 * MS]);
    }

    #[test]
    fn while_programs_run_the_kernel_is_asked_now_and_then() {
        let mut schedule = asked();
        assert_eq!(schedule.due_at(false, true), Some(OFTEN));
        assert_eq!(schedule.begin(OFTEN, MANY, true), Scope::All);
        schedule.ended(OFTEN, [].into_iter(), true, false);
        assert_eq!(schedule.due_at(false, true), Some(2 * OFTEN));
    }

    #[test]
    fn the_end_of_each_timer_is_asked_for_until_the_kernel_has_ended_it() {
        for (kind, over) in [
            (TimerKind::TimeWait, 900 * MS),
            (TimerKind::FinWait2, 900 * MS),
            (TimerKind::Keepalive, 900 * MS),
            (TimerKind::Retransmit, 920 * MS),
            (TimerKind::Probe, 920 * MS),
        ] {
            let mut schedule = asked();
            let mut waits = socket(1, Side::Client, None, State::TimeWait, (Some(end(1)), Some(end(2))));
            waits.timer = Some(Timer { kind, fires_at: 900 * MS, fired: 0 });
            schedule.changed(Duration::ZERO);
            let ask = |schedule: &mut PollSchedule, at| {
                assert_eq!(schedule.begin(at, MANY, false), Scope::All);
                schedule.ended(at, [&waits].into_iter(), true, false);
            };
            schedule.all = true;
            ask(&mut schedule, Duration::ZERO);
            schedule.later.clear();
            assert_eq!(schedule.due_at(false, false), Some(over), "{kind:?}");
            ask(&mut schedule, over);
            assert_eq!(schedule.due_at(false, false), Some(over + 20 * MS), "{kind:?} is still listed");
        }
        assert_eq!(TimerKind::ALL.len(), 5, "all kinds are above");
    }

    #[test]
    fn a_dump_rests_ten_times_as_long_as_it_took() {
        let mut schedule = asked();
        schedule.changed(Duration::ZERO);
        schedule.begin(MS, MANY, false);
        schedule.ended(6 * MS, [].into_iter(), true, false);
        assert!(schedule.is_quick());
        schedule.changed(7 * MS);
        assert_eq!(schedule.due_at(false, false), Some(56 * MS));
        schedule.begin(56 * MS, MANY, false);
        schedule.ended(106 * MS, [].into_iter(), true, false);
        assert!(!schedule.is_quick());
        schedule.begin(606 * MS, MANY, false);
        schedule.ended(606 * MS, [].into_iter(), true, true);
        schedule.changed(607 * MS);
        assert_eq!(schedule.due_at(false, false), Some(606 * MS + OFTEN), "segments pass unkept");
    }
}
