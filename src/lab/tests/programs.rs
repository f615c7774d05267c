//! Programs whose calls are seen: whose part they play, and what waits.

use super::*;
use crate::model::{Actor, Caller, HeldCalls, ProgramCall, SegmentFilter};

const FREE: u32 = 1;
const PROGRAM: u32 = 2;
const WATCH: u32 = 3;

fn program() -> Member {
    Member { number: PROGRAM, pid: 70, nth: 1, role: Role::Runs("nc".into()) }
}

fn with(members: &[Member]) -> Kernel {
    Kernel::with(members)
}

fn made(name: &str, socket: Option<u64>, like: Option<Call>) -> ProgramCall {
    let fd = socket.and(Some(3));
    let arguments = vec!["…".into()];
    ProgramCall { name: name.into(), arguments, fd, socket, internet: Some(true), like, ..ProgramCall::default() }
}

fn socket() -> ProgramCall {
    made("socket", None, Some(Call::Socket { ipv6: false, udp: false }))
}

fn bind(cookie: u64) -> ProgramCall {
    made("bind", Some(cookie), Some(Call::Bind { fd: 3, addr: end(8000) }))
}

fn connect(cookie: u64) -> ProgramCall {
    made("connect", Some(cookie), Some(Call::Connect { fd: 3, addr: end(8000) }))
}

impl Kernel {
    fn program(&mut self, news: ProgramNews) {
        self.tell(Input::Program(PROGRAM, news));
    }

    /// A call that doesn't wait, and returns at once.
    fn calls(&mut self, call: ProgramCall, sockets: &[u64]) {
        self.program(ProgramNews::Entered(0, call));
        let outcome = Ok(Returned { value: 3, made: sockets.to_vec(), ..Returned::default() });
        self.program(ProgramNews::Returned(0, outcome));
    }

    /// The names of the calls that a side's pane shows of the program.
    fn of_program(&self, side: Side) -> Vec<String> {
        let nth = self.lab.member(PROGRAM).map_or(1, |member| member.nth);
        let view = self.lab.trace().present();
        let mut names: Vec<String> = view.calls(Actor { side, nth }).map(|call| call.called().to_owned()).collect();
        names.reverse();
        names
    }

    fn held(&self) -> Vec<HeldCalls> {
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Hold(PROGRAM, held) => Some(*held),
            _ => None,
        });
        told.collect()
    }
}

/// One waits at a port, the other asks; a server that answers from its port is none the less one.
#[test]
fn of_two_datagram_sockets_of_a_program_the_one_that_sends_first_is_a_clients() {
    let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
    let datagrams = || made("socket", None, Some(Call::Socket { ipv6: false, udp: true }));
    let sends = |cookie| {
        let like = Call::SendTo { fd: 3, data: b"x".to_vec(), flags: crate::model::MessageFlags(0), addr: end(8000) };
        made("sendto", Some(cookie), Some(like))
    };
    kernel.calls(datagrams(), &[7]);
    kernel.calls(bind(7), &[]);
    kernel.calls(datagrams(), &[8]);
    let side = |kernel: &Kernel, cookie| kernel.lab.program_actor(PROGRAM, cookie).map(|actor| actor.side);
    assert_eq!(side(&kernel, 8), Some(Side::Server), "nothing tells it yet");
    kernel.calls(sends(8), &[]);
    kernel.calls(sends(7), &[]);
    assert_eq!([7, 8].map(|cookie| side(&kernel, cookie)), [Some(Side::Server), Some(Side::Client)]);
}

/// It was started to be a client, and the kernel told of the connection before `accept()` came back.
#[test]
fn a_socket_that_a_servers_call_makes_is_the_servers_also_of_a_program_that_is_a_client_too() {
    let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
    kernel.calls(socket(), &[7]);
    kernel.calls(connect(7), &[]);
    kernel.calls(socket(), &[8]);
    kernel.calls(bind(8), &[]);
    assert_eq!(kernel.lab.program_actor(PROGRAM, 9).map(|actor| actor.side), Some(Side::Client));
    kernel.effects.clear();
    kernel.calls(made("accept4", Some(8), Some(Call::Accept { fd: 3 })), &[9]);
    let server = Actor { side: Side::Server, nth: 2 };
    assert_eq!(kernel.lab.program_actor(PROGRAM, 9), Some(server));
    assert!(kernel.effects.contains(&Effect::Own(9, server)), "{:?}", kernel.effects);
    kernel.effects.clear();
    kernel.calls(socket(), &[10]);
    assert!(!kernel.effects.iter().any(|effect| matches!(effect, Effect::Own(..))), "{:?}", kernel.effects);
}

#[test]
fn a_programs_calls_stand_at_the_side_whose_part_it_plays() {
    let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
    kernel.calls(socket(), &[7]);
    kernel.calls(made("setsockopt", Some(7), None), &[]);
    assert_eq!(kernel.of_program(Side::Client), ["socket", "setsockopt"], "nothing tells it yet");
    kernel.program(ProgramNews::Stands(0, bind(7)));
    assert_eq!(kernel.of_program(Side::Server), ["socket", "setsockopt", "bind"]);
    assert!(kernel.of_program(Side::Client).is_empty());
    let server = Actor { side: Side::Server, nth: 2 };
    assert!(kernel.effects.contains(&Effect::Own(7, server)), "{:?}", kernel.effects);
    // What it does besides is its own kind of part, until a call tells otherwise.
    kernel.program(ProgramNews::Entered(0, bind(7)));
    kernel.program(ProgramNews::Returned(0, returned(0)));
    kernel.calls(made("epoll_create1", None, None), &[]);
    kernel.calls(socket(), &[8]);
    kernel.calls(connect(8), &[]);
    assert_eq!(kernel.of_program(Side::Server), ["socket", "setsockopt", "bind", "epoll_create1"]);
    assert_eq!(kernel.of_program(Side::Client), ["socket", "connect"], "with another socket it is a client");
    assert_eq!(kernel.lab.program_actor(PROGRAM, 8), Some(Actor { side: Side::Client, nth: 2 }));
    assert_eq!(kernel.lab.program_actor(PROGRAM, 7), Some(server));
}

#[test]
fn what_an_accept_makes_is_the_listeners() {
    let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
    kernel.calls(socket(), &[7]);
    kernel.calls(bind(7), &[]);
    kernel.calls(made("accept4", Some(7), Some(Call::Accept { fd: 3 })), &[9]);
    kernel.calls(made("read", Some(9), Some(Call::recv(4, 1))), &[]);
    assert_eq!(kernel.of_program(Side::Server), ["socket", "bind", "accept4", "read"]);
}

/// Who is told whose part a program plays has it there from its first call on, until a call tells another one.
#[test]
fn a_program_is_at_the_side_that_it_is_meant_to_play_until_a_call_tells_another() {
    let mut kernel = with(&[drives(FREE, &[]), program()]);
    kernel.asks(PROGRAM, Request::Play(Side::Server));
    kernel.asks(FREE, Request::Play(Side::Client));
    kernel.calls(made("epoll_create1", None, None), &[]);
    kernel.calls(socket(), &[7]);
    assert_eq!(kernel.of_program(Side::Server), ["epoll_create1", "socket"]);
    assert_eq!(kernel.lab.program_actor(PROGRAM, 7).map(|actor| actor.side), Some(Side::Server));
    kernel.program(ProgramNews::Stands(0, connect(7)));
    assert_eq!(kernel.of_program(Side::Client), ["epoll_create1", "socket", "connect"], "told as it is");
    // Nobody's calls are made by who only steps, and its number is the first.
    assert_eq!(kernel.lab.member(PROGRAM).map(|member| member.nth), Some(1));
    let caller = Caller { actor: Actor { side: Side::Client, nth: 1 }, worker: 0 };
    kernel.asks(WATCH, Request::LetCall(caller));
    assert!(!kernel.effects.contains(&Effect::LetCall(PROGRAM, 0)));
    kernel.asks(FREE, Request::LetCall(caller));
    assert!(kernel.effects.contains(&Effect::LetCall(PROGRAM, 0)), "{:?}", kernel.effects);
}

/// `connect()` on a listener is a mistake; and who is told to play the server plays it with the socket that it bound.
#[test]
fn a_server_that_connects_what_it_listens_on_or_bound_stays_the_server() {
    let listen = made("listen", Some(7), Some(Call::Listen { fd: 3, backlog: 5 }));
    for (meant, listens, stays) in [(false, true, true), (true, true, true), (true, false, true), (false, false, false)]
    {
        let mut kernel = with(&[drives(FREE, &[]), program()]);
        if meant {
            kernel.asks(PROGRAM, Request::Play(Side::Server));
        }
        kernel.calls(socket(), &[7]);
        kernel.calls(bind(7), &[]);
        if listens {
            kernel.calls(listen.clone(), &[]);
        }
        kernel.calls(connect(7), &[]);
        let side = if stays { Side::Server } else { Side::Client };
        assert_eq!(kernel.lab.program_actor(PROGRAM, 7).map(|actor| actor.side), Some(side), "{meant} {listens}");
        assert!(kernel.of_program(side).contains(&"connect".to_owned()));
    }
}

/// getaddrinfo() asks for a route by a connect() on a socket for datagrams, in a server as in a client.
#[test]
fn a_connect_that_reaches_nobody_tells_no_side() {
    let datagrams = made("socket", None, Some(Call::Socket { ipv6: false, udp: true }));
    for side in Side::BOTH {
        let mut kernel = with(&[drives(FREE, &[]), program()]);
        kernel.asks(PROGRAM, Request::Play(side));
        kernel.calls(datagrams.clone(), &[7]);
        kernel.calls(connect(7), &[]);
        kernel.calls(socket(), &[8]);
        assert_eq!(kernel.of_program(side), ["socket", "connect", "socket"]);
        assert!(kernel.of_program(side.other()).is_empty());
        // One that does reach somebody tells it.
        kernel.calls(connect(8), &[]);
        assert_eq!(kernel.lab.program_actor(PROGRAM, 8).map(|actor| actor.side), Some(Side::Client));
    }
}

#[test]
fn a_call_before_which_a_program_stands_is_let_go_by_who_makes_calls() {
    let watch = Member { number: WATCH, pid: 9, nth: 1, role: Role::Watches };
    for (from, goes) in [(FREE, true), (WATCH, false), (PROGRAM, false), (99, false)] {
        let mut kernel = with(&[drives(FREE, &Side::BOTH), program(), watch.clone()]);
        kernel.calls(socket(), &[7]);
        kernel.program(ProgramNews::Stands(0, connect(7)));
        let standing = kernel.lab.trace().present().standing();
        let [call] = &standing[..] else { panic!("{standing:?}") };
        let caller = call.caller;
        assert!(call.is_open() && !call.blocked);
        kernel.asks(from, Request::LetCall(caller));
        assert_eq!(kernel.effects.contains(&Effect::LetCall(PROGRAM, 0)), goes, "{from}");
        // The kernel was asked before: what it had then explains what comes of the call.
        if goes {
            let at = |wanted: &dyn Fn(&Effect) -> bool| kernel.effects.iter().rposition(wanted);
            assert!(
                at(&|effect| matches!(effect, Effect::Dump(Scope::All)))
                    < at(&|effect| matches!(effect, Effect::LetCall(..)))
            );
            // From now on the kernel's word may be of what the call did: it is in the trace as one that was entered, and once.
            let entered = |kernel: &Kernel| {
                let events = kernel.events();
                events
                    .iter()
                    .filter(|event| matches!(event, Event::Entered { caller: of, .. } if *of == caller))
                    .count()
            };
            let before = entered(&kernel);
            assert!(kernel.lab.trace().present().standing().is_empty());
            assert!(kernel.lab.trace().present().newest_call(caller).is_some_and(|call| call.stepped));
            kernel.program(ProgramNews::Entered(0, connect(7)));
            assert_eq!(entered(&kernel), before);
            kernel.program(ProgramNews::Blocked(0));
            kernel.program(ProgramNews::Returned(0, returned(0)));
            assert_eq!(kernel.of_program(Side::Client), ["socket", "connect"], "one call, not two");
            let view = kernel.lab.trace().present();
            assert!(view.newest_call(caller).is_some_and(|call| call.outcome.is_some()));
        }
        // Nobody lets one go that doesn't stand.
        let before = kernel.effects.len();
        kernel.asks(FREE, Request::LetCall(Caller { worker: 99, ..caller }));
        assert!(!kernel.effects[before..].iter().any(|effect| matches!(effect, Effect::LetCall(..))));
    }
}

#[test]
fn calls_wait_as_long_as_somebody_is_there_who_can_let_them_go() {
    let mut kernel = Kernel::new(None);
    kernel.tell(Input::Came(program()));
    assert_eq!(kernel.lab.held_calls(PROGRAM), HeldCalls::None, "nobody is there");
    kernel.tell(Input::Came(Member { number: WATCH, pid: 9, nth: 1, role: Role::Watches }));
    assert_eq!(kernel.held(), []);
    kernel.tell(Input::Came(drives(FREE, &Side::BOTH)));
    assert_eq!(kernel.held(), [HeldCalls::Walk]);
    kernel.asks(WATCH, Request::Hold(None, HeldCalls::None));
    kernel.asks(FREE, Request::Hold(None, HeldCalls::All));
    kernel.asks(PROGRAM, Request::Hold(None, HeldCalls::None));
    assert_eq!(kernel.held(), [HeldCalls::Walk, HeldCalls::All], "who looks on has no say");
    kernel.asks(PROGRAM, Request::Hold(Some(PROGRAM), HeldCalls::None));
    kernel.tell(Input::Left(FREE));
    assert_eq!(kernel.held(), [HeldCalls::Walk, HeldCalls::All, HeldCalls::None], "nobody could let them go");
    // Who runs the program says so: then it lets them go itself.
    kernel.asks(PROGRAM, Request::Hold(Some(PROGRAM), HeldCalls::Walk));
    assert_eq!(kernel.held().last(), Some(&HeldCalls::Walk));
    kernel.asks(PROGRAM, Request::Hold(Some(PROGRAM), HeldCalls::None));
    assert_eq!(kernel.lab.held_calls(PROGRAM), HeldCalls::None);
}

#[test]
fn calls_and_segments_of_one_program_pass_or_of_all() {
    const OTHER: u32 = 9;
    let other = Member { number: OTHER, pid: 99, nth: 4, role: Role::Runs("other".into()) };
    let nth = program().nth;
    for (asked, wanted) in [
        (&[(FREE, Some(PROGRAM), HeldCalls::None)][..], [HeldCalls::None, HeldCalls::Walk]),
        (&[(FREE, Some(OTHER), HeldCalls::All)], [HeldCalls::Walk, HeldCalls::All]),
        // What is said of all is said of each, whatever was said of one before.
        (&[(FREE, Some(PROGRAM), HeldCalls::None), (FREE, None, HeldCalls::Walk)], [HeldCalls::Walk; 2]),
        (&[(FREE, None, HeldCalls::None), (FREE, Some(OTHER), HeldCalls::Walk)], [HeldCalls::None, HeldCalls::Walk]),
        // A program has no say in what another one does, and who looks on has none at all.
        (&[(OTHER, Some(PROGRAM), HeldCalls::None), (WATCH, Some(OTHER), HeldCalls::None)], [HeldCalls::Walk; 2]),
    ] {
        let watch = Member { number: WATCH, pid: 9, nth: 1, role: Role::Watches };
        let mut kernel = with(&[drives(FREE, &[]), program(), other.clone(), watch]);
        for (from, of, held) in asked {
            kernel.asks(*from, Request::Hold(*of, *held));
        }
        assert_eq!([PROGRAM, OTHER].map(|number| kernel.lab.held_calls(number)), wanted, "{asked:?}");
    }
    // The segments to one program, where nobody else opens its door.
    for (from, passes) in [(FREE, true), (OTHER, false)] {
        let mut kernel = with(&[drives(FREE, &[]), program(), other.clone()]);
        let to = SegmentFilter::To(Actor { side: Side::Client, nth });
        kernel.asks(from, Request::Pass(to, Some(Duration::ZERO)));
        let rule = kernel.lab.trace().present().passing().and_then(|passing| passing.rule(to));
        assert_eq!(rule, passes.then_some(Duration::ZERO));
    }
}

#[test]
fn a_thread_that_ends_in_a_call_and_a_program_that_leaves_leave_no_call_open() {
    for (end, events) in [(Input::Program(PROGRAM, ProgramNews::Ended(0)), 1), (Input::Left(PROGRAM), 0)] {
        let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
        kernel.calls(socket(), &[7]);
        kernel.program(ProgramNews::Stands(0, connect(7)));
        kernel.tell(end);
        let ended = kernel.events().iter().filter(|event| matches!(event, Event::Ended { .. })).count();
        assert_eq!((kernel.lab.trace().open_calls().count(), ended), (0, events));
        let view = kernel.lab.trace().present();
        assert!(
            view.standing().is_empty() && view.calls(Actor { side: Side::Client, nth: 2 }).next().unwrap().abandoned
        );
        assert!(view.calls(Actor { side: Side::Client, nth: 2 }).next().unwrap().never_made, "it only stood before it");
        // What comes late is of no call.
        kernel.program(ProgramNews::Returned(0, returned(0)));
        kernel.program(ProgramNews::Blocked(0));
    }
}

#[test]
fn a_program_has_a_number_that_nobody_else_has() {
    let mut kernel = with(&[drives(FREE, &[Side::Server]), program(), drives(4, &[Side::Client])]);
    let nth = |number| kernel.lab.member(number).map(|member| member.nth);
    assert_eq!([nth(FREE), nth(PROGRAM), nth(4)], [Some(1), Some(2), Some(1)]);
    kernel.tell(Input::Came(drives(5, &[Side::Client])));
    assert_eq!(kernel.lab.member(5).map(|member| member.nth), Some(3));
}

/// The kernel may be asked before a call is told that was made: then its socket is seen at another side at first.
#[test]
fn what_waits_passes_once_it_is_known_whose_the_socket_is() {
    let mut kernel = with(&[drives(FREE, &Side::BOTH), program()]);
    let server = Actor::from(Side::Server);
    kernel.asks(FREE, Request::Pass(crate::model::SegmentFilter::To(server), Some(Duration::ZERO)));
    kernel.calls(socket(), &[7]);
    let listener = |side| {
        let facts = crate::model::testing::socket(7, side, Some(3), State::Listen, (Some(end(8000)), None));
        SocketFacts { nth: 2, ..facts }
    };
    kernel.sockets = vec![listener(Side::Client)];
    kernel.until(kernel.now + Duration::from_secs(1));
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    kernel.until(kernel.now + Duration::from_secs(1));
    assert_eq!(kernel.waiting(), [SegmentId(0)], "it waits at a client's door");
    kernel.program(ProgramNews::Entered(0, bind(7)));
    kernel.sockets = vec![listener(Side::Server)];
    kernel.program(ProgramNews::Returned(0, returned(0)));
    kernel.until(kernel.now + Duration::from_secs(1));
    assert_eq!(kernel.waiting(), []);
}
