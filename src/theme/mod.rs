//! How things look: the styles of one theme by the meaning of what they are given to.
//!
//! A theme is a file in `assets/themes`. The terminal keeps its own background; only the banner of the past has one.

use std::time::{Duration, Instant};

use ratatui::style::{Color, Modifier, Style};
use rustix::stdio::stdin;
use rustix::termios::{QueueSelector, tcflush};
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};
use toml::{Table, Value};

use crate::assets::table;
use crate::model::Side;

/// Declares the theme, and what puts a table's styles into its fields.
macro_rules! theme {
    ($(#[$meta:meta])* pub struct Theme { $($(#[$doc:meta])* pub $field:ident: Paint,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct Theme { $($(#[$doc])* pub $field: Paint,)* }

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

    /// What `auto` comes to on this terminal: no colours where `NO_COLOR` is set (no-color.org), else what the
    /// terminal says of its background. Where it says nothing, dark; of sixteen colours, those that can be read on either. Ask
    /// before the alternate screen and the input thread begin: the terminal's answer comes as input.
    pub fn resolve(self, colours: Colours) -> Choice {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.resolve_with(no_color, colours, || {
            // Such a terminal prints the question, or is silent; of the Linux console it is known.
            if colours == Colours::Sixteen {
                return std::env::var_os("TERM").filter(|term| term == "linux").map(|_| ThemeMode::Dark);
            }
            asked()
        })
    }

    fn resolve_with(self, no_color: bool, colours: Colours, background: impl FnOnce() -> Option<ThemeMode>) -> Choice {
        match self {
            Choice::Auto if no_color => Choice::Mono,
            Choice::Auto => match (background(), colours) {
                (Some(ThemeMode::Light), _) => Choice::Light,
                (None, Colours::Sixteen) => Choice::Either,
                _ => Choice::Dark,
            },
            chosen => chosen,
        }
    }
}

/// What the terminal says of its background; `None` where it says nothing in time.
fn asked() -> Option<ThemeMode> {
    const LIMIT: Duration = Duration::from_millis(150);
    let mut options = QueryOptions::default();
    options.timeout = LIMIT;
    let begun = Instant::now();
    let answer = theme_mode(options).ok();
    // The answer is read in pieces. Where the time was over in between, on a busy machine, its end would be read as keys.
    if answer.is_none() || begun.elapsed() >= LIMIT {
        let _ = tcflush(stdin(), QueueSelector::IFlush);
    }
    answer
}

impl Theme {
    /// The theme for a choice; `auto` is resolved first.
    ///
    /// # Errors
    /// [`ThemeError`] where the built-in file is wrong; a test reads all of them.
    pub fn load(choice: Choice, colours: Colours) -> Result<Theme, ThemeError> {
        let name = match (choice.resolve(colours), colours) {
            (Choice::Mono, _) => "mono",
            (Choice::Light, Colours::All) => "light",
            (Choice::Light, Colours::Sixteen) => "light16",
            (Choice::Either, _) => "either16",
            (_, Colours::All) => "dark",
            (_, Colours::Sixteen) => "dark16",
        };
        table(&format!("themes/{name}.toml")).and_then(read).map_err(|error| ThemeError { name, error })
    }

    /// The style of a side's things.
    pub fn side(&self, side: Side) -> Style {
        match side {
            Side::Server => self.server.0,
            Side::Client => self.client.0,
        }
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
