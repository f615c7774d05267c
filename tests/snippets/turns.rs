//! A lesson's calls with real arguments, and what it claims of each.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sockwalk::lesson::{
    Action, Address, CallClaim, CallTerms, Claim, Lesson, NamedCaller, Payload, Recipient, Step, Terms,
};
use sockwalk::model::{Call, CallName, Errno, Mode, Outcome, Returned, Side};

/// One call of a lesson.
pub struct Turn {
    pub step: String,
    pub side: Side,
    pub call: Call,
    /// The lesson sees it blocked: what lets it come back is done afterwards.
    pub blocks: bool,
    /// The descriptor that it makes.
    pub made: Option<i32>,
    claim: Option<CallTerms>,
}

/// Who has which descriptor, under which name.
#[derive(Default)]
struct Table<'a> {
    names: BTreeMap<&'a str, (Side, i32)>,
    open: Vec<(Side, i32)>,
}

impl<'a> Table<'a> {
    /// The lowest that is free, as the kernel gives them.
    fn open(&mut self, side: Side, name: &'a str) -> i32 {
        let fd = (3..).find(|fd| !self.open.contains(&(side, *fd))).unwrap();
        self.open.push((side, fd));
        self.names.insert(name, (side, fd));
        fd
    }

    fn close(&mut self, side: Side, fd: i32) {
        self.open.retain(|open| *open != (side, fd));
    }
}

/// The calls of a lesson's steps in the lab, in order. One that a signal interrupts is left out: no signal comes here.
pub fn turns(lesson: &Lesson, port: u16) -> Vec<Turn> {
    let mut table = Table::default();
    let mut turns: Vec<Turn> = Vec::new();
    let server = SocketAddr::new(lesson.server.ip(), port);
    // A child's calls are another process's.
    let own = |step: &&Step| step.modes.contains(&Mode::Lab) && step.process == 1;
    for step in lesson.steps.iter().filter(own) {
        let claims: Vec<&Claim> = step.expect.iter().filter(|claim| claim.modes.contains(&Mode::Lab)).collect();
        match &step.action {
            Some(Action::Interrupt { side }) => {
                let last = turns.iter().rposition(|turn| turn.side == *side).unwrap();
                let interrupted = turns.remove(last);
                interrupted.made.into_iter().for_each(|fd| table.close(*side, fd));
                continue;
            }
            Some(action) => {
                if let Some((side, call, made)) = call(action, &mut table, server) {
                    let of_any = |claim: &&Claim| {
                        came(claim)
                            .is_some_and(|came| matches!(came, CallClaim::Blocks { side: of, .. } if *of == side))
                    };
                    let blocks = claims.iter().any(of_any);
                    turns.push(Turn { step: step.id.clone(), side, call, blocks, made, claim: None });
                }
            }
            None => {}
        }
        for claim in claims {
            let Some(CallClaim::Returns(terms)) = came(claim) else { continue };
            // The newest call of this name; a step may repeat what an earlier one said.
            let own = |turn: &&mut Turn| turn.side == terms.side && turn.call.name() == terms.call;
            if let Some(turn) = turns.iter_mut().rev().find(own) {
                turn.claim.get_or_insert_with(|| terms.clone());
            }
        }
    }
    turns
}

/// What a claim says of a call, where it names neither thread nor process.
fn came(claim: &Claim) -> Option<&CallClaim> {
    match &claim.terms {
        Terms::Call { by, came } if *by == NamedCaller::default() => Some(came),
        _ => None,
    }
}

fn call<'a>(action: &'a Action, table: &mut Table<'a>, server: SocketAddr) -> Option<(Side, Call, Option<i32>)> {
    let address = |addr: &Option<Address>| match addr {
        None => server,
        Some(Address::At(addr)) => *addr,
        Some(Address::Beside(ip, above)) => SocketAddr::new(*ip, server.port() + above),
    };
    if let Action::Socket { side, name, ipv6, udp } = action {
        return Some((*side, Call::Socket { ipv6: *ipv6, udp: *udp }, Some(table.open(*side, name))));
    }
    let (side, fd) = *table.names.get(action.socket()?)?;
    let mut made = None;
    let call = match action {
        Action::Accept { name, .. } => {
            made = Some(table.open(side, name));
            Call::Accept { fd }
        }
        Action::Bind { addr, .. } => Call::Bind { fd, addr: address(addr) },
        Action::Connect { addr, .. } => Call::Connect { fd, addr: address(addr) },
        Action::Dissolve { .. } => Call::Dissolve { fd },
        Action::Listen { backlog, .. } => Call::Listen { fd, backlog: *backlog },
        Action::Send { payload, flags, .. } => Call::Send { fd, data: data(payload), flags: *flags },
        Action::SendTo { to, payload, flags, .. } => {
            let to = if let Recipient::Address(addr) = to { address(addr) } else { server };
            Call::SendTo { fd, data: data(payload), flags: *flags, addr: to }
        }
        Action::Recv { max, flags, .. } => Call::Recv { fd, len: *max, flags: *flags },
        Action::RecvFrom { max, flags, .. } => Call::RecvFrom { fd, len: *max, flags: *flags },
        Action::Shutdown { how, .. } => Call::Shutdown { fd, how: *how },
        Action::Close { .. } => {
            table.close(side, fd);
            Call::Close { fd }
        }
        Action::SetOption { option, value, .. } => Call::SetOption { fd, option: *option, value: *value },
        Action::SetNonblocking { on, .. } => Call::SetNonblocking { fd, on: *on },
        Action::GetOption { option, .. } => Call::GetOption { fd, option: *option },
        Action::GetSockName { .. } => Call::GetSockName { fd },
        Action::GetPeerName { .. } => Call::GetPeerName { fd },
        _ => return None,
    };
    Some((side, call, made))
}

/// The line that lessons offer: so long is `line` in their claims.
const LINE: &str = "hello\n";

fn data(payload: &Payload) -> Vec<u8> {
    match payload {
        Payload::Text(text) => text.clone().into_bytes(),
        Payload::Line(_) | Payload::Received => LINE.into(),
        Payload::Bytes(count) => (b'a'..=b'z').cycle().take(*count).collect(),
    }
}

impl Turn {
    /// A call of the server's of which nothing is claimed but success.
    pub fn of(call: Call, made: Option<i32>) -> Turn {
        let step = match &call {
            Call::SetOption { option, .. } => option.to_string(),
            call => call.name().to_string(),
        };
        let side = Side::Server;
        let (value, data, error, told) = (None, None, None, None);
        let claim = Some(CallTerms { side, call: call.name(), value, data, error, told });
        Turn { step, side, call, blocks: false, made, claim }
    }

    /// A call of the server's that fails so.
    pub fn failing(call: Call, errno: i32) -> Turn {
        let mut turn = Turn::of(call, None);
        turn.claim.iter_mut().for_each(|claim| claim.error = Some(Errno(errno)));
        turn
    }

    /// What the interface knows of its outcome when it shows the snippet.
    pub fn outcome(&self) -> Option<Outcome> {
        self.made.map(|fd| Ok(Returned { value: fd.into(), ..Returned::default() }))
    }

    /// The claim in the programs' notation.
    pub fn claimed(&self) -> String {
        match &self.claim {
            None => "anything".into(),
            Some(CallTerms { error: Some(error), .. }) => error.0.to_string(),
            // A new descriptor's number is the process's own business.
            Some(CallTerms { value: Some(value), .. }) if self.made.is_none() => {
                let value = value.value(|_| None, LINE.len() as u32);
                format!("OK {}", value.expect("a claim of a call has no sequence number"))
            }
            Some(_) => "OK".into(),
        }
    }

    pub fn is_as_claimed(&self, found: &str, language: &str) -> bool {
        // Python looks the address up itself, for the socket's family, and makes no call where there is none.
        let no_call = language == "Python" && matches!(self.call, Call::Connect { .. }) && found == "-9";
        match self.claimed().as_str() {
            "anything" => true,
            "OK" => found.starts_with("OK"),
            claimed => found == claimed || (no_call && claimed == libc::EAFNOSUPPORT.to_string()),
        }
    }

    /// Whether the call's number is the snippet's `n`.
    pub fn counts(&self) -> bool {
        matches!(self.call.name(), CallName::Send | CallName::Recv | CallName::RecvFrom)
    }
}
