//! A built-in lesson's outline, which is read before its first page is drawn; `parse_tree/outline.rs` writes it.

use std::str::SplitWhitespace;

use serde::Deserialize;

use super::error::SourceText;
use super::raw::RawLesson;
use super::{Lesson, Step, lint, parse_tree};
use crate::i18n::{Languages, Localized};
use crate::model::{Actor, Caller, Mode};

#[derive(Deserialize)]
struct RawOutline {
    /// The lesson without the steps that nothing has to be known of.
    lesson: RawLesson,
    /// Of each of these its place among all, its name, and its modes where they aren't the lesson's.
    unread: Vec<String>,
}

/// Reads an outline; `None` where it can't be used.
pub(super) fn read(file: &str, tree: &[u8]) -> Option<Lesson> {
    let RawOutline { lesson, unread } = parse_tree::read("", tree).ok()?;
    let mut lesson = lint::check(Languages::shipped(), (file, false), &SourceText::new(""), lesson).ok()?;
    let read = std::mem::take(&mut lesson.steps);
    lesson.steps.reserve(read.len() + unread.len());
    // A set-up stands before the file's own steps.
    let set_up = read.iter().take_while(|step| step.set_up).count();
    let mut read = read.into_iter();
    lesson.steps.extend(read.by_ref().take(set_up));
    for text in &unread {
        let mut words = text.split_whitespace();
        let before = set_up + words.next()?.parse::<usize>().ok()?;
        let missing = before.checked_sub(lesson.steps.len())?;
        lesson.steps.extend(read.by_ref().take(missing));
        lesson.steps.push(step(words, &lesson.modes)?);
    }
    lesson.steps.extend(read);
    Some(lesson)
}

/// A step of which nothing else is known.
fn step(mut words: SplitWhitespace<'_>, all_modes: &[Mode]) -> Option<Step> {
    let id = words.next()?.to_owned();
    let mode = |word: &str| all_modes.iter().copied().find(|mode| mode.name() == word);
    let own: Vec<Mode> = words.map(mode).collect::<Option<_>>()?;
    Some(Step {
        id,
        line: 0,
        modes: if own.is_empty() { all_modes.to_vec() } else { own },
        title: Localized::default(),
        say: Localized::default(),
        ask: None,
        action: None,
        worker: Caller::MAIN,
        process: Actor::FIRST,
        expect: Vec::new(),
        waits_for: None,
        times: 1,
        show: None,
        set_up: false,
    })
}
