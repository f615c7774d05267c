//! What the options of a socket say for which `getsockopt()` asked: each by its value, as it came back.

use std::fmt::Display;
use std::sync::OnceLock;

use super::CallFacts;
use super::fields::{field, seconds};
use super::spoken::{BuiltInTexts, Spoken};
use super::subject::Subject;
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallView, Errno, SocketOption, StructuredValue, View};

words! {
    struct AskedTexts {
        no_error: Localized,
        error: Localized,
        stream: Localized,
        datagrams: Localized,
        listens: Localized,
        listens_not: Localized,
        ipv4: Localized,
        ipv6: Localized,
        protocol_tcp: Localized,
        protocol_udp: Localized,
        protocol_mptcp: Localized,
        buffer_doubled: Localized,
        buffer_bounded: Localized,
        buffer: Localized,
        recv_buffer_tuned: Localized,
        send_buffer_tuned: Localized,
        reuse_addr: Localized,
        reuse_addr_not: Localized,
        reuse_port: Localized,
        reuse_port_not: Localized,
        keep_alive: Localized,
        keep_alive_not: Localized,
        linger_not: Localized,
        linger: Localized,
        linger_zero: Localized,
        linger_on: Localized,
        no_receive_limit: Localized,
        receive_limit: Localized,
        no_send_limit: Localized,
        send_limit: Localized,
        receive_low: Localized,
        out_of_band: Localized,
        out_of_band_inline: Localized,
        broadcast: Localized,
        broadcast_not: Localized,
        no_delay: Localized,
        delay: Localized,
        cork: Localized,
        cork_not: Localized,
        max_segment: Localized,
        max_segment_early: Localized,
        keep_idle: Localized,
        keep_interval: Localized,
        keep_count: Localized,
        linger2: Localized,
        linger2_none: Localized,
        syn_count: Localized,
        defer_accept: Localized,
        defer_accept_not: Localized,
        user_timeout: Localized,
        user_timeout_not: Localized,
        quick_ack: Localized,
        late_ack: Localized,
        window_clamp: Localized,
        window_clamp_not: Localized,
        not_sent_low: Localized,
        fast_open: Localized,
        fast_open_not: Localized,
        congestion: Localized,
        info: Localized,
        ttl: Localized,
        v6_only: Localized,
        v6_and_v4: Localized,
    }
}

impl BuiltInTexts for AskedTexts {
    const ASSET: &'static str = "text/asked.toml";

    fn kept() -> &'static OnceLock<Result<AskedTexts, Broken>> {
        static KEPT: OnceLock<Result<AskedTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

type AnswerText = fn(&AskedTexts) -> &Localized;

/// What came back.
struct OptionAnswer<'a> {
    option: SocketOption,
    /// The value; of a structure its first number.
    value: i64,
    /// As it is written.
    written: String,
    facts: &'a CallFacts,
    /// The number that `setsockopt()` was given last for it; `None` where that isn't known.
    set: Option<i32>,
    /// The seconds of SO_LINGER that were told.
    lingers: Option<i64>,
    /// Whether its socket was accepted: then it has what its listener had.
    accepted: bool,
}

/// What is said of a `getsockopt()` that has returned, of the options that are known here; nothing of any other call. Of a program's
/// SO_ERROR its own notes tell.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn asked_note(
    view: &View<'_>,
    call: &CallView<'_>,
    facts: &CallFacts,
    lang: Lang,
) -> Result<Option<String>, Broken> {
    let Some((option, value, written)) = answered(call) else { return Ok(None) };
    if call.made.is_some() && option == SocketOption::ERROR {
        return Ok(None);
    }
    let subject = Subject::of_call(&view.trace().at(call.entered), call);
    let past = subject.as_ref().map(Subject::past);
    let set = past.and_then(|past| past.calls.iter().rev().find_map(|set| set_to(set, option)));
    let accepted = past.is_none_or(|past| past.accepted.is_some());
    let lingers = seconds_told(call).or_else(|| written.parse().ok().filter(|_| call.made.is_some()));
    let answer = OptionAnswer { option, value, written, facts, set, lingers, accepted };
    let Some(text) = answer.text() else { return Ok(None) };
    let (set, s) = (answer.set.unwrap_or_default(), answer.seconds().unwrap_or_default());
    let values: [(&str, &dyn Display); 4] =
        [("n", &answer.value), ("value", &answer.written), ("set", &set), ("s", &s)];
    Ok(Some(Spoken::<AskedTexts>::load(lang)?.say(text, &values)))
}

fn set_to(call: &CallView<'_>, option: SocketOption) -> Option<i32> {
    match (call.call, call.outcome) {
        (Call::SetOption { option: set, value, .. }, Some(Ok(_))) if *set == option => Some(*value),
        _ => None,
    }
}

/// The option, the first number of its value, and the value as it is written; `None` of any other call.
fn answered(call: &CallView<'_>) -> Option<(SocketOption, i64, String)> {
    let returned = call.outcome?.as_ref().ok()?;
    if let (Call::GetOption { option, .. }, Some(told)) = (call.call, &returned.option) {
        let written = told.to_string();
        let state = written.strip_prefix("tcpi_state ").map(str::to_owned);
        // Recordings from before the whole was told have the beginning of a name alone.
        let is_whole = *option != SocketOption::CONGESTION || told.structured.is_some();
        let whole = told.structured.as_ref().map(|structured| match structured {
            StructuredValue::Name(name) => name.clone(),
            value => value.as_seconds().map_or_else(|| value.to_string(), |seconds| seconds.to_string()),
        });
        return is_whole.then(|| (*option, told.value.into(), state.or(whole).unwrap_or(written)));
    }
    let made = call.made.filter(|made| made.name == "getsockopt" && made.is_of_internet())?;
    let (level, name) = (made.arguments.get(1)?, made.arguments.get(2)?);
    let option = SocketOption::by_name(name).or_else(|| format!("{level}, {name}").parse().ok())?;
    let told = returned.filled.get(3)?;
    let inner = told.trim_matches(['[', ']', '"']);
    // Of a structure `{l_onoff=1, l_linger=0}`, the first field.
    let first = inner.trim_start_matches('{').split(',').next()?;
    let first = first.split_once('=').map_or(first, |(_, value)| value);
    let number = first.parse().ok().or_else(|| Errno::from_name(first).map(|errno| errno.0.into()));
    Some((option, number.unwrap_or_default(), written(inner)))
}

/// The seconds of SO_LINGER that a side's own call was told.
fn seconds_told(call: &CallView<'_>) -> Option<i64> {
    match call.outcome?.as_ref().ok()?.option.as_ref()?.structured {
        Some(StructuredValue::Linger { seconds, .. }) => Some(seconds.into()),
        _ => None,
    }
}

/// A value in one's own sentence: of `{tcpi_state=ESTABLISHED, …}` the state, of a time its seconds.
fn written(inner: &str) -> String {
    let time = seconds(inner).map(|seconds| seconds.to_string());
    let named = |name: &str| field(inner, name).map(str::to_owned);
    time.or_else(|| named("tcpi_state")).or_else(|| named("l_linger")).unwrap_or_else(|| inner.to_owned())
}

impl OptionAnswer<'_> {
    fn is_on(&self, on: AnswerText, off: AnswerText) -> AnswerText {
        if self.value == 0 { off } else { on }
    }

    /// What is said of it; `None` of an option that isn't known here, and of a value that isn't.
    fn text(&self) -> Option<AnswerText> {
        let name = self.option.name()?;
        self.of_every_socket(name).or_else(|| self.of_tcp(name))
    }

    fn of_every_socket(&self, name: &str) -> Option<AnswerText> {
        let value = i32::try_from(self.value).unwrap_or(i32::MAX);
        Some(match (name, value) {
            ("SO_ERROR", _) => self.is_on(|t| &t.error, |t| &t.no_error),
            ("SO_TYPE", libc::SOCK_STREAM) => |t| &t.stream,
            ("SO_TYPE", libc::SOCK_DGRAM) => |t| &t.datagrams,
            ("SO_ACCEPTCONN", _) => self.is_on(|t| &t.listens, |t| &t.listens_not),
            ("SO_DOMAIN", libc::AF_INET) => |t| &t.ipv4,
            ("SO_DOMAIN", libc::AF_INET6) => |t| &t.ipv6,
            ("SO_PROTOCOL", libc::IPPROTO_TCP) => |t| &t.protocol_tcp,
            ("SO_PROTOCOL", libc::IPPROTO_UDP) => |t| &t.protocol_udp,
            ("SO_PROTOCOL", libc::IPPROTO_MPTCP) => |t| &t.protocol_mptcp,
            ("SO_RCVBUF", _) => self.buffer(|t| &t.recv_buffer_tuned),
            ("SO_SNDBUF", _) => self.buffer(|t| &t.send_buffer_tuned),
            ("SO_REUSEADDR", _) => self.is_on(|t| &t.reuse_addr, |t| &t.reuse_addr_not),
            ("SO_REUSEPORT", _) => self.is_on(|t| &t.reuse_port, |t| &t.reuse_port_not),
            ("SO_KEEPALIVE", _) => self.is_on(|t| &t.keep_alive, |t| &t.keep_alive_not),
            ("SO_LINGER", 0) => |t| &t.linger_not,
            ("SO_LINGER", _) => self.linger(),
            ("SO_RCVTIMEO", _) if self.is_no_time() => |t| &t.no_receive_limit,
            ("SO_RCVTIMEO", _) => |t| &t.receive_limit,
            ("SO_SNDTIMEO", _) if self.is_no_time() => |t| &t.no_send_limit,
            ("SO_SNDTIMEO", _) => |t| &t.send_limit,
            ("SO_RCVLOWAT", _) => |t| &t.receive_low,
            ("SO_OOBINLINE", _) => self.is_on(|t| &t.out_of_band_inline, |t| &t.out_of_band),
            ("SO_BROADCAST", _) => self.is_on(|t| &t.broadcast, |t| &t.broadcast_not),
            ("IP_TTL", _) => |t| &t.ttl,
            ("IPV6_V6ONLY", _) => self.is_on(|t| &t.v6_only, |t| &t.v6_and_v4),
            _ => return None,
        })
    }

    fn of_tcp(&self, name: &str) -> Option<AnswerText> {
        Some(match (name, self.value) {
            ("TCP_NODELAY", _) => self.is_on(|t| &t.no_delay, |t| &t.delay),
            ("TCP_CORK", _) => self.is_on(|t| &t.cork, |t| &t.cork_not),
            ("TCP_MAXSEG", _) if self.facts.before.is_connected() => |t| &t.max_segment,
            ("TCP_MAXSEG", _) => |t| &t.max_segment_early,
            ("TCP_KEEPIDLE", _) => |t| &t.keep_idle,
            ("TCP_KEEPINTVL", _) => |t| &t.keep_interval,
            ("TCP_KEEPCNT", _) => |t| &t.keep_count,
            ("TCP_LINGER2", ..0) => |t| &t.linger2_none,
            ("TCP_LINGER2", _) => |t| &t.linger2,
            ("TCP_SYNCNT", _) => |t| &t.syn_count,
            ("TCP_DEFER_ACCEPT", _) => self.is_on(|t| &t.defer_accept, |t| &t.defer_accept_not),
            ("TCP_USER_TIMEOUT", _) => self.is_on(|t| &t.user_timeout, |t| &t.user_timeout_not),
            ("TCP_QUICKACK", _) => self.is_on(|t| &t.quick_ack, |t| &t.late_ack),
            ("TCP_WINDOW_CLAMP", _) => self.is_on(|t| &t.window_clamp, |t| &t.window_clamp_not),
            ("TCP_NOTSENT_LOWAT", 0..) => |t| &t.not_sent_low,
            ("TCP_FASTOPEN", _) => self.is_on(|t| &t.fast_open, |t| &t.fast_open_not),
            ("TCP_CONGESTION", _) => |t| &t.congestion,
            ("TCP_INFO", _) => |t| &t.info,
            _ => return None,
        })
    }

    /// The seconds of SO_LINGER; of a recording from before they were told, those that were set.
    fn seconds(&self) -> Option<i64> {
        self.lingers.or(self.set.map(i64::from))
    }

    /// Of a buffer that was set the kernel makes twice as much (`socket(7)`), within its bounds.
    fn buffer(&self, tuned: AnswerText) -> AnswerText {
        match self.set {
            Some(set) if i64::from(set) * 2 == self.value => |t| &t.buffer_doubled,
            Some(_) => |t| &t.buffer_bounded,
            None if self.accepted || self.facts.before.udp => |t| &t.buffer,
            None => tuned,
        }
    }

    fn linger(&self) -> AnswerText {
        match self.seconds() {
            Some(0) => |t| &t.linger_zero,
            Some(1..) => |t| &t.linger,
            _ => |t| &t.linger_on,
        }
    }

    fn is_no_time(&self) -> bool {
        self.value == 0 && self.written.chars().all(|c| c == '0')
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::explain::Situation;
    use crate::model::{Caller, Event, OptionValue, ProgramCall, Returned, Side, Trace};
    use crate::tcp::State;

    fn answer(option: &str, value: i64, written: &str, facts: &CallFacts, set: Option<i32>) -> Option<AnswerText> {
        let lingers = written.parse().ok();
        let option = SocketOption::by_name(option).unwrap();
        OptionAnswer { option, value, written: written.to_owned(), facts, set, lingers, accepted: false }.text()
    }

    fn said(text: AnswerText, lang: Lang) -> String {
        let spoken = Spoken::<AskedTexts>::load(lang).unwrap();
        spoken.say(text, &[("n", &4242), ("value", &"v"), ("set", &1), ("s", &2)])
    }

    /// Each of them has a text of its own, in each language, and none says what was on of what is off.
    #[test]
    fn every_option_that_a_student_meets_is_told_by_its_value() {
        let new = CallFacts::steady(Situation::default());
        let both = [
            "SO_ERROR SO_ACCEPTCONN SO_REUSEADDR SO_REUSEPORT SO_KEEPALIVE SO_LINGER SO_OOBINLINE SO_BROADCAST",
            "SO_RCVTIMEO SO_SNDTIMEO TCP_NODELAY TCP_CORK TCP_DEFER_ACCEPT TCP_USER_TIMEOUT TCP_QUICKACK",
            "TCP_WINDOW_CLAMP TCP_FASTOPEN IPV6_V6ONLY",
        ];
        let one = [
            "SO_RCVBUF SO_SNDBUF SO_RCVLOWAT TCP_MAXSEG TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_LINGER2 TCP_SYNCNT",
            "TCP_NOTSENT_LOWAT TCP_CONGESTION TCP_INFO IP_TTL SO_TYPE",
        ];
        let words = |of: &[&'static str]| of.iter().flat_map(|names| names.split_whitespace()).collect::<Vec<_>>();
        for lang in Lang::all() {
            let mut texts = Vec::new();
            for name in words(&both) {
                for (value, written) in [(0, "0"), (1, "1")] {
                    texts.push(said(answer(name, value, written, &new, None).expect(name), lang));
                }
            }
            for name in words(&one) {
                texts.push(said(answer(name, 1, "1", &new, None).expect(name), lang));
            }
            assert!(texts.iter().all(|text| !text.is_empty() && !text.contains(['{', '}'])), "{texts:?}");
            let count = texts.len();
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), count, "each has its own");
        }
        assert!(answer("SO_MARK", 1, "1", &new, None).is_none());
        assert!(answer("SO_TYPE", 99, "99", &new, None).is_none());
    }

    /// The route's `quickack` comes before the socket's option (`tcp_in_quickack_mode()`), and most labs have it.
    #[test]
    fn that_acknowledgements_may_be_delayed_is_told_with_the_route_that_forbids_it() {
        let new = CallFacts::steady(Situation::default());
        for lang in Lang::all() {
            let text = said(answer("TCP_QUICKACK", 0, "0", &new, None).unwrap(), lang);
            assert!(text.contains("`quickack`"), "{text}");
        }
    }

    #[test]
    fn a_buffer_is_told_by_what_was_set_and_a_segments_size_by_the_state() {
        let new = CallFacts::steady(Situation::default());
        let connected = CallFacts::steady(Situation { state: State::Established, ..Situation::default() });
        let udp = CallFacts::steady(Situation { udp: true, ..Situation::default() });
        for (option, value, facts, set, wanted) in [
            ("SO_RCVBUF", 10_000, &new, Some(5000), "is twice the"),
            ("SO_SNDBUF", 4608, &new, Some(1), "is what came of it"),
            ("SO_RCVBUF", 131_072, &new, None, "Nobody has set SO_RCVBUF"),
            ("SO_RCVBUF", 212_992, &udp, None, "takes a part"),
            ("TCP_MAXSEG", 1448, &connected, None, "fit into one segment now"),
            ("TCP_MAXSEG", 536, &new, None, "there is no connection yet"),
        ] {
            let text = said(answer(option, value, "v", facts, set).unwrap(), Lang::EN);
            assert!(text.contains(wanted), "{option}: {text}");
        }
    }

    /// What a program is told is read as the tracer writes it; a side's own call tells one number.
    #[test]
    fn what_came_back_is_read_of_programs_and_of_a_sides_own_calls() {
        let told = |call: Call, returned: Returned| {
            let mut trace = Trace::default();
            let caller: Caller = Side::Client.into();
            trace.push(Duration::ZERO, Event::Entered { caller, call });
            trace.push(Duration::ZERO, Event::Returned { caller, outcome: Ok(returned) });
            let view = trace.present();
            let call = view.calls(Side::Client).next().unwrap();
            let facts = CallFacts::of(&view, &call);
            asked_note(&view, &call, &facts, Lang::EN).unwrap().unwrap_or_default()
        };
        let program = |option: &str, value: &str| {
            let level = if option.starts_with("TCP") { "IPPROTO_TCP" } else { "SOL_SOCKET" };
            let arguments = ["4", level, option, "…", "…"].map(str::to_owned).to_vec();
            let filled = ["4", level, option, value, "[4]"].map(str::to_owned).to_vec();
            let made = ProgramCall {
                name: "getsockopt".into(),
                arguments,
                fd: Some(4),
                internet: Some(true),
                ..ProgramCall::default()
            };
            told(Call::Program(Box::new(made)), Returned { filled, ..Returned::default() })
        };
        let own = |option: SocketOption, value: i32| {
            let option = OptionValue::int(option, value);
            let call = Call::GetOption { fd: 4, option: option.option };
            told(call, Returned { option: Some(option), ..Returned::default() })
        };
        for (text, wanted) in [
            (program("SO_LINGER", "{l_onoff=1, l_linger=5}"), "on with 5 s"),
            (program("SO_LINGER", "{l_onoff=1, l_linger=0}"), "on with 0 s"),
            (program("SO_LINGER", "{l_onoff=0, l_linger=9}"), "SO_LINGER is off"),
            (program("SO_RCVTIMEO", "{tv_sec=0, tv_usec=200000}"), "waits 0.2 s at most"),
            (program("SO_SNDTIMEO", "{tv_sec=0, tv_usec=0}"), "SO_SNDTIMEO is 0"),
            (program("TCP_INFO", "{tcpi_state=CLOSE_WAIT, …}"), "the state, CLOSE_WAIT,"),
            (program("TCP_CONGESTION", "\"reno\""), "decided by reno"),
            (program("TCP_NODELAY", "[1]"), "TCP_NODELAY is on"),
            // Its own notes tell it.
            (program("SO_ERROR", "[ECONNREFUSED]"), ""),
            (own(SocketOption::ERROR, libc::ECONNREFUSED), "SO_ERROR was ECONNREFUSED"),
            (own(SocketOption::ERROR, 0), "SO_ERROR is 0"),
            (own(SocketOption::LINGER, 1), "SO_LINGER is on:"),
            (own(SocketOption::INFO, 1), "the state, ESTABLISHED,"),
            (own(SocketOption::TYPE, libc::SOCK_DGRAM), "SO_TYPE: datagrams"),
        ] {
            assert_eq!(text.is_empty(), wanted.is_empty(), "{text}");
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }
}
