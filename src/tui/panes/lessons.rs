//! The list of lessons: what is searched for, those that are found, and what Enter does with the chosen one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::i18n::width as display_width;
use crate::i18n::{escape, fill};
use crate::tui::app::App;
use crate::tui::catalogue::{LessonRow, Opens};
use crate::tui::scene::{Scene, more_below, put, spread};
use crate::tui::wrap::{cut, prose, wrap, wrap_text};

/// The widest that the list gets.
const WIDEST: u16 = 100;
/// The columns of a lesson's name, where there is room for it.
const NAME: usize = 20;
/// From this width on there is.
const WITH_NAME: usize = 90;
/// The rows below the list that say what Enter does.
const FOOT: usize = 3;

/// Draws it.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (t, theme) = (&scene.texts.lessons, scene.theme);
    let width = usize::from(area.width.saturating_sub(4).min(WIDEST));
    let count = scene.app.catalogue.as_ref().map_or(0, |catalogue| catalogue.rows.len());
    let inner = scene.overlay(buf, (width, count + 3 + FOOT), [&t.title, &t.keys]);
    let rows = scene.app.found_lessons();
    let choosing = &scene.app.choosing;
    put(buf, inner, [search_line(scene)]);
    let foot = foot(scene, rows.get(choosing.chosen).copied(), usize::from(inner.width));
    let ListPosition { list, first } = place(inner, foot.len(), choosing.chosen, rows.len());
    let room = usize::from(list.height);
    let lines = { rows.iter().enumerate() }.skip(first).take(room);
    put(buf, list, lines.map(|(n, row)| line(scene, row, n == choosing.chosen, usize::from(inner.width))));
    if rows.is_empty() {
        put(buf, list, wrap_text(&t.nothing, theme.dim.0, usize::from(inner.width)));
    }
    if first > 0 {
        let above = spread(vec![], vec![Span::styled(format!(" ▲ {first} "), theme.waits.0)], usize::from(inner.width));
        put(buf, Rect { y: inner.y + 1, height: 1, ..inner }, [above]);
    }
    more_below(buf, list, theme.waits.0, rows.len().saturating_sub(first + room));
    let top = list.bottom() + 1;
    put(buf, Rect { y: top, height: inner.bottom().saturating_sub(top), ..inner }, foot);
    0
}

/// Where the list stands, and which of the lessons that are found is its first.
struct ListPosition {
    list: Rect,
    first: usize,
}

/// The chosen lesson is always seen, with others around it. As many rows are left to the foot whichever is chosen, so
/// that the list doesn't jump.
fn place(inner: Rect, foot: usize, chosen: usize, count: usize) -> ListPosition {
    let foot = foot.max(FOOT) as u16;
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(3 + foot), ..inner };
    let room = usize::from(list.height);
    let first = (chosen + 1).saturating_sub(room).max(chosen.saturating_sub(room / 2));
    ListPosition { list, first: first.min(count.saturating_sub(room)) }
}

/// The lesson at a place of the screen, by its place among those that are found; `None` beside them. `inside`: whether
/// the list's own frame is there.
pub(in crate::tui) fn lesson_at(app: &App, x: u16, y: u16) -> (Option<usize>, bool) {
    let Some(areas) = app.areas() else { return (None, false) };
    let scene = Scene::new(app);
    let mut buf = Buffer::empty(app.size);
    let middle = Rect { y: 1, height: app.size.height - 1 - areas.footer.height, ..app.size };
    let width = usize::from(middle.width.saturating_sub(4).min(WIDEST));
    let count = app.catalogue.as_ref().map_or(0, |catalogue| catalogue.rows.len());
    let inner = scene.overlay(&mut buf, (width, count + 3 + FOOT), ["", ""]);
    let rows = app.found_lessons();
    let foot = foot(&scene, rows.get(app.choosing.chosen).copied(), usize::from(inner.width));
    let ListPosition { list, first } = place(inner, foot.len(), app.choosing.chosen, rows.len());
    let here = Position { x, y };
    let hit = list.contains(here).then(|| first + usize::from(y - list.y)).filter(|n| *n < rows.len());
    (hit, inner.contains(here))
}

fn search_line(scene: &Scene<'_>) -> Line<'static> {
    let (t, theme) = (&scene.texts.lessons, scene.theme);
    let search = escape(scene.app.choosing.search.value().as_bytes());
    let hint = if search.is_empty() { t.search.clone() } else { String::new() };
    let cursor = Span::styled(" ", theme.fresh.0.add_modifier(Modifier::REVERSED));
    let [before, text] = [Span::styled("> ", theme.key.0), Span::styled(search, theme.fresh.0)];
    Line::from(vec![before, text, cursor, Span::styled(format!(" {hint}"), theme.dim.0)])
}

/// One lesson: its number, what it is called, how far it was walked, and how many questions were answered as the kernel did.
fn line(scene: &Scene<'_>, row: &LessonRow, chosen: bool, width: usize) -> Line<'static> {
    let (t, theme) = (&scene.texts.lessons, scene.theme);
    let here = scene.app.catalogue.as_ref().is_some_and(|catalogue| catalogue.here.as_ref() == Some(&row.id));
    let mark = match &row.progress {
        _ if row.bar.is_some() => "✗",
        Some(progress) if progress.finished => "✓",
        Some(progress) if progress.done > 0 => "…",
        _ => " ",
    };
    let far = match &row.progress {
        _ if here => t.here.clone(),
        _ if row.bar.is_some() => t.not_here.clone(),
        Some(progress) if progress.finished => t.finished.clone(),
        Some(progress) => fill(&t.far, &[("done", &progress.done), ("of", &progress.of)]),
        None => fill(&t.steps, &[("of", &row.steps)]),
    };
    let met = row.progress.as_ref().filter(|progress| !progress.answers.is_empty());
    let right = met.map_or(String::new(), |progress| format!("{}/{}", progress.right(), progress.answers.len()));
    let right = format!("  {far}{}{right:>6}", " ".repeat(FAR.saturating_sub(display_width(&far))));
    let name = if width >= WITH_NAME { format!("{:NAME$}", row.id) } else { String::new() };
    let left = format!("{:>2} {mark} {name}", row.number);
    let room = width.saturating_sub(display_width(&left) + display_width(&right));
    let (number, text) = if row.bar.is_some() { (theme.dim.0, theme.dim.0) } else { (theme.key.0, theme.text.0) };
    let title = cut(row.title.get(scene.app.lang()), room);
    let line = spread(
        vec![Span::styled(left, number), Span::styled(title, text)],
        vec![Span::styled(right, theme.dim.0)],
        width,
    );
    if chosen { chosen_line(line) } else { line }
}

/// The columns of how far a lesson was walked.
const FAR: usize = 10;

/// The line that Enter means: turned inside out, whatever its parts' colours are.
fn chosen_line(line: Line<'static>) -> Line<'static> {
    let turned = |span: Span<'static>| Span::styled(span.content, Style::new().add_modifier(Modifier::REVERSED));
    Line::from(line.spans.into_iter().map(turned).collect::<Vec<_>>())
}

/// What Enter does with the chosen lesson, or why it does nothing.
fn foot(scene: &Scene<'_>, row: Option<&LessonRow>, width: usize) -> Vec<Line<'static>> {
    let (t, theme, lang) = (&scene.texts.lessons, scene.theme, scene.app.lang());
    let (Some(row), Some(catalogue)) = (row, &scene.app.catalogue) else { return Vec::new() };
    let with_name = |text: &str| fill(text, &[("lesson", &row.id)]);
    let refused = scene.app.choosing.refused;
    if let Some(why) = &scene.app.choosing.failed {
        let text = fill(&t.failed, &[("lesson", row.id.as_str()), ("why", &escape(why.as_bytes()))]);
        return wrap_text(&text, theme.bad.0, width);
    }
    let (text, style) = match (&row.bar, &catalogue.opens) {
        _ if catalogue.here.as_ref() == Some(&row.id) => (with_name(&t.enter_here), theme.dim.0),
        (Some(bar), _) => (with_name(bar.get(lang)), if refused { theme.bad.0 } else { theme.waits.0 }),
        (None, Opens::Elsewhere(why)) => (with_name(why.get(lang)), if refused { theme.bad.0 } else { theme.waits.0 }),
        (None, Opens::Here) => match &row.progress {
            Some(progress) if progress.finished => (with_name(&t.enter_again), theme.dim.0),
            Some(progress) if progress.done > 0 => {
                let values = [("lesson", row.id.as_str()), ("n", &progress.done.to_string())];
                (fill(&t.enter_resume, &values), theme.dim.0)
            }
            _ => (with_name(&t.enter), theme.dim.0),
        },
    };
    wrap(&prose(&text, style, theme.code.0), width)
}
