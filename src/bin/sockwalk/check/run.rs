//! A lesson on the kernel, by itself, in one mode.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{Texts, cause};
use sockwalk::lesson::Lesson;
use sockwalk::model::{Event, Mode};
use sockwalk::walk::{Phase, Walk, WireAbility, World, WorldGone, drive, straight_on};

use crate::PATIENCE;
use crate::place::{NotStarted, ProcessRights, Waits, runner};

/// How a lesson fared.
pub struct LessonRun {
    /// How many steps ran.
    pub steps: usize,
    /// How many claims were checked.
    pub claims: usize,
    /// How long it took.
    pub took: Duration,
    /// What was not so.
    pub wrong: Vec<CheckFinding>,
    /// How many claims say something of segments, which can't be seen here.
    pub unseen: usize,
    /// The steps that were left out because they wait for a long timer.
    pub left_out: Vec<String>,
}

/// Something that was not so.
pub struct CheckFinding {
    /// The line in the lesson's file, from 1.
    pub line: usize,
    /// The step's id.
    pub step: String,
    /// What the lesson says.
    pub expected: String,
    /// What was the case.
    pub actual: String,
}

/// Runs a lesson.
///
/// # Errors
/// Where it can't run here, or can't go on.
pub fn run_in(
    grounds: &ProcessRights,
    lesson: &Arc<Lesson>,
    mode: Mode,
    invocation: &Invocation,
    timers: bool,
) -> Result<LessonRun, NotStarted> {
    let epoch = Instant::now();
    let (sender, inbox) = channel();
    let sink = move |happened| {
        // Where nobody listens any more, the walk is over.
        let _ = sender.send(happened);
    };
    let mut world = grounds.start_in(mode, lesson, invocation.port, epoch, sink)?;
    let runner = runner(lesson, (world.mode(), world.wire()), invocation, Waits { patience: PATIENCE, timers });
    let (steps, left_out) = (runner.steps().len(), runner.left_out().map(|step| step.id.clone()).collect());
    let mut walk = Walk::from(runner);
    let clock = || epoch.elapsed();
    drive(&mut walk, &mut world, (&inbox, &clock), |walk| Ok::<_, WorldGone>(straight_on(walk)))
        .map_err(|gone| told(cause(invocation.lang, gone)))?;
    if let Phase::Failed(failure) = walk.phase() {
        return Err(grounds.failed(failure).into());
    }
    let mut ran = LessonRun {
        steps,
        claims: 0,
        took: epoch.elapsed(),
        wrong: Vec::new(),
        unseen: if world.wire() == WireAbility::Blind { claims_on_segments(lesson, mode) } else { 0 },
        left_out,
    };
    let texts = Texts::load(invocation.lang).map_err(|error| told(error.to_string()))?;
    for entry in walk.trace().entries() {
        ran.take((lesson, mode), &entry.event, texts);
    }
    Ok(ran)
}

impl LessonRun {
    fn take(&mut self, (lesson, mode): (&Lesson, Mode), event: &Event, texts: &Texts) {
        match event {
            Event::Claim(claim) => {
                self.claims += 1;
                if !claim.held {
                    let step = lesson.steps[claim.step].id.clone();
                    let [expected, actual] =
                        [&claim.what, &claim.actual].map(|said| texts.statement(said, lesson.sockets_in(mode)));
                    self.wrong.push(CheckFinding { line: claim.line, step, expected, actual });
                }
            }
            // A question to which none of the answers is right can't be learnt from.
            Event::Answer(answer) if answer.right.is_none() => {
                let step = &lesson.steps[answer.step];
                let Some(ask) = &step.ask else { return };
                // What was offered is said by what the kernel would have to have: a label may say something else.
                let fact = |notation: &String| texts.measured.fact(ask.measure.key(), notation);
                let expected = ask.choices.iter().map(fact).collect::<Vec<_>>().join(" / ");
                let actual = fact(&answer.actual);
                self.wrong.push(CheckFinding { line: step.line, step: step.id.clone(), expected, actual });
            }
            _ => {}
        }
    }
}

fn claims_on_segments(lesson: &Lesson, mode: Mode) -> usize {
    let steps = lesson.steps.iter().filter(|step| step.modes.contains(&mode));
    let claims = steps.flat_map(|step| &step.expect).filter(|claim| claim.modes.contains(&mode));
    claims.filter(|claim| claim.terms.is_on_segments()).count()
}

fn told(text: String) -> NotStarted {
    NotStarted::Told(Exit { status: 1, text })
}
