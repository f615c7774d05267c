//! The keeper of a shared lab.

mod looks;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::doors;
use super::folder::{Folder, LabName};
use super::looking::{Looking, OFTEN, Scope};
use super::members::{self, Heard, Members};
use super::programs::{self, Programs};
use super::protocol::{self, Denial, FromMember, ToMember};
use super::release::{Goes, Release};
use super::thinning::Thinning;
use crate::engine::{Failure, Request};
use crate::linux::gate::Gate;
use crate::linux::lab::{self, Refused, refused};
use crate::linux::orders::{Inbox, Orders};
use crate::linux::place::{Ground, Place, failed};
use crate::linux::sides::Who;
use crate::linux::sys;
use crate::linux::wire::Plan;
use crate::model::{Call, Connection, Event, Member, Mode, Passing, Role, SegmentId, Side, Told, Trace, Unkept, Which};

/// How long a lab waits for its first member.
const FIRST: Duration = Duration::from_secs(10);

/// How often a lab without members looks whether anything runs in it.
const ALONE: Duration = Duration::from_millis(200);

/// The kernel's own shortest retransmission timeout (`TCP_RTO_MIN`), in milliseconds.
const RTO_MIN_MS: u32 = 200;

/// The most entries in one message.
const BATCH: usize = 200;

/// So many captured segments are taken in one round, so that orders are heard while a transfer runs.
const ROUND: usize = 256;

/// A lab that is about to be kept.
pub struct Keeping {
    keeper: Keeper,
    folder: Folder,
    name: LabName,
    /// Its socket's file.
    socket: std::fs::File,
}

/// Makes a lab in the calling process, which must have the rights for it ([`super::super::gain_rights`]) and no second
/// thread. Members can join from now on; [`Keeping::keep`] serves them.
///
/// # Errors
/// The first step that the system refused.
pub fn keep(folder: Folder, name: LabName, place: &Place) -> Result<Keeping, Refused> {
    // Where it was started from a shell, it leads no group yet; where it does, it has no terminal to lose.
    let _ = sys::leave_terminal();
    let mode = if matches!(place, Place::Lab(_)) { Mode::Lab } else { Mode::Host };
    let (listener, socket) = folder.listen(&name).map_err(refused("bind() of the lab's socket"))?;
    let mut ground = Ground::enter(place, Gate::OpensWithoutUs, Instant::now())?;
    ground.bound_flight();
    ground.sockets.share();
    ground.sockets.uses(true, true);
    let (orders, inbox) = Orders::new().map_err(refused("pipe()"))?;
    let door = orders.try_clone().map_err(refused("dup() of a pipe"))?;
    members::admit(listener, door).map_err(refused("start of a thread"))?;
    let keeper = Keeper {
        mode,
        ground,
        orders,
        inbox,
        members: Members::default(),
        trace: Trace::default(),
        told: Told::default(),
        programs: Programs::default(),
        passing: Passing::default(),
        release: Release::default(),
        thinning: Thinning::default(),
        busy: HashSet::new(),
        looking: Looking::new(),
        next_count: Instant::now(),
    };
    Ok(Keeping { keeper, folder, name, socket })
}

impl Keeping {
    /// Serves the members until the last one has left.
    ///
    /// # Errors
    /// Why the lab couldn't go on; its members were told.
    pub fn keep(mut self) -> Result<(), Failure> {
        let result = self.keeper.serve();
        self.folder.remove(&self.name, &self.socket);
        if let Err(failure) = &result {
            self.keeper.tell_failure(failure);
        }
        result
    }
}

struct Keeper {
    mode: Mode,
    ground: Ground,
    orders: Orders<Heard>,
    inbox: Inbox<Heard>,
    members: Members,
    trace: Trace,
    told: Told,
    programs: Programs,
    passing: Passing,
    release: Release,
    thinning: Thinning,
    /// The threads that are in a call.
    busy: HashSet<Who>,
    looking: Looking,
    next_count: Instant,
}

impl Keeper {
    fn serve(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        let mut visited = false;
        loop {
            let heard: Vec<Heard> = self.inbox.take().collect();
            for what in heard {
                self.hear(what)?;
            }
            self.read_wire()?;
            self.release_due()?;
            // What is known is told at once: where there are thousands of sockets, a look takes its time.
            self.tell();
            self.look_if_due()?;
            self.count_if_due()?;
            self.tell();
            self.members.put_out_silent();
            visited |= self.members.all().next().is_some();
            if self.members.count() == 0 && (visited || start.elapsed() > FIRST) && !self.is_inhabited() {
                return Ok(());
            }
            self.sleep()?;
        }
    }

    /// Whether programs run in the lab that no member has left behind with it: they would wait for ever for what nobody lets
    /// go, so somebody must be able to come back to them.
    fn is_inhabited(&self) -> bool {
        self.mode == Mode::Lab && lab::network().is_some_and(|network| !programs::within(network).is_empty())
    }

    fn hear(&mut self, heard: Heard) -> Result<(), Failure> {
        match heard {
            Heard::Came(stream, pid) => {
                let orders = self.orders.try_clone().map_err(failed("dup() of a pipe"))?;
                // One that can't be served is one that doesn't come.
                let _ = self.members.came(stream, pid, orders);
            }
            Heard::Gone(number) => self.gone(number),
            Heard::Said(number, FromMember::Hello { version, role }) => self.greet(number, &version, role),
            Heard::Said(number, said) => {
                if let Some(member) = self.members.get(number).cloned() {
                    self.said(&member, said)?;
                }
            }
        }
        Ok(())
    }

    fn greet(&mut self, number: u32, version: &str, role: Role) {
        let Some(pid) = self.members.pid(number).filter(|_| self.members.get(number).is_none()) else { return };
        if let Err(denial) = self.may_come(version, &role) {
            self.members.tell(number, &ToMember::Denied(denial));
            self.members.remove(number);
            return;
        }
        let member = Member { number, pid, role };
        let (mode, wire, now) = (self.mode, self.ground.wire(), self.ground.now());
        let network = lab::network();
        self.members.tell(number, &ToMember::Welcome { number, mode, wire, now, network });
        if self.members.let_in(member.clone()).is_err() {
            self.members.remove(number);
            return;
        }
        self.push(Event::Joined(member.clone()));
        self.opens_own_doors(&member);
        self.ground.happened();
    }

    /// A newcomer's own door is the newcomer's to open.
    fn opens_own_doors(&mut self, member: &Member) {
        let own = Side::BOTH.into_iter().filter(|side| member.role.drives(*side));
        let passing = own.fold(self.passing.clone(), |passing, side| passing.without_the_door_of(side));
        if passing != self.passing {
            self.set_passing(passing);
        }
    }

    fn may_come(&self, version: &str, role: &Role) -> Result<(), Denial> {
        if version != protocol::VERSION {
            return Err(Denial::Version(protocol::VERSION.to_owned()));
        }
        if self.members.all().count() >= members::MOST {
            return Err(Denial::Full);
        }
        let taken = |side: &Side| {
            let other = self.members.all().find(|member| member.role.drives(*side))?;
            Some(Denial::Taken { side: *side, pid: other.pid })
        };
        Side::BOTH.iter().filter(|side| role.drives(**side)).find_map(taken).map_or(Ok(()), Err)
    }

    fn gone(&mut self, number: u32) {
        let Some(member) = self.members.remove(number) else { return };
        self.programs.somebody_left();
        for side in Side::BOTH.into_iter().filter(|side| member.role.drives(*side)) {
            self.ground.sockets.left(side);
            self.busy.retain(|(busy, _)| *busy != side);
        }
        self.push(Event::Left(member));
        self.ground.happened();
    }

    fn said(&mut self, member: &Member, said: FromMember) -> Result<(), Failure> {
        match said {
            FromMember::Hello { .. } => {}
            FromMember::Request(request) => self.asked(member, request)?,
            FromMember::Blocked((side, worker)) if member.role.drives(side) && self.busy.contains(&(side, worker)) => {
                self.read_wire()?;
                self.push(Event::Blocked { side, worker });
            }
            FromMember::Blocked(_) => {}
            FromMember::Returned { who, outcome, made } => {
                if self.busy.remove(&who) {
                    // The segments that the call sent left before it returned.
                    self.read_wire()?;
                    let (side, worker) = who;
                    if let Some(socket) = made {
                        self.ground.sockets.made(side, socket);
                    }
                    self.push(Event::Returned { side, worker, outcome });
                    self.ground.happened();
                }
            }
        }
        Ok(())
    }

    /// What a member asks for is done where it may ask for it; else it is passed over.
    fn asked(&mut self, member: &Member, request: Request) -> Result<(), Failure> {
        match request {
            Request::Call(side, call) => {
                self.look_before_call((side, 0), &call)?;
                self.call(member, (side, 0), call);
            }
            Request::Serve(side, worker, call) => {
                self.look_before_call((side, worker), &call)?;
                self.call(member, (side, worker), call);
            }
            Request::Interrupt(side) if member.role.drives(side) => {
                self.members.tell(member.number, &ToMember::Interrupt(side));
            }
            Request::Deliver(id) => {
                self.look_between_acts()?;
                if self.may(member, id) {
                    let delivered = self.ground.deliver(id);
                    delivered.into_iter().for_each(|event| self.push(event));
                }
            }
            Request::Drop(id) => {
                self.look_between_acts()?;
                if self.may(member, id) {
                    let dropped = self.ground.forget(id);
                    dropped.into_iter().for_each(|event| self.push(event));
                }
            }
            Request::Pass(which, delay) if doors::may_pass(member, which, &self.trace) => self.pass(which, delay)?,
            Request::Interrupt(_) | Request::Pass(..) | Request::Settle => {}
        }
        Ok(())
    }

    fn call(&mut self, member: &Member, who: Who, call: Call) {
        let (side, worker) = who;
        if !member.role.drives(side) || !self.busy.insert(who) {
            return;
        }
        if let Call::Close { fd } = call {
            self.ground.sockets.closing(side, fd);
        }
        self.push(Event::Entered { side, worker, call: call.clone() });
        self.members.tell(member.number, &ToMember::Make(who, call));
        self.ground.happened();
    }

    fn may(&self, member: &Member, id: SegmentId) -> bool {
        let Some(segment) = self.ground.held(id) else { return false };
        doors::may(member, self.trace.door(segment), &self.trace.present().members())
    }

    fn pass(&mut self, which: Which, delay: Option<Duration>) -> Result<(), Failure> {
        self.set_passing(self.passing.with(which, delay));
        self.release_due()
    }

    /// From now on these rules hold.
    fn set_passing(&mut self, passing: Passing) {
        self.passing = passing;
        self.push(Event::Passing(self.passing.clone()));
        // What waits already goes by the new rule too.
        let counted = self.release.begin_anew();
        let waiting = self.trace.present().waiting().into_owned();
        waiting.into_iter().for_each(|id| self.expect(id));
        for packet in counted {
            match self.passing.delay(Connection::of(&packet), self.trace.door(&packet)) {
                Some(delay) => self.release.schedule(self.ground.now() + delay, Goes::Counted(Box::new(packet))),
                None => self.ground.hold(packet).into_iter().for_each(|event| self.push(event)),
            }
        }
        self.ground.set_rto_min(self.passing.rto_min_ms().unwrap_or(RTO_MIN_MS));
    }

    /// Finds whether a waiting segment goes on by itself, and when.
    fn expect(&mut self, id: SegmentId) {
        if self.passing.rules.is_empty() {
            return;
        }
        let Some(segment) = self.ground.held(id) else { return };
        let unknown = self.trace.side_of(segment.to).is_none();
        match self.passing.delay(Connection::of(segment), self.trace.door(segment)) {
            Some(delay) => self.release.schedule(self.ground.now() + delay, Goes::Kept(id)),
            None if unknown => self.release.wonder(id),
            None => {}
        }
    }

    fn read_wire(&mut self) -> Result<(), Failure> {
        let now = self.ground.now();
        let mut later = Vec::new();
        let (passing, trace, thinning, release) = (&self.passing, &self.trace, &mut self.thinning, &self.release);
        let mut plan = |segment: &crate::tcp::Packet| {
            if passing.rules.is_empty() {
                return Plan::Hold;
            }
            let Some(delay) = passing.delay(Connection::of(segment), trace.door(segment)) else { return Plan::Hold };
            // What comes never goes before what should have gone already.
            let at_once = delay.is_zero() && !release.is_behind(now);
            match (thinning.keeps(segment), at_once) {
                (true, true) => Plan::Pass,
                (true, false) => Plan::Hold,
                (false, true) => Plan::PassUnkept,
                (false, false) => {
                    later.push((now + delay, segment.clone()));
                    Plan::Leave
                }
            }
        };
        let events = self.ground.read_wire(&mut plan, ROUND)?;
        for (at, packet) in later {
            self.release.schedule(at, Goes::Counted(Box::new(packet)));
        }
        for event in events {
            match event {
                Event::Unkept { segments, bytes, lost, refused } => {
                    self.thinning.count(Unkept { segments, bytes, lost, refused });
                }
                Event::Held(id) => {
                    self.expect(id);
                    self.push(event);
                }
                event => self.push(event),
            }
        }
        Ok(())
    }

    /// Lets go what goes on by itself now. What that brings forth was on the wire before the next one goes, and stands in
    /// the trace before it.
    fn release_due(&mut self) -> Result<(), Failure> {
        for _ in 0..ROUND {
            let Some(goes) = self.release.next(self.ground.now()) else { break };
            match goes {
                Goes::Kept(id) => {
                    let delivered = self.ground.deliver(id);
                    delivered.into_iter().for_each(|event| self.push(event));
                }
                Goes::Counted(packet) => {
                    let unkept = self.ground.pass_unkept(&packet);
                    self.thinning.count(unkept);
                }
            }
            self.read_wire()?;
        }
        Ok(())
    }

    /// Tells how many segments passed without being kept.
    fn count_if_due(&mut self) -> Result<(), Failure> {
        if Instant::now() < self.next_count {
            return Ok(());
        }
        self.next_count = Instant::now() + OFTEN;
        let lost = u64::from(self.ground.lost()?);
        self.thinning.count(Unkept { lost, ..Unkept::default() });
        if let Some(event) = self.thinning.news() {
            self.push(event);
        }
        Ok(())
    }

    fn push(&mut self, event: Event) {
        self.looking.happens(&event, &self.trace);
        self.trace.push(self.ground.now(), event);
    }

    fn tell(&mut self) {
        let entries = self.trace.entries();
        self.members.bring_up_to_date(entries.len(), |from| {
            let batches = entries[from..].chunks(BATCH);
            let lines = batches.filter_map(|batch| protocol::line(&ToMember::Happened(batch.to_vec())).ok());
            lines.map(Arc::from).collect()
        });
    }

    fn tell_failure(&mut self, failure: &Failure) {
        self.tell();
        let numbers: Vec<u32> = self.members.all().map(|member| member.number).collect();
        for number in numbers {
            self.members.tell(number, &ToMember::Failed(failure.to_string()));
            self.members.remove(number);
        }
    }

    fn sleep(&mut self) -> Result<(), Failure> {
        let look = self.looking.rest();
        let count = self.thinning.has_news().then(|| self.next_count.saturating_duration_since(Instant::now()));
        let due = self.release.first().map(|at| at.saturating_sub(self.ground.now()));
        let (first, silent) = ((self.members.count() == 0).then_some(ALONE), self.members.until_silent());
        // A look that waits for its time already needs no other reason.
        let untold = self.untold().filter(|_| look.is_none());
        let limit = [self.ground.rest(), look, count, due, first, silent, untold].into_iter().flatten().min();
        if self.ground.sleep(self.inbox.bell(), limit)? {
            self.inbox.silence().map_err(failed("read() of a pipe"))?;
        }
        Ok(())
    }
}
