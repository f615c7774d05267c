//! Who may let a segment go, and who may have segments go by themselves ([`may_release`]).
//!
//! The lab takes one request after the other, and a segment that has gone doesn't wait any more: so none goes twice, and
//! nobody waits for anybody.

use crate::model::{Actor, Connection, Door, Member, SegmentFilter, Side, Trace, may_release};

/// Whether a member may let something go at this door.
pub(super) fn may(member: &Member, door: Option<Door>, members: &[&Member]) -> bool {
    let own: Vec<Actor> = member.actors().collect();
    may_release(member.steps().then_some(&own[..]), door, members)
}

/// Whether a member may decide which segments pass by themselves.
pub(super) fn may_pass(member: &Member, which: SegmentFilter, trace: &Trace) -> bool {
    let members = trace.present().members();
    if member.runs_program() {
        // Who wants its program to run on asks for it where nobody is who could let a segment go.
        return which == SegmentFilter::All && !members.iter().any(|other| other.steps());
    }
    let there = || members.iter().flat_map(|other| other.actors()).chain(Side::BOTH.map(Actor::from));
    let all = || there().all(|actor| may(member, Some(Door::Of(actor)), &members));
    match which {
        SegmentFilter::All => all(),
        SegmentFilter::To(actor) => may(member, Some(Door::Of(actor)), &members),
        SegmentFilter::Of(connection) => all() || may_at_an_end(member, connection, trace),
    }
}

/// Where both ends of a connection are one side's, who drives that side decides for the whole of it.
fn may_at_an_end(member: &Member, connection: Connection, trace: &Trace) -> bool {
    let members = trace.present().members();
    connection.ends().into_iter().all(|end| may(member, trace.owner_of(end).map(Door::Of), &members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::model::{Event, Role, testing::socket};
    use crate::tcp::State;

    fn member(number: u32, role: Role) -> Member {
        Member { number, pid: number, nth: 1, role }
    }

    #[test]
    fn each_side_keeps_its_own_door() {
        let server = member(1, Role::Drives(vec![Side::Server]));
        let client = member(2, Role::Drives(vec![Side::Client]));
        let free = member(3, Role::Drives(Side::BOTH.to_vec()));
        let (watch, program) = (member(4, Role::Watches), member(5, Role::Runs("nc".into())));
        let all = [&server, &client, &watch, &program];
        let [to_server, to_client] = Side::BOTH.map(|side| Some(Door::Of(side.into())));
        assert!(may(&server, to_server, &all) && !may(&server, to_client, &all));
        assert!(may(&client, to_client, &all) && !may(&client, to_server, &all));
        assert!(may(&server, None, &all) && may(&client, None, &all));
        for idle in [&watch, &program] {
            assert!(![to_server, to_client, None].into_iter().any(|door| may(idle, door, &all)));
        }
        let alone = [&server, &program];
        assert!(may(&server, to_client, &alone), "the client's process has ended");
        assert!(Side::BOTH.into_iter().all(|side| may(&free, Some(Door::OfSide(side)), &[&free])));
    }

    #[test]
    fn a_segment_waits_at_its_receivers_door() {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let mut trace = Trace::default();
        let listener = socket(1, Side::Server, None, State::Listen, (Some(end(8000)), None));
        let client = socket(2, Side::Client, None, State::SynSent, (Some(end(4000)), Some(end(9))));
        trace.push(Duration::ZERO, Event::Socket(listener));
        trace.push(Duration::ZERO, Event::Socket(client));
        let at = |from, to| trace.door(&crate::tcp::testing::segment(end(from), end(to), 0, 0, &["SYN"], b""));
        assert_eq!(at(4000, 8000), Some(Door::Of(Side::Server.into())));
        assert_eq!(at(8000, 4000), Some(Door::Of(Side::Client.into())));
        assert_eq!(at(4000, 9), Some(Door::OfSide(Side::Server)), "nobody listens there");
        assert_eq!(at(10, 9), None);
    }

    #[test]
    fn who_drives_one_side_of_two_decides_for_its_own_door_alone() {
        let server = member(1, Role::Drives(vec![Side::Server]));
        let client = member(2, Role::Drives(vec![Side::Client]));
        let mut trace = Trace::default();
        trace.push(Duration::ZERO, Event::Joined(server.clone()));
        assert!(may_pass(&server, SegmentFilter::All, &trace));
        trace.push(Duration::ZERO, Event::Joined(client.clone()));
        assert!(
            !may_pass(&server, SegmentFilter::All, &trace)
                && may_pass(&server, SegmentFilter::To(Side::Server.into()), &trace)
        );
        trace.push(Duration::ZERO, Event::Left(client));
        assert!(may_pass(&server, SegmentFilter::All, &trace));
    }

    #[test]
    fn who_runs_a_program_lets_all_pass_where_nobody_drives() {
        let (program, watch) = (member(1, Role::Runs("nc".into())), member(2, Role::Watches));
        let server = member(3, Role::Drives(vec![Side::Server]));
        let mut trace = Trace::default();
        trace.push(Duration::ZERO, Event::Joined(program.clone()));
        trace.push(Duration::ZERO, Event::Joined(watch.clone()));
        assert!(may_pass(&program, SegmentFilter::All, &trace) && !may_pass(&watch, SegmentFilter::All, &trace));
        assert!(!may_pass(&program, SegmentFilter::To(Side::Server.into()), &trace));
        trace.push(Duration::ZERO, Event::Joined(server));
        assert!(!may_pass(&program, SegmentFilter::All, &trace));
    }
}
