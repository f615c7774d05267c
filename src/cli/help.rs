//! The help, in the learner's language.

use std::sync::LazyLock;

use clap::{Arg, Command, CommandFactory};
use unicode_width::UnicodeWidthStr;

use super::args::Cli;
use crate::i18n::{CliTexts, Lang, fill, join, wrap};
use crate::lesson::builtin_names;

/// The help is laid out for this many columns.
const COLUMNS: usize = 80;
/// So far to the right clap puts an option's words where every option's name is at most this long.
const NAMES: usize = 30;

/// The command line with every word of its help in one language.
pub(super) fn localized(texts: &'static CliTexts) -> Command {
    let mut command = Cli::command()
        .about(wrapped(&texts.about, COLUMNS))
        .override_usage(texts.usage.clone())
        .help_template(template(texts, Preamble::Commands))
        .after_help(footer(texts))
        .max_term_width(COLUMNS)
        .mut_args(|arg| argument("", arg, texts));
    for (name, about, usage, first) in [
        ("learn", &texts.learn, &texts.usage_learn, Preamble::Arguments),
        ("play", &texts.play, &texts.usage_play, Preamble::Arguments),
        ("lessons", &texts.lessons, &texts.usage_lessons, Preamble::Nothing),
        ("reset", &texts.reset, &texts.usage_reset, Preamble::Arguments),
        ("glossary", &texts.glossary, &texts.usage_glossary, Preamble::Arguments),
        ("server", &texts.server, &texts.usage_server, Preamble::Arguments),
        ("client", &texts.client, &texts.usage_client, Preamble::Arguments),
        ("free", &texts.free, &texts.usage_free, Preamble::Arguments),
        ("watch", &texts.watch, &texts.usage_watch, Preamble::Arguments),
        ("run", &texts.run, &texts.usage_run, Preamble::Arguments),
        ("exec", &texts.exec, &texts.usage_exec, Preamble::Arguments),
        ("replay", &texts.replay, &texts.usage_replay, Preamble::Arguments),
        ("check", &texts.check, &texts.usage_check, Preamble::Arguments),
        ("new", &texts.new, &texts.usage_new, Preamble::Arguments),
        ("doctor", &texts.doctor, &texts.usage_doctor, Preamble::Nothing),
    ] {
        command = command.mut_subcommand(name, |command| {
            command
                .about(about.clone())
                .override_usage(usage.clone())
                .help_template(template(texts, first))
                .max_term_width(COLUMNS)
                .mut_args(|arg| argument(name, arg, texts))
        });
    }
    command
}

/// What stands before the options.
#[derive(Clone, Copy)]
enum Preamble {
    Commands,
    Arguments,
    Nothing,
}

fn footer(texts: &CliTexts) -> String {
    wrapped(&fill(&texts.footer, &[("lessons", &builtin_names().join(&texts.between))]), COLUMNS)
}

/// clap's own headings are English: the template brings ours.
fn template(texts: &CliTexts, first: Preamble) -> String {
    let CliTexts { usage_heading, commands_heading, arguments_heading, options_heading, .. } = texts;
    let first = match first {
        Preamble::Commands => format!("{commands_heading}\n{{subcommands}}\n\n"),
        Preamble::Arguments => format!("{arguments_heading}\n{{positionals}}\n\n"),
        Preamble::Nothing => String::new(),
    };
    let usage = join(usage_heading, "{usage}");
    format!("{{about}}\n\n{usage}\n\n{first}{options_heading}\n{{options}}{{after-help}}")
}

fn argument(command: &str, arg: Arg, texts: &'static CliTexts) -> Arg {
    let learns = command == "learn";
    let words = match arg.get_id().as_str() {
        "lang" => &texts.lang,
        "mode" => &texts.mode,
        "theme" => &texts.theme,
        "port" => &texts.port,
        "lesson" if learns => &texts.lesson_learn,
        "lesson" => &texts.lesson,
        "name" => &texts.lesson_reset,
        "term" => &texts.term,
        "addr" => &texts.addr,
        "lab" => &texts.lab,
        "record" => &texts.record,
        "pass" => &texts.pass,
        "report" if command == "run" => &texts.run_report,
        "report" => &texts.report,
        "answer" => &texts.answer,
        "program" => &texts.program,
        "server" => &texts.run_server,
        "client" => &texts.run_client,
        "file" => &texts.file,
        "shown" => &texts.shown,
        "paths" => &texts.lesson_check,
        "id" => &texts.lesson_new,
        "from_start" => &texts.from_start,
        "format" => &texts.format,
        "patience" => &texts.patience,
        "timers" => &texts.timers,
        "draft" => &texts.draft,
        "version" => &texts.version,
        _ => &texts.help,
    };
    // The allowed values and the default stand in our own words.
    let arg = match arg.get_id().as_str() {
        "lang" => arg.value_name(codes()),
        "addr" => arg.value_name(texts.addr_name.as_str()),
        "program" => arg.value_name(texts.program_name.as_str()),
        "server" | "client" => arg.value_name(texts.command_name.as_str()),
        "file" | "record" => arg.value_name(texts.file_name.as_str()),
        "lesson" | "paths" => arg.value_name(texts.lesson_name.as_str()),
        "term" => arg.value_name(texts.term_name.as_str()),
        "id" => arg.value_name(texts.new_name.as_str()),
        "name" => arg.value_name(texts.builtin_name.as_str()),
        _ => arg,
    };
    let valued = arg.get_action().takes_values();
    // clap counts the characters of a name, not their columns.
    let names = arg.get_value_names().unwrap_or_default().iter();
    let wider: usize = names.map(|name| name.width().saturating_sub(name.chars().count())).sum();
    let arg = arg.help(wrapped(words, COLUMNS - NAMES - wider));
    if valued { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
}

/// The languages' codes, as a choice is written: `en|zh`.
fn codes() -> &'static str {
    static CODES: LazyLock<String> = LazyLock::new(|| Lang::all().map(Lang::code).collect::<Vec<_>>().join("|"));
    &CODES
}

/// clap breaks lines at spaces only, which Chinese doesn't have.
fn wrapped(text: &str, columns: usize) -> String {
    wrap(text, columns).join("\n")
}
