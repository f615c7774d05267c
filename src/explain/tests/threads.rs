//! What one thread of a side does while another one sleeps in a call on the same socket.

use super::circumstances::{accept, listen, recv, send, v4};
use super::*;
use crate::explain::{call_notes, killed};
use crate::model::{Actor, Caller, How, Transfer, lab_number};

const CLIENT: Side = Side::Client;

impl Story {
    fn sleeps(&mut self, worker: u32, call: Call) -> &mut Story {
        self.enters(worker, call).add(Event::Blocked { caller: Caller { actor: CLIENT.into(), worker } })
    }

    /// What is said beside the outcome of the newest call of this thread, in English and in Chinese.
    fn notes(&self, worker: u32) -> [String; 2] {
        let view = self.0.present();
        let call = view.calls(CLIENT).find(|call| call.caller.worker == worker).unwrap();
        [Lang::EN, zh()].map(|lang| call_notes(&view, &call, lang).unwrap().join(" "))
    }

    fn says(&self, worker: u32, wanted: [&str; 2]) {
        let [en, zh] = self.notes(worker);
        assert!(en.contains(wanted[0]), "{en}");
        assert!(zh.contains(wanted[1]), "{zh}");
    }

    /// What explains the newest call of this thread.
    fn explained(&self, worker: u32) -> Option<Explanation> {
        let view = self.0.present();
        let call = view.calls(CLIENT).find(|call| call.caller.worker == worker).unwrap();
        explain(&view, &call, Lang::EN).0
    }

    /// A listener of descriptor 3, as the calls of the table of circumstances have it.
    fn listening() -> Story {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(listen(), returned(0));
        story.add(Event::Socket(testing::socket(7, CLIENT, Some(3), State::Listen, (Some(v4()), None))));
        story
    }

    fn connected() -> Story {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.call(Call::Connect { fd: 3, addr: v4() }, returned(0)).socket(Some(3), State::Established, 0);
        story
    }
}

fn made(fd: i64) -> Outcome {
    Ok(Returned { value: fd, peer: "127.0.0.1:9".parse().ok(), ..Returned::default() })
}

#[test]
fn a_listener_that_is_closed_lives_until_the_accept_that_sleeps_has_returned() {
    let mut story = Story::listening();
    let accept = Call::Accept { fd: 3 };
    story.sleeps(0, accept).enters(2, Call::Close { fd: 3 }).comes_back(2, returned(0));
    story
        .says(2, ["Asleep on it: accept(3) in the main thread. A call holds", "睡在它上面的有：accept(3)（主线程）。"]);
    story.says(2, ["goes on listening", "继续监听"]);
    assert_eq!(story.explained(2), None, "what is said of a close() that ends the listening isn't so");
    assert!(!story.now(&Call::Close { fd: 3 }).open, "the number is nobody's");
    story.add(Event::Socket(testing::socket(7, CLIENT, None, State::Listen, (Some(v4()), None))));
    // The number is another socket's meanwhile: what sleeps isn't on that one.
    story.enters(2, Call::Socket { ipv6: false, udp: false }).comes_back(2, returned(3));
    story.enters(2, Call::Close { fd: 3 }).comes_back(2, returned(0));
    assert_eq!(story.notes(2), [""; 2]);
    story.comes_back(0, made(6));
    story.says(0, ["thread 2 closed fd 3", "描述符 3 被关闭（线程 2）"]);
    story.says(0, ["it listens no more", "不再监听了"]);
    assert!(story.now(&Call::recv(6, 1)).open);
}

#[test]
fn no_fin_goes_until_the_recv_that_sleeps_has_returned() {
    let mut story = Story::connected();
    story.sleeps(0, Call::recv(3, 9)).enters(2, Call::Close { fd: 3 }).comes_back(2, returned(0));
    story.says(2, ["no FIN is sent yet. Asleep on it: recv(3) in the main thread", "还没有发 FIN"]);
    assert_eq!(story.explained(2), None);
    story.socket(None, State::Established, 0).leaves(0, 5, &["FIN", "ACK"]).comes_back(0, returned(2));
    story.says(0, ["only its return ended it: FIN,ACK", "那时才发出 FIN,ACK"]);
    let (fin, asked) = (crate::model::SegmentId(0), (Lang::EN, crate::tcp::Numbers::Symbolic));
    story.0.push(Duration::ZERO, Event::Delivered(fin));
    let told = crate::explain::story(
        &story.0.present(),
        fin,
        crate::explain::TimerFacts { now: Duration::ZERO, setting: &lab_number },
        asked,
    )
    .unwrap()
    .unwrap();
    assert!(told.sender.contains("recv() came back, and another thread had closed"), "{told:?}");
    // With another descriptor, or another call on it, it isn't the end.
    let mut copied = Story::connected();
    copied.call(Call::Dup { fd: 3 }, returned(6)).sleeps(0, Call::recv(3, 9));
    copied.enters(2, Call::Close { fd: 3 }).comes_back(2, returned(0)).comes_back(0, returned(2));
    assert_eq!(copied.notes(0), [""; 2]);
    let mut several = Story::connected();
    several.sleeps(0, Call::recv(3, 9)).sleeps(2, Call::recv(3, 9));
    several.enters(3, Call::Close { fd: 3 }).comes_back(3, returned(0)).comes_back(2, returned(2));
    several.says(3, ["recv(3) in the main thread, recv(3) in thread 2", "recv(3)（主线程）、recv(3)（线程 2）"]);
    several.says(
        2,
        ["Still asleep on this socket: recv(3) in the main thread", "还睡在这个套接字上的有：recv(3)（主线程）"],
    );
    assert!(!several.notes(2)[0].contains("closed fd"), "{:?}", several.notes(2));
    several.comes_back(0, returned(0));
    several.says(0, ["thread 3 closed fd 3", "描述符 3 被关闭（线程 3）"]);
}

#[test]
fn shutdown_wakes_who_sleeps_and_each_is_told_why() {
    let shutdown = |how| Call::Shutdown { fd: 3, how };
    let mut story = Story::listening();
    story.sleeps(0, Call::Accept { fd: 3 }).enters(2, shutdown(How::Read)).comes_back(0, Err(errno("EINVAL")));
    let woken = Some(Circumstance::ShutMeanwhile);
    let reason = |story: &Story| {
        let view = story.0.present();
        let call = view.calls(CLIENT).find(|call| call.caller.is_main()).unwrap();
        Circumstance::of(call.call, call.outcome.unwrap().into(), &CallFacts::of(&view, &call))
    };
    assert_eq!(reason(&story), woken, "who was woken may be told before who woke");
    story.comes_back(2, returned(0));
    assert_eq!(reason(&story), woken);
    story.says(2, ["It woke accept(3) in the main thread.", "被它唤醒的有：accept(3)（主线程）。"]);
    for (sleeps, how, outcome, circumstance) in [
        (recv(), How::Read, returned(0), woken),
        (recv(), How::Both, returned(0), woken),
        (send(), How::Write, Err(errno("EPIPE")), woken),
        (send(), How::Both, Err(errno("EPIPE")), woken),
    ] {
        let mut story = Story::connected();
        story.sleeps(0, sleeps.clone()).enters(2, shutdown(how)).comes_back(2, returned(0));
        assert_eq!(story.notes(2), [""; 2], "nobody is known to be woken yet");
        story.comes_back(0, outcome);
        assert_eq!(reason(&story), circumstance, "{sleeps:?} {how:?}");
        story.says(2, ["It woke", "被它唤醒的有"]);
    }
    // The peer's FIN ends the reading whatever another thread does.
    let mut ended = Story::connected();
    ended.sleeps(0, recv()).arrives(0, &["FIN", "ACK"]).socket(Some(3), State::CloseWait, 1);
    ended.enters(2, shutdown(How::Read)).comes_back(2, returned(0)).comes_back(0, returned(0));
    assert_eq!(reason(&ended), Some(Circumstance::PeerClosed));
    // An attempt to connect that is given up.
    let mut connecting = Story(Trace::default());
    connecting.call(Call::Socket { ipv6: false, udp: false }, returned(3));
    connecting.sleeps(0, Call::Connect { fd: 3, addr: v4() }).socket(Some(3), State::SynSent, 0);
    connecting.enters(2, shutdown(How::Write)).comes_back(2, returned(0)).comes_back(0, Err(errno("ECONNRESET")));
    assert_eq!(reason(&connecting), woken);
}

#[test]
fn of_several_that_accept_one_is_chosen_and_of_several_that_read_the_first_takes() {
    let mut story = Story::listening();
    story.sleeps(0, Call::Accept { fd: 3 });
    assert_eq!(story.notes(0), [""; 2]);
    story.sleeps(2, Call::Accept { fd: 3 });
    story.says(2, ["on this listener: the main thread. For each connection", "的有：主线程。每来一个连接"]);
    story.says(0, ["on this listener: thread 2.", "的有：线程 2。"]);
    let mut other = Story(story.0.clone());
    story.comes_back(0, made(6));
    story.says(0, ["which had slept longest", "睡得最久的这一个"]);
    // What the kernel does otherwise is told as it is.
    other.comes_back(2, made(6));
    other.says(2, ["and it was this one", "这次是这一个"]);
    let mut reading = Story::connected();
    reading.sleeps(0, recv()).sleeps(2, recv());
    reading.says(2, ["recv(3) in the main thread. When bytes come, the kernel wakes all of them", "全部唤醒"]);
    reading.comes_back(2, returned(1));
    reading.says(2, ["this one was first", "这一个最先"]);
    // On another socket nobody is beside it.
    let mut apart = Story::connected();
    apart.call(Call::Socket { ipv6: false, udp: false }, returned(6)).sleeps(0, Call::recv(6, 1)).sleeps(2, recv());
    assert_eq!(apart.notes(2), [""; 2]);
}

/// Of TCP all are woken, of UDP one, and each call bears its own name, whichever of those that read it is.
#[test]
fn of_several_that_wait_for_a_datagram_one_is_woken() {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: true }, returned(3));
    let by_message = Transfer::receive(3, vec![5], MessageFlags::NONE);
    story.sleeps(0, by_message.into()).sleeps(2, Call::RecvFrom { fd: 3, len: 5, flags: MessageFlags::NONE });
    story.says(
        2,
        [
            "recvmsg(3) in the main thread. For each datagram the kernel wakes one of them",
            "recvmsg(3)（主线程）。每来一个数据报，内核只唤醒其中一个",
        ],
    );
    story.says(0, ["recvfrom(3) in thread 2", "recvfrom(3)（线程 2）"]);
    let mut other = Story(story.0.clone());
    story.comes_back(0, returned(1));
    story.says(0, ["this one, which had slept longest", "睡得最久的这一个"]);
    other.comes_back(2, returned(1));
    other.says(2, ["and it was this one", "这次是这一个"]);
}

/// What a killed process had open lives on in a call of another one that sleeps on it, though that has no descriptor of it either.
#[test]
fn a_socket_that_a_call_of_another_process_holds_outlives_the_one_that_was_killed() {
    let child = Actor { side: CLIENT, nth: 2 };
    let told = |mut story: Story, state: State, sleeps: Call| {
        let of_child = |worker| Caller { actor: child, worker };
        let closes = Call::Close { fd: 3 };
        story.call(Call::Fork, Ok(Returned { value: 4711, child: Some(2), ..Returned::default() }));
        story.add(Event::Entered { caller: of_child(0), call: sleeps }).add(Event::Blocked { caller: of_child(0) });
        story.add(Event::Entered { caller: of_child(2), call: closes });
        story.add(Event::Returned { caller: of_child(2), outcome: returned(0) });
        let ends = (Some(v4()), (state != State::Listen).then(|| "127.0.0.1:9".parse().unwrap()));
        let cookie = if state == State::Listen { 7 } else { 1 };
        story.add(Event::Socket(testing::socket(cookie, CLIENT, Some(3), state, ends)));
        let moment = story.0.now();
        story.add(Event::Killed(CLIENT.into()));
        [Lang::EN, zh()].map(|lang| killed(&story.0.present(), CLIENT.into(), moment, lang).unwrap().join(" "))
    };
    let [en, zh] = told(Story::listening(), State::Listen, accept());
    assert!(en.contains("accept(3) in the main thread of client 2") && en.contains("goes on listening"), "{en}");
    assert!(zh.contains("accept(3)（客户端 2 的主线程）") && zh.contains("继续监听"), "{zh}");
    let [en, zh] = told(Story::connected(), State::Established, recv());
    assert!(en.contains("recv(3) in the main thread of client 2") && en.contains("nothing was sent"), "{en}");
    assert!(zh.contains("什么也没有发出"), "{zh}");
    let [en, _] = told(Story::listening(), State::Listen, Call::Accept { fd: 9 });
    assert!(en.contains("nobody listens there any more"), "{en}");
}

/// Calling again leads nowhere, or to another socket, where the number was closed meanwhile.
#[test]
fn a_call_that_a_signal_woke_is_told_where_its_number_is_closed() {
    let reason = |story: &Story| {
        let view = story.0.present();
        let call = view.calls(CLIENT).find(|call| call.caller.is_main()).unwrap();
        Circumstance::of(call.call, call.outcome.unwrap().into(), &CallFacts::of(&view, &call))
    };
    let interrupted = || Err(errno("EINTR"));
    for (closes, reused, wanted) in [
        (true, false, Some(Circumstance::ClosedMeanwhile)),
        (true, true, Some(Circumstance::ClosedMeanwhile)),
        (false, false, None),
    ] {
        let mut story = Story::listening();
        story.sleeps(0, accept());
        if closes {
            story.enters(2, Call::Close { fd: 3 }).comes_back(2, returned(0));
        }
        if reused {
            story.enters(2, Call::Socket { ipv6: false, udp: false }).comes_back(2, returned(3));
        }
        story.comes_back(0, interrupted());
        assert_eq!(reason(&story), wanted, "{closes} {reused}");
    }
}

/// A number may be closed and used again while another thread sleeps: what counts is when each call came back.
#[test]
fn a_descriptor_is_read_by_when_calls_came_back() {
    let mut story = Story::accepted();
    let peer = || Ok(Returned { value: 4, peer: "127.0.0.1:10".parse().ok(), ..Returned::default() });
    story.sleeps(0, accept()).enters(2, Call::Close { fd: 4 }).comes_back(2, returned(0));
    assert!(!story.now(&Call::recv(4, 1)).open);
    story.comes_back(0, peer());
    assert!(story.now(&Call::recv(4, 1)).open, "accept() has made it anew");
    story.enters(2, Call::Shutdown { fd: 4, how: How::Write }).comes_back(2, returned(0));
    assert!(story.now(&Call::recv(4, 1)).shut.write);
    let view = story.0.present();
    assert_eq!(Situation::of_newest(&view, CLIENT.into(), v4()).last().map(|(fd, _)| *fd), Some(4));
    assert_eq!(view.open_calls(CLIENT).len(), 0);
}
