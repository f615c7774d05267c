//! The keeping, on a storage in memory.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::lesson::{Lesson, builtin, builtin_names};
use crate::model::{AnsweredQuestion, Event, Mode, Trace};
use crate::walk::Phase;

/// What lies on a storage, and how it behaves.
#[derive(Default)]
struct Content {
    file: Option<Vec<u8>>,
    aside: Vec<(String, Vec<u8>)>,
    locked: bool,
    full: bool,
    unreadable: bool,
    writes: usize,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<Content>>);

struct Held(Fake);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.borrow_mut().locked = false;
    }
}

impl Storage for Fake {
    type Lock = Held;

    fn lock(&mut self) -> io::Result<Option<Held>> {
        if std::mem::replace(&mut self.0.borrow_mut().locked, true) {
            return Ok(None);
        }
        Ok(Some(Held(self.clone())))
    }
    fn read(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let content = self.0.borrow();
        if content.unreadable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(content.file.clone().map(|bytes| bytes[..bytes.len().min(most)].to_vec()))
    }
    fn replace(&mut self, bytes: &[u8], _lasting: bool) -> io::Result<()> {
        let mut content = self.0.borrow_mut();
        assert!(content.locked, "written without the lock");
        if content.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.writes += 1;
        content.file = Some(bytes.to_vec());
        Ok(())
    }
    fn set_aside(&mut self, word: &str) -> io::Result<String> {
        let mut content = self.0.borrow_mut();
        assert!(content.locked, "set aside without the lock");
        let bytes = content.file.take().unwrap();
        content.aside.push((word.to_owned(), bytes));
        Ok(format!("{word}-1"))
    }
}

fn never() -> bool {
    false
}

fn reached(step: &str, done: usize, at_ms: u64) -> LessonProgress {
    LessonProgress { step: Some(step.into()), done, of: 26, at_ms, ..LessonProgress::default() }
}

fn holding(bytes: &[u8]) -> Fake {
    let fake = Fake::default();
    fake.0.borrow_mut().file = Some(bytes.to_vec());
    fake
}

fn on(fake: &Fake) -> Progress {
    Progress::parse(fake.0.borrow().file.as_ref().unwrap()).unwrap()
}

#[test]
fn what_is_kept_is_read_again() {
    let fake = Fake::default();
    let (mut store, progress) = ProgressStore::open(fake.clone(), never);
    assert_eq!(progress, Progress::default());
    let mut lesson = reached("syn-arrives", 7, 5);
    lesson.answers = [("connect".to_owned(), Mark::Right), ("accept".to_owned(), Mark::Passed)].into();
    store.keep("handshake", lesson.clone());
    store.finish(never);
    let (store, progress) = ProgressStore::open(fake, never);
    assert_eq!(progress.lessons, [("handshake".to_owned(), lesson)].into());
    assert_eq!(store.troubles().count(), 0);
}

#[test]
fn two_programs_lose_nothing_of_each_other() {
    let fake = Fake::default();
    let (mut one, _) = ProgressStore::open(fake.clone(), never);
    let (mut other, _) = ProgressStore::open(fake.clone(), never);
    one.keep("handshake", reached("syn-arrives", 7, 1));
    other.keep("stream", reached("first-send", 3, 2));
    // In the same lesson the one that is further stays further, and an answer is not lost to a question passed over.
    let mut further = reached("accept", 9, 3);
    further.answers = [("a".to_owned(), Mark::Right), ("b".to_owned(), Mark::Wrong)].into();
    let mut behind = reached("bind", 2, 4);
    behind.answers = [("a".to_owned(), Mark::Passed), ("b".to_owned(), Mark::Right)].into();
    one.keep("handshake", further);
    other.keep("handshake", behind);
    let progress = on(&fake);
    assert_eq!(progress.lessons["stream"].done, 3);
    let handshake = &progress.lessons["handshake"];
    assert_eq!((handshake.done, handshake.step.as_deref(), handshake.at_ms), (9, Some("accept"), 4));
    assert_eq!(handshake.answers, [("a".to_owned(), Mark::Right), ("b".to_owned(), Mark::Right)].into());
    assert_eq!(handshake.right(), 2);
}

#[test]
fn a_lock_that_is_held_is_waited_for_only_at_the_end() {
    let fake = Fake::default();
    let (mut store, _) = ProgressStore::open(fake.clone(), never);
    fake.0.borrow_mut().locked = true;
    store.keep("handshake", reached("bind", 2, 1));
    assert_eq!(fake.0.borrow().file, None);
    store.finish(never);
    assert_eq!(store.troubles().collect::<Vec<_>>(), [&Trouble::Locked]);
    let mut tries = 0;
    let content = Rc::clone(&fake.0);
    store.finish(|| {
        tries += 1;
        content.borrow_mut().locked = tries < 3;
        tries < 10
    });
    assert_eq!((tries, on(&fake).lessons["handshake"].done), (3, 2));
    assert_eq!(store.troubles().count(), 0);
}

#[test]
fn who_goes_on_to_another_lesson_while_the_lock_is_held_loses_nothing() {
    let fake = Fake::default();
    let (mut store, _) = ProgressStore::open(fake.clone(), never);
    fake.0.borrow_mut().locked = true;
    store.keep("handshake", reached("bind", 2, 1));
    store.keep("stream", reached("x", 3, 2));
    // It is seen at once, though nothing is written yet.
    let seen = store.look().unwrap();
    assert_eq!((seen.lessons["handshake"].done, seen.lessons["stream"].done), (2, 3));
    assert_eq!(fake.0.borrow().file, None);
    fake.0.borrow_mut().locked = false;
    store.finish(never);
    assert_eq!(on(&fake), seen);
}

#[test]
fn a_full_disk_is_told_and_tried_again() {
    let fake = holding(&Progress::default().render());
    let (mut store, _) = ProgressStore::open(fake.clone(), never);
    fake.0.borrow_mut().full = true;
    store.keep("handshake", reached("bind", 2, 1));
    assert!(matches!(store.troubles().next(), Some(Trouble::CannotWrite(_))));
    assert_eq!(on(&fake), Progress::default());
    fake.0.borrow_mut().full = false;
    store.keep("handshake", reached("listen", 3, 2));
    assert_eq!(store.troubles().count(), 0);
    assert_eq!(on(&fake).lessons["handshake"].done, 3);
}

#[test]
fn what_cannot_be_read_is_not_written_over() {
    let fake = holding(b"{");
    fake.0.borrow_mut().unreadable = true;
    let (mut store, progress) = ProgressStore::open(fake.clone(), never);
    assert_eq!(progress, Progress::default());
    store.keep("handshake", reached("bind", 2, 1));
    assert!(matches!(store.troubles().next(), Some(Trouble::CannotRead(_))));
    assert_eq!(fake.0.borrow().file.as_deref(), Some(b"{".as_slice()));
}

#[test]
fn a_damaged_and_a_newer_file_are_set_aside_whole() {
    let damaged: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".to_vec()),
        ("cut", b"{\"format\":1,\"lessons\":{\"handsh".to_vec()),
        ("not utf-8", b"\xff\xfe".to_vec()),
        ("deep", "[".repeat(100_000).into_bytes()),
        ("too long", " ".repeat(MAX_BYTES + 1).into_bytes()),
        ("an unknown key", b"{\"format\":1,\"lessons\":{},\"more\":1}".to_vec()),
        ("an old format", b"{\"format\":0,\"lessons\":{}}".to_vec()),
        (
            "a name that acts",
            b"{\"format\":1,\"lessons\":{\"\\u001b[2J\":{\"done\":0,\"of\":1,\"finished\":false,\"at_ms\":0}}}"
                .to_vec(),
        ),
        (
            "more than all",
            b"{\"format\":1,\"lessons\":{\"a\":{\"done\":2,\"of\":1,\"finished\":false,\"at_ms\":0}}}".to_vec(),
        ),
        (
            "too many",
            b"{\"format\":1,\"lessons\":{\"a\":{\"done\":2,\"of\":99999999,\"finished\":false,\"at_ms\":0}}}".to_vec(),
        ),
        (
            "a negative",
            b"{\"format\":1,\"lessons\":{\"a\":{\"done\":-1,\"of\":1,\"finished\":false,\"at_ms\":0}}}".to_vec(),
        ),
    ];
    let newer = vec![("newer", b"{\"format\":2,\"chapters\":[]}".to_vec())];
    for (word, files) in [("damaged", damaged), ("newer", newer)] {
        for (what, bytes) in files {
            let fake = holding(&bytes);
            let (mut store, progress) = ProgressStore::open(fake.clone(), never);
            assert_eq!(progress, Progress::default(), "{what}");
            let aside = fake.0.borrow().aside.clone();
            assert_eq!(aside.len(), 1, "{what}");
            assert_eq!((aside[0].0.as_str(), aside[0].1.len()), (word, bytes.len()), "{what}");
            let told: Vec<&Trouble> = store.troubles().collect();
            let expected =
                if word == "newer" { Trouble::Newer("newer-1".into()) } else { Trouble::Damaged("damaged-1".into()) };
            assert_eq!(told, [&expected], "{what}");
            store.keep("handshake", reached("bind", 2, 1));
            assert_eq!(on(&fake).lessons["handshake"].done, 2, "{what}");
        }
    }
}

#[test]
fn clearing_forgets_one_or_all() {
    let fake = Fake::default();
    let (mut store, _) = ProgressStore::open(fake.clone(), never);
    store.keep("handshake", reached("bind", 2, 1));
    store.keep("stream", reached("x", 2, 1));
    assert_eq!(store.clear(Some("close"), never), Ok(0));
    assert_eq!(store.clear(Some("stream"), never), Ok(1));
    assert_eq!(on(&fake).lessons.keys().collect::<Vec<_>>(), ["handshake"]);
    assert_eq!(store.clear(None, never), Ok(1));
    assert_eq!(on(&fake), Progress::default());
    fake.0.borrow_mut().locked = true;
    assert_eq!(store.clear(None, never), Err(Trouble::Locked));
}

#[test]
fn one_goes_on_with_what_was_left_last() {
    let course = ["handshake", "stream", "close"];
    let of = |lessons: &[(&str, usize, bool, u64)]| Progress {
        lessons: lessons
            .iter()
            .map(|(name, done, finished, at)| {
                ((*name).to_owned(), LessonProgress { finished: *finished, ..reached("x", *done, *at) })
            })
            .collect(),
    };
    for (lessons, next) in [
        (&[][..], "handshake"),
        (&[("handshake", 26, true, 1)], "stream"),
        (&[("handshake", 3, false, 1), ("stream", 2, false, 9), ("close", 5, true, 20)], "stream"),
        (&[("stream", 3, false, 1), ("handshake", 26, true, 5)], "stream"),
        (&[("handshake", 26, true, 1), ("stream", 3, true, 2), ("close", 3, true, 3)], "handshake"),
        (&[("a-lesson-that-is-gone", 3, false, 9)], "handshake"),
    ] {
        assert_eq!(next_lesson(&of(lessons), &course), Some(next), "{lessons:?}");
    }
    assert_eq!(next_lesson(&Progress::default(), &[]), None);
}

fn handshake() -> Lesson {
    builtin("handshake").unwrap().unwrap()
}

#[test]
fn a_lesson_goes_on_after_the_furthest_step_unless_it_is_finished_or_changed() {
    let lesson = handshake();
    let fifth = lesson.steps[4].id.clone();
    let progress = reached(&fifth, 5, 1);
    assert_eq!(resume_after(Some(&progress), &lesson), Some(4));
    assert_eq!(resume_after(None, &lesson), None);
    assert_eq!(resume_after(Some(&LessonProgress { finished: true, ..progress }), &lesson), None);
    assert_eq!(resume_after(Some(&reached("no-such-step", 5, 1)), &lesson), None);
}

#[test]
fn a_walk_tells_what_it_reached() {
    let lesson = handshake();
    let in_lab: Vec<usize> =
        (0..lesson.steps.len()).filter(|step| lesson.steps[*step].modes.contains(&Mode::Lab)).collect();
    let mut trace = Trace::default();
    let of = |trace: &Trace, phase: Phase, again| walked(&lesson, Mode::Lab, trace, &phase, again, 9);
    assert_eq!(of(&trace, Phase::Ready, None), None);
    let answer = |step, chosen| Event::Answer(AnsweredQuestion { step, chosen, right: Some(1), actual: "x".into() });
    for (n, chosen) in [(0, Some(1)), (1, Some(0)), (2, None)] {
        trace.push(Duration::ZERO, Event::Step(in_lab[n]));
        trace.push(Duration::ZERO, answer(in_lab[n], chosen));
    }
    let id = |n: usize| lesson.steps[in_lab[n]].id.clone();
    let reached = of(&trace, Phase::Ready, None).unwrap();
    assert_eq!((reached.step, reached.done, reached.of), (Some(id(2)), 3, in_lab.len()));
    assert_eq!(reached.answers, [(id(0), Mark::Right), (id(1), Mark::Wrong), (id(2), Mark::Passed)].into());
    // A step that runs, or in which the world failed, isn't done.
    assert_eq!(of(&trace, Phase::Busy, None).unwrap().done, 2);
    // What only ran again tells nothing, and its questions were not asked.
    assert_eq!(of(&trace, Phase::Ready, Some(in_lab[2])), None);
    let reached = of(&trace, Phase::Ready, Some(in_lab[1])).unwrap();
    assert_eq!((reached.done, reached.answers), (3, [(id(2), Mark::Passed)].into()));
    let reached = of(&trace, Phase::Finished, None).unwrap();
    assert!(reached.finished && reached.done == in_lab.len());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Progress::parse(&bytes);
    }

    #[test]
    fn merging_lowers_nothing(a in 0usize..27, b in 0usize..27, fa: bool, fb: bool, ta: u64, tb: u64) {
        let one = LessonProgress { finished: fa, ..reached("a", a, ta) };
        let other = LessonProgress { finished: fb, ..reached("b", b, tb) };
        let mut merged = one.clone();
        merged.merge(&other);
        prop_assert_eq!(merged.done, a.max(b));
        prop_assert_eq!(merged.finished, fa || fb);
        prop_assert_eq!(merged.at_ms, ta.max(tb));
    }
}

/// The set-up of one lesson, as far as it was walked, is what another one begins with.
#[test]
fn a_set_up_is_known_from_another_lesson_as_far_as_that_was_walked() {
    let [echo, stream, calls] = ["echo", "stream", "calls"].map(|name| builtin(name).unwrap().unwrap());
    let known = |lesson: &Lesson, other: &Lesson, id: &str| {
        let reached = LessonProgress { step: Some(id.to_owned()), ..LessonProgress::default() };
        let last = set_up::set_up_of(lesson, Mode::Lab, (other, &reached))?;
        Some(lesson.steps[last].id.clone())
    };
    let far = |lesson: &Lesson| lesson.steps.last().unwrap().id.clone();
    // The beginning of each, compared step by step; what is only in one ends it.
    assert_eq!(known(&stream, &echo, "bind"), None, "two steps are no set-up");
    assert_eq!(known(&stream, &echo, "listen").as_deref(), Some("listen"));
    assert_eq!(known(&stream, &echo, "connect").as_deref(), Some("connect"));
    assert_eq!(known(&stream, &echo, &far(&echo)).as_deref(), Some("ack-arrives"));
    assert_eq!(known(&echo, &stream, &far(&stream)).as_deref(), Some("ack-arrives"));
    assert_eq!(known(&stream, &echo, "no-such-step"), None);
    assert_eq!(known(&calls, &echo, &far(&echo)), None, "its second step asks a question");
    // Of the built-in lessons most begin so.
    let lessons = builtin_names().into_iter().map(|name| builtin(name).unwrap().unwrap());
    let begin = lessons.filter(|lesson| known(lesson, &echo, &far(&echo)).is_some()).count();
    assert!(begin >= 8, "{begin} lessons begin as `echo` does");
}
