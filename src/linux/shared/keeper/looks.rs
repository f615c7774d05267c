//! The keeper asks the kernel for its sockets.

use super::*;

impl Keeper {
    pub(super) fn look_if_due(&mut self) -> Result<(), Failure> {
        if self.ground.look_is_due() || self.untold().is_some_and(|rest| rest.is_zero()) {
            self.looking.want_all();
        } else if self.ground.stale().is_some() {
            self.looking.want();
        }
        let now = Instant::now();
        if self.looking.is_due(now) { self.look(now) } else { Ok(()) }
    }

    /// Looks at what came of the act before, ere another one changes it: what was sent goes into the trace before it, and a
    /// state that stood only from one key to the next is told too. Not where looking takes long: the key comes first.
    pub(super) fn look_between_acts(&mut self) -> Result<(), Failure> {
        self.read_wire()?;
        if self.ground.stale().is_some() && self.looking.is_quick() { self.look(Instant::now()) } else { Ok(()) }
    }

    /// Has the trace say what the kernel has when a call is entered: what the call comes to is explained by it.
    pub(super) fn look_before_call(&mut self, who: Who, call: &Call) -> Result<(), Failure> {
        self.read_wire()?;
        // What programs did since, nobody told.
        if self.ground.stale().is_none() && self.untold().is_none() {
            return Ok(());
        }
        let sockets = self.told.sockets().len();
        match self.looking.before_call(who, call, sockets, &self.trace) {
            Scope::All => self.look(Instant::now()),
            Scope::Ends(ends) => {
                if let Some(glance) = self.ground.glance(&ends, &self.told)? {
                    self.told.news_of(glance).into_iter().for_each(|event| self.push(event));
                }
                // The others are still to be asked for.
                self.ground.happened();
                Ok(())
            }
        }
    }

    fn look(&mut self, start: Instant) -> Result<(), Failure> {
        let scope = self.looking.begin(self.told.sockets().len());
        let glance = match &scope {
            Scope::Ends(connections) => self.ground.glance(connections, &self.told)?,
            Scope::All => None,
        };
        let all = glance.is_none();
        let news = match glance {
            Some(glance) => self.told.news_of(glance),
            None => {
                let mut observation = self.ground.look()?;
                if self.mode == Mode::Lab {
                    self.programs.name(&mut observation, self.ground.sockets.inodes());
                }
                self.told.news(observation)
            }
        };
        let sockets = news.iter().any(|event| matches!(event, Event::Socket(_)));
        news.into_iter().for_each(|event| self.push(event));
        if sockets {
            // At whose door a segment waits may show only now: a program's first one comes before its socket is known.
            let unknown = self.release.unknown();
            unknown.into_iter().for_each(|id| self.expect(id));
        }
        self.looking.ended(start, all, self.thinning.has_news());
        Ok(())
    }

    /// How long it is until the kernel is asked because of what programs may have done; `None` where none runs. One that
    /// was started by another runs on when that has ended.
    pub(super) fn untold(&mut self) -> Option<Duration> {
        let runs = self.members.all().any(|member| matches!(member.role, Role::Runs(_)));
        let members = || self.members.all().map(|member| member.pid).collect();
        let runs = runs || (self.mode == Mode::Lab && self.programs.any_but(&members()));
        runs.then(|| self.looking.untold())
    }
}
