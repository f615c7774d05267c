//! What older files leave out, and what no file can have.

use super::*;

#[test]
fn what_older_files_leave_out_is_as_it_was_then() {
    let caller = |side: Side| Caller { actor: Actor { side, nth: 1 }, worker: 0 };
    let call = Call::Socket { ipv6: false, udp: false };
    let sent = Call::send_to(3, b"hi".to_vec(), address(8000));
    let facts = crate::model::SocketFacts { info: None, ..socket(5, Client, None, State::Listen, (None, None)) };
    for (json, event) in [
        (
            r#"{"Entered":{"side":"Client","call":{"Socket":{"ipv6":false}}}}"#,
            Event::Entered { caller: caller(Client), call },
        ),
        (
            r#"{"Entered":{"side":"Client","worker":0,"call":{"SendTo":{"fd":3,"data":[104,105],"addr":"127.0.0.1:8000"}}}}"#,
            Event::Entered { caller: caller(Client), call: sent },
        ),
        (
            r#"{"Unkept":{"segments":1,"bytes":2,"lost":3}}"#,
            Event::Unkept { segments: 1, bytes: 2, lost: 3, refused: 0, ruled: 0 },
        ),
        (
            r#"{"Joined":{"number":1,"pid":2,"role":{"Drives":["Client"]}}}"#,
            Event::Joined(Member { number: 1, pid: 2, nth: 1, role: Role::Drives(vec![Client]) }),
        ),
        (
            r#"{"Socket":{"cookie":5,"side":"Client","state":"Listen","source":"SockDiag","recv_queue":0,"send_queue":0}}"#,
            Event::Socket(facts),
        ),
    ] {
        assert_eq!(serde_json::from_str::<Read>(json).unwrap().0, event, "{json}");
    }
}

#[test]
fn what_cant_be_is_not_read() {
    for json in [
        r#"{"Step":-1}"#,
        r#"{"Step":0,"Held":0}"#,
        r#"{"Held":4294967296}"#,
        r#"{"Gone":{"cookie":18446744073709551616,"source":"Call"}}"#,
        r#"{"Gone":{"cookie":1,"source":"Hearsay"}}"#,
        r#"{"Entered":{"call":{"Accept":{"fd":3}}}}"#,
        r#"{"Entered":{"side":"Third","call":{"Accept":{"fd":3}}}}"#,
        r#"{"Entered":{"side":"Server","call":{"Send":{"fd":3,"data":"abc"}}}}"#,
        r#"{"Entered":{"side":"Server","call":{"SendTo":{"fd":3,"data":[256],"addr":"127.0.0.1:1"}}}}"#,
        r#"{"Entered":{"side":"Server","call":{"SetOption":{"fd":3,"option":"SO_NONSENSE","value":1}}}}"#,
        r#"{"Passing":{"rules":[["All",{"secs":18446744073709551615,"nanos":1000000000}]]}}"#,
        r#"{"Sent":{"id":0,"segment":{"packet":"4500"},"again":null}}"#,
    ] {
        assert!(serde_json::from_str::<Read>(json).is_err(), "{json}");
    }
    // A link header is whole or isn't there.
    let sent = of_segments().swap_remove(1);
    let whole = serde_json::to_string(&WrittenEvent(&sent)).unwrap();
    assert!(serde_json::from_str::<Read>(&whole).is_ok());
    assert!(serde_json::from_str::<Read>(&whole.replace("\"link\":\"00", "\"link\":\"")).is_err());
    assert!(serde_json::from_str::<Read>(&whole.replace("\"link\":\"00", "\"link\":\"0000")).is_err());
}

/// What an `epoll_ctl()` asked for stood in its argument alone.
#[test]
fn what_was_asked_of_an_epoll_instance_is_read_from_its_argument_as_it_was_written() {
    let read = |argument: &str| {
        let program =
            format!(r#"{{"name":"epoll_ctl","arguments":["5","EPOLL_CTL_ADD","3","{argument}"],"fd":3,"socket":7}}"#);
        let line = format!(r#"{{"Entered":{{"side":"Server","call":{{"Program":{program}}}}}}}"#);
        match serde_json::from_str::<Read>(&line).unwrap().0 {
            Event::Entered { call: Call::Program(made), .. } => made.events.map(|events| events.to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read("{events=EPOLLIN|EPOLLET, data=0x3}").as_deref(), Some("EPOLLIN|EPOLLET"));
    assert_eq!(read("0x7ffe12"), None);
}
