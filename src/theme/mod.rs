//! How things look: the styles of one theme by the meaning of what they are given to.
//!
//! A theme is a file in `assets/themes`. The terminal keeps its own background; only the banner of the past has one.

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use crate::assets::table;
use crate::model::Side;

/// Declares the theme, and what puts a table's styles into its fields.
macro_rules! theme {
    ($(#[$meta:meta])* pub struct Theme { $($(#[$doc:meta])* pub $field:ident: Paint,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct Theme {
            /// Its file, without the ending.
            name: &'static str,
            $($(#[$doc])* pub $field: Paint,)*
        }

        impl Theme {
            /// All its styles, by the names that a file has for them.
            fn paints(&mut self) -> impl Iterator<Item = (&'static str, &mut Paint)> {
                [$((stringify!($field), &mut self.$field)),*].into_iter()
            }
        }
    };
}

theme! {
    /// One style for each thing that means something.
    pub struct Theme {
        /// Ordinary text.
        pub text: Paint,
        /// What stands back: sources, addresses, what is over.
        pub dim: Paint,
        /// The titles of panes.
        pub title: Paint,
        /// The frames of panes.
        pub border: Paint,
        /// The frame of the chosen side.
        pub border_focus: Paint,
        /// The frames while the past is looked at.
        pub border_past: Paint,
        /// The banner that says that this is the past.
        pub past: Paint,
        /// The server's things.
        pub server: Paint,
        /// The client's things.
        pub client: Paint,
        /// What has just changed.
        pub fresh: Paint,
        /// What held, what is right.
        pub good: Paint,
        /// What broke, what failed.
        pub bad: Paint,
        /// What waits for the learner or for the kernel.
        pub waits: Paint,
        /// A question to the learner.
        pub question: Paint,
        /// The name of a key.
        pub key: Paint,
        /// Code within a sentence.
        pub code: Paint,
        /// A keyword of a programming language.
        pub keyword: Paint,
        /// A string in code.
        pub string: Paint,
        /// A number in code.
        pub number: Paint,
        /// A comment in code.
        pub comment: Paint,
    }
}

/// A style as a theme file writes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint(pub Style);

/// Why a theme can't be used.
#[derive(Debug, thiserror::Error)]
#[error("theme {name}: {error}")]
pub struct ThemeError {
    /// Which theme.
    pub name: &'static str,
    /// What is wrong with it.
    pub error: String,
}

/// Which theme is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Choice {
    /// What fits the terminal.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// For a background that isn't known, of which `auto` alone knows.
    Either,
    /// Without colours.
    Mono,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Colours {
    /// The 256.
    #[default]
    All,
    /// The sixteen of ECMA-48 and its bright ones, at most.
    Sixteen,
}

impl Colours {
    /// What TERM and COLORTERM say. `variable` reads one of the environment's variables.
    pub fn of_terminal(variable: impl Fn(&str) -> Option<String>) -> Colours {
        let term = variable("TERM").unwrap_or_default();
        let is = |families: &[&str]| families.iter().any(|family| term.starts_with(family));
        if is(&["linux", "vt1", "vt2", "vt3", "vt4", "vt5", "cons25"])
            || ["", "dumb", "unknown"].contains(&term.as_str())
        {
            return Colours::Sixteen;
        }
        let more = variable("COLORTERM").is_some_and(|value| ["truecolor", "24bit"].contains(&value.as_str()));
        if more || ["256", "direct", "truecolor"].iter().any(|word| term.contains(word)) {
            return Colours::All;
        }
        let few = is(&["ansi", "pcansi", "screen", "sun", "cygwin", "wsvt", "Eterm", "hurd", "teraterm"])
            || ["-color", "-16color", "-8color", "-mono", "-m"].iter().any(|end| term.ends_with(end));
        if few { Colours::Sixteen } else { Colours::All }
    }
}

impl Choice {
    /// All, by their names on the command line.
    pub const NAMES: [(&'static str, Choice); 4] =
        [("auto", Choice::Auto), ("dark", Choice::Dark), ("light", Choice::Light), ("mono", Choice::Mono)];

    /// The choice with this name.
    pub fn from_name(name: &str) -> Option<Choice> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, choice)| *choice)
    }

    /// What `auto` comes to where the terminal's background is this one, or isn't known: no colours where `NO_COLOR` is set
    /// (no-color.org); on an unknown background those for a dark one, of sixteen colours those that can be read on either.
    fn resolve(self, hints: &TerminalHints, colours: Colours, background: Option<Background>) -> Choice {
        match self {
            Choice::Auto if hints.no_color => Choice::Mono,
            Choice::Auto => match (background.or(hints.console.then_some(Background::Dark)), colours) {
                (Some(Background::Light), _) => Choice::Light,
                (None, Colours::Sixteen) => Choice::Either,
                _ => Choice::Dark,
            },
            chosen => chosen,
        }
    }

    /// Whether the terminal is to be asked for its background: where nothing else decides, and it won't print the question. One of
    /// sixteen colours may, and GNU screen answers for another terminal.
    pub fn asks(self, colours: Colours) -> bool {
        self.asks_in(&TerminalHints::new(|name| std::env::var(name).ok()), colours)
    }

    fn asks_in(self, hints: &TerminalHints, colours: Colours) -> bool {
        self == Choice::Auto && !hints.no_color && !hints.screen && colours == Colours::All
    }
}

/// What the environment says of the terminal, beside its colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TerminalHints {
    /// No colours are wanted.
    no_color: bool,
    /// It is the Linux console, whose background is black.
    console: bool,
    /// It is GNU screen.
    screen: bool,
}

impl TerminalHints {
    fn new(variable: impl Fn(&str) -> Option<String>) -> TerminalHints {
        let term = variable("TERM").unwrap_or_default();
        TerminalHints {
            no_color: variable("NO_COLOR").is_some_and(|value| !value.is_empty()),
            console: term == "linux",
            screen: term == "screen" || term.starts_with("screen."),
        }
    }
}

/// A terminal's background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Background {
    Dark,
    Light,
}

impl Background {
    /// That of this colour, its parts from 0 to 1 (sRGB): light where its lightness (L* of CIELAB) is more than half.
    pub fn of(red: f64, green: f64, blue: f64) -> Background {
        let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        if luminance > 0.1842 { Background::Light } else { Background::Dark }
    }
}

/// How much light a part of a colour is, both from 0 to 1: sRGB's curve (IEC 61966-2-1) by a polynomial, which is never off by
/// more than 0.0017. Its power of 2.4 would be the only reason to map C's mathematical library at each start.
fn linear(part: f64) -> f64 {
    part * (part * (part * 0.305_306_011 + 0.682_171_111) + 0.012_522_878)
}

impl Theme {
    /// The theme for a choice; of `auto` that for a background that isn't known.
    ///
    /// # Errors
    /// [`ThemeError`] where the built-in file is wrong; a test reads all of them.
    pub fn load(choice: Choice, colours: Colours) -> Result<Theme, ThemeError> {
        Theme::load_on(choice, colours, None)
    }

    /// The same on this background.
    ///
    /// # Errors
    /// As of [`Theme::load`].
    fn load_on(choice: Choice, colours: Colours, background: Option<Background>) -> Result<Theme, ThemeError> {
        let name = name_on(choice, colours, background);
        let theme = table(&format!("themes/{name}.toml")).and_then(read).map_err(|error| ThemeError { name, error })?;
        Ok(Theme { name, ..theme })
    }

    /// That of `auto` for this background, where that is another one than this theme.
    ///
    /// # Errors
    /// As of [`Theme::load`].
    pub fn other_on(&self, colours: Colours, background: Background) -> Result<Option<Theme>, ThemeError> {
        let fits = name_on(Choice::Auto, colours, Some(background)) == self.name;
        if fits { Ok(None) } else { Theme::load_on(Choice::Auto, colours, Some(background)).map(Some) }
    }

    /// The style of a side's things.
    pub fn side(&self, side: Side) -> Style {
        match side {
            Side::Server => self.server.0,
            Side::Client => self.client.0,
        }
    }
}

/// The name of the theme for a choice.
fn name_on(choice: Choice, colours: Colours, background: Option<Background>) -> &'static str {
    let hints = TerminalHints::new(|name| std::env::var(name).ok());
    match (choice.resolve(&hints, colours, background), colours) {
        (Choice::Mono, _) => "mono",
        (Choice::Light, Colours::All) => "light",
        (Choice::Light, Colours::Sixteen) => "light16",
        (Choice::Either, _) => "either16",
        (_, Colours::All) => "dark",
        (_, Colours::Sixteen) => "dark16",
    }
}

/// Reads a theme's file, which has exactly its styles.
fn read(mut table: Table) -> Result<Theme, String> {
    let mut theme = Theme::default();
    for (name, paint) in theme.paints() {
        let style = table.remove(name).ok_or_else(|| format!("{name} is missing"))?;
        *paint = style_of(style).map_err(|error| format!("{name}{error}"))?;
    }
    table.keys().next().map_or(Ok(theme), |name| Err(format!("{name} is unknown")))
}

/// The style that a table tells.
fn style_of(value: Value) -> Result<Paint, String> {
    let Value::Table(table) = value else { return Err(format!(" is no table but {}", value.type_str())) };
    let mut style = Style::default();
    for (key, value) in table {
        let modifier = match (key.as_str(), &value) {
            ("fg", Value::String(name)) => {
                style.fg = Some(color(name)?);
                continue;
            }
            ("bg", Value::String(name)) => {
                style.bg = Some(color(name)?);
                continue;
            }
            ("bold", Value::Boolean(true)) => Modifier::BOLD,
            ("italic", Value::Boolean(true)) => Modifier::ITALIC,
            ("underlined", Value::Boolean(true)) => Modifier::UNDERLINED,
            ("reversed", Value::Boolean(true)) => Modifier::REVERSED,
            _ => return Err(format!(".{key} = {value:?} says nothing of a style")),
        };
        style = style.add_modifier(modifier);
    }
    Ok(Paint(style))
}

fn color(name: &str) -> Result<Color, String> {
    name.parse().map_err(|_| format!(": `{name}` is not a colour: write 0 to 255"))
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
