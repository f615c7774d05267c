//! Programs as textbooks have them, line by line: each line is done, or told with its place.

use super::*;
use crate::model::typed::{Filled, HeldValue, Instead, TypedLine, fills, read};

/// What came of the lines that were typed.
struct Typist {
    usual: Usual,
    /// The calls that were made.
    calls: Vec<String>,
    /// The lines for which nothing is done.
    unneeded: Vec<String>,
}

impl Typist {
    fn new() -> Typist {
        Typist { usual: Usual { fd: None, ..usual() }, calls: Vec::new(), unneeded: Vec::new() }
    }

    /// Types a program's lines. Its sockets are 3 and up, what comes is `hello`, from 127.0.0.1:40000. What is left of a statement is
    /// taken, as Enter does.
    fn types(&mut self, program: &str) {
        for line in program.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut line = line.to_owned();
            let told = loop {
                match read(&line, &self.usual) {
                    Err(Mistyped::Around(call)) if call != line => line = call,
                    told => break told,
                }
            };
            match told {
                Ok(TypedLine::Unneeded(_)) => self.unneeded.push(line),
                Ok(TypedLine::Values(values)) => {
                    let values = values.into_iter().map(|(name, value)| (name, Some(value)));
                    self.usual.variables.extend(values);
                }
                Ok(TypedLine::Call(name, call)) => self.makes(&line, name, &call),
                Err(told) => panic!("{line}: {told:?}"),
            }
        }
    }

    fn makes(&mut self, line: &str, name: Option<String>, call: &Call) {
        let value = match call.name() {
            CallName::Socket => 3,
            CallName::Accept => 4,
            CallName::EpollCreate => 6,
            CallName::Recv | CallName::Read | CallName::RecvFrom | CallName::Select => 5,
            _ => 0,
        };
        let peer = "127.0.0.1:40000".parse().unwrap();
        let filled = fills(line, call).into_iter().map(|(name, what)| {
            let value = match what {
                Filled::Bytes => HeldValue::Bytes(Some(100), Some(b"hello".to_vec())),
                Filled::Address => HeldValue::Address(AddressFields::of(peer)),
                Filled::List => HeldValue::Found(vec![usual().server, peer]),
            };
            (name, Some(value))
        });
        self.usual.variables.extend(filled);
        self.usual.variables.extend(name.map(|name| (name, Some(HeldValue::Text(value.to_string())))));
        self.calls.push(call.to_string());
    }
}

fn made(program: &str) -> Vec<String> {
    let mut typist = Typist::new();
    typist.types(program);
    typist.calls
}

use crate::model::typed::AddressFields;

#[test]
fn an_echo_server_of_stevens() {
    let calls = made(
        r#"
        #include "unp.h"
        #define LISTENQ 1024
        #define SERV_PORT 8000
        #define MAXLINE 4096
        int main(int argc, char **argv)
        {
        int                 listenfd, connfd;
        pid_t               childpid;
        socklen_t           clilen;
        ssize_t n;
        char buf[MAXLINE];
        struct sockaddr_in  cliaddr, servaddr;
        listenfd = Socket(AF_INET, SOCK_STREAM, 0);
        bzero(&servaddr, sizeof(servaddr));
        servaddr.sin_family      = AF_INET;
        servaddr.sin_addr.s_addr = htonl(INADDR_ANY);
        servaddr.sin_port        = htons(SERV_PORT);   /* our own port */
        Bind(listenfd, (SA *) &servaddr, sizeof(servaddr));
        Listen(listenfd, LISTENQ);
        for ( ; ; ) {
        clilen = sizeof(cliaddr);
        connfd = Accept(listenfd, (SA *) &cliaddr, &clilen);
        if ( (childpid = Fork()) == 0) {    /* child process */
        Close(listenfd);    /* close listening socket */
        while ( (n = read(connfd, buf, MAXLINE)) > 0)
        write(connfd, buf, n);
        exit(0);
        }
        Close(connfd);          /* parent closes connected socket */
        }
        }
        "#,
    );
    let wanted = [
        "socket(AF_INET, SOCK_STREAM, 0)",
        "bind(3, 0.0.0.0:8000)",
        "listen(3, 1024)",
        "accept(3)",
        "fork()",
        "close(3)",
        "read(4, 4096)",
        "write(4, \"hello\", 5)",
        "close(4)",
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_stream_server_of_beej() {
    let calls = made(
        r#"
        /*
        ** server.c -- a stream socket server demo
        */
        #define PORT "3490"  // the port users will be connecting to
        #define BACKLOG 10   // how many pending connections queue will hold
        void sigchld_handler(int s)
        int sockfd, new_fd;  // listen on sock_fd, new connection on new_fd
        struct addrinfo hints, *servinfo, *p;
        struct sockaddr_storage their_addr; // connector's address information
        socklen_t sin_size;
        int yes=1;
        char s[INET6_ADDRSTRLEN];
        int rv;
        memset(&hints, 0, sizeof hints);
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_PASSIVE; // use my IP
        if ((rv = getaddrinfo(NULL, PORT, &hints, &servinfo)) != 0) {
        fprintf(stderr, "getaddrinfo: %s\n", gai_strerror(rv));
        return 1;
        }
        // loop through all the results and bind to the first we can
        for(p = servinfo; p != NULL; p = p->ai_next) {
        if ((sockfd = socket(p->ai_family, p->ai_socktype, p->ai_protocol)) == -1) {
        perror("server: socket");
        continue;
        }
        if (setsockopt(sockfd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(int)) == -1) {
        if (bind(sockfd, p->ai_addr, p->ai_addrlen) == -1) {
        close(sockfd);
        break;
        freeaddrinfo(servinfo); // all done with this structure
        if (p == NULL)  {
        if (listen(sockfd, BACKLOG) == -1) {
        printf("server: waiting for connections...\n");
        while(1) {  // main accept() loop
        sin_size = sizeof their_addr;
        new_fd = accept(sockfd, (struct sockaddr *)&their_addr, &sin_size);
        if (new_fd == -1) {
        if (!fork()) { // this is the child process
        close(sockfd); // child doesn't need the listener
        if (send(new_fd, "Hello, world!", 13, 0) == -1)
        close(new_fd);
        "#
        .replace("INET6_ADDRSTRLEN", "46")
        .replace("/*\n        ** server.c -- a stream socket server demo\n        */", "")
        .as_str(),
    );
    let wanted = [
        "getaddrinfo(NULL, \"3490\", AI_PASSIVE)",
        "socket(AF_INET, SOCK_STREAM, 0)",
        "setsockopt(3, SO_REUSEADDR, 1)",
        "bind(3, 127.0.0.1:8000)",
        "close(3)",
        "listen(3, 10)",
        "accept(3)",
        "fork()",
        "close(3)",
        "send(4, \"Hello, world!\", 13, 0)",
        "close(4)",
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_stream_client_of_beej() {
    let calls = made(
        r#"
        #define MAXDATASIZE 100 // max number of bytes we can get at once
        int sockfd, numbytes;
        char buf[MAXDATASIZE];
        struct addrinfo hints = {0}, *servinfo, *p;
        hints.ai_family = AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        if ((rv = getaddrinfo("localhost", "8000", &hints, &servinfo)) != 0) {
        p = servinfo->ai_next;
        sockfd = socket(p->ai_family, p->ai_socktype, p->ai_protocol);
        if (connect(sockfd, p->ai_addr, p->ai_addrlen) == -1) {
        if ((numbytes = recv(sockfd, buf, MAXDATASIZE-1, 0)) == -1) {
        buf[numbytes] = '\0';
        printf("client: received '%s'\n",buf);
        close(sockfd);
        return 0;
        "#,
    );
    let wanted = [
        "getaddrinfo(\"localhost\", \"8000\", AF_INET)",
        "socket(AF_INET, SOCK_STREAM, 0)",
        "connect(3, 127.0.0.1:40000)",
        "recv(3, 99)",
        "close(3)",
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_datagram_server_that_answers() {
    let calls = made(
        r#"
        int sockfd;
        char buffer[1024];
        const char *hello = "Hello from server";
        struct sockaddr_in servaddr, cliaddr;
        if ( (sockfd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 ) { perror("socket creation failed"); exit(EXIT_FAILURE); }
        memset(&servaddr, 0, sizeof(servaddr));
        memset(&cliaddr, 0, sizeof(cliaddr));
        servaddr.sin_family = AF_INET; // IPv4
        servaddr.sin_addr.s_addr = INADDR_ANY;
        servaddr.sin_port = htons(8000);
        if ( bind(sockfd, (const struct sockaddr *)&servaddr, sizeof(servaddr)) < 0 )
        socklen_t len;
        int n;
        len = sizeof(cliaddr);  //len is value/result
        n = recvfrom(sockfd, (char *)buffer, 1024, MSG_WAITALL, ( struct sockaddr *) &cliaddr, &len);
        sendto(sockfd, (const char *)hello, strlen(hello), MSG_CONFIRM, (const struct sockaddr *) &cliaddr, len);
        "#
        .replace("MSG_WAITALL", "0")
        .replace("MSG_CONFIRM", "0")
        .as_str(),
    );
    let wanted = [
        "socket(AF_INET, SOCK_DGRAM, 0)",
        "bind(3, 0.0.0.0:8000)",
        "recvfrom(3, 1024)",
        "sendto(3, \"Hello from server\", 17, 127.0.0.1:40000)",
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_server_with_select_and_a_client_with_a_timeout() {
    let calls = made(
        r#"
        int listener = socket(AF_INET6, SOCK_STREAM, 0), maxfd;
        struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(8000), .sin6_addr = in6addr_any };
        (void) bind(listener, (struct sockaddr *)&addr, sizeof addr);
        fd_set readfds;
        struct timeval tv;
        FD_ZERO(&readfds);
        FD_SET(listener, &readfds);
        FD_SET(5, &readfds);
        tv.tv_sec = 2;
        tv.tv_usec = 500000;
        maxfd = listener;
        select(maxfd + 1, &readfds, NULL, NULL, &tv);
        FD_CLR(5, &readfds);
        select(maxfd+1, &readfds, NULL, NULL, NULL);
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
        struct linger l;
        l.l_onoff = 1; l.l_linger = 0;
        "#
        .replace(
            "l.l_onoff = 1; l.l_linger = 0;",
            "l.l_onoff = 1;\nl.l_linger = 0;\nsetsockopt(listener, SOL_SOCKET, SO_LINGER, &l, sizeof(l));",
        )
        .as_str(),
    );
    let wanted = [
        "socket(AF_INET6, SOCK_STREAM, 0)",
        "bind(3, [::]:8000)",
        "select(4, {3, 5}, NULL, NULL, 2500)",
        "select(4, {3}, NULL, NULL, -1)",
        "setsockopt(3, SO_RCVTIMEO, {2, 500000})",
        "setsockopt(3, SO_LINGER, {1, 0})",
    ];
    assert_eq!(calls, wanted);
}

#[test]
fn a_client_that_looks_at_a_text() {
    let calls = made(
        r#"
        struct sockaddr_in servaddr;
        int sockfd = -1;
        const char *ip = "127.0.0.1";
        char *port = "8000";
        char sendline[4096], recvline[4096];
        sockfd = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
        memset(&servaddr, '\0', sizeof servaddr);
        servaddr.sin_family = AF_INET;
        servaddr.sin_port = htons(atoi(port));
        if (inet_pton(AF_INET, ip, &servaddr.sin_addr) <= 0) {
        memset(servaddr.sin_zero, '\0', sizeof servaddr.sin_zero);
        memset(recvline, 0, sizeof recvline);
        if (connect(sockfd, (struct sockaddr *) &servaddr, sizeof(servaddr)) < 0) err(1, "connect");
        write(sockfd, "GET / HTTP/1.0\r\n\r\n", 18);
        int n = read(sockfd, recvline, sizeof(recvline) - 1);
        shutdown(sockfd, SHUT_WR);
        "#,
    );
    let wanted = [
        "socket(AF_INET, SOCK_STREAM, 0)",
        "connect(3, 127.0.0.1:8000)",
        "write(3, \"GET / HTTP/1.0\\r\\n\\r\\n\", 18)",
        "read(3, 4095)",
        "shutdown(3, SHUT_WR)",
    ];
    assert_eq!(calls, wanted);
}

/// What no line has set isn't taken for 0, and what is 0 isn't taken for another value.
#[test]
fn what_was_never_set_is_refused_where_a_call_reads_it() {
    let mut typist = Typist::new();
    let bind = "bind(3, (struct sockaddr *)&addr, sizeof(addr));";
    typist.types("struct sockaddr_in addr;\nstruct addrinfo hints;\nfd_set set;\nstruct timeval tv;\nchar buf[9];");
    let wrong = |typist: &Typist, line: &str| match read(line, &typist.usual) {
        Err(told) => told,
        other => panic!("{line}: {other:?}"),
    };
    let unset = |call, text: &str, form: &str| Mistyped::Unset(call, text.into(), form.into());
    let family = unset(CallName::Bind, "addr.sin_family", "addr.sin_family = AF_INET");
    assert_eq!(wrong(&typist, bind), family);
    typist.types("addr.sin_family = AF_INET;");
    assert_eq!(wrong(&typist, bind), unset(CallName::Bind, "addr.sin_port", "addr.sin_port = htons(8000)"));
    typist.types("addr.sin_port = htons(8000);");
    let host = unset(CallName::Bind, "addr.sin_addr.s_addr", "addr.sin_addr.s_addr = htonl(INADDR_ANY)");
    assert_eq!(wrong(&typist, bind), host);
    typist.types("memset(&addr, 0, sizeof addr);");
    let none = Mistyped::NoFamily(CallName::Bind, "addr.sin_family".into(), "addr.sin_family = AF_INET".into());
    assert_eq!(wrong(&typist, bind), none);
    // In C such a connect() dissolves a connection.
    typist.types("connect(3, (struct sockaddr *)&addr, sizeof addr);");
    assert_eq!(typist.calls, ["connect(3, AF_UNSPEC)"]);
    let ask = "getaddrinfo(NULL, \"8000\", &hints, &res);";
    let flags = unset(CallName::GetAddrInfo, "hints.ai_flags", "memset(&hints, 0, sizeof hints)");
    assert_eq!(wrong(&typist, ask), flags);
    assert_eq!(wrong(&typist, &ask.replace("hints", "h")), Mistyped::Hints("h".into()));
    typist.types("bzero(&hints, sizeof hints);");
    assert_eq!(wrong(&typist, ask), Mistyped::OnlyStreams("hints".into()));
    let select = "select(4, &set, NULL, NULL, &tv);";
    assert_eq!(wrong(&typist, select), unset(CallName::Select, "set", "FD_ZERO(&set)"));
    typist.types("FD_ZERO(&set);");
    assert_eq!(wrong(&typist, select), unset(CallName::Select, "tv.tv_sec", "tv.tv_sec = 0"));
    let form = "char buf[] = \"hello\"";
    assert_eq!(wrong(&typist, "send(3, buf, 5, 0);"), unset(CallName::Send, "buf", form));
}

/// A member, and what it isn't given.
#[test]
fn what_is_no_value_of_a_member_is_told_with_one_that_is() {
    let mut typist = Typist::new();
    typist.types("struct sockaddr_in addr;\nstruct sockaddr_in6 six;\nstruct addrinfo hints;\nfd_set set;");
    for (line, odd, form) in [
        ("addr.sin_family = AF_INET6;", "AF_INET6", "addr.sin_family = AF_INET"),
        ("addr.sin_port = htons(70000);", "htons(70000)", "addr.sin_port = htons(8000)"),
        ("addr.sin_port = htons(port);", "htons(port)", "addr.sin_port = htons(8000)"),
        (
            "addr.sin_addr.s_addr = inet_addr(argv[1]);",
            "inet_addr(argv[1])",
            "addr.sin_addr.s_addr = htonl(INADDR_ANY)",
        ),
        ("six.sin6_addr = INADDR_ANY;", "INADDR_ANY", "six.sin6_addr = in6addr_any"),
        ("hints.ai_flags = AI_NONE;", "AI_NONE", "hints.ai_flags = AI_PASSIVE"),
        (
            "inet_pton(AF_INET, \"127.0.0\", &addr.sin_addr);",
            "\"127.0.0\"",
            "inet_pton(AF_INET, \"127.0.0.1\", &addr.sin_addr)",
        ),
        (
            "inet_pton(AF_INET6, \"::1\", &addr.sin_addr);",
            "AF_INET6",
            "inet_pton(AF_INET, \"127.0.0.1\", &addr.sin_addr)",
        ),
        ("memset(&addr, 1, sizeof addr);", "1", "memset(&addr, 0, sizeof addr)"),
        ("memset(&addr, 0, 8);", "8", "memset(&addr, 0, sizeof addr)"),
        ("FD_SET(3, &set);", "set", "FD_ZERO(&set)"),
        ("FD_SET(1024, &set);", "1024", "FD_SET(3, &set)"),
        ("struct sockaddr_in odd = {AF_INET, port};", "{AF_INET, port}", "struct sockaddr_in odd = {0}"),
    ] {
        let told = read(line, &typist.usual);
        assert_eq!(told, Err(Mistyped::Member(odd.into(), form.into())), "{line}");
    }
    let no = |name: &str, member: &str| Err(Mistyped::NoMember(name.into(), member.into()));
    assert_eq!(read("addr.sin6_port = htons(1);", &typist.usual), no("addr", "sin6_port"));
    assert_eq!(read("hints.ai_nothing = 1;", &typist.usual), no("hints", "ai_nothing"));
    let undeclared = read("other.sin_port = htons(1);", &typist.usual).unwrap_err();
    assert!(
        matches!(&undeclared, Mistyped::Instead(name, Instead::Address(_)) if name == "other.sin_port"),
        "{undeclared:?}"
    );
    // A text with two slashes is no comment.
    let sent = read("send 3 http://a", &typist.usual);
    assert_eq!(sent, Ok(TypedLine::Call(None, Call::send(3, b"http://a".to_vec()))));
}
