//! A lab that several processes share: who is there, and which segments go on by themselves.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Actor, Door, SHARED_RTO_MIN_MS, Side, on_wire};
use crate::tcp::Packet;

/// A process that is in the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its number within the lab, from 1, in the order of arrival.
    pub number: u32,
    /// Its process number.
    pub pid: u32,
    /// The how many-th it is of the sides whose calls it makes, or its program may make, as [`Actor::nth`] has it.
    pub nth: u32,
    /// What it is there for.
    pub role: Role,
}

impl Member {
    /// Whether it makes the calls of this actor.
    pub fn is(&self, actor: Actor) -> bool {
        self.nth == actor.nth && self.role.drives(actor.side)
    }

    /// Whether it steps: makes calls of its own, or only lets go on what programs and segments wait for.
    pub fn steps(&self) -> bool {
        matches!(self.role, Role::Drives(_))
    }

    /// Whether it runs a program.
    pub fn runs_program(&self) -> bool {
        matches!(self.role, Role::Runs(_) | Role::Plays(_))
    }

    /// Whether it runs a program that may play a side's part: any program either side's, a lesson's own one side's alone.
    pub fn may_play(&self, side: Side) -> bool {
        match self.role {
            Role::Runs(_) => true,
            Role::Plays(part) => part == side,
            Role::Drives(_) | Role::Watches => false,
        }
    }

    /// Whether this actor's calls are made by it, or by the program that it runs.
    pub fn makes(&self, actor: Actor) -> bool {
        self.is(actor) || (self.nth == actor.nth && self.may_play(actor.side))
    }

    /// The actors whose calls are made by it, or may be by the program that it runs.
    pub fn played(&self) -> impl Iterator<Item = Actor> {
        Side::BOTH.map(|side| Actor { side, nth: self.nth }).into_iter().filter(|actor| self.makes(*actor))
    }

    /// The actors whose calls it makes, each once.
    pub fn actors(&self) -> impl Iterator<Item = Actor> {
        self.role.sides().map(|side| Actor { side, nth: self.nth })
    }
}

/// Whether who makes the calls of `own` may let something go at this door, or drop it.
///
/// A segment waits at the door of its receiver, and belongs to the actor whose socket has that address; where none has it, to
/// any of the other side. Where a process
/// makes that one's calls, it alone lets the segment go. Where nobody does (its process has ended, or the socket is another
/// program's), whoever is there to step may; so where the receiver is nobody's. Who looks on or runs a program (`None`) lets
/// nothing go.
pub fn may_release(own: Option<&[Actor]>, door: Option<Door>, members: &[&Member]) -> bool {
    let Some(own) = own else { return false };
    let can_be = |door: Door| own.iter().any(|actor| door.can_be(*actor));
    let is_nobodys = |door: Door| !members.iter().flat_map(|member| member.actors()).any(|actor| door.can_be(actor));
    door.is_none_or(|door| can_be(door) || is_nobodys(door))
}

/// What a process is there for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It makes the calls of these sides, and lets go on what waits at their doors, and what programs wait for. Of no side,
    /// where programs play both.
    Drives(Vec<Side>),
    /// It looks on.
    Watches,
    /// It runs a program of this name.
    Runs(String),
    /// It runs a lesson's own program, which plays this side's part and no other.
    Plays(Side),
}

impl Role {
    /// Whether it makes the calls of a side.
    pub fn drives(&self, side: Side) -> bool {
        matches!(self, Role::Drives(sides) if sides.contains(&side))
    }

    /// The sides whose calls it makes, each once, whatever another process says.
    pub fn sides(&self) -> impl Iterator<Item = Side> {
        Side::BOTH.into_iter().filter(|side| self.drives(*side))
    }
}

/// The two ends of a connection, or of datagrams that go to and fro, in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connection {
    /// The lower address.
    low: SocketAddr,
    /// The higher one.
    high: SocketAddr,
}

impl Connection {
    /// The connection between two ends; an address that a program wrote IPv4-mapped is the IPv4 one.
    pub fn new(one: SocketAddr, other: SocketAddr) -> Connection {
        let (one, other) = (on_wire(one), on_wire(other));
        Connection { low: one.min(other), high: one.max(other) }
    }

    /// That to which a segment belongs; an ICMP answer belongs to the datagrams that it answers.
    pub fn of(segment: &Packet) -> Connection {
        Connection::new(segment.from, segment.to)
    }

    /// Its ends.
    pub fn ends(&self) -> [SocketAddr; 2] {
        [self.low, self.high]
    }
}

/// Which segments are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentFilter {
    /// All.
    All,
    /// Those on their way to an actor.
    To(Actor),
    /// Those of one connection.
    Of(Connection),
}

impl SegmentFilter {
    /// Whether a segment of this connection, on its way to this door, is meant.
    pub fn fits(self, connection: Connection, to: Option<Door>) -> bool {
        match self {
            SegmentFilter::All => true,
            SegmentFilter::To(actor) => to.is_some_and(|door| door.can_be(actor)),
            SegmentFilter::Of(one) => one == connection,
        }
    }

    /// How wide it is: the narrowest comes first.
    pub(super) const fn breadth(self) -> u8 {
        match self {
            SegmentFilter::Of(_) => 0,
            SegmentFilter::To(_) => 1,
            SegmentFilter::All => 2,
        }
    }
}

/// Which segments go on by themselves, and after how long. The first rule that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardingRules {
    /// The rules; empty where every segment waits.
    pub rules: Vec<(SegmentFilter, Duration)>,
}

impl ForwardingRules {
    /// The most rules that are kept.
    pub const MOST: usize = 64;

    /// The longest delay: nobody waits for longer.
    pub const LONGEST: Duration = Duration::from_secs(3600);

    /// After how long a segment goes on by itself; `None` where it waits. `to` is the side that it is for.
    pub fn delay(&self, connection: Connection, to: Option<Door>) -> Option<Duration> {
        self.rules.iter().find(|(which, _)| which.fits(connection, to)).map(|(_, delay)| *delay)
    }

    /// Whether these segments have a rule of their own, and its delay.
    pub fn rule(&self, which: SegmentFilter) -> Option<Duration> {
        self.rules.iter().find(|(other, _)| *other == which).map(|(_, delay)| *delay)
    }

    /// The same once a process makes the calls of some actors, whose doors are its own to open from now on: where all were
    /// let pass, those of the `others` stay open, and so does each that is nobody's.
    pub fn without_the_doors_of(&self, newcomer: &Member, others: impl Iterator<Item = Actor>) -> ForwardingRules {
        let Some(delay) = self.rule(SegmentFilter::All).filter(|_| newcomer.actors().next().is_some()) else {
            return self.clone();
        };
        let doors = Side::BOTH.map(Actor::from).into_iter().chain(others).filter(|actor| !newcomer.is(*actor));
        doors.fold(self.with(SegmentFilter::All, None), |passing, actor| {
            passing.with(SegmentFilter::To(actor), Some(delay))
        })
    }

    /// The same with another rule for these segments: `None` takes it away, and a delay is at most [`ForwardingRules::LONGEST`].
    /// The narrowest rule stands first.
    pub fn with(&self, which: SegmentFilter, delay: Option<Duration>) -> ForwardingRules {
        let mut rules: Vec<_> = self.rules.iter().copied().filter(|(other, _)| *other != which).collect();
        rules.extend(delay.map(|delay| (which, delay.min(ForwardingRules::LONGEST))));
        rules.sort_by_key(|(which, _)| which.breadth());
        rules.truncate(ForwardingRules::MOST);
        ForwardingRules { rules }
    }

    /// Whether everything goes on by itself, at once.
    pub fn at_once(&self) -> bool {
        self.rule(SegmentFilter::All).is_some() && self.rules.iter().all(|(_, delay)| delay.is_zero())
    }

    /// The shortest retransmission timeout for data that a shared lab sets, in milliseconds. While one thinks, the wire stays
    /// calm; where everything passes at once, what is lost is sent again as soon as anywhere: `None` leaves the kernel's own.
    pub fn rto_min_ms(&self) -> Option<u32> {
        (!self.at_once()).then_some(SHARED_RTO_MIN_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_patient_unless_everything_passes_at_once() {
        let rules = |rules: &[(SegmentFilter, u64)]| {
            let with = |passing: ForwardingRules, (which, ms): &(SegmentFilter, u64)| {
                passing.with(*which, Some(Duration::from_millis(*ms)))
            };
            rules.iter().fold(ForwardingRules::default(), with).rto_min_ms()
        };
        let to = SegmentFilter::To(Side::Server.into());
        for (given, wanted) in [
            (&[][..], Some(SHARED_RTO_MIN_MS)),
            (&[(SegmentFilter::All, 0)], None),
            (&[(SegmentFilter::All, 200)], Some(SHARED_RTO_MIN_MS)),
            (&[(to, 0)], Some(SHARED_RTO_MIN_MS)),
            (&[(to, 0), (SegmentFilter::All, 0)], None),
            (&[(to, 1000), (SegmentFilter::All, 0)], Some(SHARED_RTO_MIN_MS)),
        ] {
            assert_eq!(rules(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn the_narrowest_rule_counts() {
        let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let [server, client] = Side::BOTH.map(Actor::from);
        let (one, other) = (Connection::new(end(2), end(1)), Connection::new(end(3), end(1)));
        assert_eq!(one, Connection::new(end(1), end(2)));
        let ms = |ms| Some(Duration::from_millis(ms));
        let passing = ForwardingRules::default()
            .with(SegmentFilter::All, ms(5))
            .with(SegmentFilter::Of(one), ms(0))
            .with(SegmentFilter::To(server), ms(7));
        assert_eq!(passing.delay(one, Some(Door::Of(server))), ms(0));
        assert_eq!(passing.delay(other, Some(Door::Of(server))), ms(7));
        assert_eq!(passing.delay(other, Some(Door::Of(client))), ms(5));
        assert_eq!(passing.delay(other, None), ms(5));
        assert_eq!((passing.rule(SegmentFilter::All), passing.rule(SegmentFilter::To(client))), (ms(5), None));
        assert_eq!(
            passing.with(SegmentFilter::All, Some(Duration::MAX)).rule(SegmentFilter::All),
            Some(ForwardingRules::LONGEST)
        );
        let member = |nth, role| Member { number: nth, pid: nth, nth, role };
        let newcomer = member(1, Role::Drives(vec![Side::Server]));
        let came = passing.without_the_doors_of(&newcomer, [].into_iter());
        assert_eq!((came.delay(other, Some(Door::Of(client))), came.delay(other, None)), (ms(5), None));
        assert_eq!(came.without_the_doors_of(&member(1, Role::Drives(vec![Side::Client])), [].into_iter()), came);
        // One more client: its own door is shut, those of all others stay as they were.
        let [second, third] = [2, 3].map(|nth| Actor { side: Side::Client, nth });
        let newcomer = member(3, Role::Drives(vec![Side::Client]));
        let came = ForwardingRules::default()
            .with(SegmentFilter::All, ms(5))
            .without_the_doors_of(&newcomer, [second].into_iter());
        let delays = [server, client, second, third].map(|door| came.delay(other, Some(Door::Of(door))));
        assert_eq!(delays, [ms(5), ms(5), ms(5), None]);
        assert_eq!(passing.without_the_doors_of(&member(9, Role::Watches), [].into_iter()), passing);
        let fewer = passing.with(SegmentFilter::All, None).with(SegmentFilter::To(server), ms(1));
        assert_eq!(fewer.delay(other, None), None);
        assert_eq!(fewer.delay(other, Some(Door::OfSide(Side::Server))), ms(1));
    }
}
