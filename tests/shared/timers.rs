//! Timers that end something without a segment: the kernel is asked then.

use sockwalk::model::Side;

use crate::common::lab_users;
use crate::option_times::quick;
use crate::stage::Stage;

use Side::{Client, Server};

#[test]
fn a_half_open_connection_that_the_kernel_gives_up_is_seen_to_go() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let free = stage.join(&["free"]);
        for call in ["socket(", "bind(", "listen("] {
            stage.succeeds(free, Server, call);
        }
        stage.types(free, "sysctl tcp_synack_retries=0");
        // Nobody has this address: so no timer of another end has the kernel asked.
        stage.types(free, "forge 127.0.0.1:9>127.0.0.1:8000 flags=SYN seq=1");
        stage.wait_state(free, Server, "SYN_RECV");
        stage.wait_held(free, &["SYN,ACK"]);
        stage.press(free, "x");
        stage.wait_text(free, "127.0.0.1:9 never sees it");
        stage.wait_no_state(free, Server, "SYN_RECV");
        stage.wait_text(free, "No socket of this connection is left in the kernel of the server");
        stage.close(&[free]);
    }
}

#[test]
fn a_connection_that_is_given_up_after_its_user_timeout_is_seen_to_end() {
    for user in lab_users() {
        let (mut stage, free) = quick(user);
        stage.succeeds(free, Client, "socket(");
        stage.sleeps(free, Client, "connect(");
        stage.let_go(free, &["SYN", "SYN,ACK", "ACK"]);
        stage.wait_state(free, Client, "ESTABLISHED");
        assert!(stage.returns(free, Client, "setsockopt(3, TCP_USER_TIMEOUT, 1500)").is_ok());
        assert!(stage.returns(free, Client, "send(3, \"hello\")").is_ok());
        stage.wait_text(free, "resends or gives up in");
        stage.wait_state(free, Client, "CLOSED");
        stage.close(&[free]);
    }
}

/// What a retransmission timer is said to do next it does, whatever the settings are: sends again, or gives up.
#[test]
fn a_retransmission_timer_does_what_was_said_of_it() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let free = stage.join(&["free"]);
        stage.types(free, "sysctl tcp_syn_retries=1");
        stage.types(free, "wire lose all");
        stage.press(free, "\t");
        stage.succeeds(free, Client, "socket(");
        stage.sleeps(free, Client, "connect(");
        stage.wait_text(free, "gives up in");
        stage.wait_state(free, Client, "CLOSED");
        stage.close(&[free]);
        // Three tries are reckoned by the kernel's least timeout, so that of this connection's only one is left.
        for (setting, call, state) in
            [("tcp_retries2=3", "send(3, \"hello\")", "ESTABLISHED"), ("tcp_orphan_retries=2", "close(3)", "FIN_WAIT1")]
        {
            let (mut stage, free) = quick(user);
            stage.types(free, &format!("sysctl {setting}"));
            stage.succeeds(free, Client, "socket(");
            stage.sleeps(free, Client, "connect(");
            stage.let_go(free, &["SYN", "SYN,ACK", "ACK"]);
            stage.wait_state(free, Client, "ESTABLISHED");
            stage.types(free, "wire lose all");
            stage.types(free, call);
            stage.wait_state(free, Client, state);
            stage.wait_text(free, "gives up in");
            stage.wait_state(free, Client, "CLOSED");
            stage.close(&[free]);
        }
    }
}

/// With SYN cookies the kernel keeps nothing of a request: there is no timer, and that is said.
#[test]
fn of_a_syn_cookie_that_is_lost_it_is_said_that_nothing_is_kept() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let free = stage.join(&["free"]);
        for call in ["socket(", "bind(", "listen("] {
            stage.succeeds(free, Server, call);
        }
        stage.types(free, "sysctl tcp_syncookies=2");
        stage.press(free, "\t");
        stage.succeeds(free, Client, "socket(");
        stage.sleeps(free, Client, "connect(");
        stage.lets_go(free, "SYN");
        stage.wait_held(free, &["SYN,ACK"]);
        stage.press(free, "x");
        stage.wait_text(free, "Nothing of the request is kept in the kernel of the server");
        assert!(!stage.sockets(free).iter().any(|socket| socket.state == "SYN_RECV"), "{:?}", stage.sockets(free));
        stage.close(&[free]);
    }
}

/// A listener of IPv6 alone takes nothing that comes by IPv4.
#[test]
fn what_comes_by_ipv4_is_not_a_listeners_of_ipv6_alone() {
    for user in lab_users() {
        for (v6_only, listens) in [(1, false), (0, true)] {
            let mut stage = Stage::of(user);
            let free = stage.join(&["free"]);
            for call in [
                "socket(AF_INET6, SOCK_STREAM, 0)",
                &format!("setsockopt(3, IPPROTO_IPV6, IPV6_V6ONLY, {v6_only})"),
                "bind(3, [::]:8000)",
                "listen(3, 1)",
            ] {
                assert!(stage.returns(free, Server, call).is_ok(), "{call}");
            }
            stage.press(free, "\t");
            stage.succeeds(free, Client, "socket(");
            assert_eq!(stage.call(free, Client, "connect(3, 127.0.0.1:8000)"), None);
            stage.lets_go(free, "SYN");
            let told = if listens { "A socket in LISTEN had its address" } else { "No socket had its address" };
            stage.wait_text(free, told);
            stage.wait_held(free, &[if listens { "SYN,ACK" } else { "RST,ACK" }]);
            stage.close(&[free]);
        }
    }
}
