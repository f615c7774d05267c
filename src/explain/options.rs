//! What the options of a socket do that `setsockopt()` sets, and what `fcntl()` does to a descriptor.

use std::sync::OnceLock;

use super::fields::seconds;
use super::forked::ForkTexts;
use super::past::DescriptorHistory;
use super::shared;
use super::situation::Situation;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallView, Errno, MessageFlags, ProgramCall, SocketOption, StructuredValue, View};
use crate::tcp::State;

words! {
    struct OptionTexts {
        fast_open: Localized,
        fast_open_connect: Localized,
        max_segment: Localized,
        max_segment_late: Localized,
        cork: Localized,
        uncork: Localized,
        no_delay: Localized,
        delay: Localized,
        not_sent_low: Localized,
        reuse_addr: Localized,
        reuse_port: Localized,
        keep_alive: Localized,
        keep_idle: Localized,
        keep_interval: Localized,
        keep_count: Localized,
        linger: Localized,
        linger_zero: Localized,
        recv_buffer: Localized,
        send_buffer: Localized,
        out_of_band_inline: Localized,
        receive_low: Localized,
        user_timeout: Localized,
        linger2: Localized,
        syn_count: Localized,
        defer_accept: Localized,
        quick_ack: Localized,
        late_ack: Localized,
        window_clamp: Localized,
        ttl: Localized,
        switched_off: Localized,
        other_option: Localized,
        linger_off: Localized,
        congestion: Localized,
        negative_limit: Localized,
        receive_limit: Localized,
        send_limit: Localized,
        no_limit: Localized,
        nonblocking: Localized,
        blocking: Localized,
        for_others: Localized,
        by_another: Localized,
    }
}

impl BuiltInTexts for OptionTexts {
    const ASSET: &'static str = "text/options.toml";

    fn kept() -> &'static OnceLock<Result<OptionTexts, Broken>> {
        static KEPT: OnceLock<Result<OptionTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of an option that was set, of a descriptor that blocks no more or again, and of a call that didn't wait since another
/// descriptor of its socket was made so; nothing of other calls.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn option_notes(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Vec<String>, Broken> {
    let shared = match (call.made, call.call, call.outcome) {
        (Some(_), ..) => None,
        (None, Call::SetNonblocking { .. }, Some(Ok(_))) => for_others(view, call, lang)?,
        (None, call_made, Some(Err(Errno(libc::EAGAIN | libc::EINPROGRESS | libc::EALREADY))))
            if !call_made.flags().has(MessageFlags::DONT_WAIT) =>
        {
            by_another(view, call, lang)?
        }
        _ => None,
    };
    Ok(option_note(view, call, lang)?.into_iter().chain(shared).collect())
}

/// The other descriptors for which O_NONBLOCK holds, or holds no more: it belongs to the open file description (`open(2)`).
fn for_others(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Option<String>, Broken> {
    let others = shared::by_process(shared::others(view, call));
    if others.is_empty() {
        return Ok(None);
    }
    let others = Spoken::<ForkTexts>::load(lang)?.held(view, call.caller.actor, &others);
    Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(|t| &t.for_others, &[("others", &others)])))
}

/// The other descriptor of a call's socket with which O_NONBLOCK was set.
fn by_another(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Option<String>, Broken> {
    let (actor, before) = (call.caller.actor, view.trace().at(call.entered));
    let past = call.call.fd().and_then(|fd| DescriptorHistory::of(&before, actor, fd));
    let set = past.iter().flat_map(|past| past.calls.iter().rev()).find_map(|set| match (set.call, set.outcome) {
        (Call::SetNonblocking { fd, on }, Some(Ok(_))) => Some((set.caller.actor, *fd, *on)),
        _ => None,
    });
    let Some((by, fd, true)) = set else { return Ok(None) };
    if by == actor && call.call.fd() == Some(fd) {
        return Ok(None);
    }
    let by = Spoken::<ForkTexts>::load(lang)?.held(view, actor, &[(by, vec![fd])]);
    Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(|t| &t.by_another, &[("by", &by)])))
}

fn option_note(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Option<String>, Broken> {
    if !call.outcome.is_some_and(Result::is_ok) {
        return Ok(None);
    }
    if let Some(made) = call.made {
        let told_beside = matches!(
            call.call,
            Call::SetOption { option: SocketOption::FAST_OPEN | SocketOption::FAST_OPEN_CONNECT, .. }
        );
        match call.call {
            Call::SetOption { .. } if !told_beside => {}
            Call::SetNonblocking { .. } => {}
            _ => return time_limit(made, lang),
        }
    }
    if let Call::SetStructured { option, value, .. } = call.call {
        return structured(*option, value, lang);
    }
    let (text, value): (fn(&OptionTexts) -> &Localized, i32) = match call.call {
        Call::SetOption { option: SocketOption::FAST_OPEN, value, .. } => (|t| &t.fast_open, *value),
        Call::SetOption { option: SocketOption::FAST_OPEN_CONNECT, value: 1.., .. } => (|t| &t.fast_open_connect, 1),
        Call::SetOption { option: SocketOption::MAX_SEGMENT, value, .. } => {
            let before = Situation::of_call(&view.trace().at(call.entered), call);
            let is_early = matches!(before.state, State::Closed | State::Listen);
            if is_early { (|t| &t.max_segment, *value) } else { (|t| &t.max_segment_late, *value) }
        }
        Call::SetOption { option: SocketOption::CORK, value: 0, .. } => (|t| &t.uncork, 0),
        Call::SetOption { option: SocketOption::CORK, .. } => (|t| &t.cork, 1),
        Call::SetOption { option: SocketOption::NO_DELAY, value: 0, .. } => (|t| &t.delay, 0),
        Call::SetOption { option: SocketOption::NO_DELAY, .. } => (|t| &t.no_delay, 1),
        Call::SetOption { option: SocketOption::NOT_SENT_LOW, value, .. } => (|t| &t.not_sent_low, *value),
        // The kernel takes no more (TCP_FIN_TIMEOUT_MAX).
        Call::SetOption { option: SocketOption::LINGER2, value: 121.., .. } => (|t| &t.linger2, 120),
        Call::SetOption { option, value, .. } => {
            let texts = Spoken::<OptionTexts>::load(lang)?;
            return Ok(Some(texts.say(other_option(*option, *value), &[("n", value), ("option", option)])));
        }
        Call::SetNonblocking { on: true, .. } => (|t| &t.nonblocking, 0),
        Call::SetNonblocking { on: false, .. } => (|t| &t.blocking, 0),
        _ => return Ok(None),
    };
    Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(text, &[("n", &value)])))
}

/// What a program's `setsockopt()` of a time does, which is a structure (`struct timeval`).
fn time_limit(made: &ProgramCall, lang: Lang) -> Result<Option<String>, Broken> {
    let argument = |at: usize| made.arguments.get(at).map_or("", String::as_str);
    let option = SocketOption::by_name(argument(2)).filter(|_| made.name == "setsockopt");
    match option.zip(seconds(argument(3))) {
        Some((option, seconds)) => limit(option, seconds, lang),
        None => Ok(None),
    }
}

/// What a value does that is no int.
fn structured(option: SocketOption, value: &StructuredValue, lang: Lang) -> Result<Option<String>, Broken> {
    match value {
        StructuredValue::Name(name) if option == SocketOption::CONGESTION => {
            Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(|t| &t.congestion, &[("name", name)])))
        }
        value => value.as_seconds().map_or(Ok(None), |seconds| limit(option, seconds, lang)),
    }
}

/// What bounds the waiting of calls. The kernel takes a negative time for one that is over at once (`sock_set_timeout()`).
fn limit(option: SocketOption, seconds: f64, lang: Lang) -> Result<Option<String>, Broken> {
    let text: fn(&OptionTexts) -> &Localized = match option {
        SocketOption::RECV_TIMEOUT | SocketOption::SEND_TIMEOUT if seconds == 0.0 => |t| &t.no_limit,
        SocketOption::RECV_TIMEOUT | SocketOption::SEND_TIMEOUT if seconds < 0.0 => |t| &t.negative_limit,
        SocketOption::RECV_TIMEOUT => |t| &t.receive_limit,
        SocketOption::SEND_TIMEOUT => |t| &t.send_limit,
        _ => return Ok(None),
    };
    Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(text, &[("s", &seconds), ("option", &option)])))
}

/// What an option does whose text needs nothing but its value (`socket(7)`, `tcp(7)`, `ip(7)`).
fn other_option(option: SocketOption, value: i32) -> fn(&OptionTexts) -> &Localized {
    match (option.name().unwrap_or_default(), value) {
        ("SO_LINGER", ..0) => |t| &t.linger_off,
        ("SO_LINGER", 0) => |t| &t.linger_zero,
        ("SO_LINGER", 1..) => |t| &t.linger,
        ("SO_RCVBUF", _) => |t| &t.recv_buffer,
        ("SO_SNDBUF", _) => |t| &t.send_buffer,
        ("TCP_QUICKACK", 0) => |t| &t.late_ack,
        ("TCP_QUICKACK", _) => |t| &t.quick_ack,
        (
            "SO_REUSEADDR" | "SO_REUSEPORT" | "SO_KEEPALIVE" | "SO_OOBINLINE" | "TCP_DEFER_ACCEPT" | "TCP_USER_TIMEOUT",
            0,
        ) => |t| &t.switched_off,
        ("SO_REUSEADDR", _) => |t| &t.reuse_addr,
        ("SO_REUSEPORT", _) => |t| &t.reuse_port,
        ("SO_KEEPALIVE", _) => |t| &t.keep_alive,
        ("SO_OOBINLINE", _) => |t| &t.out_of_band_inline,
        ("TCP_DEFER_ACCEPT", 1..) => |t| &t.defer_accept,
        ("TCP_USER_TIMEOUT", 1..) => |t| &t.user_timeout,
        ("TCP_KEEPIDLE", _) => |t| &t.keep_idle,
        ("TCP_KEEPINTVL", _) => |t| &t.keep_interval,
        ("TCP_KEEPCNT", _) => |t| &t.keep_count,
        ("TCP_LINGER2", 1..) => |t| &t.linger2,
        ("TCP_SYNCNT", _) => |t| &t.syn_count,
        ("TCP_WINDOW_CLAMP", 1..) => |t| &t.window_clamp,
        ("SO_RCVLOWAT", 2..) => |t| &t.receive_low,
        ("IP_TTL", 1..) => |t| &t.ttl,
        _ => |t| &t.other_option,
    }
}
