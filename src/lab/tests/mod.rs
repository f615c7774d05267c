//! Tables for the lab: inputs with their times, effects compared. No kernel, no thread, no clock.

mod by_hand;
mod forks;
mod programs;
mod random;
mod rules;
mod tables;
mod threads;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::model::{
    Call, Copies, CounterMove, Entry, Errno, Event, Member, Observation, Outcome, Returned, Role, SegmentId, Side,
    SocketFacts,
};
use crate::tcp::{Packet, State};

const MS: Duration = Duration::from_millis(1);

fn end(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn segment(from: u16, to: u16, seq: u32, flags: &[&str], data: &[u8]) -> Packet {
    crate::tcp::testing::segment(end(from), end(to), seq, 0, flags, data)
}

fn drives(number: u32, sides: &[Side]) -> Member {
    Member { number, pid: number + 1000, nth: 1, role: Role::Drives(sides.to_vec()) }
}

/// A lab with a kernel that answers from a table: what is asked of it, what it has, and its clock.
struct Kernel {
    lab: Lab,
    now: Duration,
    /// What the kernel has of sockets.
    sockets: Vec<SocketFacts>,
    /// What a segment's receiver sends once it has processed one.
    answers: VecDeque<Packet>,
    /// How long a dump takes.
    dump_takes: Duration,
    /// What sending comes to.
    sending: Result<(), Errno>,
    /// What the kernel counts as a segment that waited arrives.
    moved: Option<Vec<CounterMove>>,
    /// What its counters say as a segment is sent again.
    since: Option<Vec<CounterMove>>,
    at_rest: bool,
    lost: u32,
    effects: Vec<Effect>,
}

impl Kernel {
    fn new(resident: Option<Member>) -> Kernel {
        let options = LabOptions { wire: WireAbility::Holds, copies: Copies::Drop, resident };
        Kernel {
            lab: Lab::new(options),
            now: Duration::ZERO,
            sockets: Vec::new(),
            answers: VecDeque::new(),
            dump_takes: Duration::ZERO,
            sending: Ok(()),
            moved: None,
            since: None,
            at_rest: true,
            lost: 0,
            effects: Vec::new(),
        }
    }

    /// A lab with these members, after the first questions to the kernel.
    fn with(members: &[Member]) -> Kernel {
        let mut kernel = Kernel::new(None);
        members.iter().for_each(|member| kernel.tell(Input::Came(member.clone())));
        kernel.effects.clear();
        kernel
    }

    /// The lab goes on as another one, made from its trace.
    fn moves(&mut self) {
        self.lab.prepare_to_move(self.now);
        let options = LabOptions { wire: WireAbility::Holds, copies: Copies::Drop, resident: None };
        self.lab = Lab::resume(options, self.lab.trace().entries().to_vec(), self.now);
        self.carry_out();
    }

    /// Something comes to be known, and everything that follows is carried out.
    fn tell(&mut self, input: Input) {
        self.lab.handle(self.now, input);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for _ in 0..10_000 {
            let Some(effect) = self.lab.poll(self.now) else { return };
            self.effects.push(effect.clone());
            self.answer(effect);
        }
        panic!("the lab wants ever more: {:?}", &self.effects[self.effects.len() - 20..]);
    }

    fn answer(&mut self, effect: Effect) {
        match effect {
            Effect::Send(sending, _) => {
                self.lab.handle(self.now, Input::Sent(sending, self.sending.map(|()| self.moved.clone())));
                let answers = std::mem::take(&mut self.answers);
                if !answers.is_empty() {
                    self.lab.handle(self.now, Input::Captured(answers.into()));
                }
            }
            Effect::Dump(_) => {
                self.now += self.dump_takes;
                let table = TableUpdate::All(Observation { at: self.now, sockets: self.sockets.clone() });
                self.lab.handle(self.now, Input::Dumped { table, programs: false });
            }
            Effect::CountLost => {
                let lost = std::mem::take(&mut self.lost);
                self.lab.handle(self.now, Input::Lost(lost));
            }
            Effect::CountSince(id) => self.lab.handle(self.now, Input::Counted(id, self.since.clone())),
            Effect::AreAtRest => self.lab.handle(self.now, Input::AtRest(self.at_rest)),
            _ => {}
        }
    }

    /// Time goes on to this moment, and everything that is due by then is done when it is due.
    fn until(&mut self, end: Duration) {
        while let Some(at) = self.lab.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let effects = self.effects.len();
            self.carry_out();
            if self.effects.len() == effects {
                break;
            }
        }
        self.now = self.now.max(end);
        self.carry_out();
    }

    fn captured(&mut self, segments: &[Packet]) {
        self.tell(Input::Captured(segments.to_vec()));
    }

    fn asks(&mut self, from: u32, request: Request) {
        self.tell(Input::Asked(from, request));
    }

    /// The segments that were sent on, in order.
    fn sent(&self) -> Vec<Sending> {
        let sends = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send(sending, _) => Some(*sending),
            _ => None,
        });
        sends.collect()
    }

    fn events(&self) -> Vec<&Event> {
        self.lab.trace().entries().iter().map(|Entry { event, .. }| event).collect()
    }

    fn waiting(&self) -> Vec<SegmentId> {
        self.lab.trace().present().waiting().into_owned()
    }
}

/// A listener of the server's at 8000, and a client's socket that connects to it from 4000.
fn handshake() -> Vec<SocketFacts> {
    let of = crate::model::testing::socket;
    vec![
        of(1, Side::Server, Some(3), State::Listen, (Some(end(8000)), None)),
        of(2, Side::Client, Some(3), State::SynSent, (Some(end(4000)), Some(end(8000)))),
    ]
}

fn returned(value: i64) -> Outcome {
    Ok(Returned { value, ..Returned::default() })
}

fn listen() -> Call {
    Call::Listen { fd: 3, backlog: 1 }
}
