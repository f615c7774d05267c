//! The newest call, of the chosen side or of both, in a programming language.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::{Actor, CallView, Side};
use crate::tui::scene::{Scene, put, shape};
use crate::tui::wrap::wrap;

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let newest = newest_call(scene);
    let title = title(scene, newest, usize::from(area.width).saturating_sub(2));
    let block = scene.block(title, false);
    let inner = block.inner(area);
    block.render(area, buf);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let width = usize::from(inner.width);
    let (Some(call), Some(language)) = (newest, scene.app.look.snippets.get(scene.app.look.code)) else {
        put(buf, inner, [Line::styled(scene.texts.code.none.clone(), scene.theme.dim.0)]);
        return;
    };
    let lines = language.lines(call.call, call.outcome);
    let rows: Vec<Line<'_>> =
        lines.iter().flat_map(|line| wrap(&language.highlight(line, scene.theme), width)).collect();
    put(buf, inner, the_call(rows, usize::from(inner.height), scene));
}

/// What fits: the call itself stands at the end of its snippet, so what goes is the beginning, and a mark says so.
fn the_call<'a>(mut rows: Vec<Line<'a>>, fit: usize, scene: &Scene<'_>) -> Vec<Line<'a>> {
    if rows.len() > fit {
        rows.drain(..=rows.len() - fit);
        rows.insert(0, Line::styled("…", scene.theme.dim.0));
    }
    rows
}

/// The chosen one's newest call; without a choice, the newest of all.
fn newest_call<'a>(scene: &Scene<'a>) -> Option<CallView<'a>> {
    let of = |actor: Actor| scene.view.calls(actor).next();
    let all = || Side::BOTH.into_iter().flat_map(|side| scene.view.actors(side));
    match scene.app.place.actor {
        Some(actor) => of(actor),
        None => all().filter_map(of).max_by_key(|call| (call.since, call.changed)),
    }
}

/// The title: which call, and the languages, the shown one lit.
fn title(scene: &Scene<'_>, call: Option<CallView<'_>>, width: usize) -> Line<'static> {
    let theme = scene.theme;
    let mut spans = match call {
        Some(call) => vec![
            Span::styled(format!(" {} ", shape(call.caller.actor.side)), theme.side(call.caller.actor.side)),
            Span::styled(format!("{}() ", call.called()), theme.title.0),
        ],
        None => vec![Span::styled(format!(" {} ", scene.texts.code.title), theme.title.0)],
    };
    for (n, language) in scene.app.look.snippets.languages().enumerate() {
        let shown = n == scene.app.look.code;
        let name = if shown { format!("[{} {}]", language.name, language.detail) } else { language.name.clone() };
        spans.push(Span::styled(if n == 0 { "" } else { " · " }, theme.dim.0));
        spans.push(Span::styled(name, if shown { theme.title.0 } else { theme.dim.0 }));
    }
    spans.push(Span::raw(" "));
    while spans.iter().map(Span::width).sum::<usize>() > width && spans.len() > 2 {
        spans.pop();
    }
    Line::from(spans)
}
