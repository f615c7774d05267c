//! The free walk's menu: the calls that one side can make next, page by page.

use super::app::App;
use crate::engine::typed;
use crate::explain::{Likely, Situation, offers};
use crate::model::{Call, CallName, How, Side, View};

/// So many calls stand on one page: each has a digit.
pub(super) const ITEMS: usize = 9;

/// The most descriptors whose calls are offered: the newest ones.
const DESCRIPTORS: usize = 6;

/// What the keyboard offers to send.
const HELLO: &[u8] = b"hello";

/// A call of the menu.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) call: Call,
    pub(super) likely: Likely,
}

/// The options that matter, with the value that shows what each does.
const OPTIONS: [(&str, i32); 6] = [
    ("SO_REUSEADDR", 1),
    ("SO_LINGER", 0),
    ("TCP_NODELAY", 1),
    ("SO_KEEPALIVE", 1),
    ("SO_RCVBUF", 4096),
    ("SO_SNDBUF", 4096),
];

/// The side whose calls are offered: the chosen one, if it is driven here, else the first that is.
pub(super) fn side(app: &App) -> Option<Side> {
    let sides = app.walk().free()?.sides();
    app.place.side.filter(|side| sides.contains(side)).or_else(|| sides.first().copied())
}

/// All that can be called now: first what makes sense, then options, then what would fail. None while the side's hand is
/// in a call.
pub(super) fn items(app: &App) -> Vec<Item> {
    let Some(side) = side(app) else { return Vec::new() };
    let view = app.walk().trace().present();
    let descriptors = descriptors(&view, side);
    let open = |(fd, situation): &(i32, Situation)| situation.open.then_some(*fd);
    let newest = descriptors.iter().filter_map(open).next_back();
    let offered = offers(&descriptors, view.open_call(side).is_some());
    let of = |offer: &crate::explain::Offer| Some(Item { call: call(app, offer)?, likely: offer.likely });
    let sensible = offered.iter().filter(|offer| offer.is_sensible()).filter_map(of);
    let wrong = offered.iter().filter(|offer| !offer.is_sensible()).filter_map(of);
    let options = newest.into_iter().filter(|_| !offered.is_empty()).flat_map(further);
    sensible.chain(options).chain(wrong).collect()
}

/// The items on the page that is shown, and how many pages there are.
pub(super) fn page(app: &App) -> (Vec<Item>, usize, usize) {
    let items = items(app);
    let pages = items.len().div_ceil(ITEMS).max(1);
    let page = app.place.menu % pages;
    (items.into_iter().skip(page * ITEMS).take(ITEMS).collect(), page, pages)
}

/// What is left out when a call is typed.
pub(super) fn usual(app: &App) -> typed::Usual {
    let view = app.walk().trace().present();
    let fd = side(app).and_then(|side| {
        let found = descriptors(&view, side);
        found.into_iter().filter(|(_, situation)| situation.open).map(|(fd, _)| fd).next_back()
    });
    typed::Usual { server: app.walk().server(), fd }
}

/// The side's newest descriptors, in the order in which they were made, and the last one that was closed.
fn descriptors(view: &View<'_>, side: Side) -> Vec<(i32, Situation)> {
    let (mut open, mut closed): (Vec<i32>, Vec<i32>) = (Vec::new(), Vec::new());
    for call in view.calls(side) {
        let Some(Ok(returned)) = call.outcome else { continue };
        match call.call {
            Call::Close { fd } if !open.contains(fd) && !closed.contains(fd) => closed.push(*fd),
            Call::Socket { .. } | Call::Accept { .. } => {
                let made = i32::try_from(returned.value).unwrap_or(-1);
                if !open.contains(&made) && !closed.contains(&made) {
                    open.push(made);
                }
            }
            _ => {}
        }
        if open.len() >= DESCRIPTORS {
            break;
        }
    }
    let mut fds = open;
    fds.extend(closed.first());
    fds.reverse();
    fds.into_iter().map(|fd| (fd, Situation::at(view, side, &Call::Close { fd }))).collect()
}

fn call(app: &App, offer: &crate::explain::Offer) -> Option<Call> {
    let server = app.walk().server();
    let fd = offer.fd.unwrap_or(-1);
    Some(match offer.call {
        CallName::Socket => Call::Socket { ipv6: server.is_ipv6() },
        CallName::Bind => Call::Bind { fd, addr: server },
        CallName::Listen => Call::Listen { fd, backlog: 8 },
        CallName::Accept => Call::Accept { fd },
        CallName::Connect => Call::Connect { fd, addr: server },
        CallName::Send => Call::Send { fd, data: HELLO.to_vec() },
        CallName::Recv => Call::Recv { fd, len: 1024 },
        CallName::Shutdown => Call::Shutdown { fd, how: offer.how.unwrap_or(How::Write) },
        CallName::Close => Call::Close { fd },
        CallName::SetSockOpt | CallName::Fcntl => return None,
    })
}

fn further(fd: i32) -> Vec<Item> {
    let works = |call| Item { call, likely: Likely::Works };
    let option = |(option, value): (&str, i32)| works(Call::SetOption { fd, option: option.to_owned(), value });
    let mut items: Vec<Item> = OPTIONS.into_iter().map(option).collect();
    items.push(works(Call::SetNonblocking { fd }));
    items.extend([How::Read, How::Both].map(|how| works(Call::Shutdown { fd, how })));
    items
}
