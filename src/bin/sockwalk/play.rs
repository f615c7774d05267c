//! `sockwalk play`: the lesson runs by itself and is told as text or as JSON lines.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Format, Invocation, Target};
use sockwalk::i18n::{Content, Lang, Texts, fill};
use sockwalk::lesson::{Lesson, builtin_names};
use sockwalk::linux::LinuxWorld;
use sockwalk::linux::shared::ShownLesson;
use sockwalk::model::{Mode, Trace};
use sockwalk::plain::{Transcript, failures};
use sockwalk::report::JsonLines;
use sockwalk::walk::{DriveStep, Happening, Phase, Walk, World, drive, straight_on};

use super::needs;
use super::place::{ProcessRights, StartedWorld, Waits, runner};
use super::recorder::Recordings;

/// How a lesson is played.
pub struct PlayOptions {
    /// What is printed.
    pub format: Format,
    /// How long a claim may take to become true.
    pub patience: Duration,
    /// Whether steps that wait for a long timer of the kernel run too.
    pub timers: bool,
    /// Where everything that happens is written.
    pub record: Option<PathBuf>,
}

impl PlayOptions {
    fn waits(&self) -> Waits {
        Waits { patience: self.patience, timers: self.timers }
    }
}

/// Plays a lesson. Returns the exit status: 0 where every claim held, else 1.
pub fn run(
    invocation: &Invocation,
    (grounds, lesson): (ProcessRights, Lesson),
    target: &Target,
    options: &PlayOptions,
) -> Result<u8, Exit> {
    let mut recordings = Recordings::new(options.record.clone());
    recordings.make_file().map_err(|why| why.exit(invocation.lang))?;
    let lesson = Arc::new(lesson);
    let epoch = Instant::now();
    let (sender, inbox) = channel();
    // Where nobody listens any more, the walk is over.
    let sink = move |happened| drop(sender.send(happened));
    let mut world = started(&grounds, &lesson, invocation, epoch, sink)?;
    let place = (world.mode(), world.wire());
    let runner = runner(&lesson, place, invocation, options.waits());
    let left_out: Vec<String> = runner.left_out().map(|step| step.title.get(invocation.lang).to_owned()).collect();
    let mut walk = Walk::from(runner);
    recordings.begin(place, Some(shown(&lesson)));
    let content = if options.format == Format::Json { Content::Json } else { Content::Text };
    let mut out = BufWriter::new(super::out::out_of(content));
    let mut teller = PlayWriter::new(&lesson, walk.mode(), options.format, invocation.lang)?;
    let told = teller.begin(&mut out).and_then(|()| {
        // Each time that a step begins the world works on it: time to tell what the steps before came to.
        let mut begun = None;
        drive(&mut walk, &mut world, (&inbox, &|| epoch.elapsed()), |walk| {
            let (step, next) = (walk.trace().present().step(), straight_on(walk));
            if step != begun || next == DriveStep::Leave {
                begun = step;
                recordings.write(walk.trace(), Some(&lesson));
                teller.tell(walk.trace(), &mut out)?;
            }
            Ok::<_, io::Error>(next)
        })?;
        let is_built_in = matches!(target, Target::Builtin(_));
        teller.finish((&lesson, &walk), is_built_in, &mut out)
    });
    match told {
        // Nobody reads on: the claims that were not checked can't count as held.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(1),
        Err(error) => return Err(super::not_written(&error, invocation.lang)),
        Ok(()) => {}
    }
    recordings.finish(invocation.lang)?;
    if let Phase::Failed(failure) = walk.phase() {
        return Err(grounds.failed(failure));
    }
    drop(out);
    say_what_is_left_out(&left_out, invocation.lang)?;
    let broken = walk.verdict().broken > 0;
    // The transcript ends with the broken claims; beside JSON they are told apart from it.
    if broken && options.format == Format::Json {
        let lines = failures(walk.trace(), (&lesson, walk.mode()), invocation.lang)?;
        let _ = lines.iter().try_for_each(|line| writeln!(super::out::err(), "{line}"));
    }
    Ok(u8::from(broken))
}

/// The world that a lesson is played in; where it isn't the wanted one, that is said.
fn started(
    grounds: &ProcessRights,
    lesson: &Lesson,
    invocation: &Invocation,
    epoch: Instant,
    sink: impl Fn(Vec<Happening>) + Send + Clone + 'static,
) -> Result<LinuxWorld, Exit> {
    let begun = grounds.begin(grounds.plan(lesson), lesson, epoch, &|| None, sink.clone());
    // The words are read while the lab is being made.
    let texts = Texts::load(invocation.lang)?;
    let StartedWorld { world, instead } = grounds.finish(begun, lesson, invocation.port, &|| None, sink)?;
    if let Some(lacks) = instead {
        let _ = writeln!(super::out::err(), "{}", needs::instead(&lacks, &texts.needs));
    }
    Ok(world)
}

/// A lesson as it is named to who looks on or replays it: its text too, where it isn't built in.
pub fn shown(lesson: &Lesson) -> ShownLesson {
    ShownLesson { name: lesson.id.clone(), source: lesson.source.clone() }
}

enum PlayWriter<'a> {
    Text(Box<Transcript<'a>>),
    Json(JsonLines, &'a Lesson),
}

impl<'a> PlayWriter<'a> {
    fn new(lesson: &'a Lesson, mode: Mode, format: Format, lang: Lang) -> Result<PlayWriter<'a>, Exit> {
        Ok(match format {
            Format::Text => PlayWriter::Text(Box::new(Transcript::new(lesson, mode, lang)?)),
            Format::Json => PlayWriter::Json(JsonLines::default(), lesson),
        })
    }

    fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            PlayWriter::Text(transcript) => transcript.begin(out),
            PlayWriter::Json(..) => Ok(()),
        }
    }

    fn tell(&mut self, trace: &Trace, out: &mut impl Write) -> io::Result<()> {
        match self {
            PlayWriter::Text(transcript) => transcript.write(trace, out)?,
            PlayWriter::Json(lines, lesson) => lines.write(trace, |step| step_id(lesson, step), out)?,
        }
        out.flush()
    }

    fn finish(&mut self, (lesson, walk): (&Lesson, &Walk), is_built_in: bool, out: &mut impl Write) -> io::Result<()> {
        if let PlayWriter::Text(transcript) = self {
            transcript.finish(walk.trace(), out)?;
            if is_built_in && *walk.phase() == Phase::Finished {
                let mut later = builtin_names().into_iter().skip_while(|name| *name != lesson.id).skip(1);
                transcript.go_on(later.next(), out)?;
            }
        }
        out.flush()
    }
}

fn step_id(lesson: &Lesson, step: usize) -> &str {
    lesson.steps.get(step).map_or("", |step| &step.id)
}

/// Names the steps (by their titles) that a walk without long timers leaves out, on standard error.
fn say_what_is_left_out(steps: &[String], lang: Lang) -> Result<(), Exit> {
    let texts = Texts::load(lang)?;
    for step in steps {
        let sentence = fill(&texts.place.left_out, &[("step", step)]);
        let _ = writeln!(super::out::err(), "{sentence}");
    }
    Ok(())
}
