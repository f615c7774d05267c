//! What a program does again and again, for nothing.

use super::find::{Look, MOST, on, reads, told_end};
use super::{DiagnosisKind, Evidence, InARow, ProgramDiagnosis};
use crate::model::{CallView, Errno, SocketView};
use crate::tcp::State;

/// A call that has told the end of the data so often in a row has told it for nothing.
const AGAIN: usize = 3;
/// So many times in a row a call must have come back with EAGAIN.
const BUSY: usize = 20;

impl<'a> Look<'a> {
    /// Once the data has ended each further call says so: where calls in between weren't told, it was so often at least.
    pub(super) fn reads_on(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        if !matches!(socket.state.tcp()?, State::CloseWait | State::LastAck | State::Closing | State::TimeWait) {
            return None;
        }
        // What it sends in between, as an echo of nothing, doesn't make it stop.
        let reading = self.view.calls_on(socket.facts.cookie).take(MOST).filter(reads);
        let row = reading.skip_while(CallView::is_open).take_while(told_end);
        let row: Vec<CallView<'a>> = row.collect();
        let (newest, first) = (row.first()?, row.last()?);
        if row.len() < AGAIN {
            return None;
        }
        let evidence = vec![Evidence::Call(*first), Evidence::Call(*newest), self.kernel_state(socket)];
        let told_all = self.view.told_all_between(first.entered, newest.entered);
        let times = InARow { times: row.len(), or_more: row.len() >= MOST || !told_all };
        self.told(DiagnosisKind::ReadsOn(times), socket, evidence)
    }

    /// Only what was told without a gap is a row: a call in between that wasn't told may have waited.
    pub(super) fn asks_on(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let again =
            |call: &CallView<'a>| on(call) == Some(cookie) && matches!(call.outcome, Some(Err(Errno(libc::EAGAIN))));
        let newest = self.view.calls_on(cookie).find(|call| call.outcome.is_some()).filter(again)?;
        let row = self.view.calls_of_thread(newest.caller).take(MOST).skip_while(CallView::is_open).take_while(again);
        let row: Vec<CallView<'a>> = row.collect();
        let gapless =
            |older: &CallView<'a>, newer: &CallView<'a>| self.view.told_all_between(older.entered, newer.entered);
        let mut rows = row.chunk_by(|newer, older| gapless(older, newer));
        let row = rows.find(|row| row.len() >= BUSY)?;
        let (newest, first) = (row.first()?, row.last()?);
        let times = InARow { times: row.len(), or_more: row.len() >= MOST };
        self.told(DiagnosisKind::AsksOn(times), socket, vec![Evidence::Call(*first), Evidence::Call(*newest)])
    }
}
