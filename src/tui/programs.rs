//! Programs in a walk: which of their calls wait, and which of them are shown and meant.

use std::time::Duration;

use super::app::App;
use super::console::{Program, ProgramCourse};
use crate::model::{Actor, CallSite, CallView, HeldCalls, Member, SegmentFilter, Side, SocketState};
use crate::tcp::State;
use crate::walk::WalkCommand;

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
        if let Some(shown) = shown(self, side, own()) {
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
    let all = Side::BOTH.into_iter().flat_map(|side| view.actors(side));
    all.filter(|actor| view.call_count(*actor) > 0 && view.program(*actor).is_some()).collect()
}

/// The call before which a program's thread stands, and which is made next: the chosen one's, else the one that stood first.
pub(super) fn meant_call<'a>(app: &'a App) -> Option<CallView<'a>> {
    if app.in_past() || !app.walk().steps_freely() {
        return None;
    }
    let standing = app.view().standing();
    let chosen = standing.iter().find(|call| Some(call.caller.actor) == app.place.actor);
    let of_server = || standing.iter().find(|call| call.caller.actor.side == Side::Server);
    let server = || of_server().filter(|_| server_comes_first(app));
    chosen.or_else(server).or_else(|| standing.first()).copied()
}

/// Whether the window runs a server for its client, and nobody listens yet: what the client does, or sends, would only be refused.
fn server_comes_first(app: &App) -> bool {
    let runs = |program: &Program| program.console.side == Side::Server && program.course == ProgramCourse::Runs;
    let listens = || app.view().living().any(|socket| socket.state == SocketState::Tcp(State::Listen));
    app.programs.len() > 1 && app.programs.iter().any(runs) && !listens()
}

/// Whether the server is between two calls, so that its next one is awaited: it has made none yet, or its newest one has come back.
fn server_is_between_calls(app: &App) -> bool {
    let view = app.view();
    let servers = view.actors(Side::Server).into_iter().filter(|actor| view.program(*actor).is_some());
    let newest = servers.filter_map(|actor| view.calls(actor).next()).max_by_key(|call| call.changed);
    newest.is_none_or(|call| call.outcome.is_some())
}

/// The call that is shown as code: the chosen one's newest; without a choice, the newest of all, and of several that programs
/// stand before, the one that is made next.
pub(super) fn newest_call(app: &App) -> Option<CallView<'_>> {
    let view = app.view();
    let of = |actor: Actor| view.calls(actor).next();
    match app.place.actor {
        Some(actor) => of(actor),
        None => {
            let all = Side::BOTH.into_iter().flat_map(|side| view.actors(side));
            let newest = all.filter_map(of).max_by_key(|call| (call.since, call.changed));
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
    if app.place.actor.is_none() && app.place.segment.is_none() && server_comes_first(app) {
        let of_server = call.filter(|call| call.caller.actor.side == Side::Server);
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
    let is_there = |actor: &Actor| there.contains(actor) || Some(*actor) == own;
    let newest = there.iter().copied().max_by_key(|actor| view.calls(*actor).next().map(|call| call.changed));
    let own = own.filter(|own| newest.is_none() || view.call_count(*own) > 0);
    app.place.actor.filter(|actor| actor.side == side && is_there(actor)).or(own).or(newest)
}
