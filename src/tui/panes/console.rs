//! What programs of the window print: the last lines beside the text, and the whole terminal of the one to which keys go.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::rules;
use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::model::{escape_with, signal_name};
use crate::tui::console::{Program, ProgramCourse, ProgramEnd, without_marks};
use crate::tui::paint::write;
use crate::tui::scene::{Scene, put, shape};
use crate::tui::texts;
use crate::tui::wrap::{cut, first_rows, wrap_text};

/// What became of a program, in a word or two, and how that looks.
fn course(scene: &Scene<'_>, program: &Program) -> (String, Style) {
    let (t, theme) = (&scene.texts.output, scene.theme);
    match &program.course {
        ProgramCourse::Starts => (t.starts.clone(), theme.dim.0),
        ProgramCourse::Runs(process) => match rules::stopped(scene, *process) {
            Some(signal) => (fill(&t.stopped, &[("signal", signal_name(signal))]), theme.waits.0),
            None => (t.runs.clone(), theme.good.0),
        },
        ProgramCourse::Ended(ProgramEnd::Status(status)) => {
            let style = if *status == 0 { theme.dim.0 } else { theme.bad.0 };
            (fill(&t.ended, &[("status", status)]), style)
        }
        ProgramCourse::Ended(ProgramEnd::Signal(name)) => (fill(&t.killed, &[("signal", name)]), theme.bad.0),
        ProgramCourse::NotStarted(why) => (fill(&t.not_started, &[("why", why)]), theme.bad.0),
    }
}

/// What stands for the output of a program that has printed nothing, where there may be some.
fn without_output<'a>(t: &'a texts::Output, program: &Program) -> Option<&'a str> {
    match program.course {
        ProgramCourse::Starts | ProgramCourse::Runs(_) => Some(&t.nothing),
        ProgramCourse::Ended(_) => Some(&t.printed_nothing),
        ProgramCourse::NotStarted(_) => None,
    }
}

/// Who it is, and what became of it.
fn head(scene: &Scene<'_>, program: &Program, width: usize) -> Line<'static> {
    let (course, style) = course(scene, program);
    let mark = format!("{} ", shape(program.console.side));
    let course = cut(&format!(" · {course}"), width.saturating_sub(display_width(&mark) + 4));
    let room = width.saturating_sub(display_width(&mark) + display_width(&course));
    let command = cut(&escape_with(program.console.command.as_bytes(), ""), room);
    Line::from(vec![
        Span::styled(mark, scene.theme.side(program.console.side)),
        Span::styled(command, scene.theme.title.0),
        Span::styled(course, style),
    ])
}

/// The last lines of each program.
pub(super) fn draw_last(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let t = &scene.texts.output;
    let theme = scene.theme;
    let title = if scene.app.in_past() { format!(" {} ({}) ", t.title, t.now) } else { format!(" {} ", t.title) };
    let block = scene.block(Line::styled(title, theme.title.0), false);
    let inner = block.inner(area);
    block.render(area, buf);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let (width, programs) = (usize::from(inner.width), &scene.app.programs);
    let mut left = inner;
    for (n, program) in programs.iter().enumerate() {
        let rows = left.height / u16::try_from(programs.len() - n).unwrap_or(1).max(1);
        let own = Rect { height: rows, ..left };
        let most = usize::from(rows.saturating_sub(1));
        let is_ended = scene.app.ended_program().is_some_and(|ended| ended.console.side == program.console.side);
        let again = if is_ended { wrap_text(&t.again, theme.dim.0, width) } else { Vec::new() };
        let room = most.saturating_sub(again.len());
        let mut lines = last_rows(&program.console.last_lines(room), theme.text.0, (width, room));
        if lines.is_empty() {
            lines.extend(without_output(t, program).map(|text| Line::styled(cut(text, width), theme.dim.0)));
        }
        lines.extend(again);
        let lines = lines.split_off(lines.len().saturating_sub(most));
        put(buf, own, std::iter::once(head(scene, program, width)).chain(lines));
        left = Rect { y: left.y + rows, height: left.height - rows, ..left };
    }
}

/// The last of these lines in so many rows of this width. The end of what was printed is at the bottom; of a line for which not enough
/// rows are left the beginning stands there, which says what it is.
fn last_rows(said: &[String], style: Style, (width, most): (usize, usize)) -> Vec<Line<'static>> {
    let mut rows: Vec<Line<'static>> = Vec::new();
    for line in said.iter().rev() {
        let left = most - rows.len();
        if left == 0 {
            break;
        }
        rows.splice(0..0, first_rows(wrap_text(&without_marks(line), style, width), left, width));
    }
    rows
}

/// Where the terminal that is looked at stands, inside its frame.
fn place(scene: &Scene<'_>) -> Rect {
    let (columns, rows) = scene.app.console_size();
    let area = scene.overlay_place((usize::from(columns), usize::from(rows)));
    Rect { x: area.x + 2, y: area.y + 1, width: columns.min(area.width - 4), height: rows.min(area.height - 2) }
}

/// The terminal of the program to which keys go. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, scene: &Scene<'_>) -> usize {
    let Some(program) = scene.app.program() else { return 0 };
    let t = &scene.texts.output;
    let (columns, rows) = scene.app.console_size();
    let title = head(scene, program, usize::from(columns).saturating_sub(2)).to_string();
    let foot = if program.runs() { &t.close } else { &t.again };
    let (back, most) = (scene.app.place.back, program.console.most_back());
    let foot = if back > 0 { fill(&t.back, &[("n", &back.min(most))]) } else { foot.clone() };
    scene.overlay(buf, (usize::from(columns), usize::from(rows)), [&title, &foot]);
    let area = place(scene);
    let coloured = scene.theme.good.0.fg.is_some();
    program.console.look(back, |screen| {
        for y in 0..area.height {
            for x in 0..area.width {
                let Some(cell) = screen.cell(y, x) else { continue };
                let wide_fits = !cell.is_wide() || x + 1 < area.width;
                if cell.is_wide_continuation() || !wide_fits {
                    continue;
                }
                let text = without_marks(cell.contents());
                // What can't be shown in its place isn't.
                let text = match display_width(&text) {
                    0 => " ",
                    width if width == if cell.is_wide() { 2 } else { 1 } => &text,
                    _ => "?",
                };
                write(buf, area.x + x, area.y + y, text, style(cell, scene.theme.text.0, coloured));
            }
        }
    });
    most
}

/// A cell's look. The terminal's own sixteen colours alone are used, which everybody has set so that they can read them.
fn style(cell: &vt100::Cell, text: Style, coloured: bool) -> Style {
    let own = |color| match color {
        vt100::Color::Idx(n @ 0..=15) if coloured => Some(Color::Indexed(n)),
        _ => None,
    };
    let mut style = text;
    style.fg = own(cell.fgcolor()).or(style.fg);
    style.bg = own(cell.bgcolor()).or(style.bg);
    for (is, modifier) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        if is {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// Where the program's cursor stands, where it is seen.
pub(super) fn cursor(scene: &Scene<'_>) -> Option<(u16, u16)> {
    let program = scene.app.program().filter(|program| program.runs())?;
    let area = place(scene);
    let (_, at) = program.console.look(0, |screen| (!screen.hide_cursor()).then(|| screen.cursor_position()));
    let (y, x) = at.filter(|_| scene.app.place.back == 0)?;
    (x < area.width && y < area.height).then_some((area.x + x, area.y + y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line_that_has_no_room_the_beginning_is_shown() {
        let shown = |said: &[&str], most| {
            let said: Vec<String> = said.iter().map(|line| (*line).to_owned()).collect();
            let rows = last_rows(&said, Style::default(), (12, most));
            rows.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let long = "one two three four five six seven";
        assert_eq!(shown(&["before", long], 2), ["one two", "three four …"]);
        assert_eq!(shown(&["before", long], 1), ["one two …"]);
        // Not even where something was printed after it.
        assert_eq!(shown(&[long, "after"], 3), ["one two", "three four …", "after"]);
        assert_eq!(shown(&[long, "after"], 5), ["one two", "three four", "five six", "seven", "after"]);
        assert_eq!(shown(&["a", "b", "c"], 2), ["b", "c"]);
        assert!(shown(&[], 2).is_empty() && shown(&["a"], 0).is_empty());
    }
}
