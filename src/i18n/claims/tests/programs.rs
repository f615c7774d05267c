//! What is said of calls of programs.

use super::*;

pub(super) fn of_programs() -> Vec<(Statement, [&'static str; 3])> {
    let listen = |arguments: Option<&str>, is, value, errno| Statement::Program {
        side: Side::Server,
        call: "listen".to_owned(),
        arguments: arguments.map(str::to_owned),
        is,
        value,
        errno,
    };
    let (server, call) = (Side::Server, "listen".to_owned());
    use ProgramCallState::{Blocks, Ended, Returned, Runs, Stands};
    vec![
        (
            listen(Some("3, 128"), Stands, None, None),
            [
                "server's program: listen(3, 128) stands",
                "the server's program stands before listen(3, 128)",
                "服务器的程序停在 listen(3, 128) 之前",
            ],
        ),
        (
            listen(None, Runs, None, None),
            [
                "server's program: listen() runs",
                "the server's program is in listen() and does not sleep",
                "服务器的程序正在执行 listen()，没有阻塞",
            ],
        ),
        (
            listen(None, Blocks, None, None),
            [
                "server's program: listen() blocks",
                "the server's program sleeps in listen()",
                "服务器的程序阻塞在 listen() 中",
            ],
        ),
        (
            listen(None, Ended, None, None),
            [
                "server's program: listen() ended",
                "the server's program ended in listen()",
                "服务器的程序在 listen() 中结束了",
            ],
        ),
        (
            listen(None, Returned, None, None),
            [
                "server's program: listen() returned",
                "the server's program: listen() succeeded",
                "服务器的程序：listen() 成功返回",
            ],
        ),
        (
            listen(None, Returned, Some(0), None),
            [
                "server's program: listen() returned 0",
                "the server's program: listen() returned 0",
                "服务器的程序：listen() 返回 0",
            ],
        ),
        (
            listen(None, Returned, None, Errno::from_name("EADDRINUSE")),
            [
                "server's program: listen() returned EADDRINUSE",
                "the server's program: listen() failed with EADDRINUSE",
                "服务器的程序：listen() 失败，错误是 EADDRINUSE",
            ],
        ),
        (
            Statement::ProgramNotCalled { side: server, call: call.clone() },
            [
                "server's program has not called listen()",
                "the server's program has not called listen()",
                "服务器的程序没有调用过 listen()",
            ],
        ),
        (
            Statement::NotBefore { side: server, call: call.clone(), stands: Vec::new() },
            [
                "server's program doesn't stand before listen()",
                "the server's program does not stand before listen()",
                "服务器的程序没有停在 listen() 之前",
            ],
        ),
        (
            Statement::NotBefore { side: server, call, stands: vec!["bind".to_owned(), "close".to_owned()] },
            [
                "server's program doesn't stand before listen(), but before bind(), close()",
                "the server's program does not stand before listen(), but before bind(), close()",
                "服务器的程序没有停在 listen() 之前，而是停在 bind()，close() 之前",
            ],
        ),
    ]
}
