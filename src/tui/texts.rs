//! The interface's words, one file for each language.

use std::collections::BTreeMap;

use super::chart_texts::ChartWords;
use crate::i18n::words::{self, words};
use crate::i18n::{Glyphs, Lang, LanguageTexts, Languages, fill};

words! {
    /// All words of the interface in one language. The fields are named as in `assets/text/*/tui.toml`.
    #[allow(missing_docs)]
    pub struct InterfaceTexts {
        pub header: HeaderWords,
        pub side: SideWords,
        pub timer: super::timer_texts::TimerWords,
        pub wire: WireWords,
        pub explain: ExplainWords,
        pub code: CodeWords,
        pub states: StatesWords,
        pub large: LargeWords,
        pub packet: PacketWords,
        pub kernel: KernelWords,
        pub layers: LayersWords,
        pub chart: ChartWords,
        pub glossary: GlossaryWords,
        pub lessons: LessonsWords,
        pub ending: EndingWords,
        pub help: HelpWords,
        pub output: Output,
        pub free: FreeWords,
        pub mistyped: super::mistyped_texts::MistypedWords,
        pub rules: super::rule_texts::WireRuleWords,
        /// By the command's id.
        pub keys: BTreeMap<String, KeyText>,
    }
}

words! {
    /// What a command is called.
    pub struct KeyText {
        /// In the footer.
        pub label: String,
        /// In the list of keys.
        pub help: String,
    }
}

/// Why the words can't be used: the built-in file is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TextsError(String);

/// The file of each language that has them.
const FILE: &str = "tui.toml";

impl InterfaceTexts {
    /// The words in one language.
    ///
    /// # Errors
    /// As of [`InterfaceTexts::load_in`].
    pub fn load(lang: Lang) -> Result<InterfaceTexts, TextsError> {
        InterfaceTexts::load_in(lang, Glyphs::Unicode)
    }

    /// The same, written in these characters: before it is laid out, as what stands for a character may be longer.
    ///
    /// # Errors
    /// [`TextsError`] where the built-in file is wrong; a test reads all, and looks for every command's words.
    pub fn load_in(lang: Lang, glyphs: Glyphs) -> Result<InterfaceTexts, TextsError> {
        let mut texts = InterfaceTexts::read(Languages::shipped(), lang, glyphs)?;
        texts.name_next(lang, glyphs);
        Ok(texts)
    }

    /// The words in one of these languages.
    ///
    /// # Errors
    /// As of [`InterfaceTexts::load_in`].
    pub fn read(languages: &Languages, lang: Lang, glyphs: Glyphs) -> Result<InterfaceTexts, TextsError> {
        words::of_language(languages, (lang, glyphs), FILE).map_err(TextsError)
    }

    /// Puts the name of the next language into the words of the key that leads to it.
    fn name_next(&mut self, lang: Lang, glyphs: Glyphs) {
        let shown = lang.next(|next| next != lang && glyphs.have_lang(next));
        let meant = if shown == lang { lang.next(|next| next != lang) } else { shown };
        let here = LanguageTexts::load(lang).map_or(meant.code(), |texts| texts.name_of(meant));
        let name = |text: &mut String| *text = fill(text, &[("own", meant.name()), ("lang", here)]);
        for key in ["lang", "lang_lacks"] {
            if let Some(text) = self.keys.get_mut(key) {
                name(&mut text.label);
                name(&mut text.help);
            }
        }
        self.wire.first_keys.iter_mut().for_each(name);
    }

    /// A command's name in the footer.
    pub fn label(&self, id: &str) -> &str {
        self.keys.get(id).map_or("", |text| &text.label)
    }

    /// What a command does.
    pub fn help_of(&self, id: &str) -> &str {
        self.keys.get(id).map_or("", |text| &text.help)
    }
}

words! {
    /// The top line.
    #[allow(missing_docs)]
    pub struct HeaderWords {
        pub step: String,
        pub begins: String,
        pub lab: String,
        pub lab_short: String,
        pub host: String,
        pub host_short: String,
        pub plays: String,
        pub past: String,
        pub past_more: String,
        pub recorded_more: String,
        pub too_small: String,
    }
}

words! {
    /// The panes of the two sides.
    #[allow(missing_docs)]
    pub struct SideWords {
        pub server: String,
        pub client: String,
        pub blocks: String,
        pub stands: String,
        pub waits_for: String,
        pub running: String,
        pub interrupted: String,
        pub killed: String,
        pub killed_head: String,
        pub ended: String,
        pub never_made: String,
        pub earlier: String,
        pub more: String,
        pub accept_queue: String,
        pub queues: String,
        pub datagram: String,
        pub datagrams: String,
        pub nothing: String,
        pub bytes: String,
    }
}

words! {
    /// The ladder.
    #[allow(missing_docs)]
    pub struct WireWords {
        pub title: String,
        pub server: String,
        pub client: String,
        pub waits: String,
        pub dropped: String,
        pub same_side: String,
        pub again: String,
        pub by_hand: String,
        pub edited: String,
        pub forged: String,
        pub first_keys: [String; 5],
        pub above: String,
        pub below: String,
        pub skipped: String,
        pub nothing: String,
        pub relative: String,
        pub raw: String,
        pub blind: String,
        pub watches: String,
        pub legend: String,
        pub legend_short: String,
        pub legend_hand: String,
        pub legend_hand_short: String,
    }
}

words! {
    /// The explanation.
    #[allow(missing_docs)]
    pub struct ExplainWords {
        pub title: String,
        pub goal: String,
        pub to_the_end: String,
        pub begin: String,
        pub again: String,
        pub again_over: String,
        pub next: String,
        pub busy: String,
        pub pauses: String,
        pub waits_retransmit: String,
        pub waits_keepalive: String,
        pub waits_time_wait: String,
        pub waits_fin_wait_2: String,
        pub waits_probe: String,
        pub waits_left: String,
        pub waits: String,
        pub predict: String,
        pub pass: String,
        pub r#type: String,
        pub type_keys: String,
        pub right: String,
        pub wrong: String,
        pub wrong_fact: String,
        pub wrong_long: String,
        pub passed: String,
        pub broken: String,
        pub back: String,
        pub returns: String,
        pub returned: String,
        pub sets_up: String,
        pub set_up: String,
        pub set_up_known: String,
        pub r#try: String,
        pub try_beside_programs: String,
        pub held: String,
        pub all_held: String,
        pub failed: String,
        pub more: String,
        pub not_yet: String,
    }
}

words! {
    /// The code.
    #[allow(missing_docs)]
    pub struct CodeWords {
        pub title: String,
        pub none: String,
        pub next: String,
        pub source: String,
        pub unsought: String,
        pub unsought_short: String,
    }
}

words! {
    /// The state diagram.
    #[allow(missing_docs)]
    pub struct StatesWords {
        pub title: String,
        pub server: String,
        pub client: String,
        pub on: String,
        pub on_call: String,
        pub on_timer: String,
        pub sends: String,
        pub none: String,
    }
}

words! {
    /// The segment bit by bit.
    #[allow(missing_docs)]
    pub struct PacketWords {
        pub title: String,
        pub title_other: String,
        pub title_copy: String,
        pub copy_keys: String,
        pub copy_example: String,
        pub none: String,
        pub source_port: String,
        pub destination_port: String,
        pub sequence: String,
        pub acknowledgment: String,
        pub offset: String,
        pub reserved: String,
        pub window: String,
        pub checksum: String,
        pub urgent: String,
        pub length: String,
        pub kind: String,
        pub code: String,
        pub unused: String,
        pub pointer: String,
        pub mtu: String,
        pub padding: String,
        pub data: String,
        pub bytes: String,
        pub checksum_unfinished: String,
        pub checksum_wrong: String,
        pub close: String,
    }
}

words! {
    /// The kernel's socket table.
    #[allow(missing_docs)]
    pub struct KernelWords {
        pub title: String,
        pub none: String,
        pub other: String,
        pub gone: String,
        pub listen: String,
        pub queues: String,
        pub datagram: String,
        pub datagrams: String,
        pub timer: String,
        pub untold: String,
        pub no_timer: String,
        pub any: String,
        pub no_ssthresh: String,
    }
}

words! {
    /// The segment by layers; what it says is in [`crate::i18n::LayersTexts`].
    #[allow(missing_docs)]
    pub struct LayersWords {
        pub title: String,
        pub title_of: String,
        pub close: String,
        pub read_on: String,
    }
}

words! {
    /// The glossary.
    #[allow(missing_docs)]
    pub struct GlossaryWords {
        pub title: String,
        pub here: String,
        pub others: String,
    }
}

words! {
    /// The list of lessons.
    #[allow(missing_docs)]
    pub struct LessonsWords {
        pub title: String,
        pub keys: String,
        pub search: String,
        pub nothing: String,
        pub here: String,
        pub not_here: String,
        pub finished: String,
        pub far: String,
        pub steps: String,
        pub enter: String,
        pub enter_here: String,
        pub enter_resume: String,
        pub enter_again: String,
        pub failed: String,
    }
}

words! {
    /// The end of a lesson.
    #[allow(missing_docs)]
    pub struct EndingWords {
        pub title: String,
        pub keys: String,
        pub say: String,
        pub misbelief: String,
        pub predictions: String,
        pub confirmed: String,
        pub own: String,
        pub kernel: String,
        pub passed: String,
        pub kept_right: String,
        pub kept_wrong: String,
        pub kept_passed: String,
        pub not_asked: String,
        pub next: String,
        pub list: String,
        pub last: String,
        pub more: String,
    }
}

words! {
    /// The list of keys.
    #[allow(missing_docs)]
    pub struct HelpWords {
        pub title: String,
        pub mouse: String,
        pub scroll: String,
        pub close: String,
        pub further: String,
    }
}

words! {
    /// The terminals of programs that run in the window.
    #[allow(missing_docs)]
    pub struct Output {
        pub title: String,
        pub now: String,
        pub starts: String,
        pub runs: String,
        pub stopped: String,
        pub ended: String,
        pub killed: String,
        pub not_started: String,
        pub again: String,
        pub nothing: String,
        pub printed_nothing: String,
        pub close: String,
        pub back: String,
    }
}

words! {
    /// What is written in large letters.
    #[allow(missing_docs)]
    pub struct LargeWords {
        pub newest: String,
        pub only: String,
        pub more: String,
    }
}

words! {
    /// The free walk.
    #[allow(missing_docs)]
    pub struct FreeWords {
        pub title: String,
        pub title_server: String,
        pub title_client: String,
        pub title_watch: String,
        pub title_replay: String,
        pub title_run: String,
        pub role_server: String,
        pub role_client: String,
        pub role_both: String,
        pub role_watch: String,
        pub role_run: String,
        pub members: String,
        pub joined: String,
        pub left: String,
        pub begin: String,
        pub begin_watch: String,
        pub begin_run: String,
        pub begin_replay: String,
        pub menu: String,
        pub menu_only: String,
        pub menu_further: String,
        pub menu_wrong: String,
        pub awaits_server: String,
        pub goes_on: String,
        pub client_instead: String,
        pub chosen_awake: String,
        pub which_sleeper: String,
        pub begin_host: String,
        pub call_to_come: String,
        pub call_to_come_later: String,
        pub waits_elsewhere: String,
        pub wait_elsewhere: String,
        pub sleeps: String,
        pub thread: String,
        pub with_thread: String,
        pub unchosen: String,
        pub between: String,
        pub blocks: String,
        pub abandoned: String,
        pub stopped: String,
        pub never_made: String,
        pub why: String,
        pub remedy: String,
        pub r#type: String,
        pub type_host: String,
        pub type_keys: String,
        pub more_words: String,
        pub pass: String,
        pub stands: String,
        pub untold: String,
        pub holds_none: String,
        pub holds_walk: String,
        pub holds_all: String,
        pub holds_of_all: String,
        pub run_calls: String,
        pub run_calls_of: String,
        pub run_segments: String,
        pub run_some_segments: String,
        pub pass_later: String,
        pub pass_all: String,
        pub pass_to: String,
        pub unkept: String,
        pub undeliverable: String,
        pub unmade: String,
        pub unmade_fork: String,
        pub which_side: String,
        pub failed: String,
        pub learner_gone: String,
        pub learner_between: String,
        pub watched_gone: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::commands;

    #[test]
    fn each_language_loads_and_names_every_command_and_no_other() {
        for lang in Lang::all() {
            let texts = InterfaceTexts::load(lang).unwrap();
            let mut known: Vec<&str> = commands::COMMANDS.iter().map(|command| command.id).collect();
            known.sort_unstable();
            assert_eq!(texts.keys.keys().collect::<Vec<_>>(), known);
        }
    }
}
