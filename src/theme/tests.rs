use super::*;

/// The red, green and blue of one of the 256 colours above the first sixteen, whose look the user sets.
fn rgb(color: Color) -> [f64; 3] {
    let Color::Indexed(index) = color else { panic!("{color:?} is not one of the 256") };
    let channel = |n: u8| if n == 0 { 0.0 } else { 55.0 + 40.0 * f64::from(n) };
    match index {
        0..=15 => panic!("colour {index} looks as the user's terminal wants"),
        16..=231 => {
            let n = index - 16;
            [channel(n / 36), channel(n / 6 % 6), channel(n % 6)]
        }
        _ => [8.0 + 10.0 * f64::from(index - 232); 3],
    }
}

/// The relative luminance of WCAG 2.2.
fn luminance(rgb: [f64; 3]) -> f64 {
    let linear = |c: f64| {
        let c = c / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn paints(theme: &Theme) -> Vec<(&'static str, Style)> {
    let t = theme;
    vec![
        ("dim", t.dim.0),
        ("title", t.title.0),
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

#[test]
fn every_colour_can_be_read_on_the_backgrounds_it_is_for() {
    // Black, and the dark grey that many terminals call black; white, and the paper of solarized.
    let dark = [[0.0; 3], [40.0, 40.0, 40.0]];
    let light = [[255.0; 3], [253.0, 246.0, 227.0]];
    for (choice, grounds) in [(Choice::Dark, dark), (Choice::Light, light)] {
        for (name, style) in paints(&Theme::load(choice, Colours::All).unwrap()) {
            let Some(fg) = style.fg else { continue };
            let grounds = style.bg.map_or(grounds.to_vec(), |bg| vec![rgb(bg)]);
            for ground in grounds {
                let ratio = contrast(rgb(fg), ground);
                assert!(ratio >= 4.5, "{choice:?}: {name} has a contrast of {ratio:.1}");
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
fn auto_follows_no_color_then_the_background_then_dark() {
    assert_eq!(Choice::Auto.resolve_with(true, || Some(ThemeMode::Light)), Choice::Mono);
    assert_eq!(Choice::Auto.resolve_with(false, || Some(ThemeMode::Light)), Choice::Light);
    assert_eq!(Choice::Auto.resolve_with(false, || Some(ThemeMode::Dark)), Choice::Dark);
    assert_eq!(Choice::Auto.resolve_with(false, || None), Choice::Dark);
    assert_eq!(Choice::Dark.resolve_with(true, || None), Choice::Dark);
    assert_eq!(Choice::from_name("mono"), Some(Choice::Mono));
    assert_eq!(Choice::from_name("blue"), None);
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
    assert!(super::read(dark).is_ok());
    assert_eq!(super::read(&dark.replacen(first, "", 1)).unwrap_err(), format!("{name} is missing"));
    assert_eq!(super::read(&format!("{dark}\nmore = {{ bold = true }}")).unwrap_err(), "more is unknown");
    assert_eq!(
        super::read(&dark.replacen(first, &format!("{name} = 1"), 1)).unwrap_err(),
        format!("{name} is no table but integer")
    );
}
