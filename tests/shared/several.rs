//! Several labs of one user.

use sockwalk::i18n;
use sockwalk::i18n::Lang;
use sockwalk::model::Side;

use crate::common::{finish, lab_users, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Seat, Stage, names};

use Side::{Client, Server};

/// Waits until a seat's header says that it is in this lab.
#[track_caller]
fn is_in(stage: &mut Stage, seat: Seat, lab: &str) {
    let named = format!("{lab}: ");
    stage.wait(seat, &named, |screen| screens::first_row(screen).contains(&named));
}

#[test]
fn of_several_labs_one_is_asked_for() {
    for user in lab_users() {
        for (size, lang) in [(LARGE, Lang::EN), (SMALL, zh())] {
            let mut stage = Stage::new(user, size, lang);
            let texts = i18n::Texts::load(lang).unwrap();
            let one = stage.join(&["server", "--lab", "one"]);
            let two = stage.join(&["server", "--lab", "two"]);
            is_in(&mut stage, one, "one");
            is_in(&mut stage, two, "two");
            // On a terminal it asks; a number answers, or a name.
            let mut asked = Vec::new();
            for (part, answer, lab) in [("client", "2\r", "two"), ("watch", "one\r", "one")] {
                let seat = stage.open(&[part]);
                stage.until("the question", |stage| {
                    let shown = screens::unbroken(&stage.screen(seat).contents());
                    shown.contains(&screens::unbroken(&texts.shared.which))
                        && shown.contains("1one")
                        && shown.contains("2two")
                });
                stage.press(seat, answer);
                is_in(&mut stage, seat, lab);
                asked.push(seat);
            }
            assert_eq!(stage.daemons().len(), 2);
            // Neither sees anything of the other lab.
            stage.succeeds(one, Server, "socket(");
            stage.wait_text(asked[1], "socket()");
            assert!(screens::calls(stage.screen(asked[0])).is_empty());
            // Another answer is none.
            let seat = stage.open(&["watch"]);
            stage.until("the question", |stage| stage.screen(seat).contents().contains("2  two"));
            stage.press(seat, "3\r");
            let several = i18n::fill(&texts.shared.several, &[("names", &lang.list(["one", "two"]))]);
            assert_eq!(stage.terminal(seat).wait_for_end().code(), Some(1));
            stage.wait(seat, &several, |screen| {
                screens::unbroken(&screen.contents()).contains(&screens::unbroken(&several))
            });
            // Without a terminal nobody can be asked.
            let refused = finish(&mut stage.command(&["exec", "--", "true"]));
            assert_eq!((refused.status.code(), refused.stdout.as_str()), (Some(1), ""));
            assert!(refused.stderr.contains(&several), "{refused:?}");
            // Who names one isn't asked, with a program either.
            let ran = finish(&mut stage.command(&["exec", "--lab", "two", "--", "true"]));
            assert_eq!(ran.status.code(), Some(0), "{ran:?}");
            assert!(ran.stderr.contains("`two`"), "{ran:?}");
            // A name that no lab has makes a new one.
            let three = stage.join(&["client", "--lab", "three"]);
            stage.succeeds(three, Client, "socket(");
            assert_eq!(names(&stage.run().join("sockwalk")), ["lock", "one.sock", "three.sock", "two.sock"]);
            stage.close(&[one, two, three, asked[0], asked[1]]);
        }
    }
}
