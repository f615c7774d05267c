//! What a program did wrong that stays so: it sent to who had closed, or closed what it had not read.

use super::find::{Look, MOST, has, is_last_close, reads, unread};
use super::{DiagnosisKind, Evidence, ProgramDiagnosis, report};
use crate::explain::wire::AddressPair;
use crate::model::{Call, CallView, Errno, Event, SegmentView, SocketOption, SocketView};
use crate::tcp::Flags;

impl<'a> Look<'a> {
    /// The wire tells the order: a tracer's word on a call may come later than what the call sent. Data that acknowledges the FIN
    /// was sent when the FIN had come. A RST answers it where it has no ACK and begins at what the data acknowledges (RFC 9293,
    /// 3.5.2): the RST of a peer that only half-closed, read on and then closed with bytes unread has one.
    pub(super) fn wrote_after_fin(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let (local, remote) = self.view.last_ends(cookie)?;
        let reset = self.arrived((local, remote), Flags::RST)?;
        let fin = self.arrived((local, remote), Flags::FIN)?;
        let behind = fin.segment.tcp()?.seq.wrapping_add(fin.segment.len()).wrapping_add(1);
        let knows = |segment: &SegmentView<'a>| {
            let acks = segment.segment.tcp().is_some_and(|tcp| tcp.ack.wrapping_sub(behind) as i32 >= 0);
            segment.segment.from == local && !segment.segment.is_empty() && acks
        };
        let late = self.segments((local, remote)).take_while(|segment| segment.id > fin.id).filter(knows).last();
        let late = late.filter(|late| late.id < reset.id && answers(&reset, late))?;
        let calls: Vec<CallView<'a>> = self.view.calls_on(cookie).take(MOST).collect();
        // The newest: earlier ones may have sent the same bytes.
        let sends = |call: &&CallView<'a>| match (call.call, call.outcome) {
            (Call::Send { data, .. }, Some(Ok(_))) if call.entered < late.sent => {
                late.segment.payload().starts_with(data) || data.starts_with(late.segment.payload())
            }
            _ => false,
        };
        let broken = |call: &&CallView<'a>| matches!(call.outcome, Some(Err(Errno(libc::EPIPE | libc::ECONNRESET))));
        let broken = calls.iter().rev().find(broken);
        let mut evidence = vec![Evidence::Segment(fin.changed, fin.id)];
        evidence.extend(calls.iter().find(sends).map(|call| Evidence::Call(*call)));
        evidence.extend([Evidence::Segment(late.sent, late.id), Evidence::Segment(reset.changed, reset.id)]);
        evidence.extend(broken.map(|call| Evidence::Call(*call)));
        evidence.extend(broken.and_then(|call| self.signal_after(call)));
        self.told(DiagnosisKind::WroteAfterFin, socket, evidence)
    }

    /// The SIGPIPE that a call raised.
    fn signal_after(&self, call: &CallView<'a>) -> Option<Evidence<'a>> {
        let entries = &self.view.trace().entries()[..self.view.moment()];
        entries.iter().enumerate().skip(call.entered).take(MOST).find_map(|(moment, entry)| match entry.event {
            Event::Signal { caller, signal: libc::SIGPIPE } if caller == call.caller => {
                Some(Evidence::Signal(moment, libc::SIGPIPE))
            }
            _ => None,
        })
    }

    pub(super) fn closed_unread(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let close = self.view.calls_on(cookie).take(MOST).find(is_last_close)?;
        let reset = self.reset_of_a_close(cookie)?;
        let last = self.view.calls_on(cookie).take(MOST).find(reads);
        // How many they were the kernel says where it was asked after the last of them was read.
        let before = self.view.trace().at(close.entered);
        let known = before
            .socket(cookie)
            .filter(|socket| !socket.gone && last.is_none_or(|last| last.changed < socket.changed));
        let bytes = known.and_then(|socket| unread(socket.facts));
        let bytes = bytes.or_else(|| self.unread_at_reset(cookie, self.view.last_ends(cookie)?, &reset));
        self.told(DiagnosisKind::ClosedUnread(bytes), socket, Self::shows_reset(last, close, &reset))
    }

    /// The same, of a socket that the kernel closed because its program ended; of its own accord, since who is asked to end has no
    /// time to read on.
    pub(super) fn ended_unread(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let is_its = |call: &CallView<'a>| {
            let sockets = || call.made.map_or(&[][..], |made| &made.sockets);
            call.called() == "exit_group" && sockets().iter().any(|of| of.socket == cookie && of.others.is_empty())
        };
        let exit = self.threads().iter().find(|call| is_its(call)).copied()?;
        let reset = self.reset_of_a_close(cookie)?;
        if reset.sent < exit.entered || report::was_asked_to_end(self.view.trace(), self.program) {
            return None;
        }
        let last = self.view.calls_on(cookie).take(MOST).find(reads);
        self.told(DiagnosisKind::EndedUnread, socket, Self::shows_reset(last, exit, &reset))
    }

    /// The RST that a socket's end sent in the place of a FIN: so does the close of one with unread bytes (RFC 9293, 3.10.4; RFC
    /// 2525, 2.17), and one with SO_LINGER, of which nothing is told here.
    fn reset_of_a_close(&self, cookie: u64) -> Option<SegmentView<'a>> {
        let lingers = |call: CallView<'a>| matches!(call.call, Call::SetOption { option: SocketOption::LINGER, value, .. } if *value >= 0);
        if self.view.calls_on(cookie).any(lingers) {
            return None;
        }
        let ends = self.view.last_ends(cookie)?;
        let own: Vec<SegmentView<'a>> = self.segments(ends).filter(|segment| segment.segment.from == ends.0).collect();
        if own.iter().any(|segment| has(segment, Flags::FIN)) || self.arrived(ends, Flags::RST).is_some() {
            return None;
        }
        // The first: others may answer what still comes.
        own.iter().rev().find(|segment| has(segment, Flags::RST)).copied()
    }

    fn shows_reset(last: Option<CallView<'a>>, end: CallView<'a>, reset: &SegmentView<'a>) -> Vec<Evidence<'a>> {
        let reset = Evidence::Segment(reset.sent, reset.id);
        last.map(Evidence::Call).into_iter().chain([Evidence::Call(end), reset]).collect()
    }

    /// How many bytes were unread when a socket sent this RST: what it acknowledges, without what the program has taken.
    /// `None` where not all of that is known.
    fn unread_at_reset(&self, cookie: u64, ends: AddressPair, reset: &SegmentView<'a>) -> Option<u32> {
        let tcp = reset.segment.tcp().filter(|tcp| tcp.flags.has(Flags::ACK))?;
        let fin = u32::from(self.arrived(ends, Flags::FIN).is_some());
        // The SYN takes a number, and so does a FIN.
        let came = tcp.ack.wrapping_sub(reset.initials.other?.number).checked_sub(1 + fin)?;
        let mut left = came;
        for call in self.view.calls_on(cookie).filter(reads) {
            match (call.call, call.outcome) {
                (Call::Recv { .. }, Some(Ok(returned))) => {
                    left = left.checked_sub(u32::try_from(returned.value).ok()?)?
                }
                (_, Some(Err(_))) => {}
                _ => return None,
            }
        }
        Some(left).filter(|bytes| *bytes > 0)
    }
}

/// Whether a RST is a kernel's answer to a segment that bears an ACK (RFC 9293, 3.5.2).
fn answers(reset: &SegmentView<'_>, to: &SegmentView<'_>) -> bool {
    let numbers = reset.segment.tcp().zip(to.segment.tcp());
    numbers.is_some_and(|(reset, to)| !reset.flags.has(Flags::ACK) && reset.seq == to.ack)
}
