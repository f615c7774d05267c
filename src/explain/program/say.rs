//! Facts in words.

use std::fmt::Display;

use super::super::past::call_at;
use super::super::situation::{LeftByClose, Situation};
use super::texts::{ProgramTexts, ProgramWords};
use super::{ProgramFact, ReadyReason, StillWaits, WaitedFor, WaitedSocket};
use crate::i18n::{Localized, escape};
use crate::model::{
    CallView, EpollEvents, Moment, PollEvents, PolledDescriptor, ProcessSocket, ProgramDescriptor, SegmentId, View,
    event_text, signal_name,
};
use crate::tcp::{Numbers, line};

/// So many things are named one by one.
const NAMED: usize = 6;

type Text = fn(&ProgramTexts) -> &Localized;

impl ProgramWords {
    pub(super) fn fact(&self, view: &View<'_>, call: &CallView<'_>, fact: &ProgramFact) -> String {
        let name = || escape(call.called());
        match fact {
            ProgramFact::Waits(sockets, others) => self.waits(&name(), sockets, *others),
            ProgramFact::WaitsUnknown => self.say(|t| &t.waits_unknown, &[("call", &name())]),
            ProgramFact::FoundNothing(at) => self.of_call(view, *at, |t| &t.found_nothing),
            ProgramFact::WaitsThen(at) => self.waits_then(view, *at),
            ProgramFact::Ready(ready, reason) => self.ready(view, ready, *reason),
            ProgramFact::NotReady => self.say(|t| &t.not_ready, &[]),
            ProgramFact::StillWaits(fd, why) => self.still_waits(*fd, *why),
            ProgramFact::ReadyUnknown(n) => self.say(|t| &t.ready_unknown, &[("n", n)]),
            ProgramFact::Again(signal) => self.signal(*signal, |t| &t.again, |t| &t.again_unknown),
            ProgramFact::Interrupted(signal) => self.say(|t| &t.interrupted, &[("signal", &signal_name(*signal))]),
            ProgramFact::MadeAgain => self.say(|t| &t.made_again, &[]),
            ProgramFact::Sigpipe => self.say(|t| &t.sigpipe, &[]),
            ProgramFact::NoSigpipe => self.say(|t| &t.no_sigpipe, &[]),
            _ => {
                let told = self.polled(call, fact).or_else(|| self.attempt(view, fact));
                told.unwrap_or_else(|| self.holders(view, call, fact))
            }
        }
    }

    /// What only a side's own call tells of its descriptors.
    fn polled(&self, call: &CallView<'_>, fact: &ProgramFact) -> Option<String> {
        let of = |fd: &i32, text: Text| Some(self.say(text, &[("fd", fd)]));
        let instance = |fd: &i32, epfd: &i32, text: Text| Some(self.say(text, &[("fd", fd), ("epfd", epfd)]));
        let hung_up = event_text(call.call.name(), PollEvents::HUP);
        match fact {
            ProgramFact::NotOpen(fd) => of(fd, |t| &t.polled_not_open),
            ProgramFact::ClosedMeanwhile(fd) => of(fd, |t| &t.polled_closed_meanwhile),
            ProgramFact::GivenAgain(fd) => of(fd, |t| &t.polled_given_again),
            ProgramFact::NeverConnected(fd) => {
                Some(self.say(|t| &t.polled_never_connected, &[("fd", fd), ("event", &hung_up)]))
            }
            ProgramFact::NeverConnectedSelected(fd) => of(fd, |t| &t.selected_never_connected),
            ProgramFact::BothEnded(fd) => Some(self.say(|t| &t.polled_both_ended, &[("fd", fd), ("event", &hung_up)])),
            ProgramFact::OwnReadingEnded(fd) => of(fd, |t| &t.polled_own_end),
            ProgramFact::Beyond(fd, nfds) => Some(self.say(|t| &t.beyond, &[("fd", fd), ("nfds", nfds)])),
            ProgramFact::BeyondTable(fd) => of(fd, |t| &t.beyond_table),
            ProgramFact::NothingWatched(epfd) => Some(self.say(|t| &t.nothing_watched, &[("epfd", epfd)])),
            ProgramFact::NothingCame(epfd) => Some(self.say(|t| &t.nothing_came, &[("epfd", epfd)])),
            ProgramFact::Watched(fd, epfd, events) => {
                let text: Text = if events.has(EpollEvents::EDGE) { |t| &t.watched_edge } else { |t| &t.watched_level };
                Some(self.say(text, &[("fd", fd), ("epfd", epfd), ("events", events)]))
            }
            ProgramFact::Unwatched(fd, epfd) => instance(fd, epfd, |t| &t.unwatched),
            ProgramFact::Forgotten(fd, epfd) => instance(fd, epfd, |t| &t.forgotten),
            ProgramFact::StaysWatched(fd, epfd) => instance(fd, epfd, |t| &t.stays_watched),
            ProgramFact::Edge(fd) => of(fd, |t| &t.told_edge),
            ProgramFact::OneShot(fd) => of(fd, |t| &t.told_once),
            _ => None,
        }
    }

    fn attempt(&self, view: &View<'_>, fact: &ProgramFact) -> Option<String> {
        let of = |id: SegmentId, text: Text| self.say(text, &[("segment", &segment(view, id))]);
        let one = |id: Option<SegmentId>, text: Text, without: Text| {
            id.map_or_else(|| self.say(without, &[]), |id| of(id, text))
        };
        Some(match fact {
            ProgramFact::SynSent(id) => of(*id, |t| &t.syn_sent),
            ProgramFact::SynTimedOut(id) => of(*id, |t| &t.syn_timed_out),
            ProgramFact::Unanswered(id) => of(*id, |t| &t.unanswered),
            ProgramFact::Connected(id) => one(*id, |t| &t.connected, |t| &t.connected_alone),
            ProgramFact::NoError => self.say(|t| &t.no_error, &[]),
            ProgramFact::AttemptEnded(id) => one(*id, |t| &t.attempt_ended, |t| &t.attempt_ended_alone),
            ProgramFact::Failed(errno, Some(id)) => {
                self.say(|t| &t.failed, &[("errno", errno), ("segment", &segment(view, *id))])
            }
            ProgramFact::Failed(errno, None) => self.say(|t| &t.failed_alone, &[("errno", errno)]),
            ProgramFact::OtherFamily(other) => match (&other.failed, other.refused) {
                (None, _) => self.say(|t| &t.other_open, &[("addr", &other.addr)]),
                (Some(errno), None) => self.say(|t| &t.other_failed, &[("addr", &other.addr), ("errno", errno)]),
                (Some(errno), Some(id)) => {
                    let values: [(&str, &dyn Display); 3] =
                        [("addr", &other.addr), ("errno", errno), ("segment", &segment(view, id))];
                    self.say(|t| &t.other_refused, &values)
                }
            },
            ProgramFact::Multipath => self.say(|t| &t.multipath, &[]),
            ProgramFact::NoMultipath(errno, false) => self.say(|t| &t.no_multipath, &[("errno", errno)]),
            ProgramFact::NoMultipath(errno, true) => self.say(|t| &t.no_multipath_tcp, &[("errno", errno)]),
            ProgramFact::FastOpenListens => self.say(|t| &t.fast_open_listens, &[]),
            ProgramFact::FastOpenConnects => self.say(|t| &t.fast_open_connects, &[]),
            ProgramFact::FastOpenDeferred => self.say(|t| &t.fast_open_deferred, &[]),
            ProgramFact::FastOpenAsks(id) => of(*id, |t| &t.fast_open_asks),
            ProgramFact::FastOpenData(id) => of(*id, |t| &t.fast_open_data),
            _ => return None,
        })
    }

    fn holders(&self, view: &View<'_>, call: &CallView<'_>, fact: &ProgramFact) -> String {
        match fact {
            ProgramFact::Held(own, others) => self.held(view, call, own, others),
            ProgramFact::Last(Some(id)) => self.say(|t| &t.last, &[("segment", &segment(view, *id))]),
            ProgramFact::Last(None) => self.say(|t| &t.last_alone, &[]),
            ProgramFact::InFlight(at) => self.of_call(view, *at, |t| &t.in_flight),
            ProgramFact::DuplicatedInstance(fd, new) => {
                self.say(|t| &t.duplicated_instance, &[("fd", fd), ("new", new)])
            }
            ProgramFact::Duplicated(fd, new) => self.say(|t| &t.duplicated, &[("fd", fd), ("new", new)]),
            ProgramFact::Inherited(child, fds) => {
                self.say(|t| &t.inherited, &[("process", child), ("fds", &self.fds(fds))])
            }
            ProgramFact::Executed(closed, kept) => {
                let values: [(&str, &dyn Display); 2] = [("closed", &self.fds(closed)), ("kept", &self.fds(kept))];
                match (closed.is_empty(), kept.is_empty()) {
                    (true, _) => self.say(|t| &t.executed_kept, &values),
                    (_, true) => self.say(|t| &t.executed_closed, &values),
                    _ => self.say(|t| &t.executed, &values),
                }
            }
            ProgramFact::Exits(fds) => self.say(|t| &t.exits, &[("fds", &self.fds(fds))]),
            ProgramFact::ExitLeaves(sockets) => self.exit_leaves(sockets),
            ProgramFact::HandedOn(fds) => self.say(|t| &t.handed_on, &[("fds", &self.fds(fds))]),
            ProgramFact::Received(fd, Some(process)) => self.say(|t| &t.received, &[("fd", fd), ("process", process)]),
            ProgramFact::Received(fd, None) => self.say(|t| &t.received_alone, &[("fd", fd)]),
            _ => String::new(),
        }
    }

    fn signal(&self, signal: Option<i32>, text: Text, without: Text) -> String {
        match signal {
            Some(signal) => self.say(text, &[("signal", &signal_name(signal))]),
            None => self.say(without, &[]),
        }
    }

    /// A text about an earlier or a later call.
    fn of_call(&self, view: &View<'_>, entered: Moment, text: Text) -> String {
        self.say(text, &[("call", &called(view, entered))])
    }

    fn waits_then(&self, view: &View<'_>, entered: Moment) -> String {
        let open = call_at(view, entered).is_some_and(|call| call.is_open());
        self.of_call(view, entered, if open { |t| &t.waits_now } else { |t| &t.waited_then })
    }

    fn waits(&self, call: &str, sockets: &[WaitedSocket], others: usize) -> String {
        if sockets.is_empty() {
            return self.say(|t| &t.waits_no_socket, &[("call", &call), ("n", &others)]);
        }
        let one = |socket: &WaitedSocket| {
            let text: Text = match socket.until {
                WaitedFor::Connection => |t| &t.until_connection,
                WaitedFor::Attempt => |t| &t.until_attempt,
                WaitedFor::Reading => |t| &t.until_readable,
                WaitedFor::Writing => |t| &t.until_writable,
                WaitedFor::Both => |t| &t.until_either,
                WaitedFor::Urgent => |t| &t.until_urgent,
                WaitedFor::Error => |t| &t.until_error,
            };
            self.say(text, &[("fd", &socket.fd)])
        };
        let mut named: Vec<String> = sockets.iter().take(NAMED).map(one).collect();
        if sockets.len() > NAMED {
            named.push(self.say(|t| &t.more, &[("n", &(sockets.len() - NAMED))]));
        }
        if others > 0 {
            named.push(self.say(|t| &t.until_others, &[("n", &others)]));
        }
        let separator = self.say(|t| &t.or, &[]);
        self.say(|t| &t.waits, &[("call", &call), ("what", &named.join(&separator))])
    }

    fn ready(&self, view: &View<'_>, ready: &PolledDescriptor, reason: ReadyReason) -> String {
        let of = |text: Text, id: SegmentId| self.say(text, &[("fd", &ready.fd), ("segment", &segment(view, id))]);
        let count = |text: Text, n: u32| self.say(text, &[("fd", &ready.fd), ("n", &n)]);
        match reason {
            ReadyReason::Handshake(id) => of(|t| &t.ready_handshake, id),
            ReadyReason::Queue(n) => count(|t| &t.ready_queue, n),
            ReadyReason::Data(id) => of(|t| &t.ready_data, id),
            ReadyReason::Urgent(id) => of(|t| &t.ready_urgent, id),
            ReadyReason::Bytes(n) => count(|t| &t.ready_bytes, n),
            ReadyReason::End(id) => of(|t| &t.ready_end, id),
            ReadyReason::Reset(id) => of(|t| &t.ready_reset, id),
            ReadyReason::Connected(id) => of(|t| &t.ready_connected, id),
            ReadyReason::Room => self.say(|t| &t.ready_room, &[("fd", &ready.fd)]),
            ReadyReason::Unknown if ready.events.has(PollEvents::ERR) => {
                self.say(|t| &t.ready_error, &[("fd", &ready.fd)])
            }
            ReadyReason::Unknown if ready.events.has(PollEvents::HUNG_UP) => {
                self.say(|t| &t.ready_hung_up, &[("fd", &ready.fd)])
            }
            ReadyReason::Unknown if ready.events.has(PollEvents::IN) => {
                self.say(|t| &t.ready_read, &[("fd", &ready.fd)])
            }
            ReadyReason::Unknown if ready.events.has(PollEvents::PRI) => {
                self.say(|t| &t.ready_urgent_there, &[("fd", &ready.fd)])
            }
            ReadyReason::Unknown => self.say(|t| &t.ready_write, &[("fd", &ready.fd)]),
        }
    }

    fn still_waits(&self, fd: i32, why: StillWaits) -> String {
        let text: Text = match why {
            StillWaits::NobodyWaits => |t| &t.idle_listener,
            StillWaits::NothingToRead => |t| &t.idle_empty,
            StillWaits::NoDatagram => |t| &t.idle_no_datagram,
            StillWaits::Unanswered => |t| &t.idle_unanswered,
            StillWaits::NothingUrgent => |t| &t.idle_no_urgent,
            StillWaits::OnlyErrors => |t| &t.idle_only_errors,
            StillWaits::EdgeEnd => |t| &t.edge_end,
            StillWaits::EdgeRoom => |t| &t.edge_room,
            StillWaits::SwitchedOff => |t| &t.switched_off,
            StillWaits::Full(n) => return self.say(|t| &t.idle_full, &[("fd", &fd), ("n", &n)]),
            StillWaits::EdgeBytes(n) => return self.say(|t| &t.edge_bytes, &[("fd", &fd), ("n", &n)]),
            StillWaits::EdgeQueue(n) => return self.say(|t| &t.edge_queue, &[("fd", &fd), ("n", &n)]),
        };
        self.say(text, &[("fd", &fd)])
    }

    fn held(
        &self,
        view: &View<'_>,
        call: &CallView<'_>,
        own: &[ProgramDescriptor],
        others: &[ProgramDescriptor],
    ) -> String {
        let fd = call.call.fd().unwrap_or(-1);
        let then = view.trace().at(call.entered);
        let before = Situation::of_call(&then, call);
        let socket = call.made.and_then(|made| made.socket).and_then(|socket| then.socket(socket));
        let told = socket.and_then(|socket| socket.state.tcp());
        let what: Text = match before.after_close(told) {
            LeftByClose::Listener => |t| &t.closes_listener,
            LeftByClose::Connection => |t| &t.closes_connection,
            LeftByClose::Socket => |t| &t.closes_number,
        };
        let what = self.say(what, &[("fd", &fd)]);
        let own: Vec<i32> = own.iter().map(|held| held.fd).collect();
        let mut processes: Vec<u32> = others.iter().map(|held| held.process).collect();
        processes.sort_unstable();
        processes.dedup();
        let values: [(&str, &dyn Display); 4] = [
            ("what", &what),
            ("own", &self.fds(&own)),
            ("n", &(processes.len() + usize::from(!own.is_empty() || !call.stands))),
            ("others", &self.descriptors(others)),
        ];
        match (own.is_empty(), others.is_empty()) {
            (false, true) => self.say(|t| &t.held_here, &values),
            (true, _) if processes.len() == 1 => self.say(|t| &t.held_by_two, &values),
            (true, _) => self.say(|t| &t.held_by_several, &values),
            (false, false) => self.say(|t| &t.held_here_and_there, &values),
        }
    }

    fn exit_leaves(&self, sockets: &[ProcessSocket]) -> String {
        let fds: Vec<i32> = sockets.iter().map(|socket| socket.fd).collect();
        let mut others: Vec<ProgramDescriptor> = sockets.iter().flat_map(|socket| socket.others.clone()).collect();
        others.sort_unstable();
        self.say(|t| &t.exit_leaves, &[("fds", &self.fds(&fds)), ("others", &self.descriptors(&others))])
    }

    fn fds(&self, fds: &[i32]) -> String {
        let mut named: Vec<String> = fds.iter().take(NAMED).map(i32::to_string).collect();
        if fds.len() > NAMED {
            named.push(self.say(|t| &t.more, &[("n", &(fds.len() - NAMED))]));
        }
        named.join(&self.say(|t| &t.and, &[]))
    }

    fn descriptors(&self, held: &[ProgramDescriptor]) -> String {
        let one =
            |held: &ProgramDescriptor| self.say(|t| &t.descriptor, &[("process", &held.process), ("fd", &held.fd)]);
        let mut named: Vec<String> = held.iter().take(NAMED).map(one).collect();
        if held.len() > NAMED {
            named.push(self.say(|t| &t.more, &[("n", &(held.len() - NAMED))]));
        }
        named.join(&self.say(|t| &t.and, &[]))
    }
}

fn segment(view: &View<'_>, id: SegmentId) -> String {
    view.segment(id).map_or_else(String::new, |segment| line(segment.segment, &segment.initials, Numbers::Symbolic))
}

/// `accept4(3)`: a call by its name and descriptor.
fn called(view: &View<'_>, entered: Moment) -> String {
    let Some(call) = call_at(view, entered) else { return String::new() };
    match call.made.and_then(|made| made.fd) {
        Some(fd) if call.made.is_some_and(|made| !made.polls()) => format!("{}({fd})", escape(call.called())),
        _ => escape(call.called()),
    }
}
