//! What `ioctl()` and `fcntl()` tell of a socket.

use std::sync::OnceLock;

use super::CallFacts;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallView, DeviceRequest};

words! {
    struct DeviceTexts {
        unread: Localized,
        nothing_unread: Localized,
        next_datagram: Localized,
        no_datagram: Localized,
        unacknowledged: Localized,
        all_acknowledged: Localized,
        unsent: Localized,
        all_sent: Localized,
        send_memory: Localized,
        at_mark: Localized,
        not_at_mark: Localized,
        nonblocking: Localized,
        blocking: Localized,
    }
}

impl BuiltInTexts for DeviceTexts {
    const ASSET: &'static str = "text/device.toml";

    fn kept() -> &'static OnceLock<Result<DeviceTexts, Broken>> {
        static KEPT: OnceLock<Result<DeviceTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of an `ioctl()` that told a number, and of the flags of an `fcntl()`; nothing of any other call.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn device_note(call: &CallView<'_>, facts: &CallFacts, lang: Lang) -> Result<Option<String>, Broken> {
    let Some(Ok(returned)) = call.outcome else { return Ok(None) };
    let told = returned.told.unwrap_or_default();
    let text = match call.call {
        Call::GetStatus { .. } => of_flags(returned.value),
        Call::Ioctl { request, .. } => of_request(*request, told, facts.before.udp),
        _ => return Ok(None),
    };
    Ok(Some(Spoken::<DeviceTexts>::load(lang)?.say(text, &[("n", &told)])))
}

fn of_flags(flags: i64) -> fn(&DeviceTexts) -> &Localized {
    if flags & i64::from(libc::O_NONBLOCK) == 0 { |t| &t.blocking } else { |t| &t.nonblocking }
}

/// By `tcp_ioctl()` and `udp_ioctl()`.
fn of_request(request: DeviceRequest, told: i32, udp: bool) -> fn(&DeviceTexts) -> &Localized {
    match (request, told) {
        (DeviceRequest::Unread, 0) if udp => |t| &t.no_datagram,
        (DeviceRequest::Unread, _) if udp => |t| &t.next_datagram,
        (DeviceRequest::Unacknowledged, _) if udp => |t| &t.send_memory,
        (DeviceRequest::Unread, 0) => |t| &t.nothing_unread,
        (DeviceRequest::Unread, _) => |t| &t.unread,
        (DeviceRequest::Unacknowledged, 0) => |t| &t.all_acknowledged,
        (DeviceRequest::Unacknowledged, _) => |t| &t.unacknowledged,
        (DeviceRequest::Unsent, 0) => |t| &t.all_sent,
        (DeviceRequest::Unsent, _) => |t| &t.unsent,
        (DeviceRequest::AtMark, 0) => |t| &t.not_at_mark,
        (DeviceRequest::AtMark, _) => |t| &t.at_mark,
    }
}
