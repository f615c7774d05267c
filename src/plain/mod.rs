//! The same walk as lines of text, for screen readers, pipes and dumb terminals.
//!
//! What is written depends on the trace's entries alone, not on how many of them were there when it was written.

mod lines;
mod show;
mod summary;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use crate::i18n::{
    BrokenTexts, DivergedTexts, Lang, PlainTexts, SharedTexts, Texts, diverged, fill, join, width, wrap,
};
use crate::lesson::{Action, Lesson, Step};
use crate::model::{
    AnsweredQuestion, Caller, ClaimResult, Entry, Event, Mode, Moment, Outcome, SampledOut, SocketNames, Trace, View,
};

pub use summary::failures;

/// Lines are broken so that they fit into this many columns.
const COLUMNS: usize = 80;

/// Writes a trace that may still grow: each call of [`Transcript::write`] goes on where the one before it ended.
pub struct Transcript<'a> {
    /// The lesson; `None` in a free walk.
    lesson: Option<&'a Lesson>,
    mode: Mode,
    lang: Lang,
    all: &'static Texts,
    texts: &'static PlainTexts,
    diverged: &'static DivergedTexts,
    shared: &'static SharedTexts,
    /// The first entry that wasn't written yet.
    next: Moment,
    /// The side whose call was entered by the last entry: it stands in one line with its return, where that comes next.
    entered: Option<Caller>,
    /// The step whose explanation is still to come.
    step: Option<usize>,
}

impl<'a> Transcript<'a> {
    /// A transcript of a walk in this mode.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the interface's texts can't be read.
    pub fn new(lesson: &'a Lesson, mode: Mode, lang: Lang) -> Result<Transcript<'a>, BrokenTexts> {
        Transcript::of(Some(lesson), mode, lang)
    }

    /// A transcript of a walk without a lesson.
    ///
    /// # Errors
    /// As of [`Transcript::new`].
    pub fn free(mode: Mode, lang: Lang) -> Result<Transcript<'a>, BrokenTexts> {
        Transcript::of(None, mode, lang)
    }

    fn of(lesson: Option<&'a Lesson>, mode: Mode, lang: Lang) -> Result<Transcript<'a>, BrokenTexts> {
        let all = Texts::load(lang)?;
        let Texts { plain: texts, diverged, shared, .. } = all;
        Ok(Transcript { lesson, mode, lang, all, texts, diverged, shared, next: 0, entered: None, step: None })
    }

    /// Writes the lesson's title and goal.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(lesson) = self.lesson else { return Ok(()) };
        let title = fill(&self.texts.lesson, &[("title", &lesson.title.get(self.lang))]);
        let goal = fill(&self.texts.goal, &[("text", &lesson.goal.get(self.lang))]);
        paragraph(out, "", &title)?;
        paragraph(out, "", &goal)
    }

    /// Writes every entry that is new.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, trace: &Trace, out: &mut impl Write) -> io::Result<()> {
        while let Some(entry) = trace.entries().get(self.next) {
            let view = trace.at(self.next + 1);
            let lines = self.entry(entry, &view, trace.at(self.next));
            self.next += 1;
            for line in lines {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Writes the last explanation, how the claims fared, and what to remember.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(&mut self, trace: &Trace, out: &mut impl Write) -> io::Result<()> {
        self.write(trace, out)?;
        let present = trace.present();
        for line in self.pending_call(&present).into_iter().chain(self.explanation(&present)) {
            writeln!(out, "{line}")?;
        }
        let Some(lesson) = self.lesson else { return Ok(()) };
        writeln!(out)?;
        match self.ends_within(lesson, &present) {
            Some(ends) => paragraph(out, "", &ends)?,
            None => self.recap(lesson, &present, out)?,
        }
        writeln!(out)?;
        for line in summary::summary(trace, lesson, self.mode, self.all) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// What there is to remember, which the whole lesson has shown, and what many believe, as far as it was this lesson's walk that showed
    /// how it is.
    fn recap(&self, lesson: &Lesson, present: &View<'_>, out: &mut impl Write) -> io::Result<()> {
        paragraph(out, "", &fill(&self.texts.recap, &[("text", &lesson.recap.get(self.lang))]))?;
        if let Some(misbelief) = lesson.misbelief.as_ref().filter(|_| present.diverged().is_none()) {
            writeln!(out)?;
            paragraph(out, "", &fill(&self.all.ending.misbelief, &[("text", &misbelief.get(self.lang))]))?;
        }
        Ok(())
    }

    /// Where a walk ended that isn't at the lesson's end, as a recording may: what only a timer of the kernel's does may be left out.
    fn ends_within(&self, lesson: &Lesson, present: &View<'_>) -> Option<String> {
        let done = present.step().map(|(step, _)| step);
        let left = lesson.steps.iter().skip(done.map_or(0, |done| done + 1)).filter(|step| self.has(step));
        if left.clone().all(|step| step.waits_for.is_some()) {
            return None;
        }
        let count = lesson.steps.iter().filter(|step| self.has(step)).count();
        let number = count - left.count();
        Some(fill(&self.texts.ends_within, &[("number", &number), ("count", &count)]))
    }

    /// Whether a step belongs to the lesson in this mode.
    fn has(&self, step: &Step) -> bool {
        step.modes.contains(&self.mode)
    }

    /// Writes where the course goes on: with the lesson of this name, or nowhere. Called after [`Transcript::finish`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn go_on(&self, next: Option<&str>, out: &mut impl Write) -> io::Result<()> {
        let Some(lesson) = self.lesson else { return Ok(()) };
        let t = &self.all.ending;
        let text = match next {
            Some(next) => fill(&t.play_next, &[("lesson", next), ("here", &lesson.id)]),
            None => fill(&t.play_last, &[("here", &lesson.id)]),
        };
        writeln!(out)?;
        paragraph(out, "", &text)
    }

    fn entry(&mut self, entry: &Entry, view: &View<'_>, before: View<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        let continues = match &entry.event {
            Event::Blocked { caller } | Event::Returned { caller, .. } => self.entered == Some(*caller),
            _ => false,
        };
        let body = self.body(&entry.event, view, &before);
        if continues {
            self.entered = None;
        } else if !body.is_empty() || matches!(entry.event, Event::Entered { .. }) {
            lines.extend(self.pending_call(&before));
        }
        if let Event::Entered { caller, .. } = &entry.event {
            self.entered = Some(*caller);
        }
        lines.extend(body);
        lines
    }

    fn returned(&self, caller: Caller, view: &View<'_>, outcome: &Outcome) -> Vec<String> {
        let call = view.newest_call(caller).map(|call| call.own);
        self.call(caller, view, &lines::outcome(call, outcome))
    }

    fn body(&mut self, event: &Event, view: &View<'_>, before: &View<'_>) -> Vec<String> {
        let texts = self.texts;
        let by_rule = |text: &str, rule| fill(text, &[("rule", &view.rule_known_as(rule))]);
        match event {
            Event::Step(step) => self.heading(*step, before),
            Event::Entered { .. } | Event::Plays { .. } | Event::ByHand(_) => Vec::new(),
            Event::Stands { caller, .. } => lines::call(*caller, view, &texts.stands, self.all)
                .into_iter()
                .chain(lines::site(*caller, view, self.all))
                .collect(),
            Event::Ended { caller } => lines::ended(*caller, view, self.all).into_iter().collect(),
            Event::Killed(actor) => vec![lines::killed(*actor, view, self.all)],
            Event::Signal { caller, signal } => vec![lines::signal(*caller, *signal, view, self.all)],
            Event::ProgramEnded { program, how } => vec![lines::program_ended(*program, *how, view, self.all)],
            Event::UntoldCalls { calls, .. } => vec![format!("  {}", fill(&texts.untold, &[("n", calls)]))],
            Event::Holding { of, held } => lines::holding(*of, *held, view, texts),
            Event::Blocked { caller } => self.call(*caller, view, &texts.blocks),
            Event::Returned { caller, outcome } => self.returned(*caller, view, outcome),
            Event::Sent { id, segment, again } => {
                let note = if again.is_some() { &texts.repeats } else { "" };
                lines::segment(*id, segment, view, note, self.all)
            }
            Event::Repeated { id, segment, .. } => lines::segment(*id, segment, view, &texts.by_hand, self.all),
            Event::Edited { id, of, segment } => lines::segment(*id, segment, view, &texts.edited, self.all)
                .into_iter()
                .chain(lines::changes(*id, *of, view, texts))
                .collect(),
            Event::Forged { id, segment } => lines::segment(*id, segment, view, &texts.forged, self.all),
            Event::Retransmitted { id, segment } => {
                let times = view.segment(*id).map_or(1, |segment| segment.times_sent);
                lines::segment_fate(*id, segment, view, &fill(&texts.retransmitted, &[("times", &times)]), self.all)
            }
            Event::Duplicated { id, segment, rule, .. } => {
                lines::segment(*id, segment, view, &by_rule(&texts.doubled, rule), self.all)
            }
            Event::Held(id) => lines::fate(*id, view, &texts.held, self.all),
            Event::Delivered(id) => lines::fate(*id, view, &texts.delivered, self.all),
            Event::Reasons { moved, .. } | Event::Causes { moved, .. } => {
                moved.iter().flat_map(|one| lines::reason(one, self.lang)).collect()
            }
            Event::Dropped(id) => lines::fate(*id, view, &texts.dropped, self.all),
            Event::Lost { id, rule } => lines::fate(*id, view, &by_rule(&texts.lost_by_rule, rule), self.all),
            Event::Undeliverable { id, errno } => {
                lines::fate(*id, view, &fill(&texts.undeliverable, &[("errno", errno)]), self.all)
            }
            Event::Socket(facts) => lines::state(facts.cookie, view, self.all),
            Event::Gone { cookie, .. } => lines::state(*cookie, view, self.all),
            Event::Joined(member) => vec![lines::member(member, &texts.joined, view, self.all)],
            Event::Left(member) => vec![lines::member(member, &texts.left, view, self.all)],
            Event::Passing(passing) => lines::passing(passing, view, self.all),
            Event::Ruled(rules) => lines::ruled(rules, view, self.all),
            Event::Sysctl(changed) => lines::setting(changed, &self.all.plain),
            Event::Unkept { segments, bytes, lost, refused, ruled } => {
                let (segments, bytes, lost, refused, ruled) = (*segments, *bytes, *lost, *refused, *ruled);
                lines::unkept(SampledOut { segments, bytes, lost, refused, ruled }, texts)
            }
            Event::Claim(claim) => self.claim(claim),
            Event::Answer(answer) => self.answer(answer),
        }
    }

    /// The newest call of a thread, and what is to be said of it where a program made it.
    fn call(&self, caller: Caller, view: &View<'_>, what: &str) -> Vec<String> {
        let notes = lines::notes(caller, view, self.lang);
        lines::call(caller, view, what, self.all).into_iter().chain(notes).collect()
    }

    /// The call that was entered and hasn't come back at once.
    fn pending_call(&mut self, before: &View<'_>) -> Vec<String> {
        self.entered.take().map_or_else(Vec::new, |caller| self.call(caller, before, "…"))
    }

    fn heading(&mut self, step: usize, before: &View<'_>) -> Vec<String> {
        let mut lines = self.explanation(before);
        self.step = Some(step);
        let Some(lesson) = self.lesson else { return lines };
        let Some(found) = lesson.steps.get(step) else { return lines };
        let number = lesson.steps[..step].iter().filter(|step| self.has(step)).count() + 1;
        let count = lesson.steps.iter().filter(|step| self.has(step)).count();
        let title = found.title.get(self.lang);
        lines.push(String::new());
        let heading = fill(
            &self.texts.step,
            &[("number", &number as &dyn std::fmt::Display), ("count", &count), ("title", &title)],
        );
        lines.extend(wrap(&heading, COLUMNS));
        let waits = found.waits_for.map(|kind| fill(&self.texts.waits, &[("timer", self.all.claims.timer(kind))]));
        let pauses = match &found.action {
            Some(Action::Pause(time)) => {
                Some(fill(&self.texts.pauses, &[("s", &time.as_secs_f64() as &dyn std::fmt::Display)]))
            }
            _ => None,
        };
        lines.extend(waits.into_iter().chain(pauses).map(|waits| format!("  {waits}")));
        lines
    }

    /// What the step shows and explains, once everything that it did has been told.
    fn explanation(&mut self, after: &View<'_>) -> Vec<String> {
        let (Some(number), Some(lesson)) = (self.step.take(), self.lesson) else { return Vec::new() };
        let Some(step) = lesson.steps.get(number) else { return Vec::new() };
        let mut lines = step.show.map_or_else(Vec::new, |what| show::show(what, after, self.all));
        let words = (self.diverged, self.shared);
        match diverged(after, number, |step| lesson.named(step, self.mode, self.lang), words) {
            Some(why) => lines.extend(why.iter().flat_map(|text| indented("  ! ", text))),
            None => lines.extend(indented("  | ", &reflowed(step.say.get(self.lang)))),
        }
        lines
    }

    fn claim(&self, claim: &ClaimResult) -> Vec<String> {
        let none = SocketNames::default();
        lines::claim(claim, self.lesson.map_or(&none, |lesson| lesson.sockets_in(self.mode)), self.all)
    }

    fn answer(&self, answer: &AnsweredQuestion) -> Vec<String> {
        let ask = self.lesson.and_then(|lesson| lesson.steps.get(answer.step)).and_then(|step| step.ask.as_ref());
        let Some(ask) = ask else { return Vec::new() };
        let (texts, measured) = (self.texts, &self.all.measured);
        let key = ask.measure.key();
        let label = |choice: usize| {
            let label = ask.labels.get(choice).map(|label| label.get(self.lang));
            ask.choices.get(choice).map(|notation| measured.choice(key, label, notation)).unwrap_or_default()
        };
        let actual = answer.right.map_or_else(|| measured.fact(key, &answer.actual), label);
        let told = match answer.chosen {
            None => fill(&texts.not_predicted, &[("actual", &actual)]),
            Some(chosen) if Some(chosen) == answer.right => fill(&texts.predicted_right, &[("chosen", &label(chosen))]),
            Some(chosen) => {
                let fact = measured.fact(key, &answer.actual);
                // An answer in words is said beside what was measured; in the notation it is the same.
                let in_words = !ask.labels.is_empty() && answer.right.is_some();
                let text = if in_words { &texts.predicted_wrong } else { &texts.predicted_wrong_fact };
                fill(text, &[("chosen", &label(chosen)), ("actual", &actual), ("fact", &fact)])
            }
        };
        let question = reflowed(ask.question.get(self.lang));
        indented("  ? ", &join(&fill(&texts.asked, &[("question", &question)]), &told))
    }
}

/// A lesson's text with its paragraphs unbroken: a line break within one is only how the file was written.
fn reflowed(text: &str) -> String {
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.lines().map(str::trim).map(str::to_owned).reduce(|a, b| join(&a, &b)))
        .map(Option::unwrap_or_default)
        .collect();
    paragraphs.join("\n\n")
}

fn indented(indent: &str, text: &str) -> Vec<String> {
    let lines = wrap(text, COLUMNS - width(indent)).into_iter();
    lines.map(|line| format!("{indent}{line}").trim_end().to_owned()).collect()
}

fn paragraph(out: &mut impl Write, indent: &str, text: &str) -> io::Result<()> {
    for line in indented(indent, text) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
