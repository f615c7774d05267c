//! What of programs doesn't wait: which of their calls, and that segments pass; and the rules of the wire.

use ratatui::text::Line;

use crate::i18n::{escape, fill};
use crate::model::{
    Actor, ChangedSetting, HeldCalls, Member, Moment, Role, SegmentFilter, Side, StoppedProcess, signal_name,
};
use crate::tui::programs;
use crate::tui::scene::Scene;
use crate::tui::wrap::{cut, wrap_text};

/// An actor by its part.
pub(super) fn name(scene: &Scene<'_>, actor: Actor) -> String {
    scene.view.known_as(actor).name(match actor.side {
        Side::Server => &scene.texts.free.role_server,
        Side::Client => &scene.texts.free.role_client,
    })
}

/// The same in a sentence: "server 2" is a name.
pub(super) fn in_sentence(scene: &Scene<'_>, actor: Actor) -> String {
    crate::i18n::in_sentence(scene.view.known_as(actor), scene.app.lang())
}

/// Between whom, in words.
pub(super) fn segments(scene: &Scene<'_>, which: SegmentFilter) -> String {
    let t = &scene.texts.free;
    match which {
        SegmentFilter::All => t.pass_all.clone(),
        SegmentFilter::To(actor) => fill(&t.pass_to, &[("side", &in_sentence(scene, actor))]),
        SegmentFilter::Of(connection) => {
            let [low, high] = connection.ends();
            format!("{low} – {high}")
        }
    }
}

/// The rules of the wire, in few words, and how many where these are too many; `None` where it has none.
pub(super) fn of_wire(scene: &Scene<'_>) -> Option<(String, String)> {
    let t = &scene.texts.rules;
    let rules = scene.view.wire_rules();
    let [first, ..] = rules else { return None };
    let count = fill(&t.title_count, &[("n", &rules.len())]);
    match rules {
        [_] => Some((fill(&t.title, &[("rule", &scene.view.rule_known_as(&first.rule))]), count)),
        _ => Some((count.clone(), count)),
    }
}

/// So many settings stand fixed below the explanation; where there are more, they stand behind it.
const FIXED_SETTINGS: usize = 3;

/// The settings of the lab's kernel that are other ones than at the beginning, each in a line; of many the newest, and that the others
/// stand behind the explanation.
pub(super) fn settings(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let changed = scene.view.changed_settings();
    let n = changed.len();
    if n > FIXED_SETTINGS {
        let mut lines = newest_setting(scene, scene.fresh_from, width);
        let text = fill(&scene.texts.rules.settings_behind, &[("n", &n)]);
        lines.extend(wrap_text(&text, scene.theme.waits.0, width));
        return lines;
    }
    let mut lines = all_settings(scene, width);
    let newest = scene.view.newest_setting().filter(|(moment, _)| *moment >= scene.fresh_from);
    // One that was set to what it was all along stands among no changed ones; that one is set back is seen as its line goes.
    let changes_nothing = |newest: &ChangedSetting| {
        newest.now.as_ref().ok() == newest.before.as_ref() && changed.iter().all(|one| one.name != newest.name)
    };
    if newest.is_some_and(|(_, newest)| newest.now.is_err() || changes_nothing(newest)) {
        lines.extend(newest_setting(scene, scene.fresh_from, width));
    }
    lines
}

/// Those that stand behind the explanation, since they are many.
pub(super) fn settings_behind(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let many = scene.view.changed_settings().len() > FIXED_SETTINGS;
    if many { all_settings(scene, width) } else { Vec::new() }
}

fn all_settings(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    scene.view.changed_settings().iter().flat_map(|changed| setting(scene, changed, width)).collect()
}

/// What a setting is, and was.
fn setting(scene: &Scene<'_>, changed: &ChangedSetting, width: usize) -> Vec<Line<'static>> {
    let told = |text: Option<&str>| text.map_or_else(|| "?".to_owned(), escape);
    // Of a later change it was told what stood there just before it.
    let (now, before) = (changed.now.as_deref().ok(), scene.view.setting_before(&changed.name));
    let facts = [("name", escape(&changed.name)), ("now", told(now)), ("before", told(before))];
    wrap_text(&fill(&scene.texts.rules.setting, &facts), scene.theme.waits.0, width)
}

/// The setting that was changed last, or was to be, at this moment or later.
pub(super) fn newest_setting(scene: &Scene<'_>, since: Moment, width: usize) -> Vec<Line<'static>> {
    match scene.view.newest_setting().filter(|(moment, changed)| *moment >= since && changed.now.is_ok()) {
        Some((_, changed)) => setting(scene, changed, width),
        None => refused_setting(scene, since, width),
    }
}

/// The setting that was to be changed last, at this moment or later, where the kernel refused it.
fn refused_setting(scene: &Scene<'_>, since: Moment, width: usize) -> Vec<Line<'static>> {
    let Some((_, changed)) = scene.view.newest_setting().filter(|(moment, _)| *moment >= since) else {
        return Vec::new();
    };
    let Err(errno) = changed.now else { return Vec::new() };
    let facts = [("name", escape(&changed.name)), ("errno", errno.to_string())];
    wrap_text(&fill(&scene.texts.rules.setting_refused, &facts), scene.theme.bad.0, width)
}

/// How many these are; `None` where all are as at the beginning.
pub(super) fn settings_count(scene: &Scene<'_>) -> Option<String> {
    let n = scene.view.changed_settings().len();
    (n > 0).then(|| fill(&scene.texts.rules.settings_count, &[("n", &n)]))
}

/// Which calls of programs wait, where programs run and somebody can let them go.
pub(super) fn holding(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let t = &scene.texts.free;
    if !scene.app.walk().steps_freely() || programs::actors(scene.app).is_empty() {
        return Vec::new();
    }
    let levels = programs::levels(scene.app);
    let one = |(held, of): &(HeldCalls, Vec<&Member>)| {
        let text = match held {
            HeldCalls::None => &t.holds_none,
            HeldCalls::Walk => &t.holds_walk,
            HeldCalls::All => &t.holds_all,
        };
        let who = if levels.len() == 1 { t.holds_of_all.clone() } else { names(scene, of) };
        fill(text, &[("who", &who)])
    };
    let untold = scene.view.untold_calls();
    let told = (untold > 0).then(|| fill(&t.untold, &[("n", &untold)]));
    let lines = levels.iter().map(one).chain(told);
    lines.flat_map(|text| wrap_text(&text, scene.theme.waits.0, width)).collect()
}

/// The signal that stopped the program that this process of the lab runs, where it is stopped.
pub(super) fn stopped(scene: &Scene<'_>, process: u32) -> Option<i32> {
    let present = scene.app.walk().trace().present();
    let program = present.members().into_iter().find(|member| member.pid == process)?;
    present.stopped().into_iter().find(|of| of.program == program.number).map(|of| of.signal)
}

/// That programs are stopped, and what lets them go on.
pub(super) fn stops(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let line = |of: StoppedProcess| {
        let who = scene.view.program(of.caller.actor).map_or_else(String::new, |program| match &program.role {
            Role::Runs(name) => cut(&escape(name), 16),
            _ => String::new(),
        });
        let process = of.process.map_or_else(|| "PID".to_owned(), |process| process.to_string());
        let facts = [("who", who), ("signal", signal_name(of.signal)), ("process", process)];
        wrap_text(&fill(&scene.texts.free.stopped, &facts), scene.theme.bad.0, width)
    };
    scene.view.stopped().into_iter().flat_map(line).collect()
}

/// Programs by the parts that they play; one that has made no call by its name.
fn names(scene: &Scene<'_>, of: &[&Member]) -> String {
    let actors = programs::actors(scene.app);
    let one = |program: &&Member| {
        let played: Vec<String> =
            actors.iter().filter(|actor| program.makes(**actor)).map(|actor| name(scene, *actor)).collect();
        match &program.role {
            Role::Runs(program) if played.is_empty() => cut(&escape(program), 16),
            _ => played.join(" + "),
        }
    };
    scene.app.lang().list(of.iter().map(one))
}

/// What of programs doesn't wait, in few words: their calls, segments.
pub(super) fn running(scene: &Scene<'_>) -> Option<String> {
    let t = &scene.texts.free;
    let levels = programs::levels(scene.app);
    if !scene.app.walk().steps_freely() || levels.is_empty() {
        return None;
    }
    let run = levels.iter().find(|(held, _)| *held == HeldCalls::None);
    let calls = run.map(|(_, of)| match levels.len() {
        1 => t.run_calls.clone(),
        _ => fill(&t.run_calls_of, &[("who", &names(scene, of))]),
    });
    let passing = scene.view.passing().filter(|passing| !passing.rules.is_empty());
    let segments = passing.map(|passing| match passing.rule(SegmentFilter::All) {
        Some(_) => t.run_segments.clone(),
        None => t.run_some_segments.clone(),
    });
    let parts: Vec<String> = [calls, segments].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
