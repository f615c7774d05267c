//! The newest call, of the chosen side or of both: the line of the program's source that makes it, or how it is written in a
//! programming language.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::source;
use crate::model::{CallSite, CallView, escape_with};
use crate::tui::programs;
use crate::tui::scene::{Scene, put, shape};
use crate::tui::wrap::{wrap_code, wrap_text};

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let newest = programs::newest_call(scene.app);
    let site = programs::site(scene.app).filter(|_| scene.app.look.source);
    let title = title(scene, newest, site, usize::from(area.width).saturating_sub(2));
    let block = scene.block(title, false);
    let inner = block.inner(area);
    block.render(area, buf);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let width = usize::from(inner.width);
    if let Some(site) = site {
        put(buf, inner, source::lines(scene, site, width, usize::from(inner.height)));
        return;
    }
    // A language is read once there is something to show in it.
    let in_language = |call| Some((call, scene.app.look.snippets.get(scene.app.look.code)?));
    let Some((call, language)) = newest.and_then(in_language) else {
        put(buf, inner, [Line::styled(scene.texts.code.none.clone(), scene.theme.dim.0)]);
        return;
    };
    let lines = language.lines(call.own, call.outcome);
    let rows: Vec<Line<'_>> =
        lines.iter().flat_map(|line| wrap_code(&language.highlight(line, scene.theme), width)).collect();
    let mut lines = unsought(scene, &call, width, usize::from(inner.height).saturating_sub(1));
    let room = usize::from(inner.height).saturating_sub(lines.len());
    lines.extend(the_call(rows, room, scene));
    put(buf, inner, lines);
}

/// That the program's own line isn't there, where it would be shown; in fewer words where the others leave no row for the call.
fn unsought(scene: &Scene<'_>, call: &CallView<'_>, width: usize, fit: usize) -> Vec<Line<'static>> {
    let is_persons = call.made.is_none_or(|made| made.site.is_some());
    // A lesson's own program has no source that a reader has.
    if is_persons || !scene.app.look.source || scene.app.walk().free().is_none() {
        return Vec::new();
    }
    let texts = &scene.texts.code;
    let said = [&texts.unsought, &texts.unsought_short].map(|text| wrap_text(text, scene.theme.dim.0, width));
    said.into_iter().find(|lines| lines.len() <= fit).unwrap_or_default()
}

/// What fits: the call itself stands at the end of its snippet, so what goes is the beginning, and a mark says so where there is room
/// for both.
fn the_call<'a>(mut rows: Vec<Line<'a>>, fit: usize, scene: &Scene<'_>) -> Vec<Line<'a>> {
    if rows.len() > fit {
        rows.drain(..rows.len() - fit);
        if fit > 1 {
            rows[0] = Line::styled("…", scene.theme.dim.0);
        }
    }
    rows
}

/// The title: which call, and the languages, the shown one lit; of a program's call its own source is the first.
fn title(scene: &Scene<'_>, call: Option<CallView<'_>>, site: Option<&CallSite>, width: usize) -> Line<'static> {
    let theme = scene.theme;
    let mut spans = match call {
        Some(call) => vec![
            Span::styled(format!(" {} ", shape(call.caller.actor.side)), theme.side(call.caller.actor.side)),
            Span::styled(format!("{}() ", call.called()), theme.title.0),
        ],
        None => vec![Span::styled(format!(" {} ", scene.texts.code.title), theme.title.0)],
    };
    if let Some(site) = site {
        let place = site.short().unwrap_or_else(|| scene.texts.code.source.clone());
        spans.push(Span::styled(format!("[{}]", escape_with(place.as_bytes(), "")), theme.title.0));
    }
    for (n, (name, detail)) in scene.app.look.snippets.names().enumerate() {
        let shown = n == scene.app.look.code && site.is_none();
        let name = if shown { format!("[{name} {detail}]") } else { name.to_owned() };
        spans.push(Span::styled(if n == 0 && site.is_none() { "" } else { " · " }, theme.dim.0));
        spans.push(Span::styled(name, if shown { theme.title.0 } else { theme.dim.0 }));
    }
    spans.push(Span::raw(" "));
    while spans.iter().map(Span::width).sum::<usize>() > width && spans.len() > 2 {
        spans.pop();
    }
    Line::from(spans)
}
