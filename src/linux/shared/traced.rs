//! A program that runs in a shared lab and whose calls are seen: its tracer's word goes to the lab, and the lab's orders go to
//! the tracer.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::time::{Duration, Instant};

use super::joined::JoinedLab;
use super::link::Link;
use super::protocol::{FromMember, ToMember};
pub use super::reporter::TracedProgram;
use super::reporter::{LinkMessage, Reporter, SLEEPS};
use crate::lab::Request;
use crate::linux::orders::{Inbox, Orders};
use crate::linux::poll::{Polled, poll};
use crate::linux::tracer::{Tracer, TracerOrder, Watched};
use crate::model::{Caller, Event, HeldCalls, Member, ProgramThread, SegmentFilter, Side, Trace};

/// Before so many calls of a program of which all is to be known the kernel is asked.
const ASKED_FOR: usize = 2000;

/// How long the lab may take to tell of a program's end.
const LAST: Duration = Duration::from_secs(2);

/// What is wanted of a program that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To walk through its calls: they wait as the lab says.
    Walk,
    /// To run: its calls don't wait, unless somebody says so later.
    Pass,
    /// To know at its end all that happened ([`TracedProgram::Seen`]): its calls wait as the lab says; where nobody makes calls there, they
    /// are let go at once, and segments pass.
    Know,
}

impl JoinedLab {
    /// Runs a program in the lab, and all that it starts, until nothing of it is left. `plays`: whose part it is meant
    /// to play. `tell` hears what becomes of it.
    ///
    /// # Errors
    /// Where the program can't be started.
    pub fn run_traced(
        mut self,
        command: Command,
        (wanted, plays): (Wanted, Option<Side>),
        mut tell: impl FnMut(TracedProgram),
    ) -> io::Result<()> {
        let (orders, inbox) = Orders::<LinkMessage>::new()?;
        let mut link = self.take_link();
        let mut asked: Vec<FromMember> = Vec::new();
        asked.extend(plays.map(|side| FromMember::Request(Request::Play(side))));
        asked.extend(match wanted {
            Wanted::Walk => vec![],
            Wanted::Pass => vec![FromMember::Request(Request::Hold(Some(self.number()), HeldCalls::None))],
            Wanted::Know => vec![
                FromMember::Looks,
                FromMember::Request(Request::Pass(SegmentFilter::All, Some(Duration::ZERO))),
                FromMember::Request(Request::Hold(Some(self.number()), HeldCalls::Walk)),
            ],
        });
        // Where the lab is gone already, the loop hears that.
        if let Some(link) = &mut link {
            for asked in &asked {
                link.say(asked);
            }
        }
        let held = match wanted {
            Wanted::Pass => HeldCalls::None,
            Wanted::Know if self.held() == HeldCalls::None => HeldCalls::Walk,
            Wanted::Walk | Wanted::Know => self.held(),
        };
        let reporter = Arc::new(Mutex::new(Reporter::new(orders)));
        // It ends with the thread that traces, by which it is known that nothing more comes.
        let known_here = Arc::downgrade(&reporter);
        let hears = move |seen| reporter.lock().unwrap_or_else(PoisonError::into_inner).hear(seen);
        let tracer = Tracer::start(command, held, Watched::All, hears)?;
        tell(TracedProgram::Runs(tracer.process()));
        let known = (wanted == Wanted::Know).then(KnownLab::default);
        let number = self.number();
        let (threads, look_at) = (HashMap::new(), None);
        let without_lab = TracerOrder::Hold(HeldCalls::None);
        let mut running = RunningProgram {
            link,
            tracer: &tracer,
            reporter: known_here,
            number,
            threads,
            look_at,
            known,
            without_lab,
        };
        while !running.serve(&inbox, &mut tell)? {}
        drop(running);
        tracer.wait().map(drop)
    }
}

/// A program that runs.
pub(super) struct RunningProgram<'a> {
    /// `None` once the lab is gone.
    pub(super) link: Option<Link>,
    pub(super) tracer: &'a Tracer,
    pub(super) reporter: Weak<Mutex<Reporter>>,
    /// The program's number in the lab.
    pub(super) number: u32,
    /// The threads that stand before a call, by the numbers that the lab knows.
    pub(super) threads: HashMap<u32, ProgramThread>,
    /// When it is to be looked which calls sleep that weren't told.
    pub(super) look_at: Option<Instant>,
    /// What is known of the lab, where that is wanted.
    pub(super) known: Option<KnownLab>,
    /// What the tracer is told once the lab is gone: nobody could let a call go any more.
    pub(super) without_lab: TracerOrder,
}

/// What happened in the lab.
#[derive(Default)]
pub(super) struct KnownLab {
    trace: Box<Trace>,
    /// How many calls were let go at once.
    let_go: usize,
    /// How the program ended, and until when the lab's word on that is waited for.
    ended: Option<(ExitStatus, Instant)>,
}

impl KnownLab {
    /// What happened until now. What the program leaves running is let go on as before: of the lab it is kept who is there.
    fn goes_on(&mut self) -> Box<Trace> {
        let mut rest = Box::<Trace>::default();
        let at = self.trace.entries().last().map_or(Duration::ZERO, |entry| entry.at);
        for member in self.trace.present().members() {
            rest.push(at, Event::Joined(member.clone()));
        }
        std::mem::replace(&mut self.trace, rest)
    }
}

impl RunningProgram<'_> {
    /// Waits for what the program does and for what the lab says, and hands both on. Whether nothing is left of the program.
    pub(super) fn serve(
        &mut self,
        inbox: &Inbox<LinkMessage>,
        tell: &mut impl FnMut(TracedProgram),
    ) -> io::Result<bool> {
        let link = self.link.as_ref();
        let own = Polled { fd: inbox.waker(), writes: false };
        let polled =
            [own].into_iter().chain(link.map(|link| Polled { fd: link.as_fd(), writes: link.wants_to_send() }));
        let polled: Vec<Polled<'_>> = polled.collect();
        let ready = poll(polled.iter(), self.due().map(|at| at.saturating_duration_since(Instant::now())))?;
        let over = ready[0] && !inbox.silence()?;
        for said in inbox.take() {
            match said {
                LinkMessage::Stands(number, thread, news) => {
                    self.threads.insert(number, thread);
                    self.say(&FromMember::seen(news), tell);
                    self.lets_go(Some(number), tell);
                }
                LinkMessage::Lab(said) => self.say(&said, tell),
                LinkMessage::Awaited(said, waits) => {
                    self.say(&said, tell);
                    // Who waited too long doesn't wait any more.
                    let _ = waits.send(());
                }
                LinkMessage::Sleeps => drop(self.look_at.get_or_insert_with(|| Instant::now() + SLEEPS)),
                LinkMessage::Course(TracedProgram::Ended(status)) => self.ended(status, tell),
                LinkMessage::Course(course) => tell(course),
            }
        }
        if ready.get(1) == Some(&true) {
            self.hear(tell);
        }
        self.look();
        self.tells_end(tell);
        Ok(over && self.known.as_ref().is_none_or(|known| known.ended.is_none()))
    }

    /// Where what happens is to be known and nobody makes calls in the lab, calls are let go at once: the kernel is asked before
    /// each. After many, they pass without that. `of`: a thread that stands; else all.
    fn lets_go(&mut self, of: Option<u32>, tell: &mut impl FnMut(TracedProgram)) {
        let Some(known) = &mut self.known else { return };
        if known.trace.present().members().into_iter().any(Member::steps) {
            return;
        }
        let threads: Vec<u32> = of.map_or_else(|| self.threads.keys().copied().collect(), |of| vec![of]);
        let before = known.let_go;
        known.let_go += threads.len();
        let passes = before < ASKED_FOR && known.let_go >= ASKED_FOR;
        for worker in threads {
            // Whose part the thread plays, the lab says.
            let caller = Caller { actor: Side::Client.into(), worker };
            self.say(&FromMember::Request(Request::LetCall(caller)), tell);
        }
        if passes {
            self.say(&FromMember::Request(Request::Hold(Some(self.number), HeldCalls::None)), tell);
        }
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Option<Instant> {
        let last = self.known.as_ref().and_then(|known| known.ended).map(|(_, last)| last);
        self.look_at.into_iter().chain(last).min()
    }

    /// Tells which calls sleep that weren't told.
    fn look(&mut self) {
        if self.look_at.is_some_and(|at| at <= Instant::now()) {
            self.look_at = self.reporter.upgrade().and_then(|reporter| {
                let again = match reporter.try_lock() {
                    Ok(mut reporter) => reporter.tell_sleepers(),
                    Err(TryLockError::Poisoned(broken)) => broken.into_inner().tell_sleepers(),
                    // The tracer tells something, and may wait until this thread has said it.
                    Err(TryLockError::WouldBlock) => true,
                };
                again.then(|| Instant::now() + SLEEPS)
            });
        }
    }

    /// The program that was started has ended. Where it is wanted what happened, the lab's word on that comes first.
    fn ended(&mut self, status: ExitStatus, tell: &mut impl FnMut(TracedProgram)) {
        match &mut self.known {
            Some(known) => known.ended = Some((status, Instant::now() + LAST)),
            None => tell(TracedProgram::Ended(status)),
        }
    }

    fn tells_end(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        let Some(known) = &mut self.known else { return };
        let Some((status, last)) = known.ended else { return };
        let trace = &known.trace;
        let is_over = |event: &Event| matches!(event, Event::ProgramEnded { program, .. } if *program == self.number);
        let told = trace.entries().iter().rev().any(|entry| is_over(&entry.event));
        if told || self.link.is_none() || last <= Instant::now() {
            known.ended = None;
            tell(TracedProgram::Seen(known.goes_on(), self.number));
            tell(TracedProgram::Ended(status));
        }
    }

    fn say(&mut self, said: &FromMember, tell: &mut impl FnMut(TracedProgram)) {
        if self.link.as_mut().is_some_and(|link| !link.say(said)) {
            self.lab_gone(tell);
        }
    }

    fn hear(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        let Some(link) = &mut self.link else { return };
        let (said, open) = link.read::<ToMember>();
        let open = open && link.flush();
        let mut gone = false;
        for said in said {
            match said {
                ToMember::LetCall(number) => {
                    if let Some(thread) = self.threads.remove(&number) {
                        self.tracer.order(TracerOrder::Go(thread));
                    }
                }
                ToMember::Hold(held) => self.tracer.order(TracerOrder::Hold(held)),
                ToMember::Happened(entries) => {
                    let left = entries.iter().any(|entry| matches!(entry.event, Event::Left(_)));
                    if let Some(known) = &mut self.known {
                        for entry in entries {
                            known.trace.push(entry.at, entry.event);
                        }
                    }
                    // Who could have let them go may be gone.
                    gone |= left;
                }
                ToMember::Failed(_) => return self.lab_gone(tell),
                _ => {}
            }
        }
        if !open {
            self.lab_gone(tell);
        } else if gone {
            self.lets_go(None, tell);
        }
    }

    fn lab_gone(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        self.link = None;
        self.tracer.order(self.without_lab);
        tell(TracedProgram::LabGone);
    }
}
