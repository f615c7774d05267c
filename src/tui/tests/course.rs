//! The list of lessons, and the page at a lesson's end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::made::Made;
use super::*;
use crate::i18n::testing::{both, zh};
use crate::lesson::{Lesson, builtin, builtin_names, outline};
use crate::model::{AnsweredQuestion, ConnectionEnd, Event as Happened, Mode};
use crate::progress::{LessonProgress, Mark};
use crate::tcp::State;
use crate::tui::fit::laid_out;
use crate::tui::{LessonRow, Reached};
use crate::walk::Phase;

/// The course, without progress; every lesson runs.
pub(super) fn rows() -> Vec<LessonRow> {
    let lessons = builtin_names().into_iter().map(|name| builtin(name).unwrap().unwrap());
    lessons.enumerate().map(|(n, lesson)| LessonRow::new(n + 1, &lesson, lesson.steps.len())).collect()
}

pub(super) fn listed(app: &mut App, overlay: Overlay, here: &str, change: impl Fn(&mut LessonRow)) {
    let mut rows = rows();
    rows.iter_mut().for_each(change);
    app.listed(Catalogue { rows, opens: Opens::Here, here: Some(here.to_owned()) }, overlay);
}

pub(super) fn over(lang: Lang, columns: u16, rows: u16) -> App {
    let mut made = Made::to_syn_recv();
    made.phase = Phase::Finished;
    app_of(made, lang, columns, rows)
}

#[test]
fn the_list_shows_how_far_one_is_and_what_does_not_run() {
    for (lang, done, half, bar) in [
        (Lang::EN, "done", "7 of 23", "echo can't run: no luck"),
        (zh(), "已学完", "7/23 步", "echo 不能运行：运气不好"),
    ] {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut app = app_of(Made::new(), lang, columns, rows);
            assert_eq!(press(&mut app, KeyCode::Char('o')), [AppEffect::List(Overlay::Lessons)]);
            listed(&mut app, Overlay::Lessons, "mine", |row| {
                let reached = |finished, done| LessonProgress { finished, done, of: 23, ..Default::default() };
                match row.id.as_str() {
                    "handshake" => row.progress = Some(reached(true, 23)),
                    "calls" => row.progress = Some(reached(false, 7)),
                    "echo" => {
                        let (en, zh) = ("`{lesson}` can't run: no luck", "`{lesson}` 不能运行：运气不好");
                        row.bar = Some(both(en, zh));
                    }
                    _ => {}
                }
            });
            let shown = text(&app);
            let below = lines(&screen(&app))[usize::from(rows) - 2..].concat();
            assert!(below.contains("Ctrl-C"), "the footer says what leaves: {shown}");
            let line = |word: &str| {
                shown.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {shown}"))
            };
            assert!(line(done).contains(" 1 ✓"), "{shown}");
            assert!(line(half).contains(" 2 …"), "{shown}");
            assert!(shown.contains(" 3 ✗"), "{shown}");
            // Two down: the one that doesn't run says why, and Enter opens nothing.
            press(&mut app, KeyCode::Down);
            press(&mut app, KeyCode::Down);
            assert!(text(&app).contains(bar), "{}", text(&app));
            assert_eq!(press(&mut app, KeyCode::Enter), []);
            press(&mut app, KeyCode::Up);
            assert_eq!(press(&mut app, KeyCode::Enter), [AppEffect::Open("calls".into())]);
            // The last can be reached; past it nothing is.
            for _ in 0..40 {
                press(&mut app, KeyCode::Down);
            }
            assert_eq!(press(&mut app, KeyCode::Enter), [AppEffect::Open("ipv6".into())]);
            press(&mut app, KeyCode::Esc);
            assert_eq!(app.place.overlay, None);
        }
    }
}

#[test]
fn a_click_chooses_a_lesson_and_the_second_one_opens_it() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut app = app_of(Made::new(), Lang::EN, 80, 24);
    listed(&mut app, Overlay::Lessons, "mine", |_| {});
    let shown = text(&app);
    let row = shown.lines().position(|line| line.contains(" 4 ")).unwrap() as u16;
    let now = app.now;
    let mouse = |app: &mut App, kind, column, row| {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        update(app, Msg::Terminal(Event::Mouse(event)), now)
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    assert_eq!(mouse(&mut app, left, 10, row), []);
    assert_eq!(mouse(&mut app, left, 10, row), [AppEffect::Open("layers".into())]);
    mouse(&mut app, MouseEventKind::ScrollDown, 10, row);
    assert_eq!(press(&mut app, KeyCode::Enter), [AppEffect::Open("stream".into())]);
}

#[test]
fn no_key_of_the_list_reaches_the_walk() {
    let mut app = app_of(Made::to_syn_sent(), Lang::EN, 80, 24);
    listed(&mut app, Overlay::Lessons, "handshake", |_| {});
    for c in " dxiarnLcsb123?q".chars() {
        assert_eq!(press(&mut app, KeyCode::Char(c)), [], "{c}");
    }
    assert_eq!(app.lang(), Lang::EN);
    assert!(text(&app).contains("No lesson speaks of that"), "{}", text(&app));
    let now = app.now;
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut app, Msg::Terminal(Event::Key(control_c)), now), [AppEffect::Quit]);
    update(&mut app, Msg::Terminal(Event::Paste("\u{1b}[2J".into())), now);
    assert!(!text(&app).contains('\u{1b}'));
}

#[test]
fn where_no_lesson_can_be_opened_enter_says_what_to_do_instead() {
    let mut app = app_of(Made::new(), Lang::EN, 80, 24);
    let why = both("elsewhere: `sockwalk learn {lesson}`", "别处：`sockwalk learn {lesson}`");
    app.listed(Catalogue { rows: rows(), opens: Opens::Elsewhere(why), here: None }, Overlay::Lessons);
    keys(&mut app, "window");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(text(&app).contains("elsewhere: sockwalk learn window"), "{}", text(&app));
}

#[test]
fn the_end_has_a_page_that_can_be_read_to_its_end_and_leads_on() {
    for (lang, headings, next) in [
        (
            Lang::EN,
            ["What you can say now", "What many believe", "Your predictions", "What the kernel confirmed"],
            "the next lesson, 2 ·",
        ),
        (zh(), ["你现在能说出", "很多人以为", "你的预测", "内核证实了什么"], "下一课，2 ·"),
    ] {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut app = over(lang, columns, rows);
            assert_eq!(press(&mut app, KeyCode::Char(' ')), [AppEffect::List(Overlay::Ending)]);
            listed(&mut app, Overlay::Ending, "handshake", |_| {});
            let mut seen = text(&app);
            assert!(seen.contains(next), "{seen}");
            for _ in 0..40 {
                press(&mut app, KeyCode::Down);
                seen += &text(&app);
            }
            for heading in headings {
                assert!(seen.contains(heading), "{heading}: {seen}");
            }
            assert_eq!(press(&mut app, KeyCode::Enter), [AppEffect::Open("calls".into())]);
            press(&mut app, KeyCode::Char(' '));
            assert_eq!(app.place.overlay, None, "the last step's text can be read once more");
        }
    }
}

#[test]
fn what_many_believe_is_answered_by_the_lessons_own_walk_alone() {
    let mut made = Made::to_syn_recv();
    made.claim(6, ConnectionEnd::Socket("client".into()), State::Established, false);
    made.phase = Phase::Finished;
    let mut app = app_of(made, Lang::EN, 120, 40);
    press(&mut app, KeyCode::Char(' '));
    listed(&mut app, Overlay::Ending, "handshake", |_| {});
    let mut seen = text(&app);
    for _ in 0..40 {
        press(&mut app, KeyCode::Down);
        seen += &text(&app);
    }
    assert!(seen.contains("What you can say now") && seen.contains("Otherwise than the text says: 1."), "{seen}");
    assert!(!seen.contains("What many believe"), "{seen}");
}

#[test]
fn after_the_last_lesson_the_list_is_offered() {
    let mut app = over(Lang::EN, 80, 24);
    listed(&mut app, Overlay::Ending, "udp", |row| {
        row.bar = (row.id == "ipv6").then(|| both("no", "不"));
    });
    assert!(text(&app).contains("This was the last lesson that runs here."), "{}", text(&app));
    assert_eq!(press(&mut app, KeyCode::Enter), [AppEffect::List(Overlay::Lessons)]);
}

#[test]
fn each_question_stands_with_ones_own_answer_and_the_kernels() {
    let answer =
        |chosen| Happened::Answer(AnsweredQuestion { step: 3, chosen, right: Some(1), actual: "SYN_SENT".into() });
    let page = |chosen, again, kept: Option<Mark>| {
        let mut made = Made::to_syn_recv();
        made.phase = Phase::Finished;
        let step = made.lesson.steps.iter().position(|step| step.ask.is_some()).unwrap();
        let id = made.lesson.steps[step].id.clone();
        let Happened::Answer(mut given) = answer(chosen) else { unreachable!() };
        given.step = step;
        made.trace.push(secs(1.0), Happened::Answer(given));
        let mut app = app_of(made, Lang::EN, 120, 40);
        let kept = kept.map(|mark| (id, mark)).into_iter().collect();
        app.reached_before(Reached { again, kept, ..Reached::default() });
        listed(&mut app, Overlay::Ending, "handshake", |_| {});
        text(&app)
    };
    for (shown, wanted) in [
        (page(Some(1), None, None), "You: "),
        (page(None, None, None), "You: no guess."),
        (page(None, Some(20), Some(Mark::Right)), "Not asked again; in an earlier walk you were right."),
        (page(None, Some(20), Some(Mark::Wrong)), "Not asked again; in an earlier walk you were wrong."),
        (page(None, Some(20), None), "Not asked: its step ran again by itself."),
    ] {
        assert!(shown.contains(wanted) && shown.contains("The kernel: "), "{wanted}: {shown}");
    }
    assert!(page(Some(1), None, None).contains("1 of 1 as the kernel did"));
    assert!(page(Some(0), None, None).contains("0 of 1 as the kernel did"));
}

/// The frame of the list, and of the end's page, says once what the arrow keys do.
#[test]
fn the_frame_names_each_key_once() {
    for lang in Lang::all() {
        for overlay in [Overlay::Lessons, Overlay::Ending] {
            let mut app = over(lang, 80, 24);
            listed(&mut app, overlay, "echo", |_| {});
            let shown = text(&app);
            let frame = shown.lines().find(|line| line.starts_with('┗')).unwrap();
            assert!(frame.matches('↓').count() <= 1, "{frame}");
            assert!(overlay == Overlay::Ending || frame.contains('↓'), "{frame}");
        }
    }
}

/// The first page is drawn of a lesson's outline, before the whole is read: nothing on it may be another thing then.
#[test]
fn the_first_page_of_an_outline_is_that_of_the_lesson() {
    let look = |lang| Appearance::new(lang, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    for name in builtin_names() {
        let lessons = [outline(name).unwrap(), builtin(name).unwrap().unwrap()].map(Arc::new);
        let last = lessons[1].steps.len() - 1;
        for mode in [Mode::Lab, Mode::Host] {
            let walk = |lesson: &Arc<Lesson>| laid_out(lesson, mode, Lang::EN, None, Phase::Ready);
            for (lang, (columns, rows)) in Lang::all().flat_map(|lang| [(80, 24), (120, 40)].map(|size| (lang, size))) {
                for again in [None, Some(0), Some(last)] {
                    let mut apps = lessons.each_ref().map(|lesson| {
                        let mut app = App::new(walk(lesson), look(lang), columns, rows);
                        app.reached_before(Reached { again, kept: BTreeMap::new(), furthest: again });
                        again.into_iter().for_each(|last| app.run_again(last));
                        app
                    });
                    let place = format!("{name} {mode:?} {lang:?} {columns}×{rows} {again:?}");
                    assert_eq!(screen(&apps[0]), screen(&apps[1]), "{place}");
                    // The rest comes without a change of what is there.
                    apps[0].take_changed();
                    apps[0].is_read(walk(&lessons[1]));
                    assert!(!apps[0].take_changed(), "{place}");
                    let now = Duration::from_secs(1);
                    apps.iter_mut().for_each(|app| drop(update(app, Msg::Tick, now)));
                    assert_eq!(screen(&apps[0]), screen(&apps[1]), "{place}, one tick later");
                }
            }
        }
    }
}
