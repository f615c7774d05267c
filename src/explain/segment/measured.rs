//! What of a receiver's end changed that neither its state nor its queues nor its timers show: what `TCP_INFO` of `tcp(7)` has.

use std::fmt::Display;

use super::SegmentContext;
use crate::model::{InfoField, SocketFacts, TcpInfo};

impl SegmentContext<'_> {
    /// That it cuts its data into other pieces from now on, as a smaller path MTU has it (`tcp_sync_mss()`). What a handshake settles is
    /// no news.
    pub(super) fn segment_size(&self, before: &SocketFacts, after: &SocketFacts) -> Option<String> {
        let (before, after) = self.measured(before, after)?;
        let (from, to) = (before.snd_mss?, after.snd_mss?);
        let told = from != to && from > 0 && to > 0;
        told.then(|| self.words.say(|t| &t.segment_size, &[("from", &from), ("to", &to)]))
    }

    /// What else changed, where nothing else is told of the end: the window that it may use, and the numbers by which it sends.
    pub(super) fn measures(&self, before: &SocketFacts, after: &SocketFacts) -> Vec<String> {
        let Some((before, after)) = self.measured(before, after) else { return Vec::new() };
        let window = before.snd_wnd.zip(after.snd_wnd).filter(|(from, to)| from != to);
        let window = window.map(|(from, to)| self.words.say(|t| &t.peer_window, &[("from", &from), ("to", &to)]));
        let list = self.words.lang.list(changed(before, after));
        let facts: &[(&str, &dyn Display)] = &[("list", &list)];
        let fields = (!list.is_empty()).then(|| self.words.say(|t| &t.info_fields, facts));
        window.into_iter().chain(fields).collect()
    }

    /// What the kernel told before and after, where it was asked just before the segment came and the state is the same.
    fn measured<'f>(&self, before: &'f SocketFacts, after: &'f SocketFacts) -> Option<(&'f TcpInfo, &'f TcpInfo)> {
        let asked = self.segment.reasons.is_some() && before.state == after.state;
        before.info.as_ref().zip(after.info.as_ref()).filter(|_| asked)
    }
}

/// The numbers that differ, by the kernel's names; times grow by themselves.
fn changed(before: &TcpInfo, after: &TcpInfo) -> Vec<String> {
    let numbers = InfoField::ALL.into_iter().filter(|field| !field.is_time() && *field != InfoField::Mss);
    let numbers = numbers.filter_map(|field| {
        let (from, to) = field.of(before).zip(field.of(after))?;
        (from != to).then(|| format!("{} {from} → {to}", field.name()))
    });
    let about = before.ca_state.zip(after.ca_state).filter(|(from, to)| from != to);
    let about = about.map(|(from, to)| format!("ca_state {} → {}", from.name(), to.name()));
    numbers.chain(about).collect()
}
