//! The chart of one end's bytes over time.

use super::cells::look_in;
use super::made::{Made, client, server};
use super::screens::MOMENTS;
use super::*;
use crate::i18n::Glyphs;
use crate::i18n::testing::zh;

fn charted(mut app: App) -> App {
    press(&mut app, KeyCode::Char('C'));
    while app.chart_lags() {
        update(&mut app, Msg::Tick, Duration::ZERO);
    }
    app
}

/// At every size and moment, in each language and with each terminal's characters: its frame is whole, its head and both legends
/// are there, and where nothing is on the wire there is nothing to open.
#[test]
fn the_chart_fits() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (100, 30), (120, 40), (160, 45)] {
            for (name, make) in MOMENTS {
                for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                    if glyphs == Glyphs::Ascii && lang != Lang::EN {
                        continue;
                    }
                    let mut app = app_of(make(), lang, columns, rows);
                    if glyphs == Glyphs::Ascii {
                        app.look = look_in(glyphs, Theme::load(Choice::Dark, Colours::All).unwrap());
                    }
                    let app = charted(app);
                    let t = app.texts().chart.clone();
                    let shown = text(&app);
                    let place = format!("{name} {lang:?} {columns}x{rows}\n{shown}");
                    if app.view().segment_count() == 0 {
                        assert_eq!(app.place.overlay, None, "{place}");
                        continue;
                    }
                    let rows: Vec<String> = shown.lines().map(str::to_owned).collect();
                    let begin = rows.iter().position(|row| row.contains(&t.title)).expect(&place);
                    let end = begin + rows[begin..].iter().position(|row| row.contains(&t.close)).expect(&place);
                    let edge = if glyphs == Glyphs::Unicode { '┃' } else { '|' };
                    for row in &rows[begin + 1..end] {
                        assert!(row.starts_with(edge) && row.ends_with(edge), "{row}\n{place}");
                    }
                    assert!(end - begin > 6, "{place}");
                    // No word of a legend is broken or cut off, whatever the width.
                    for name in [&t.sent, &t.acked, &t.in_flight] {
                        assert!(rows[begin..end].iter().any(|row| row.contains(name)), "{name}: {place}");
                    }
                    assert!(!rows[end].contains(&app.texts().help.scroll), "nothing is scrolled\n{place}");
                    if glyphs == Glyphs::Ascii {
                        assert!(shown.is_ascii(), "{place}");
                    }
                }
            }
        }
    }
}

/// What stands there is what the trace tells: of the end that sends more, of the other one, and of an earlier moment.
#[test]
fn its_numbers_are_the_traces() {
    let app = charted(app_of(Made::to_sent(), Lang::EN, 120, 40));
    // The SYN and ten bytes; the server has told that the SYN arrived.
    let has = |app: &App, wanted: &[&str]| {
        let shown = text(app);
        wanted.iter().for_each(|wanted| assert!(shown.contains(wanted), "{wanted:?}\n{shown}"));
    };
    has(&app, &[&format!("{} to ", client()), "sent 11", "acknowledged 1", "in flight 10"]);
    let mut other = charted(app_of(Made::to_sent(), Lang::EN, 120, 40));
    press(&mut other, KeyCode::Tab);
    has(&other, &[&format!("{} to ", server()), "sent 1", "acknowledged 1", "in flight 0"]);
    press(&mut other, KeyCode::Tab);
    has(&other, &[&format!("{} to ", client()), "sent 11"]);
    // Looking back, to before the line was sent.
    let mut back = app;
    while back.view().segment_count() > 3 {
        press(&mut back, KeyCode::Left);
    }
    has(&back, &["sent 1", "in flight 0"]);
    while back.view().segment_count() > 0 {
        press(&mut back, KeyCode::Left);
    }
    has(&back, &[&back.texts().chart.none.chars().take(40).collect::<String>()]);
    // It is forgotten once it is closed.
    press(&mut back, KeyCode::Esc);
    assert!(back.chart.is_none());
    let app = charted(app_of(Made::to_sent(), zh(), 80, 24));
    has(&app, &["已发送 11", "已确认 1", "在途 10"]);
}
