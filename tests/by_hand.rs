//! A learner who drops what the lesson needs is told nothing that isn't so: each shipped lesson is walked once for each
//! segment that waits at each of its steps, that segment is dropped, and what is read from then on, on the screen and as
//! text, is held against the lesson's claims.
//!
//! Nor does anything keep a learner from coming back: at the steps of each shipped lesson the path is left, in one way or
//! another, and one key leads back to the step, whose claims hold then and whose text is read.
//!
//! No harness: the right to make labs can be had only by a process of one thread. `SOCKWALK_LESSON` names one lesson.

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use common::{at_once, skipped};
use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwalk::i18n::Glyphs;
use sockwalk::i18n::Lang;
use sockwalk::lesson::{Action, Lesson, Step, builtin, builtin_names};
use sockwalk::linux::shared::SideProgram;
use sockwalk::linux::{self, LessonPeers, LinuxWorld, WalkPlace};
use sockwalk::model::{ClaimResult, Mode, SegmentId, Side};
use sockwalk::plain::Transcript;
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{App, Appearance, Host, Msg, Opened, Reached, draw, take_all, wait};
use sockwalk::walk::{Phase, Request, Runner, Walk, WalkOptions, World};

/// So many steps are looked at behind a drop.
const STEPS_BEHIND: usize = 3;

/// The longest that one walk may take on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// Where a segment is dropped: the lesson, how many steps were done, and which of the waiting ones.
#[derive(Clone, Debug)]
struct Drop {
    lesson: Arc<Lesson>,
    steps: usize,
    nth: usize,
}

/// The lab behind the interface.
struct Stage {
    world: LinuxWorld,
    epoch: Instant,
    lesson: Arc<Lesson>,
    to_app: Sender<Msg>,
}

impl Stage {
    /// A fresh lab for a lesson's walk with this generation.
    fn begin(lesson: &Arc<Lesson>, to_app: Sender<Msg>, generation: u64) -> (Stage, Walk) {
        let epoch = Instant::now();
        let sender = to_app.clone();
        let sink = move |happened| drop(sender.send(Msg::World(generation, happened)));
        let binary = Path::new(env!("CARGO_BIN_EXE_sockwalk"));
        let programs = lesson.programs.iter().map(|side| SideProgram::inside(binary, *side, lesson.server));
        let peers = LessonPeers { door: None, programs: programs.collect() };
        let world = LinuxWorld::start_with(WalkPlace::Lab(lesson.lab.clone()), epoch, peers, sink).unwrap();
        let options = WalkOptions {
            mode: Mode::Lab,
            wire: world.wire(),
            patience: Duration::from_secs(10),
            port: None,
            timers: false,
        };
        let walk = Runner::new(Arc::clone(lesson), options).into();
        (Stage { world, epoch, lesson: Arc::clone(lesson), to_app }, walk)
    }
}

impl Host for Stage {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
    fn request(&mut self, request: Request) {
        self.world.request(request);
    }
    fn went_on(&mut self, _: &Walk) {}
    fn restart(&mut self, _: &Walk, generation: u64) -> Result<Opened, String> {
        let (stage, walk) = Stage::begin(&self.lesson, self.to_app.clone(), generation);
        *self = stage;
        Ok(Opened { walk, reached: Reached::default(), told: None })
    }
}

/// The interface over a walk on the kernel, driven by keys.
struct Learner {
    app: App,
    terminal: Terminal<TestBackend>,
    stage: Stage,
    inbox: Receiver<Msg>,
}

impl Learner {
    fn new(lesson: &Arc<Lesson>) -> Learner {
        let (to_app, inbox) = channel();
        let (stage, walk) = Stage::begin(lesson, to_app, 0);
        let look =
            Appearance::new(Lang::EN, Theme::load(Choice::Mono, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
        let terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        Learner { app: App::new(walk, look, 120, 40), terminal, stage, inbox }
    }

    fn take(&mut self, msg: Msg) {
        let taken = take_all(&mut self.terminal, &mut self.app, (msg, &self.inbox), &mut self.stage).unwrap();
        assert!(taken.stays, "the interface ended");
    }

    fn press(&mut self, code: KeyCode) {
        self.take(Msg::Terminal(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
    }

    /// Waits until the walk wants to be commanded and nothing is on its way any more.
    fn rest(&mut self) {
        let end = Instant::now() + BOUND;
        loop {
            assert!(Instant::now() < end, "a walk hangs: {:?} at {:?}", self.app.walk().phase(), self.step_done());
            let due = self.app.walk().wake_at().is_some() || self.app.runs_again();
            // Where it is busy it wants to be told some time.
            let msg = if due { wait(&self.app, &self.inbox, &self.stage) } else { self.inbox.try_recv().ok() };
            match msg {
                Some(msg) => self.take(msg),
                None => break,
            }
        }
        let phase = self.app.walk().phase();
        assert!(!matches!(phase, Phase::Busy | Phase::Failed(_)), "{phase:?}");
    }

    /// The claims of the step that is shown which don't hold now.
    fn broken(&self) -> Vec<ClaimResult> {
        let Some((runner, step)) = self.app.walk().runner().zip(self.step_done()) else { return Vec::new() };
        // As of the newest entry: what a claim says of the first seconds is held against them.
        let now = runner.trace().entries().last().map_or(Duration::ZERO, |entry| entry.at);
        runner.claims_now(step, now).into_iter().filter(|claim| !claim.held).collect()
    }

    /// Whether what was dropped harms nothing any more: the next copy came, and every claim holds.
    fn is_mended(&self) -> bool {
        self.app.walk().trace().present().diverged().is_none() && self.broken().is_empty()
    }

    /// Goes on by one step. `false` where there is none.
    fn step(&mut self) -> bool {
        let before = self.step_done();
        while self.step_done() == before {
            match self.app.walk().phase() {
                Phase::Finished => return false,
                Phase::Typing(_) => self.press(KeyCode::Enter),
                _ => self.press(KeyCode::Char(' ')),
            }
            self.rest();
        }
        true
    }

    fn step_done(&self) -> Option<usize> {
        self.app.walk().trace().present().step().map(|(step, _)| step)
    }

    fn waiting(&self) -> Vec<SegmentId> {
        self.app.walk().trace().present().waiting().to_vec()
    }

    fn screen(&mut self, lang: Lang) -> String {
        while self.app.lang() != lang {
            self.press(KeyCode::Char('L'));
        }
        // What a step opens lies over its text.
        self.press(KeyCode::Esc);
        // A fresh one: behind a wide character an old cell stays as it was.
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| draw(frame, &self.app)).unwrap();
        terminal.backend().buffer().content.iter().map(|cell| cell.symbol()).collect()
    }

    fn text(&self, lang: Lang) -> String {
        let lesson = self.app.walk().lesson().unwrap();
        let mut transcript = Transcript::new(lesson, Mode::Lab, lang).unwrap();
        let mut out = Vec::new();
        transcript.finish(self.app.walk().trace(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// The beginning of a step's text, by which it is found: without marks, blanks and line ends, and longer than what a
/// claim that holds may say alike (`connect()` returns 0).
fn beginning(step: &Step, lang: Lang) -> String {
    let first = step.say.get(lang).lines().next().unwrap_or_default();
    squeezed(first).chars().take(if lang == Lang::EN { 36 } else { 16 }).collect()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect()
}

/// Whether a step's text is read. On the screen it may be broken into lines beside another pane: so its first words.
fn is_read(learner: &mut Learner, step: usize, lang: Lang) -> bool {
    let words = beginning(&learner.app.walk().lesson().unwrap().steps[step], lang);
    squeezed(&learner.screen(lang)).contains(&words)
}

/// Every segment that waits at each step of a lesson. Also: without a drop each text is read, so the test can see one.
fn drops(lesson: &Arc<Lesson>) -> Vec<Drop> {
    let mut learner = Learner::new(lesson);
    let mut drops = Vec::new();
    let mut steps = 0;
    while learner.step() {
        steps += 1;
        let lang = if steps % 2 == 0 { Lang::EN } else { Lang::of("zh").unwrap() };
        let step = learner.step_done().unwrap();
        let (claims, _) = learner.app.walk().trace().present().verdicts(step);
        assert!(claims.iter().all(|claim| claim.held), "{}: {claims:?}", lesson.id);
        let here = is_read(&mut learner, step, lang);
        assert!(here, "{}: {} holds and isn't read ({lang:?})", lesson.id, lesson.steps[step].id);
        drops.extend((0..learner.waiting().len()).map(|nth| Drop { lesson: Arc::clone(lesson), steps, nth }));
    }
    drops
}

/// Walks to a drop, drops, and walks on. Returns what was read and not so.
fn walk(job: &Drop) -> (bool, Vec<String>) {
    let mut learner = Learner::new(&job.lesson);
    for _ in 0..job.steps {
        assert!(learner.step());
    }
    let waiting = learner.waiting();
    // A busy machine lets a sender repeat: what waits may be another copy, and now and then one more or less.
    let Some(id) = waiting.get(job.nth).copied() else { return (false, Vec::new()) };
    learner.take(Msg::Terminal(Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))));
    for _ in 0..waiting.len() {
        learner.press(KeyCode::Up);
    }
    for _ in 0..job.nth {
        learner.press(KeyCode::Down);
    }
    let chosen = learner.app.meant_held();
    learner.press(KeyCode::Char('x'));
    learner.rest();
    let dropped = chosen.unwrap_or(id);
    let mut wrong = Vec::new();
    let mut broken_steps = BTreeSet::new();
    for behind in 0..=STEPS_BEHIND {
        let Some(step) = learner.step_done() else { break };
        let broken = learner.broken();
        if !broken.is_empty() {
            broken_steps.insert(step);
        }
        let id = job.lesson.steps[step].id.clone();
        // A step that is past stays as its claims were when it was left.
        let lost = broken_steps.iter().any(|broken| *broken <= step);
        let langs = if lost { &[Lang::EN, Lang::of("zh").unwrap()][..] } else { &[] };
        for lang in langs {
            let read = is_read(&mut learner, step, *lang);
            // The next copy may have come while the screen was made ready: then the text is so again.
            if read && !learner.is_mended() {
                wrong.push(format!("{id} ({lang:?}, {behind} behind {dropped:?}) is read, though {broken:?}"));
            }
        }
        if !learner.step() {
            break;
        }
        // The next copy of what was dropped may have come before the step went on: then the text is so again.
        if learner.is_mended() {
            broken_steps.clear();
        }
    }
    wrong.extend(read_as_text(&learner, &job.lesson));
    let lost = learner.app.walk().trace().present().diverged().is_some();
    (lost, { wrong.into_iter() }.map(|wrong| format!("{} at {}: {wrong}", job.lesson.id, job.steps)).collect())
}

/// Something beside the lesson that can be done at a step, by keys.
#[derive(Clone, Copy, Debug)]
enum Way {
    Drop,
    Repeat,
    Interrupt,
    Call,
    Rule,
    Kill,
}

impl Way {
    const ALL: [Way; 6] = [Way::Drop, Way::Call, Way::Kill, Way::Repeat, Way::Rule, Way::Interrupt];

    /// Leaves the path so, where that can be done now.
    fn leave(self, learner: &mut Learner) {
        let view = learner.app.walk().trace().present();
        let idle = Side::BOTH.into_iter().any(|side| view.open_call(side).is_none());
        let next = learner.app.walk().next_step().and_then(|(_, step)| step.action.as_ref());
        // What the next step drops is dropped by that step.
        let drops = matches!(next, Some(Action::Drop(_)));
        match self {
            Way::Drop if !view.waiting().is_empty() && !drops => learner.press(KeyCode::Char('x')),
            Way::Repeat if view.segment_count() > 0 => learner.press(KeyCode::Char('R')),
            Way::Interrupt => learner.press(KeyCode::Char('i')),
            Way::Rule => {
                learner.press(KeyCode::Char('X'));
                learner.press(KeyCode::Enter);
            }
            // Of the first of the sides that Tab leads to, else of the other.
            Way::Kill => {
                learner.press(KeyCode::Tab);
                learner.press(KeyCode::Char('K'));
            }
            Way::Call if idle => {
                ":close 3".chars().for_each(|c| learner.press(KeyCode::Char(c)));
                learner.press(KeyCode::Enter);
            }
            _ => {}
        }
        learner.rest();
    }
}

/// Leaves the path at every second step, of one lesson at the odd ones and of the next at the even ones, since each return
/// takes as long as a learner sees; comes back by one key. Returns how often, and what wasn't so again.
fn come_back((number, lesson): &(usize, Arc<Lesson>)) -> (usize, Vec<String>) {
    let mut learner = Learner::new(lesson);
    let (mut times, mut wrong) = (0, Vec::new());
    while learner.step() {
        let step = learner.step_done().unwrap();
        let is_left = |learner: &Learner| learner.app.walk().trace().present().left_at() == Some(step);
        assert!(!is_left(&learner), "{}: nothing was done yet", lesson.id);
        if (step + number).is_multiple_of(2) {
            continue;
        }
        learner.press(KeyCode::Esc);
        // Another way at each step, and of those that can't be gone there the next.
        let ways = Way::ALL.into_iter().cycle().skip((number + step / 2) % Way::ALL.len()).take(Way::ALL.len());
        let mut gone = ways.filter(|way| {
            way.leave(&mut learner);
            is_left(&learner)
        });
        let Some(way) = gone.next() else {
            // A program's calls are its own: where none of its segments is there yet, there is nothing to be done by hand.
            if lesson.programs.len() == Side::BOTH.len() {
                continue;
            }
            wrong.push(format!("{}: nothing can be done at {}", lesson.id, lesson.steps[step].id));
            continue;
        };
        drop(gone);
        times += 1;
        learner.press(KeyCode::Char('r'));
        learner.rest();
        let (here, broken) = (learner.step_done(), learner.broken());
        let read = is_read(&mut learner, step, Lang::EN);
        if here != Some(step) || !broken.is_empty() || !read {
            let id = &lesson.steps[step].id;
            wrong.push(format!("{}: back at {id} from {way:?}: {here:?}, {broken:?}, read: {read}", lesson.id));
        }
    }
    (times, wrong)
}

/// The texts that the transcript tells from the step on that diverged.
fn read_as_text(learner: &Learner, lesson: &Lesson) -> Vec<String> {
    let view = learner.app.walk().trace().present();
    let (Some(first), Some((last, _))) = (view.diverged(), view.step()) else { return Vec::new() };
    let mut wrong = Vec::new();
    for lang in Lang::all() {
        let text = learner.text(lang);
        let told: String = text.lines().filter_map(|line| line.strip_prefix("  | ")).collect::<Vec<_>>().join("");
        let told = squeezed(&told);
        let here = lesson.steps[first..=last].iter().filter(|step| step.modes.contains(&Mode::Lab));
        for step in here {
            if told.contains(&squeezed(step.say.get(lang))) {
                wrong.push(format!("{} ({lang:?}) is told as text", step.id));
            }
        }
    }
    wrong
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        println!("no_text_is_read_whose_claims_broke: test");
        println!("one_key_leads_back_to_the_step_at_which_the_path_was_left: test");
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    if let Err(refused) = linux::gain_rights(|name| std::env::var(name).ok()) {
        skipped(&format!("no lab here: {refused:?}"));
        return ExitCode::SUCCESS;
    }
    let only = std::env::var("SOCKWALK_LESSON").ok();
    let mut lessons = Vec::new();
    for name in builtin_names().into_iter().filter(|name| only.as_deref().is_none_or(|only| only == *name)) {
        let lesson = builtin(name).unwrap().unwrap();
        match linux::missing(&lesson.needs_in(Mode::Lab), Mode::Lab) {
            _ if !lesson.modes.contains(&Mode::Lab) => {}
            none if none.is_empty() => lessons.push(Arc::new(lesson)),
            needs => skipped(&format!("{name} needs {needs:?}")),
        }
    }
    let shipped = lessons.clone();
    let jobs: Vec<Drop> = at_once(&lessons, drops).into_iter().flatten().collect();
    let walks = at_once(&jobs, walk);
    let lost = walks.iter().filter(|(lost, _)| *lost).count();
    let wrong: Vec<&String> = walks.iter().flat_map(|(_, wrong)| wrong).collect();
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    let (lessons, drops) = (lessons.len(), jobs.len());
    println!("{lessons} lessons, {drops} drops, {lost} broke a claim, {} wrong, {:.0?}", wrong.len(), begun.elapsed());
    let numbered: Vec<(usize, Arc<Lesson>)> = shipped.into_iter().enumerate().collect();
    let begun = Instant::now();
    let came = at_once(&numbered, come_back);
    let times: usize = came.iter().map(|(times, _)| times).sum();
    let lost_ways: Vec<&String> = came.iter().flat_map(|(_, wrong)| wrong).collect();
    lost_ways.iter().for_each(|wrong| println!("{wrong}"));
    println!("{times} times left and come back, {} wrong, {:.0?}", lost_ways.len(), begun.elapsed());
    // Where no drop did any harm, nothing was tried.
    let tried = lost > 0 && times > 0;
    if wrong.is_empty() && lost_ways.is_empty() && tried { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
