//! What is new in what the kernel says.

use std::collections::HashMap;

use super::{Event, Observation, PartialDump, SocketFacts, Source};

/// What the kernel last said of each socket that it has.
#[derive(Clone, Debug, Default)]
pub struct KernelTable {
    facts: HashMap<u64, SocketFacts>,
    /// With the next observation the times that grow by themselves are news too.
    tells_times: bool,
}

impl KernelTable {
    /// What is known already.
    pub fn resume(facts: impl Iterator<Item = SocketFacts>) -> KernelTable {
        KernelTable { facts: facts.map(|facts| (facts.cookie, facts)).collect(), tells_times: false }
    }

    /// With the next observation of all sockets, the times of `TCP_INFO` that grow by themselves are told too.
    pub fn tell_times(&mut self) {
        self.tells_times = true;
    }

    /// What an observation says that wasn't said before: new and changed sockets in the kernel's order, then those that
    /// are gone.
    pub fn news(&mut self, observation: Observation) -> Vec<Event> {
        let mut next = HashMap::with_capacity(observation.sockets.len());
        let mut news = Vec::new();
        let times = std::mem::take(&mut self.tells_times);
        for facts in observation.sockets {
            let kept = match self.facts.remove(&facts.cookie) {
                Some(known) if !(known.differs(&facts) || times && known.has_other_times(&facts)) => known,
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

    /// What the kernel's answer for some sockets says that wasn't said before, in the same order.
    pub fn news_of(&mut self, glance: PartialDump) -> Vec<Event> {
        let mut news = Vec::new();
        for facts in glance.sockets {
            if self.facts.get(&facts.cookie).is_none_or(|known| known.differs(&facts)) {
                news.push(Event::Socket(facts.clone()));
                self.facts.insert(facts.cookie, facts);
            }
        }
        let gone = glance.gone.into_iter().filter(|cookie| self.facts.remove(cookie).is_some());
        news.extend(gone.map(|cookie| Event::Gone { cookie, source: Source::SockDiag }));
        news
    }

    /// The sockets that the kernel had when it was last asked, in no order.
    pub fn sockets(&self) -> impl ExactSizeIterator<Item = &SocketFacts> {
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
        let mut told = KernelTable::default();
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

    #[test]
    fn of_some_sockets_nothing_is_said_of_the_others() {
        let facts = |cookie, state| socket(cookie, Side::Server, None, state, (None, None));
        let mut told = KernelTable::default();
        let all = [1, 2, 3].map(|cookie| facts(cookie, State::Established)).to_vec();
        told.news(Observation { at: Duration::ZERO, sockets: all });
        let later = facts(2, State::CloseWait);
        let mut tell =
            |gone| told.news_of(PartialDump { sockets: vec![facts(1, State::Established), later.clone()], gone });
        assert_eq!(
            tell(vec![3, 4]),
            [Event::Socket(later.clone()), Event::Gone { cookie: 3, source: Source::SockDiag }]
        );
        assert_eq!(tell(vec![3]), []);
        assert_eq!(told.sockets().len(), 2);
    }
}
