//! The top line; in the past, the banner that says so.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::i18n::width as display_width;
use crate::i18n::{escape, fill};
use crate::model::{Actor, Member, Mode, Role, Side};
use crate::tui::scene::{Scene, put, spread};
use crate::tui::wrap::cut;
use crate::walk::Purpose;

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let width = usize::from(area.width);
    let line = if scene.app.in_past() { banner(scene, width) } else { title(scene, width) };
    put(buf, area, [line]);
}

fn banner(scene: &Scene<'_>, width: usize) -> Line<'static> {
    let t = &scene.texts.header;
    let (n, of) = (scene.view.moment().to_string(), scene.app.walk().trace().now().to_string());
    let when = format!("+{:.3} s", scene.view.at().as_secs_f64());
    // Of a recording nothing goes on.
    let more = if scene.app.replays() { &t.recorded_more } else { &t.past_more };
    let left = format!(" ◀◀ {}  {when}", fill(&t.past, &[("n", &n), ("of", &of)]));
    let right = format!("{more} ");
    spread(vec![Span::raw(left)], vec![Span::raw(right)], width).style(scene.theme.past.0)
}

fn title(scene: &Scene<'_>, width: usize) -> Line<'static> {
    let theme = scene.theme;
    let walk = scene.app.walk();
    let (position, shorter) = position(scene);
    let mut right = vec![position];
    if scene.app.auto().is_some() {
        right.push(plays(scene, scene.app.pace()));
    }
    let running = super::rules::running(scene);
    let at = right.len();
    right.extend(running.clone());
    let wire = super::rules::of_wire(scene);
    let ruled = right.len();
    right.extend(wire.iter().map(|(rule, _)| rule.clone()));
    right.extend(super::rules::settings_count(scene));
    let (long, short) = mode(scene, walk.mode());
    right.push(long);
    right.push(scene.app.lang().code().to_owned());
    right.push(format!("? {}", scene.texts.label("help")));
    let lesson = match walk.lesson() {
        Some(lesson) => lesson.title.get(scene.app.lang()),
        None => free_title(scene),
    };
    let measure = |right: &[String]| right.iter().map(|part| display_width(part) + 3).sum::<usize>();
    let name = " sockwalk  ";
    let is_full = |right: &[String]| measure(right) + name.len() + display_width(lesson) >= width;
    if let Some((_, count)) = wire.filter(|_| is_full(&right)) {
        right[ruled] = count;
    }
    if is_full(&right) {
        let mode = right.len() - 3;
        right[mode] = short;
    }
    if is_full(&right) {
        right[0] = shorter;
    }
    // It stands below the explanation too.
    if is_full(&right) && running.is_some() {
        right.remove(at);
    }
    let room = width.saturating_sub(measure(&right) + name.len() + 1);
    let left = vec![Span::styled(name, theme.title.0), Span::styled(cut(lesson, room), theme.text.0)];
    let mut spans = Vec::new();
    for (n, part) in right.into_iter().enumerate() {
        spans.push(Span::styled(if n == 0 { "  " } else { " · " }, theme.dim.0));
        spans.push(Span::styled(part, if n == 0 { theme.title.0 } else { theme.dim.0 }));
    }
    spans.push(Span::raw(" "));
    spread(left, spans, width)
}

/// Where the walk is, and the same in fewer words.
fn position(scene: &Scene<'_>) -> (String, String) {
    let walk = scene.app.walk();
    let mode = walk.mode();
    let Some(lesson) = walk.lesson() else { return members(scene) };
    let steps = &lesson.steps;
    let belongs = |n: &usize| steps.get(*n).is_some_and(|step| step.modes.is_empty() || step.modes.contains(&mode));
    let of = (0..steps.len()).filter(belongs).count().to_string();
    let t = &scene.texts.header;
    let position = match scene.view.step() {
        None => fill(&t.begins, &[("of", &of)]),
        Some((step, _)) => {
            let n = (0..=step).filter(belongs).count().to_string();
            fill(&t.step, &[("n", &n), ("of", &of)])
        }
    };
    (position.clone(), position)
}

/// What a walk without a lesson is.
fn free_title<'a>(scene: &Scene<'a>) -> &'a str {
    let t = &scene.texts.free;
    if !scene.app.programs.is_empty() {
        return &t.title_run;
    }
    match scene.app.walk().free().map(|free| &free.options().purpose) {
        Some(Purpose::Drive(actors)) => match actors.as_slice() {
            [Actor { side: Side::Server, .. }] => &t.title_server,
            [Actor { side: Side::Client, .. }] => &t.title_client,
            _ => &t.title,
        },
        Some(Purpose::Replay) => &t.title_replay,
        Some(Purpose::Watch) | None => &t.title_watch,
    }
}

/// The lab's name, and who is in it; or how many these are.
fn members(scene: &Scene<'_>) -> (String, String) {
    let lab = scene.app.walk().free().and_then(|free| free.options().lab.clone()).unwrap_or_default();
    let members = scene.view.members();
    let roles = scene.app.lang().list(members.iter().map(|member| role(scene, member)));
    let count = fill(&scene.texts.free.members, &[("n", &members.len())]);
    let shorter = if members.len() > 1 { count } else { roles.clone() };
    let of_lab = |who: String| if lab.is_empty() { who } else { format!("{lab}: {who}") };
    (of_lab(roles), of_lab(shorter))
}

/// What a process is there for, in a word or two.
pub(super) fn role(scene: &Scene<'_>, member: &Member) -> String {
    let t = &scene.texts.free;
    match &member.role {
        Role::Drives(_) => match member.actors().map(|one| scene.view.known_as(one)).collect::<Vec<_>>().as_slice() {
            [one @ Actor { side: Side::Server, .. }] => one.name(&t.role_server),
            [one @ Actor { side: Side::Client, .. }] => one.name(&t.role_client),
            [one, other, ..] if one.nth != other.nth => {
                format!("{} + {}", one.name(&t.role_server), other.name(&t.role_client))
            }
            [one, ..] => one.name(&t.role_both),
            [] => t.role_run.clone(),
        },
        Role::Watches => t.role_watch.clone(),
        Role::Runs(program) => cut(&escape(program), 16),
        Role::Plays(Side::Server) => t.role_server.clone(),
        Role::Plays(Side::Client) => t.role_client.clone(),
    }
}

fn mode(scene: &Scene<'_>, mode: Mode) -> (String, String) {
    let t = &scene.texts.header;
    match mode {
        Mode::Lab => (t.lab.clone(), t.lab_short.clone()),
        Mode::Host => (t.host.clone(), t.host_short.clone()),
    }
}

fn plays(scene: &Scene<'_>, pace: Duration) -> String {
    let seconds = pace.as_secs_f64();
    let text = if seconds < 1.0 { format!("{seconds:.1}") } else { format!("{seconds}") };
    format!("▶ {}", fill(&scene.texts.header.plays, &[("pace", &text)]))
}
