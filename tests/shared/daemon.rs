//! The daemon of a lab, and who comes while it starts, stands still, leaves, or is gone.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use sockwalk::i18n;
use sockwalk::model::{Event, ForwardingRules, Role, SegmentFilter, Side};

use crate::common::{BOUND, Finished, finish, lab_users, procs, pty, until, wait};
use crate::stage::Stage;

/// `sockwalk exec` with this program, in a lab of this name, to its end.
fn run(stage: &Stage, lab: &str, program: &[&str]) -> Finished {
    finish(&mut stage.command(&[&["exec", "--lab", lab, "--"], program].concat()))
}

#[track_caller]
fn says(finished: &Finished, sentence: &str) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    let known: Vec<&str> = sentence.split(['{', '}']).step_by(2).collect();
    assert!(known.iter().all(|part| finished.stderr.contains(part)), "{sentence}\n{finished:?}");
}

fn texts(stage: &Stage) -> &'static i18n::SharedTexts {
    &i18n::Texts::load(stage.lang).unwrap().shared
}

/// Where a daemon stands still, who comes is told so after a while; other labs don't wait for it.
#[test]
fn a_stopped_daemon_holds_nobody_up() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        // Once somebody else comes in, another process keeps the lab.
        assert!(run(&stage, "main", &["true"]).status.success());
        let daemon = stage.daemon();
        pty::kill(daemon, libc::SIGSTOP);
        // It is stopped when it is told so, not at once.
        assert!(until(BOUND, || procs::status_line(daemon, daemon, "State").is_some_and(|words| words[0] == "T")));
        // By its name, since the other lab may be there first.
        let command = stage.command(&["exec", "--pass", "--lab", "main", "--", "true"]);
        let waiting = stage.beside(command, "");
        assert!(run(&stage, "other", &["true"]).status.success());
        assert_eq!(stage.wait_end(waiting).code(), Some(1));
        let silent = &texts(&stage).silent;
        let wanted = i18n::fill(silent, &[("lab", "main".to_owned()), ("pid", daemon.to_string())]);
        stage.wait_said(waiting, &wanted);
        pty::kill(daemon, libc::SIGCONT);
        assert!(run(&stage, "main", &["true"]).status.success());
        stage.close(&[server]);
    }
}

/// A lock that another process holds is waited for only so long; what is no plain file is none.
#[test]
fn a_lock_holds_nobody_up() {
    for user in lab_users() {
        let stage = Stage::of(user);
        assert!(run(&stage, "main", &["true"]).status.success());
        // Who traced the program leaves the lab after it: a lab that is there needs no lock.
        assert!(until(BOUND, || stage.daemons().is_empty()), "the lab's end");
        let lock = stage.run().join("sockwalk/lock");
        let held = File::open(&lock).unwrap();
        held.lock().unwrap();
        says(&run(&stage, "main", &["true"]), &texts(&stage).lock_held);
        drop(held);
        fs::remove_file(&lock).unwrap();
        symlink(stage.file("elsewhere"), &lock).unwrap();
        says(&run(&stage, "main", &["true"]), &texts(&stage).lock_foreign);
        assert!(!stage.file("elsewhere").exists());
        fs::remove_file(&lock).unwrap();
        let fifo = user.command("mkfifo".as_ref()).arg(&lock).status().unwrap();
        assert!(fifo.success());
        says(&run(&stage, "main", &["true"]), &texts(&stage).lock_foreign);
        fs::remove_file(&lock).unwrap();
        assert!(run(&stage, "main", &["true"]).status.success());
    }
}

/// Labs that are left and started all the time: who comes at that very moment gets in, into that lab or the next one.
#[test]
fn who_meets_a_leaving_daemon_gets_in() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        for _ in 0..15 {
            let start = || {
                let mut command = stage.command(&["exec", "--", "true"]);
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            };
            let together: Vec<_> = (0..4).map(|_| start()).collect();
            for mut one in together {
                assert!(wait(&mut one, BOUND).is_some_and(|status| status.success()), "{:?}", one.wait_with_output());
            }
        }
        stage.ends();
    }
}

/// The daemon is killed while programs run: the gate opens, so that they don't wait for ever. No new lab takes its name
/// meanwhile.
#[test]
fn programs_go_on_without_their_daemon() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let script = stage.write("connects.py", include_str!("programs/connects.py")).to_str().unwrap().to_owned();
        let program = stage.exec(&[&python, &script, "8000"], "");
        let sleeper = stage.exec(&["sleep", "1000"], "");
        stage.wait_said(program, "connects");
        stage.wait_said(sleeper, "[sockwalk]");
        assert!(until(BOUND, || procs::sockets_around(stage.daemon()).iter().any(|seen| seen.state == "SYN_SENT")));
        let daemon = stage.daemon();
        pty::kill(daemon, libc::SIGKILL);
        assert!(until(BOUND, || stage.daemons().is_empty()));
        stage.wait_said(program, "came hello");
        assert!(stage.wait_end(program).success());
        stage.wait_said(sleeper, &texts(&stage).exec_gone);
        let refused = run(&stage, "main", &["true"]);
        says(&refused, &texts(&stage).left_behind);
        assert!(refused.stderr.contains("sleep ("), "{refused:?}");
        assert!(run(&stage, "other", &["true"]).status.success());
        pty::kill(stage.beside_pid(sleeper), libc::SIGTERM);
        assert_eq!(stage.wait_end(sleeper).code(), Some(128 + libc::SIGTERM));
        assert!(run(&stage, "main", &["true"]).status.success());
        stage.ends();
    }
}

/// What a program left running in the lab keeps the lab, so that somebody can come back to it.
#[test]
fn a_lab_lasts_as_long_as_what_runs_in_it() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let began = run(&stage, "main", &["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]);
        let sleeper: u32 = began.succeeded().stdout.trim().parse().unwrap();
        let lab = procs::namespace(&format!("/proc/{sleeper}/ns/net")).unwrap();
        let found = run(&stage, "main", &["readlink", "/proc/self/ns/net"]);
        assert_eq!(found.succeeded().stdout.trim(), lab);
        pty::kill(sleeper, libc::SIGKILL);
        stage.ends();
    }
}

/// What another process sends to `exec` its program gets, and `exec` ends as it does.
#[test]
fn exec_hands_signals_on() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        for (signal, name) in
            [(libc::SIGTERM, "TERM"), (libc::SIGINT, "INT"), (libc::SIGHUP, "HUP"), (libc::SIGUSR1, "USR1")]
        {
            // A shell loses a signal that comes while it starts a program; this one has started all that it starts.
            let script = format!("sleep 1000 & trap 'echo got; kill $!; exit 7' {name}; echo ready; wait");
            let program = stage.exec(&["sh", "-c", &script], "");
            stage.wait_said(program, "ready");
            pty::kill(stage.beside_pid(program), signal);
            assert_eq!(stage.wait_end(program).code(), Some(7), "{name}: {}", stage.said(program));
            stage.wait_said(program, "got");
            let program = stage.exec(&["sh", "-c", "echo ready; exec sleep 1000"], "");
            stage.wait_said(program, "ready");
            pty::kill(stage.beside_pid(program), signal);
            assert_eq!(stage.wait_end(program).code(), Some(128 + signal), "{name}");
        }
        stage.ends();
    }
}

/// Connections that say nothing take no thread each, and are put out; who says who it is gets in all the time.
#[test]
fn silent_connections_are_bounded() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        let socket = stage.run().join("sockwalk/main.sock");
        // By a process of the same user.
        let Some(python) = stage.tool("python3", "--version") else { return };
        let many = "import socket, sys, time\nall = []\nfor n in range(600):\n    one = socket.socket(socket.AF_UNIX); one.connect(sys.argv[1]); all.append(one)\nprint('all', flush=True)\nfor one in all: one.recv(1)\nprint('out', flush=True)\n";
        let mut command: Command = user.command(python.as_ref());
        command.args(["-c", many, socket.to_str().unwrap()]);
        let crowd = stage.beside(command, "");
        stage.wait_said(crowd, "all");
        stage.until("the lab moves", |stage| !stage.daemons().is_empty());
        assert!(procs::threads(stage.daemon()).len() < 60);
        assert!(run(&stage, "main", &["true"]).status.success());
        stage.wait_said(crowd, "out");
        assert!(until(BOUND, || procs::threads(stage.daemon()).len() < 8));
        stage.close(&[server]);
    }
}

/// A member that asks for the longest delay there is gets the longest that is served.
#[test]
fn no_delay_is_too_long() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let watch = stage.join(&["watch"]);
        let socket = stage.run().join("sockwalk/main.sock");
        let Some(nc) = stage.tool("python3", "--version") else { return };
        let role = serde_json::to_string(&Role::Drives(Side::BOTH.to_vec())).unwrap();
        let hello = format!("{{\"Hello\":{{\"version\":\"{}\",\"role\":{role}}}}}", env!("CARGO_PKG_VERSION"));
        let pass = "{\"Request\":{\"Pass\":[\"All\",{\"secs\":18446744073709551615,\"nanos\":999999999}]}}";
        let script = "import socket, sys\none = socket.socket(socket.AF_UNIX); one.connect(sys.argv[1])\nfor line in sys.argv[2:]: one.sendall(line.encode() + b'\\n')\none.recv(1000000)\nsys.stdin.read()\n";
        let mut command: Command = user.command(nc.as_ref());
        command.args(["-c", script, socket.to_str().unwrap(), &hello, pass]);
        let asker = stage.beside(command, "");
        let clamped = |event: &Event| matches!(event, Event::Passing(passing) if passing.rule(SegmentFilter::All) == Some(ForwardingRules::LONGEST));
        stage.wait_event(watch, "the longest rule", clamped);
        stage.wait_end(asker);
        stage.close(&[watch]);
    }
}
