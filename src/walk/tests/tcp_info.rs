//! Claims on what `TCP_INFO` tells.

use super::*;
use crate::model::{CongestionState, InfoOptions, TcpInfo};

/// A client whose first segment was lost.
fn after_a_loss(world: &mut FakeWorld) {
    world.sockets[0].info = Some(TcpInfo {
        snd_cwnd: Some(1),
        snd_ssthresh: Some(5),
        lost: Some(1),
        backoff: Some(2),
        ca_state: Some(CongestionState::Loss),
        options: Some(InfoOptions(0b11)),
        ..TcpInfo::default()
    });
}

#[test]
fn a_claim_on_tcp_info_is_held_against_each_thing_that_it_names() {
    for (terms, holds, actual) in [
        ("cwnd = 1, ssthresh = 5", true, "cwnd=1 ssthresh=5"),
        ("ssthresh = 5, cwnd = 1", true, "cwnd=1 ssthresh=5"),
        (r#"lost = ">=1", backoff = ">=2""#, true, "lost=1 backoff=2"),
        (r#"ca_state = "Loss", options = ["sack", "timestamps"]"#, true, "ca_state=Loss options=timestamps,sack"),
        ("cwnd = 1, ssthresh = 6", false, "cwnd=1 ssthresh=5"),
        ("cwnd = 2, ssthresh = 5", false, "cwnd=1 ssthresh=5"),
        (r#"lost = ">=2""#, false, "lost=1"),
        (r#"cwnd = 1, ca_state = "Open""#, false, "cwnd=1 ca_state=Loss"),
        (r#"options = ["sack"]"#, false, "options=timestamps,sack"),
        ("options = []", false, "options=timestamps,sack"),
        // What this kernel doesn't tell holds for no number.
        ("delivered = 0", false, "delivered=?"),
        (r#"delivered = ">=0""#, false, "delivered=?"),
    ] {
        let claim = format!("expect = [{{ info = {{ socket = \"client\", {terms} }} }}]");
        let (mut runner, mut world, _) = with_syn(&[step("look", &claim)]);
        after_a_loss(&mut world);
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let found = &claims(&runner)[0];
        let actual = format!("info of client: {actual}");
        assert_eq!((found.0, found.1.split(" / ").nth(1)), (holds, Some(actual.as_str())), "{terms}");
    }
}

#[test]
fn where_the_kernel_tells_nothing_nothing_holds() {
    for (terms, actual) in
        [("cwnd = 10", "cwnd=?"), (r#"ca_state = "Open""#, "ca_state=?"), ("options = []", "options=?")]
    {
        let claim = format!("expect = [{{ info = {{ socket = \"client\", {terms} }} }}]");
        let (mut runner, mut world, _) = with_syn(&[step("look", &claim)]);
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let (held, said) = &claims(&runner)[0];
        assert!(!held && said.ends_with(&format!("/ info of client: {actual}")), "{said}");
    }
}
