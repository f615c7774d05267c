//! Places in a trace.

/// A place in the trace: how many entries lie before it. 0 is before everything.
pub type Moment = usize;
