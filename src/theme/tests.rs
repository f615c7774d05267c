use super::testing::least_contrast;
use super::*;

fn paints(theme: &Theme) -> Vec<(&'static str, Style)> {
    let t = theme;
    vec![
        ("text", t.text.0),
        ("dim", t.dim.0),
        ("title", t.title.0),
        ("border", t.border.0),
        ("border_focus", t.border_focus.0),
        ("server", t.server.0),
        ("client", t.client.0),
        ("fresh", t.fresh.0),
        ("good", t.good.0),
        ("bad", t.bad.0),
        ("waits", t.waits.0),
        ("question", t.question.0),
        ("key", t.key.0),
        ("code", t.code.0),
        ("keyword", t.keyword.0),
        ("string", t.string.0),
        ("number", t.number.0),
        ("comment", t.comment.0),
        ("past", t.past.0),
        ("border_past", t.border_past.0),
    ]
}

/// WCAG 2.2 asks for 4.5 of text, and for 3 of what is large or isn't text; the sixteen colours, which terminals agree on by their
/// names only, have that everywhere at least.
#[test]
fn every_colour_can_be_read_on_the_backgrounds_it_is_for() {
    for choice in [Choice::Dark, Choice::Light, Choice::Either, Choice::Mono] {
        for colours in [Colours::All, Colours::Sixteen] {
            for (name, style) in paints(&Theme::load(choice, colours).unwrap()) {
                let few = colours == Colours::Sixteen || choice == Choice::Either;
                let wanted = if few || name == "border" { 3.0 } else { 4.5 };
                let least = least_contrast(style, (choice, colours));
                assert!(least >= wanted, "{choice:?}, {colours:?}: {name} has a contrast of {least:.1}");
            }
        }
    }
}

#[test]
fn mono_has_no_colour_at_all() {
    for (name, style) in paints(&Theme::load(Choice::Mono, Colours::All).unwrap()) {
        assert_eq!((style.fg, style.bg), (None, None), "{name}");
    }
}

#[test]
fn auto_follows_no_color_then_the_background_then_what_fits_any() {
    use Choice::{Dark, Either, Light, Mono};
    use Colours::{All, Sixteen};
    let (dark, light) = (Some(Background::Dark), Some(Background::Light));
    for (no_color, colours, background, wanted) in [
        (true, All, light, Mono),
        (true, Sixteen, None, Mono),
        (false, All, light, Light),
        (false, All, dark, Dark),
        (false, All, None, Dark),
        (false, Sixteen, light, Light),
        (false, Sixteen, dark, Dark),
        (false, Sixteen, None, Either),
    ] {
        let hints = TerminalHints { no_color, ..TerminalHints::default() };
        assert_eq!(Choice::Auto.resolve(&hints, colours, background), wanted);
        assert_eq!(Dark.resolve(&hints, colours, background), Dark);
    }
    let of_term = |term: &str| TerminalHints::new(|name| (name == "TERM").then(|| term.to_owned()));
    assert_eq!(Choice::Auto.resolve(&of_term("linux"), Sixteen, None), Dark);
    for (choice, term, colours, asks) in [
        (Choice::Auto, "xterm-256color", All, true),
        (Choice::Auto, "screen-256color", All, true),
        (Choice::Auto, "screen.xterm-256color", All, false),
        (Choice::Auto, "linux", Sixteen, false),
        (Dark, "xterm-256color", All, false),
    ] {
        assert_eq!(choice.asks_in(&of_term(term), colours), asks, "{term}");
    }
    assert!(!Choice::Auto.asks_in(&TerminalHints { no_color: true, ..TerminalHints::default() }, All));
    assert_eq!(Choice::from_name("mono"), Some(Choice::Mono));
    assert_eq!(Choice::from_name("blue"), None);
}

#[test]
fn a_background_is_light_where_it_looks_so() {
    let of = |[red, green, blue]: [u8; 3]| Background::of(red.into(), green.into(), blue.into());
    let scaled = |rgb: [u8; 3]| {
        let [red, green, blue] = rgb.map(|part| f64::from(part) / 255.0);
        Background::of(red, green, blue)
    };
    assert_eq!([of([0, 0, 0]), of([1, 1, 1])], [Background::Dark, Background::Light]);
    // Solarized's two, Ubuntu's, a pale yellow, a strong blue.
    for (rgb, wanted) in [
        ([0x00, 0x2b, 0x36], Background::Dark),
        ([0xfd, 0xf6, 0xe3], Background::Light),
        ([0x30, 0x0a, 0x24], Background::Dark),
        ([0xff, 0xff, 0xdd], Background::Light),
        ([0x00, 0x00, 0xff], Background::Dark),
    ] {
        assert_eq!(scaled(rgb), wanted, "{rgb:?}");
    }
    for part in (0..=255).map(|part| f64::from(part) / 255.0) {
        let exact = if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        assert!((linear(part) - exact).abs() <= 0.0017, "{part}");
    }
}

#[test]
fn what_is_no_style_is_refused_by_name() {
    let read = |text: &str| style_of(Value::Table(toml::from_str(text).unwrap())).map(|paint| paint.0);
    let bold = Style::default().fg(Color::Indexed(215)).add_modifier(Modifier::BOLD);
    assert_eq!(read("fg = '215'\nbold = true"), Ok(bold));
    for (text, error) in [
        ("fg = 'mauve'", ": `mauve` is not a colour: write 0 to 255"),
        ("bold = 1", ".bold = Integer(1) says nothing of a style"),
        ("blink = true", ".blink = Boolean(true) says nothing of a style"),
    ] {
        assert_eq!(read(text).unwrap_err(), error);
    }
}

#[test]
fn a_theme_has_exactly_its_styles() {
    let dark = include_str!("../../assets/themes/dark.toml");
    let first = dark.lines().find(|line| line.contains(" = ")).unwrap();
    let name = first.split(' ').next().unwrap();
    let read = |text: &str| super::read(toml::from_str(text).unwrap());
    assert!(read(dark).is_ok());
    assert_eq!(read(&dark.replacen(first, "", 1)).unwrap_err(), format!("{name} is missing"));
    assert_eq!(read(&format!("{dark}\nmore = {{ bold = true }}")).unwrap_err(), "more is unknown");
    assert_eq!(
        read(&dark.replacen(first, &format!("{name} = 1"), 1)).unwrap_err(),
        format!("{name} is no table but integer")
    );
}
