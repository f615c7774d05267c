//! What a program does again and again.

use super::*;

fn times(times: usize) -> InARow {
    InARow { times, or_more: false }
}

#[test]
fn what_is_asked_again_and_again_is_counted() {
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    for _ in 0..2 {
        script.reads(0);
    }
    script.finds(&[]);
    script.reads(0);
    script.finds(&[DiagnosisKind::ReadsOn(times(3))]);
    // It sends back the nothing that it has read.
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    for _ in 0..3 {
        script.reads(0);
        script.on_conn(0, Call::send(4, Vec::new()), Ok(Returned::default()));
    }
    script.finds(&[DiagnosisKind::ReadsOn(times(3))]);
    let asks = |waits: bool| {
        let mut script = Script::accepted();
        for _ in 0..20 {
            if waits {
                script.call(0, "epoll_wait", None, None);
                script.returns(0, Ok(Returned { value: 1, ..Returned::default() }));
            }
            script.on_conn(0, Call::recv(4, 1), Err(Errno(libc::EAGAIN)));
        }
        script.kinds()
    };
    assert_eq!(asks(false), [DiagnosisKind::AsksOn(times(20))]);
    assert_eq!(asks(true), []);
}

/// A call that wasn't told may have waited; of the end of the data each further call tells.
#[test]
fn calls_that_were_not_told_make_no_row() {
    let untold = || Event::UntoldCalls { program: 1, calls: 7 };
    let asks = |gap_after: usize| {
        let mut script = Script::accepted();
        for n in 0..30 {
            if n == gap_after {
                script.push(untold());
            }
            script.on_conn(0, Call::recv(4, 1), Err(Errno(libc::EAGAIN)));
        }
        script.kinds()
    };
    assert_eq!(asks(15), []);
    assert_eq!(asks(25), [DiagnosisKind::AsksOn(times(25))]);
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.reads(0);
    script.push(untold());
    script.reads(0);
    script.finds(&[DiagnosisKind::ReadsOn(InARow { times: 3, or_more: true })]);
    let view = script.trace.present();
    let told = standing(&view, script.now)[0].told(&view, Lang::EN).unwrap();
    assert!(told.what.contains("at least 3 times in a row"), "{told:?}");
}
