//! Settings of a shared lab's kernel that are typed: whose they are, what they do, and what can't be set.

use sockwalk::model::{ChangedSetting, Event};
use sockwalk::tcp::TcpOption;

use crate::common::lab_users;
use crate::stage::{Seat, Stage};
use crate::walk::up_to_the_syn;

#[track_caller]
fn is_set(stage: &mut Stage, seat: Seat, before: &str, now: &str) {
    let wanted = ChangedSetting {
        name: "net.ipv4.tcp_timestamps".to_owned(),
        before: Some(before.to_owned()),
        now: Ok(now.to_owned()),
    };
    stage.wait_event(seat, "the setting", |event| matches!(event, Event::Sysctl(changed) if **changed == wanted));
}

/// What the kernel says of the routes in the lab, by ip(8).
#[track_caller]
fn routes_have(stage: &mut Stage, ip: &str, wanted: &str) {
    let told = stage.exec(&[ip, "route", "show", "table", "local"], "");
    stage.wait_said(told, wanted);
    assert!(stage.wait_end(told).success());
}

/// Whether the newest SYN has timestamps (kind 8 of RFC 7323).
fn has_timestamps(stage: &Stage, seat: Seat) -> Option<bool> {
    let entries = stage.entries(seat);
    let syn = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Sent { segment, .. } => Some(segment.header().to_vec()),
        _ => None,
    })?;
    Some(TcpOption::all(&syn).iter().any(|option| matches!(option, TcpOption::Whole(8, _))))
}

#[test]
fn a_typed_setting_holds_in_the_lab_and_is_shown_while_it_differs() {
    for user in lab_users() {
        let (mut stage, server, client) = Stage::with_two(user);
        stage.types(server, "sysctl -w net.ipv4.tcp_timestamps=0");
        for seat in [server, client] {
            is_set(&mut stage, seat, "1", "0");
            stage.wait_text(seat, "tcp_timestamps = 0");
        }
        up_to_the_syn(&mut stage, server, client);
        assert_eq!(has_timestamps(&stage, client), Some(false), "the kernel does without");
        // The whole machine's stays as it is, and what is typed stays to be changed.
        stage.types(server, "sysctl tcp_max_orphans=5");
        stage.wait_text(server, "The whole machine has one");
        stage.press(server, "\u{1b}");
        stage.wait_without(server, "The whole machine has one");
        stage.types(server, "sysctl tcp_timestamps=1");
        is_set(&mut stage, client, "0", "1");
        stage.wait_without(client, "tcp_timestamps = ");
        // What the kernel refuses is told by its errno, and changes nothing.
        stage.types(server, "sysctl tcp_syn_retries=200");
        let is_refused = |event: &Event| matches!(event, Event::Sysctl(changed) if changed.now.is_err());
        stage.wait_event(server, "the kernel's refusal", is_refused);
        stage.wait_text(server, "the kernel refuses net.ipv4.tcp_syn_retries: EINVAL");
        stage.close(&[server, client]);
    }
}

/// A route is changed as ip(8) writes it: for all, and beside the metrics that a lab's routes have anyway.
#[test]
fn a_typed_route_holds_in_the_lab_and_keeps_what_the_line_does_not_name() {
    for user in lab_users() {
        let (mut stage, server, client) = Stage::with_two(user);
        stage.types(server, "ip route change 127.0.0.1 initcwnd 4 hoplimit 9");
        for seat in [server, client] {
            let is_set = |event: &Event| {
                let named =
                    |one: &ChangedSetting| one.name == "ip route 127.0.0.1 hoplimit" && one.now == Ok("9".to_owned());
                matches!(event, Event::Sysctl(changed) if named(changed))
            };
            stage.wait_event(seat, "the route", is_set);
            stage.wait_text(seat, "127.0.0.1 initcwnd = 4");
        }
        up_to_the_syn(&mut stage, server, client);
        let hops = stage.entries(client).iter().rev().find_map(|entry| match &entry.event {
            Event::Sent { segment, .. } => Some(segment.ip().hops),
            _ => None,
        });
        assert_eq!(hops, Some(9), "the kernel heeds it");
        if let Some(ip) = stage.tool("ip", "-V") {
            // What passes by itself has another shortest timeout; nothing else of the route changes by that.
            routes_have(&mut stage, &ip, "advmss 1460 hoplimit 9 initcwnd 4 rto_min lock");
            stage.press(server, "w");
            stage.wait_event(server, "they pass", |event| matches!(event, Event::Passing(_)));
            routes_have(&mut stage, &ip, "advmss 1460 hoplimit 9 initcwnd 4 rto_min lock");
        }
        // What there isn't is told: by the kernel, and where no lab has it.
        stage.types(server, "ip route change 127.0.0.5 mtu 1000");
        stage.wait_text(server, "the kernel refuses ip route 127.0.0.5: ENOENT");
        stage.types(server, "ip route change 10.0.0.1 mtu 1000");
        stage.wait_text(server, "A lab has no route to");
        stage.press(server, "\u{1b}");
        stage.wait_without(server, "A lab has no route to");
        stage.types(server, "ip route change 127.0.0.1 initcwnd 0 hoplimit 0");
        stage.wait_without(client, "127.0.0.1 initcwnd = ");
        stage.close(&[server, client]);
    }
}
