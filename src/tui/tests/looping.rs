//! The loop itself.

use std::sync::mpsc;

use super::made::Made;
use super::*;

#[derive(Default)]
struct Fake {
    asked: Vec<Request>,
    restarts: Vec<u64>,
    opened: Vec<(String, u64)>,
}

fn opened(made: Made) -> Opened {
    Opened { walk: made.walk(), reached: Default::default(), told: None }
}

impl Host for Fake {
    fn now(&self) -> Duration {
        secs(100.0)
    }
    fn request(&mut self, request: Request) {
        self.asked.push(request);
    }
    fn went_on(&mut self, _: &Walk) {}
    fn restart(&mut self, _: &Walk, generation: u64) -> Result<Opened, String> {
        self.restarts.push(generation);
        Ok(opened(Made::to_syn_sent()))
    }
    fn catalogue(&mut self, walk: &Walk) -> Result<Catalogue, String> {
        let here = walk.lesson().map(|lesson| lesson.id.clone());
        Ok(Catalogue { rows: super::course::rows(), opens: Opens::Here, here })
    }
    fn open(&mut self, lesson: &str, _: &Walk, generation: u64) -> Result<Option<Opened>, NotOpened> {
        self.opened.push((lesson.to_owned(), generation));
        match lesson {
            "udp" => Err(NotOpened { why: "no such luck".into(), lost: false }),
            "ipv6" => Ok(None),
            _ => Ok(Some(opened(Made::new()))),
        }
    }
}

fn key(code: char) -> Msg {
    Msg::Terminal(Event::Key(KeyEvent::new(KeyCode::Char(code), KeyModifiers::NONE)))
}

#[test]
fn it_takes_what_comes_and_ends_at_q_or_when_nobody_is_there() {
    for quits in [true, false] {
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        let mut app = app_of(Made::new(), Lang::EN, 100, 30);
        let (sender, inbox) = mpsc::channel();
        sender.send(key(' ')).unwrap();
        sender.send(key('r')).unwrap();
        sender.send(Msg::Terminal(Event::FocusGained)).unwrap();
        if quits {
            sender.send(key('q')).unwrap();
        }
        let keep = quits.then_some(sender);
        let mut host = Fake::default();
        run(&mut terminal, &mut app, &inbox, &mut host).unwrap();
        drop(keep);
        assert_eq!(host.asked, [&begins(0)[..], &[Request::Settle]].concat());
        assert_eq!(host.restarts, [1]);
        assert_eq!(app.generation(), 1);
    }
}

#[test]
fn a_lesson_is_opened_from_the_list_or_the_list_says_why_not() {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut app = app_of(Made::new(), Lang::EN, 80, 24);
    let (sender, inbox) = mpsc::channel();
    let type_in = |text: &str| text.chars().for_each(|c| sender.send(key(c)).unwrap());
    let enter = || sender.send(Msg::Terminal(Event::Key(KeyCode::Enter.into()))).unwrap();
    // Letters are searched for, even those that quit or restart elsewhere.
    type_in("oreuse q");
    for _ in 0..2 {
        sender.send(Msg::Terminal(Event::Key(KeyCode::Backspace.into()))).unwrap();
    }
    enter();
    // In the new walk `o` opens the list again.
    type_in("oudp");
    enter();
    let mut host = Fake::default();
    let look = sender.clone();
    look.send(Msg::Quit).unwrap();
    run(&mut terminal, &mut app, &inbox, &mut host).unwrap();
    assert_eq!(host.opened, [("reuse".to_owned(), 1), ("udp".to_owned(), 2)]);
    assert_eq!((host.restarts.len(), app.generation()), (0, 1));
    let shown = text(&app);
    assert!(
        shown.contains("`udp` can't be opened: no such luck") || shown.contains("udp can't be opened: no such luck"),
        "{shown}"
    );
    // Where the program goes on elsewhere, the interface ends.
    type_in("x");
    sender.send(Msg::Terminal(Event::Key(KeyCode::Esc.into()))).unwrap();
    type_in("oipv6");
    enter();
    run(&mut terminal, &mut app, &inbox, &mut host).unwrap();
    assert_eq!(host.opened.last().unwrap(), &("ipv6".to_owned(), 2));
}

#[test]
fn only_what_changes_the_screen_is_drawn() {
    let mut app = app_of(Made::new(), Lang::EN, 100, 30);
    assert!(app.take_changed() && !app.take_changed());
    let now = app.now;
    update(&mut app, Msg::Terminal(Event::FocusLost), now);
    assert!(!app.take_changed());
    update(&mut app, key('n'), now);
    assert!(app.take_changed());
}

#[test]
fn it_wakes_once_a_second_only_while_something_counts() {
    let idle = app_of(Made::new(), Lang::EN, 100, 30);
    assert_eq!(idle.wake_at(), None);
    let mut blocked = app_of(Made::to_syn_sent(), Lang::EN, 100, 30);
    let next = blocked.wake_at().unwrap();
    assert!(next > blocked.now && next <= blocked.now + secs(1.0));
    press(&mut blocked, KeyCode::Left);
    assert_eq!(blocked.wake_at(), None, "the past stands still");
}
