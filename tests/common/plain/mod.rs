//! What plain socket code gets from this kernel: scenarios of ordinary calls, each in a network namespace of its own,
//! without any of the program's code. A test of the program can compare with it.
//!
//! A namespace of a user's own needs a process with one thread, so a scenario runs in a child: the test's own binary,
//! started again by `unshare(1)`. A test file that uses [`play`] has the test [`TEST`], which only calls [`child`].

pub mod calls;
mod scenarios;

use std::net::Ipv4Addr;
use std::path::Path;

use super::network::{self, Route};
use super::{User, finish};
pub use scenarios::SCENARIOS;

/// The test that runs a scenario in the child.
pub const TEST: &str = "plain_socket_code_has_a_network_of_its_own";
const VARIABLE: &str = "SOCKWALK_PLAIN_SCENARIO";
/// Marks the child's lines among those of the test harness.
const MARK: &str = "@ ";

/// Runs a scenario. Returns one line for each call, in order: its name, and what it came to: an error's name, a number,
/// `fd` for a new descriptor, `short` where it was less than asked for, or `blocks` where the kernel says that the
/// thread sleeps in this very system call.
#[track_caller]
pub fn play(scenario: &str) -> Vec<String> {
    in_network(TEST, scenario)
}

/// Runs a test of this binary once more, in a network of its own, with a task that it finds by [`task`]. Returns the
/// lines that it told.
#[track_caller]
pub fn in_network(test: &str, task: &str) -> Vec<String> {
    let itself = std::env::current_exe().unwrap();
    let mut command = User::Own.command(Path::new("unshare"));
    command.args(["--user", "--map-root-user", "--net"]).arg(itself);
    command.args(["--exact", test, "--nocapture"]).env(VARIABLE, task);
    let finished = finish(&mut command);
    finished.succeeded().stdout.lines().filter_map(|line| line.strip_prefix(MARK)).map(str::to_owned).collect()
}

/// In the child, its task.
pub fn task() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// The whole of [`TEST`]: in the child, the scenario; else, that the child has another network than this process.
pub fn child() {
    let network = || std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    let Some(scenario) = task() else {
        if User::Own.has_lab() {
            let told = play("network");
            assert_eq!(told.len(), 2, "{told:?}");
            assert_ne!(told[0], network());
            assert_eq!(told[1], "lo", "another interface than lo");
        }
        return;
    };
    bring_up();
    if scenario == "network" {
        tell(&network());
        let table = std::fs::read_to_string("/proc/self/net/dev").unwrap();
        let names: Vec<&str> = table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim())).collect();
        tell(&names.join(" "));
        return;
    }
    let (_, run) = SCENARIOS.iter().find(|(name, _)| *name == scenario).expect("a scenario of this name");
    run();
}

/// Of this network: 10.1.0.1 and 10.1.0.2 are its own; what is sent to 10.9.9.0/24 reaches nobody and is never answered.
fn bring_up() {
    let own = [Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(10, 1, 0, 2)];
    network::bring_up().unwrap();
    own.iter().for_each(|address| network::add_address(*address).unwrap());
    for (network, route) in [
        ((Ipv4Addr::new(10, 9, 9, 0), 24), Route::Loopback { from: own[0] }),
        ((Ipv4Addr::new(198, 51, 100, 0), 24), Route::Unreachable),
        ((Ipv4Addr::new(198, 51, 101, 0), 24), Route::Blackhole),
        ((Ipv4Addr::new(198, 51, 102, 0), 24), Route::Prohibit),
    ] {
        network::add_route(network, route).unwrap();
    }
}

/// A line for the parent.
pub fn tell(line: &str) {
    // The harness may have begun a line.
    println!("\n{MARK}{line}");
}
