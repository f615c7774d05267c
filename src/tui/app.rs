//! The state of the interface: the walk, where the learner looks, and how it is shown. Drawing only reads it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ratatui::layout::Rect;
use tui_input::Input;

use super::catalogue::{Catalogue, Choosing, ResumedSteps};
use super::code::Snippets;
use super::command::Command;
use super::console::Program;
use super::copy::SegmentCopy;
use super::layout::{self, Areas, Audience, BottomPane, LargeRequest, LayoutRequest};
use super::line::TypedLines;
use super::picker::RulePicker;
use super::texts::InterfaceTexts;
use crate::i18n::{Glyphs, Lang, Localized};
use crate::model::{Actor, Connection, Door, Flow, Moment, SegmentId, Side, View, may_release};
use crate::progress::Mark;
use crate::tcp::Numbers;
use crate::theme::{Colours, Theme};
use crate::walk::{Phase, Purpose, Walk, WireAbility};

/// How long a step takes when the lesson plays by itself, in tenths of a second, the quickest first.
pub const PACES: [u64; 6] = [5, 10, 20, 30, 50, 100];

/// How things are written and coloured.
pub struct Appearance {
    pub(super) lang: Lang,
    /// The words in that language.
    pub(super) texts: InterfaceTexts,
    /// The languages that the terminal has the characters for.
    pub(super) shown: Vec<Lang>,
    /// The styles.
    pub theme: Theme,
    /// How many colours the terminal has, where its background decides on the theme.
    pub asks: Option<Colours>,
    /// The characters that the terminal has.
    pub glyphs: Glyphs,
    /// The calls in code.
    pub snippets: Snippets,
    /// Which programming language is shown.
    pub code: usize,
    /// Whether a program's own source is shown instead, where a program made the call.
    pub source: bool,
    /// How sequence numbers are written.
    pub numbers: Numbers,
    /// Whether the states are written in large letters; `None` where nobody has said so: then a room has them.
    pub large: Option<bool>,
}

/// Why the interface can't start: a built-in file is wrong.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum AppearanceError {
    #[error(transparent)]
    InterfaceTexts(#[from] super::texts::TextsError),
}

impl Appearance {
    /// The look in a language with a theme and these characters.
    ///
    /// # Errors
    /// [`AppearanceError`] where a built-in file is wrong; tests read all of them.
    pub fn new(lang: Lang, theme: Theme, glyphs: Glyphs) -> Result<Appearance, AppearanceError> {
        let texts = InterfaceTexts::load_in(lang, glyphs)?;
        let snippets = Snippets::shipped();
        let numbers = Numbers::default();
        let shown = Lang::all().filter(|lang| glyphs.have_lang(*lang)).collect();
        let (code, source, large, asks) = (0, true, None, None);
        Ok(Appearance { lang, texts, shown, theme, asks, glyphs, snippets, code, source, numbers, large })
    }

    /// The language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Changes the language.
    ///
    /// # Errors
    /// [`AppearanceError`] where its built-in file is wrong; then the language stays.
    pub fn speak(&mut self, lang: Lang) -> Result<(), AppearanceError> {
        if lang != self.lang {
            (self.texts, self.lang) = (InterfaceTexts::load_in(lang, self.glyphs)?, lang);
        }
        Ok(())
    }

    /// The next language that the terminal has the characters for; the same where there is no other.
    pub(super) fn next_lang(&self) -> Lang {
        self.lang.next(|lang| self.shown.contains(&lang))
    }

    /// Whether there is another language that can be shown.
    pub(super) fn has_langs(&self) -> bool {
        self.next_lang() != self.lang
    }
}

/// What lies over the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Overlay {
    Help,
    Packet,
    Kernel,
    Layers,
    /// One end's bytes over time.
    Chart,
    Glossary,
    /// The list of lessons.
    Lessons,
    /// The end of a lesson.
    Ending,
    /// The kinds of rules that the wire can have.
    Rules,
    /// The terminal of a program that runs in the window: keys go to it.
    Console,
}

/// What has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The panes: the walk goes on, and one looks around.
    Panes,
    /// What lies over the panes: it is read and closed, and nothing else happens behind it.
    Overlay,
    /// The line that is typed: letters are part of it.
    Line,
    /// The fields of a copy over the header's picture (`copy.rs`): letters stand in one of them.
    Copy,
    /// The kinds of rules that the wire can have (`picker.rs`): letters stand in the number of one.
    Rules,
    /// The list of lessons: letters search in it (`lessons.rs`).
    Search,
    /// A program that runs in the window: all keys but a few are typed to it (`typing.rs`).
    Program,
    /// Nothing: the window is too small to show what a key would do.
    Unseen,
}

/// What the learner has chosen to look at.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The moment; `None` for the present.
    pub(super) cursor: Option<Moment>,
    /// Who makes calls.
    pub(super) actor: Option<Actor>,
    /// What goes on next was asked for while it was the turn of the window's server, whose next call isn't known yet.
    pub(super) goes_on: bool,
    /// What wants a side to be chosen first.
    pub(super) asks_side: Option<Command>,
    /// The segment.
    pub(super) segment: Option<SegmentId>,
    /// The pane at the bottom of a small screen.
    pub(super) turn: BottomPane,
    /// What lies over the panes.
    pub(super) overlay: Option<Overlay>,
    /// How far the explanation is scrolled; `None` where it wasn't touched.
    pub(super) explain: Option<usize>,
    /// The page of the free walk's menu.
    pub(super) menu: usize,
    /// The one connection that the ladder and the sides show; `None` for all.
    pub(super) only: Option<Connection>,
    /// Each call of a program has a line of its own.
    pub(super) unfolded: bool,
    /// How many of the newest segments the ladder leaves out.
    pub(super) ladder: usize,
    /// How far the overlay is scrolled.
    pub(super) over: usize,
    /// Whose program's terminal is looked at.
    pub(super) console: Option<Side>,
    /// How many lines it is scrolled back.
    pub(super) back: usize,
    /// The end whose bytes are drawn over time; `None` where none was chosen.
    pub(super) charted: Option<SocketAddr>,
    /// The lesson opened the overlay, and the text below it wasn't seen yet.
    pub(super) unread: bool,
    /// The step whose view was opened.
    pub(super) shown: Option<usize>,
}

/// The lesson plays by itself.
#[derive(Clone, Copy, Debug)]
pub struct Auto {
    /// When the next step is due; `None` while the walk is busy.
    pub(super) due: Option<Duration>,
}

/// The state of the interface.
pub struct App {
    pub(super) walk: Walk,
    pub(super) look: Appearance,
    pub(super) place: Selection,
    pub(super) now: Duration,
    pub(super) size: Rect,
    pub(super) auto: Option<Auto>,
    pub(super) again: Option<ResumedSteps>,
    /// The step up to which the steps run again in the next walk.
    pub(super) back_to: Option<usize>,
    pub(super) pace: usize,
    pub(super) input: Option<Input>,
    /// The phase that the screen has taken notice of, with the next step's number.
    pub(super) noticed: (Phase, Option<usize>),
    /// What is told beside the goal.
    pub(super) first: Option<Localized>,
    /// The last of the steps that ran again by themselves, by its number in the lesson.
    pub(super) ran_again: Option<usize>,
    /// How the lesson's questions were answered in earlier walks, by the step's id.
    pub(super) kept: BTreeMap<String, Mark>,
    /// The furthest step that was ever reached, by its number in the lesson.
    pub(super) furthest: Option<usize>,
    /// The last step of the lesson's set-up that the learner knows from other lessons, by its number.
    pub(super) set_up: Option<usize>,
    /// The lessons, as they were when the list or the end of a lesson was opened.
    pub(super) catalogue: Option<Catalogue>,
    /// Where the learner is in the list.
    pub(super) choosing: Choosing,
    /// How many walks were made before this one.
    pub(super) generation: u64,
    /// The programs that run in the window.
    pub(super) programs: Vec<Program>,
    /// What was read for the picture of one end's bytes, while that is looked at.
    pub(super) chart: Option<Flow>,
    /// The copy whose fields are being changed.
    pub(super) copy: Option<SegmentCopy>,
    /// The list from which a rule is picked.
    pub(super) picker: Option<RulePicker>,
    /// What goes with the line that is typed.
    pub(super) lines: TypedLines,
    /// Why the lesson couldn't start again.
    pub(super) trouble: Option<String>,
    /// The language of which is said that it can't be shown: until the next key.
    pub(super) lacks_lang: Option<Lang>,
    pub(super) changed: bool,
}

impl App {
    /// The interface of a walk, at a size of the terminal.
    pub fn new(walk: Walk, look: Appearance, columns: u16, rows: u16) -> App {
        let noticed = (walk.phase().clone(), None);
        App {
            walk,
            look,
            place: Selection::default(),
            now: Duration::ZERO,
            size: Rect::new(0, 0, columns, rows),
            auto: None,
            again: None,
            back_to: None,
            pace: 3,
            input: None,
            noticed,
            first: None,
            ran_again: None,
            kept: BTreeMap::new(),
            furthest: None,
            set_up: None,
            catalogue: None,
            choosing: Choosing::default(),
            generation: 0,
            programs: Vec::new(),
            chart: None,
            copy: None,
            picker: None,
            lines: TypedLines::default(),
            trouble: None,
            lacks_lang: None,
            changed: true,
        }
    }

    /// Looks at the first entry: of a recording, whose present is its end.
    pub fn look_at_the_beginning(&mut self) {
        self.place.cursor = (self.walk.trace().now() > 1).then_some(1);
    }

    /// Says that a language which is wanted can't be shown with the terminal's characters.
    pub fn tell_of_lacking_lang(&mut self, lang: Lang) {
        self.lacks_lang = Some(lang);
        self.changed = true;
    }

    /// Tells something of the walk until its first step.
    pub fn tell_at_first(&mut self, words: Localized) {
        self.first = Some(words);
    }

    /// What is told now, before the first step.
    pub(super) fn told_at_first(&self) -> Option<&str> {
        let first = self.first.as_ref().filter(|_| self.view().step().is_none());
        first.map(|words| words.get(self.lang()))
    }

    /// The walk.
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// How many walks were made before this one: messages of the world bear this number.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The words in the language of the moment.
    pub fn texts(&self) -> &InterfaceTexts {
        &self.look.texts
    }

    /// The language of the moment.
    pub fn lang(&self) -> Lang {
        self.look.lang()
    }

    /// Everything as it was at the moment that is looked at.
    pub fn view(&self) -> View<'_> {
        match self.place.cursor {
            Some(moment) => self.walk.trace().at(moment),
            None => self.walk.trace().present(),
        }
    }

    /// Whether an earlier moment is looked at.
    pub fn in_past(&self) -> bool {
        self.place.cursor.is_some()
    }

    /// The time on the screen: in the past it stands still.
    pub fn clock(&self) -> Duration {
        if self.in_past() { self.view().at() } else { self.now }
    }

    /// Whether the line that is offered for typing stands there as it was, the cursor at its end.
    pub fn offered_line_stands(&self) -> bool {
        let offered = match self.walk.phase() {
            Phase::Typing(offered) => offered,
            _ => return false,
        };
        self.input.as_ref().is_some_and(|input| input.value() == offered && input.cursor() == offered.chars().count())
    }

    /// The line that is being typed; `None` where none is wanted or the past is looked at.
    pub fn typing(&self) -> Option<&Input> {
        self.input.as_ref().filter(|_| !self.in_past())
    }

    /// How the lesson plays by itself.
    pub fn auto(&self) -> Option<Auto> {
        self.auto
    }

    /// How long a step takes then.
    pub fn pace(&self) -> Duration {
        Duration::from_millis(PACES[self.pace.min(PACES.len() - 1)] * 100)
    }

    /// Whether the panes at the bottom take turns at this size.
    pub fn takes_turns(&self) -> bool {
        layout::takes_turns(self.size, self.wish())
    }

    /// Who sits before the screen: who looks on does so for a room.
    pub(super) fn seat(&self) -> Audience {
        match self.walk.free().map(|free| &free.options().purpose) {
            Some(Purpose::Watch) => Audience::Audience,
            _ => Audience::Walker,
        }
    }

    /// What is wanted of the screen.
    pub(super) fn wish(&self) -> LayoutRequest {
        let large = match self.walk.wire() {
            _ if !self.is_large() => LargeRequest::Nothing,
            WireAbility::Blind => LargeRequest::States,
            WireAbility::Holds | WireAbility::Watches => LargeRequest::Segment,
        };
        LayoutRequest { turn: self.place.turn, seat: self.seat(), large }
    }

    /// Whether the states are wanted in large letters.
    pub(super) fn is_large(&self) -> bool {
        self.look.large.unwrap_or(self.seat() == Audience::Audience)
    }

    /// Whether a recording is gone through.
    pub(super) fn replays(&self) -> bool {
        self.walk.free().is_some_and(|free| free.options().purpose == Purpose::Replay)
    }

    /// The places of the panes; `None` where the window is too small.
    pub(super) fn areas(&self) -> Option<Areas> {
        layout::areas(self.size, self.wish())
    }

    /// What has the keys at the moment.
    pub fn focus(&self) -> Focus {
        match self.place.overlay {
            _ if layout::too_small(self.size) => Focus::Unseen,
            Some(Overlay::Lessons) => Focus::Search,
            Some(Overlay::Console) => Focus::Program,
            Some(Overlay::Packet) if self.copy.is_some() => Focus::Copy,
            Some(Overlay::Rules) => Focus::Rules,
            Some(_) => Focus::Overlay,
            None if self.typing().is_some() && !self.runs_again() => Focus::Line,
            None => Focus::Panes,
        }
    }

    /// The waiting segment that is meant, by the keys, by the mark in the ladder and by the step that comes next: the one that
    /// was chosen, else the one that the next step is about, else the oldest that may be let go here. In the past, where nothing
    /// can be let go, the oldest.
    pub fn meant_held(&self) -> Option<SegmentId> {
        let waiting = self.view().waiting();
        // In order, since they are numbered in order.
        let waits = |id: &SegmentId| waiting.binary_search(id).is_ok();
        let of_step = || self.walk.awaited().filter(|_| !self.in_past()).filter(waits);
        let oldest = || match self.own_doors().filter(|_| !self.in_past()) {
            Some(may) => self.walk.trace().oldest_at(may),
            None => waiting.first().copied(),
        };
        self.place.segment.filter(waits).or_else(of_step).or_else(oldest)
    }

    /// The waiting segment after the one that is meant, or before it.
    pub(super) fn next_held(&self, newer: bool) -> Option<SegmentId> {
        let waiting = self.view().waiting();
        let meant = self.meant_held()?;
        let current = waiting.binary_search(&meant).ok()?;
        let next = if newer { current + 1 } else { current.checked_sub(1)? };
        waiting.get(next).copied()
    }

    /// Whether a waiting segment may be let go here: in a lesson each; where others make calls too, those that wait for the own
    /// end.
    pub fn is_at_own_door(&self, id: SegmentId) -> bool {
        self.waits_at(id, self.own_doors())
    }

    /// At which doors segments may be let go here (`None` is nobody's door); `None` where they may at all.
    pub(super) fn own_doors(&self) -> Option<impl Fn(Option<Door>) -> bool> {
        let free = self.walk.free()?;
        let own = free.steps().then(|| free.actors());
        let members = self.view().members();
        Some(move |door| may_release(own, door, &members))
    }

    /// Whether a segment waits at one of these doors.
    pub(super) fn waits_at(&self, id: SegmentId, doors: Option<impl Fn(Option<Door>) -> bool>) -> bool {
        let Some(may) = doors else { return true };
        let view = self.view();
        view.segment(id).is_some_and(|segment| may(view.trace().door(segment.segment)))
    }

    /// The segment that the packet pane shows: the chosen, else the newest.
    pub fn chosen_segment(&self) -> Option<SegmentId> {
        let count = self.view().segment_count();
        let newest = count.checked_sub(1).and_then(|n| u32::try_from(n).ok()).map(SegmentId);
        self.place.segment.filter(|id| (id.0 as usize) < count).or(newest)
    }

    /// The connection that is shown alone, else that of the segment which is chosen.
    pub(super) fn chosen_connection(&self) -> Option<Connection> {
        let of_segment = || Some(Connection::of(self.view().segment(self.chosen_segment()?)?.segment));
        self.place.only.or_else(of_segment)
    }

    /// When the interface must be told the time; `None` where nothing on the screen moves by itself.
    pub fn wake_at(&self) -> Option<Duration> {
        let second = self.has_clock().then(|| Duration::from_secs(self.now.as_secs() + 1));
        let auto = self.auto.and_then(|auto| auto.due);
        [second, auto, self.chart_due(), self.again_due(), self.walk.wake_at()].into_iter().flatten().min()
    }

    /// Whether the screen must be drawn again; asking clears it.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether something on the screen counts seconds.
    fn has_clock(&self) -> bool {
        if self.in_past() || layout::too_small(self.size) {
            return false;
        }
        let view = self.walk.trace().present();
        let blocked = || view.all_actors().into_iter().any(|actor| view.sleeping_in(actor).is_some());
        let timer = || {
            let timers = view.living().filter_map(|socket| socket.facts.timer);
            { timers }.any(|timer| timer.fires_at > self.now)
        };
        blocked() || timer()
    }
}
