//! Many threads and processes; programs that execute others; and the tracer's own end.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::common::{BOUND, Folder, skipped};
use super::{Traced, c, command, go, ran};
use sockwalk::linux::tracer::{ThreadExit, Tracer, TracerEvent, TracerOrder, Unseen, Watched};
use sockwalk::model::HeldCalls;

#[test]
fn sixty_four_threads_at_once() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "threads") else { return };
    for held in [HeldCalls::None, HeldCalls::Walk] {
        let ran = Traced::start(command(&words), held, Watched::All).ends();
        assert!(ran.status.success());
        let made = ran
            .seen
            .iter()
            .filter(|seen| matches!(seen, TracerEvent::Made { parent, child, .. } if parent.process == child.process));
        assert_eq!(made.count(), 64);
        let returned = |name: &str| {
            let entered =
                ran.seen.iter().filter(|seen| matches!(seen, TracerEvent::Entered { call, .. } if call.name == name));
            entered.count()
        };
        assert_eq!(
            (returned("socket"), returned("connect"), returned("sendto"), returned("close")),
            (641, 640, 640, 640)
        );
        let back = ran.seen.iter().filter(|seen| matches!(seen, TracerEvent::Returned { .. })).count();
        let into = ran.seen.iter().filter(|seen| matches!(seen, TracerEvent::Entered { .. })).count();
        // All but exit_group.
        assert_eq!(back + 1, into);
        let gone: BTreeSet<_> = ran
            .seen
            .iter()
            .filter_map(|seen| if let TracerEvent::Gone { thread, .. } = seen { Some(thread) } else { None })
            .collect();
        assert_eq!(gone.len(), 65);
    }
}

#[test]
fn five_hundred_processes_then_vfork_and_a_thread_that_executes() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "forks") else { return };
    let ran = ran(command(&words));
    assert_eq!(ran.status.code(), Some(5), "the shell's, which a thread executed");
    let mut made = BTreeSet::new();
    let mut gone = BTreeSet::new();
    let mut executed = Vec::new();
    for seen in &ran.seen {
        match seen {
            TracerEvent::Made { child, .. } => drop(made.insert(child.process)),
            TracerEvent::Gone { thread, .. } => drop(gone.insert(thread.process)),
            TracerEvent::Executed { thread, former, name, sockets } => {
                executed.push((thread.process, *former, name.as_str(), sockets.len()))
            }
            _ => {}
        }
    }
    let own = executed[0].0;
    // The processes, the one that vfork made, and the thread.
    assert_eq!(made.len(), 502);
    assert_eq!(gone.len(), 502);
    assert!(made.contains(&own), "its thread");
    assert_eq!(executed.iter().map(|(.., name, _)| *name).collect::<Vec<_>>(), ["forks", "true", "sh"]);
    let (process, former, _, sockets) = executed[2];
    assert!(process == own && former != own && sockets == 1, "{executed:?}");
    let inherited =
        ran.seen.iter().filter(|seen| matches!(seen, TracerEvent::Made { sockets, .. } if sockets.len() == 1));
    assert_eq!(inherited.count(), 501);
}

#[test]
fn gos_scheduler_interrupts_its_threads_as_without() {
    let folder = Folder::new();
    let Some(mut words) = go(&folder) else { return };
    words.push("busy".to_owned());
    let ran = ran(command(&words));
    assert_eq!((ran.status.code(), ran.output.as_str()), (Some(0), "done\n"));
    let signals = ran.seen.iter().filter(|seen| matches!(seen, TracerEvent::Signal { signal: libc::SIGURG, .. }));
    assert!(signals.count() > 0, "it sent none");
}

#[test]
fn a_session_of_its_own_and_what_runs_on_are_traced_to_their_end() {
    let words = ["/bin/sh", "-c", "setsid sh -c 'sleep 0.3; exit 4' >/dev/null & exit 2"].map(str::to_owned);
    let ran = ran(command(&words));
    assert_eq!(ran.status.code(), Some(2));
    let ended = ran.seen.iter().position(|seen| matches!(seen, TracerEvent::Ended(_))).unwrap();
    let last = ran.seen.iter().rposition(|seen| matches!(seen, TracerEvent::Gone { how: ThreadExit::Exited(4), .. }));
    assert!(last.is_some_and(|last| last > ended), "what it started ran on");
}

#[test]
fn nothing_stays_of_a_program_whose_tracer_is_dropped() {
    let words = ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & setsid sleep 1000 & wait"].map(str::to_owned);
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    let mut made = Vec::new();
    let mut executed = 0;
    // The shell, three times sleep, and setsid.
    while executed < 5 {
        match traced.next() {
            TracerEvent::Made { child, .. } => made.push(child.process),
            TracerEvent::Executed { .. } => executed += 1,
            _ => {}
        }
    }
    made.push(traced.tracer.process());
    drop(traced.tracer);
    assert_eq!(made.len(), 4);
    assert!(made.iter().all(|process| !is_alive(*process)), "{made:?}");
}

fn is_alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Not a test: the other one starts it, to kill it.
#[test]
#[ignore = "started by another test, which kills it"]
fn a_tracer_of_its_own() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 1000 & echo $$ $!; wait"]);
    let tracer = Tracer::start(command, HeldCalls::Walk, Watched::All, |_| {}).unwrap();
    tracer.wait().unwrap();
}

#[test]
fn a_program_ends_with_its_tracer() {
    let mut tracer = Command::new(std::env::current_exe().unwrap());
    tracer.args(["--ignored", "--exact", "--nocapture", "processes::a_tracer_of_its_own"]);
    let mut tracer = tracer.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tracer.stdout.take().unwrap()).lines();
    let numbers: Vec<u32> = loop {
        let line = lines.next().expect("a line").unwrap();
        let numbers: Result<Vec<u32>, _> = line.split(' ').map(str::parse).collect();
        if let Ok(numbers) = numbers
            && numbers.len() == 2
        {
            break numbers;
        }
    };
    assert!(numbers.iter().all(|process| is_alive(*process)));
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    let begun = Instant::now();
    while numbers.iter().any(|process| is_alive(*process)) {
        assert!(begun.elapsed() < BOUND, "{numbers:?} ran on");
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_executed_is_said_as_without() {
    let tell = |seen| panic!("{seen:?}");
    let started = Tracer::start(Command::new("/no/such/program"), HeldCalls::Walk, Watched::All, tell);
    assert_eq!(started.map(|_| ()).unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_program_that_another_one_traces_runs_as_without() {
    let Some(strace) = super::tool("strace", "strace", "--version") else { return };
    // Under strace the test's own children are traced already.
    let mut outer = Command::new(strace);
    outer.args(["-f", "-o", "/dev/null", "--"]).arg(std::env::current_exe().unwrap());
    outer.args(["--ignored", "--exact", "--nocapture", "processes::a_tracer_within_a_tracer"]);
    let output = outer.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("within: 3 Debugger("), "{text}");
}

/// Not a test: the other one starts it, under strace.
#[test]
#[ignore = "started by another test, under strace"]
fn a_tracer_within_a_tracer() {
    let words = ["/bin/sh", "-c", "exit 3"].map(str::to_owned);
    let ran = ran(command(&words));
    let [TracerEvent::Unseen(why), TracerEvent::Ended(status)] = &ran.seen[..] else { panic!("{:?}", ran.seen) };
    assert!(matches!(why, Unseen::Debugger(_)));
    println!("within: {} {why:?}", status.code().unwrap());
}

#[test]
fn what_cannot_be_seen_is_said() {
    let folder = Folder::new();
    let Some(cc) = super::tool("cc", "gcc", "--version") else { return };
    let ring = folder.write("ring.c", "#include <sys/syscall.h>\n#include <unistd.h>\nint main(void) { syscall(SYS_io_uring_setup, 1, 0); return 0; }\n");
    let out = folder.path().join("ring");
    super::compiled({
        let mut command = Command::new(&cc);
        command.arg("-o").arg(&out).arg(ring);
        command
    });
    let told = ran(command(&[out.to_str().unwrap().to_owned()]));
    assert!(told.seen.iter().any(|seen| matches!(seen, TracerEvent::Unseen(Unseen::Ring(_)))), "{:?}", told.seen);
    // A program for 64 bits that makes a socket as one for 32 bits does, where the kernel has such calls at all.
    #[cfg(target_arch = "x86_64")]
    {
        let source = folder.write(
            "mixed.c",
            "int main(void) { int fd; __asm__ volatile(\"int $0x80\" : \"=a\"(fd) : \"a\"(359), \"b\"(2), \"c\"(1), \"d\"(0) : \"memory\"); return fd < 0; }\n",
        );
        let mixed = folder.path().join("mixed");
        super::compiled({
            let mut command = Command::new(&cc);
            command.arg("-o").arg(&mixed).arg(source);
            command
        });
        let has_such_calls = Command::new(&mixed).status().is_ok_and(|status| status.success());
        if has_such_calls {
            let told = ran(command(&[mixed.to_str().unwrap().to_owned()]));
            let said = |seen: &TracerEvent| matches!(seen, TracerEvent::Unseen(Unseen::Architecture(_)));
            assert!(told.status.success() && told.seen.iter().any(said), "{:?}", told.seen);
        } else {
            skipped("a kernel without calls of 32 bits");
        }
    }
    // A program for 32 bits: a head is enough for the kernel, where it runs such ones at all.
    let small = folder.path().join("small");
    let mut head = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0".to_vec();
    // Entry, program headers at 52, sizes; one segment that is the whole file; `mov eax, 1; mov ebx, 6; int 0x80`.
    let code = b"\xb8\x01\0\0\0\xbb\x06\0\0\0\xcd\x80";
    let word = |value: u32| value.to_le_bytes();
    head.extend([word(0x0804_8054), word(52), word(0), word(0)].concat());
    head.extend([52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    head.extend(
        [word(1), word(0), word(0x0804_8000), word(0x0804_8000), word(96), word(96), word(5), word(0x1000)].concat(),
    );
    head.extend(code);
    fs::write(&small, head).unwrap();
    fs::set_permissions(&small, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    match Command::new(&small).status() {
        Ok(status) if status.code() == Some(6) => {
            let told = ran(command(&[small.to_str().unwrap().to_owned()]));
            assert_eq!(told.status.code(), Some(6));
            assert!(
                told.seen.iter().any(|seen| matches!(seen, TracerEvent::Unseen(Unseen::Architecture(_)))),
                "{:?}",
                told.seen
            );
        }
        other => skipped(&format!("this kernel runs no programs for 32 bits: {other:?}")),
    }
}

/// As what a service or an editor starts has it.
#[test]
fn a_socket_that_a_program_came_with_is_no_news() {
    let (outside, kept) = UnixStream::pair().unwrap();
    let words = ["/bin/sh", "-c", "(exit 3); /bin/sh -c :; exec /bin/sh -c 'exit 5'"].map(str::to_owned);
    let mut command = command(&words);
    command.stderr(OwnedFd::from(outside));
    let ran = Traced::start(command, HeldCalls::Walk, Watched::All).ends();
    drop(kept);
    assert_eq!(ran.status.code(), Some(5));
    let (mut made, mut executed) = (0, 0);
    for seen in &ran.seen {
        match seen {
            TracerEvent::Made { sockets, .. } => {
                made += 1;
                assert_eq!(sockets, &[]);
            }
            TracerEvent::Executed { sockets, .. } => {
                executed += 1;
                assert_eq!(sockets, &[]);
            }
            TracerEvent::Entered { .. } | TracerEvent::Stands { .. } => panic!("{seen:?}"),
            _ => {}
        }
    }
    assert_eq!((made, executed), (2, 3));
}

#[test]
fn orders_for_nobody_are_nothing() {
    let words = ["/bin/sh", "-c", "exit 0"].map(str::to_owned);
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    let nobody = sockwalk::model::ProgramThread { process: 1, thread: 1 };
    traced.tracer.order(TracerOrder::Go(nobody));
    let ran = traced.ends();
    assert!(ran.status.success());
}
