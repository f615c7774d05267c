//! The kernel's counters in the lab's namespace, where they move for nobody but the lab: read before a segment is sent on and
//! after its receiver has processed it, they tell what its kernel made of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::model::{CounterMove, counter_name, is_routine};
use crate::tcp::Packet;

/// A file of counters that stays open: each read from its beginning is answered anew (`seq_file`).
struct CounterFile {
    file: File,
    /// What was read last, and before that.
    now: Reading,
    before: Reading,
}

/// What was read, at the beginning of a buffer that is kept for the next time.
#[derive(Default)]
struct Reading {
    buffer: Vec<u8>,
    len: usize,
}

impl Reading {
    fn text(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl CounterFile {
    /// That of the calling thread's network namespace.
    fn open(name: &str) -> io::Result<CounterFile> {
        // Not `/proc/net`, which is the main thread's.
        let file = File::open(format!("/proc/thread-self/net/{name}"))?;
        Ok(CounterFile { file, now: Reading::default(), before: Reading::default() })
    }

    fn read(&mut self) -> io::Result<()> {
        std::mem::swap(&mut self.now, &mut self.before);
        let Reading { buffer, len } = &mut self.now;
        buffer.resize(buffer.len().max(8 << 10), 0);
        *len = 0;
        loop {
            let more = self.file.read_at(&mut buffer[*len..], *len as u64)?;
            *len += more;
            if more == 0 || *len < buffer.len() {
                return Ok(());
            }
            buffer.resize(2 * *len, 0);
        }
    }
}

/// The counters of a lab.
pub struct Counters {
    /// `snmp` and `netstat`, in which each group has a line of names and one of numbers.
    groups: [CounterFile; 2],
    /// `snmp6`, with one counter a line; absent where the kernel runs without IPv6.
    v6: Option<CounterFile>,
}

impl Counters {
    /// Those of the calling thread's network namespace.
    ///
    /// # Errors
    /// Those of `open(2)`.
    pub fn open() -> io::Result<Counters> {
        let groups = [CounterFile::open("snmp")?, CounterFile::open("netstat")?];
        Ok(Counters { groups, v6: CounterFile::open("snmp6").ok() })
    }

    /// Which of them move while something is done, but for those that say nothing ([`is_routine`]); with what that came to.
    /// `v6`: whether a datagram's counters are IPv6's. `None` where they couldn't be read.
    pub fn moved_by<T>(&mut self, v6: bool, act: impl FnOnce() -> T) -> (Option<Vec<CounterMove>>, T) {
        let before = self.read(v6);
        let came = act();
        if before.is_err() || self.read(v6).is_err() {
            return (None, came);
        }
        let mut found = self.differences();
        if let Some(CounterFile { before, now, .. }) = self.v6.as_ref().filter(|_| v6) {
            in_lines(before.text(), now.text(), &mut found);
        }
        (Some(found), came)
    }

    /// Which of them moved since they were read last; at first, since the network was made, when all were 0.
    pub(super) fn moved_since(&mut self) -> Option<Vec<CounterMove>> {
        self.read(false).ok()?;
        Some(self.differences())
    }

    /// What moved between the last two readings.
    fn differences(&self) -> Vec<CounterMove> {
        let mut found = Vec::new();
        for CounterFile { before, now, .. } in &self.groups {
            in_groups(before.text(), now.text(), &mut found);
        }
        found
    }

    fn read(&mut self, v6: bool) -> io::Result<()> {
        let v6 = self.v6.iter_mut().filter(|_| v6);
        self.groups.iter_mut().chain(v6).try_for_each(CounterFile::read)
    }
}

/// What moved but for this: a message of ICMP that is sent through a raw socket is counted as one that the kernel sends
/// (`raw_send_hdrinc()`; not so ICMPv6), though its sender's kernel had counted it before, or a person made it.
pub(super) fn without_its_sending(mut moved: Vec<CounterMove>, packet: &Packet) -> Vec<CounterMove> {
    if let Some([kind, _]) = packet.icmp().filter(|_| packet.to.is_ipv4()).map(|says| says.type_and_code(false)) {
        let sent = format!("IcmpMsgOutType{kind}");
        for CounterMove { by, .. } in moved.iter_mut().filter(|moved| moved.name == sent) {
            *by -= 1;
        }
        moved.retain(|moved| moved.by != 0);
    }
    moved
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect()
}

fn words(line: &[u8]) -> impl Iterator<Item = &str> {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .filter_map(|word| std::str::from_utf8(word).ok())
}

/// `Tcp: InSegs OutSegs` and below it `Tcp: 5 7`. A group that wasn't there before had zeros.
fn in_groups(before: &[u8], now: &[u8], found: &mut Vec<CounterMove>) {
    let (before, now) = (lines(before), lines(now));
    for (at, pair) in now.chunks_exact(2).enumerate() {
        let [names, values] = pair else { continue };
        // Nearly always the same groups are at the same places, and most didn't move.
        let same = before.get(2 * at..2 * at + 2).filter(|was| was[0] == *names);
        if same.is_some_and(|was| was[1] == *values) {
            continue;
        }
        let Some(group) = words(names).next().and_then(|group| group.strip_suffix(':')) else { continue };
        if counter_name(group, "").is_none() {
            continue;
        }
        match same {
            Some(was) => in_same_names((group, names), was[1], values, found),
            None => in_other_names((group, names), values, &before, found),
        }
    }
}

/// Those of one group whose names stood in the same line before: nearly none moved, and only the names of those that did are looked up.
fn in_same_names((group, names): (&str, &[u8]), was: &[u8], values: &[u8], found: &mut Vec<CounterMove>) {
    let fields = |line| <[u8]>::split(line, |byte: &u8| *byte == b' ');
    let text = |field| std::str::from_utf8(field).unwrap_or_default();
    let mut names = fields(names).enumerate();
    for (at, (was, value)) in fields(was).zip(fields(values)).enumerate().filter(|(_, (was, value))| was != value) {
        let Some((_, name)) = names.find(|(place, _)| *place == at) else { return };
        add(counter_name(group, text(name)), text(was), text(value), found);
    }
}

/// Those of one group that had other names before, or none.
fn in_other_names((group, names): (&str, &[u8]), values: &[u8], before: &[&[u8]], found: &mut Vec<CounterMove>) {
    let was = before.chunks_exact(2).find(|was| words(was[0]).next() == words(names).next());
    let was: Vec<(&str, &str)> = was.map(|was| words(was[0]).zip(words(was[1])).collect()).unwrap_or_default();
    for (name, value) in words(names).zip(words(values)).skip(1) {
        let known = was.iter().find(|(known, _)| *known == name).map_or("0", |(_, value)| value);
        add(counter_name(group, name), known, value, found);
    }
}

/// `Udp6NoPorts   5`.
fn in_lines(before: &[u8], now: &[u8], found: &mut Vec<CounterMove>) {
    let pair = |line: &&[u8]| -> Option<(String, String)> {
        let mut words = words(line).map(str::to_owned);
        words.next().zip(words.next())
    };
    let before: Vec<(String, String)> = lines(before).iter().filter_map(pair).collect();
    let tells =
        |name: &str| name.starts_with("Udp6") || name.starts_with("Icmp6InType") || name.starts_with("Icmp6OutType");
    for (name, value) in lines(now).iter().filter_map(pair).filter(|(name, _)| tells(name)) {
        let known = before.iter().find(|(known, _)| *known == name).map_or("0", |(_, value)| value);
        add(Some(name), known, &value, found);
    }
}

fn add(name: Option<String>, before: &str, now: &str, found: &mut Vec<CounterMove>) {
    if before == now {
        return;
    }
    // The kernel writes them unsigned, but for one that is -1; a difference of what wraps is right all the same.
    let number = |text: &str| text.parse::<i64>().ok().or_else(|| text.parse::<u64>().ok().map(u64::cast_signed));
    let (Some(name), Some(before), Some(now)) = (name, number(before), number(now)) else { return };
    if !is_routine(&name) {
        found.push(CounterMove { name, by: now.wrapping_sub(before) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(before: &str, now: &str) -> Vec<String> {
        let mut found = Vec::new();
        in_groups(before.as_bytes(), now.as_bytes(), &mut found);
        found.iter().map(CounterMove::to_string).collect()
    }

    #[test]
    fn what_moved_is_told_and_what_moves_always_is_not() {
        let before =
            "Ip: InReceives\nIp: 4\nTcp: InSegs InCsumErrors MaxConn\nTcp: 1 0 -1\nTcpExt: PAWSEstab TW\nTcpExt: 0 3\n";
        let now =
            "Ip: InReceives\nIp: 5\nTcp: InSegs InCsumErrors MaxConn\nTcp: 2 1 -1\nTcpExt: PAWSEstab TW\nTcpExt: 2 3\n";
        assert_eq!(moved(before, now), ["TcpInCsumErrors +1", "PAWSEstab +2"]);
        assert_eq!(moved(now, now), [""; 0]);
    }

    #[test]
    fn a_group_that_comes_later_began_with_zeros() {
        let before = "IcmpMsg: InType3\nIcmpMsg: 1\nTcp: OutRsts\nTcp: 1\n";
        let now =
            "Icmp: InMsgs\nIcmp: 1\nIcmpMsg: InType3 OutType3\nIcmpMsg: 2 1\nTcp: OutRsts\nTcp: 1\nNew: A\nNew: 1\n";
        assert_eq!(moved(before, now), ["IcmpMsgInType3 +1", "IcmpMsgOutType3 +1"]);
        assert_eq!(moved("", "IcmpMsg: OutType3\nIcmpMsg: 1\n"), ["IcmpMsgOutType3 +1"]);
    }

    #[test]
    fn numbers_wrap_and_nonsense_is_passed_over() {
        assert_eq!(moved("TcpExt: TW\nTcpExt: 18446744073709551615\n", "TcpExt: TW\nTcpExt: 1\n"), ["TW +2"]);
        for nonsense in
            ["TcpExt:", "TcpExt: TW\nTcpExt:\n", "\n\n: :\n", "TcpExt: TW\nTcpExt: x\n", "TcpExt TW\nTcpExt 1\n"]
        {
            assert_eq!(moved(nonsense, "TcpExt: TW\nTcpExt: y\n"), [""; 0]);
            assert_eq!(moved("", nonsense), [""; 0]);
        }
    }

    #[test]
    fn a_message_that_is_sent_on_is_no_message_of_the_kernels() {
        let header = etherparse::Icmpv4Header::new(etherparse::Icmpv4Type::DestinationUnreachable(
            etherparse::icmpv4::DestUnreachableHeader::Port,
        ));
        let quoted = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).udp(5, 6);
        let mut about = Vec::new();
        quoted.write(&mut about, b"").unwrap();
        let mut bytes = Vec::new();
        let message = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
        message.icmpv4(header.icmp_type).write(&mut bytes, &about).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        let moved = |name: &str, by| CounterMove { name: name.into(), by };
        let left = |by| without_its_sending(vec![moved("IcmpMsgInType3", 1), moved("IcmpMsgOutType3", by)], &packet);
        assert_eq!(left(1), [moved("IcmpMsgInType3", 1)]);
        assert_eq!(left(2), [moved("IcmpMsgInType3", 1), moved("IcmpMsgOutType3", 1)], "the kernel's own answer");
    }

    #[test]
    fn counters_of_ipv6_have_a_line_each() {
        let mut found = Vec::new();
        in_lines(
            b"Ip6InReceives 1\nUdp6NoPorts \t0\n",
            b"Ip6InReceives 2\nUdp6NoPorts \t1\nIcmp6OutType1 1\n",
            &mut found,
        );
        assert_eq!(
            found.iter().map(CounterMove::to_string).collect::<Vec<_>>(),
            ["Udp6NoPorts +1", "Icmp6OutType1 +1"]
        );
    }

    #[test]
    fn the_kernels_own_can_be_read() {
        let mut counters = Counters::open().unwrap();
        let (moved, came) = counters.moved_by(true, || 7);
        assert!(moved.is_some() && came == 7);
    }
}
