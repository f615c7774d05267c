//! The loop itself.

use std::sync::mpsc;

use super::made::Made;
use super::*;
use crate::engine::Request;

#[derive(Default)]
struct Fake {
    asked: Vec<Request>,
    restarts: Vec<u64>,
}

impl Host for Fake {
    fn now(&self) -> Duration {
        secs(100.0)
    }
    fn request(&mut self, request: Request) {
        self.asked.push(request);
    }
    fn went_on(&mut self, _: &dyn Walk) {}
    fn restart(&mut self, generation: u64) -> Result<Box<dyn Walk>, String> {
        self.restarts.push(generation);
        Ok(Box::new(Made::to_syn_sent()))
    }
}

fn key(code: char) -> Msg {
    Msg::Terminal(Event::Key(KeyEvent::new(KeyCode::Char(code), KeyModifiers::NONE)))
}

#[test]
fn it_takes_what_comes_and_ends_at_q_or_when_nobody_is_there() {
    for quits in [true, false] {
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        let mut app = app_of(Made::new(), Lang::En, 100, 30);
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
        assert_eq!(host.asked, [Request::Settle]);
        assert_eq!(host.restarts, [1]);
        assert_eq!(app.generation(), 1);
    }
}

#[test]
fn only_what_changes_the_screen_is_drawn() {
    let mut app = app_of(Made::new(), Lang::En, 100, 30);
    assert!(app.take_changed() && !app.take_changed());
    let now = app.now;
    update(&mut app, Msg::Terminal(Event::FocusLost), now);
    assert!(!app.take_changed());
    update(&mut app, key('n'), now);
    assert!(app.take_changed());
}

#[test]
fn it_wakes_once_a_second_only_while_something_counts() {
    let idle = app_of(Made::new(), Lang::En, 100, 30);
    assert_eq!(idle.wake_at(), None);
    let mut blocked = app_of(Made::to_syn_sent(), Lang::En, 100, 30);
    let next = blocked.wake_at().unwrap();
    assert!(next > blocked.now && next <= blocked.now + secs(1.0));
    press(&mut blocked, KeyCode::Left);
    assert_eq!(blocked.wake_at(), None, "the past stands still");
}
