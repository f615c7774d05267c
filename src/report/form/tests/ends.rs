//! The times of `TCP_INFO` that grow by themselves, and killed processes.

use super::*;
use crate::model::InfoTimes;

pub(super) fn of_times_and_kills() -> Vec<Event> {
    let times = InfoTimes {
        last_data_sent: 1,
        last_data_recv: 2,
        last_ack_recv: 3,
        busy_time: 4,
        rwnd_limited: 5,
        sndbuf_limited: 6,
    };
    let info = TcpInfo { times: Some(times), ..TcpInfo::default() };
    let bare = socket(1, Client, Some(4), State::Established, (Some(address(1)), Some(address(2))));
    let times = || InfoField::ALL.into_iter().filter(|field| field.is_time());
    let facts = times().map(|field| InfoFact::Number(field, Count::AtMost(1))).chain(times().map(InfoFact::NoNumber));
    let told = Statement::Info { end: ConnectionEnd::Socket("conn".into()), facts: facts.collect() };
    let claim =
        |what| Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 }));
    vec![
        Event::Socket(crate::model::SocketFacts { info: Some(info), ..bare }),
        claim(told),
        Event::ByHand(HandAction::Kill(Server)),
        Event::Killed(Actor { side: Client, nth: 2 }),
        claim(Statement::Killed(Server)),
    ]
}
