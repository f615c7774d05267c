//! The picture of how one end's bytes went: which end is meant, and what of the trace is read for it, bit by bit, so that no
//! frame waits for a long one.

use std::net::SocketAddr;
use std::time::Duration;

use super::app::{App, Overlay};
use crate::model::{Arrival, Connection, Flow};
use crate::tcp::Initials;
use crate::walk::WireAbility;

/// So many entries are read before a frame.
const AT_ONCE: usize = 10_000;

/// So many of a connection's first segments are looked at to find which end sends more.
const LOOKED_AT: usize = 500;

/// Reads on where the picture is looked at.
pub(super) fn follow(app: &mut App) {
    if app.place.overlay != Some(Overlay::Chart) {
        app.chart = None;
        return;
    }
    let Some((ends, initials)) = app.charted() else {
        app.chart = None;
        return;
    };
    let arrival = match app.walk.wire() {
        WireAbility::Holds => Arrival::Delivered,
        WireAbility::Watches | WireAbility::Blind => Arrival::Seen,
    };
    let known = app.chart.take().filter(|flow| flow.is_of(ends, &initials));
    let mut flow = known.unwrap_or_else(|| Flow::new(ends, initials, arrival));
    flow.read(app.walk.trace(), AT_ONCE);
    app.chart = Some(flow);
}

impl App {
    /// Whether there is more to read for the picture.
    pub fn chart_lags(&self) -> bool {
        self.chart.as_ref().is_some_and(|flow| flow.lags(self.walk.trace()))
    }

    /// When it is to be read on.
    pub(super) fn chart_due(&self) -> Option<Duration> {
        self.chart_lags().then_some(self.now)
    }

    /// The end whose bytes are drawn, with the other one, and their connection's numbers as the end has them; `None` where
    /// there is no connection. It is the one that was chosen, else the one that sends more.
    fn charted(&self) -> Option<((SocketAddr, SocketAddr), Initials)> {
        let trace = self.walk.trace();
        let connection = self.chosen_connection()?;
        let [one, other] = connection.ends();
        let known = self.chart.as_ref().map(Flow::ends);
        let known = known.filter(|(from, to)| Connection::new(*from, *to) == connection).map(|(from, _)| from);
        let from = self.place.charted.filter(|from| connection.ends().contains(from)).or(known);
        let from = from.unwrap_or_else(|| if self.sends_more(connection) { one } else { other });
        let to = if from == one { other } else { one };
        let chosen = self.place.segment.and_then(|id| trace.present().segment(id));
        let chosen = chosen.filter(|segment| Connection::of(segment.segment) == connection);
        let initials =
            chosen.map(
                |segment| {
                    if segment.segment.from == from { segment.initials } else { segment.initials.of_the_other() }
                },
            );
        Some(((from, to), initials.unwrap_or_else(|| trace.initials_between(from, to))))
    }

    /// Whether the first of a connection's ends has sent more than the other one.
    fn sends_more(&self, connection: Connection) -> bool {
        let [one, _] = connection.ends();
        let [mut own, mut its] = [0, 0];
        let present = self.walk.trace().present();
        let first = present.segments_of(connection).iter().take(LOOKED_AT);
        for segment in first.filter_map(|id| Some(present.segment(*id)?.segment)) {
            *(if segment.from == one { &mut own } else { &mut its }) += segment.payload().len();
        }
        own > its
    }

    /// The other end's bytes are drawn.
    pub(super) fn turn_chart(&mut self) {
        self.place.charted = self.chart.as_ref().map(|flow| flow.ends().1);
    }
}

/// Whether there is a connection to draw.
pub(super) fn has_chart(app: &App) -> bool {
    shows_chart(app) || app.chosen_connection().is_some()
}

pub(super) fn shows_chart(app: &App) -> bool {
    app.place.overlay == Some(Overlay::Chart)
}
