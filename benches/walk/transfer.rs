//! A long transfer through a shared lab where every segment goes on by itself, against a plain loop that captures
//! and sends again.
//!
//! Both run in a lab of their own: the same gate, MTU and missing offloads. The plain loop does what the wire can't do
//! without: it reads a packet, finishes its checksum, sends it with the release mark. It keeps nothing and looks at nothing.

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};
use sockwalk::linux::{RELEASE_MARK, enter_lab, gain_rights};
use sockwalk::model::{Event, LabSettings, Role, SegmentFilter};
use sockwalk::walk::{HappeningKind, Request, World};

use crate::part;
use crate::shared::Lab;
use crate::table::{Aim, Row, median};

const RATIO: Aim = Aim { at_most: 5.0, unit: "×" };
const LOST: Aim = Aim { at_most: 0.0, unit: " segments" };
const GROWTH: Aim = Aim { at_most: 64.0, unit: " MiB" };

/// How much is sent at once.
const CHUNK: usize = 64 * 1024;
/// How long the daemon may take to tell what happened.
const LIMIT: Duration = Duration::from_secs(30);

/// What came of one transfer.
#[derive(Serialize, Deserialize)]
pub struct Moved {
    seconds: f64,
    whole: bool,
}

impl Moved {
    /// How long it took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }
}

/// What came of one through the shared lab.
#[derive(Serialize, Deserialize)]
pub struct Shared {
    moved: Moved,
    /// Segments that the capture lost.
    lost: u64,
    /// The trace's entries, and segments that were only counted.
    entries: usize,
    unkept: u64,
    /// How much the daemon's memory grew at most, in MiB.
    growth: f64,
    /// How long the daemon's first thread ran, in seconds.
    busy: f64,
}

/// What came of one through the plain loop, and how many packets its capture lost.
#[derive(Serialize, Deserialize)]
pub struct Plain {
    moved: Moved,
    packets: u64,
}

/// The rows: the rate, the losses, the daemon's memory.
pub fn rows(megabytes: usize, pairs: usize) -> Vec<Row> {
    let names = ["transfer, of a plain loop's", "transfer, lost by the capture", "transfer, growth of the daemon"];
    match compare(megabytes, pairs) {
        Ok(rows) => names.into_iter().zip(rows).map(|(name, (n, aim, note))| Row::new(name, n, aim, &note)).collect(),
        Err(why) => {
            names.into_iter().zip([&RATIO, &LOST, &GROWTH]).map(|(name, aim)| Row::absent(name, aim, &why)).collect()
        }
    }
}

type Measured = (f64, &'static Aim, String);

fn compare(megabytes: usize, pairs: usize) -> Result<[Measured; 3], String> {
    let mut ours = Vec::new();
    let mut plain = Vec::new();
    for _ in 0..pairs {
        let loops: Plain = part::run("plain", megabytes)?;
        let shared: Shared = part::run("shared", megabytes)?;
        if !(loops.moved.whole && shared.moved.whole) {
            return Err("what arrived isn't what was sent".to_owned());
        }
        plain.push(loops);
        ours.push(shared);
    }
    let of = |which: &dyn Fn(usize) -> f64| median(&(0..pairs).map(which).collect::<Vec<_>>());
    let ratio = of(&|n| ours[n].moved.seconds / plain[n].moved.seconds);
    let (slow, quick) = (of(&|n| ours[n].moved.seconds), of(&|n| plain[n].moved.seconds));
    let busy = of(&|n| ours[n].busy);
    let packets = of(&|n| plain[n].packets as f64);
    let note = format!(
        "median of {pairs} pairs; {megabytes} MB in {slow:.2} s, of which the daemon ran {busy:.2} s; plain {quick:.2} s, {packets:.0} packets"
    );
    let lost: u64 = ours.iter().map(|one| one.lost).sum();
    let growth = ours.iter().map(|one| one.growth).fold(0.0, f64::max);
    let (entries, unkept) = (ours.iter().map(|one| one.entries).max(), ours.iter().map(|one| one.unkept).max());
    let kept = format!("at most, {} entries, {} segments counted only", entries.unwrap_or(0), unkept.unwrap_or(0));
    let all = format!("in {pairs} transfers; every byte arrived");
    Ok([(ratio, &RATIO, note), (lost as f64, &LOST, all), (growth, &GROWTH, kept)])
}

/// The part of a program in the lab: sends to itself, and compares.
pub fn program(megabytes: usize) -> Result<Moved, String> {
    move_bytes(megabytes * 1_000_000).map_err(|error| error.to_string())
}

fn move_bytes(bytes: usize) -> io::Result<Moved> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let receiver = thread::spawn(move || receive(&listener));
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    let mut sent = DefaultHasher::new();
    let mut chunk: Vec<u8> = (0..CHUNK).map(|n| (n * 31 % 251) as u8).collect();
    let mut left = bytes;
    while left > 0 {
        // No two chunks are the same.
        chunk[..8].copy_from_slice(&left.to_ne_bytes());
        let part = &chunk[..left.min(CHUNK)];
        sent.write(part);
        stream.write_all(part)?;
        left -= part.len();
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let (received, count) = receiver.join().map_err(|_| io::Error::other("the receiver ended by a panic"))??;
    Ok(Moved { seconds: begun.elapsed().as_secs_f64(), whole: received == sent.finish() && count == bytes })
}

fn receive(listener: &TcpListener) -> io::Result<(u64, usize)> {
    let (mut stream, _) = listener.accept()?;
    let mut hasher = DefaultHasher::new();
    let (mut buffer, mut count) = (vec![0; CHUNK], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok((hasher.finish(), count)),
            length => {
                hasher.write(&buffer[..length]);
                count += length;
            }
        }
    }
}

/// The part that is the plain loop, in a lab of its own; the transfer is a process that it starts.
pub fn plain(megabytes: usize) -> Result<Plain, String> {
    gain_rights(|name| std::env::var(name).ok()).map_err(|error| format!("{error:?}"))?;
    enter_lab(&LabSettings::default()).map_err(|error| format!("{error:?}"))?;
    copy(megabytes).map_err(|error| error.to_string()).and_then(|(output, packets)| {
        let moved = part::read(&output);
        moved.map(|moved| Plain { moved, packets })
    })
}

fn copy(megabytes: usize) -> io::Result<(std::process::Output, u64)> {
    let all = (libc::ETH_P_ALL as u16).to_be();
    let capture = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(all))))?;
    capture.attach_filter(&leaving_and_unmarked())?;
    capture.set_recv_buffer_size(32 << 20)?;
    capture.set_read_timeout(Some(Duration::from_millis(50)))?;
    let out = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW)))?;
    out.set_mark(RELEASE_MARK)?;
    let to = SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let mut transfer = part::command("env", &[], "program", megabytes)?;
    let mut transfer = transfer.stdout(std::process::Stdio::piped()).spawn()?;
    let (mut packet, mut packets) = (vec![0; CHUNK + 100], 0);
    loop {
        match (&capture).read(&mut packet) {
            Ok(length) if length >= 40 && packet[9] == libc::IPPROTO_TCP as u8 => {
                finish_checksum(&mut packet[..length]);
                out.send_to(&packet[..length], &to)?;
                packets += 1;
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if transfer.try_wait()?.is_some() {
                    return Ok((transfer.wait_with_output()?, packets));
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The outgoing copy of what doesn't bear the release mark, as the program's own filter has it.
fn leaving_and_unmarked() -> [SockFilter; 6] {
    const ANCILLARY: u32 = 0xffff_f000;
    [
        SockFilter::new(0x20, 0, 0, ANCILLARY + 4),
        SockFilter::new(0x15, 0, 3, libc::PACKET_OUTGOING as u32),
        SockFilter::new(0x20, 0, 0, ANCILLARY + 20),
        SockFilter::new(0x15, 1, 0, RELEASE_MARK),
        SockFilter::new(0x06, 0, 0, u32::MAX),
        SockFilter::new(0x06, 0, 0, 0),
    ]
}

/// The TCP checksum of an IPv4 packet (RFC 9293, section 3.1; RFC 1071).
fn finish_checksum(packet: &mut [u8]) {
    let header = usize::from(packet[0] & 15) * 4;
    let length = packet.len() - header;
    packet[header + 16..header + 18].fill(0);
    let words = packet[12..20].chunks(2).chain(packet[header..].chunks(2));
    let sum: u64 = words.map(|word| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0))).sum();
    let mut sum = sum + 6 + length as u64;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    packet[header + 16..header + 18].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

/// The part that goes through a shared lab: the daemon is the built program, and so is what starts the transfer.
pub fn shared(megabytes: usize) -> Result<Shared, String> {
    let lab = Lab::start()?;
    let mut joined = lab.join()?;
    let (sender, happened) = channel();
    let sink = move |happened: Vec<sockwalk::walk::Happening>| {
        for happening in happened {
            if let HappeningKind::Event(event) = happening.what {
                let _ = sender.send(event);
            }
        }
    };
    joined.start(sink).map_err(|error| format!("{error:?}"))?;
    joined.request(Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    let mut told = Told { happened, entries: 0, lost: 0, unkept: 0, bytes: 0 };
    told.wait(|event, _| matches!(event, Event::Passing(_)))?;
    let (memory, busy) = (lab.memory("VmRSS")?, lab.busy());
    let output = Lab::exec("program", megabytes)?.output().map_err(|error| error.to_string())?;
    let moved: Moved = part::read(&output)?;
    // All that went is told, one by one or counted; what was lost came again.
    let all = (megabytes * 1_000_000) as u64;
    let mut left = false;
    told.wait(|event, bytes| {
        left |= matches!(event, Event::Left(member) if matches!(member.role, Role::Runs(_)));
        left && bytes >= all
    })?;
    let growth = lab.memory("VmHWM")? - memory;
    let busy = lab.busy() - busy;
    let Told { lost, entries, unkept, .. } = told;
    drop(joined);
    Ok(Shared { moved, lost, entries, unkept, growth, busy })
}

/// What a member was told.
struct Told {
    happened: Receiver<Event>,
    entries: usize,
    lost: u64,
    unkept: u64,
    bytes: u64,
}

impl Told {
    /// Listens until it is so; `until` sees each event, and the bytes of data of all segments so far.
    fn wait(&mut self, mut until: impl FnMut(&Event, u64) -> bool) -> Result<(), String> {
        loop {
            let event = self.happened.recv_timeout(LIMIT).map_err(|_| "the daemon doesn't tell all".to_owned())?;
            self.entries += 1;
            match &event {
                Event::Unkept { segments, bytes, lost, .. } => {
                    self.unkept += segments;
                    self.bytes += bytes;
                    self.lost += lost;
                }
                Event::Sent { segment, .. } => self.bytes += u64::from(segment.len()),
                _ => {}
            }
            if until(&event, self.bytes) {
                return Ok(());
            }
        }
    }
}
