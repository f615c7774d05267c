//! The check of what a lesson wants of the machine, the lab and programs: what stands above its steps.

use std::collections::BTreeMap;

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::Lint;
use super::raw::RawProgram;
use super::raw_lab::{RawLab, RawSettings};
use super::raw_words::SpannedText;
use crate::model::{LOOPBACK_MTU, LabSettings, Mode, Need, Setting, SettingKind, Side};

impl Lint<'_> {
    pub(super) fn needs(&mut self, raw: Option<&Spanned<Vec<SpannedText>>>) -> Vec<Need> {
        let mut needs = Vec::new();
        for word in raw.iter().flat_map(|words| words.get_ref()) {
            match word.get_ref().as_str() {
                "ipv6" if needs.contains(&Need::Ipv6) => {
                    self.fault::<()>(word.span(), Fault::Twice(word.get_ref().clone()));
                }
                "ipv6" => needs.push(Need::Ipv6),
                _ => {
                    self.wrong::<()>(word, WordKind::Need);
                }
            }
        }
        needs
    }

    /// The sides whose part a program plays.
    pub(super) fn programs_of(&mut self, raw: Option<&Spanned<RawProgram>>, modes: &[Mode]) -> Vec<Side> {
        let Some(raw) = raw else { return Vec::new() };
        if modes.contains(&Mode::Host) {
            self.fault::<()>(raw.span(), Fault::ProgramOnlyLab);
        }
        let words = &raw.get_ref().sides;
        if words.get_ref().is_empty() {
            self.fault::<()>(words.span(), Fault::EmptyList(WordKind::Side));
        }
        let mut sides = Vec::new();
        for word in words.get_ref() {
            match self.side(word) {
                Some(side) if sides.contains(&side) => {
                    self.fault::<()>(word.span(), Fault::Twice(word.get_ref().clone()));
                }
                side => sides.extend(side),
            }
        }
        sides
    }

    pub(super) fn lab(&mut self, raw: Option<RawLab>) -> LabSettings {
        let RawLab { copies, delayed_ack, mtu, rto_min_ms, sysctl, core } = raw.unwrap_or_default();
        // The least that IPv4 must carry (RFC 791), and the loopback's own size.
        if let Some(mtu) = &mtu {
            self.range(i64::from(*mtu.get_ref()), 68..=i64::from(LOOPBACK_MTU), mtu.span());
        }
        let mtu = mtu.map(Spanned::into_inner);
        let [sysctl, core] = [(WordKind::Ipv4Setting, sysctl), (WordKind::CoreSetting, core)]
            .map(|(kind, raw)| self.settings(kind, raw));
        LabSettings { copies, delayed_ack, mtu, rto_min_ms, sysctl, core }
    }

    fn settings(&mut self, names: WordKind, raw: RawSettings) -> BTreeMap<String, Setting> {
        for (name, value) in &raw.0 {
            // The name becomes a file's name below /proc/sys: it must not lead elsewhere.
            if !names.allowed().contains(&name.get_ref().as_str()) {
                self.wrong::<()>(name, names);
            }
            let kind = SettingKind::of(name.get_ref());
            if !kind.fits(value.get_ref()) {
                self.fault::<()>(value.span(), Fault::SettingValue { name: name.get_ref().clone(), kind });
            }
        }
        raw.0.into_iter().map(|(name, value)| (name.into_inner(), value.into_inner())).collect()
    }
}
