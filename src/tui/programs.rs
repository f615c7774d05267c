//! Programs in a walk: which of their calls wait, and which of them are shown and meant.

use std::time::Duration;

use super::app::App;
use super::console::Program;
use crate::model::{Actor, CallSite, CallView, HeldCalls, Member, Moment, SegmentFilter, Side, SocketState};
use crate::tcp::State;
use crate::walk::{Free, WalkCommand};

impl App {
    /// Whose calls and sockets a side's pane shows: this process's own, where it makes that side's calls; else the chosen
    /// actor, that of the chosen connection, or the one that went into a call last.
    pub(super) fn shown_actor(&self, side: Side) -> Actor {
        let view = self.view();
        let own = || self.walk.free()?.actor(side);
        let chosen = || self.place.actor.filter(|actor| actor.side == side);
        let of_connection = || {
            let mut ends = view.sockets_of(self.place.only?);
            ends.find_map(|socket| socket.facts.actor().filter(|actor| actor.side == side))
        };
        let newest = || {
            let entered = |actor: &Actor| view.calls(*actor).next().map(|call| call.entered);
            view.actors(side).into_iter().max_by_key(entered)
        };
        let child = || chosen().filter(|actor| view.fork_of(*actor).is_some());
        if let Some(shown) = child().or_else(|| shown(self, side, own())) {
            return shown;
        }
        own().or_else(chosen).or_else(of_connection).or_else(newest).unwrap_or(side.into())
    }
}

/// The programs that run in the lab, at the moment that is looked at.
pub(super) fn programs(app: &App) -> Vec<&Member> {
    app.view().members().into_iter().filter(|member| member.runs_program()).collect()
}

/// The actors that programs are and that have made calls, the servers first.
pub(super) fn actors(app: &App) -> Vec<Actor> {
    let view = app.view();
    let all = view.all_actors().into_iter();
    all.filter(|actor| view.call_count(*actor) > 0 && view.program(*actor).is_some()).collect()
}

/// The call before which a program's thread stands, and which is made next: the chosen one's, else the one that stood first.
pub(super) fn meant_call<'a>(app: &'a App) -> Option<CallView<'a>> {
    if app.in_past() || !app.walk().steps_freely() {
        return None;
    }
    let standing = app.view().standing();
    let chosen = standing.iter().find(|call| Some(call.caller.actor) == app.place.actor);
    let of_server = || standing.iter().find(|call| is_of_server(app, call));
    let server = || of_server().filter(|_| server_comes_first(app));
    chosen.or_else(server).or_else(|| standing.first()).copied()
}

/// The program that the window runs as the server, once it is in the lab.
fn server(app: &App) -> Option<&Member> {
    let process = app.programs.iter().find(|program| program.console.side == Side::Server)?.process()?;
    programs(app).into_iter().find(|program| program.pid == process)
}

/// Whether the window's server makes a call, whichever side's part that is: one may connect somewhere before it listens.
fn is_of_server(app: &App, call: &CallView<'_>) -> bool {
    server(app).is_some_and(|server| server.makes(call.caller.actor))
}

/// Whether the window runs a server for its client, and that hasn't listened yet: what the client does, or sends, would only be
/// refused. Once it has, it may well close its listener before it ends.
fn server_comes_first(app: &App) -> bool {
    let runs = |program: &Program| program.console.side == Side::Server && program.runs();
    let listens = || app.view().living().any(|socket| socket.state == SocketState::Tcp(State::Listen));
    app.programs.len() > 1 && app.programs.iter().any(runs) && !listens() && !has_listened(app)
}

/// Whether the server has made its `listen()`; one that was started again is another one.
fn has_listened(app: &App) -> bool {
    server(app).is_some_and(|server| app.view().has_listened(server))
}

/// Whether the server is between two calls, so that its next one is awaited: it has made none yet, or its newest one has come back or
/// is about to, as it doesn't sleep.
fn server_is_between_calls(app: &App) -> bool {
    let newest = |server: &Member| {
        let calls = server.played().filter_map(|actor| app.view().calls(actor).next());
        calls.max_by_key(|call| call.changed)
    };
    server(app).and_then(newest).is_none_or(|call| call.outcome.is_some() || !(call.blocked || call.stands))
}

/// Whether nothing else goes on next than what the window's server does, as long as nobody else and nothing was chosen.
fn is_servers_turn(app: &App) -> bool {
    let is_servers = |actor| server(app).is_some_and(|server| server.makes(actor));
    app.place.actor.is_none_or(is_servers) && app.place.segment.is_none() && server_comes_first(app)
}

/// Whom Tab chooses as long as the server's next call is awaited: a program that is another one; `None` where none has come to a call.
pub(super) fn client_instead(app: &App) -> Option<Actor> {
    let is_servers = |actor: &Actor| server(app).is_some_and(|server| server.makes(*actor));
    actors(app).into_iter().find(|actor| !is_servers(actor)).filter(|_| awaits_server(app))
}

/// Whether it is the turn of the window's server, and that hasn't come to its next call yet.
pub(super) fn awaits_server(app: &App) -> bool {
    let stands = || meant_call(app).is_some_and(|call| is_of_server(app, &call));
    is_servers_turn(app) && server_is_between_calls(app) && !stands()
}

/// Lets go on what comes next; as long as the server's next call is awaited, that is done once it is known. Any other key takes
/// that back.
pub(super) fn go_on(app: &mut App) {
    app.place.goes_on = awaits_server(app);
    if let Some(order) = next(app) {
        app.does(order);
    }
}

/// Does what was asked for while the server's next call was awaited, when that is over.
pub(super) fn go_on_once_known(app: &mut App) {
    if app.place.goes_on && !awaits_server(app) {
        go_on(app);
    }
}

/// Of an actor's calls, the newest first, those that are news.
pub(super) fn news<'a>(calls: impl Iterator<Item = CallView<'a>>) -> impl Iterator<Item = CallView<'a>> {
    /// So many are looked at: a bound on what one frame costs.
    const SEARCHED: usize = 4096;
    calls.take(SEARCHED).filter(|call| !call.quiet)
}

/// The first moment of what is told as news: since the newest act or step. In the past one entry after the other is looked at: only
/// the newest is news.
pub(super) fn fresh_from(app: &App) -> Moment {
    let view = app.view();
    match (app.in_past(), app.walk().lesson(), app.walk().free()) {
        (true, ..) => view.moment().saturating_sub(1),
        (false, None, Some(free)) => free.acted(),
        _ => view.step().map_or(0, |(_, begun)| begun),
    }
}

/// The call that is shown as code: the chosen one's newest, of a child without one the call that made it; without a choice, the newest of
/// all, and of several that programs stand before, the one that is made next.
pub(super) fn newest_call(app: &App) -> Option<CallView<'_>> {
    let view = app.view();
    let of = |actor: Actor| {
        let newest = news(view.calls(actor)).next().or_else(|| view.calls(actor).next())?;
        // What another thread slept in may have come back since, unless that call brought it back.
        let back = news(view.own_effects(actor)).find(|call| !call.is_open());
        let is_later = |back: &CallView<'_>| back.changed > newest.changed && newest.entered < fresh_from(app);
        Some(back.filter(is_later).unwrap_or(newest))
    };
    match app.place.actor {
        // A child that has made none yet began with its parent's fork().
        Some(actor) => of(actor).or_else(|| {
            let fork = view.fork_of(actor)?;
            let made = |call: &CallView<'_>| {
                call.outcome.is_some_and(|came| came.as_ref().is_ok_and(|came| came.child == Some(actor.nth)))
            };
            view.calls(fork.parent).find(made)
        }),
        None => {
            let newest = view.all_actors().into_iter().filter_map(of).max_by_key(|call| (!call.quiet, call.changed));
            let stands = newest.filter(|call| call.stands).and_then(|_| meant_call(app));
            stands.or(newest)
        }
    }
}

/// Where in its source a program makes that call, where that was looked for.
pub(super) fn site(app: &App) -> Option<&CallSite> {
    newest_call(app)?.made?.site.as_deref()
}

/// What goes on next where both a segment and a call wait: what was chosen, else what has waited longer. As long as the server's
/// calls come first, nothing else does.
pub(super) fn next(app: &App) -> Option<WalkCommand> {
    let segment = app.meant_held().filter(|id| app.is_at_own_door(*id));
    let call = meant_call(app);
    if is_servers_turn(app) {
        let of_server = call.filter(|call| is_of_server(app, call));
        if of_server.is_some() || server_is_between_calls(app) {
            return of_server.map(|call| WalkCommand::LetCall(call.caller));
        }
    }
    let call_goes = match (segment, &call) {
        (None, call) => call.is_some(),
        (Some(_), None) => false,
        (Some(id), Some(call)) => {
            let held = app.walk().trace().segment_records().get(id.0 as usize).and_then(|record| record.held);
            app.place.segment.is_none() && held.is_none_or(|held| call.entered < held)
        }
    };
    if call_goes { call.map(|call| WalkCommand::LetCall(call.caller)) } else { segment.map(WalkCommand::Deliver) }
}

/// The program that is chosen, which the rules are for then; `None` where they are for all.
fn chosen(app: &App) -> Option<&Member> {
    let actor = app.place.actor?;
    programs(app).into_iter().find(|program| program.makes(actor))
}

/// The next level at which calls of the chosen program, or of all, wait: the walk's own, every call, none.
pub(super) fn next_hold(app: &App) -> Option<WalkCommand> {
    let of = chosen(app).map(|program| program.number);
    let program = of.or_else(|| Some(programs(app).first()?.number))?;
    let next = match app.view().holding(program) {
        HeldCalls::Walk => HeldCalls::All,
        HeldCalls::All => HeldCalls::None,
        HeldCalls::None => HeldCalls::Walk,
    };
    Some(WalkCommand::Hold(of, next))
}

/// The segments that are meant with the chosen program: those to it; of all programs, all.
pub(super) fn meant_segments(app: &App) -> SegmentFilter {
    let actor = chosen(app).and(app.place.actor);
    actor.map_or(SegmentFilter::All, SegmentFilter::To)
}

/// Lets the chosen program, or all, run: no call and no segment waits. Where that is so already, they wait again.
pub(super) fn run_on(app: &App) -> Vec<WalkCommand> {
    let (of, which) = (chosen(app).map(|program| program.number), meant_segments(app));
    let fits = |program: &&Member| of.is_none_or(|of| of == program.number);
    let mut meant = programs(app).into_iter().filter(fits);
    let no_call_waits = meant.all(|one| app.view().holding(one.number) == HeldCalls::None);
    let passing = app.view().passing().and_then(|passing| passing.rule(which));
    let (held, delay) = match (no_call_waits, passing) {
        (true, Some(Duration::ZERO)) => (HeldCalls::Walk, None),
        _ => (HeldCalls::None, Some(Duration::ZERO)),
    };
    vec![WalkCommand::Pass(which, delay), WalkCommand::Hold(of, held)]
}

/// Which calls wait, each level with the programs for which it holds, the first program's at first.
pub(super) fn levels(app: &App) -> Vec<(HeldCalls, Vec<&Member>)> {
    let mut levels: Vec<(HeldCalls, Vec<&Member>)> = Vec::new();
    for program in programs(app) {
        let held = app.view().holding(program.number);
        match levels.iter_mut().find(|(level, _)| *level == held) {
            Some((_, of)) => of.push(program),
            None => levels.push((held, vec![program])),
        }
    }
    levels
}

/// Whether a program runs here, whose calls may be held.
pub(super) fn may_hold(app: &App) -> bool {
    app.walk().steps_freely() && !programs(app).is_empty()
}

/// Whose calls a side's pane shows where programs run: the chosen one's; else one's own, if there are any; else the program's
/// that made a call last.
fn shown(app: &App, side: Side, own: Option<Actor>) -> Option<Actor> {
    let view = app.view();
    let there: Vec<Actor> = actors(app).into_iter().filter(|actor| actor.side == side).collect();
    // Somebody else's pane is looked at as one's own is.
    let is_others = |actor: &Actor| view.program(*actor).is_none() && view.actors(side).contains(actor);
    let is_there = |actor: &Actor| there.contains(actor) || Some(*actor) == own || is_others(actor);
    let newest = there.iter().copied().max_by_key(|actor| view.calls(*actor).next().map(|call| call.changed));
    let own = own.filter(|own| newest.is_none() || view.call_count(*own) > 0);
    app.place.actor.filter(|actor| actor.side == side && is_there(actor)).or(own).or(newest)
}

/// Who is chosen next: each one that makes calls, in order, and then nobody. Of those whose calls are made here the first one's are
/// offered already, so it comes last.
pub(super) fn next_actor(app: &App) -> Option<Actor> {
    if let Some(client) = client_instead(app) {
        return Some(client);
    }
    let view = app.view();
    let drives = app.walk.free().map_or(&[][..], Free::actors);
    let mut own = view.with_children(drives);
    let programs = actors(app);
    if programs.is_empty() {
        let first = own.len().min(1);
        own.rotate_left(first);
    }
    let others: Vec<Actor> = match drives.len() {
        _ if !programs.is_empty() => programs,
        // With nobody chosen, `w` lets the segments to all pass.
        2.. => Vec::new(),
        _ => view.all_actors().into_iter().filter(|actor| !view.has_ended(*actor)).collect(),
    };
    let others = others.into_iter().filter(|actor| !own.contains(actor)).collect::<Vec<_>>();
    let mut all = own.into_iter().chain(others);
    match app.place.actor {
        None => all.next(),
        Some(chosen) => all.skip_while(|actor| *actor != chosen).nth(1),
    }
}

/// A child that was chosen and has ended makes no call any more: the process that came, whose child it was, is chosen in its place, as
/// its calls are offered. Of the past it is still looked at.
pub(super) fn leave_the_ended(app: &mut App) {
    let Some(chosen) = app.place.actor.filter(|_| !app.in_past()) else { return };
    let trace = app.walk.trace();
    let root = trace.root_of(chosen);
    if trace.present().has_ended(chosen) && app.walk.driven().contains(&root) {
        app.place.actor = Some(root);
    }
}
