//! The line of a program's source that makes a call, with those around it, and who called the function that it is in.

use ratatui::text::{Line, Span};

use crate::i18n::{SiteTexts, Texts};
use crate::model::{CallSite, StackFrame, escape_with};
use crate::tui::code::Language;
use crate::tui::scene::Scene;
use crate::tui::wrap::{cut, first_rows, wrap_code, wrap_text};

/// What fits of a call's place: what couldn't be found, the lines around the one that is meant, and the callers.
pub(super) fn lines(scene: &Scene<'_>, site: &CallSite, width: usize, rows: usize) -> Vec<Line<'static>> {
    let Ok(Texts { site: words, .. }) = Texts::load(scene.app.lang()) else { return Vec::new() };
    let lacks = words.lacks(site).map_or(Vec::new(), |text| wrap_text(&text, scene.theme.dim.0, width));
    let mut lines: Vec<Line<'static>> = lacks.into_iter().take(rows.saturating_sub(1)).collect();
    let left = rows - lines.len();
    let callers = callers(scene, site, words, width);
    // A third of the room at most is the callers', and none of three rows.
    let shown = callers.len().min(if left > 3 { left / 3 } else { 0 });
    let source = source(scene, site, words, width, left - shown);
    let shown = callers.len().min(left - source.len());
    lines.extend(source);
    lines.extend(callers.into_iter().take(shown));
    lines
}

/// The lines around the one that is meant, as many as fit, without what all of them are set in by; where they aren't known,
/// the function.
fn source(scene: &Scene<'_>, site: &CallSite, words: &SiteTexts, width: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let Some(line) = site.frame().and_then(|frame| frame.line).filter(|_| !site.around.is_empty()) else {
        let place = words.place(site);
        return place
            .map_or(Vec::new(), |place| wrap_text(&place, theme.text.0, width))
            .into_iter()
            .take(rows)
            .collect();
    };
    let meant = usize::try_from(line.saturating_sub(site.first)).unwrap_or(0).min(site.around.len() - 1);
    let digits = (site.first as usize + site.around.len() - 1).to_string().len();
    let room = width.saturating_sub(digits + 2);
    let shown = |text: &str, indent: usize| escape_with(text.get(indent..).unwrap_or_default().as_bytes(), "");
    let language = language(scene, site);
    let coloured = |text: &str| match language {
        Some(language) => language.highlight(text, theme),
        None => vec![Span::styled(text.to_owned(), theme.text.0)],
    };
    // The one that is meant has as many rows as it needs, at most about half of them: the call may stand at its end.
    let most = rows / 2 + 1;
    let meant_rows = |indent| first_rows(wrap_code(&coloured(&shown(&site.around[meant], indent)), room), most, room);
    let rows = (rows + 1).saturating_sub(meant_rows(0).len());
    let first = meant.saturating_sub(rows.saturating_sub(1) / 2).min(site.around.len().saturating_sub(rows));
    let around: Vec<&String> = site.around.iter().skip(first).take(rows).collect();
    let indent = |text: &&String| text.len() - text.trim_start_matches(' ').len();
    let indent =
        around.iter().copied().filter(|text| !text.trim().is_empty()).map(|text| indent(&text)).min().unwrap_or(0);
    let of_line = |(at, text): (usize, &String)| -> Vec<Line<'static>> {
        let (mark, style, own) = match first + at == meant {
            true => ("▸", theme.waits.0, meant_rows(indent)),
            false => (" ", theme.dim.0, vec![Line::from(coloured(&cut(&shown(text, indent), room)))]),
        };
        let head = format!("{mark}{:>digits$} ", site.first as usize + first + at);
        let heads = std::iter::once(head).chain(std::iter::repeat(" ".repeat(digits + 2)));
        let with_head =
            |(head, row): (String, Line<'static>)| Line::from([vec![Span::styled(head, style)], row.spans].concat());
        heads.zip(own).map(with_head).collect()
    };
    around.into_iter().enumerate().flat_map(of_line).collect()
}

/// The language whose colours the source has, by its name's end.
fn language<'a>(scene: &Scene<'a>, site: &CallSite) -> Option<&'a Language> {
    let (_, ending) = site.frame()?.file_name()?.rsplit_once('.')?;
    let name = match ending {
        "rs" => "Rust",
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" => "C",
        "go" => "Go",
        "py" => "Python",
        _ => return None,
    };
    scene.app.look.snippets.named(name)
}

/// The functions that called the one that makes the call, as far as their source is known, or they are the program's.
fn callers(scene: &Scene<'_>, site: &CallSite, words: &SiteTexts, width: usize) -> Vec<Line<'static>> {
    let after = site.own.map_or(site.frames.len(), |own| own as usize + 1);
    let is_told = |frame: &&StackFrame| frame.function.is_some() && !frame.library && frame.line.is_some();
    let told = site.frames.iter().skip(after).filter(is_told);
    told.map(|frame| Line::styled(cut(&words.caller(frame), width), scene.theme.dim.0)).collect()
}
