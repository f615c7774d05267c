//! What it costs a program that its calls are seen and pass, against `strace`, which prints them.
//!
//! Both trace the same program, in turns: ours in a shared lab of its own, where its segments pass by themselves and are seen
//! too, strace's on the machine's loopback. The program tells how long it took, so that no start counts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sockwalk::lab::{Request, World};
use sockwalk::model::SegmentFilter;

use crate::part;
use crate::shared::Lab;
use crate::table::{Aim, Row, median};
use crate::transfer::Moved;

const AIM: Aim = Aim { at_most: 1.0, unit: "×" };

/// How strace is called: only calls on sockets stop, as ours do, and what it prints goes nowhere.
const STRACE: [&str; 6] = ["-f", "--seccomp-bpf", "-e", "trace=network", "-o", "/dev/null"];

/// How long one program took, in seconds: seen by sockwalk, and by strace.
#[derive(Serialize, Deserialize)]
pub struct Traced {
    talk: [f64; 2],
    transfer: [f64; 2],
    connections: [f64; 2],
}

/// The rows: many small exchanges, a long transfer, and many connections.
pub fn rows(exchanges: usize, pairs: usize) -> Vec<Row> {
    let names =
        ["small exchanges", "a transfer", "connections"].map(|what| format!("exec --pass, {what}, of strace's"));
    let pairs: Result<Vec<Traced>, String> = match Command::new("strace").arg("-V").output() {
        Ok(_) => (0..pairs).map(|_| part::run("traced", exchanges)).collect(),
        Err(error) => Err(format!("strace: {error}")),
    };
    let pairs = match pairs {
        Ok(pairs) => pairs,
        Err(why) => return names.iter().map(|name| Row::absent(name, &AIM, &why)).collect(),
    };
    let row = |(name, which): (&String, fn(&Traced) -> [f64; 2])| {
        let of =
            |told: &dyn Fn([f64; 2]) -> f64| median(&pairs.iter().map(|pair| told(which(pair))).collect::<Vec<_>>());
        let note =
            format!("median of {} pairs; {:.2} s, {:.2} s", pairs.len(), of(&|[ours, _]| ours), of(&|[_, its]| its));
        Row::new(name, of(&|[ours, its]| ours / its), &AIM, &note)
    };
    let which: [fn(&Traced) -> [f64; 2]; 3] = [|pair| pair.talk, |pair| pair.transfer, |pair| pair.connections];
    names.iter().zip(which).map(row).collect()
}

/// The part that has both traced. `exchanges` is how many there are; the transfer has a thousandth of it in millions of bytes, and
/// there are a hundredth of it as many connections.
pub fn compare(exchanges: usize) -> Result<Traced, String> {
    let each = |run: &dyn Fn(&str, usize) -> Result<std::process::Output, String>| {
        let talk = part::read::<f64>(&run("talk", exchanges)?)?;
        let moved: Moved = part::read(&run("program", (exchanges / 1000).max(1))?)?;
        let connections = part::read::<f64>(&run("connections", (exchanges / 100).max(1))?)?;
        Ok::<_, String>([talk, moved.seconds(), connections])
    };
    // First outside: in a moment this process is in the lab's network.
    let its = each(&|name, told| output(part::command("strace", &STRACE, name, told).map_err(|e| e.to_string())?))?;
    let lab = Lab::start()?;
    let mut joined = lab.join()?;
    joined.start(|_| ()).map_err(|error| format!("{error:?}"))?;
    joined.request(Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    let ours = each(&|name, told| output(Lab::exec(name, told)?))?;
    let [talk, transfer, connections] = [0, 1, 2].map(|at| [ours[at], its[at]]);
    Ok(Traced { talk, transfer, connections })
}

fn output(mut command: Command) -> Result<std::process::Output, String> {
    command.output().map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))
}

/// The part of a program that says one byte and hears one, so often. Returns how long it took, in seconds.
pub fn talk(exchanges: usize) -> Result<f64, String> {
    exchange(exchanges).map_err(|error| error.to_string())
}

fn exchange(exchanges: usize) -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    let echoes = thread::spawn(move || {
        let mut byte = [0];
        while server.read(&mut byte).is_ok_and(|count| count > 0) && server.write_all(&byte).is_ok() {}
    });
    let begun = Instant::now();
    for _ in 0..exchanges {
        let mut byte = [1];
        client.write_all(&byte)?;
        client.read_exact(&mut byte)?;
    }
    let took = begun.elapsed().as_secs_f64();
    drop(client);
    echoes.join().map_err(|_| io::Error::other("the server's thread ended by a panic"))?;
    Ok(took)
}

/// So many connections are open beside those that come and go.
const OPEN: usize = 64;

/// The part of a program whose clients come one after the other, each with a byte that comes back, while others stay. Returns how long it took, in
/// seconds.
pub fn connections(count: usize) -> Result<f64, String> {
    connect_often(count).map_err(|error| error.to_string())
}

fn connect_often(count: usize) -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let stay = || -> io::Result<_> { Ok((TcpStream::connect(address)?, listener.accept()?)) };
    let _open = (0..OPEN).map(|_| stay()).collect::<io::Result<Vec<_>>>()?;
    let server = thread::spawn(move || -> io::Result<()> {
        for _ in 0..count {
            let (mut client, mut byte) = (listener.accept()?.0, [0]);
            client.read_exact(&mut byte)?;
            client.write_all(&byte)?;
        }
        Ok(())
    });
    let begun = Instant::now();
    for _ in 0..count {
        let (mut client, mut byte) = (TcpStream::connect(address)?, [1]);
        client.write_all(&byte)?;
        client.read_exact(&mut byte)?;
    }
    let took = begun.elapsed().as_secs_f64();
    server.join().map_err(|_| io::Error::other("the server's thread ended by a panic"))??;
    Ok(took)
}
