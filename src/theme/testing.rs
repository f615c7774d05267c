//! Whether what is drawn can be read: contrasts by WCAG 2.2, on the backgrounds and palettes that terminals have.

use ratatui::style::{Color, Modifier, Style};

use super::{Choice, Colours};

type Rgb = [f64; 3];

/// The first sixteen as the VGA's text mode has them, and the Linux console; and as xterm does.
const VGA: [[u8; 3]; 16] = [
    [0, 0, 0],
    [170, 0, 0],
    [0, 170, 0],
    [170, 85, 0],
    [0, 0, 170],
    [170, 0, 170],
    [0, 170, 170],
    [170, 170, 170],
    [85, 85, 85],
    [255, 85, 85],
    [85, 255, 85],
    [255, 255, 85],
    [85, 85, 255],
    [255, 85, 255],
    [85, 255, 255],
    [255, 255, 255],
];
const XTERM: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// Black, and the dark grey that many terminals call black; white, and the paper of solarized.
const DARK: [Rgb; 2] = [[0.0; 3], [40.0, 40.0, 40.0]];
const LIGHT: [Rgb; 2] = [[255.0; 3], [253.0, 246.0, 227.0]];

/// The number of a named colour among the sixteen.
fn number(color: Color) -> Option<usize> {
    use Color::*;
    let named = [
        Black,
        Red,
        Green,
        Yellow,
        Blue,
        Magenta,
        Cyan,
        Gray,
        DarkGray,
        LightRed,
        LightGreen,
        LightYellow,
        LightBlue,
        LightMagenta,
        LightCyan,
        White,
    ];
    named.iter().position(|known| *known == color)
}

/// What a colour may look like: one of the 256 above the first sixteen is the same everywhere.
fn looks(color: Color, bold: bool) -> Vec<[Rgb; 2]> {
    if let Some(n) = number(color) {
        let of = |n: usize| [VGA[n], XTERM[n]].map(|rgb| rgb.map(f64::from));
        // Where there are eight colours only, bold makes the bright ones.
        let bright = (bold && n < 8).then(|| of(n + 8));
        return std::iter::once(of(n)).chain(bright).collect();
    }
    let Color::Indexed(index) = color else { panic!("{color:?} is neither one of the 256 nor named") };
    let channel = |n: u8| if n == 0 { 0.0 } else { 55.0 + 40.0 * f64::from(n) };
    let rgb = match index {
        0..=15 => panic!("colour {index} looks as the user's terminal wants"),
        16..=231 => {
            let n = index - 16;
            [channel(n / 36), channel(n / 6 % 6), channel(n % 6)]
        }
        _ => [8.0 + 10.0 * f64::from(index - 232); 3],
    };
    vec![[rgb, rgb]]
}

/// The relative luminance of WCAG 2.2.
fn luminance(rgb: Rgb) -> f64 {
    let linear = |c: f64| {
        let c = c / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The least contrast that a style has where its theme is used: on each background that the theme is for, in each palette. What
/// has no colour is the terminal's own text, which the terminal's own background is for.
pub fn least_contrast(style: Style, (choice, colours): (Choice, Colours)) -> f64 {
    let set = |color: Option<Color>| color.filter(|color| *color != Color::Reset);
    let bold = style.add_modifier.contains(Modifier::BOLD);
    let grounds: Vec<(Rgb, Rgb)> = match (choice, colours) {
        (Choice::Either, _) => vec![(LIGHT[0], DARK[0]), (DARK[0], LIGHT[0])],
        (Choice::Light, Colours::Sixteen) => vec![(LIGHT[0], DARK[0])],
        (Choice::Light, Colours::All) => LIGHT.map(|ground| (ground, DARK[0])).to_vec(),
        (_, Colours::Sixteen) => vec![(DARK[0], VGA[7].map(f64::from))],
        (_, Colours::All) => DARK.map(|ground| (ground, VGA[7].map(f64::from))).to_vec(),
    };
    let mut least = f64::MAX;
    for (ground, ink) in grounds {
        let fgs = set(style.fg).map_or(vec![[ink; 2]], |fg| looks(fg, bold));
        let bgs = set(style.bg).map_or(vec![[ground; 2]], |bg| looks(bg, false));
        for (fg, bg) in fgs.iter().flat_map(|fg| bgs.iter().map(move |bg| (fg, bg))) {
            least = fg.iter().zip(bg).map(|(fg, bg)| contrast(*fg, *bg)).fold(least, f64::min);
        }
    }
    least
}
