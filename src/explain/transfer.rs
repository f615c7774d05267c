//! What the other names say by which a side's own call sends or receives, and what becomes of the address that it has.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;

use super::CallFacts;
use super::past::DescriptorHistory;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallName, CallView, MessageFlags, Returned, Transfer, View};

words! {
    struct TransferTexts {
        read: Localized,
        write: Localized,
        one_sent: Localized,
        one_received: Localized,
        gathered: Localized,
        gathered_datagram: Localized,
        scattered: Localized,
        scattered_datagram: Localized,
        sender: Localized,
        address_ignored: Localized,
        address_once: Localized,
    }
}

impl BuiltInTexts for TransferTexts {
    const ASSET: &'static str = "text/transfers.toml";

    fn kept() -> &'static OnceLock<Result<TransferTexts, Broken>> {
        static KEPT: OnceLock<Result<TransferTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of a `read()`, `write()`, `sendmsg()`, `recvmsg()` or `sendto()` that has returned; nothing of other calls, of what
/// failed, and of programs.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn transfer_note(
    view: &View<'_>,
    call: &CallView<'_>,
    facts: &CallFacts,
    lang: Lang,
) -> Result<Option<String>, Broken> {
    let Some(Ok(returned)) = call.outcome.filter(|_| call.made.is_none()) else { return Ok(None) };
    let texts = Spoken::<TransferTexts>::load(lang)?;
    let (of_buffers, sender) = match call.own {
        Call::Transfer(transfer) => (
            texts.buffers(transfer, returned, facts.before.udp),
            returned.peer.map(|peer| texts.say(|t| &t.sender, &[("peer", &peer)])),
        ),
        _ => (None, None),
    };
    let told: Vec<String> = of_buffers.into_iter().chain(sender).chain(texts.address(view, call, facts)).collect();
    Ok((!told.is_empty()).then(|| told.join(" ")))
}

impl Spoken<TransferTexts> {
    /// What became of the buffers; nothing where they got and gave no byte.
    fn buffers(&self, transfer: &Transfer, returned: &Returned, udp: bool) -> Option<String> {
        let is_one = transfer.buffers.len() == 1;
        let text: fn(&TransferTexts) -> &Localized = match (transfer.name, udp) {
            (CallName::Read, _) => |t| &t.read,
            (CallName::Write, _) => |t| &t.write,
            // Of TCP the kernel copied nothing (tcp(7)).
            (CallName::RecvMsg, false) if transfer.like.flags().has(MessageFlags::TRUNC) => return None,
            _ if returned.value == 0 => return None,
            (CallName::SendMsg, _) if is_one => |t| &t.one_sent,
            (CallName::SendMsg, false) => |t| &t.gathered,
            (CallName::SendMsg, true) => |t| &t.gathered_datagram,
            _ if is_one => |t| &t.one_received,
            (_, false) => |t| &t.scattered,
            (_, true) => |t| &t.scattered_datagram,
        };
        // How many bytes each buffer has got, or was sent of. With MSG_TRUNC the value is the datagram's length, whatever had room.
        let mut left = usize::try_from(returned.value).unwrap_or(0);
        let mut fill = |size: &usize| {
            let part = left.min(*size);
            left -= part;
            part
        };
        let parts: Vec<usize> = transfer.buffers.iter().map(&mut fill).collect();
        let written: Vec<String> = parts.iter().map(usize::to_string).collect();
        let (count, n) = (parts.len(), parts.iter().sum::<usize>());
        let values: [(&str, &dyn Display); 3] = [("count", &count), ("n", &n), ("parts", &written.join(" + "))];
        Some(self.say(text, &values))
    }

    /// What the address does that a call sends to, where that isn't the socket's only one.
    fn address(&self, view: &View<'_>, call: &CallView<'_>, facts: &CallFacts) -> Option<String> {
        let Call::SendTo { fd, addr, .. } = call.call else { return None };
        if !facts.before.udp {
            // MSG_FASTOPEN connects to it.
            let ignored = call.call.connects_to().is_none();
            return ignored.then(|| self.say(|t| &t.address_ignored, &[("addr", addr)]));
        }
        let past = DescriptorHistory::of(&view.trace().at(call.entered), call.caller.actor, *fd)?;
        let named = past.calls.iter().rev().filter(|call| call.outcome.is_some_and(Result::is_ok));
        let mut peers = named.filter_map(|call| match call.call {
            Call::Connect { addr, .. } => Some(Some(*addr)),
            Call::Dissolve { .. } => Some(None),
            _ => None,
        });
        let peer = peers.next().flatten().map(reached)?;
        (peer != reached(*addr)).then(|| self.say(|t| &t.address_once, &[("addr", addr), ("peer", &peer)]))
    }
}

/// Where what is sent to an address goes: the one for all is this machine's own (`ip_route_output_key_hash_rcu()`).
fn reached(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
