//! scratch
use sockwalk::engine::*;
use sockwalk::linux::{LinuxWorld, Place};
use sockwalk::model::*;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

fn main() {
    let host = std::env::args().any(|a| a == "host");
    if !host {
        println!("{:?}", sockwalk::linux::gain_rights(|n| std::env::var(n).ok()));
    }
    let lesson = Arc::new(sockwalk::lesson::builtin("handshake").unwrap().unwrap());
    let t0 = Instant::now();
    let (tx, rx) = mpsc::channel();
    let place = if host { Place::Host } else { Place::Lab(lesson.lab.clone()) };
    let mut world = LinuxWorld::start(place, t0, move |h| {
        let _ = tx.send(h);
    })
    .unwrap();
    println!("started {:?}", t0.elapsed());
    let mut runner = Runner::new(
        lesson,
        WalkOptions {
            mode: world.mode(),
            wire: world.wire(),
            patience: Duration::from_secs(3),
            port: None,
            timers: false,
        },
    );
    let mut seen = 0;
    loop {
        match runner.phase() {
            Phase::Ready | Phase::Asking | Phase::Typing(_) => runner.command(Command::Next, t0.elapsed()),
            Phase::Busy => {
                let wait = runner.wake_at().map_or(Duration::from_secs(10), |at| at.saturating_sub(t0.elapsed()));
                match rx.recv_timeout(wait) {
                    Ok(h) => runner.happened(h),
                    Err(_) => runner.tick(t0.elapsed()),
                }
            }
            other => {
                println!("{other:?}");
                break;
            }
        }
        while let Some(r) = runner.take_request() {
            world.request(r);
        }
        for e in &runner.trace().entries()[seen..] {
            match &e.event {
                Event::Socket(f) => println!(
                    "{:>8} {:?} fd {:?} {} r{} s{} {:?} {:?}",
                    e.at.as_micros(),
                    f.side,
                    f.fd,
                    f.state,
                    f.recv_queue,
                    f.send_queue,
                    f.timer,
                    f.cookie
                ),
                Event::Sent { id, segment, .. } => println!(
                    "{:>8} {id:?} {}",
                    e.at.as_micros(),
                    sockwalk::tcp::line(segment, runner.trace().isns(), Default::default())
                ),
                Event::Retransmitted { id, segment } => println!(
                    "{:>8} AGAIN {id:?} {}",
                    e.at.as_micros(),
                    sockwalk::tcp::line(segment, runner.trace().isns(), Default::default())
                ),
                other => println!("{:>8} {other:?}", e.at.as_micros()),
            }
        }
        seen = runner.trace().entries().len();
    }
    println!("{:?} {:?}", runner.verdict(), t0.elapsed());
    drop(world);
    println!("{:?}", t0.elapsed());
}
