//! Which socket takes what comes to an address.

use super::super::super::own_address::{OwnAddress, open_at};
use super::*;
use crate::model::{Returned, SocketOption};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Listeners of the server's at these addresses, each with IPV6_V6ONLY switched on or off; their cookies count from 1.
fn listeners(all: &[(&str, bool)]) -> Script {
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    let mut returns = |call: Call, value: i64| {
        script.push(Event::Entered { caller: Side::Server.into(), call });
        let outcome = Ok(Returned { value, ..Returned::default() });
        script.push(Event::Returned { caller: Side::Server.into(), outcome });
    };
    for (fd, (at, v6_only)) in (3..).zip(all) {
        returns(Call::Socket { ipv6: address(at).is_ipv6(), udp: false }, i64::from(fd));
        let option = SocketOption::V6_ONLY;
        returns(Call::SetOption { fd, option, value: i32::from(*v6_only) }, 0);
    }
    for (fd, (at, _)) in (3..).zip(all) {
        script.socket(fd as u64 - 2, State::Listen, 8000, |facts| {
            (facts.fd, facts.local, facts.remote) = (Some(fd), Some(address(at)), None);
        });
    }
    script
}

/// Bound where, IPV6_V6ONLY, to where something comes, and whether that is the socket's.
const TAKES: &[(&str, bool, &str, bool)] = &[
    ("127.0.0.1:8000", false, "127.0.0.1:8000", true),
    ("127.0.0.1:8000", false, "127.0.0.1:8001", false),
    ("127.0.0.1:8000", false, "127.0.0.2:8000", false),
    ("0.0.0.0:8000", false, "127.0.0.2:8000", true),
    ("0.0.0.0:8000", false, "[::1]:8000", false),
    ("[::]:8000", false, "127.0.0.1:8000", true),
    ("[::]:8000", true, "127.0.0.1:8000", false),
    ("[::]:8000", true, "[::1]:8000", true),
    ("[::1]:8000", false, "127.0.0.1:8000", false),
    ("[::1]:8000", false, "[::1]:8000", true),
    ("[::ffff:127.0.0.1]:8000", false, "127.0.0.1:8000", true),
    ("[::ffff:0.0.0.0]:8000", false, "127.0.0.1:8000", true),
    ("[::ffff:0.0.0.0]:8000", false, "[::1]:8000", false),
];

#[test]
fn calls_and_segments_have_one_rule_for_whose_an_address_is() {
    for (at, v6_only, to, taken) in TAKES {
        let case = format!("{at}, IPV6_V6ONLY {v6_only}, {to}");
        let mut script = listeners(&[(at, *v6_only)]);
        let view = script.0.present();
        let own = OwnAddress::of(&view, &view.socket(1).unwrap()).unwrap();
        assert_eq!((own.has(address(to)), open_at(&view, address(to), false).len() == 1), (*taken, *taken), "{case}");
        let from = if address(to).is_ipv4() { "127.0.0.1:40000" } else { "[::1]:40000" };
        let syn = segment(address(from), address(to), 100, 0, &["SYN"], b"");
        let id = script.made(syn);
        let told = script.story(id).became;
        assert_eq!(told.contains(&format!("A socket in LISTEN had its address {to}")), *taken, "{case}: {told}");
        assert_eq!(told.contains(&format!("No socket had its address {to}")), !taken, "{case}: {told}");
    }
}

/// The kernel looks for the address itself before it looks for all addresses, and there for the family of the packet.
#[test]
fn of_several_listeners_the_one_that_fits_best_takes_it() {
    let all = [("[::]:8000", false), ("0.0.0.0:8000", false), ("127.0.0.1:8000", false)];
    for (listening, to, wanted) in [
        (&all[..], "127.0.0.1:8000", &[3][..]),
        (&all[..2], "127.0.0.1:8000", &[2]),
        (&all, "127.0.0.2:8000", &[2]),
        (&all, "[::1]:8000", &[1]),
        (&[all[2], all[2]], "127.0.0.1:8000", &[2, 1]),
        (&[all[2]], "127.0.0.2:8000", &[]),
    ] {
        let script = listeners(listening);
        let open = open_at(&script.0.present(), address(to), false);
        let cookies: Vec<u64> = open.iter().map(|socket| socket.facts.cookie).collect();
        assert_eq!(cookies, wanted, "{listening:?} {to}");
    }
    // Whichever of two at one address takes the connection, it is the one whose queue grows.
    for taker in [1, 2] {
        let mut script = listeners(&[all[2], all[2]]);
        let ack = script.arrives(40000, (101, 501), &["ACK"], b"");
        script.socket(taker, State::Listen, 8000, |facts| {
            (facts.fd, facts.remote, facts.recv_queue) = (Some(taker as i32 + 2), None, 1);
        });
        let told = script.story(ack).became;
        assert!(told.contains("Connections that wait for accept(): 0 → 1"), "{taker}: {told}");
    }
}
