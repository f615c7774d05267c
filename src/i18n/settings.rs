//! Why a setting of the lab's kernel can't be changed as somebody wrote it, in each language.

use std::sync::OnceLock;

use super::words::{self, words};
use super::{Lang, Localized, fill};
use crate::model::{HostsFault, RouteFault, RouteMetric, SettingFault, SettingKind};

/// All languages in one file, by its path below `assets`; a test reads it.
const ASSET: &str = "text/settings.toml";

words! {
    /// What a setting takes, by its kind.
    struct WantedTexts {
        number: Localized,
        range: Localized,
        three: Localized,
        name: Localized,
    }
}

words! {
    /// Why a route can't be changed.
    struct RouteTexts {
        form: Localized,
        to: Localized,
        metric: Localized,
        value: Localized,
        value_time: Localized,
        twice: Localized,
        nothing: Localized,
    }
}

words! {
    /// Why a lab's hosts can't be changed.
    struct HostsTexts {
        nothing: Localized,
        word: Localized,
        localhost: Localized,
        many: Localized,
        not_there: Localized,
    }
}

words! {
    struct SettingTexts {
        form: Localized,
        name: Localized,
        whole_machine: Localized,
        value: Localized,
        no_lab: Localized,
        wanted: WantedTexts,
        route: RouteTexts,
        hosts: HostsTexts,
    }
}

fn texts() -> &'static SettingTexts {
    static KEPT: OnceLock<SettingTexts> = OnceLock::new();
    words::kept(&KEPT, ASSET)
}

/// What is wrong with it, and what to do. What was written is not escaped.
pub fn setting_fault(fault: &SettingFault, lang: Lang) -> String {
    let t = texts();
    let of = |said: &Localized, found: &str| fill(said.get(lang), &[("found", found)]);
    match fault {
        SettingFault::Form(found) => of(&t.form, found),
        SettingFault::Name(found) => of(&t.name, found),
        SettingFault::WholeMachine(found) => of(&t.whole_machine, found),
        SettingFault::Value(name, kind) => {
            let wanted = match kind {
                SettingKind::Number => &t.wanted.number,
                SettingKind::Range => &t.wanted.range,
                SettingKind::Three => &t.wanted.three,
                SettingKind::Name => &t.wanted.name,
            };
            fill(t.value.get(lang), &[("name", name.as_str()), ("wanted", wanted.get(lang))])
        }
        SettingFault::Route(fault) => route_fault(fault, lang),
        SettingFault::Hosts(fault) => match fault {
            HostsFault::Nothing => t.hosts.nothing.get(lang).to_owned(),
            HostsFault::Word(found) => of(&t.hosts.word, found),
            HostsFault::Localhost => t.hosts.localhost.get(lang).to_owned(),
            HostsFault::NotThere(found) => of(&t.hosts.not_there, found),
            HostsFault::Many => t.hosts.many.get(lang).to_owned(),
        },
        SettingFault::NoLab => t.no_lab.get(lang).to_owned(),
    }
}

fn route_fault(fault: &RouteFault, lang: Lang) -> String {
    let t = &texts().route;
    let all = || RouteMetric::ALL.map(|metric| format!("`{}`", metric.name())).join(" ");
    match fault {
        RouteFault::Form(found) => fill(t.form.get(lang), &[("found", found)]),
        RouteFault::To(found) => fill(t.to.get(lang), &[("found", found)]),
        RouteFault::Metric(found) => fill(t.metric.get(lang), &[("found", found), ("all", &all())]),
        RouteFault::Value(metric, found) => {
            let text = if *metric == RouteMetric::RtoMin { &t.value_time } else { &t.value };
            fill(text.get(lang), &[("name", metric.name()), ("found", found)])
        }
        RouteFault::Twice(metric) => fill(t.twice.get(lang), &[("name", metric.name())]),
        RouteFault::Nothing => fill(t.nothing.get(lang), &[("all", &all())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language() {
        words::of_asset::<SettingTexts>(ASSET).unwrap();
        for lang in Lang::all() {
            let said = setting_fault(&SettingFault::Value("tcp_rmem".into(), SettingKind::Three), lang);
            assert!(said.contains("`tcp_rmem`") && said.contains("4096 8192 8192"), "{said}");
            let said = setting_fault(&SettingFault::Route(RouteFault::Metric("rtt".into())), lang);
            assert!(said.contains("`rtt`") && said.contains("`initcwnd`"), "{said}");
        }
    }
}
