//! What is wrong with a command line, and what to do, in the learner's language.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error};

use crate::i18n::{CliTexts, escape, fill, join};

/// The whole message, with its last line end.
pub(super) fn sentence(error: &Error, texts: &CliTexts) -> String {
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => unknown_command(error, texts),
        ErrorKind::UnknownArgument => unknown_argument(error, texts),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => wrong_value(error, texts),
        ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            fill(&texts.missing_value, &[("option", &option(error))])
        }
        ErrorKind::TooManyValues => fill(
            &texts.no_value_allowed,
            &[("option", &option(error)), ("found", &one(error, ContextKind::InvalidValue))],
        ),
        // One of the two is enough, which clap can't say.
        ErrorKind::MissingRequiredArgument if one(error, ContextKind::InvalidArg).starts_with("--server") => {
            texts.missing_programs.clone()
        }
        ErrorKind::MissingRequiredArgument => {
            fill(&texts.missing_argument, &[("argument", &one(error, ContextKind::InvalidArg))])
        }
        ErrorKind::ArgumentConflict => conflict(error, texts),
        ErrorKind::InvalidUtf8 => texts.not_utf8.clone(),
        _ => fill(&texts.other_error, &[("message", &escape(error.kind().to_string()))]),
    };
    format!("{}\n{}\n", join(&texts.error, &what), texts.hint_help)
}

fn unknown_command(error: &Error, texts: &CliTexts) -> String {
    let found = one(error, ContextKind::InvalidSubcommand);
    let command = super::args::Cli::command();
    let commands = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(clap::Command::get_name)
        .collect::<Vec<_>>()
        .join(&texts.between);
    let sentence = fill(&texts.unknown_command, &[("found", &found), ("commands", &commands)]);
    // A lesson's name alone is the likeliest slip, and clap can't know it.
    if crate::lesson::builtin_names().contains(&found.as_str()) {
        return suggest(sentence, &format!("sockwalk learn {found}"), texts);
    }
    with_suggestion(sentence, error, ContextKind::SuggestedSubcommand, texts)
}

fn unknown_argument(error: &Error, texts: &CliTexts) -> String {
    let found = one(error, ContextKind::InvalidArg);
    let text = if found.starts_with('-') { &texts.unknown_option } else { &texts.unexpected_argument };
    with_suggestion(fill(text, &[("found", &found)]), error, ContextKind::SuggestedArg, texts)
}

fn wrong_value(error: &Error, texts: &CliTexts) -> String {
    let found = one(error, ContextKind::InvalidValue);
    let option = option(error);
    let values = all(error, ContextKind::ValidValue);
    let allowed = if option.starts_with("--port") {
        fill(&texts.allowed_range, &[("from", &1), ("to", &u16::MAX)])
    } else if option.starts_with("--patience") {
        fill(&texts.allowed_range, &[("from", &1), ("to", &600_000)])
    } else if option.contains(&texts.addr_name) {
        texts.allowed_address.clone()
    } else {
        fill(&texts.allowed_values, &[("values", &values.join(&texts.between))])
    };
    // clap reports a missing value as an empty one.
    let text = if found.is_empty() { &texts.missing_value } else { &texts.invalid_value };
    let sentence = fill(text, &[("found", &found), ("option", &option)]);
    with_suggestion(join(&sentence, &allowed), error, ContextKind::SuggestedValue, texts)
}

/// An option that is there twice, or beside one that it excludes.
fn conflict(error: &Error, texts: &CliTexts) -> String {
    let (found, other) = (option(error), name(&one(error, ContextKind::PriorArg)));
    if found == other || other.is_empty() {
        return fill(&texts.repeated, &[("option", &found)]);
    }
    fill(&texts.exclusive, &[("option", &found), ("other", &other)])
}

fn with_suggestion(sentence: String, error: &Error, kind: ContextKind, texts: &CliTexts) -> String {
    // clap names the likeliest last.
    match all(error, kind).last() {
        Some(suggestion) => suggest(sentence, suggestion, texts),
        None => sentence,
    }
}

fn suggest(sentence: String, suggestion: &str, texts: &CliTexts) -> String {
    join(&sentence, &fill(&texts.did_you_mean, &[("suggestion", &suggestion)]))
}

/// The option that the error is about, by its name alone.
fn option(error: &Error) -> String {
    name(&one(error, ContextKind::InvalidArg))
}

/// What clap shows of an option, without its value.
fn name(shown: &str) -> String {
    shown.split_once(" <").map_or(shown, |(name, _)| name).to_owned()
}

fn one(error: &Error, kind: ContextKind) -> String {
    all(error, kind).into_iter().next().unwrap_or_default()
}

/// The words that clap has for this; those that the learner typed come escaped.
fn all(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![escape(text)],
        Some(ContextValue::Strings(texts)) => texts.iter().map(escape).collect(),
        _ => Vec::new(),
    }
}
