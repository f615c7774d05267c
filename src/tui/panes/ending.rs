//! The end of a lesson: what one can say now, how one's predictions fared, what the kernel confirmed, and what comes next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::explain::choice;
use crate::i18n::{fill, join};
use crate::lesson::{Ask, Lesson};
use crate::progress::{AskedQuestion, Mark, OwnAnswer, asked};
use crate::tui::catalogue::Catalogue;
use crate::tui::scene::{Scene, put};
use crate::tui::wrap::{prose, wrap, wrap_text};
use crate::walk::confirmed;

/// The widest that its text gets: longer lines are hard to read.
const WIDEST: u16 = 84;
/// What stands below a heading is set in by so many columns.
const INDENT: &str = "  ";

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let Some(lesson) = scene.app.walk().lesson() else { return 0 };
    let t = &scene.texts.ending;
    let width = usize::from(area.width.saturating_sub(4).min(WIDEST));
    let lines = text(scene, lesson, width);
    let next = next(scene, width);
    let title = fill(&t.title, &[("title", lesson.title.get(scene.app.lang()))]);
    let inner = scene.overlay(buf, (width, lines.len() + next.len() + 1), [&title, &t.keys]);
    // What Enter does always stands below, however long the rest is.
    let foot = Rect { y: inner.bottom().saturating_sub(next.len() as u16), height: next.len() as u16, ..inner };
    let body = Rect { height: inner.height.saturating_sub(next.len() as u16 + 1), ..inner };
    let most = lines.len().saturating_sub(usize::from(body.height));
    let at = scene.app.place.over.min(most);
    put(buf, body, lines.into_iter().skip(at));
    if most > at {
        let hint = fill(&t.more, &[("n", &(most - at))]);
        put(
            buf,
            Rect { y: body.bottom(), height: 1, ..inner },
            [Line::styled(hint, scene.theme.waits.0).right_aligned()],
        );
    }
    put(buf, foot, next);
    most
}

fn text(scene: &Scene<'_>, lesson: &Lesson, width: usize) -> Vec<Line<'static>> {
    let (t, theme, lang) = (&scene.texts.ending, scene.theme, scene.app.lang());
    let heading = |text: &str| Line::styled(text.to_owned(), theme.question.0);
    let inset = |text: &str| under(&prose(text, theme.text.0, theme.code.0), width);
    let mut lines = vec![heading(&t.say)];
    lines.extend(inset(lesson.recap.get(lang)));
    let walk = scene.app.walk();
    // How it is instead, the lesson's own walk has shown, and no other one.
    if walk.trace().present().diverged().is_none() {
        lines.push(Line::default());
        lines.push(heading(&t.misbelief));
        // The goal of a lesson that names none has it.
        lines.extend(inset(lesson.misbelief.as_ref().unwrap_or(&lesson.goal).get(lang)));
    }
    let asked = asked(lesson, walk.mode(), walk.trace(), scene.app.ran_again, &scene.app.kept);
    if !asked.is_empty() {
        let right = asked.iter().filter(|asked| asked.is_right()).count();
        lines.push(Line::default());
        lines.push(heading(&fill(&t.predictions, &[("right", &right), ("of", &asked.len())])));
        let each = asked.iter().filter_map(|asked| Some((asked, lesson.steps.get(asked.step)?.ask.as_ref()?)));
        lines.extend(each.flat_map(|(asked, ask)| question(scene, asked, ask, width)));
    }
    lines.push(Line::default());
    lines.push(heading(&t.confirmed));
    if let Ok(texts) = crate::i18n::Texts::load(lang) {
        let confirmed = confirmed(lesson, walk.trace());
        lines.extend(inset(&texts.ending.confirmed(&confirmed.kinds(), confirmed.otherwise)));
    }
    lines
}

/// A question with one's own answer and the kernel's.
fn question(scene: &Scene<'_>, asked: &AskedQuestion, ask: &Ask, width: usize) -> Vec<Line<'static>> {
    let (t, theme, lang) = (&scene.texts.ending, scene.theme, scene.app.lang());
    let word = |n: Option<usize>| n.and_then(|n| choice(ask, n, lang));
    let fact = |actual: &String| Some(crate::i18n::Texts::load(lang).ok()?.measured.fact(ask.measure.key(), actual));
    let kernel = word(asked.right).or_else(|| asked.actual.as_ref().and_then(fact));
    let own = match asked.own {
        OwnAnswer::Chose(n) => fill(&t.own, &[("answer", &word(Some(n)).unwrap_or_default())]),
        OwnAnswer::Passed => t.passed.clone(),
        OwnAnswer::Kept(Mark::Right) => t.kept_right.clone(),
        OwnAnswer::Kept(Mark::Wrong) => t.kept_wrong.clone(),
        OwnAnswer::Kept(Mark::Passed) => t.kept_passed.clone(),
        OwnAnswer::NotAsked => t.not_asked.clone(),
    };
    let said = match kernel {
        Some(kernel) => join(&own, &fill(&t.kernel, &[("answer", &kernel)])),
        None => own,
    };
    let (mark, style) = match asked.own {
        _ if asked.is_right() => ("✓", theme.good.0),
        OwnAnswer::Chose(_) | OwnAnswer::Kept(Mark::Wrong) => ("✗", theme.bad.0),
        _ => ("–", theme.dim.0),
    };
    let mut lines = under(&prose(ask.question.get(lang), theme.text.0, theme.code.0), width);
    if let Some(first) = lines.first_mut() {
        first.spans[0] = Span::styled(format!("{mark} "), style);
    }
    lines.extend(under(&[Span::styled(said, style)], width));
    lines
}

/// What Enter does.
fn next(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let (t, lang) = (&scene.texts.ending, scene.app.lang());
    let catalogue = scene.app.catalogue.as_ref();
    let text = match catalogue.and_then(Catalogue::next) {
        Some(row) => fill(&t.next, &[("n", row.number.to_string().as_str()), ("title", row.title.get(lang))]),
        // A lesson from a file isn't one of the course.
        None if catalogue.is_some_and(|catalogue| catalogue.here.is_none()) => t.list.clone(),
        None => t.last.clone(),
    };
    wrap_text(&text, scene.theme.key.0, width)
}

/// Lines below a heading.
fn under(spans: &[Span<'static>], width: usize) -> Vec<Line<'static>> {
    let lines = wrap(spans, width.saturating_sub(INDENT.len()));
    { lines.into_iter() }.map(|line| Line::from([vec![Span::raw(INDENT)], line.spans].concat())).collect()
}
