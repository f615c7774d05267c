//! What is happening and why; what the learner is asked; what comes next.
//!
//! The explanation scrolls above; the question, the line to type or the next step stands fixed below it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::free;
use super::page::{TextPage, before_text, typing_line, why};
use super::tried;
use crate::i18n::Lang;
use crate::i18n::width as display_width;
use crate::i18n::{self, Texts, escape, fill, join};
use crate::lesson::{Action, Ask, Lesson, Step};
use crate::model::{AnsweredQuestion, ClaimResult, HandAction, Statement, TimerKind};
use crate::tui::app::App;
use crate::tui::catalogue::Rerun;
use crate::tui::scene::{Scene, put, seconds};
use crate::tui::wrap::{prose, wrap, wrap_text};
use crate::walk::Phase;

/// Draws the pane. Returns where the cursor stands while a line is typed, and how far the text is scrolled and can be.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> (Option<(u16, u16)>, (usize, usize)) {
    let page = page(scene, area);
    let block = scene.block(scene.title(title(scene)), false);
    let more = page.at < page.most;
    let block = if more {
        let text = format!(" {} ", scene.texts.explain.more);
        block.bottom(Line::from(Span::styled(text, scene.theme.waits.0)).right_aligned())
    } else {
        block
    };
    block.render(area, buf);
    let inner = inner(area);
    put(buf, Rect { height: page.rows as u16, ..inner }, page.body.iter().skip(page.at).cloned());
    let top = foot_top(&page, inner);
    put(buf, Rect { y: top, height: inner.bottom().saturating_sub(top), ..inner }, page.foot.iter().cloned());
    let cursor = page.cursor.map(|(row, column)| (inner.x + column as u16, top + row as u16));
    (cursor, (page.at, page.most))
}

/// How far the explanation is scrolled and can be; `None` where it isn't on the screen.
pub(in crate::tui) fn scroll_of(app: &App) -> Option<(usize, usize)> {
    let area = app.areas()?.explain?;
    let page = page(&Scene::new(app), area);
    Some((page.at, page.most))
}

/// The row at which the part that stands fixed begins: the question, the line to type, what comes next. `None` where there
/// is none.
pub(in crate::tui) fn foot_at(scene: &Scene<'_>) -> Option<u16> {
    let area = scene.app.areas()?.explain?;
    let page = page(scene, area);
    (!page.foot.is_empty()).then(|| foot_top(&page, inner(area)))
}

/// The answer at a place of the screen.
pub(in crate::tui) fn choice_at(app: &App, x: u16, y: u16) -> Option<usize> {
    let area = app.areas()?.explain?;
    let inner = inner(area);
    let page = page(&Scene::new(app), area);
    let top = foot_top(&page, inner);
    let here = Position { x, y };
    let hit = |(_, row, column, width): &&(usize, usize, usize, usize)| {
        Rect::new(inner.x + *column as u16, top + *row as u16, *width as u16, 1).contains(here)
    };
    page.choices.iter().find(hit).map(|(number, ..)| *number)
}

fn inner(area: Rect) -> Rect {
    Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2))
}

fn foot_top(page: &TextPage, inner: Rect) -> u16 {
    (inner.y + page.rows as u16).max(inner.bottom().saturating_sub(page.foot.len() as u16))
}

fn page(scene: &Scene<'_>, area: Rect) -> TextPage {
    let inner = inner(area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let mut page = TextPage { height, ..TextPage::default() };
    if !scene.app.in_past() {
        foot(scene, width, &mut page);
        // Behind all else, where it moves no answer.
        if let Some(command) = scene.app.place.asks_side {
            page.foot.extend(wrap_text(&free::which_side(scene, command), scene.theme.question.0, width));
        }
    }
    let rows = height.saturating_sub(page.foot.len());
    page.body = body(scene, width);
    if page.body.len() > rows {
        // Rather without the gaps between paragraphs than cut.
        page.body.retain(|line| line.width() > 0);
    }
    let room = rows.saturating_sub(page.body.len());
    page.body.extend(held(scene, width, room));
    // A long question keeps its place: the explanation above it scrolls in what is left.
    page.rows = height.saturating_sub(page.foot.len());
    // Where none of it is in sight, there is nothing to scroll.
    page.most = if page.rows == 0 { 0 } else { page.body.len().saturating_sub(page.rows) };
    page.at = scene.app.place.explain.unwrap_or(0).min(page.most);
    page
}

fn body(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let Some(lesson) = scene.app.walk().lesson() else { return free::body(scene, width) };
    let (theme, t, lang) = (scene.theme, &scene.texts.explain, scene.app.lang());
    let walk = scene.app.walk();
    let say = |text: &str| wrap(&prose(text, theme.text.0, theme.code.0), width);
    let mut lines = Vec::new();
    let Some((number, _)) = scene.view.step() else {
        if scene.app.in_past() {
            return wrap_text(&t.not_yet, theme.dim.0, width);
        }
        lines.extend(tried::body(scene, width));
        lines.extend(say(lesson.goal.get(lang)));
        return lines;
    };
    let Some(step) = lesson.steps.get(number) else { return lines };
    lines.extend(wrap_text(step.title.get(lang), theme.title.0, width));
    if !scene.app.in_past() && *walk.phase() == Phase::Busy {
        let text = match &step.action {
            Some(Action::Pause(time)) => fill(&t.pauses, &[("s", &time.as_secs_f64())]),
            _ => step.waits_for.or_else(|| sent_again(scene)).map_or(t.busy.clone(), |kind| waits(scene, kind)),
        };
        lines.extend(wrap_text(&text, theme.waits.0, width));
        return lines;
    }
    let (claims, answer) = scene.view.verdicts(number);
    if is_at_work(scene, step, claims.is_empty()) {
        lines.extend(wrap_text(&t.busy, theme.waits.0, width));
        return lines;
    }
    lines.extend(claims.iter().filter(|claim| !claim.held).flat_map(|claim| broken(scene, claim, width)));
    if let Some(why) = diverged(scene, lesson, number) {
        lines.extend(tried::of_step(scene, width));
        lines.extend(why.iter().flat_map(|text| wrap_text(text, theme.text.0, width)));
        return lines;
    }
    if let (Some(answer), Some(ask)) = (answer, &step.ask) {
        lines.extend(verdict(scene, answer, ask, width));
    }
    lines.extend(tried::body(scene, width));
    lines.extend(say(step.say.get(lang)));
    lines
}

/// Whether who walks elsewhere waits for the step that is shown: its text isn't so before its claims were checked.
fn is_at_work(scene: &Scene<'_>, step: &Step, unchecked: bool) -> bool {
    let mode = scene.app.walk().mode();
    scene.app.walk().free().is_some() && step.is_checked_in(mode) && unchecked
}

/// What stands in the place of a step's text; `None` where the text stands there.
fn diverged(scene: &Scene<'_>, lesson: &Lesson, step: usize) -> Option<Vec<String>> {
    let (mode, lang) = (scene.app.walk().mode(), scene.app.lang());
    let words = Texts::load(lang).ok()?;
    i18n::diverged(&scene.view, step, |step| lesson.named(step, mode, lang), (&words.diverged, &words.shared))
}

/// What the pane shows: the goal, or a step.
fn title<'a>(scene: &Scene<'a>) -> &'a str {
    let t = &scene.texts.explain;
    let at_goal = scene.app.walk().lesson().is_some() && scene.view.step().is_none() && !scene.app.in_past();
    if at_goal { &t.goal } else { &t.title }
}

/// The timer that a step waits for because a segment was dropped by hand.
fn sent_again(scene: &Scene<'_>) -> Option<TimerKind> {
    let mut timers = scene.view.living().filter_map(|socket| socket.facts.timer);
    let runs = timers.any(|timer| timer.kind == TimerKind::Retransmit);
    let dropped = matches!(scene.view.newest_by_hand(), Some((_, HandAction::Drop(_))));
    (runs && dropped).then_some(TimerKind::Retransmit)
}

/// Which timer is waited for, how long it still runs, and what can be done meanwhile.
fn waits(scene: &Scene<'_>, kind: TimerKind) -> String {
    let t = &scene.texts.explain;
    let what = match kind {
        TimerKind::Retransmit => &t.waits_retransmit,
        TimerKind::Keepalive => &t.waits_keepalive,
        TimerKind::TimeWait => &t.waits_time_wait,
        TimerKind::Probe => &t.waits_probe,
        TimerKind::FinWait2 => &t.waits_fin_wait_2,
    };
    let timers = scene.view.living().filter_map(|socket| socket.facts.timer).filter(|timer| timer.kind == kind);
    let end = timers.map(|timer| timer.fires_at).max().filter(|end| *end > scene.clock);
    let left = end.map(|end| fill(&t.waits_left, &[("s", &seconds(end - scene.clock))]));
    [Some(what.clone()), left, Some(t.waits.clone())]
        .into_iter()
        .flatten()
        .reduce(|a, b| join(&a, &b))
        .unwrap_or_default()
}

/// The step's claims that hold: listed where there is room for them in so many rows, else counted, else not said.
fn held(scene: &Scene<'_>, width: usize, room: usize) -> Vec<Line<'static>> {
    let (theme, t) = (scene.theme, &scene.texts.explain);
    let Some((number, _)) = scene.view.step() else { return Vec::new() };
    let (claims, _) = scene.view.verdicts(number);
    let held: Vec<_> = claims.iter().filter(|claim| claim.held).collect();
    let listed = held
        .iter()
        .flat_map(|claim| wrap_text(&fill(&t.held, &[("what", &statement(scene, &claim.what))]), theme.dim.0, width));
    let listed: Vec<_> = listed.collect();
    if listed.len() <= room {
        return listed;
    }
    let n = held.len().to_string();
    let counted = wrap_text(&fill(&t.all_held, &[("n", &n)]), theme.dim.0, width);
    if counted.len() <= room { counted } else { Vec::new() }
}

/// What a claim says, or what is the case, in a sentence.
fn statement(scene: &Scene<'_>, said: &Statement) -> String {
    let lesson = scene.app.walk().lesson();
    let texts = crate::i18n::Texts::load(scene.app.lang()).ok();
    lesson
        .zip(texts)
        .map(|(lesson, texts)| texts.statement(said, lesson.sockets_in(scene.app.walk().mode())))
        .unwrap_or_default()
}

fn broken(scene: &Scene<'_>, claim: &ClaimResult, width: usize) -> Vec<Line<'static>> {
    let values = [("what", statement(scene, &claim.what)), ("actual", statement(scene, &claim.actual))];
    wrap_text(&fill(&scene.texts.explain.broken, &values), scene.theme.bad.0, width)
}

/// How the prediction fared.
fn verdict(scene: &Scene<'_>, answer: &AnsweredQuestion, ask: &Ask, width: usize) -> Vec<Line<'static>> {
    let (t, theme) = (&scene.texts.explain, scene.theme);
    let lang = scene.app.lang();
    let chosen = answer.chosen.and_then(|n| choice(ask, n, lang)).unwrap_or_default();
    let Ok(texts) = crate::i18n::Texts::load(lang) else { return Vec::new() };
    let offered = answer.right.and_then(|n| choice(ask, n, lang));
    let (text, style) = match answer.chosen {
        None => (&t.passed, theme.question.0),
        chosen if chosen == answer.right => (&t.right, theme.good.0),
        // An answer in words is said beside what was measured; in the notation it is the same.
        Some(_) if ask.labels.is_empty() || answer.right.is_none() => (&t.wrong_fact, theme.bad.0),
        Some(_) => (&t.wrong, theme.bad.0),
    };
    let fact = texts.measured.fact(ask.measure.key(), &answer.actual);
    let actual = offered.unwrap_or_else(|| fact.clone());
    let values = [("actual", actual), ("chosen", chosen), ("fact", fact)];
    let text = match fill(text, &values) {
        // What was chosen is left out first: whoever chose it knows it.
        long if style == scene.theme.bad.0 && display_width(&long) > width => fill(&t.wrong_long, &values),
        text => text,
    };
    wrap_text(&text, style, width)
}

/// An offered answer in words.
pub(super) fn choice(ask: &Ask, n: usize, lang: Lang) -> Option<String> {
    let label = ask.labels.get(n).map(|label| label.get(lang));
    let notation = ask.choices.get(n)?;
    Some(crate::i18n::Texts::load(lang).ok()?.measured.choice(ask.measure.key(), label, notation))
}

fn foot(scene: &Scene<'_>, width: usize, page: &mut TextPage) {
    let (theme, t, walk) = (scene.theme, &scene.texts.explain, scene.app.walk());
    if let Some(why) = &scene.app.trouble {
        let text = fill(&t.failed, &[("why", &escape(why.as_bytes()))]);
        page.foot = wrap_text(&text, theme.bad.0, width);
        return;
    }
    let lacks = scene.app.lacks_lang.and_then(|lang| crate::i18n::lacks_lang(lang, scene.app.lang()).ok());
    for words in [lacks.as_deref(), scene.app.told_at_first()].into_iter().flatten() {
        page.foot.extend(wrap_text(words, theme.waits.0, width));
    }
    for (n, text) in back(scene) {
        page.foot.extend(wrap_text(&fill(text, &[("n", &n.to_string())]), theme.waits.0, width));
    }
    if scene.app.runs_again() {
        return;
    }
    if walk.free().is_some() {
        return free::foot(scene, width, page);
    }
    if free::typed(scene, width, page, &t.r#try) {
        return;
    }
    match walk.phase() {
        Phase::Asking => question(scene, width, page),
        Phase::Typing(_) => typing(scene, width, page),
        Phase::Ready => next(scene, width, page),
        Phase::Busy => {}
        Phase::Finished => page.foot = wrap_text(&t.to_the_end, theme.waits.0, width),
        Phase::Failed(failure) => {
            let text = fill(&t.failed, &[("why", &why(scene, failure))]);
            page.foot = wrap_text(&text, theme.bad.0, width);
        }
    }
}

/// Where the walk can be brought, or what brought it here, each with a step's number.
fn back<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (usize, &'a String)> {
    let (t, app) = (&scene.texts.explain, scene.app);
    let left = app.left_at().map(|step| (step, &t.back));
    let runs = app.runs_again();
    let ran = app.again.zip(app.run_again_count()).map(|(again, last)| {
        let text = match again.why {
            Rerun::Resumed if runs => &t.again,
            Rerun::Resumed => &t.again_over,
            Rerun::Returned if runs => &t.returns,
            Rerun::Returned => &t.returned,
            Rerun::SetUp if runs => &t.sets_up,
            Rerun::SetUp => &t.set_up,
        };
        (last, text)
    });
    let offered = app.offered_set_up().filter(|_| !app.in_past()).map(|last| (last, &t.set_up_known));
    [left, ran, offered].into_iter().flatten()
}

/// What the key that goes on will do.
fn next(scene: &Scene<'_>, width: usize, page: &mut TextPage) {
    let (theme, t) = (scene.theme, &scene.texts.explain);
    let Some((_, step)) = scene.app.walk().next_step() else { return };
    let begin = scene.view.step().is_none();
    let spans = [
        Span::styled(if begin { before_text(&t.begin) } else { String::new() }, theme.waits.0),
        Span::styled(before_text(&t.next), theme.key.0),
        Span::styled(step.title.get(scene.app.lang()).to_owned(), theme.text.0),
    ];
    page.foot.extend(wrap(&spans, width));
}

fn question(scene: &Scene<'_>, width: usize, page: &mut TextPage) {
    let (theme, t, lang) = (scene.theme, &scene.texts.explain, scene.app.lang());
    let Some(ask) = scene.app.walk().question() else { return };
    let mut spans = vec![Span::styled(before_text(&t.predict), theme.question.0)];
    spans.extend(prose(ask.question.get(lang), theme.fresh.0, theme.code.0));
    page.foot = wrap(&spans, width);
    let answers: Vec<String> = (0..ask.choices.len()).filter_map(|n| choice(ask, n, lang)).collect();
    // Side by side where they fit into one line, else one below the other.
    let taken = |text: &str| display_width(text) + 2;
    let side_by_side = answers.iter().map(|text| taken(text) + 3).sum::<usize>() <= width + 3;
    let mut column = 0;
    for (n, text) in answers.into_iter().enumerate() {
        let key = Span::styled(format!("{} ", n + 1), theme.key.0);
        let mut lines = wrap(&[key, Span::styled(text.clone(), theme.text.0)], width);
        if side_by_side && n > 0 {
            let row = page.foot.len() - 1;
            page.foot[row].spans.push(Span::raw("   "));
            page.foot[row].spans.extend(lines.remove(0).spans);
            page.choices.push((n, row, column, taken(&text)));
        } else {
            page.choices.extend((0..lines.len()).map(|line| (n, page.foot.len() + line, 0, taken(&text).min(width))));
            page.foot.extend(lines);
        }
        column += taken(&text) + 3;
    }
    let last = page.foot.last_mut().filter(|line| side_by_side && line.width() + 3 + display_width(&t.pass) <= width);
    match last {
        Some(line) => line.spans.push(Span::styled(format!("   {}", t.pass), theme.dim.0)),
        None => page.foot.extend(wrap_text(&t.pass, theme.dim.0, width)),
    }
}

fn typing(scene: &Scene<'_>, width: usize, page: &mut TextPage) {
    let t = &scene.texts.explain;
    typing_line(scene, width, page, &t.r#type, &t.type_keys);
}
