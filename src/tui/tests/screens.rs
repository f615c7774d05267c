//! What is seen, and where.

use super::made::Made;
use super::*;

/// The moments of the walk that the screens are looked at in.
pub(super) fn moments() -> Vec<(&'static str, Made)> {
    vec![
        ("nothing yet", Made::new()),
        ("SYN_SENT", Made::to_syn_sent()),
        ("SYN_RECV and a question", Made::to_syn_recv()),
        ("the client is open", Made::to_half_open()),
        ("a line is sent", Made::to_sent()),
        ("TIME_WAIT", Made::to_time_wait()),
    ]
}

/// `cargo test look -- --nocapture` prints every screen, to be looked at.
#[test]
fn look() {
    let wanted = std::env::var("LOOK").unwrap_or_default();
    for (columns, rows) in [(80, 24), (100, 30), (120, 40), (160, 45)] {
        for lang in [Lang::En, Lang::Zh] {
            for (name, _) in moments() {
                for view in ["", "s", "c", "p", "k", "?", "n", "<"] {
                    let title = format!("{name}{view} {columns}x{rows} {lang:?}");
                    if wanted.is_empty() || !wanted.split('|').any(|part| title.contains(part)) {
                        continue;
                    }
                    let mut app = app_of(moment(name), lang, columns, rows);
                    match view {
                        "<" => (0..4).for_each(|_| drop(press(&mut app, KeyCode::Left))),
                        "s" => keys(&mut app, "ss"),
                        other => keys(&mut app, other),
                    }
                    println!("== {title}\n{}\n", text(&app));
                }
            }
        }
    }
}

fn moment(name: &str) -> Made {
    moments().into_iter().find(|(known, _)| *known == name).unwrap().1
}
