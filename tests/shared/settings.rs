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
