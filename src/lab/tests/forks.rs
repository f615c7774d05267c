//! Which process of a side makes a call, and how a child begins and ends.

use super::tables::{CLIENT, SERVER, both};
use super::*;
use crate::model::{Actor, Returned, SideProcess};

fn server(child: u32) -> SideProcess {
    SideProcess { side: Side::Server, child }
}

fn main_of(child: u32) -> OwnThread {
    OwnThread { process: server(child), worker: 0 }
}

fn actor(nth: u32) -> Actor {
    Actor { side: Side::Server, nth }
}

impl Kernel {
    /// A process of the server's calls `fork()`: as whom the child goes; `None` where it isn't asked for.
    fn forks(&mut self, child: u32) -> Option<u32> {
        let before = self.effects.len();
        self.asks(SERVER, Request::Call(server(child), Call::Fork));
        self.effects[before..].iter().find_map(|effect| match effect {
            Effect::Fork(SERVER, thread, nth) if *thread == main_of(child) => Some(*nth),
            _ => None,
        })
    }

    fn forked(&mut self, parent: u32, told: Option<u32>) {
        let returned = Returned { value: 4711, child: told, ..Returned::default() };
        self.tell(Input::Returned(SERVER, main_of(parent), Ok(returned)));
    }

    /// Whether a call of this process of the server's is made for who asks.
    fn makes(&mut self, from: u32, child: u32) -> bool {
        let before = self.effects.len();
        self.asks(from, Request::Call(server(child), listen()));
        let made = self.effects[before..].iter().any(|effect| matches!(effect, Effect::Make(..)));
        if made {
            self.tell(Input::Returned(from, main_of(child), returned(0)));
        }
        made
    }
}

#[test]
fn a_child_makes_calls_from_when_it_was_made_until_it_is_killed() {
    let mut kernel = Kernel::with(&both());
    assert!(!kernel.makes(SERVER, 2), "nobody's");
    assert_eq!(kernel.forks(0), Some(2));
    assert!(!kernel.makes(SERVER, 2), "not yet");
    kernel.forked(0, Some(2));
    assert!(kernel.makes(SERVER, 2) && !kernel.makes(CLIENT, 2), "its own process's alone");
    let view = kernel.lab.trace().present();
    assert_eq!(view.fork_of(actor(2)).map(|fork| fork.parent), Some(actor(1)));
    // Whoever goes on with the lab knows it.
    kernel.moves();
    assert!(kernel.makes(SERVER, 2));
    assert_eq!(kernel.forks(2), Some(3), "a child has children too");
    kernel.forked(2, Some(3));
    kernel.asks(SERVER, Request::Kill(server(2)));
    assert!(kernel.effects.contains(&Effect::Kill(SERVER, server(2), actor(2))));
    assert!(!kernel.makes(SERVER, 2) && kernel.makes(SERVER, 3) && kernel.makes(SERVER, 0));
    kernel.moves();
    assert!(!kernel.makes(SERVER, 2) && kernel.makes(SERVER, 3));
    assert_eq!(kernel.forks(0), Some(4), "its number stays in the trace");
    kernel.tell(Input::Left(SERVER));
    assert!(kernel.effects.contains(&Effect::Forget(vec![actor(1), actor(3)])));
    assert!(!kernel.makes(SERVER, 3));
}

#[test]
fn a_fork_that_failed_or_says_another_child_makes_none() {
    let mut kernel = Kernel::with(&both());
    for told in [None, Some(9)] {
        assert_eq!(kernel.forks(0), Some(2));
        kernel.forked(0, told);
        assert!(kernel.lab.trace().present().fork_of(actor(2)).is_none());
        assert!([2, 9].into_iter().all(|child| !kernel.makes(SERVER, child)), "{told:?}");
    }
}

#[test]
fn no_more_children_live_than_there_may_be() {
    let mut kernel = Kernel::with(&both());
    for child in 2..2 + SideProcess::MOST_CHILDREN as u32 {
        assert_eq!(kernel.forks(0), Some(child));
        kernel.forked(0, Some(child));
    }
    assert_eq!(kernel.forks(0), None);
    assert_eq!(kernel.forks(2), None, "nor has a child room for one");
    assert!(kernel.makes(SERVER, 0), "who asked isn't in a call");
    kernel.asks(SERVER, Request::Kill(server(4)));
    assert_eq!(kernel.forks(0), Some(2 + SideProcess::MOST_CHILDREN as u32));
}
