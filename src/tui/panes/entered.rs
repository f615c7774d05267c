//! The states that stand beside the ladder's lifelines: which one an end entered, by which segment.

use std::collections::HashMap;

use crate::model::{Connection, Event, SegmentId, Side, SocketFacts, SocketState, View};

/// How many entries are searched for changes of state: a bound on what one frame costs.
const SEARCHED: usize = 4000;

/// The states that an end entered: after the sending of a segment, or after its end.
pub(super) type EnteredStates = HashMap<(SegmentId, bool, Side), SocketState>;

/// What is known of a socket that has a state.
#[derive(Clone, Copy)]
struct KnownState {
    side: Option<Side>,
    state: SocketState,
    connection: Option<Connection>,
}

impl KnownState {
    fn of(facts: &SocketFacts) -> KnownState {
        KnownState { side: facts.side, state: facts.state, connection: facts.connection() }
    }
}

/// The segment beside which that stands which follows an event, and whether beside its end, not its beginning.
fn beside(event: &Event) -> Option<(SegmentId, bool)> {
    match event {
        Event::Sent { id, .. }
        | Event::Repeated { id, .. }
        | Event::Edited { id, .. }
        | Event::Forged { id, .. }
        | Event::Duplicated { id, .. } => Some((*id, false)),
        Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. } | Event::Undeliverable { id, .. } => {
            Some((*id, true))
        }
        _ => None,
    }
}

/// The states that the ends of the segments from `oldest` on entered.
pub(super) fn entered(view: &View<'_>, oldest: SegmentId) -> EnteredStates {
    let moment = view.moment();
    let entries = &view.trace().entries()[..moment];
    let recent = moment.saturating_sub(SEARCHED);
    let is_start = |event: &Event| event.appears().is_some_and(|(id, _)| id == oldest);
    let start = entries[recent..].iter().rposition(|entry| is_start(&entry.event)).map_or(recent, |at| recent + at);
    let before = view.trace().at(start);
    let mut known: HashMap<u64, KnownState> = HashMap::new();
    let known_before = |cookie| before.socket(cookie).map(|socket| KnownState::of(socket.facts));
    let mut states = EnteredStates::new();
    // Whose each is.
    let mut told_by: HashMap<(SegmentId, bool, Side), u64> = HashMap::new();
    // A socket's state stands beside its own connection's newest segment, whatever else was sent meanwhile.
    let mut newest: HashMap<Connection, (SegmentId, bool)> = HashMap::new();
    for entry in &entries[start..] {
        if let Some((id, arrow)) = beside(&entry.event) {
            let packet = view.segment(id).map(|segment| segment.segment);
            newest.extend(packet.map(|packet| (Connection::of(packet), (id, arrow))));
            continue;
        }
        let (cookie, now) = match &entry.event {
            Event::Socket(facts) => (facts.cookie, Some(KnownState::of(facts))),
            Event::Gone { cookie, .. } => (*cookie, None),
            _ => continue,
        };
        let last = known.get(&cookie).copied().or_else(|| known_before(cookie));
        let ended = || last.map(|last| KnownState { state: last.state.ended(), ..last });
        let is_gone = now.is_none();
        let Some(mut now) = now.or_else(ended) else { continue };
        // Of a socket that is closed the kernel may not tell the ends any more.
        now.connection = now.connection.or(last.and_then(|last| last.connection));
        known.insert(cookie, now);
        let changed = last.is_none_or(|last| last.state != now.state);
        let place = now.connection.and_then(|connection| newest.get(&connection).copied());
        if let (true, Some((id, arrow)), Some(side)) = (changed, place, now.side) {
            let place = (id, arrow, side);
            // A new socket with the same addresses has taken the place of one in TIME_WAIT (tcp_tw_reuse): that one's end is not this one's.
            if is_gone && told_by.get(&place).is_some_and(|teller| *teller != cookie) {
                continue;
            }
            told_by.insert(place, cookie);
            states.insert(place, now.state);
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::tcp::State;
    use crate::tui::tests::made::{Made, client, server};

    /// Whatever other sockets of a side come to stands beside no segment of a connection that isn't theirs.
    #[test]
    fn a_state_stands_beside_the_segments_of_its_own_connection_alone() {
        let states = |made: &Made| entered(&made.trace.present(), SegmentId(0));
        let mut made = Made::to_time_wait();
        let before = states(&made);
        assert_eq!(before.get(&(SegmentId(6), true, Side::Client)), Some(&State::TimeWait.into()));
        let elsewhere = |port: u16| Some(std::net::SocketAddr::new(client().ip(), port));
        for (side, state, ends) in [
            (Side::Client, SocketState::from(State::Closed), (None, None)),
            (Side::Server, State::Closed.into(), (None, None)),
            (Side::Server, State::Listen.into(), (Some(server()), None)),
            (Side::Client, SocketState::Unconnected, (elsewhere(7), None)),
            (Side::Client, State::Established.into(), (elsewhere(9), Some(server()))),
        ] {
            let cookie = 100 + made.trace.entries().len() as u64;
            made.push(Event::Socket(testing::socket(cookie, side, Some(9), state, ends)));
            made.push(Event::Gone { cookie, source: crate::model::Source::SockDiag });
            assert_eq!(states(&made), before, "{side:?} {state}");
        }
        // A new socket takes the place of one in TIME_WAIT, whose end is told behind it.
        let mut reused = Made::to_time_wait();
        let ends = (Some(client()), Some(server()));
        reused.push(Event::Socket(testing::socket(200, Side::Client, Some(5), State::SynSent, ends)));
        reused.push(Event::Gone { cookie: 2, source: crate::model::Source::SockDiag });
        assert_eq!(states(&reused).get(&(SegmentId(6), true, Side::Client)), Some(&State::SynSent.into()));
        // Its own end stands there.
        made.push(Event::Gone { cookie: 2, source: crate::model::Source::SockDiag });
        assert_eq!(states(&made).get(&(SegmentId(6), true, Side::Client)), Some(&State::Closed.into()));
    }
}
