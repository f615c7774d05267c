//! Ready behaviours: a side whose calls are made by themselves, so that the other one alone can be stepped against it.
//!
//! The server is the one of the course text: it accepts connection after connection, and a worker for each reads at most
//! 1,024 bytes, answers and closes. The client connects, says something, reads the answer, and closes.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::Request;
use crate::model::{Actor, Call, Errno, Event, Returned, Side};

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The word `success`, once, as the course text's server does.
    Success,
    /// What came, until the peer ends.
    Echo,
}

/// So many bytes are read at a time.
const READ: usize = 1024;

/// What the course text's server answers.
const SUCCESS: &[u8] = b"success";

/// What the client says.
const HELLO: &[u8] = b"hello";

/// The call that a thread is in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Socket,
    Bind,
    Listen,
    Accept,
    Connect,
    Read,
    /// With the bytes that it was asked to send.
    Send(Vec<u8>),
    Close,
}

/// A side that answers by itself.
#[derive(Debug)]
pub struct Answerer {
    actor: Actor,
    answer: Answer,
    server: SocketAddr,
    /// Each thread's call, and its descriptor.
    threads: HashMap<u32, (Stage, i32)>,
    /// As this member it comes, and what happened before isn't its own: another process may have made the actor's calls then.
    awaits: Option<u32>,
}

impl Answerer {
    /// The actor's behaviour; `server` is the server's address.
    pub fn new(actor: Actor, answer: Answer, server: SocketAddr) -> Answerer {
        Answerer { actor, answer, server, threads: HashMap::new(), awaits: None }
    }

    /// The same in a lab in which others were before, as the member of this number.
    pub fn joining(self, number: u32) -> Answerer {
        Answerer { awaits: Some(number), ..self }
    }

    /// Its first call.
    pub(super) fn begin(&mut self) -> Vec<Request> {
        vec![self.enter(0, -1, Stage::Socket)]
    }

    /// What it does because of an event.
    pub(super) fn happened(&mut self, event: &Event) -> Vec<Request> {
        if let Event::Joined(member) = event {
            self.awaits = self.awaits.filter(|number| *number != member.number);
        }
        let Event::Returned { caller, outcome } = event else { return Vec::new() };
        if self.awaits.is_some() || caller.actor != self.actor {
            return Vec::new();
        }
        let worker = caller.worker;
        let Some((stage, fd)) = self.threads.remove(&worker) else { return Vec::new() };
        match outcome {
            Ok(returned) => self.go_on(worker, stage, fd, returned),
            Err(errno) => self.failed(worker, stage, fd, *errno),
        }
    }

    fn go_on(&mut self, worker: u32, stage: Stage, fd: i32, returned: &Returned) -> Vec<Request> {
        let value = i32::try_from(returned.value).unwrap_or(-1);
        let first = if self.actor.side == Side::Server { Stage::Bind } else { Stage::Connect };
        let next = match stage {
            Stage::Socket => return vec![self.enter(worker, value, first)],
            Stage::Bind => Stage::Listen,
            Stage::Listen => Stage::Accept,
            Stage::Accept => {
                // A worker for the connection, which is called by its descriptor; then the next connection is waited for.
                let serve = self.enter(u32::try_from(value).unwrap_or(0), value, Stage::Read);
                return vec![serve, self.enter(worker, fd, Stage::Accept)];
            }
            Stage::Connect => Stage::Send(HELLO.to_vec()),
            Stage::Read if returned.data.is_empty() || self.actor.side == Side::Client => Stage::Close,
            Stage::Read => match self.answer {
                Answer::Success => Stage::Send(SUCCESS.to_vec()),
                Answer::Echo => Stage::Send(returned.data.clone()),
            },
            Stage::Send(data) => match data.get(usize::try_from(value).unwrap_or(0)..) {
                // send() may take less than it was offered.
                Some(left @ [_, ..]) => Stage::Send(left.to_vec()),
                _ if self.actor.side == Side::Server && self.answer == Answer::Success => Stage::Close,
                _ => Stage::Read,
            },
            Stage::Close => return Vec::new(),
        };
        vec![self.enter(worker, fd, next)]
    }

    fn failed(&mut self, worker: u32, stage: Stage, fd: i32, errno: Errno) -> Vec<Request> {
        match stage {
            // A server goes on accepting; what it can't bind or listen to, it leaves.
            Stage::Accept if matches!(errno.0, libc::EINTR | libc::ECONNABORTED) => {
                vec![self.enter(worker, fd, Stage::Accept)]
            }
            Stage::Connect | Stage::Read | Stage::Send(_) => vec![self.enter(worker, fd, Stage::Close)],
            Stage::Socket | Stage::Bind | Stage::Listen | Stage::Accept | Stage::Close => Vec::new(),
        }
    }

    fn enter(&mut self, worker: u32, fd: i32, stage: Stage) -> Request {
        let call = match &stage {
            Stage::Socket => Call::Socket { ipv6: self.server.is_ipv6(), udp: false },
            Stage::Bind => Call::Bind { fd, addr: self.server },
            Stage::Listen => Call::Listen { fd, backlog: 128 },
            Stage::Accept => Call::Accept { fd },
            Stage::Connect => Call::Connect { fd, addr: self.server },
            Stage::Read => Call::recv(fd, READ),
            Stage::Send(data) => Call::send(fd, data.clone()),
            Stage::Close => Call::Close { fd },
        };
        self.threads.insert(worker, (stage, fd));
        // Each thread is named: where any would do, the next call would be refused while another thread's is on its way.
        Request::CallBy(self.actor.side.into(), worker, call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Caller, Outcome};

    fn server() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8000))
    }

    /// What is asked for after a call of this thread returned.
    fn after(answerer: &mut Answerer, worker: u32, value: i64, data: &[u8]) -> Vec<Request> {
        let outcome: Outcome = Ok(Returned { value, data: data.to_vec(), peer: None, ..Returned::default() });
        answerer.happened(&Event::Returned { caller: crate::model::Caller { actor: answerer.actor, worker }, outcome })
    }

    #[test]
    fn the_course_texts_server() {
        let mut answerer = Answerer::new(Side::Server.into(), Answer::Success, server());
        let own = |call| Request::CallBy(Side::Server.into(), Caller::MAIN, call);
        let serve = |call| Request::CallBy(Side::Server.into(), 6, call);
        assert_eq!(answerer.begin(), [own(Call::Socket { ipv6: false, udp: false })]);
        assert_eq!(after(&mut answerer, 0, 5, b""), [own(Call::Bind { fd: 5, addr: server() })]);
        assert_eq!(after(&mut answerer, 0, 0, b""), [own(Call::Listen { fd: 5, backlog: 128 })]);
        assert_eq!(after(&mut answerer, 0, 0, b""), [own(Call::Accept { fd: 5 })]);
        let both = [serve(Call::recv(6, 1024)), own(Call::Accept { fd: 5 })];
        assert_eq!(after(&mut answerer, 0, 6, b""), both);
        assert_eq!(after(&mut answerer, 6, 2, b"hi"), [serve(Call::send(6, b"success".to_vec()))]);
        assert_eq!(after(&mut answerer, 6, 3, b""), [serve(Call::send(6, b"cess".to_vec()))], "a short send()");
        assert_eq!(after(&mut answerer, 6, 4, b""), [serve(Call::Close { fd: 6 })]);
        assert_eq!(after(&mut answerer, 6, 0, b""), []);
        let eintr = Event::Returned { caller: Side::Server.into(), outcome: Err(Errno(libc::EINTR)) };
        assert_eq!(answerer.happened(&eintr), [own(Call::Accept { fd: 5 })]);
    }

    /// The lab tells everything that happened in it: what an earlier process's calls came to is no answer to this one's.
    #[test]
    fn what_an_earlier_process_was_told_is_not_its_own() {
        use crate::model::{Member, Role};
        let mut answerer = Answerer::new(Side::Server.into(), Answer::Echo, server()).joining(7);
        answerer.begin();
        let joins = |number| {
            Event::Joined(Member { number, pid: 1, nth: Actor::FIRST, role: Role::Drives(vec![Side::Server]) })
        };
        assert_eq!(answerer.happened(&joins(3)), []);
        for value in [3, 0, 0] {
            assert_eq!(after(&mut answerer, 0, value, b""), []);
        }
        assert_eq!(answerer.happened(&joins(7)), []);
        let bind = Call::Bind { fd: 3, addr: server() };
        assert_eq!(after(&mut answerer, 0, 3, b""), [Request::CallBy(Side::Server.into(), Caller::MAIN, bind)]);
    }

    #[test]
    fn an_echo_goes_on_until_the_end() {
        let mut answerer = Answerer::new(Side::Server.into(), Answer::Echo, server());
        answerer.threads.insert(6, (Stage::Read, 6));
        let serve = |call| vec![Request::CallBy(Side::Server.into(), 6, call)];
        assert_eq!(after(&mut answerer, 6, 2, b"hi"), serve(Call::send(6, b"hi".to_vec())));
        assert_eq!(after(&mut answerer, 6, 2, b""), serve(Call::recv(6, 1024)));
        assert_eq!(after(&mut answerer, 6, 0, b""), serve(Call::Close { fd: 6 }));
    }

    #[test]
    fn a_client_that_is_refused_closes() {
        let mut answerer = Answerer::new(Side::Client.into(), Answer::Success, server());
        answerer.begin();
        let own = |call| vec![Request::CallBy(Side::Client.into(), Caller::MAIN, call)];
        assert_eq!(after(&mut answerer, 0, 5, b""), own(Call::Connect { fd: 5, addr: server() }));
        let refused = Event::Returned { caller: Side::Client.into(), outcome: Err(Errno(libc::ECONNREFUSED)) };
        assert_eq!(answerer.happened(&refused), own(Call::Close { fd: 5 }));
        assert_eq!(after(&mut answerer, 0, 0, b""), []);
    }
}
