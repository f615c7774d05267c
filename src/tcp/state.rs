//! The eleven states and the arrows between them: RFC 9293, section 3.3.2 and figure 5.

use std::fmt;

/// A state of a TCP connection, by Linux's name (`include/net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum State {
    /// No connection at all: before `listen()` or `connect()`, and after the end.
    Closed,
    /// Waiting for a connection request from any remote end.
    Listen,
    /// A SYN was sent; its answer is awaited.
    SynSent,
    /// A SYN was received and answered; the answer's acknowledgement is awaited.
    SynRecv,
    /// Open: data can be sent and received.
    Established,
    /// Our FIN was sent; its acknowledgement, or the other end's FIN, is awaited.
    FinWait1,
    /// Our FIN was acknowledged; the other end's FIN is awaited.
    FinWait2,
    /// The other end's FIN was received; our own program hasn't closed yet.
    CloseWait,
    /// Both ends sent a FIN at the same time; the acknowledgement of ours is awaited.
    Closing,
    /// The other end closed first; the acknowledgement of our own FIN is awaited.
    LastAck,
    /// Everything is acknowledged; old segments are given the time to die out.
    TimeWait,
}

impl State {
    /// All eleven, in the order in which a connection can meet them.
    pub const ALL: [State; 11] = [
        State::Closed,
        State::Listen,
        State::SynSent,
        State::SynRecv,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];

    /// Linux's name, as `ss` and the kernel's sources spell it.
    pub const fn name(self) -> &'static str {
        match self {
            State::Closed => "CLOSED",
            State::Listen => "LISTEN",
            State::SynSent => "SYN_SENT",
            State::SynRecv => "SYN_RECV",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN_WAIT1",
            State::FinWait2 => "FIN_WAIT2",
            State::CloseWait => "CLOSE_WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST_ACK",
            State::TimeWait => "TIME_WAIT",
        }
    }

    /// The name in RFC 9293, section 3.3.2.
    pub const fn rfc_name(self) -> &'static str {
        match self {
            State::SynSent => "SYN-SENT",
            State::SynRecv => "SYN-RECEIVED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
            other => other.name(),
        }
    }

    /// The state with this Linux name; `None` where there is no such state.
    pub fn from_name(name: &str) -> Option<State> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether an end's own direction has not ended: ESTABLISHED or CLOSE_WAIT (RFC 9293, section 3.6).
    pub const fn may_send(self) -> bool {
        matches!(self, State::Established | State::CloseWait)
    }

    /// The state that the kernel means by this number (`include/net/tcp_states.h`).
    ///
    /// `TCP_NEW_SYN_RECV` (12) is a request socket, `TCP_BOUND_INACTIVE` (13) a socket after `bind()` alone.
    pub const fn from_kernel(number: u8) -> Option<State> {
        Some(match number {
            1 => State::Established,
            2 => State::SynSent,
            3 | 12 => State::SynRecv,
            4 => State::FinWait1,
            5 => State::FinWait2,
            6 => State::TimeWait,
            7 | 13 => State::Closed,
            8 => State::CloseWait,
            9 => State::LastAck,
            10 => State::Listen,
            11 => State::Closing,
            _ => return None,
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What makes a connection go from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The program calls this; what is sent then is named after it.
    Call(&'static str),
    /// A segment with these flags arrives.
    Segment(&'static str),
    /// A timer fires.
    Timer(&'static str),
}

/// One arrow of the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The state that is left.
    pub from: State,
    /// What must happen.
    pub on: Trigger,
    /// What is sent because of it; empty where nothing is.
    pub sends: &'static str,
    /// The state that is entered.
    pub to: State,
}

const fn e(from: State, on: Trigger, sends: &'static str, to: State) -> Edge {
    Edge { from, on, sends, to }
}

/// The arrows of RFC 9293, figure 5, with its note 2 on SYN-RECEIVED, and the resets of section 3.10.7.
///
/// The words are those of the socket interface: passive OPEN is `listen()`, active OPEN `connect()`.
/// A reset (RST) leads from every synchronized state to CLOSED; these arrows end the table.
pub const EDGES: &[Edge] = {
    use State::*;
    use Trigger::*;
    &[
        e(Closed, Call("listen"), "", Listen),
        e(Closed, Call("connect"), "SYN", SynSent),
        e(Listen, Segment("SYN"), "SYN,ACK", SynRecv),
        e(Listen, Call("connect"), "SYN", SynSent),
        e(Listen, Call("close"), "", Closed),
        e(SynSent, Segment("SYN"), "SYN,ACK", SynRecv),
        e(SynSent, Segment("SYN,ACK"), "ACK", Established),
        e(SynSent, Call("close"), "", Closed),
        e(SynRecv, Segment("ACK"), "", Established),
        e(SynRecv, Call("close"), "FIN", FinWait1),
        e(SynRecv, Segment("RST"), "", Listen),
        e(Established, Call("close"), "FIN", FinWait1),
        e(Established, Segment("FIN"), "ACK", CloseWait),
        e(FinWait1, Segment("ACK of FIN"), "", FinWait2),
        e(FinWait1, Segment("FIN"), "ACK", Closing),
        e(FinWait1, Segment("FIN,ACK of FIN"), "ACK", TimeWait),
        e(FinWait2, Segment("FIN"), "ACK", TimeWait),
        e(Closing, Segment("ACK of FIN"), "", TimeWait),
        e(CloseWait, Call("close"), "FIN", LastAck),
        e(LastAck, Segment("ACK of FIN"), "", Closed),
        e(TimeWait, Timer("2MSL"), "", Closed),
        e(SynSent, Segment("RST"), "", Closed),
        e(SynRecv, Segment("RST"), "", Closed),
        e(Established, Segment("RST"), "", Closed),
        e(FinWait1, Segment("RST"), "", Closed),
        e(FinWait2, Segment("RST"), "", Closed),
        e(CloseWait, Segment("RST"), "", Closed),
        e(Closing, Segment("RST"), "", Closed),
        e(LastAck, Segment("RST"), "", Closed),
        e(TimeWait, Segment("RST"), "", Closed),
    ]
};

/// The first arrow from one state to another; `None` where the diagram has none.
pub fn edge(from: State, to: State) -> Option<&'static Edge> {
    EDGES.iter().find(|edge| edge.from == from && edge.to == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figure 5 of RFC 9293, typed from the figure a second time, as pairs.
    const FIGURE_5: [(&str, &str); 20] = [
        ("CLOSED", "LISTEN"),
        ("CLOSED", "SYN-SENT"),
        ("LISTEN", "CLOSED"),
        ("LISTEN", "SYN-RECEIVED"),
        ("LISTEN", "SYN-SENT"),
        ("SYN-SENT", "CLOSED"),
        ("SYN-SENT", "SYN-RECEIVED"),
        ("SYN-SENT", "ESTABLISHED"),
        ("SYN-RECEIVED", "ESTABLISHED"),
        ("SYN-RECEIVED", "FIN-WAIT-1"),
        ("SYN-RECEIVED", "LISTEN"),
        ("ESTABLISHED", "FIN-WAIT-1"),
        ("ESTABLISHED", "CLOSE-WAIT"),
        ("FIN-WAIT-1", "FIN-WAIT-2"),
        ("FIN-WAIT-1", "CLOSING"),
        ("FIN-WAIT-1", "TIME-WAIT"),
        ("FIN-WAIT-2", "TIME-WAIT"),
        ("CLOSING", "TIME-WAIT"),
        ("CLOSE-WAIT", "LAST-ACK"),
        ("LAST-ACK", "CLOSED"),
    ];

    #[test]
    fn the_table_has_the_arrows_of_figure_5_and_no_others() {
        let mut wanted: Vec<(&str, &str)> = FIGURE_5.into();
        wanted.push(("TIME-WAIT", "CLOSED"));
        let resets = |edge: &&Edge| !(edge.on == Trigger::Segment("RST") && edge.to == State::Closed);
        let mut found: Vec<_> = EDGES.iter().filter(resets).map(|e| (e.from.rfc_name(), e.to.rfc_name())).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_reset_ends_every_state_that_has_a_peer() {
        for state in State::ALL {
            let ends =
                EDGES.iter().any(|e| e.from == state && e.on == Trigger::Segment("RST") && e.to == State::Closed);
            let has_peer = !matches!(state, State::Closed | State::Listen);
            assert_eq!(ends, has_peer, "{state}");
        }
    }

    #[test]
    fn every_state_can_be_reached_and_left() {
        for state in State::ALL {
            assert!(EDGES.iter().any(|e| e.to == state), "{state} can't be reached");
            assert!(EDGES.iter().any(|e| e.from == state), "{state} can't be left");
        }
    }

    #[test]
    fn names_go_both_ways() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        assert_eq!(State::from_name("SYN-SENT"), None);
    }

    #[test]
    fn the_kernels_numbers_cover_all_states_and_nothing_else() {
        let mut seen: Vec<State> = (0..=u8::MAX).filter_map(State::from_kernel).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 11);
        assert_eq!(State::from_kernel(0), None);
        assert_eq!(State::from_kernel(14), None);
    }
}
