//! What became of a process that was killed: the call in which it was, and each of its descriptors, by what was there and by what then
//! really went out.

use std::fmt::Display;
use std::sync::OnceLock;

use super::forked::ForkTexts;
use super::situation::Situation;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use super::thread_notes::ThreadTexts;
use super::threads::asleep_elsewhere;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Actor, Call, Event, Moment, SocketView, View};
use crate::tcp::{Flags, State};

words! {
    struct KilledTexts {
        killed: Localized,
        held_none: Localized,
        call: Localized,
        listener: Localized,
        waiting: Localized,
        unread: Localized,
        linger: Localized,
        reset: Localized,
        fin: Localized,
        connecting: Localized,
        held: Localized,
        in_use: Localized,
        in_use_listener: Localized,
        ended: Localized,
        closed: Localized,
    }
}

impl BuiltInTexts for KilledTexts {
    const ASSET: &'static str = "text/killed.toml";

    fn kept() -> &'static OnceLock<Result<KilledTexts, Broken>> {
        static KEPT: OnceLock<Result<KilledTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is to be said, at the view's moment, of an actor's process that the entry at `killed` ended: a sentence or two each.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub fn killed(view: &View<'_>, actor: Actor, killed: Moment, lang: Lang) -> Result<Vec<String>, Broken> {
    let words = Spoken::<KilledTexts>::load(lang)?;
    let before = view.trace().at(killed);
    let first = |socket: &SocketView<'_>| socket.facts.fds_of(actor).first().copied();
    let mut sockets: Vec<(i32, SocketView<'_>)> =
        before.living().filter_map(|socket| Some((first(&socket)?, socket))).collect();
    sockets.sort_by_key(|(fd, _)| *fd);
    let fds: Vec<String> = sockets.iter().map(|(fd, _)| fd.to_string()).collect();
    let mut told = vec![match fds.as_slice() {
        [] => words.say(|t| &t.held_none, &[]),
        fds => words.say(|t| &t.killed, &[("fds", &fds.join(&Spoken::<ForkTexts>::load(lang)?.and()))]),
    }];
    for call in before.open_calls(actor) {
        told.push(words.say(|t| &t.call, &[("call", &format!("{}()", call.called()))]));
    }
    for (fd, socket) in &sockets {
        told.push(match still_held(&before, actor, (*fd, socket), words)? {
            Some(held) => held,
            None => {
                let resets = Situation::at(&before, actor, &Call::Close { fd: *fd }).linger == Some(0);
                of_descriptor(view, killed, (*fd, socket), resets, words)
            }
        });
    }
    Ok(told)
}

/// What is said of a descriptor whose socket has not ended with it: another process has it open too, or sleeps in a call on it.
fn still_held(
    before: &View<'_>,
    actor: Actor,
    (fd, socket): (i32, &SocketView<'_>),
    words: Spoken<KilledTexts>,
) -> Result<Option<String>, Broken> {
    let others = socket.facts.others_than(actor).into_iter();
    let others: Vec<(Actor, Vec<i32>)> = others.map(|other| (other, socket.facts.fds_of(other))).collect();
    if !others.is_empty() {
        let others = Spoken::<ForkTexts>::load(words.lang)?.held(before, actor, &others);
        return Ok(Some(words.say(|t| &t.held, &[("fd", &fd), ("others", &others)])));
    }
    let asleep: Vec<Moment> = asleep_elsewhere(before, actor, fd).iter().map(|call| call.entered).collect();
    if asleep.is_empty() {
        return Ok(None);
    }
    let calls = Spoken::<ThreadTexts>::load(words.lang)?.calls(before, actor, &asleep);
    let listens = socket.state.tcp() == Some(State::Listen);
    let text: fn(&KilledTexts) -> &Localized = if listens { |t| &t.in_use_listener } else { |t| &t.in_use };
    Ok(Some(words.say(text, &[("fd", &fd), ("calls", &calls)])))
}

/// What the kernel did with one descriptor's socket.
fn of_descriptor(
    view: &View<'_>,
    killed: Moment,
    (fd, socket): (i32, &SocketView<'_>),
    resets: bool,
    words: Spoken<KilledTexts>,
) -> String {
    let facts: &[(&str, &dyn Display)] = &[("fd", &fd)];
    let Some(state) = socket.state.tcp() else { return words.say(|t| &t.closed, facts) };
    // The other end's FIN counts as one more byte until recv() has returned 0.
    let unread = socket.facts.recv_queue.saturating_sub(u32::from(state == State::CloseWait));
    let sent = |flag: Flags| went_out(view, killed, socket, flag);
    match state {
        State::Listen if socket.facts.recv_queue > 0 => {
            words.say(|t| &t.waiting, &[("fd", &fd), ("n", &socket.facts.recv_queue)])
        }
        State::Listen => words.say(|t| &t.listener, facts),
        State::SynSent => words.say(|t| &t.connecting, facts),
        _ if sent(Flags::RST) && unread > 0 => words.say(|t| &t.unread, &[("fd", &fd), ("n", &unread)]),
        _ if sent(Flags::RST) && resets => words.say(|t| &t.linger, facts),
        _ if sent(Flags::RST) => words.say(|t| &t.reset, facts),
        _ if sent(Flags::FIN) => words.say(|t| &t.fin, facts),
        State::Closed | State::Established | State::CloseWait | State::SynRecv => words.say(|t| &t.closed, facts),
        _ => words.say(|t| &t.ended, &[("fd", &fd), ("state", &state)]),
    }
}

/// Whether a socket has sent a segment with this flag since the process was killed, before anything else was made.
fn went_out(view: &View<'_>, killed: Moment, socket: &SocketView<'_>, flag: Flags) -> bool {
    let Some((local, remote)) = socket.facts.ends() else { return false };
    let since = view.trace().entries().get(killed..view.moment()).unwrap_or(&[]).iter();
    let until_next = since.take_while(|entry| !matches!(entry.event, Event::Entered { .. }));
    let mut segments = until_next.filter_map(|entry| match &entry.event {
        Event::Sent { segment, .. } => Some(segment),
        _ => None,
    });
    segments.any(|segment| {
        (segment.from, segment.to) == (local, remote) && segment.tcp().is_some_and(|tcp| tcp.flags.has(flag))
    })
}
