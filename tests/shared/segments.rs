//! What is said of a segment that was delivered or dropped: of each kind, on the kernel, in both languages, and what stands
//! on the screen is what the trace says.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sockwalk::explain::{SegmentExplanation, TimerFacts, story};
use sockwalk::i18n::Lang;
use sockwalk::model::{Event, SegmentId, Side, lab_number};
use sockwalk::tcp::Numbers;

use crate::common::{lab_users, zh};
use crate::errors::Free;
use crate::screens;
use crate::stage::{LARGE, Seat, Stage};

use Side::{Client, Server};

/// What is said of the segment that went or was dropped last, as a seat's recording has it.
pub(crate) fn newest(stage: &Stage, seat: Seat) -> SegmentExplanation {
    let trace = stage.as_trace(seat);
    let ended = |event: &Event| match event {
        Event::Delivered(id) | Event::Dropped(id) => Some(*id),
        _ => None,
    };
    let id = trace.entries().iter().rev().find_map(|entry| ended(&entry.event)).unwrap();
    let view = trace.present();
    let setting = |name: &str| view.number_now(name).or_else(|| lab_number(name));
    let timers = TimerFacts { now: Duration::ZERO, setting: &setting };
    story(&view, id, timers, (stage.lang, Numbers::Symbolic)).unwrap().unwrap()
}

/// Text without what breaking it into lines changes.
pub(crate) fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '│').collect()
}

/// Waits until all of this is said of the newest one, and until the screen says it too.
#[track_caller]
pub(crate) fn told(stage: &mut Stage, seat: Seat, wanted: &[&str]) {
    let mut last = SegmentExplanation::default();
    stage.until(&format!("{wanted:?} said of the newest segment"), |stage| {
        last = newest(stage, seat);
        let all = format!("{} {} {} {}", last.sender, last.says, last.became, last.first);
        assert!(!all.contains('{') && !all.contains('}'), "{all}");
        wanted.iter().all(|part| all.contains(part))
    });
    // The rest may stand below the fold, and its seconds run.
    let became: String = bare(&last.became).chars().take(16).collect();
    stage.wait(seat, &became, |screen| bare(&screens::explanation(screen).concat()).contains(&became));
}

#[track_caller]
pub(crate) fn goes(stage: &mut Stage, seat: Seat, flags: &str, wanted: &[&str]) {
    stage.lets_go(seat, flags);
    told(stage, seat, wanted);
}

#[track_caller]
pub(crate) fn drops(stage: &mut Stage, seat: Seat, flags: &str, wanted: &[&str]) {
    stage.until(&format!("{flags} waiting first"), |stage| stage.held(seat).first().is_some_and(|held| held == flags));
    let dropped = |event: &Event| matches!(event, Event::Dropped(_));
    let before = stage.count(seat, dropped);
    stage.press(seat, "x");
    stage.until("it is dropped", |stage| stage.count(seat, dropped) > before);
    told(stage, seat, wanted);
}

/// The words of one language where they differ.
pub(crate) fn word<'a>(stage: &Stage, en: &'a str, zh: &'a str) -> &'a str {
    if stage.lang == Lang::EN { en } else { zh }
}

pub(crate) fn stages() -> impl Iterator<Item = Stage> {
    lab_users().into_iter().flat_map(|user| [Lang::EN, zh()].map(|lang| Stage::new(user, LARGE, lang)))
}

#[test]
fn each_kind_of_segment_of_a_connection_is_told() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        let fd = stage.succeeds(client, Client, "socket(");
        stage.sleeps(client, Client, "connect(");
        let nobody = word(&stage, "No socket had its address 127.0.0.1:8000", "没有套接字占有地址 127.0.0.1:8000");
        let first = word(&stage, "A SYN has a number like a byte of data", "SYN 像一个数据字节那样占用一个序号");
        goes(&mut stage, server, "SYN", &["SYN seq=j", "connect()", nobody, first, "RST,ACK seq=0 ack=j+1"]);
        let answer = word(&stage, "It counts from the segment that it answers", "序号取自它所回答的报文段");
        goes(&mut stage, client, "RST,ACK", &[answer, "SYN_SENT → CLOSED", "connect()", "-1 ECONNREFUSED"]);

        stage.succeeds(server, Server, "socket(");
        stage.succeeds(server, Server, "bind(");
        stage.succeeds(server, Server, "listen(");
        stage.sleeps(client, Client, "connect(");
        let lost = word(&stage, "Lost: the request", "丢失的是：建立连接的请求");
        let timer = word(&stage, "A retransmission timer runs in the kernel of the", "里的重传定时器正在运行：");
        drops(&mut stage, server, "SYN", &["SYN seq=j₂", lost, timer]);
        let listens = word(&stage, "A socket in LISTEN had its address", "处于 LISTEN 的套接字占有地址");
        goes(&mut stage, server, "SYN", &[listens, "SYN_RECV", "SYN,ACK seq=k₂ ack=j₂+1"]);
        goes(&mut stage, client, "SYN,ACK", &["SYN_SENT → ESTABLISHED", "ACK seq=j₂+1 ack=k₂+1"]);
        let waits = word(&stage, "Connections that wait for accept(): 0 → 1", "等待 accept() 的连接：0 → 1");
        goes(&mut stage, server, "ACK", &["SYN_RECV → ESTABLISHED", waits]);
        stage.succeeds(server, Server, "accept(");

        stage.call(client, Client, &format!("send {fd} hello"));
        let psh = word(&stage, "PSH (push)", "PSH（推送）");
        let queue = word(&stage, "receive queue: 0 → 5.", "接收队列的字节数：0 → 5。");
        goes(&mut stage, server, "PSH,ACK", &["send()", "j₂+5", "hello", psh, queue, "ack=j₂+6"]);
        let acked = word(&stage, "5 bytes more than", "多 5 字节");
        let sent = word(&stage, "send queue: 5 → 0.", "发送队列的字节数：5 → 0。");
        goes(&mut stage, client, "ACK", &["ack=j₂+6", acked, sent]);
        // The same once more, dropped before it comes again.
        stage.call(client, Client, &format!("send {fd} again"));
        let bytes = word(&stage, "Lost: 5 bytes of data", "丢失的是：5 字节数据");
        drops(&mut stage, server, "PSH,ACK", &[bytes, timer]);
        let again = word(&stage, "It repeats an earlier segment", "它重复了前面的一个报文段");
        goes(&mut stage, server, "PSH,ACK", &[again, "5 → 10"]);
        let ack = word(&stage, "Lost: an acknowledgement", "丢失的是：一个确认");
        drops(&mut stage, client, "ACK", &[ack, timer]);
        stage.close(&[server, client]);
    }
}

/// Both ends of a connection that stands, each with its descriptor. `before` is made of the listener before it listens.
pub(crate) fn connected(stage: &mut Stage, before: &[&str]) -> ((Seat, i64), (Seat, i64)) {
    let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
    stage.succeeds(server, Server, "socket(");
    for call in before {
        stage.call(server, Server, call);
    }
    stage.succeeds(server, Server, "bind(");
    stage.succeeds(server, Server, "listen(");
    let (connection, fd) = connects(stage, server, client);
    ((server, connection), (client, fd))
}

/// A connection to a listener that stands: the server's descriptor of it, and the client's.
fn connects(stage: &mut Stage, server: Seat, client: Seat) -> (i64, i64) {
    let fd = stage.succeeds(client, Client, "socket(");
    stage.sleeps(client, Client, "connect(");
    stage.lets_go(server, "SYN");
    stage.lets_go(client, "SYN,ACK");
    stage.lets_go(server, "ACK");
    (stage.succeeds(server, Server, "accept("), fd)
}

#[test]
fn the_end_of_a_connection_is_told() {
    for mut stage in stages() {
        let ((server, connection), (client, fd)) = connected(&mut stage, &[]);
        stage.call(server, Server, &format!("close {connection}"));
        let lost = word(&stage, "Lost: the FIN", "丢失的是：FIN");
        let timer = word(&stage, "A retransmission timer runs in the kernel of the", "里的重传定时器正在运行：");
        let first = word(&stage, "It shows as FIN,ACK because", "它显示为 FIN,ACK，因为");
        drops(&mut stage, client, "FIN,ACK", &["close()", lost, timer, first]);
        let counted = word(&stage, "counts the FIN there as one byte", "把 FIN 算作一个字节");
        goes(&mut stage, client, "FIN,ACK", &["ESTABLISHED → CLOSE_WAIT", counted, "ACK seq=j+1 ack=k+2"]);
        let whole = word(&stage, "all data and the FIN have arrived", "所有数据和 FIN 都已收到");
        goes(&mut stage, server, "ACK", &["FIN_WAIT1 → FIN_WAIT2", whole]);
        stage.call(client, Client, &format!("close {fd}"));
        goes(&mut stage, server, "FIN,ACK", &["FIN_WAIT2 → TIME_WAIT", "ACK seq=k+2 ack=j+2"]);
        goes(&mut stage, client, "ACK", &["LAST_ACK → CLOSED", whole]);

        let fd = stage.succeeds(client, Client, "socket(");
        stage.call(client, Client, &format!("setsockopt {fd} SO_LINGER 0"));
        stage.sleeps(client, Client, "connect(");
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(server, "ACK");
        stage.succeeds(server, Server, "accept(");
        stage.call(client, Client, &format!("close {fd}"));
        let broken = word(&stage, "RST: break the connection off at once", "RST：要求立即中断连接");
        let lost = word(&stage, "Lost: the RST. It is not repeated", "丢失的是：RST。它不会重传");
        let linger = word(&stage, "since SO_LINGER has 0 seconds", "SO_LINGER 为 0 秒，所以发 RST 而不发 FIN");
        drops(&mut stage, server, "RST,ACK", &["RST,ACK seq=j₂+1", linger, broken, lost]);
        stage.close(&[server, client]);
    }
}

/// The segment that has waited longest, and whose door it waits at.
fn oldest(stage: &Stage, seat: Seat) -> Option<(SegmentId, Side)> {
    let trace = stage.as_trace(seat);
    let view = trace.present();
    let id = *view.waiting().first()?;
    Some((id, if view.segment(id)?.segment.to.port() == 8000 { Server } else { Client }))
}

#[test]
fn probes_are_told_by_the_timer_that_sent_them() {
    for mut stage in stages() {
        let ((server, _), (client, fd)) = connected(&mut stage, &["setsockopt 3 SO_RCVBUF 1"]);
        for _ in 0..10 {
            stage.call(client, Client, &format!("send {fd} {}", "z".repeat(180)));
        }
        let zero = word(&stage, "win=0: its sender's receive buffer is full", "win=0：它的发送方的接收缓存已满");
        for _ in 0..30 {
            stage.until("something waits", |stage| oldest(stage, server).is_some());
            let (id, to) = oldest(&stage, server).unwrap();
            let door = if to == Server { server } else { client };
            stage.until("its door knows it", |stage| oldest(stage, door).is_some_and(|(other, _)| other == id));
            stage.press(door, " ");
            stage.wait_event(server, "it has gone", |event| matches!(event, Event::Delivered(gone) if *gone == id));
            if newest(&stage, server).says.contains(zero) {
                break;
            }
        }
        let probe = word(&stage, "a window probe. The kernel's probe timer ran", "窗口探测。内核的坚持定时器");
        // The lab's timeout for data is long, and the first probe waits for it.
        let end = Instant::now() + Duration::from_secs(100);
        while stage.held(server).is_empty() {
            assert!(Instant::now() < end, "no probe");
            std::thread::sleep(Duration::from_millis(20));
        }
        goes(&mut stage, server, "ACK", &[probe, "ACK seq=k+1"]);
        // The answer moves nothing but the timer.
        let anew = word(&stage, "The probe timer was set anew", "坚持定时器重新开始计时");
        goes(&mut stage, client, "ACK", &[zero, anew]);
        stage.close(&[server, client]);

        let ((server, _), (client, fd)) = connected(&mut stage, &[]);
        stage.call(client, Client, &format!("setsockopt {fd} TCP_KEEPIDLE 1"));
        stage.call(client, Client, &format!("setsockopt {fd} SO_KEEPALIVE 1"));
        let keepalive = word(&stage, "a keepalive. The kernel's keepalive timer ran", "保活探测。内核的保活定时器");
        goes(&mut stage, server, "ACK", &["seq=j ", keepalive, "ACK seq=k+1 ack=j+1"]);
        let same = word(&stage, "Nothing new was acknowledged", "没有确认新的内容");
        let heard = word(&stage, "Keepalive probes without an answer: 1 → 0.", "未获回应的保活探测：1 → 0。");
        goes(&mut stage, client, "ACK", &[same, heard]);
        stage.close(&[server, client]);
    }
}

#[test]
fn datagrams_and_their_answers_are_told() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        let value = |came: Option<sockwalk::model::Outcome>| came.unwrap().unwrap().value;
        let fd = value(stage.call(client, Client, "socket udp"));
        stage.call(client, Client, &format!("sendto {fd} hello"));
        let says = word(&stage, "A UDP datagram of 5 bytes", "一个 5 字节的 UDP 数据报");
        let nobody = word(&stage, "No socket had its address", "没有套接字占有地址");
        goes(&mut stage, server, "UDP", &["sendto()", says, nobody, "ICMP port unreachable"]);
        let answer = word(&stage, "ICMP: no socket has port 8000", "ICMP：没有套接字占有端口 8000");
        let told = word(&stage, "one without is told nothing, unless it has set IP_RECVERR", "没有指定对方的不会得知");
        goes(&mut stage, client, "UDP", &[answer, told]);
        let bound = value(stage.call(server, Server, "socket udp"));
        stage.call(server, Server, &format!("bind {bound}"));
        stage.call(client, Client, &format!("sendto {fd} hello"));
        let lost = word(&stage, "UDP sends nothing again", "UDP 不重传");
        drops(&mut stage, server, "UDP", &[lost]);
        stage.call(client, Client, &format!("sendto {fd} again"));
        let queue = word(&stage, "receive queue", "接收队列");
        goes(&mut stage, server, "UDP", &[says, queue]);
        stage.close(&[server, client]);
    }
}

/// From where to where each segment went that a seat's recording has, those that were sent again apart.
fn sent(stage: &Stage, seat: Seat) -> Vec<(SocketAddr, SocketAddr)> {
    let ends = |event: &Event| match event {
        Event::Sent { segment, again: None, .. } => Some((segment.from, segment.to)),
        _ => None,
    };
    stage.entries(seat).iter().filter_map(|entry| ends(&entry.event)).collect()
}

/// What routers say of a SYN, each with the error that its sender's `connect()` then has.
#[test]
fn what_icmp_says_of_a_segment_is_told() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        stage.succeeds(client, Client, "socket(");
        let soft = word(&stage, "it keeps it as a soft error (RFC 5461)", "它只记作软错误（RFC 5461）");
        for (says, errno, en, zh) in [
            (
                "net-unreachable",
                "ENETUNREACH",
                "a router knows no way to the network of 127.0.0.1",
                "没有通往 127.0.0.1 所在网络的路由",
            ),
            (
                "host-unreachable",
                "EHOSTUNREACH",
                "cannot bring packets to the machine 127.0.0.1",
                "无法把分组交给主机 127.0.0.1",
            ),
            ("port-unreachable", "ECONNREFUSED", "no socket has port 8000", "没有套接字占有端口 8000"),
            (
                "protocol-unreachable",
                "ENOPROTOOPT",
                "127.0.0.1 does not speak the protocol",
                "127.0.0.1 不支持分组所承载的协议",
            ),
            (
                "admin-prohibited",
                "EHOSTUNREACH",
                "a rule forbids packets to 127.0.0.1:8000",
                "有规则禁止发往 127.0.0.1:8000 的分组",
            ),
            ("time-exceeded", "EHOSTUNREACH", "as many routers as its TTL allowed", "经过的路由器数已达到 TTL 的上限"),
        ] {
            // The message is about the newest segment that its receiver has sent: the SYN of this attempt.
            let syns = sent(&stage, client).len();
            stage.sleeps(client, Client, "connect(");
            // Whose end is whose is known once the kernel has told of the socket, which may be after its SYN was seen.
            stage.until("its SYN was sent and its socket is known", |stage| {
                let ends = sent(stage, client).get(syns).copied();
                let is_its = |event: &Event| match event {
                    Event::Socket(facts) => facts.local.zip(facts.remote) == ends,
                    _ => false,
                };
                ends.is_some() && stage.count(client, is_its) > 0
            });
            let arrived = |event: &Event| matches!(event, Event::Delivered(_));
            let before = stage.count(client, arrived);
            stage.types(client, &format!("forge server>client icmp={says}"));
            stage.until("it has arrived", |stage| stage.count(client, arrived) > before);
            let what = word(&stage, en, zh);
            told(&mut stage, client, &[what, soft, "SYN_SENT → CLOSED", &format!("-1 {errno}")]);
        }
        stage.close(&[server, client]);
    }
}

/// What a screen says of a killed process.
#[track_caller]
fn explained(stage: &mut Stage, seat: Seat, en: &str, zh: &str) {
    let wanted = bare(word(stage, en, zh));
    stage.wait(seat, &wanted, |screen| bare(&screens::explanation(screen).concat()).contains(&wanted));
}

/// A killed process: its sleeping call never returns, its kernel sends FIN where all was read, else RST, and its next call is that of a new
/// process, whose numbers begin anew.
#[test]
fn a_killed_process_is_told_by_what_was_there() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        let killed = |event: &Event| matches!(event, Event::Killed(_));
        let listener = stage.succeeds(server, Server, "socket(");
        stage.succeeds(server, Server, "bind(");
        stage.succeeds(server, Server, "listen(");
        stage.sleeps(server, Server, "accept(");
        stage.press(server, "K");
        explained(
            &mut stage,
            server,
            "It was in accept(), which never returns",
            "它当时在 accept() 中，这个调用永远不会返回",
        );
        // There is nothing more to be killed.
        stage.press(server, "K");
        assert_eq!(stage.succeeds(server, Server, "socket("), listener, "a new process counts from the beginning");
        assert_eq!(stage.count(server, killed), 1);
        stage.succeeds(server, Server, "bind(");
        stage.succeeds(server, Server, "listen(");

        // All was read: as after close().
        let (connection, fd) = connects(&mut stage, server, client);
        stage.press(client, "K");
        explained(
            &mut stage,
            client,
            "nothing was left unread, so its kernel sent FIN",
            "没有未读的数据，所以内核发出 FIN",
        );
        let by_end = word(
            &stage,
            "Its process was killed: the kernel closed its socket",
            "它的进程被杀死了：内核关闭了它的套接字",
        );
        goes(&mut stage, server, "FIN,ACK", &[by_end, "ESTABLISHED → CLOSE_WAIT"]);
        stage.call(server, Server, &format!("close {connection}"));
        stage.until("what the end of the first one sent", |stage| stage.held(client).len() >= 2);

        // Something was left unread: RST.
        assert_eq!(stage.succeeds(client, Client, "socket("), fd);
        stage.press(client, "A");
        stage.sleeps(client, Client, "connect(");
        stage.until("the second SYN", |stage| stage.held(server).iter().any(|held| held == "SYN"));
        while stage.held(server).first().is_some_and(|held| held != "SYN") {
            let other = stage.held(server)[0].clone();
            stage.lets_go(server, &other);
        }
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(server, "ACK");
        stage.succeeds(server, Server, "accept(");
        stage.call(client, Client, &format!("send {fd} hello"));
        stage.lets_go(server, "PSH,ACK");
        stage.press(server, "K");
        explained(&mut stage, server, "had 5 bytes that nobody had read", "还有 5 字节没人读取");
        let resets = |event: &Event| match event {
            Event::Sent { segment, .. } => segment.tcp().is_some_and(|tcp| tcp.flags.to_string().contains("RST")),
            _ => false,
        };
        stage.wait_event(client, "its RST", resets);
        stage.close(&[server, client]);
    }
}

#[test]
fn a_socket_that_is_connected_to_itself_is_drawn_at_one_side() {
    for mut stage in stages() {
        let client = stage.join(&["free"]);
        let side = Server;
        let fd = stage.succeeds(client, side, "socket(");
        stage.call(client, side, &format!("bind {fd} :9000"));
        assert_eq!(stage.call(client, side, &format!("connect {fd} :9000")), None);
        stage.wait_text(client, "SYN seq=j");
        stage.lets_go(client, "SYN");
        stage.wait_text(client, "SYN,ACK seq=j ack=j+1");
        stage.wait(client, "an arrow that comes back", |screen| screen.contents().contains("┘"));
        let rows = stage.screen(client).contents();
        let title = rows.lines().find(|row| row.contains("j=")).unwrap().to_owned();
        assert_eq!(title.matches("j=").count(), 1, "{title}");
        let back = rows.lines().any(|row| row.contains("│◀───") && row.contains("───┘"));
        assert!(back && !rows.contains("──▶│"), "{rows}");
        stage.close(&[client]);
    }
}

/// What a person makes is an act of theirs, also where all segments pass by themselves; and a stranger, for whom one was made, is neither
/// of the two sides afterwards.
#[test]
fn what_is_forged_is_told_where_all_pass_and_a_stranger_is_nobodys_side() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.does(Client, &format!("send {fd} hello"));
        let seat = free.seat;
        free.stage.until("its ACK", |stage| stage.count(seat, |event| matches!(event, Event::Delivered(_))) >= 5);
        let forged = |stage: &Stage| {
            let made = |event: &Event| match event {
                Event::Forged { segment, .. } => Some((segment.from, segment.to)),
                _ => None,
            };
            stage.entries(seat).iter().filter_map(|entry| made(&entry.event)).collect::<Vec<_>>()
        };
        for (n, line) in ["forge 1.2.3.4:5>127.0.0.1:8000 flags=SYN seq=7", "forge client>server flags=RST seq=j+6"]
            .iter()
            .enumerate()
        {
            free.stage.types(seat, line);
            free.stage.until("what was made", |stage| forged(stage).len() > n);
            free.sees("A person made it and sent it");
        }
        let own = free.stage.entries(seat).iter().find_map(|entry| match &entry.event {
            Event::Sent { segment, .. } => Some((segment.from, segment.to)),
            _ => None,
        });
        assert_eq!(forged(&free.stage)[1], own.unwrap());
        free.sees("ESTABLISHED → CLOSED");
        assert_eq!(free.does(Server, &format!("recv {peer} 5")), 5);
        free.stage.close(&[seat]);
    }
}
