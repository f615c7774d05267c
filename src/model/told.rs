//! What is new in what the kernel says.

use std::collections::HashMap;

use super::{Event, Observation, SocketFacts, Source};

/// What the kernel last said of each socket that it has.
#[derive(Clone, Debug, Default)]
pub struct Told {
    facts: HashMap<u64, SocketFacts>,
}

impl Told {
    /// What an observation says that wasn't said before: new and changed sockets in the kernel's order, then those that
    /// are gone.
    pub fn news(&mut self, observation: Observation) -> Vec<Event> {
        let mut next = HashMap::with_capacity(observation.sockets.len());
        let mut news = Vec::new();
        for facts in observation.sockets {
            let kept = match self.facts.remove(&facts.cookie) {
                Some(known) if !known.differs(&facts) => known,
                _ => {
                    news.push(Event::Socket(facts.clone()));
                    facts
                }
            };
            next.insert(kept.cookie, kept);
        }
        let mut gone: Vec<u64> = self.facts.drain().map(|(cookie, _)| cookie).collect();
        gone.sort_unstable();
        news.extend(gone.into_iter().map(|cookie| Event::Gone { cookie, source: Source::SockDiag }));
        self.facts = next;
        news
    }

    /// The sockets that the kernel had when it was last asked, in no order.
    pub fn sockets(&self) -> impl Iterator<Item = &SocketFacts> {
        self.facts.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::model::testing::socket;
    use crate::tcp::State;
    use std::time::Duration;

    #[test]
    fn only_what_is_new_is_told() {
        let facts = |cookie, state| socket(cookie, Side::Server, None, state, (None, None));
        let mut told = Told::default();
        let mut tell = |sockets| told.news(Observation { at: Duration::ZERO, sockets });
        let [first, second] = [facts(1, State::Listen), facts(2, State::SynRecv)];
        let both = vec![first.clone(), second.clone()];
        assert_eq!(tell(both.clone()), [Event::Socket(first.clone()), Event::Socket(second.clone())]);
        assert_eq!(tell(both), []);
        let later = facts(2, State::Established);
        let gone = |cookie| Event::Gone { cookie, source: Source::SockDiag };
        assert_eq!(tell(vec![later.clone()]), [Event::Socket(later), gone(1)]);
        assert_eq!(tell(vec![]), [gone(2)]);
        assert_eq!(tell(vec![]), []);
    }
}
