//! Which calls the explanation is of: the one that a step made, with what its program called after that without waiting; else the
//! one that changed last.

use crate::model::{Actor, CallView, Event, Side};
use crate::tui::programs::{self, news};
use crate::tui::scene::Scene;
use crate::walk::Free;

/// So many further calls are told.
const FURTHER: usize = 3;

/// The calls that are told, in the order in which they were made.
pub(super) struct ToldCalls<'a> {
    pub(super) first: CallView<'a>,
    pub(super) further: Vec<CallView<'a>>,
}

pub(super) fn calls<'a>(scene: &Scene<'a>) -> Option<ToldCalls<'a>> {
    if let Some(first) = stepped(scene) {
        return Some(ToldCalls { first, further: followed(scene, &first) });
    }
    let newest = newest_call(scene)?;
    // What a program does that isn't stepped pushes away no call of one's own.
    if let Some(first) = acted(scene).filter(|own| own.made.is_none() && newest.made.is_some()) {
        return Some(ToldCalls { first, further: came_back_beside(scene, &first) });
    }
    // The end of a process says nothing of the call before it, which may be why it ends.
    let before = || {
        let mut before = scene.view.calls_of_thread(newest.caller).filter(|call| call.entered < newest.entered);
        before.find(|call| !call.quiet).filter(|call| call.outcome.is_some() && scene.is_fresh(call.changed))
    };
    match before().filter(|_| newest.called() == "exit_group" && !newest.stepped) {
        Some(first) => Some(ToldCalls { first, further: vec![newest] }),
        None => Some(ToldCalls { first: newest, further: came_back_beside(scene, &newest) }),
    }
}

/// The call with which the newest act began, where that was one.
fn acted<'a>(scene: &Scene<'a>) -> Option<CallView<'a>> {
    let acted = scene.app.walk().free().filter(|_| !scene.app.in_past())?.acted();
    let Event::Entered { caller, .. } = &scene.view.trace().entries().get(acted)?.event else { return None };
    // A program's may be seen at the other side since.
    let of_program = scene.view.calls_of_thread(*caller).take_while(|call| call.entered >= acted);
    let own = scene.view.calls(caller.actor).take_while(|call| call.entered >= acted);
    of_program.chain(own).find(|call| call.entered == acted)
}

/// The call that somebody let go last, where nothing was done since.
fn stepped<'a>(scene: &Scene<'a>) -> Option<CallView<'a>> {
    acted(scene).filter(|call| call.stepped)
}

/// What the program has called since a step without waiting, as far as it is news.
fn followed<'a>(scene: &Scene<'a>, step: &CallView<'a>) -> Vec<CallView<'a>> {
    let sides = Side::BOTH.map(|side| Actor { side, ..step.caller.actor });
    let of = |actor: Actor| news(scene.view.calls(actor)).take_while(|call| call.entered > step.entered);
    let mut all: Vec<CallView<'a>> = sides.into_iter().flat_map(of).filter(|call| !call.stands).collect();
    all.sort_by_key(|call| call.entered);
    all.truncate(FURTHER);
    all
}

/// The call that changed last, of the sides that are driven here and of all their children, also those that have ended; else of any.
fn newest_call<'a>(scene: &Scene<'a>) -> Option<CallView<'a>> {
    let newest = |actors: &[Actor]| {
        // What one thread slept in for long may have come back last.
        let back = |actor: &Actor| news(scene.view.own_effects(*actor)).find(|call| !call.is_open());
        let made = |actor: &Actor| news(scene.view.calls(*actor)).filter(|call| !call.stands).take(16);
        let calls = actors.iter().flat_map(|actor| made(actor).chain(back(actor)));
        calls.max_by_key(|call| call.changed)
    };
    let own = scene.app.walk().free().map_or(&[][..], Free::actors);
    let mut driven: Vec<Actor> = own.iter().flat_map(|own| scene.view.family(*own)).collect();
    driven.extend(programs::actors(scene.app));
    let all = || scene.view.all_actors();
    let standing = || scene.view.standing().into_iter().max_by_key(|call| call.changed);
    // What was called before what it brought back beside it.
    let act = |call: &CallView<'a>| {
        let newest = news(scene.view.calls(call.caller.actor)).next().filter(|newest| newest.made.is_none());
        newest.filter(|newest| newest.outcome.is_some() && scene.is_fresh(newest.entered))
    };
    let newest = newest(&driven).or_else(|| newest(&all())).or_else(standing);
    newest.map(|call| act(&call).unwrap_or(call))
}

/// What other threads of the same actor slept in and came back from since the newest act, such as an `accept()` that a `shutdown()` woke.
fn came_back_beside<'a>(scene: &Scene<'a>, call: &CallView<'a>) -> Vec<CallView<'a>> {
    let back = scene.view.own_effects(call.caller.actor).skip_while(CallView::is_open);
    let back = back.take_while(|other| scene.is_fresh(other.changed));
    back.filter(|other| other.made.is_none() && other.caller != call.caller && other.outcome.is_some()).collect()
}
