//! What lessons need, on machines that don't have it: each of them made for the purpose, by the kernel's own means.
//!
//! - Nothing is mounted at `/proc/sys/net` but an empty folder: the lab's settings aren't there.
//! - A network whose loopback has no `::1`, and a limit that allows no further networks.
//! - A seccomp filter: the kernel answers the `setsockopt()` of one option with ENOPROTOOPT, or refuses `unshare()`.

mod common;

use std::path::Path;
use std::process::Command;

use common::filter::{WITHOUT_CALLS, can_filter, filtered};
use common::pty::Terminal;
use common::{Finished, Folder, Program, User, finish, lab_users, skipped};

/// A lesson for both modes whose lab wants two settings. Its port is one that nobody else takes.
const BOTH: &str = r#"
format = 1
id = "both"
server = "127.0.0.1:PORT"
title = { en = "Both", zh = "两种" }
goal = { en = "A goal.", zh = "目标。" }
recap = { en = "A recap.", zh = "总结。" }
[lab]
core.somaxconn = 3
sysctl.tcp_sack = 0
[[step]]
id = "listener"
title = { en = "The server calls socket()", zh = "服务器调用 socket()" }
say = { en = "Said.", zh = "说明。" }
do.socket = { side = "server", name = "listener" }
expect = [{ state = { socket = "listener", is = "CLOSED" } }]
"#;

/// A lesson of the lab alone, and of settings that Linux has since 6.19.
const NEW: &str = r#"
modes = ["lab"]
[lab]
sysctl = { tcp_comp_sack_rtt_percent = 50, tcp_rcvbuf_low_rtt = 1000 }
"#;

fn both() -> String {
    BOTH.replace("PORT", &common::free_port().to_string())
}

/// A machine that lacks something, and the program on it.
struct Machine {
    program: Program,
    user: User,
    /// What a shell does first, in namespaces of these kinds.
    kinds: &'static [&'static str],
    script: &'static str,
}

const NO_SETTINGS: (&[&str], &str) = (&["--mount"], "mount -t tmpfs none /proc/sys/net");
const NO_IPV6: (&[&str], &str) = (&["--net"], "echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6 && bring_up");
const NO_IPV6_NO_LAB: (&[&str], &str) = (
    &["--net"],
    "echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6 && bring_up && echo 0 > /proc/sys/user/max_net_namespaces",
);

/// What such a script calls `bring_up`: this test's own binary, which then runs [`a_loopback_is_brought_up`] alone.
const BRING_UP: &str = "bring_up() { LOOPBACK=up \"$ITSELF\" --exact a_loopback_is_brought_up > /dev/null; }";

/// Where the kernel itself runs without IPv6, no lab has it either.
fn has_ipv6() -> bool {
    let there = Path::new("/proc/net/if_inet6").exists();
    if !there {
        skipped("this kernel has no IPv6 that could be taken away");
    }
    there
}

impl Machine {
    fn all((kinds, script): (&'static [&'static str], &'static str)) -> Vec<Machine> {
        lab_users().into_iter().map(|user| Machine { program: Program::new(), user, kinds, script }).collect()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.shell(&format!("{} && exec \"$0\" \"$@\"", self.script));
        command.arg(self.program.path()).args(args);
        command
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = self.user.command(Path::new("unshare"));
        command.args(["--user", "--map-root-user"]).args(self.kinds);
        let itself = self.program.folder().path().join("test");
        if !itself.exists() {
            common::install(&std::env::current_exe().unwrap(), &itself);
        }
        command.env("ITSELF", itself).args(["sh", "-c", &format!("{BRING_UP}\n{script}")]);
        command
    }

    fn run(&self, args: &[&str]) -> Finished {
        finish(&mut self.command(args))
    }

    fn refuses(&self, args: &[&str], sentence: &str) {
        let finished = self.run(args);
        assert_eq!((finished.status.code(), finished.stderr.trim_end()), (Some(1), sentence), "{args:?}");
        assert_eq!(finished.stdout, "", "{args:?}");
    }

    /// What the list says of a lesson, in one line.
    fn listed(&self, lesson: &str, lang: &str) -> String {
        listed(&self.run(&["lessons", "--lang", lang]), lesson)
    }

    fn open(&self, args: &[&str]) -> Terminal {
        Terminal::open(self.command(args), 80, 24)
    }
}

/// The title of a lesson and what follows it, without the line breaks.
fn listed(finished: &Finished, lesson: &str) -> String {
    let list = &finished.succeeded().stdout;
    assert!(list.lines().all(|line| sockwalk::i18n::width(line) <= 80), "{list}");
    let mut lines = list.lines().skip_while(|line| line.split(' ').next() != Some(lesson));
    let first = lines.next().unwrap_or_else(|| panic!("no {lesson}: {list}"));
    let first = first.rsplit_once("–  ").map_or(first, |(_, title)| title).trim();
    let more = lines.take_while(|line| line.starts_with(' ')).map(str::trim);
    // A line of Chinese goes on without a space, but for one before a Latin word.
    std::iter::once(first).chain(more).collect::<Vec<_>>().join(" ")
}

fn quiet(text: &str) -> String {
    text.replace(' ', "")
}

// ---------------------------------------------------------------- settings

#[test]
fn a_lesson_whose_lab_lacks_a_setting_runs_on_the_host_if_it_can() {
    for machine in Machine::all(NO_SETTINGS) {
        let path = machine.program.folder().write("both.toml", &both());
        let path = path.to_str().unwrap();
        let lacks = "the lab, this lesson needs the kernel settings net.ipv4.tcp_sack and net.core.somaxconn, which this \
                     machine doesn't have.";
        let finished = machine.run(&["play", path, "--lang", "en"]);
        let told = format!("In {lacks} So it runs on the machine's own loopback.\n");
        assert_eq!(finished.succeeded().stderr, told);
        assert!(finished.stdout.ends_with("and as the text says: 1 × state.\n"), "{}", finished.stdout);
        let host = "`--mode host` runs it on the machine's own loopback.";
        machine.refuses(&["play", path, "--lang", "en", "--mode", "lab"], &format!("error: in {lacks} {host}"));
        assert_eq!(machine.run(&["play", path, "--lang", "en", "--mode", "host"]).succeeded().stderr, "");
        let finished = machine.run(&["play", path, "--lang", "zh"]);
        let told = "这一课在实验网络里需要内核设置项 net.ipv4.tcp_sack、net.core.somaxconn，而这台机器没有，所以改在本机的回环接口上运行。\n";
        assert_eq!(finished.succeeded().stderr, told);
        // The author is told the same, and that the other mode was run.
        let finished = machine.run(&["check", path, "--lang", "en"]);
        let not_checked = "both.toml: not checked in lab: error: this lesson needs the kernel settings net.ipv4.tcp_sack and \
                           net.core.somaxconn, which this machine doesn't have.";
        assert!(finished.stdout.contains(not_checked), "{}", finished.stdout);
        assert!(finished.stdout.contains("host: 1 steps, 1 claims"), "{}", finished.stdout);
    }
}

#[test]
fn a_lesson_of_the_lab_alone_names_the_setting_that_is_missing() {
    for machine in Machine::all(NO_SETTINGS) {
        let needs = "the kernel settings net.ipv4.tcp_max_syn_backlog and net.ipv4.tcp_syncookies";
        let help = "`sockwalk lessons` says what runs here.";
        for mode in ["auto", "lab"] {
            let sentence = format!("error: this lesson needs {needs}, which this machine doesn't have. {help}");
            machine.refuses(&["play", "backlog", "--lang", "en", "--mode", mode], &sentence);
        }
        let sentence = "错误：这一课需要内核设置项 net.ipv4.tcp_max_syn_backlog、net.ipv4.tcp_syncookies，而这台机器没有。\
                        `sockwalk lessons` 会列出这里能运行的课程。";
        machine.refuses(&["play", "backlog", "--lang", "zh"], sentence);

        let title = "The backlog: two queues, both full *";
        assert_eq!(machine.listed("backlog", "en"), format!("{title} – not here: it needs {needs}"));
        let only = "The same TCP over IPv6 – here in host mode only: lab mode needs the kernel setting net.ipv4.tcp_timestamps";
        assert_eq!(machine.listed("ipv6", "en"), only);
        // What needs no settings is as ever.
        assert_eq!(machine.listed("calls", "en"), "What each call makes in the kernel *");
        machine.run(&["play", "refused"]).succeeded();
        let listed = quiet(&machine.listed("ipv6", "zh"));
        assert!(listed.ends_with("——本机只能用host模式：lab模式需要内核设置项net.ipv4.tcp_timestamps"), "{listed}");
    }
}

#[test]
fn who_names_no_lesson_gets_the_first_one_that_runs() {
    for machine in Machine::all(NO_SETTINGS) {
        // What needs a setting is told; the list says with which lesson `sockwalk` goes on.
        assert!(machine.listed("layers", "en").contains("not here"));
        let finished = machine.run(&["lessons", "--lang", "en"]);
        assert!(finished.stdout.contains("`sockwalk` goes on with handshake."), "{}", finished.stdout);
        let mut terminal = machine.open(&["--lang", "en"]);
        terminal.wait_for_text("The three-way handshake");
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
    }
}

#[test]
fn on_the_screen_the_reason_stands_below_the_goal() {
    for machine in Machine::all(NO_SETTINGS) {
        let path = machine.program.folder().write("both.toml", &both());
        let mut terminal = machine.open(&["learn", path.to_str().unwrap(), "--lang", "en"]);
        terminal.wait_for_text("net.core.somaxconn");
        terminal.wait_for_text("Next: The server calls socket()");
        terminal.wait_for_text("host: this machine's loopback");
        terminal.press("L");
        terminal.wait_for_text("内核设置项");
        terminal.press("L ");
        terminal.wait_for_text("Said.");
        terminal.wait_for("the reason is gone", |screen| !screen.contents().contains("somaxconn"));
        // Who begins anew, is told anew.
        terminal.press("r");
        terminal.wait_for_text("net.core.somaxconn");
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
    }
}

/// In the child that a [`Machine`] starts, what it is started for; else, that such a child sees the loopback of its own come up.
#[test]
fn a_loopback_is_brought_up() {
    if std::env::var_os("LOOPBACK").is_some() {
        return common::network::bring_up().unwrap();
    }
    for machine in Machine::all(NO_IPV6) {
        let addresses = |script: &str| finish(&mut machine.shell(script)).succeeded().stdout.clone();
        let table = "cat /proc/self/net/fib_trie";
        assert!(!addresses(table).contains("127.0.0.1"));
        assert!(addresses(&format!("bring_up && {table}")).contains("127.0.0.1"));
    }
}

/// The same without anything mounted, where the kernel itself is too old for a setting.
#[test]
fn a_setting_that_this_kernel_does_not_have_is_named() {
    let (program, folder) = (Program::new(), Folder::new());
    let path = folder.write("new.toml", &both().replace("[lab]\ncore.somaxconn = 3\nsysctl.tcp_sack = 0\n", NEW));
    for user in lab_users() {
        // What another program sees in a new network.
        let mut list = user.command(Path::new("unshare"));
        let listed = finish(list.args(["--user", "--map-root-user", "--net", "ls", "/proc/sys/net/ipv4"]));
        let has = |name: &&str| !listed.succeeded().stdout.lines().any(|line| line == *name);
        let missing: Vec<&str> = ["tcp_comp_sack_rtt_percent", "tcp_rcvbuf_low_rtt"].into_iter().filter(has).collect();
        let finished = program.run(user, &["play", path.to_str().unwrap(), "--lang", "en"]);
        assert_eq!(finished.status.success(), missing.is_empty(), "{}", finished.stderr);
        assert!(
            missing.iter().all(|name| finished.stderr.contains(&format!("net.ipv4.{name}"))),
            "{}",
            finished.stderr
        );
        assert!(missing.is_empty() || finished.stderr.starts_with("error: this lesson needs the kernel setting"));
    }
}

/// A congestion control that only the machine's first network may choose, or that this kernel lacks.
#[test]
fn a_congestion_control_that_a_lab_may_not_have_is_named() {
    let (program, folder) = (Program::new(), Folder::new());
    let allowed = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control").unwrap();
    for user in lab_users() {
        for name in ["reno", "cubic", "no_such_control"] {
            let lab = format!("modes = [\"lab\"]\nlab.sysctl.tcp_congestion_control = \"{name}\"\n");
            let text = both().replace("[lab]\ncore.somaxconn = 3\nsysctl.tcp_sack = 0\n", &lab);
            let path = folder.write("congestion.toml", &text);
            let finished = program.run(user, &["play", path.to_str().unwrap(), "--lang", "en"]);
            let there = allowed.split_whitespace().any(|one| one == name);
            assert_eq!(finished.status.success(), there, "{name}: {}", finished.stderr);
            let said = format!("error: this lesson needs the congestion control {name} in the lab");
            assert!(there || finished.stderr.starts_with(&said), "{name}: {}", finished.stderr);
        }
    }
}

// ---------------------------------------------------------------- the true cure

/// Values that no kernel takes: of a byte, and of a length that isn't negative.
const REFUSED: [(&str, &str); 2] =
    [("sysctl.tcp_sack = 0", "sysctl.tcp_sack = 4000"), ("core.somaxconn = 3", "core.somaxconn = -7")];

#[test]
fn what_a_lesson_asks_for_in_vain_is_the_lessons_fault() {
    let program = Program::new();
    for user in lab_users() {
        for (good, refused) in REFUSED {
            let path = program.folder().write("both.toml", &both().replace(good, refused));
            let (folder, name) = refused.split_once('.').unwrap();
            let (name, value) = name.split_once(" = ").unwrap();
            let folder = if folder == "sysctl" { "ipv4" } else { folder };
            let finished = program.run(user, &["play", path.to_str().unwrap(), "--lang", "en"]);
            let begins = format!(
                "error: the lesson asks for something that this kernel doesn't take: \
                 write(/proc/sys/net/{folder}/{name}, {value}), to give the lab's TCP a setting: EINVAL (invalid argument)"
            );
            assert!(finished.stderr.starts_with(&begins), "{}", finished.stderr);
            assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""));
            let checked = program.run(user, &["check", path.to_str().unwrap(), "--lang", "en"]);
            let said =
                format!("error: this machine's kernel refuses this value of `{name}`: EINVAL (invalid argument)");
            assert!(checked.stdout.contains(&said) && checked.status.code() == Some(1), "{}", checked.stdout);
        }
    }
}

#[test]
fn who_chose_the_host_is_not_told_that_the_machine_has_no_lab() {
    let program = Program::new();
    for user in common::users() {
        let finished = program.run(user, &["play", "lost", "--mode", "host", "--lang", "en"]);
        let sentence = "error: this lesson runs in the lab only, and `--mode host` asks for the machine's own loopback. \
                        Leave the option out.\n";
        assert_eq!((finished.status.code(), finished.stderr.as_str()), (Some(1), sentence));
        let finished = program.run(user, &["play", "lost", "--mode", "host", "--lang", "zh"]);
        assert!(finished.stderr.contains("`--mode host` 指定了本机的回环接口"), "{}", finished.stderr);
    }
}

const NO_NETWORKS: (&[&str], &str) = (&[], "echo 0 > /proc/sys/user/max_net_namespaces");
const NO_USERS: (&[&str], &str) = (&[], "echo 0 > /proc/sys/user/max_user_namespaces");
const HIGH_PORTS: (&[&str], &str) =
    (&["--net"], "bring_up && echo 9000 > /proc/sys/net/ipv4/ip_unprivileged_port_start");

#[test]
fn a_limit_of_network_namespaces_is_named_and_nothing_else() {
    for machine in Machine::all(NO_NETWORKS) {
        let diagnosis = machine.run(&["doctor", "--lang", "en"]);
        let said = &diagnosis.succeeded().stdout;
        assert!(said.contains("  ✗ a network namespace of its own: refused: unshare(CLONE_NEWNET)"), "{said}");
        assert!(said.contains("sudo sysctl -w user.max_net_namespaces=15000"), "{said}");
        for other in ["max_user_namespaces", "run the lab as root", "Nothing more is needed", "modprobe"] {
            assert!(!said.contains(other), "{said}");
        }
        // A lesson of the lab alone is sent there, and not to a mode in which it doesn't run.
        let finished = machine.run(&["play", "lost", "--lang", "en"]);
        assert!(finished.stderr.ends_with("`sockwalk doctor` says what would.\n"), "{}", finished.stderr);
        assert!(finished.stderr.contains("unshare(CLONE_NEWNET)"), "{}", finished.stderr);
        let finished = machine.run(&["play", "handshake", "--mode", "lab", "--lang", "en"]);
        assert!(
            finished.stderr.ends_with("`--mode host` runs it on the machine's own loopback.\n"),
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn root_without_user_namespaces_is_told_that_its_own_rights_were_used() {
    for machine in Machine::all(NO_USERS) {
        let diagnosis = machine.run(&["doctor", "--lang", "en"]);
        let said = &diagnosis.succeeded().stdout;
        assert!(said.contains("  ✓ root's rights over network namespaces (user namespaces are forbidden)"), "{said}");
        assert!(!said.contains("a user namespace of its own") && said.contains("Mode: lab."), "{said}");
    }
}

#[test]
fn a_port_that_is_offered_instead_can_be_had() {
    for machine in Machine::all(HIGH_PORTS) {
        let path = machine.program.folder().write("both.toml", &both());
        let lesson = path.to_str().unwrap();
        for (port, other) in [("8500", "9000"), ("80", "9000")] {
            let sentence = format!(
                "error: port {port} may be used by root only: on this machine everybody else's begin at 9000. Choose \
                 another one: --port {other}"
            );
            machine.refuses(&["play", lesson, "--mode", "host", "--port", port, "--lang", "en"], &sentence);
        }
        machine.run(&["play", lesson, "--mode", "host", "--port", "9000"]).succeeded();
    }
}

// ---------------------------------------------------------------- IPv6

#[test]
fn without_its_address_on_the_loopback_ipv6_is_had_in_the_lab() {
    if !has_ipv6() {
        return;
    }
    for machine in Machine::all(NO_IPV6) {
        let sentence = "error: on the machine's own loopback, this lesson needs IPv6 with its address ::1, which isn't there. \
                        In a lab it may run: try `--mode lab`.";
        machine.refuses(&["play", "ipv6", "--lang", "en", "--mode", "host"], sentence);
        for mode in ["auto", "lab"] {
            let finished = machine.run(&["play", "ipv6", "--mode", mode, "--format", "json"]);
            assert!(finished.succeeded().stdout.contains("\"event\":\"held\""), "{mode}");
        }
        let only = "here in lab mode only: host mode needs IPv6 with its address ::1";
        assert_eq!(machine.listed("ipv6", "en"), format!("The same TCP over IPv6 – {only}"));
        let finished = machine.run(&["check", "ipv6", "--lang", "en"]);
        let said =
            "not checked in host: error: this lesson needs IPv6 with its address ::1, which this machine doesn't have.";
        assert!(finished.status.code() == Some(1) && finished.stdout.contains(said), "{}", finished.stdout);
        assert!(finished.stdout.contains(": lab: 25 steps"), "{}", finished.stdout);
    }
}

#[test]
fn without_a_lab_the_list_says_so_and_what_still_runs() {
    if !has_ipv6() {
        return;
    }
    for machine in Machine::all(NO_IPV6_NO_LAB) {
        let sentence = "error: on the machine's own loopback, this lesson needs IPv6 with its address ::1, which isn't there. \
                        In a lab it might run; `sockwalk doctor` says what would allow one.";
        machine.refuses(&["play", "ipv6", "--lang", "en"], sentence);
        let finished = machine.run(&["lessons", "--lang", "en"]);
        let list = finished.succeeded().stdout.replace('\n', " ");
        for said in [
            "* not here: it needs the lab, which this machine doesn't allow;",
            "Lessons without * run in host mode.",
            "`sockwalk` goes on with handshake.",
        ] {
            assert!(list.contains(said), "{list}");
        }
        assert_eq!(machine.listed("lost", "en"), "Lost segments: sent again, and given up *");
        let not_here = "The same TCP over IPv6 – not here: it needs the lab, or IPv6 with its address ::1";
        assert_eq!(machine.listed("ipv6", "en"), not_here);
        let listed = quiet(&machine.listed("ipv6", "zh"));
        assert!(listed.ends_with("——本机不行：需要实验网络，或地址::1（IPv6）"), "{listed}");
        // Who names no lesson gets one that runs here, though the course begins with others.
        let mut terminal = machine.open(&["--lang", "en"]);
        terminal.wait_for_text("The three-way handshake");
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
    }
}

// ---------------------------------------------------------------- socket options

/// The kernel answers `setsockopt()` of one option, by its level and number, as if it didn't know it (ENOPROTOOPT).
const WITHOUT_OPTION: &str = "[
    (LOAD, 0, 0, 0), (EQUAL, 0, 5, [54, 208][machine]),
    (LOAD, 0, 0, 24), (EQUAL, 0, 3, numbers[0]),
    (LOAD, 0, 0, 32), (EQUAL, 0, 1, numbers[1]),
    (RETURN, 0, 0, ERROR | 92),
]";

fn without_option(program: &Program, user: User, option: i32, args: &[&str]) -> Finished {
    filtered(program, user, WITHOUT_OPTION, &[libc::IPPROTO_TCP.into(), option.into()], args)
}

#[test]
fn a_socket_option_that_a_lesson_sets_is_needed() {
    if !can_filter() {
        return;
    }
    let program = Program::new();
    for user in lab_users() {
        let without_idle = |args: &[&str]| without_option(&program, user, libc::TCP_KEEPIDLE, args);
        let finished = without_idle(&["play", "keepalive", "--lang", "en"]);
        let sentence = "error: this lesson needs the socket option TCP_KEEPIDLE, which this machine doesn't have. `sockwalk \
                        lessons` says what runs here.\n";
        assert_eq!((finished.status.code(), finished.stderr.as_str()), (Some(1), sentence));
        let finished = without_idle(&["play", "keepalive", "--lang", "zh"]);
        assert!(
            finished.stderr.starts_with("错误：这一课需要套接字选项 TCP_KEEPIDLE，而这台机器没有。"),
            "{}",
            finished.stderr
        );
        let list = without_idle(&["lessons", "--lang", "en"]);
        let not_here = "Keepalive: is the other end still there? * – not here: it needs the socket option TCP_KEEPIDLE";
        assert_eq!(listed(&list, "keepalive"), not_here);
        assert_eq!(listed(&list, "nagle"), "Small writes: Nagle's algorithm and delayed ACKs *");
        without_idle(&["play", "refused"]).succeeded();

        // Only in one of its modes does this lesson set the option.
        let without_defer = |args: &[&str]| without_option(&program, user, libc::TCP_DEFER_ACCEPT, args);
        let finished = without_defer(&["play", "handshake", "--lang", "en", "--mode", "host"]);
        let sentence = "error: on the machine's own loopback, this lesson needs the socket option TCP_DEFER_ACCEPT, which \
                        isn't there. In a lab it may run: try `--mode lab`.\n";
        assert_eq!((finished.status.code(), finished.stderr.as_str()), (Some(1), sentence));
        without_defer(&["play", "handshake", "--mode", "lab"]).succeeded();
        let only = "here in lab mode only: host mode needs the socket option TCP_DEFER_ACCEPT";
        let list = without_defer(&["lessons", "--lang", "en"]);
        assert_eq!(listed(&list, "handshake"), format!("The three-way handshake, an echo, and the close – {only}"));
    }
}

// ---------------------------------------------------------------- tracing

/// As in a container whose filter forbids further filters, or `ptrace(2)`.
#[test]
fn a_lesson_of_programs_needs_that_calls_can_be_seen() {
    if !can_filter() {
        return;
    }
    let program = Program::new();
    for (user, forbidden) in
        lab_users().into_iter().flat_map(|user| [libc::SYS_seccomp, libc::SYS_ptrace].map(|call| (user, call)))
    {
        let without = |args: &[&str]| filtered(&program, user, WITHOUT_CALLS, &[forbidden], args);
        let finished = without(&["play", "programs", "--lang", "en"]);
        let sentence = "error: this lesson needs the right to see the calls of its own programs (ptrace with a seccomp \
                        filter), which this machine doesn't have. `sockwalk lessons` says what runs here.\n";
        assert_eq!((finished.status.code(), finished.stderr.as_str()), (Some(1), sentence));
        let list = without(&["lessons", "--lang", "en"]);
        let not_here = "What a library's listen and dial hide * – not here: it needs the right to see the calls of its own programs \
                        (ptrace with a seccomp filter)";
        assert_eq!(listed(&list, "programs"), not_here);
        without(&["play", "refused"]).succeeded();
    }
}

/// As in a container whose filter forbids namespaces: there is no lab, and the walk on the host is whole. Its sides have tables
/// of descriptors of their own by `close_range(2)`, or, where that is forbidden too, the process's.
#[test]
fn where_namespaces_are_forbidden_the_host_is_left() {
    if !can_filter() {
        return;
    }
    let program = Program::new();
    for user in lab_users() {
        for forbidden in [&[libc::SYS_unshare][..], &[libc::SYS_unshare, libc::SYS_close_range]] {
            let port = common::free_port().to_string();
            let args = ["play", "handshake", "--lang", "en", "--port", &port];
            let finished = filtered(&program, user, WITHOUT_CALLS, forbidden, &args);
            let told = &finished.succeeded().stdout;
            assert_eq!(told.contains("accept(3)"), forbidden.len() == 1, "{told}");
            assert!(told.contains("the client's socket no. 3 is SYN_SENT") && told.contains("SYN_RECV"), "{told}");
        }
    }
}
