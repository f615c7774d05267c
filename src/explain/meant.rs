//! What a program's call means that is told as none of the walk's.

use std::borrow::Cow;

use crate::model::{Call, CallName, CallView, MessageFlags, ProgramCall};

/// The call by whose texts a call is explained: what the tracer takes for none of the walk's is, as far as what it means is concerned,
/// a `connect()` with AF_UNSPEC, a `send()` or `sendmsg()` with MSG_OOB, a `recv()` or `recvmsg()` with MSG_PEEK or MSG_OOB.
pub(super) fn meant<'a>(call: &CallView<'a>) -> Cow<'a, Call> {
    meaning(call.call)
}

/// The same of a call that was entered.
pub(super) fn meaning(call: &Call) -> Cow<'_, Call> {
    let walked = call.as_walked();
    let of_program = match walked {
        Call::Program(made) if made.is_of_internet() => of_program(made),
        _ => None,
    };
    of_program.map_or(Cow::Borrowed(walked), Cow::Owned)
}

fn of_program(made: &ProgramCall) -> Option<Call> {
    let fd = made.fd?;
    let argument = |at: usize| made.arguments.get(at).map_or("", String::as_str);
    let length = || argument(2).parse::<usize>().ok();
    let flags_at = |at| argument(at).parse::<MessageFlags>().ok().filter(|flags| !flags.has(ERROR_QUEUE));
    let flags = || flags_at(3);
    match made.name.as_str() {
        "connect" if made.dissolves() => Some(Call::Dissolve { fd }),
        "sendto" => Some(Call::Send { fd, data: vec![0; length()?.min(ProgramCall::LONGEST_DATA)], flags: flags()? }),
        "recvfrom" => Some(Call::Recv { fd, len: length()?, flags: flags()? }),
        "sendmsg" => {
            Some(Call::Send { fd, data: vec![0; made.room?.min(ProgramCall::LONGEST_DATA)], flags: flags_at(2)? })
        }
        "recvmsg" => Some(Call::Recv { fd, len: made.room?, flags: flags_at(2)? }),
        _ => None,
    }
}

const ERROR_QUEUE: MessageFlags = MessageFlags(libc::MSG_ERRQUEUE);

/// The name under which the texts of a call's outcome stand.
pub(super) fn named(call: &Call, failed: bool) -> CallName {
    match call {
        Call::Program(made) if failed && made.name == "epoll_ctl" => CallName::EpollCtl,
        Call::Program(made) if failed && made.is_of_internet() => match made.name.as_str() {
            "bind" => CallName::Bind,
            "connect" => CallName::Connect,
            "setsockopt" => CallName::SetSockOpt,
            "getsockname" => CallName::GetSockName,
            "getpeername" => CallName::GetPeerName,
            _ => CallName::Other,
        },
        call => call.name(),
    }
}
