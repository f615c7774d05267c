//! The words for what the system refused to the program itself, and for why a walk can't go on.

use std::collections::BTreeMap;

use super::by_lang::ByLang;
use super::words::words;
use super::{BrokenTexts, Lang, escape, fill};
use crate::model::{Aim, Attempt, Cause, Errno, Failure};

words! {
    /// The sentences about the system. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct SystemTexts {
        pub refused: String,
        pub errno: String,
        pub thread: String,
        pub lab_gone: String,
        pub lab_closed: String,
        pub capture_lost: String,
        pub causes: CauseTexts,
        /// By the key of the aim.
        pub aims: BTreeMap<String, String>,
        /// By the symbol.
        pub errnos: BTreeMap<String, String>,
    }
}

words! {
    /// Why something can't be had, where it isn't an errno.
    #[allow(missing_docs)]
    pub struct CauseTexts {
        pub garbled: String,
        pub cut_short: String,
        pub another_users: String,
        pub table_changed: String,
        pub thread_ended: String,
        pub many_threads: String,
        pub no_descriptors: String,
        pub not_movable: String,
        pub not_regular: String,
        pub not_regular_file: String,
        pub symbolic_link: String,
        pub many_aside: String,
        pub no_lessons: String,
        pub many_lessons: String,
    }
}

impl SystemTexts {
    /// The texts of a language; read once.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the asset that was built in doesn't fit the program.
    pub fn load(lang: Lang) -> Result<&'static SystemTexts, BrokenTexts> {
        static LOADED: ByLang<SystemTexts> = ByLang::new("system.toml");
        LOADED.get(lang)
    }

    fn errno(&self, errno: Errno) -> String {
        let symbol = errno.to_string();
        match self.errnos.get(&symbol) {
            Some(words) => fill(&self.errno, &[("symbol", &symbol), ("words", words)]),
            None => symbol,
        }
    }

    fn cause(&self, cause: &Cause) -> String {
        let t = &self.causes;
        match cause {
            Cause::Errno(errno) => self.errno(*errno),
            Cause::Garbled => t.garbled.clone(),
            Cause::CutShort => t.cut_short.clone(),
            Cause::AnotherUsers => t.another_users.clone(),
            Cause::TableChanged => t.table_changed.clone(),
            Cause::ThreadEnded => t.thread_ended.clone(),
            Cause::ManyThreads(n) => fill(&t.many_threads, &[("n", n)]),
            Cause::NoDescriptors => t.no_descriptors.clone(),
            Cause::NotMovable => t.not_movable.clone(),
            Cause::NotRegular => t.not_regular.clone(),
            Cause::NotRegularFile(name) => fill(&t.not_regular_file, &[("file", escape(name))]),
            Cause::SymbolicLink(name) => fill(&t.symbolic_link, &[("file", escape(name))]),
            Cause::ManyAside => t.many_aside.clone(),
            Cause::NoLessons => t.no_lessons.clone(),
            Cause::ManyLessons(n) => fill(&t.many_lessons, &[("n", n)]),
            Cause::Other(said) => escape(said),
        }
    }

    fn refused(&self, attempt: &Attempt, cause: &Cause) -> String {
        let aim = self.aims.get(attempt.aim.key()).map_or(Aim::key(attempt.aim), String::as_str);
        let (call, error) = (escape(attempt.call.as_bytes()), self.cause(cause));
        fill(&self.refused, &[("call", call.as_str()), ("aim", aim), ("error", error.as_str())])
    }

    fn failure(&self, failure: &Failure) -> String {
        match failure {
            Failure::System { attempt, cause } => self.refused(attempt, cause),
            Failure::Thread(why) => fill(&self.thread, &[("why", escape(why))]),
            Failure::LabGone => self.lab_gone.clone(),
            Failure::LabClosed => self.lab_closed.clone(),
            Failure::CaptureLost(n) => fill(&self.capture_lost, &[("n", n)]),
        }
    }
}

/// Why something failed, in a language: an errno with its symbol.
pub fn cause(lang: Lang, cause: impl Into<Cause>) -> String {
    let cause = cause.into();
    SystemTexts::load(lang).map_or_else(|_| cause.to_string(), |texts| texts.cause(&cause))
}

/// What was tried, what for, and why it failed.
pub fn refused(lang: Lang, attempt: &Attempt, cause: impl Into<Cause>) -> String {
    let cause = cause.into();
    SystemTexts::load(lang)
        .map_or_else(|_| format!("{}: {cause}", attempt.call), |texts| texts.refused(attempt, &cause))
}

/// Why a walk can't go on.
pub fn failure(lang: Lang, failure: &Failure) -> String {
    SystemTexts::load(lang).map_or_else(|_| format!("{failure:?}"), |texts| texts.failure(failure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::testing::zh;

    #[test]
    fn each_aim_and_each_errno_has_words_of_its_own_in_each_language() {
        for lang in Lang::all() {
            let texts = SystemTexts::load(lang).unwrap();
            let keys: Vec<&str> = Aim::ALL.iter().map(|aim| aim.key()).collect();
            let mut words: Vec<&String> = keys.iter().map(|key| &texts.aims[*key]).collect();
            assert_eq!(texts.aims.len(), keys.len(), "{lang:?}: no words without an aim");
            words.sort();
            words.dedup();
            assert_eq!(words.len(), keys.len(), "{lang:?}: no two aims have the same words");
            for errno in Errno::ALL {
                let symbol = errno.symbol().unwrap();
                assert!(texts.errnos.get(symbol).is_some_and(|words| !words.is_empty()), "{lang:?} {symbol}");
            }
            let known = |symbol: &String| Errno::ALL.iter().any(|errno| errno.symbol() == Some(symbol));
            assert!(texts.errnos.keys().all(known), "{lang:?}: no words without an errno");
        }
    }

    #[test]
    fn a_refusal_says_call_aim_and_errno() {
        let attempt = Aim::Capture.by("socket(AF_PACKET)");
        let eperm = || Cause::Errno(Errno(libc::EPERM));
        assert_eq!(refused(Lang::EN, &attempt, eperm()), "socket(AF_PACKET), to see segments: EPERM (not permitted)");
        assert_eq!(refused(zh(), &attempt, eperm()), "socket(AF_PACKET)（用于捕获报文段）：EPERM（不允许）");
        assert_eq!(cause(zh(), Cause::Errno(Errno(4095))), "errno 4095");
        assert_eq!(cause(zh(), Cause::Other("\u{1b}[31m".into())), escape("\u{1b}[31m"), "what others say is harmless");
    }

    /// What has no name of a call, an errno or a file in it is words, and those are the language's own.
    #[test]
    fn no_cause_and_no_failure_has_english_words_in_chinese() {
        let causes = [
            Cause::Garbled,
            Cause::CutShort,
            Cause::AnotherUsers,
            Cause::TableChanged,
            Cause::ThreadEnded,
            Cause::ManyThreads(2),
            Cause::NoDescriptors,
            Cause::NotMovable,
            Cause::NotRegular,
            Cause::NotRegularFile("7".into()),
            Cause::SymbolicLink("7".into()),
            Cause::ManyAside,
            Cause::NoLessons,
            Cause::ManyLessons(1000),
        ];
        let mut said: Vec<String> = causes.iter().map(|one| cause(zh(), one.clone())).collect();
        for one in [Failure::Thread("7".into()), Failure::LabGone, Failure::LabClosed, Failure::CaptureLost(3)] {
            said.push(failure(zh(), &one));
        }
        let texts = SystemTexts::load(zh()).unwrap();
        said.extend(texts.aims.values().chain(texts.errnos.values()).cloned());
        // Names, which are the same in every language.
        let names = ["TCP", "UDP", "SYN_RECV", "sockwalk", "toml", "I/O"];
        for said in said {
            let without = names.iter().fold(said.clone(), |text, name| text.replace(name, ""));
            assert!(!without.chars().any(|c| c.is_ascii_alphabetic()), "{said}");
            assert!(!said.is_ascii(), "{said}");
        }
    }
}
