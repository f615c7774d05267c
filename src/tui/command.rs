//! What the learner can ask for, by a key, a click or a button.

/// What the learner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Command {
    Next,
    Back,
    Forward,
    First,
    Present,
    StepBack,
    StepForward,
    Side,
    Up,
    Down,
    Deliver,
    Drop,
    /// Deliver all up to the meant one.
    DeliverUpTo,
    /// Deliver all from the end of the meant one.
    DeliverFrom,
    /// Send a copy of a segment.
    Repeat,
    /// Change the fields of a copy, over the header's picture.
    Edit,
    /// Send the changed copy.
    SendCopy,
    NextField,
    PreviousField,
    /// Make no copy.
    LeaveCopy,
    /// Choose an older segment, whatever became of it.
    Older,
    /// A newer one.
    Newer,
    Interrupt,
    /// End a side's process.
    Kill,
    /// Type a call, or a step to go to.
    Type,
    /// Run the set-up that is known from other lessons.
    SetUp,
    /// The menu's next page.
    Menu,
    /// Let segments pass by themselves, or no longer.
    Pass,
    /// The same for one connection.
    PassOne,
    /// Pick a rule of the wire.
    Rule,
    /// Set the one that is picked.
    SetRule,
    NextRule,
    PreviousRule,
    /// Set none.
    LeaveRules,
    /// Take all rules back.
    RulesOff,
    LetCall,
    Hold,
    /// Let a program's calls and segments pass, or wait again.
    RunOn,
    Unfold,
    /// Show one connection only.
    Only,
    Auto,
    Faster,
    Slower,
    Restart,
    Code,
    Numbers,
    Lang,
    Packet,
    Kernel,
    Layers,
    /// One end's bytes over time.
    Chart,
    /// The other end's.
    ChartOther,
    Glossary,
    Pane,
    /// The states in large letters, or not.
    Large,
    ScrollUp,
    ScrollDown,
    /// A page of what lies over the panes.
    PageUp,
    PageDown,
    /// Close what lies over the panes.
    Close,
    /// The number of the chosen answer, from 0.
    Answer(usize),
    Send,
    /// The list of lessons.
    Lessons,
    /// From the end of a lesson to the next one.
    NextLesson,
    /// Send the line that is offered.
    Offered,
    /// Type no call.
    Leave,
    Complete,
    EarlierLine,
    LaterLine,
    /// From now on keys go to a program of the window.
    Console,
    /// Keys go to a program no longer.
    ConsoleBack,
    /// Keys go to the other program.
    ConsoleOther,
    /// A program that has ended is started again.
    StartAgain,
    Help,
    /// Stop until the shell continues it.
    Suspend,
    Quit,
}
