//! The glossary: first the terms that the step's text mentions, in its order, then all others.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::lesson::{Glossary, Term};
use crate::tui::scene::Scene;
use crate::tui::wrap::{prose, wrap};
use crate::walk::Phase;

/// The widest that its text gets: longer lines are hard to read.
const WIDEST: u16 = 84;
/// How much of a text is searched for terms, in characters.
const LONGEST: usize = 20_000;

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.glossary;
    let width = usize::from(area.width.saturating_sub(4).min(WIDEST));
    let glossary = Glossary::shipped();
    let here = glossary.mentioned(&text(scene));
    let terms = glossary.terms();
    let others = (0..terms.len()).filter(|number| !here.contains(number));
    let mut lines = Vec::new();
    let groups = [(&t.here, here.clone()), (&t.others, others.collect::<Vec<_>>())];
    for (heading, numbers) in groups.into_iter().filter(|(_, numbers)| !numbers.is_empty()) {
        lines.push(Line::styled(heading.clone(), scene.theme.question.0));
        lines.extend(numbers.iter().filter_map(|number| terms.get(*number)).flat_map(|term| entry(scene, term, width)));
        lines.push(Line::default());
    }
    lines.pop();
    let inner = scene.overlay(buf, (width, lines.len()), [&t.title, &scene.texts.help.close]);
    scene.put_scrolled(buf, inner, lines)
}

/// What stands in the explanation at the moment.
fn text(scene: &Scene<'_>) -> String {
    let lang = scene.app.lang();
    let walk = scene.app.walk();
    let Some(lesson) = walk.lesson() else { return String::new() };
    let mut parts = match scene.view.step().and_then(|(step, _)| lesson.steps.get(step)) {
        None => vec![lesson.goal.get(lang)],
        Some(step) => vec![step.title.get(lang), step.say.get(lang)],
    };
    if !scene.app.in_past() {
        parts.extend(walk.question().map(|ask| ask.question.get(lang)));
        parts.extend((*walk.phase() == Phase::Finished).then(|| lesson.recap.get(lang)));
    }
    // A text that fills more than a screen comes from a file that is no lesson for people.
    parts.join("\n").chars().take(LONGEST).collect()
}

fn entry(scene: &Scene<'_>, term: &Term, width: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let lang = scene.app.lang();
    let (name, other) = term.heads(lang);
    let other = other.filter(|other| scene.app.look.glyphs.have(other));
    let mut head = vec![Span::styled(name, theme.title.0)];
    head.extend(other.map(|other| Span::styled(format!(" · {other}"), theme.text.0)));
    head.push(Span::styled(format!("  {}", term.source), theme.dim.0));
    let mut lines = wrap(&head, width);
    let indent = "  ";
    let say = wrap(&prose(term.say.get(lang), theme.text.0, theme.code.0), width.saturating_sub(indent.len()));
    lines.extend(say.into_iter().map(|line| Line::from([vec![Span::raw(indent)], line.spans].concat())));
    lines
}
