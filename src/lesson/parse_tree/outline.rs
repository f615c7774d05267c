//! What of a lesson its first page has, as a lesson of the same form beside a list of the other steps' names: it is read before that
//! page is drawn (`lesson/outline.rs`), and all else after it. `build.rs` alone has this file; the tests of `tui` hold both pages
//! against each other.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Error};

use super::write::write_alone;

/// Stands for a text that no first page has: a lesson's file must have one there.
const UNREAD: &str = "-";

/// What is nothing to the first page, of a step.
const UNREAD_KEYS: [&str; 6] = ["ask", "process", "thread", "waits_for", "times", "show"];

/// What a step does is kept where the machine may lack something for it (`lesson/needs.rs`), and where it makes what another one of
/// these names.
const ACTIONS: [&str; 7] = ["socket", "accept", "dup", "close", "setsockopt", "getsockopt", "sysctl"];

/// A claim is kept where it says that the kernel refuses one of these: then the machine needn't have the option.
const REFUSED: [&str; 2] = ["setsockopt", "getsockopt"];

/// The parse tree of a lesson's outline.
///
/// # Errors
/// Where the text is no TOML.
pub fn outline(text: &str) -> Result<Vec<u8>, Error> {
    let mut lesson = DeTable::parse(text)?.into_inner();
    lesson.remove("misbelief");
    unread(&mut lesson, "recap");
    let all_modes = modes_of(&lesson, "modes").unwrap_or_else(|| ["lab", "host"].map(str::to_owned).to_vec());
    let (mut titled, mut unread) = (Vec::new(), DeArray::new());
    if let Some(DeValue::Array(steps)) = lesson.get_mut("step").map(Spanned::get_mut) {
        let mut kept = DeArray::new();
        for (at, mut step) in std::mem::replace(steps, DeArray::new()).into_iter().enumerate() {
            match table_of(&mut step).and_then(|step| of_step(step, &all_modes, &mut titled)) {
                Some(named) => unread.push(value(format!("{at} {named}"))),
                None => kept.push(step),
            }
        }
        *steps = kept;
    }
    let mut outline = DeTable::new();
    let values = [("lesson", DeValue::Table(lesson)), ("unread", DeValue::Array(unread))];
    outline.extend(values.map(|(key, value)| (Spanned::new(0..0, key.into()), Spanned::new(0..0, value))));
    Ok(write_alone(&outline))
}

/// Its name, and its modes where they aren't the lesson's, where nothing else of a step has to be known; else what has to be is left in
/// it. `titled` are the modes whose first step has its title: the page says what comes next.
fn of_step(step: &mut DeTable<'_>, all_modes: &[String], titled: &mut Vec<String>) -> Option<String> {
    let own = modes_of(step, "in");
    let modes = own.as_deref().unwrap_or(all_modes);
    let is_first = modes.iter().any(|mode| !titled.contains(mode));
    let action = step.get("do").map(Spanned::get_ref);
    let acts = action.is_some_and(|action| ACTIONS.iter().any(|name| action.get(name).is_some()));
    if !is_first && !acts {
        return Some(format!("{} {}", step.get("id")?.get_ref().as_str()?, own.unwrap_or_default().join(" ")));
    }
    if !is_first {
        unread(step, "title");
    }
    titled.extend_from_slice(modes);
    unread(step, "say");
    if !acts {
        step.remove("do");
    }
    if let Some(DeValue::Array(claims)) = step.get_mut("expect").map(Spanned::get_mut) {
        let all = std::mem::replace(claims, DeArray::new());
        *claims = all.into_iter().filter(|claim| acts && is_refusal(claim.get_ref())).collect();
    }
    UNREAD_KEYS.iter().for_each(|key| drop(step.remove(*key)));
    None
}

fn modes_of(table: &DeTable<'_>, key: &str) -> Option<Vec<String>> {
    let modes = table.get(key)?.get_ref().as_array()?;
    Some(modes.iter().filter_map(|mode| mode.get_ref().as_str()).map(str::to_owned).collect())
}

fn is_refusal(claim: &DeValue<'_>) -> bool {
    let returns = claim.get("returns").map(Spanned::get_ref);
    let call = returns.and_then(|returns| returns.get("call")?.get_ref().as_str());
    let fails = returns.is_some_and(|returns| returns.get("error").is_some());
    fails && call.is_some_and(|call| REFUSED.contains(&call))
}

/// Leaves of a text that it is there.
fn unread(table: &mut DeTable<'_>, key: &str) {
    let Some(texts) = table.get_mut(key).and_then(table_of) else { return };
    let Some(mut text) = texts.remove("en") else { return };
    *text.get_mut() = DeValue::String(UNREAD.into());
    *texts = DeTable::new();
    texts.insert(Spanned::new(0..0, "en".into()), text);
}

fn value(text: String) -> Spanned<DeValue<'static>> {
    Spanned::new(0..0, DeValue::String(text.into()))
}

fn table_of<'a, 'i>(value: &'a mut Spanned<DeValue<'i>>) -> Option<&'a mut DeTable<'i>> {
    match value.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}
