//! Why nothing came of a segment at its receiver: which rule of TCP's passes it over.

use super::{SegmentContext, SegmentKind, end_of, later};
use crate::model::{Fate, SocketState, SocketView};
use crate::tcp::{Flags, Segment, State};

/// What the kernel counts of what it throws away for its checksum; TCP's is the same for both families.
const DAMAGED: [&str; 3] = ["TcpInCsumErrors", "UdpInCsumErrors", "Udp6InCsumErrors"];

impl SegmentContext<'_> {
    /// Why the end that was there stayed as it was, or why the listener did: of a RST, and of what has neither SYN nor ACK.
    /// `is_silent`: nothing was sent for it.
    pub(super) fn passed_over(
        &self,
        stays: Option<SocketView<'_>>,
        listener: Option<SocketView<'_>>,
        is_silent: bool,
    ) -> Option<String> {
        // What is damaged is thrown away before anything else in it is looked at (`tcp_v4_rcv()`).
        if DAMAGED.into_iter().any(|name| self.counted(name)) {
            return Some(self.words.say(|t| &t.damaged, &[]));
        }
        let tcp = self.segment.segment.tcp()?;
        if stays.is_some() && is_silent && self.lies_behind_fin(tcp) {
            return Some(self.words.say(|t| &t.behind_fin, &[]));
        }
        if self.kind() != SegmentKind::Rst {
            return self.ignored(tcp, stays, listener, is_silent);
        }
        let Some(socket) = stays else { return listener.map(|_| self.words.say(|t| &t.rst_listener, &[])) };
        Some(match socket.state {
            SocketState::Tcp(State::SynSent) => self.words.say(|t| &t.rst_syn_sent, &[]),
            SocketState::Tcp(State::TimeWait) if self.counted("PAWSTimewait") => return None,
            SocketState::Tcp(State::TimeWait) if !self.is_next(tcp) || self.keeps_time_wait() => {
                self.words.say(|t| &t.rst_time_wait, &[])
            }
            _ if self.counted("TCPChallengeACK") => self.words.say(|t| &t.rst_challenged, &[]),
            // With older kernels any number of the window ends it there (`tcp_check_req()`).
            SocketState::Tcp(State::SynRecv) => self.words.say(|t| &t.rst_syn_recv, &[]),
            state if self.is_next(tcp) => self.words.say(|t| &t.rst_next, &[("state", &state)]),
            state => self.words.say(|t| &t.rst_stays, &[("state", &state)]),
        })
    }

    /// Why a segment without RST left the end or the listener as it was, of those flags by which that is decided.
    fn ignored(
        &self,
        tcp: &Segment,
        stays: Option<SocketView<'_>>,
        listener: Option<SocketView<'_>>,
        is_silent: bool,
    ) -> Option<String> {
        let [syn, ack] = [Flags::SYN, Flags::ACK].map(|flag| tcp.flags.has(flag));
        let Some(end) = stays else {
            let is_bare = listener.is_some() && !syn && !ack;
            return is_bare.then(|| self.words.say(|t| &t.listener_no_syn, &[]));
        };
        match end.state {
            SocketState::Tcp(State::SynSent) if !syn && is_silent => Some(self.words.say(|t| &t.no_syn, &[])),
            SocketState::Tcp(State::TimeWait) if syn && !ack && !is_silent => {
                Some(self.words.say(|t| &t.syn_time_wait, &[]))
            }
            SocketState::Tcp(State::SynSent | State::TimeWait) => None,
            _ if !syn && !ack => Some(self.words.say(|t| &t.no_ack, &[])),
            _ => None,
        }
    }

    /// Whether the kernel counted this as the segment arrived.
    pub(super) fn counted(&self, name: &str) -> bool {
        self.segment.reasons.is_some_and(|all| all.iter().any(|one| one.name == name))
    }

    /// Whether a RST has the number that its receiver waits for, as far as the wire shows it: the one that it acknowledged last, or the
    /// one behind all that its sender has sent. The latter may lie before the former: what a person made was acknowledged too.
    fn is_next(&self, tcp: &Segment) -> bool {
        let acknowledged = self.earlier_but_resets(false).filter(|(_, other)| other.flags.has(Flags::ACK));
        let acknowledged = acknowledged.map(|(_, other)| other.ack).reduce(later);
        let sent = self.next_of(true).filter(|sent| acknowledged.is_none_or(|known| later(known, *sent) == *sent));
        [acknowledged, sent].contains(&Some(tcp.seq))
    }

    /// Whether it has data that lies behind a FIN of its sender's which had come.
    fn lies_behind_fin(&self, tcp: &Segment) -> bool {
        let fins = self.earlier_from(true).filter(|(_, other)| other.flags.has(Flags::FIN));
        let mut came = fins.filter(|(one, _)| one.fate == Fate::Delivered && one.changed < self.segment.changed);
        let is_behind = |number: u32| tcp.seq.wrapping_sub(number) < 1 << 31;
        let bears_data =
            matches!(self.kind(), SegmentKind::Data | SegmentKind::Fin) && !self.segment.segment.is_empty();
        bears_data && came.any(|(one, fin)| is_behind(end_of(one.segment, fin)))
    }

    /// Whether the setting says that no RST ends TIME_WAIT (RFC 1337).
    fn keeps_time_wait(&self) -> bool {
        self.view.is_switched_on("net.ipv4.tcp_rfc1337")
    }
}
