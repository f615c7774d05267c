//! The check of the arguments of a step's call.

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::RawAction;
use super::raw_calls::RawReturns;
use super::raw_words::{SpannedNumber, SpannedText};
use super::{Action, ToldTerms};
use crate::model::{CallName, MessageFlags, OptionValue, SocketOption};

/// The calls for which the kernel fills an address.
const TELL_ADDRESS: [CallName; 5] =
    [CallName::GetSockName, CallName::GetPeerName, CallName::Accept, CallName::RecvFrom, CallName::RecvMsg];

/// The most bytes that a lesson may ask one `recv()` for: the program keeps what comes in its trace.
const MAX_RECV: i64 = 1 << 20;

impl Lint<'_> {
    /// So many bytes are asked for.
    pub(super) fn room(&mut self, max: &Spanned<i64>) -> Option<usize> {
        self.range(*max.get_ref(), 1..=MAX_RECV, max.span());
        usize::try_from(*max.get_ref()).ok()
    }

    /// The flags of a call that sends or receives: just those that are named; the usual ones where no list is there.
    pub(super) fn message_flags(
        &mut self,
        call: CallName,
        raw: Option<&Spanned<Vec<SpannedText>>>,
    ) -> Option<MessageFlags> {
        let Some(raw) = raw else { return Some(call.usual_flags()) };
        let named: Vec<_> = { raw.get_ref().iter() }
            .map(|word| call.flag_named(word.get_ref()).or_else(|| self.wrong(word, WordKind::MessageFlag(call))))
            .collect();
        named.into_iter().try_fold(MessageFlags::NONE, |all, one| Some(all.with(one?)))
    }

    /// An option that is set or asked for.
    pub(super) fn option_action(&mut self, raw: &RawAction) -> Option<Action> {
        match raw {
            RawAction::SetSockOpt { socket, option, value } => {
                let socket = self.socket(socket);
                // Whether this kernel has an option is looked for before the lesson begins: it must be one that can be.
                let known = SocketOption::of_lesson(option.get_ref());
                let option = known.or_else(|| self.wrong(option, WordKind::Option));
                Some(Action::SetOption { socket: socket?, option: option?, value: *value })
            }
            RawAction::GetSockOpt { socket, option } => {
                let socket = self.socket(socket);
                let known = SocketOption::asked_in_lesson(option.get_ref());
                let option = known.or_else(|| self.wrong(option, WordKind::AskedOption));
                Some(Action::GetOption { socket: socket?, option: option? })
            }
            _ => None,
        }
    }

    /// What a claim wants told: the value of `getsockopt()`, an address, or several.
    pub(super) fn told(&mut self, call: Option<CallName>, raw: &RawReturns) -> Option<Option<ToldTerms>> {
        if let (Some(_), Some(error)) = (&raw.address, &raw.error) {
            self.fault::<()>(error.span(), Fault::Exclusive("address", "error"));
        }
        if let (Some(_), Some(error)) = (&raw.addresses, &raw.error) {
            self.fault::<()>(error.span(), Fault::Exclusive("addresses", "error"));
        }
        if let Some(addresses) = &raw.addresses {
            return self.addresses(call, addresses).map(Some);
        }
        if let Some(address) = &raw.address {
            if call.is_some_and(|call| !TELL_ADDRESS.contains(&call)) {
                self.fault::<()>(address.span(), Fault::OnlyAddress);
            }
            return self.call_address(address).map(|address| Some(ToldTerms::Address(address)));
        }
        let value = raw.value.as_ref().filter(|_| call == Some(CallName::GetSockOpt));
        absent_or(value.map(|value| self.option_value(value)))
    }

    fn option_value(&mut self, raw: &SpannedNumber) -> Option<ToldTerms> {
        let text = &raw.get_ref().0;
        match OptionValue::named(text) {
            Some(value) => Some(ToldTerms::Value(value, text.clone())),
            None => self.fault(raw.span(), Fault::OptionValue(text.clone())),
        }
    }
}
