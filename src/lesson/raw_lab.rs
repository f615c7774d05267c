//! The lab's settings as a lesson's file has them, each with its place.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::raw_words::SpannedText;
use crate::model::{Copies, LabSettings, Setting};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table: `[lab]`")]
pub(super) struct RawLab {
    pub(super) copies: Copies,
    pub(super) delayed_ack: bool,
    pub(super) mtu: Option<Spanned<u32>>,
    pub(super) rto_min_ms: Option<u32>,
    pub(super) sysctl: RawSettings,
    pub(super) core: RawSettings,
}

impl Default for RawLab {
    fn default() -> RawLab {
        let LabSettings { copies, delayed_ack, rto_min_ms, .. } = LabSettings::default();
        let [sysctl, core] = [(); 2].map(|()| RawSettings::default());
        RawLab { copies, delayed_ack, mtu: None, rto_min_ms, sysctl, core }
    }
}

/// Settings of the kernel: their names, which have their places too, and their values, in the file's order.
#[derive(Default)]
pub(super) struct RawSettings(pub(super) Vec<(SpannedText, Spanned<Setting>)>);

impl<'de> Deserialize<'de> for RawSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawSettings, D::Error> {
        struct Settings;

        impl<'de> Visitor<'de> for Settings {
            type Value = RawSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawSettings, A::Error> {
                let mut settings = Vec::new();
                while let Some(setting) = map.next_entry()? {
                    settings.push(setting);
                }
                Ok(RawSettings(settings))
            }
        }

        deserializer.deserialize_map(Settings)
    }
}
