//! The check of what a step does and of what it says must then be true.

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::{RawAction, RawClaim, RawPattern, RawQueue, RawReturns, RawSegmentClaim, Word};
use super::{Action, CallTerms, Claim, EndTerms, Payload, QueueTerms, Recipient, SegmentFate, Terms};
use crate::model::{CallName, Errno, How, Mode, SocketState};

/// The most bytes that a lesson may ask one `recv()` for: the program keeps what comes in its trace.
const MAX_RECV: i64 = 1 << 16;

/// The bytes of an IPv6 header, the longer one, and of UDP's.
const IPV6_AND_UDP: u32 = 40 + 8;

const CLAIMS: &[&str] = &["state", "blocks", "returns", "segment", "queue", "timer"];

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
            RawAction::Send { socket, text, line, received } => {
                let socket = self.socket(socket);
                let there = [("text", text.is_some()), ("line", line.is_some()), ("received", received.is_some())];
                self.one_of(span, &there, &["text", "line", "received"])?;
                let payload = self.payload(text.as_ref(), line.as_ref(), received.as_ref());
                self.fits_a_packet(socket.as_deref(), text.as_ref());
                Some(Action::Send { socket: socket?, payload: payload? })
            }
            RawAction::SendTo { socket, to, text, line, received } => {
                let socket = self.socket(socket);
                let to = to.as_ref().map_or(Some(Recipient::Address(None)), |to| self.recipient(to));
                let there = [("text", text.is_some()), ("line", line.is_some()), ("received", received.is_some())];
                self.one_of(span, &there, &["text", "line", "received"])?;
                let payload = self.payload(text.as_ref(), line.as_ref(), received.as_ref());
                self.fits_a_packet(socket.as_deref(), text.as_ref());
                Some(Action::SendTo { socket: socket?, to: to?, payload: payload? })
            }
            other => self.further_action(other),
        }
    }

    fn further_action(&mut self, raw: &RawAction) -> Option<Action> {
        match raw {
            RawAction::Recv { socket, max } => {
                let socket = self.socket(socket);
                self.range(*max.get_ref(), 1..=MAX_RECV, max.span());
                Some(Action::Recv { socket: socket?, max: usize::try_from(*max.get_ref()).ok()? })
            }
            RawAction::RecvFrom { socket, max } => {
                let socket = self.socket(socket);
                self.range(*max.get_ref(), 1..=MAX_RECV, max.span());
                Some(Action::RecvFrom { socket: socket?, max: usize::try_from(*max.get_ref()).ok()? })
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
            RawAction::Close { socket } => Some(Action::Close { socket: self.socket(socket)? }),
            RawAction::SetSockOpt { socket, option, value } => {
                let socket = self.socket(socket);
                self.setting_name(option.get_ref(), option.span());
                Some(Action::SetOption { socket: socket?, option: option.get_ref().clone(), value: *value })
            }
            RawAction::Deliver(pattern) => self.held(pattern).map(Action::Deliver),
            RawAction::Drop(pattern) => self.held(pattern).map(Action::Drop),
            RawAction::Interrupt { side } => Some(Action::Interrupt { side: self.side(side)? }),
            _ => None,
        }
    }

    /// A socket for datagrams: only the lab's wire holds these.
    fn datagrams(&mut self, name: Option<&str>, span: std::ops::Range<usize>) {
        self.udp.extend(name.map(str::to_owned));
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(span, Fault::UdpOnlyLab);
        }
    }

    fn recipient(&mut self, word: &Word) -> Option<Recipient> {
        if word.get_ref() == "sender" {
            return Some(Recipient::Sender);
        }
        self.address(word).map(|address| Recipient::Address(Some(address)))
    }

    /// A datagram longer than a packet would go in fragments, which the wire can't hold.
    fn fits_a_packet(&mut self, socket: Option<&str>, text: Option<&Word>) {
        let (Some(socket), Some(text)) = (socket, text) else { return };
        let most = self.mtu.saturating_sub(IPV6_AND_UDP) as usize;
        if self.udp.contains(socket) && text.get_ref().len() > most {
            let found = text.get_ref().len();
            self.fault::<()>(text.span(), Fault::LongDatagram { found, most });
        }
    }

    fn socket_and_address(
        &mut self,
        socket: &Word,
        addr: Option<&Word>,
    ) -> (Option<String>, Option<Option<std::net::SocketAddr>>) {
        (self.socket(socket), absent_or(addr.map(|addr| self.address(addr))))
    }

    fn payload(
        &mut self,
        text: Option<&Word>,
        line: Option<&Word>,
        received: Option<&Spanned<bool>>,
    ) -> Option<Payload> {
        if let Some(received) = received {
            return if *received.get_ref() {
                Some(Payload::Received)
            } else {
                self.fault(received.span(), Fault::ReceivedFalse)
            };
        }
        let word = text.or(line)?;
        if word.get_ref().is_empty() {
            return self.fault(word.span(), Fault::NothingToSend);
        }
        if line.is_some() && word.get_ref().contains(['\n', '\r']) {
            return self.fault(word.span(), Fault::LineBreak);
        }
        self.shown(word, &['\n', '\r', '\t'])?;
        let sent = word.get_ref().clone();
        Some(if text.is_some() { Payload::Text(sent) } else { Payload::Line(sent) })
    }

    /// A segment that waits on the wire, which only the lab's wire can make it do.
    fn held(&mut self, raw: &RawPattern) -> Option<super::SegmentPattern> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.from.span(), Fault::OnlyLab);
        }
        let RawPattern { from, flags, protocol, seq, ack, len } = raw;
        self.pattern(from, flags.as_ref(), protocol.as_ref(), [seq.as_ref(), ack.as_ref(), len.as_ref()])
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
            ("queue", raw.queue.is_some()),
            ("timer", raw.timer.is_some()),
        ];
        self.one_of(span, &there, CLAIMS)?;
        let terms = self.terms(raw)?;
        Some(Claim { line, terms, modes })
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
            return Some(Terms::Blocks { side: side?, call: call? });
        }
        if let Some(returns) = &raw.returns {
            return self.returns(returns.get_ref());
        }
        if let Some(segment) = &raw.segment {
            return self.segment(segment.get_ref());
        }
        if let Some(queue) = &raw.queue {
            return self.queue(queue);
        }
        let timer = raw.timer.as_ref()?;
        let end = self.end(timer.get_ref().socket.as_ref(), timer.get_ref().peer_of.as_ref(), timer.span());
        let kind = self.timer(&timer.get_ref().kind);
        Some(Terms::Timer(EndTerms { end: end?, kind: kind? }))
    }

    fn returns(&mut self, raw: &RawReturns) -> Option<Terms> {
        let side = self.side(&raw.side);
        let call = self.call(&raw.call);
        let value = self.optional_number(raw.value.as_ref());
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
            if call.is_some_and(|call| !matches!(call, CallName::Recv | CallName::RecvFrom)) {
                self.fault::<()>(data.span(), Fault::OnlyRecv);
            }
            self.shown(data, &['\n', '\r', '\t'])?;
        }
        let data = raw.data.as_ref().map(|data| data.get_ref().clone());
        Some(Terms::Returns(CallTerms { side: side?, call: call?, value: value?, data, error: absent_or(error)? }))
    }

    fn segment(&mut self, raw: &RawSegmentClaim) -> Option<Terms> {
        let RawSegmentClaim { from, flags, protocol, seq, ack, len, is } = raw;
        let fates = [SegmentFate::Held, SegmentFate::Delivered, SegmentFate::Dropped];
        let fate = fates.into_iter().find(|fate| fate.name() == is.get_ref());
        let fate = fate.or_else(|| self.wrong(is, WordKind::Fate));
        let pattern = self.pattern(from, flags.as_ref(), protocol.as_ref(), [seq.as_ref(), ack.as_ref(), len.as_ref()]);
        Some(Terms::Segment { pattern: pattern?, is: fate? })
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

    fn call(&mut self, word: &Word) -> Option<CallName> {
        let call = CallName::ALL.into_iter().find(|call| call.name() == word.get_ref());
        call.or_else(|| self.wrong(word, WordKind::Call))
    }
}
