//! The free walk's menu: the calls that one side can make next, page by page.
//!
//! A call has one number for ever: `connect()` is 5 whatever else is offered, so that nobody must look for it again.

use super::app::App;
use crate::explain::{Likelihood, Offer, Situation, beside_sleepers, epoll_instances, offers};
use crate::model::typed;
use crate::model::{
    Actor, Call, CallName, EpollEvents, EpollOp, How, Lookup, MessageFlags, Mode, PollEvents, PolledDescriptor,
    SocketOption, Transfer,
};

/// What the keyboard offers to send.
const HELLO: &[u8] = b"hello";

/// A call of the menu.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Its key's digit, counted from 0.
    pub(super) number: usize,
    pub(super) call: Call,
    pub(super) likely: Likelihood,
}

/// The options that matter, with the value that shows what each does.
const OPTIONS: [(SocketOption, i32); 6] = [
    (SocketOption::REUSE_ADDR, 1),
    (SocketOption::LINGER, 0),
    (SocketOption::NO_DELAY, 1),
    (SocketOption::KEEP_ALIVE, 1),
    (SocketOption::RECV_BUFFER, 4096),
    (SocketOption::SEND_BUFFER, 4096),
];

/// The side whose calls are offered: the chosen one, if it is driven here, else the first that is.
pub(super) fn actor(app: &App) -> Option<Actor> {
    let own = app.walk().free()?.processes();
    app.place.actor.filter(|actor| own.contains(actor)).or_else(|| own.first().copied())
}

/// Who makes a call that is typed: in a lesson the chosen side, else the first one whose main thread is in no call; no program makes it.
pub(super) fn caller(app: &App) -> Option<Actor> {
    if app.walk().free().is_some() {
        return actor(app);
    }
    let present = app.walk().trace().present();
    let driven = app.walk().processes();
    let chosen = app.place.actor.and_then(|chosen| driven.iter().find(|actor| **actor == chosen));
    let idle = || driven.iter().find(|actor| present.open_call(**actor).is_none());
    chosen.or_else(idle).or(driven.first()).copied()
}

/// What a page of the menu holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// What makes sense next.
    Sensible,
    /// Options, and other ways.
    Further,
    /// What would probably fail.
    Wrong,
}

/// A page of the menu.
pub(super) struct MenuPage {
    pub(super) group: Group,
    /// By their numbers.
    pub(super) items: Vec<Item>,
    /// The number of what makes sense before all else.
    pub(super) first: Option<usize>,
}

impl MenuPage {
    /// The call of this number, from 0.
    pub(super) fn item(&self, number: usize) -> Option<&Item> {
        self.items.iter().find(|item| item.number == number)
    }
}

/// A call's digit, counted from 0: what TCP and UDP have for the same purpose shares one.
const fn number(name: CallName) -> usize {
    match name {
        CallName::Socket => 0,
        CallName::Bind => 1,
        CallName::Listen => 2,
        CallName::Accept => 3,
        CallName::Connect => 4,
        CallName::Send | CallName::SendTo => 5,
        CallName::Recv | CallName::RecvFrom => 6,
        CallName::Shutdown => 7,
        CallName::Close | CallName::SetSockOpt | CallName::Fcntl | CallName::Other => 8,
        CallName::GetSockName | CallName::GetPeerName | CallName::GetSockOpt | CallName::Poll | CallName::Dup => 8,
        CallName::Fork | CallName::Accept4 | CallName::Ioctl => 8,
        CallName::Select | CallName::EpollCreate | CallName::EpollCtl | CallName::EpollWait => 8,
        CallName::Read | CallName::Write | CallName::SendMsg | CallName::RecvMsg | CallName::GetAddrInfo => 8,
    }
}

/// Items as pages: of those with one number each has a page, in their order.
fn paged(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut pages: Vec<Vec<Item>> = Vec::new();
    for item in items {
        match pages.iter_mut().find(|page| page.iter().all(|other| other.number != item.number)) {
            Some(page) => page.push(item),
            None => pages.push(vec![item]),
        }
    }
    pages.iter_mut().for_each(|page| page.sort_by_key(|item| item.number));
    pages
}

/// The menu's pages, for the thread that makes the side's next call; none while none can.
pub(super) fn pages(app: &App) -> Vec<MenuPage> {
    let Some(actor) = actor(app) else { return Vec::new() };
    let view = app.walk().trace().present();
    let mut descriptors = Situation::of_newest(&view, actor, app.walk().server());
    let sleeping = view.open_calls(actor);
    beside_sleepers(&mut descriptors, sleeping.iter().map(|call| call.call));
    let open = |(fd, situation): &(i32, Situation)| situation.open.then_some(*fd);
    let newest = descriptors.iter().filter_map(open).next_back();
    let offered = offers(actor.side, &descriptors, app.walk().busy_in(actor).is_some());
    let of = |sensible: bool| -> Vec<Item> {
        let meant = offered.iter().filter(|offer| offer.is_sensible() == sensible);
        let item =
            |offer: &Offer| Some(Item { number: number(offer.call), call: call(app, offer)?, likely: offer.likely });
        meant.filter_map(item).collect()
    };
    let first = offered.first().filter(|offer| offer.is_sensible()).map(|offer| number(offer.call));
    let epoll = epoll_instances(&view, actor).pop();
    let options = newest.into_iter().filter(|_| !offered.is_empty()).flat_map(|fd| further(fd, epoll));
    let options = options.chain(lookup(app).filter(|_| !offered.is_empty())).collect();
    let options = numbered(options);
    let groups = [(Group::Sensible, of(true)), (Group::Further, options), (Group::Wrong, of(false))];
    let page = |group| move |items| MenuPage { group, items, first: None };
    let mut pages: Vec<MenuPage> =
        { groups }.into_iter().flat_map(|(group, items)| paged(items).into_iter().map(page(group))).collect();
    if let Some(page) = pages.first_mut() {
        page.first = first;
    }
    pages
}

/// The page that is shown, its number from 0, and how many there are; `None` where there is none.
pub(super) fn page(app: &App) -> Option<(MenuPage, usize, usize)> {
    let mut pages = pages(app);
    let count = pages.len();
    let at = app.place.menu.checked_rem(count)?;
    Some((pages.swap_remove(at), at, count))
}

/// The open descriptors of a side that are sockets, the oldest first.
fn sockets(app: &App, actor: Actor) -> Vec<i32> {
    let found = Situation::of_newest(&app.walk().trace().present(), actor, app.walk().server());
    found.into_iter().filter(|(_, situation)| situation.open).map(|(fd, _)| fd).collect()
}

/// The open descriptors of a side: its sockets, the oldest first, then its epoll instances.
pub(super) fn descriptors(app: &App, actor: Actor) -> Vec<i32> {
    [sockets(app, actor), epoll_instances(&app.walk().trace().present(), actor)].concat()
}

/// What is left out when a call is typed.
pub(super) fn usual(app: &App) -> typed::Usual {
    let caller = caller(app);
    let fd = caller.and_then(|actor| sockets(app, actor).pop());
    let variables = caller.map(|actor| app.lines.variables.of(actor, app.walk().trace())).unwrap_or_default();
    typed::Usual { server: app.walk().server(), fd, variables }
}

fn call(app: &App, offer: &Offer) -> Option<Call> {
    let server = app.walk().server();
    let fd = offer.fd.unwrap_or(-1);
    Some(match offer.call {
        CallName::Socket => Call::Socket { ipv6: server.is_ipv6(), udp: false },
        CallName::Bind => Call::Bind { fd, addr: server },
        CallName::Listen => Call::Listen { fd, backlog: 8 },
        CallName::Accept => Call::Accept { fd },
        CallName::Connect => Call::Connect { fd, addr: server },
        CallName::Send => Call::send(fd, HELLO.to_vec()),
        CallName::Recv => Call::recv(fd, 1024),
        CallName::SendTo => Call::send_to(fd, HELLO.to_vec(), server),
        CallName::RecvFrom => Call::recv_from(fd, 1024),
        CallName::Shutdown => Call::Shutdown { fd, how: offer.how.unwrap_or(How::Write) },
        CallName::Close => Call::Close { fd },
        CallName::SetSockOpt | CallName::Fcntl | CallName::Other => return None,
        CallName::GetSockName | CallName::GetPeerName | CallName::GetSockOpt | CallName::Poll | CallName::Dup => {
            return None;
        }
        CallName::Fork | CallName::Accept4 | CallName::Ioctl => return None,
        CallName::Select | CallName::EpollCreate | CallName::EpollCtl | CallName::EpollWait => return None,
        CallName::Read | CallName::Write | CallName::SendMsg | CallName::RecvMsg | CallName::GetAddrInfo => {
            return None;
        }
    })
}

/// What else can be done with a descriptor; `epoll` is the newest epoll instance of its side.
fn further(fd: i32, epoll: Option<i32>) -> Vec<Item> {
    let works = |call| Item { number: 0, call, likely: Likelihood::Works };
    let option = |(option, value)| works(Call::SetOption { fd, option, value });
    let mut items: Vec<Item> = OPTIONS.into_iter().map(option).collect();
    items.extend([true, false].map(|on| works(Call::SetNonblocking { fd, on })));
    items.extend([How::Read, How::Both].map(|how| works(Call::Shutdown { fd, how })));
    items.extend([MessageFlags::PEEK, MessageFlags::DONT_WAIT].map(|flags| works(Call::Recv { fd, len: 1024, flags })));
    items.extend([Call::GetSockName { fd }, Call::GetPeerName { fd }].map(works));
    items.extend([SocketOption::ERROR, SocketOption::RECV_BUFFER].map(|option| works(Call::GetOption { fd, option })));
    items.push(works(Call::Poll { fds: vec![PolledDescriptor::new(fd, PollEvents::IN)], timeout: -1 }));
    items.push(works(Call::Dup { fd }));
    items.push(works(Transfer::write(fd, HELLO.to_vec()).into()));
    items.push(works(Transfer::read(fd, 1024).into()));
    items.push(works(Transfer::send(fd, &[b"hel".to_vec(), b"lo".to_vec()], CallName::SendMsg.usual_flags()).into()));
    items.push(works(Transfer::receive(fd, vec![2, 1024], MessageFlags::NONE).into()));
    items.push(works(Call::Select {
        nfds: fd.saturating_add(1),
        fds: vec![PolledDescriptor::new(fd, PollEvents::IN)],
        timeout: -1,
    }));
    items.push(works(Call::EpollCreate));
    if let Some(epfd) = epoll {
        let edge = EpollEvents::IN.with(EpollEvents::EDGE);
        let add = |events| Call::EpollCtl { epfd, op: EpollOp::Add, fd, events };
        items.extend([EpollEvents::IN, edge].map(|events| works(add(events))));
        items.push(works(Call::EpollWait { epfd, most: 8, timeout: -1 }));
    }
    items.push(works(Call::Fork));
    items
}

/// What looks the name localhost up, which only a lab does.
fn lookup(app: &App) -> Option<Item> {
    let service = app.walk().server().port().to_string();
    let lookup = Lookup { node: Some("localhost".to_owned()), service: Some(service), ..Lookup::default() };
    let item = Item { number: 0, call: Call::GetAddrInfo(Box::new(lookup)), likely: Likelihood::Works };
    (app.walk().mode() == Mode::Lab).then_some(item)
}

/// There are nine digits: the rest is on a further page.
fn numbered(mut items: Vec<Item>) -> Vec<Item> {
    items.iter_mut().enumerate().for_each(|(number, item)| item.number = number % 9);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: CallName, fd: i32) -> Item {
        Item { number: number(name), call: Call::Close { fd }, likely: Likelihood::Works }
    }

    /// What joins or goes moves nothing else; the same call of another descriptor is on the next page.
    #[test]
    fn a_call_keeps_its_number() {
        use CallName::{Accept, Bind, Close, Connect, Listen, Recv, Send, Shutdown, Socket};
        let shown = |items: &[(CallName, i32)]| -> Vec<Vec<(usize, i32)>> {
            let pages = paged(items.iter().map(|(name, fd)| item(*name, *fd)).collect());
            let shown = |item: &Item| (item.number + 1, item.call.fd().unwrap_or_default());
            pages.iter().map(|page| page.iter().map(shown).collect()).collect()
        };
        assert_eq!(shown(&[(Socket, 0)]), [[(1, 0)]]);
        assert_eq!(shown(&[(Connect, 3), (Bind, 3), (Socket, 0), (Close, 3)]), [[(1, 0), (2, 3), (5, 3), (9, 3)]]);
        assert_eq!(
            shown(&[(Send, 4), (Recv, 4), (Shutdown, 4), (Accept, 3), (Socket, 0), (Close, 4), (Close, 3)]),
            [vec![(1, 0), (4, 3), (6, 4), (7, 4), (8, 4), (9, 4)], vec![(9, 3)]]
        );
        let all = [Socket, Bind, Listen, Accept, Connect, Send, Recv, Shutdown, Close].map(number);
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            numbered(further(3, Some(4))).iter().map(|item| item.number).collect::<Vec<_>>(),
            (0..9).chain(0..9).chain(0..9).chain(0..1).collect::<Vec<_>>()
        );
    }
}
