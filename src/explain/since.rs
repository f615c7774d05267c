//! What has become of an outcome since: a text speaks of the moment at which the call returned.

use super::{CallFacts, CallState, Circumstance};
use crate::model::{Call, Errno};
use crate::tcp::State;

/// What has changed since a call returned, so that what is said of its outcome is no longer so. `None` where it still is.
pub(super) fn since(
    call: &Call,
    came: CallState<'_>,
    circumstance: Option<Circumstance>,
    facts: &CallFacts,
) -> Option<Circumstance> {
    use Circumstance::*;
    let (after, now) = (&facts.after, &facts.now);
    if now.udp || came == CallState::Blocks {
        return None;
    }
    let later = now.state_since >= facts.returned;
    let ended = matches!(now.state, State::Closed | State::TimeWait) && later;
    let reset = now.was_connected && now.state == State::Closed && now.reset && !after.reset;
    let over = || if reset { Some(Reset) } else { (ended && now.was_connected).then_some(Over) };
    let peer_closed = || (now.fin && !after.fin && !after.fin_delivered).then_some(PeerClosed);
    let failed = || {
        let closed = now.state == State::Closed && later && !now.was_connected;
        closed.then_some(if now.reset { Refused } else { GaveUp })
    };
    let connected = || now.is_connected().then_some(Connected);
    match (call, came) {
        (Call::Bind { .. } | Call::Listen { .. }, CallState::Error(Errno(libc::EADDRINUSE))) => {
            (facts.before.port_held_by.is_some() && now.port_held_by.is_none()).then_some(Free)
        }
        (Call::Accept { .. }, CallState::Error(Errno(libc::EAGAIN))) => (now.recv_queue > 0).then_some(Ready),
        (Call::Accept { .. }, CallState::Returned(_)) if circumstance == Some(Reset) => None,
        (Call::Connect { .. } | Call::Accept { .. }, CallState::Returned(_)) => {
            let was_open = !matches!(circumstance, Some(SynLater | Connecting));
            let made = || if was_open { None } else { failed().or_else(connected) };
            over().or_else(peer_closed).or_else(made)
        }
        (Call::Connect { .. }, CallState::Error(Errno(libc::EINPROGRESS | libc::EALREADY | libc::EINTR))) => {
            over().or_else(failed).or_else(peer_closed).or_else(connected)
        }
        (Call::Connect { .. }, CallState::Error(Errno(libc::EISCONN))) if circumstance.is_none() => over(),
        (Call::Send { .. } | Call::Recv { .. }, CallState::Error(Errno(libc::EAGAIN)))
            if circumstance == Some(Connecting) =>
        {
            over().or_else(failed).or_else(connected)
        }
        (Call::Send { .. }, CallState::Error(Errno(libc::EAGAIN))) => {
            over().or_else(|| (later_empty(facts)).then_some(Ready))
        }
        (Call::Recv { .. }, CallState::Error(Errno(libc::EAGAIN))) if circumstance != Some(OutOfBand) => {
            over().or_else(peer_closed).or_else(|| (now.recv_queue > 0).then_some(Ready))
        }
        // What the others say that shutdown() did stays so.
        (Call::Shutdown { .. }, CallState::Returned(_)) if circumstance == Some(Connected) => over(),
        // The FIN that is the end of both directions is what brings TIME_WAIT, too: that they are stays so.
        (Call::Recv { .. }, CallState::Returned(_)) if circumstance == Some(BothEnded) && !reset => None,
        (Call::Send { .. } | Call::Recv { .. }, CallState::Returned(_)) if after.is_connected() => over(),
        (Call::Close { .. }, CallState::Returned(_)) if matches!(circumstance, Some(Unsent | LingerOver)) => over(),
        _ => None,
    }
}

/// Whether everything that a full send buffer held is acknowledged now.
fn later_empty(facts: &CallFacts) -> bool {
    facts.now.send_queue == 0 && facts.before.send_queue > 0
}
