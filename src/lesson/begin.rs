//! A set-up that a lesson has by name: its steps are done before the lesson's first one.

use super::fault::{Fault, WordKind};
use super::lint::Lint;
use super::raw_words::SpannedText;
use super::{Action, Claim, SegmentPattern, Step, Terms};
use crate::i18n::{SetUpWords, set_up_words};
use crate::model::{Actor, Caller, ConnectionEnd, Mode, Side};
use crate::tcp::{Flags, State};

/// The one that there is: from `socket()` to `accept()`, both ends ESTABLISHED.
const ESTABLISHED: &str = "established";

/// What its sockets are called.
const LISTENER: &str = "listener";
const CLIENT: &str = "client";
const ACCEPTED: &str = "conn";

/// The backlog of its listener.
const BACKLOG: i32 = 8;

impl Lint<'_> {
    /// The steps of a set-up by its name; none where it can't be.
    pub(super) fn set_up(&mut self, word: &SpannedText, ipv6: bool) -> Vec<Step> {
        if word.get_ref() != ESTABLISHED {
            self.wrong::<()>(word, WordKind::SetUp);
            return Vec::new();
        }
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(word.span(), Fault::OnlyLab);
        }
        if let Some(side) = self.programs.first() {
            self.fault::<()>(word.span(), Fault::ProgramMakesCalls(*side));
        }
        let line = self.line(word.span());
        for (name, side) in [(LISTENER, Side::Server), (CLIENT, Side::Client), (ACCEPTED, Side::Server)] {
            self.has_socket(name, side);
        }
        let steps = actions(ipv6).into_iter().zip(set_up_words());
        steps.enumerate().map(|(n, (action, words))| step((n, line), action, words)).collect()
    }
}

fn actions(ipv6: bool) -> [Action; 9] {
    let socket = |side, name: &str| Action::Socket { side, name: name.to_owned(), ipv6, udp: false };
    let segment = |from, flags| Action::Deliver(SegmentPattern::new(from, flags));
    let syn_ack = Flags::from_bits(Flags::SYN.bits() | Flags::ACK.bits());
    [
        socket(Side::Server, LISTENER),
        Action::Bind { socket: LISTENER.to_owned(), addr: None },
        Action::Listen { socket: LISTENER.to_owned(), backlog: BACKLOG },
        socket(Side::Client, CLIENT),
        Action::Connect { socket: CLIENT.to_owned(), addr: None },
        segment(Side::Client, Flags::SYN),
        segment(Side::Server, syn_ack),
        segment(Side::Client, Flags::ACK),
        Action::Accept { socket: LISTENER.to_owned(), name: ACCEPTED.to_owned() },
    ]
}

fn step((n, line): (usize, usize), action: Action, words: &SetUpWords) -> Step {
    let both = [CLIENT, ACCEPTED].map(|socket| Claim {
        line,
        terms: Terms::State { end: ConnectionEnd::Socket(socket.to_owned()), is: State::Established.into() },
        modes: vec![Mode::Lab],
        within: None,
    });
    let is_last = matches!(action, Action::Accept { .. });
    Step {
        id: format!("begin-{}", n + 1),
        line,
        modes: vec![Mode::Lab],
        title: words.title.clone(),
        say: words.say.clone(),
        ask: None,
        action: Some(action),
        worker: Caller::MAIN,
        process: Actor::FIRST,
        expect: if is_last { both.to_vec() } else { Vec::new() },
        waits_for: None,
        times: 1,
        show: None,
        set_up: true,
    }
}
