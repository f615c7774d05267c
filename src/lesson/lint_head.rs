//! The check of what a lesson wants of the machine, the lab and programs: what stands above its steps.

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::Lint;
use super::raw::{RawProgram, SpannedText};
use crate::model::{LOOPBACK_MTU, LabSettings, Mode, Need, Side, wrong_values};

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

    pub(super) fn lab(&mut self, raw: Option<Spanned<LabSettings>>) -> Option<LabSettings> {
        let Some(raw) = raw else { return Some(LabSettings::default()) };
        let span = raw.span();
        let lab = raw.into_inner();
        // The least that IPv4 must carry (RFC 791), and the loopback's own size.
        if let Some(mtu) = lab.mtu {
            self.range(i64::from(mtu), 68..=i64::from(LOOPBACK_MTU), span.clone());
        }
        for (kind, settings) in [(WordKind::Ipv4Setting, &lab.sysctl), (WordKind::CoreSetting, &lab.core)] {
            // The name becomes a file's name below /proc/sys: it must not lead elsewhere.
            for name in settings.keys().filter(|name| !kind.allowed().contains(&name.as_str())) {
                self.fault::<()>(span.clone(), Fault::Word { kind, found: name.clone() });
            }
            for (name, kind) in wrong_values(settings) {
                self.fault::<()>(span.clone(), Fault::SettingValue { name, kind });
            }
        }
        Some(lab)
    }
}
