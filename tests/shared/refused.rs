//! What a person wrote and the kernel didn't take, what a timer sent, and what waits unseen: on the kernel, in both languages.

use sockwalk::explain::call_notes;
use sockwalk::model::{Call, Event, Side};

use crate::common::lab_users;
use crate::errors::Free;
use crate::segments::{connected, drops, goes, newest, stages, told, word};
use crate::stage::{Seat, Stage};

use Side::{Client, Server};

/// Makes or changes a segment by hand, and waits until it has arrived.
#[track_caller]
fn makes(stage: &mut Stage, seat: Seat, line: &str, wanted: &[&str]) {
    let arrived = |event: &Event| matches!(event, Event::Delivered(_));
    let before = stage.count(seat, arrived);
    stage.types(seat, line);
    stage.until("it has arrived", |stage| stage.count(seat, arrived) > before);
    told(stage, seat, wanted);
}

/// RFC 5961: only the very next number resets; what was never sent can't be acknowledged.
#[test]
fn what_a_connection_refuses_is_told_as_refused() {
    for mut stage in stages() {
        let ((server, _), (client, _)) = connected(&mut stage, &[]);
        let claimed = word(&stage, "no kernel vouches for it", "没有内核为之担保");
        let goes_on = word(&stage, "The connection goes on", "连接继续");
        let counted = "TCPChallengeACK +1";
        makes(&mut stage, server, "forge client>server flags=RST seq=j+100", &[claimed, goes_on, counted]);
        let stays = word(&stage, "ESTABLISHED was not seen to end", "没有看到 ESTABLISHED 结束");
        makes(&mut stage, server, "forge client>server flags=RST seq=j-100", &[stays]);
        let beyond = word(&stage, "899 beyond all that its receiver has sent", "比它的接收方发送过的还多 899");
        makes(&mut stage, server, "forge client>server flags=ACK seq=j+1 ack=k+900", &[claimed, beyond]);
        let less = word(&stage, "5001 less than its sender's ack before", "上一次的 ack 小 5001");
        makes(&mut stage, server, "forge client>server flags=ACK seq=j+1 ack=k-5000", &[claimed, less]);
        stage.wait_state(server, Server, "ESTABLISHED");
        stage.close(&[server, client]);
    }
}

/// What the header says is the reason, not the number; and a copy of what a person wrote is no kernel's word.
#[test]
fn what_is_damaged_or_bare_is_refused_for_that_and_copied_as_a_persons() {
    for mut stage in stages() {
        let ((server, _), (client, _)) = connected(&mut stage, &[]);
        let damaged = word(&stage, "Its checksum is wrong", "它的校验和是错的");
        let line = "forge client>server flags=RST seq=j+1 checksum=wrong";
        makes(&mut stage, server, line, &[damaged, "TcpInCsumErrors +1"]);
        let bare = word(&stage, "takes nothing without ACK but a SYN or a RST", "除了 SYN 和 RST，连接一概不收");
        makes(&mut stage, server, "forge client>server flags=FIN seq=j+1", &[bare]);
        let copied = word(&stage, "nor what it is a changed copy of", "那一个也不是内核发的");
        let claimed = word(&stage, "no kernel vouches for it", "没有内核为之担保");
        makes(&mut stage, server, "edit flags=ACK ack=k+1", &[copied, claimed]);
        let urgent = word(&stage, "so the byte j+2 is urgent", "序号 j+2 的字节是紧急的");
        let line = "forge client>server flags=ACK,URG seq=j+1 ack=k+1 urg=2 data=ab";
        makes(&mut stage, server, line, &[urgent]);
        stage.wait_state(server, Server, "ESTABLISHED");
        stage.close(&[server, client]);
    }
}

/// The copy brings what its original hasn't brought yet, and the one after it nothing.
#[test]
fn a_copy_of_an_ack_that_still_waits_acknowledges_and_the_next_one_is_a_duplicate() {
    for mut stage in stages() {
        let ((server, _), (client, fd)) = connected(&mut stage, &[]);
        stage.call(client, Client, &format!("send {fd} hello"));
        stage.lets_go(server, "PSH,ACK");
        stage.until("its ACK waits", |stage| stage.held(client) == ["ACK"]);
        let arrived = |event: &Event| matches!(event, Event::Delivered(_));
        for (english, chinese) in [
            ("5 bytes more than its sender's ack before", "5 字节"),
            ("the other end takes it for a duplicate ACK", "另一端就把它当作重复的 ACK"),
        ] {
            let before = stage.count(client, arrived);
            stage.press(client, "R");
            stage.until("the copy has arrived", |stage| stage.count(client, arrived) > before);
            let wanted = word(&stage, english, chinese);
            told(&mut stage, client, &[wanted]);
        }
        stage.close(&[server, client]);
    }
}

/// A SYN,ACK that misses the SYN is answered with RST, and the real one makes the connection: the call isn't said to owe it to a person.
#[test]
fn a_syn_ack_that_misses_the_syn_makes_no_connection() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        let listening = word(&stage, "A RST ends nothing at a listening socket", "RST 不会结束监听套接字的任何东西");
        stage.succeeds(server, Server, "socket(");
        stage.succeeds(server, Server, "bind(");
        stage.succeeds(server, Server, "listen(");
        makes(&mut stage, server, "forge 127.0.0.1:7>127.0.0.1:8000 flags=RST seq=7", &[listening]);
        stage.succeeds(client, Client, "socket(");
        stage.sleeps(client, Client, "connect(");
        stage.lets_go(server, "SYN");
        stage.until("its answer", |stage| stage.held(client).iter().any(|held| held == "SYN,ACK"));
        let wrong = word(&stage, "does not acknowledge the other SYN", "没有确认对方的 SYN");
        makes(&mut stage, client, "edit 3 ack=j+100", &[wrong, "j+1", "RST seq=j+100"]);
        stage.lets_go(client, "SYN,ACK");
        assert_eq!(stage.returned(client, Client).unwrap().value, 0);
        let trace = stage.as_trace(client);
        let view = trace.present();
        let call = view.calls(Client).next().unwrap();
        assert_eq!(call_notes(&view, &call, stage.lang).unwrap(), Vec::<String>::new());
        stage.close(&[server, client]);
    }
}

#[test]
fn what_the_keepalive_timer_sends_is_told_as_its_own() {
    for mut stage in stages() {
        let ((server, _), (client, fd)) = connected(&mut stage, &[]);
        for (option, value) in [("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 1), ("SO_KEEPALIVE", 1)] {
            stage.call(client, Client, &format!("setsockopt {fd} {option} {value}"));
        }
        let sent = word(&stage, "The keepalive timer sent it", "保活定时器发出了它");
        drops(&mut stage, server, "ACK", &[sent]);
        let gave_up = word(&stage, "The keepalive timer gave up", "保活定时器放弃了");
        goes(&mut stage, server, "RST,ACK", &[gave_up, "ESTABLISHED → CLOSED"]);
        stage.close(&[server, client]);
    }
}

/// `tcp_v4_err()`: it ends a request of the listener's, and then there is no connection that it could be about.
#[test]
fn icmp_ends_a_half_open_connection_and_then_finds_none() {
    for mut stage in stages() {
        let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
        stage.succeeds(server, Server, "socket(");
        stage.succeeds(server, Server, "bind(");
        stage.succeeds(server, Server, "listen(");
        stage.succeeds(client, Client, "socket(");
        stage.sleeps(client, Client, "connect(");
        stage.lets_go(server, "SYN");
        stage.wait_state(server, Server, "SYN_RECV");
        let half_open = word(&stage, "a half-open connection (SYN_RECV)", "半连接（SYN_RECV）");
        let counted = word(&stage, "half-open connections that it gave up", "放弃的半连接");
        let line = "forge client>server icmp=host-unreachable";
        makes(&mut stage, server, line, &["SYN_RECV → CLOSED", half_open, "ListenDrops +1", counted]);
        let none = word(&stage, "the kernel has none such", "而内核没有这个连接");
        let listens = word(&stage, "A socket in LISTEN had its address", "处于 LISTEN 的套接字占有地址");
        makes(&mut stage, server, line, &[none, listens]);
        stage.close(&[server, client]);
    }
}

#[test]
fn what_waited_corked_is_let_go_by_the_option() {
    for mut stage in stages() {
        let ((server, _), (client, fd)) = connected(&mut stage, &[]);
        for (option, on, off) in [("TCP_CORK", 1, 0), ("TCP_NODELAY", 0, 1)] {
            stage.call(client, Client, &format!("setsockopt {fd} {option} {on}"));
            stage.call(client, Client, &format!("send {fd} hi"));
            if option == "TCP_NODELAY" {
                // Nagle's algorithm holds the second one back.
                stage.call(client, Client, &format!("send {fd} hi"));
            }
            stage.call(client, Client, &format!("setsockopt {fd} {option} {off}"));
            if option == "TCP_NODELAY" {
                stage.lets_go(server, "PSH,ACK");
            }
            let released = word(&stage, "let it go", "放行了它");
            goes(&mut stage, server, "PSH,ACK", &[&format!("setsockopt({option})"), released]);
            while !stage.held(client).is_empty() {
                stage.lets_go(client, "ACK");
            }
        }
        stage.close(&[server, client]);
    }
}

/// The kernel tells the bytes of the first datagram alone to the process that has the socket.
#[test]
fn a_second_datagram_is_said_to_wait_behind_the_first() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let bound = free.does(Server, "socket udp");
        free.does(Server, &format!("bind {bound} :8000"));
        let fd = free.does(Client, "socket udp");
        for said in ["receive queue: 0 → 5", "waits to be received there"] {
            let seat = free.seat;
            free.does(Client, &format!("sendto {fd} hello"));
            goes(&mut free.stage, seat, "UDP", &[said]);
        }
        assert_eq!([(); 2].map(|()| free.does(Server, &format!("recvfrom {bound} 9"))), [5, 5]);
        free.stage.close(&[free.seat]);
    }
}

/// An IPv6 socket that connects to an IPv4-mapped address speaks IPv4 (RFC 4291, section 2.5.5.2): the kernel tells both its addresses so.
const MAPPED: &str = r#"
import socket
s = socket.socket(socket.AF_INET6)
s.connect(("::ffff:127.0.0.1", 8000))
s.close()
"#;

/// Lets a program make the call of this name, before which it stands.
#[track_caller]
fn makes_call(stage: &mut Stage, seat: Seat, name: &str) {
    let stands = |event: &Event| matches!(event, Event::Stands { call, .. } if call.called() == name);
    stage.wait_event(seat, name, stands);
    stage.press(seat, "e");
    stage.wait_event(seat, "made", |event| matches!(event, Event::Entered { call, .. } if call.called() == name && matches!(call, Call::Program(_))));
}

#[test]
fn the_end_with_a_mapped_address_is_known_by_what_packets_bear() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let free = stage.join(&["free"]);
        stage.succeeds(free, Server, "socket(");
        stage.succeeds(free, Server, "bind(");
        stage.succeeds(free, Server, "listen(");
        let command = stage.command(&["exec", "--", &python, "-c", MAPPED]);
        stage.beside(command, "");
        for name in ["socket", "connect"] {
            makes_call(&mut stage, free, name);
        }
        let mapped = |event: &Event| match event {
            Event::Socket(facts) => facts.local.is_some_and(|local| local.to_string().contains("::ffff:127.0.0.1")),
            _ => false,
        };
        stage.wait_event(free, "the kernel's word on it", mapped);
        goes(&mut stage, free, "SYN", &["Sent by the kernel of the client", "connect() made it"]);
        let wanted = ["SYN_SENT → ESTABLISHED", "connect() of the client returned 0"];
        goes(&mut stage, free, "SYN,ACK", &wanted);
        assert!(!newest(&stage, free).became.contains("No socket had its address"));
        makes_call(&mut stage, free, "close");
        stage.wait_event(free, "the program's end", |event| matches!(event, Event::Left(_)));
        stage.close(&[free]);
    }
}
