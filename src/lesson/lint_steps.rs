//! The check of what a step does and of what it says must then be true.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::{RawAction, RawClaim, RawInfo, RawQueue, RawTimer};
use super::raw_calls::RawReturns;
use super::raw_lab::RawSettings;
use super::raw_words::{SpannedNumber, SpannedText};
use super::{
    Action, Address, CallClaim, CallTerms, Claim, Count, InfoTerms, Payload, QueueTerms, Recipient, Terms, TimerTerms,
};
use crate::i18n::counter_named;
use crate::model::{
    CallName, CongestionState, Errno, How, InfoField, InfoOptions, KernelChange, Mode, SettingChange, SettingFault,
    SocketState, is_routine,
};

/// The most bytes that a lesson may give to one `send()`, since the program keeps what is sent in its trace.
const MAX_SEND: i64 = 1_000_000;

/// The most seconds that a claim's walk may be limited to.
const MAX_WITHIN: i64 = 600;

/// The longest pause, in milliseconds.
const MAX_PAUSE: i64 = 60_000;

/// The bytes of an IPv6 header, the longer one, and of UDP's.
const IPV6_AND_UDP: u32 = 40 + 8;

const CLAIMS: &[&str] =
    &["state", "blocks", "returns", "segment", "waiting", "queue", "timer", "info", "reason", "program"];

/// What a lesson may say of what is sent: a text, the learner's line, what was received, or so many bytes.
type RawPayload<'a> =
    (&'a Option<SpannedText>, &'a Option<SpannedText>, &'a Option<Spanned<bool>>, &'a Option<Spanned<i64>>);

impl Lint<'_> {
    pub(super) fn action(&mut self, raw: &Spanned<RawAction>) -> Option<Action> {
        let span = raw.span();
        match raw.get_ref() {
            RawAction::Socket { side, name, ipv6, udp } => {
                let side = self.side(side);
                let name = self.new_socket(name, side);
                let udp = udp.as_ref().filter(|udp| *udp.get_ref());
                if let Some(udp) = udp {
                    self.datagrams(name.as_deref(), udp.span());
                }
                Some(Action::Socket { side: side?, name: name?, ipv6: *ipv6, udp: udp.is_some() })
            }
            RawAction::Bind { socket, addr } => {
                let (socket, addr) = self.socket_and_address(socket, addr.as_ref());
                Some(Action::Bind { socket: socket?, addr: addr? })
            }
            RawAction::Connect { socket, addr: Some(addr) } if addr.get_ref() == "AF_UNSPEC" => {
                Some(Action::Dissolve { socket: self.socket(socket)? })
            }
            RawAction::Connect { socket, addr } => {
                let (socket, addr) = self.socket_and_address(socket, addr.as_ref());
                Some(Action::Connect { socket: socket?, addr: addr? })
            }
            RawAction::Listen { socket, backlog } => {
                Some(Action::Listen { socket: self.socket(socket)?, backlog: *backlog })
            }
            RawAction::Accept { socket, name } => {
                let socket = self.socket(socket);
                let side = socket.as_deref().and_then(|socket| self.side_of(socket));
                let name = self.new_socket(name, side);
                Some(Action::Accept { socket: socket?, name: name? })
            }
            RawAction::Send { socket, text, line, received, bytes, flags } => {
                let socket = self.socket(socket);
                let payload = self.payload(span, socket.as_deref(), (text, line, received, bytes));
                let flags = self.message_flags(CallName::Send, flags.as_ref());
                Some(Action::Send { socket: socket?, payload: payload?, flags: flags? })
            }
            RawAction::SendTo { socket, to, text, line, received, bytes, flags } => {
                let socket = self.socket(socket);
                let to = to.as_ref().map_or(Some(Recipient::Address(None)), |to| self.recipient(to));
                let payload = self.payload(span, socket.as_deref(), (text, line, received, bytes));
                let flags = self.message_flags(CallName::SendTo, flags.as_ref());
                Some(Action::SendTo { socket: socket?, to: to?, payload: payload?, flags: flags? })
            }
            other => self.further_action(other),
        }
    }

    fn further_action(&mut self, raw: &RawAction) -> Option<Action> {
        match raw {
            RawAction::Recv { socket, max, flags } => {
                let (socket, max) = (self.socket(socket), self.room(max));
                let flags = self.message_flags(CallName::Recv, flags.as_ref());
                Some(Action::Recv { socket: socket?, max: max?, flags: flags? })
            }
            RawAction::RecvFrom { socket, max, flags } => {
                let (socket, max) = (self.socket(socket), self.room(max));
                let flags = self.message_flags(CallName::RecvFrom, flags.as_ref());
                Some(Action::RecvFrom { socket: socket?, max: max?, flags: flags? })
            }
            RawAction::Shutdown { socket, how } => {
                let socket = self.socket(socket);
                let how = match how.get_ref().as_str() {
                    "read" => Some(How::Read),
                    "write" => Some(How::Write),
                    "both" => Some(How::Both),
                    _ => self.wrong(how, WordKind::How),
                };
                Some(Action::Shutdown { socket: socket?, how: how? })
            }
            RawAction::Close { socket } => {
                let socket = self.socket(socket)?;
                self.closed();
                Some(Action::Close { socket })
            }
            RawAction::SetSockOpt { .. } | RawAction::GetSockOpt { .. } => self.option_action(raw),
            RawAction::GetSockName { socket } => Some(Action::GetSockName { socket: self.socket(socket)? }),
            RawAction::GetPeerName { socket } => Some(Action::GetPeerName { socket: self.socket(socket)? }),
            RawAction::Nonblocking { socket } => {
                Some(Action::SetNonblocking { socket: self.socket(socket)?, on: true })
            }
            RawAction::Blocking { socket } => Some(Action::SetNonblocking { socket: self.socket(socket)?, on: false }),
            RawAction::Dup { socket, name } => self.dup(socket, name),
            RawAction::Deliver(pattern) => self.held(pattern).map(Action::Deliver),
            RawAction::DeliverUpTo(pattern) => self.held(pattern).map(Action::DeliverUpTo),
            RawAction::DeliverAll { from } => {
                if self.modes.contains(&Mode::Host) {
                    self.fault::<()>(from.span(), Fault::OnlyLab);
                }
                Some(Action::DeliverAll { from: self.side(from)? })
            }
            RawAction::Drop(pattern) => self.held(pattern).map(Action::Drop),
            RawAction::Repeat(pattern) => self.held(pattern).map(Action::Repeat),
            RawAction::Edit(raw) => self.edit(raw),
            RawAction::Forge(raw) => self.forge(raw),
            RawAction::Rule(word) => self.rule(word),
            RawAction::Sysctl(settings) => self.sysctl(settings),
            RawAction::Route(line) => self.lab_line(line, KernelChange::Route, SettingFault::Route),
            RawAction::Pause(ms) => {
                self.range(*ms.get_ref(), 1..=MAX_PAUSE, ms.span());
                Some(Action::Pause(Duration::from_millis(ms.get_ref().unsigned_abs())))
            }
            RawAction::Interrupt { side } => Some(Action::Interrupt { side: self.side(side)? }),
            RawAction::LetCall { side, call, name } => self.let_call(side, call, name.as_ref()),
            other => self.wait_or_transfer(other),
        }
    }

    /// Each of these knows its own.
    fn wait_or_transfer(&mut self, raw: &RawAction) -> Option<Action> {
        let waits = self.wait(raw).map(Action::Wait).or_else(|| self.lookup(raw));
        waits.or_else(|| self.transfer(raw).map(Action::Transfer))
    }

    /// Settings of the lab's kernel, which has them for itself.
    fn sysctl(&mut self, raw: &Spanned<RawSettings>) -> Option<Action> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.span(), Fault::Setting(SettingFault::NoLab));
        }
        if raw.get_ref().0.is_empty() {
            return self.fault(raw.span(), Fault::NoSetting);
        }
        let settings = raw.get_ref().0.iter().map(|(name, value)| {
            let change = SettingChange { name: name.get_ref().clone(), value: value.get_ref().clone() };
            match change.check() {
                Ok(()) => Some(KernelChange::Sysctl(change)),
                Err(fault @ SettingFault::Value(..)) => self.fault(value.span(), Fault::Setting(fault)),
                Err(fault) => self.fault(name.span(), Fault::Setting(fault)),
            }
        });
        settings.collect::<Option<Vec<_>>>().map(Action::Kernel)
    }

    /// A line that changes the lab otherwise than by a setting: a route of its kernel, or a name in its hosts.
    pub(super) fn lab_line<T: FromStr>(
        &mut self,
        line: &SpannedText,
        change: fn(T) -> KernelChange,
        fault: fn(T::Err) -> SettingFault,
    ) -> Option<Action> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(line.span(), Fault::Setting(SettingFault::NoLab));
        }
        match line.get_ref().parse() {
            Ok(read) => Some(Action::Kernel(vec![change(read)])),
            Err(wrong) => self.fault(line.span(), Fault::Setting(fault(wrong))),
        }
    }

    /// A further descriptor of a socket, of which it has the kind.
    fn dup(&mut self, socket: &SpannedText, name: &SpannedText) -> Option<Action> {
        let socket = self.socket(socket);
        let side = socket.as_deref().and_then(|socket| self.side_of(socket));
        let name = self.new_socket(name, side);
        let (socket, name) = (socket?, name?);
        if self.udp.contains(&socket) {
            self.udp.insert(name.clone());
        }
        Some(Action::Dup { socket, name })
    }

    /// A socket for datagrams: only the lab's wire holds these.
    fn datagrams(&mut self, name: Option<&str>, span: Range<usize>) {
        self.udp.extend(name.map(str::to_owned));
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(span, Fault::UdpOnlyLab);
        }
    }

    pub(super) fn recipient(&mut self, word: &SpannedText) -> Option<Recipient> {
        if word.get_ref() == "sender" {
            return Some(Recipient::Sender);
        }
        self.call_address(word).map(|address| Recipient::Address(Some(address)))
    }

    /// A datagram longer than a packet would go in fragments, which the wire can't hold.
    pub(super) fn fits_a_packet(&mut self, socket: Option<&str>, found: usize, span: Range<usize>) {
        let most = self.mtu.saturating_sub(IPV6_AND_UDP) as usize;
        if socket.is_some_and(|socket| self.udp.contains(socket)) && found > most {
            self.fault::<()>(span, Fault::LongDatagram { found, most });
        }
    }

    fn socket_and_address(
        &mut self,
        socket: &SpannedText,
        addr: Option<&SpannedText>,
    ) -> (Option<String>, Option<Option<Address>>) {
        (self.socket(socket), absent_or(addr.map(|addr| self.call_address(addr))))
    }

    /// What is sent, of which a lesson says exactly one thing.
    pub(super) fn payload(&mut self, span: Range<usize>, socket: Option<&str>, raw: RawPayload<'_>) -> Option<Payload> {
        let (text, line, received, bytes) = raw;
        let there = [
            ("text", text.is_some()),
            ("line", line.is_some()),
            ("received", received.is_some()),
            ("bytes", bytes.is_some()),
        ];
        self.one_of(span, &there, &["text", "line", "received", "bytes"])?;
        if let Some(received) = received {
            return if *received.get_ref() {
                Some(Payload::Received)
            } else {
                self.fault(received.span(), Fault::ReceivedFalse)
            };
        }
        if let Some(bytes) = bytes {
            self.range(*bytes.get_ref(), 1..=MAX_SEND, bytes.span());
            let count = usize::try_from(*bytes.get_ref()).ok()?;
            self.fits_a_packet(socket, count, bytes.span());
            return Some(Payload::Bytes(count));
        }
        let word = text.as_ref().or(line.as_ref())?;
        if word.get_ref().is_empty() {
            return self.fault(word.span(), Fault::NothingToSend);
        }
        if line.is_some() && word.get_ref().contains(['\n', '\r']) {
            return self.fault(word.span(), Fault::LineBreak);
        }
        self.shown(word, &['\n', '\r', '\t'])?;
        self.fits_a_packet(socket, word.get_ref().len(), word.span());
        let sent = word.get_ref().clone();
        Some(if text.is_some() { Payload::Text(sent) } else { Payload::Line(sent) })
    }

    pub(super) fn claim(&mut self, raw: &Spanned<RawClaim>) -> Option<Claim> {
        let span = raw.span();
        let line = self.line(span.clone());
        let raw = raw.get_ref();
        let modes = self.modes_of(raw.modes.as_ref());
        self.modes.clone_from(&modes);
        let there = [
            ("state", raw.state.is_some()),
            ("blocks", raw.blocks.is_some()),
            ("returns", raw.returns.is_some()),
            ("segment", raw.segment.is_some()),
            ("waiting", raw.waiting.is_some()),
            ("queue", raw.queue.is_some()),
            ("timer", raw.timer.is_some()),
            ("info", raw.info.is_some()),
            ("reason", raw.reason.is_some()),
            ("program", raw.program.is_some()),
        ];
        self.one_of(span, &there, CLAIMS)?;
        if let (None, Some(from)) = (&raw.waiting, &raw.from) {
            self.fault::<()>(from.span(), Fault::FromOfNothing);
        }
        let within = raw.within.as_ref().map(|seconds| self.seconds(seconds));
        let terms = self.terms(raw)?;
        Some(Claim { line, terms, modes, within })
    }

    fn seconds(&mut self, raw: &Spanned<i64>) -> Duration {
        self.range(*raw.get_ref(), 1..=MAX_WITHIN, raw.span());
        Duration::from_secs(raw.get_ref().unsigned_abs())
    }

    fn terms(&mut self, raw: &RawClaim) -> Option<Terms> {
        if let Some(state) = &raw.state {
            let end = self.end(state.get_ref().socket.as_ref(), state.get_ref().peer_of.as_ref(), state.span());
            let is = &state.get_ref().is;
            let is = SocketState::from_name(is.get_ref()).or_else(|| self.wrong(is, WordKind::State));
            return Some(Terms::State { end: end?, is: is? });
        }
        if let Some(blocks) = &raw.blocks {
            let (side, call) = (self.side(&blocks.side), self.call(&blocks.call));
            let by = self.named_caller(&blocks.side, (blocks.process.as_ref(), blocks.thread.as_ref()));
            return Some(Terms::Call { came: CallClaim::Blocks { side: side?, call: call? }, by: by? });
        }
        if let Some(returns) = &raw.returns {
            let returns = returns.get_ref();
            let came = self.returns(returns);
            let by = self.named_caller(&returns.side, (returns.process.as_ref(), returns.thread.as_ref()));
            return Some(Terms::Call { came: came?, by: by? });
        }
        if let Some(segment) = &raw.segment {
            return self.segment(segment.get_ref());
        }
        if let Some(waiting) = &raw.waiting {
            return self.waiting(waiting, raw.from.as_ref());
        }
        if let Some(queue) = &raw.queue {
            return self.queue(queue);
        }
        if let Some(info) = &raw.info {
            return self.info(info);
        }
        if let Some(reason) = &raw.reason {
            return self.reason(reason);
        }
        if let Some(program) = &raw.program {
            return self.program_claim(program);
        }
        self.timer_claim(raw.timer.as_ref()?)
    }

    /// A counter of the kernel's, which are a lab's own in the lab alone; `none` is none of them.
    fn reason(&mut self, word: &SpannedText) -> Option<Terms> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(word.span(), Fault::CountersOnlyLab);
        }
        if word.get_ref() == "none" {
            return Some(Terms::Reason(None));
        }
        match counter_named(word.get_ref()) {
            Some(name) if is_routine(name) => self.fault(word.span(), Fault::RoutineCounter(word.get_ref().clone())),
            Some(_) => Some(Terms::Reason(Some(word.get_ref().clone()))),
            None => self.fault(word.span(), Fault::Counter(word.get_ref().clone())),
        }
    }

    fn timer_claim(&mut self, raw: &Spanned<RawTimer>) -> Option<Terms> {
        let span = raw.span();
        let RawTimer { socket, peer_of, kind, fired, rto_ms } = raw.get_ref();
        let end = self.end(socket.as_ref(), peer_of.as_ref(), span.clone());
        if kind.is_none() && fired.is_none() && rto_ms.is_none() {
            self.fault::<()>(span, Fault::NoTimer);
        }
        let kind = absent_or(kind.as_ref().map(|word| self.timer(word)));
        let [fired, rto_ms] = [fired, rto_ms].map(|count| absent_or(count.as_ref().map(|raw| self.count(raw))));
        Some(Terms::Timer(TimerTerms { end: end?, kind: kind?, fired: fired?, rto_ms: rto_ms? }))
    }

    fn info(&mut self, raw: &Spanned<RawInfo>) -> Option<Terms> {
        let (span, raw) = (raw.span(), raw.get_ref());
        let end = self.end(raw.socket.as_ref(), raw.peer_of.as_ref(), span.clone());
        let numbers: Vec<_> =
            raw.numbers().map(|(field, number)| Some((field, self.info_number(field, number)?))).collect();
        if numbers.is_empty() && raw.ca_state.is_none() && raw.options.is_none() {
            self.fault::<()>(span, Fault::NoInfo);
        }
        let state = raw.ca_state.as_ref().map(|word| {
            let state = CongestionState::ALL.into_iter().find(|state| state.name() == word.get_ref());
            state.or_else(|| self.wrong(word, WordKind::CongestionState))
        });
        let options = raw.options.as_ref().map(|words| {
            let named: Vec<_> = { words.get_ref().iter() }
                .map(|word| InfoOptions::named(word.get_ref()).or_else(|| self.wrong(word, WordKind::InfoOption)))
                .collect();
            named.into_iter().try_fold(InfoOptions::default(), |all, one| Some(InfoOptions(all.0 | one?.0)))
        });
        let (ca_state, options) = (absent_or(state), absent_or(options));
        let numbers: Option<Vec<_>> = numbers.into_iter().collect();
        Some(Terms::Info(InfoTerms { end: end?, numbers: numbers?, ca_state: ca_state?, options: options? }))
    }

    /// A number of TCP_INFO; of a time at least or at most so much.
    fn info_number(&mut self, field: InfoField, raw: &SpannedNumber) -> Option<Count> {
        match self.count(raw)? {
            Count::Exactly(_) if field.is_time() => self.fault(raw.span(), Fault::ExactTime(field.name())),
            count => Some(count),
        }
    }

    /// A whole number, or `>=` or `<=` and one.
    fn count(&mut self, raw: &SpannedNumber) -> Option<Count> {
        let text = &raw.get_ref().0;
        let count = match (text.strip_prefix(">="), text.strip_prefix("<=")) {
            (Some(least), _) => least.trim().parse().map(Count::AtLeast),
            (None, Some(most)) => most.trim().parse().map(Count::AtMost),
            (None, None) => text.parse().map(Count::Exactly),
        };
        count.ok().or_else(|| self.fault(raw.span(), Fault::Count(text.clone())))
    }

    fn returns(&mut self, raw: &RawReturns) -> Option<CallClaim> {
        if let Some(ready) = &raw.ready {
            return self.ready(raw, ready);
        }
        let side = self.side(&raw.side);
        let call = self.call(&raw.call);
        let told = self.told(call, raw);
        let value = raw.value.as_ref().filter(|_| call != Some(CallName::GetSockOpt));
        let value = self.optional_number(value);
        let error = raw
            .error
            .as_ref()
            .map(|word| Errno::from_name(word.get_ref()).or_else(|| self.wrong(word, WordKind::Error)));
        if let (Some(_), Some(error)) = (&raw.value, &raw.error) {
            self.fault::<()>(error.span(), Fault::Exclusive("value", "error"));
        }
        if let Some(data) = &raw.data {
            if raw.error.is_some() {
                self.fault::<()>(data.span(), Fault::Exclusive("data", "error"));
            }
            if call.is_some_and(|call| !call.receives()) {
                self.fault::<()>(data.span(), Fault::OnlyRecv);
            }
            self.shown(data, &['\n', '\r', '\t'])?;
        }
        let data = raw.data.as_ref().map(|data| data.get_ref().clone());
        let (error, told) = (absent_or(error)?, told?);
        Some(CallClaim::Returns(CallTerms { side: side?, call: call?, value: value?, data, error, told }))
    }

    fn queue(&mut self, raw: &Spanned<RawQueue>) -> Option<Terms> {
        let span = raw.span();
        let raw = raw.get_ref();
        let end = self.end(raw.socket.as_ref(), raw.peer_of.as_ref(), span.clone());
        if raw.recv.is_none() && raw.send.is_none() {
            self.fault::<()>(span, Fault::NoQueue);
        }
        let (recv, send) = (self.optional_number(raw.recv.as_ref()), self.optional_number(raw.send.as_ref()));
        Some(Terms::Queue(QueueTerms { end: end?, recv: recv?, send: send? }))
    }

    pub(super) fn call(&mut self, word: &SpannedText) -> Option<CallName> {
        let call = CallName::ALL.into_iter().find(|call| call.name() == word.get_ref());
        call.or_else(|| self.wrong(word, WordKind::Call))
    }
}
