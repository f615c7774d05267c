//! What a lesson's sockets are, told by what its steps do with them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Step};
use crate::model::{Mode, Side, SocketKind, Sockets};

/// The sockets that the steps of a mode make.
pub(super) fn sockets(steps: &[Step], mode: Mode) -> Sockets {
    let here = |step: &&Step| step.modes.contains(&mode);
    let actions = || steps.iter().filter(here).filter_map(|step| step.action.as_ref());
    let listens = |action: &Action| match action {
        Action::Listen { socket, .. } => Some(socket.clone()),
        _ => None,
    };
    let listeners: BTreeSet<String> = actions().filter_map(listens).collect();
    let mut made: Vec<(String, Side, SocketKind)> = Vec::new();
    let mut sides: BTreeMap<&str, Side> = BTreeMap::new();
    for action in actions() {
        let (name, side, kind) = match action {
            Action::Socket { name, side, udp: true, .. } => (name, *side, SocketKind::Datagram),
            Action::Socket { name, side, .. } if listeners.contains(name) => (name, *side, SocketKind::Listener),
            Action::Socket { name, side, .. } => (name, *side, SocketKind::Stream),
            Action::Accept { socket, name } => {
                (name, sides.get(socket.as_str()).copied().unwrap_or(Side::Server), SocketKind::Connection)
            }
            _ => continue,
        };
        if sides.insert(name, side).is_none() {
            made.push((name.clone(), side, kind));
        }
    }
    Sockets::new(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::builtin;

    #[test]
    fn a_lessons_sockets_are_what_its_steps_make_of_them() {
        let of = |lesson: &str, mode: Mode, name: &str| {
            let lesson = builtin(lesson).unwrap().unwrap();
            lesson.sockets_in(mode).role(name).map(|role| (role.side, role.kind, role.nth))
        };
        let table = [
            ("handshake", Mode::Lab, "listener", Some((Side::Server, SocketKind::Listener, None))),
            ("handshake", Mode::Host, "client", Some((Side::Client, SocketKind::Stream, Some(3)))),
            ("handshake", Mode::Lab, "client", Some((Side::Client, SocketKind::Stream, None))),
            ("handshake", Mode::Lab, "conn", Some((Side::Server, SocketKind::Connection, None))),
            ("handshake", Mode::Lab, "nothing", None),
            ("udp", Mode::Lab, "server", Some((Side::Server, SocketKind::Datagram, None))),
            ("backlog", Mode::Lab, "client-b", Some((Side::Client, SocketKind::Stream, Some(2)))),
        ];
        for (lesson, mode, name, wanted) in table {
            assert_eq!(of(lesson, mode, name), wanted, "{lesson} {name}");
        }
    }
}
