//! The check of `getaddrinfo()`, of the names in a lab's hosts, and of the addresses that are claimed.

use std::str::FromStr;

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::RawAction;
use super::raw_calls::RawGetAddrInfo;
use super::raw_words::SpannedText;
use super::{Action, Address, ToldTerms};
use crate::model::{CallName, KernelChange, LONGEST_NAME, Lookup, LookupFamily, LookupFlags, Mode, SettingFault};

impl Lint<'_> {
    /// One of these; `None` also of every other action.
    pub(super) fn lookup(&mut self, raw: &RawAction) -> Option<Action> {
        match raw {
            RawAction::GetAddrInfo(raw) => self.get_addr_info(raw),
            RawAction::Hosts(line) => self.lab_line(line, KernelChange::Hosts, SettingFault::Hosts),
            RawAction::Fork(raw) => self.fork(raw),
            _ => None,
        }
    }

    fn get_addr_info(&mut self, raw: &RawGetAddrInfo) -> Option<Action> {
        let side = self.side(&raw.side);
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.side.span(), Fault::LookupOnlyLab);
        }
        let (node, service) = (self.name(raw.node.as_ref()), self.name(raw.service.as_ref()));
        let family = absent_or(raw.family.as_ref().map(|word| self.family(word)));
        let flags: Vec<Option<LookupFlags>> =
            raw.flags.iter().flat_map(|flags| flags.get_ref()).map(|word| self.lookup_flag(word)).collect();
        let flags = flags.into_iter().try_fold(LookupFlags::default(), |all, flag| Some(all.with(flag?)));
        let family = family?.unwrap_or_default();
        let lookup = Lookup { node: node?, service: service?, family, flags: flags? };
        Some(Action::GetAddrInfo { side: side?, lookup: Box::new(lookup) })
    }

    fn name(&mut self, word: Option<&SpannedText>) -> Option<Option<String>> {
        let Some(word) = word else { return Some(None) };
        self.range(i64::try_from(word.get_ref().len()).unwrap_or(i64::MAX), 0..=LONGEST_NAME as i64, word.span());
        self.shown(word, &[])?;
        Some(Some(word.get_ref().clone()))
    }

    fn family(&mut self, word: &SpannedText) -> Option<LookupFamily> {
        self.named(word, LookupFamily::names(), WordKind::LookupFamily)
    }

    fn lookup_flag(&mut self, word: &SpannedText) -> Option<LookupFlags> {
        self.named(word, LookupFlags::names(), WordKind::LookupFlag)
    }

    /// What a word means that must be one of these names, as they are written: no number, and not several.
    fn named<T: FromStr>(
        &mut self,
        word: &SpannedText,
        mut names: impl Iterator<Item = &'static str>,
        kind: WordKind,
    ) -> Option<T> {
        let known = names.any(|name| name == word.get_ref());
        known.then(|| word.get_ref().parse().ok()).flatten().or_else(|| self.wrong(word, kind))
    }

    /// The list that `getaddrinfo()` is to give, whole and in its order.
    pub(super) fn addresses(&mut self, call: Option<CallName>, raw: &Spanned<Vec<SpannedText>>) -> Option<ToldTerms> {
        if call.is_some_and(|call| call != CallName::GetAddrInfo) {
            self.fault::<()>(raw.span(), Fault::OnlyAddresses);
        }
        // They need not be this machine's: nothing is sent to them.
        let addresses: Vec<Option<Address>> = { raw.get_ref().iter() }
            .map(|word| {
                let fault = Fault::Address(word.get_ref().clone());
                word.get_ref().parse().map(Address::At).ok().or_else(|| self.fault(word.span(), fault))
            })
            .collect();
        addresses.into_iter().collect::<Option<Vec<_>>>().map(ToldTerms::Addresses)
    }
}
