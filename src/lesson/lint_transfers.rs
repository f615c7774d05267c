//! The check of calls that send and receive by other names than `send()` and `recv()`.

use toml::Spanned;

use super::TransferAction;
use super::fault::Fault;
use super::lint::{Lint, absent_or};
use super::raw::RawAction;
use super::raw_calls::{RawRead, RawRecvMsg, RawSendMsg, RawWrite};
use super::raw_words::SpannedText;
use crate::model::{CallName, MOST_BUFFERS};

impl Lint<'_> {
    /// One of the four.
    pub(super) fn transfer(&mut self, raw: &RawAction) -> Option<TransferAction> {
        match raw {
            RawAction::Read(RawRead { socket, max }) => {
                let (socket, max) = (self.socket(socket), self.room(max));
                Some(TransferAction::Read { socket: socket?, max: max? })
            }
            RawAction::Write(raw) => {
                let span = raw.span();
                let RawWrite { socket, text, line, received, bytes } = raw.get_ref();
                let socket = self.socket(socket);
                let payload = self.payload(span, socket.as_deref(), (text, line, received, bytes));
                Some(TransferAction::Write { socket: socket?, payload: payload? })
            }
            RawAction::SendMsg(RawSendMsg { socket, texts, to, flags }) => {
                let socket = self.socket(socket);
                let texts = self.texts(socket.as_deref(), texts);
                let to = absent_or(to.as_ref().map(|to| self.recipient(to)));
                let flags = self.message_flags(CallName::SendMsg, flags.as_ref());
                Some(TransferAction::SendMsg { socket: socket?, texts: texts?, to: to?, flags: flags? })
            }
            RawAction::RecvMsg(RawRecvMsg { socket, max, flags }) => {
                let socket = self.socket(socket);
                self.buffers(max.get_ref().len(), max);
                let rooms: Vec<_> = max.get_ref().iter().map(|max| self.room(max)).collect();
                let flags = self.message_flags(CallName::RecvMsg, flags.as_ref());
                let max = rooms.into_iter().collect::<Option<Vec<usize>>>();
                Some(TransferAction::RecvMsg { socket: socket?, max: max?, flags: flags? })
            }
            _ => None,
        }
    }

    /// So many buffers.
    fn buffers<T>(&mut self, count: usize, raw: &Spanned<T>) {
        self.range(i64::try_from(count).unwrap_or(i64::MAX), 1..=MOST_BUFFERS as i64, raw.span());
    }

    fn texts(&mut self, socket: Option<&str>, raw: &Spanned<Vec<SpannedText>>) -> Option<Vec<String>> {
        self.buffers(raw.get_ref().len(), raw);
        let all: usize = raw.get_ref().iter().map(|word| word.get_ref().len()).sum();
        if all == 0 {
            return self.fault(raw.span(), Fault::NothingToSend);
        }
        self.fits_a_packet(socket, all, raw.span());
        raw.get_ref().iter().map(|word| self.shown(word, &['\n', '\r', '\t']).map(|_| word.get_ref().clone())).collect()
    }
}
