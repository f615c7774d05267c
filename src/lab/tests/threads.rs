//! Which thread of a side makes its next call.

use super::tables::{CLIENT, SERVER, both};
use super::*;
use crate::model::Caller;

/// The threads that were told to make a call, in order.
fn made_by(kernel: &Kernel) -> Vec<u32> {
    let made = kernel.effects.iter().filter_map(|effect| match effect {
        Effect::Make(_, thread, _) => Some(thread.worker),
        _ => None,
    });
    made.collect()
}

#[test]
fn while_a_thread_sleeps_the_next_free_one_makes_the_next_call() {
    let mut kernel = Kernel::with(&both());
    let asks = |kernel: &mut Kernel| kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    let sleeps = |kernel: &mut Kernel, worker| kernel.tell(Input::Blocked(SERVER, (Side::Server, worker).into()));
    let returns =
        |kernel: &mut Kernel, worker| kernel.tell(Input::Returned(SERVER, (Side::Server, worker).into(), returned(0)));
    asks(&mut kernel);
    // As long as it isn't known to sleep, nothing overtakes it.
    asks(&mut kernel);
    assert_eq!(made_by(&kernel), [0]);
    sleeps(&mut kernel, 0);
    asks(&mut kernel);
    asks(&mut kernel);
    assert_eq!(made_by(&kernel), [0, 2], "the one on its way isn't overtaken either");
    sleeps(&mut kernel, 2);
    asks(&mut kernel);
    sleeps(&mut kernel, 3);
    returns(&mut kernel, 2);
    asks(&mut kernel);
    assert_eq!(made_by(&kernel), [0, 2, 3, 2], "who is free again is called again");
    sleeps(&mut kernel, 2);
    returns(&mut kernel, 0);
    asks(&mut kernel);
    assert_eq!(made_by(&kernel), [0, 2, 3, 2, 0], "the main thread before all others");
    // Whoever goes on with the lab knows who is in a call.
    sleeps(&mut kernel, 0);
    kernel.moves();
    asks(&mut kernel);
    assert_eq!(made_by(&kernel).last(), Some(&4));
    let open = kernel.lab.trace().present().open_calls(Side::Server);
    assert_eq!(open.iter().map(|call| call.caller.worker).collect::<Vec<_>>(), [0, 2, 3, 4]);
    assert_eq!(open.iter().filter(|call| call.blocked).count(), 3);
}

#[test]
fn no_more_threads_make_calls_than_there_may_be() {
    let mut kernel = Kernel::with(&both());
    for _ in 0..40 {
        kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
        let newest = made_by(&kernel).last().copied().unwrap();
        kernel.tell(Input::Blocked(SERVER, (Side::Server, newest).into()));
    }
    let made = made_by(&kernel);
    assert_eq!((made.len(), made.last()), (Caller::LAST as usize, Some(&Caller::LAST)));
    assert!(kernel.lab.trace().present().busy_in(Side::Server).is_some());
    // Each thread can be interrupted, and the other side's calls are its own.
    kernel.asks(SERVER, Request::Interrupt(Side::Server.into(), 7));
    kernel.asks(CLIENT, Request::Interrupt(Side::Server.into(), 7));
    let interrupts = kernel.effects.iter().filter(|effect| matches!(effect, Effect::Interrupt(..)));
    assert_eq!(interrupts.collect::<Vec<_>>(), [&Effect::Interrupt(SERVER, (Side::Server, 7).into())]);
}
