//! `sockwalk check`: what an author wants to know of a lesson before anybody learns with it.
//!
//! A lesson is read, reviewed, laid out in the smallest window, and run on the kernel in each of its modes. Whatever is
//! wrong is one line with its place; whatever could not be checked is said.

mod files;
mod run;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use sockwalk::cli::{Exit, Invocation, Target};
use sockwalk::i18n::{CheckTexts, Glyphs, Lang, Texts, cause, fill, harmless};
use sockwalk::lesson::{Glossary, Lesson, read, read_draft, review, setting_place};
use sockwalk::model::Mode;
use sockwalk::model::SocketOption;
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{Appearance, Overflow, SMALLEST, overflows};

use super::place::{NotStarted, ProcessRights};
use files::{LessonFile, gather};
use run::{LessonRun, run_in};

/// What was found in one lesson: lines to print, and how grave they are.
#[derive(Default)]
struct Findings {
    lines: Vec<String>,
    errors: usize,
    warnings: usize,
    /// Modes that were asked for and could not be run.
    unchecked: usize,
    /// What the last line says of each mode.
    parts: Vec<String>,
}

impl Findings {
    fn failed(&self) -> bool {
        self.errors > 0 || self.unchecked > 0
    }
}

/// Checks lessons. Returns the exit status: 0 where nothing is wrong and all of it was checked, else 1.
pub fn run(invocation: &Invocation, targets: &[Target], (timers, draft): (bool, bool)) -> Result<u8, Exit> {
    // First of all: the files are foreign.
    let grounds = ProcessRights::prepare(invocation)?;
    let files = gather(targets, invocation.lang)?;
    let checker = Checker { invocation, grounds, timers, draft, texts: &Texts::load(invocation.lang)?.check };
    let (mut failed, mut warnings) = (0, 0);
    for file in &files {
        let findings = checker.check(file)?;
        failed += usize::from(findings.failed());
        warnings += findings.warnings;
        match print(&findings.lines) {
            // Nobody reads on: what wasn't told can't count as checked.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(1),
            Err(error) => return Err(super::not_written(&error, invocation.lang)),
            Ok(()) => {}
        }
    }
    let values = [("n", files.len()), ("failed", failed), ("warnings", warnings)];
    super::say(&(fill(&checker.texts.total, &values) + "\n"), invocation.lang)?;
    Ok(u8::from(failed > 0))
}

fn print(lines: &[String]) -> io::Result<()> {
    let mut out = crate::out::out();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    out.flush()
}

struct Checker<'a> {
    invocation: &'a Invocation,
    grounds: ProcessRights,
    timers: bool,
    /// What a finished lesson has beyond what runs isn't asked for.
    draft: bool,
    texts: &'static CheckTexts,
}

impl Checker<'_> {
    fn check(&self, file: &LessonFile) -> Result<Findings, Exit> {
        let mut findings = Findings::default();
        let named = harmless(&file.name);
        // A slice can always be read.
        let bytes = file.bytes.as_slice();
        let read = if self.draft { read_draft(&file.name, bytes) } else { read(&file.name, bytes) };
        let lesson = match read {
            Ok(Ok(lesson)) => Some(Arc::new(lesson)),
            Ok(Err(error)) => {
                findings.errors = error.problems().len();
                findings.lines.push(error.render(self.invocation.lang, false).trim_end().to_owned());
                None
            }
            Err(error) => {
                let error = cause(self.invocation.lang, &error);
                return Err(Exit { status: 1, text: format!("{named}: {error}\n") });
            }
        };
        if let Some(lesson) = lesson {
            let text = String::from_utf8_lossy(&file.bytes);
            if !self.draft {
                self.review(&lesson, &text, &mut findings)?;
            }
            for mode in lesson.modes.iter().copied() {
                if !self.draft {
                    self.lay_out(&lesson, &text, mode, &mut findings)?;
                }
                self.run(&lesson, &text, mode, &mut findings);
            }
        }
        let t = self.texts;
        let mark = if findings.failed() { '✗' } else { '✓' };
        findings.parts.push(fill(&t.counts, &[("errors", findings.errors), ("warnings", findings.warnings)]));
        let parts = findings.parts.join(&t.between);
        findings.lines.push(format!("{mark} {}", fill(&t.summary, &[("file", &named), ("parts", &parts)])));
        Ok(findings)
    }

    fn review(&self, lesson: &Lesson, text: &str, findings: &mut Findings) -> Result<(), Exit> {
        let glossary = Glossary::load().map_err(|error| trouble(&error))?;
        let known = |name: &str| SocketOption::by_name(name).is_some();
        for remark in review(lesson, text, glossary, known) {
            let sentence = remark.what.sentence(self.invocation.lang);
            let place = (remark.line, remark.column);
            self.note(lesson, place, remark.what.is_error(), &sentence, findings);
        }
        Ok(())
    }

    /// Lays a lesson's texts out in the smallest window, as the interface would.
    fn lay_out(&self, lesson: &Arc<Lesson>, text: &str, mode: Mode, findings: &mut Findings) -> Result<(), Exit> {
        let goal = text.lines().position(|line| line.starts_with("goal")).map_or(1, |line| line + 1);
        let theme = Theme::load(Choice::Mono, Colours::All).map_err(|error| trouble(&error))?;
        let look = Appearance::new(Lang::EN, theme, Glyphs::Unicode).map_err(|error| trouble(&error))?;
        for Overflow { step, lang, alone, beside } in overflows(look, lesson, mode) {
            let step = step.and_then(|step| lesson.steps.get(step));
            let sentence = if alone > 0 { &self.texts.scrolls } else { &self.texts.scrolls_beside };
            let (columns, rows) = SMALLEST;
            let values: [(&str, &dyn Display); 6] = [
                ("lang", &lang.code()),
                ("n", if alone > 0 { &alone } else { &beside }),
                ("columns", &columns),
                ("rows", &rows),
                ("mode", &mode.name()),
                ("step", step.map_or(&"goal", |step| &step.id)),
            ];
            self.note(lesson, (step.map_or(goal, |step| step.line), 1), false, &fill(sentence, &values), findings);
        }
        Ok(())
    }

    fn run(&self, lesson: &Arc<Lesson>, text: &str, mode: Mode, findings: &mut Findings) {
        let t = self.texts;
        if !self.grounds.wants(mode) {
            findings.parts.push(fill(&t.not_asked, &[("mode", mode.name())]));
            return;
        }
        let LessonRun { steps, claims, took, wrong, unseen, left_out } =
            match run_in(&self.grounds, lesson, mode, self.invocation, self.timers) {
                Ok(ran) => ran,
                Err(why) => return self.not_run(lesson, text, (mode, why), findings),
            };
        // Of many faults, each has its line at once.
        let lines: Vec<&str> = text.lines().collect();
        for wrong in wrong {
            let column = lines.get(wrong.line - 1).map_or(1, |line| line.len() - line.trim_start().len() + 1);
            let values: [(&str, &dyn Display); 4] = [
                ("mode", &mode.name()),
                ("step", &wrong.step),
                ("expected", &harmless(&wrong.expected)),
                ("actual", &harmless(&wrong.actual)),
            ];
            self.note(lesson, (wrong.line, column), true, &fill(&t.broken, &values), findings);
        }
        let notes = [
            (&t.unseen, unseen.to_string(), unseen > 0),
            (&t.left_out, self.invocation.lang.list(&left_out), !left_out.is_empty()),
        ];
        for (text, what, _) in notes.iter().filter(|(.., there)| *there) {
            let values = [("file", harmless(&lesson.file)), ("mode", mode.name().to_owned()), ("what", what.clone())];
            findings.lines.push(fill(text, &values));
        }
        let seconds = format!("{:.1}", took.as_secs_f64());
        let values: [(&str, &dyn Display); 4] =
            [("mode", &mode.name()), ("steps", &steps), ("claims", &claims), ("seconds", &seconds)];
        findings.parts.push(fill(&t.ran, &values));
    }

    /// A mode could not be run at all.
    fn not_run(&self, lesson: &Lesson, text: &str, (mode, why): (Mode, NotStarted), findings: &mut Findings) {
        let t = self.texts;
        findings.unchecked += 1;
        findings.parts.push(fill(&t.unchecked, &[("mode", mode.name())]));
        match why {
            NotStarted::Setting { name, why } => {
                let place = setting_place(text, &name).unwrap_or((1, 1));
                let values = [("mode", mode.name()), ("name", &name), ("why", &why)];
                self.note(lesson, place, true, &fill(&t.refused_setting, &values), findings);
            }
            NotStarted::Told(exit) => {
                let why = harmless(exit.text.trim());
                let values = [("file", harmless(&lesson.file)), ("mode", mode.name().to_owned()), ("why", why)];
                findings.lines.push(fill(&t.not_run, &values));
            }
        }
    }

    fn note(&self, lesson: &Lesson, place: (usize, usize), is_error: bool, sentence: &str, findings: &mut Findings) {
        let grade = if is_error { &self.texts.error } else { &self.texts.warning };
        *(if is_error { &mut findings.errors } else { &mut findings.warnings }) += 1;
        let (line, column) = place;
        findings.lines.push(format!("{}:{line}:{column}: {grade}{}", harmless(&lesson.file), harmless(sentence)));
    }
}

/// A built-in file is wrong: a fault of the program.
fn trouble(error: &dyn Display) -> Exit {
    Exit { status: 1, text: format!("sockwalk: {error}\n") }
}
