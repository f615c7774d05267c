//! `sockwalk exec`: any program inside a shared lab, as it is, its calls seen.
//!
//! A process of its own traces the program, since what a program starts may run on when it has ended itself: then that process
//! stays, and this one reports the program's end.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Duration;

use sockwalk::cli::{Exit, Invocation};
use sockwalk::explain::diagnosis;
use sockwalk::i18n::{Lang, SharedTexts, Texts, cause, fill, join};
use sockwalk::linux::shared::{JoinedLab, TracedProgram, Wanted};
use sockwalk::linux::{PidFd, Unseen, background, receive_signals};
use sockwalk::model::{Event, ForwardingRules, HeldCalls, Mode, Role, SegmentFilter, Side, Trace};
use sockwalk::walk::World;

use super::labs::Labs;
use super::screen;
use super::unrunnable::cannot_run;

/// What is run, and how.
pub struct ExecOptions<'a> {
    /// The lab's name, where one was given.
    pub lab: Option<&'a str>,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// By whom.
    pub starter: Starter,
    /// The program and its arguments; a shell where there is none.
    pub program: &'a [OsString],
}

/// Who has a program run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// Somebody who typed it.
    Person,
    /// The window of `run`, which means this part for it: it has a terminal of its own, with which it ends.
    Window(Side),
    /// `run --report`, which means this part for it, says itself what is to be said, and with which it ends.
    Supervisor(Side),
}

/// What is wanted of a program, by the options that it was given.
pub fn wanted(passes: bool, reports: bool) -> Wanted {
    match (passes, reports) {
        (_, true) => Wanted::Know,
        (true, false) => Wanted::Pass,
        (false, false) => Wanted::Walk,
    }
}

impl Starter {
    /// By the options that it was given.
    pub fn of(plays: Option<Side>, reports: bool) -> Starter {
        match plays {
            Some(side) if reports => Starter::Supervisor(side),
            Some(side) => Starter::Window(side),
            None => Starter::Person,
        }
    }

    /// The part that is meant for it.
    fn plays(self) -> Option<Side> {
        match self {
            Starter::Person => None,
            Starter::Window(side) | Starter::Supervisor(side) => Some(side),
        }
    }
}

/// Runs the program, or a shell, and waits for its end. Returns its exit status; 128 more than the signal that ended it.
pub fn run(invocation: &Invocation, options: &ExecOptions<'_>) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let shell = || std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let (program, arguments) = match options.program.split_first() {
        Some((program, arguments)) => (program.clone(), arguments.to_vec()),
        None => (shell(), Vec::new()),
    };
    let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into_owned();
    let role = Role::Runs(name);
    let labs = match options.starter {
        Starter::Window(_) => Labs::with_own_rights(invocation)?,
        Starter::Person | Starter::Supervisor(_) => Labs::open(invocation)?,
    };
    let (joined, lab) = labs.join(invocation, options.lab, role)?;
    let mut opening = match joined.mode() {
        Mode::Host => texts.shared.exec_host.clone(),
        // Segments pass then, unless somebody is there who says so.
        Mode::Lab if options.wanted == Wanted::Know && joined.held() == HeldCalls::None => {
            fill(&texts.shared.exec_reports, &[("lab", &lab.name)])
        }
        Mode::Lab => opening(&lab.name.to_string(), joined.passing(), &texts.shared),
    };
    if options.wanted != Wanted::Pass && joined.held() != HeldCalls::None {
        opening = format!("{opening}\n{}", texts.shared.exec_calls);
    }
    if options.starter == Starter::Person {
        let _ = writeln!(super::out::err(), "{opening}");
    }
    let mut command = Command::new(&program);
    command.args(arguments);
    let supervisor = match options.starter {
        Starter::Supervisor(_) => PidFd::of_parent().map(Some).map_err(screen::trouble(invocation.lang))?,
        Starter::Person | Starter::Window(_) => None,
    };
    let started = Started { joined, command, wanted: options.wanted, starter: options.starter, supervisor };
    let ended = run_to_its_end(started, invocation.lang);
    let ended = ended.map_err(|error| cannot_run(&program, &error, invocation.lang))?;
    let Some(ended) = ended else {
        return Err(Exit {
            status: 137,
            text: format!("{}\n", join(&texts.cli.error, &texts.shared.exec_tracer_gone)),
        });
    };
    if let (Some(_), Some(signal)) = (options.starter.plays(), ended.signal()) {
        background::end_by(signal);
    }
    let by_signal = ended.signal().map(|signal| 128 + signal);
    Ok(u8::try_from(ended.code().or(by_signal).unwrap_or(1)).unwrap_or(1))
}

/// What is said before the program begins: which lab it is in, and what becomes of its segments there, as things stand.
fn opening(lab: &str, passing: &ForwardingRules, texts: &SharedTexts) -> String {
    let text = match passing.rule(SegmentFilter::All) {
        Some(_) => &texts.exec_passes,
        None if passing.rules.is_empty() => &texts.exec,
        None => &texts.exec_some_pass,
    };
    fill(text, &[("lab", lab)])
}

/// What the process that traces tells of the program, one byte with four more.
const RUNS: u8 = b'r';
const NOT_STARTED: u8 = b'n';
const ENDED: u8 = b'e';

/// What is to be run, and how.
struct Started {
    joined: JoinedLab,
    command: Command,
    wanted: Wanted,
    starter: Starter,
    /// With which it ends.
    supervisor: Option<PidFd>,
}

/// Runs a program to its end; `None` where who traces it has ended before, and the program with it.
fn run_to_its_end(started: Started, lang: Lang) -> io::Result<Option<ExitStatus>> {
    let (told, tells) = io::pipe()?;
    if background::fork()? {
        drop(told);
        trace(started, tells, lang);
        std::process::exit(0);
    }
    let starter = started.starter;
    drop((started, tells));
    wait(told, starter)
}

/// What the process does that traces: everything until nothing is left of the program.
fn trace(started: Started, tells: PipeWriter, lang: Lang) {
    let Started { joined, command, wanted, starter, supervisor } = started;
    // They were read already, before the process was two.
    let Ok(Texts { shared: texts, .. }) = Texts::load(lang) else { return };
    let mut tells = Some(tells);
    let mut tell = |what: u8, number: i32| {
        if let Some(tells) = &mut tells {
            let [a, b, c, d] = number.to_ne_bytes();
            let _ = tells.write_all(&[what, a, b, c, d]);
        }
        if what != RUNS {
            // Who waits for the end of what the program wrote waits for nobody but those that it has started.
            tells = None;
            let _ = background::let_go_of_standard_streams();
        }
    };
    let terminal = matches!(starter, Starter::Window(_)).then(background::own_terminal).transpose();
    let started = terminal.and_then(|terminal| listen_to_nobody().map(|()| terminal)).and_then(|mut terminal| {
        let (mut supervisor, mut was_unseen) = (supervisor, false);
        joined.run_traced(command, (wanted, starter.plays()), |course| match course {
            TracedProgram::Runs(process) => {
                tell(RUNS, process as i32);
                if let Some(terminal) = terminal.take() {
                    end_with(process, move || background::wait_for_hang_up(&terminal));
                }
                if let Some(supervisor) = supervisor.take() {
                    end_with(process, move || background::wait_for_end(&supervisor));
                }
            }
            TracedProgram::Seen(..) if starter != Starter::Person => {}
            TracedProgram::Seen(seen, number) => report(&seen, number, was_unseen, lang),
            TracedProgram::Ended(status) => tell(ENDED, status.into_raw()),
            TracedProgram::Unseen(why) => {
                was_unseen = true;
                drop(writeln!(super::out::err(), "{}", unseen(why, texts, lang)));
            }
            TracedProgram::LabGone => drop(writeln!(super::out::err(), "{}", texts.exec_gone)),
        })
    });
    if let Err(error) = started {
        tell(NOT_STARTED, error.raw_os_error().unwrap_or(libc::EIO));
    }
}

/// How long a program may take to end once its terminal has hung up, or who has it run is gone.
const GRACE: Duration = Duration::from_secs(1);

/// Ends this process, and the program with it, once this has been waited for: the program may not heed it.
fn end_with(program: u32, waits: impl FnOnce() -> io::Result<()> + Send + 'static) {
    let body = move || {
        let program = PidFd::open(program);
        if waits().is_ok() {
            thread::sleep(GRACE);
            // One that isn't traced doesn't end with this process.
            let _ = program.and_then(|program| program.signal(libc::SIGKILL));
            std::process::exit(0);
        }
    };
    // Where there is no thread for it, the program heeds its terminal's end or stays, as at any terminal.
    let _ = thread::Builder::new().name("terminal".into()).spawn(body);
}

/// Says what was wrong with a program, on standard error: its standard output is its own.
fn report(seen: &Trace, number: u32, unseen: bool, lang: Lang) {
    let mut came = seen.entries().iter().filter_map(|entry| match &entry.event {
        Event::Joined(member) if member.number == number => Some(member),
        _ => None,
    });
    // The texts are the program's own, which a test reads.
    let lines = came.next().and_then(|program| diagnosis::report(seen, program, unseen, lang).ok()).unwrap_or_default();
    for line in lines {
        let _ = writeln!(super::out::err(), "{line}");
    }
}

/// The signals that reach this process by the terminal are the program's; what another process sends goes to the process that
/// waits, which hands it on.
fn listen_to_nobody() -> io::Result<()> {
    background::never_stop()?;
    let mut signals = receive_signals()?;
    let body = move || while signals.read(&mut [0; 64]).is_ok_and(|length| length > 0) {};
    thread::Builder::new().name("signals".into()).spawn(body).map(drop)
}

/// Waits for the program's end. What another process sends to this one is handed on to it; the keys of the terminal reach it
/// by themselves, and don't end its starter, which then reports its end. Under a supervisor it is asked once to end.
fn wait(mut told: PipeReader, starter: Starter) -> io::Result<Option<ExitStatus>> {
    let mut signals = Some(receive_signals()?);
    loop {
        let mut said = [0; 5];
        if told.read_exact(&mut said).is_err() {
            return Ok(None);
        }
        let [what, number @ ..] = said;
        let number = i32::from_ne_bytes(number);
        match what {
            RUNS => {
                if let (Some(mut signals), Ok(process)) = (signals.take(), PidFd::open(number.unsigned_abs())) {
                    let hand_on = move || {
                        let (mut signal, mut asked) = ([0], false);
                        while signals.read_exact(&mut signal).is_ok() {
                            let signal = i32::from(signal[0]);
                            let again = signal == libc::SIGTERM && asked;
                            asked |= signal == libc::SIGTERM;
                            let kills = again && matches!(starter, Starter::Supervisor(_));
                            // It may have ended meanwhile: then nobody is left to be told.
                            let _ = process.signal(if kills { libc::SIGKILL } else { signal });
                        }
                    };
                    thread::Builder::new().name("signals".into()).spawn(hand_on)?;
                }
            }
            ENDED => return Ok(Some(ExitStatus::from_raw(number))),
            _ => return Err(io::Error::from_raw_os_error(number)),
        }
    }
}

/// Why calls can't be seen, or not all of them.
fn unseen(why: Unseen, texts: &SharedTexts, lang: Lang) -> String {
    let (text, number) = match why {
        Unseen::Ring(thread) => (&texts.unseen_ring, i64::from(thread.process)),
        Unseen::Architecture(thread) => (&texts.unseen_architecture, thread.process.into()),
        Unseen::Yama(scope) => (&texts.unseen_yama, scope.into()),
        Unseen::Debugger(process) => (&texts.unseen_debugger, process.into()),
        Unseen::Filter(errno) => (&texts.unseen_filter, errno.into()),
        Unseen::Trace(errno) => (&texts.unseen_trace, errno.into()),
    };
    let error = io::Error::from_raw_os_error(i32::try_from(number).unwrap_or(0));
    fill(text, &[("n", &number as &dyn std::fmt::Display), ("error", &cause(lang, &error))])
}
