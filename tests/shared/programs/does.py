# What only programs do, one kind by each name.
import array, ctypes, errno, os, select, signal, socket, struct, sys, threading

ADDRESS = ("127.0.0.1", 8000)
MPTCP, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT = 262, 23, 30


def sleeps(thread, process="self"):
    """Waits until a thread sleeps in a call."""
    while True:
        with open(f"/proc/{process}/task/{thread}/stat") as stat:
            if stat.read().rpartition(") ")[2][0] == "S":
                return


def waits():
    listener = socket.create_server(ADDRESS)
    listener.setblocking(False)
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    main, told = threading.get_native_id(), threading.Semaphore(0)

    def client():
        sleeps(main)
        connection = socket.create_connection(ADDRESS)
        told.acquire()
        sleeps(main)
        connection.send(b"hello")
        told.acquire()
        sleeps(main)
        connection.close()

    try:
        listener.accept()
    except BlockingIOError:
        pass
    threading.Thread(target=client).start()
    epoll.poll()
    connection, _ = listener.accept()
    connection.setblocking(False)
    epoll.register(connection, select.EPOLLIN)
    told.release()
    epoll.poll()
    connection.recv(64)
    told.release()
    epoll.poll()
    connection.recv(64)


def polls_and_selects():
    listener = socket.create_server(ADDRESS)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.poll(1)
    select.select([listener], [], [], 0.001)
    watches_nothing = select.epoll()
    watches_nothing.poll(0.001)


def waits_for_urgent_data():
    client, server = pair()
    main = threading.get_native_id()

    def urges():
        sleeps(main)
        client.send(b"!", socket.MSG_OOB)

    poll = select.poll()
    poll.register(server, select.POLLPRI)
    threading.Thread(target=urges).start()
    poll.poll()
    server.recv(1, socket.MSG_OOB)
    threading.Thread(target=urges).start()
    select.select([], [], [server])
    server.recv(1, socket.MSG_OOB)


def selects_too_low():
    import ctypes

    listener = socket.create_server(ADDRESS)
    fds = (ctypes.c_ulong * 16)(1 << listener.fileno())
    soon = (ctypes.c_long * 2)(0, 1000)
    ctypes.CDLL(None).select(listener.fileno(), fds, None, None, soon)


def leaves():
    client, server = pair()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def attempts():
    first = socket.socket(socket.AF_INET6)
    first.setblocking(False)
    first.connect_ex(("::1", 8000))
    select.select([], [first], [])
    first.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    first.close()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(ADDRESS)
    listener.listen(0)
    second = socket.socket()
    second.setblocking(False)
    second.connect_ex(ADDRESS)
    select.select([], [second], [])
    second.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    # The accept queue is full now: the next SYN has no answer.
    third = socket.socket()
    third.setblocking(False)
    third.connect_ex(ADDRESS)
    third.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    assert third.connect_ex(ADDRESS) == errno.EALREADY


def connects_again():
    listener = socket.create_server(ADDRESS)
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(ADDRESS)
    select.select([], [client], [])
    client.connect_ex(ADDRESS)
    assert client.connect_ex(ADDRESS) == errno.EISCONN


def pair():
    with socket.create_server(ADDRESS) as listener:
        client = socket.create_connection(ADDRESS)
        return client, listener.accept()[0]


def forks():
    client, server = pair()
    go, goes = os.pipe()
    child = os.fork()
    if child == 0:
        client.close()
        os.read(go, 1)
        server.close()
        os._exit(0)
    server.close()
    os.write(goes, b"x")
    assert client.recv(1) == b""
    os.waitpid(child, 0)


def copies():
    client, server = pair()
    copy = os.dup(server.fileno())
    server.close()
    os.close(copy)


def hands_on():
    client, server = pair()
    one, other = socket.socketpair()
    socket.send_fds(one, [b"x"], [server.fileno()])
    server.close()
    _, fds, _, _ = socket.recv_fds(other, 1, 1)
    os.close(fds[0])


def executes():
    client, server = pair()
    os.set_inheritable(server.fileno(), True)
    os.execv(sys.executable, [sys.executable, "-S", "-c", "pass"])


def interrupted():
    listener = socket.create_server(ADDRESS)
    main = threading.get_native_id()
    signal.signal(signal.SIGUSR1, lambda *_: None)

    def interrupts():
        sleeps(main)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        sleeps(main)
        socket.create_connection(ADDRESS).close()

    threading.Thread(target=interrupts).start()
    select.select([listener], [], [])


def broken():
    client, server = pair()
    signal.signal(signal.SIGPIPE, lambda *_: None)
    client.shutdown(socket.SHUT_WR)
    for flags in (0, socket.MSG_NOSIGNAL):
        try:
            client.send(b"x", flags)
        except BrokenPipeError:
            pass


def multipath():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP)
    except OSError:
        socket.socket()


def fast_open():
    listener = socket.create_server(ADDRESS)
    listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    client.connect(ADDRESS)
    other = socket.socket()
    other.sendto(b"hi", socket.MSG_FASTOPEN, ADDRESS)


def limited():
    limit = struct.pack("ll", 0, 200000)
    listener = socket.create_server(ADDRESS, backlog=0)
    # Its connections have it too.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    first = socket.create_connection(ADDRESS)
    # The accept queue is full now: the next SYN has no answer.
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    client.connect_ex(ADDRESS)
    connection, _ = listener.accept()
    for waits in (lambda: connection.recv(5), listener.accept):
        try:
            waits()
        except BlockingIOError:
            pass


def takes_a_part():
    client, server = pair()
    client.setblocking(False)
    client.send(bytes(3000000))
    try:
        client.sendmsg([bytes(3000000)])
    except BlockingIOError:
        pass


def closes_in_use():
    client, server = pair()
    number = server.detach()
    other = threading.Thread(target=lambda: os.read(number, 5))
    other.start()
    sleeps(other.native_id)
    os.close(number)
    client.send(b"hello")
    other.join()


def closes_watched():
    client, server = pair()
    epoll = select.epoll()
    epoll.register(server, select.EPOLLIN)
    server.close()
    epoll.poll(0.1)


def closes_polled():
    client, server = pair()
    poll = select.poll()
    poll.register(server, select.POLLIN)
    server.close()
    assert poll.poll(100)


def replaces():
    client, server = pair()
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, server.fileno())
    assert client.recv(1) == b""


def accepts_nowhere():
    listener = socket.create_server(ADDRESS)
    client = socket.create_connection(ADDRESS)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.accept(listener.fileno(), ctypes.c_void_p(1), ctypes.byref(ctypes.c_int(16)))
    assert ctypes.get_errno() == errno.EFAULT
    assert client.recv(1) == b""


def sends_a_file():
    client, server = pair()
    with open(__file__, "rb") as file:
        os.sendfile(client.fileno(), file.fileno(), 0, 10)
    assert server.recv(10, socket.MSG_WAITALL)


def reads_after_a_reset():
    client, server = pair()
    client.send(b"abc")
    assert server.recv(3, socket.MSG_PEEK | socket.MSG_WAITALL) == b"abc"
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    poll = select.poll()
    poll.register(server, 0)
    poll.poll()
    assert server.recv(9) == b"abc"
    try:
        server.recv(9)
    except ConnectionResetError:
        pass


def asks():
    client, server = pair()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000)
    client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200000))
    client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
    client.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)


def port_zero():
    client = socket.socket()
    client.connect_ex(("127.0.0.1", 0))
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        try:
            datagrams.sendto(b"x", ("127.0.0.1", 0))
        except OSError:
            pass
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    server.getsockname()


def resets_a_copy():
    client, server = pair()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    copy = server.dup()
    server.close()
    copy.close()


def beyond_its_calls():
    nameless = socket.socket()
    libc = ctypes.CDLL(None)
    libc.bind(nameless.fileno(), bytes(4) + b"\x7f" + bytes(11), 16)
    client, server = pair()
    client.send(b"x", socket.MSG_OOB)
    client.shutdown(socket.SHUT_WR)
    client.shutdown(socket.SHUT_WR)
    libc.connect(server.fileno(), bytes(16), 16)


def lets_go():
    client, server = pair()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    client.send(b"corked")
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    assert server.recv(9)
    client.close()
    assert server.recv(9) == b""


def hands_on_to_a_waiting_process():
    listener = socket.create_server(ADDRESS)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
        with socket.socket(fileno=fds[0]) as received:
            received.send(b"hello")
        os._exit(0)
    sleeps(child, child)
    client = socket.create_connection(ADDRESS)
    server, _ = listener.accept()
    socket.send_fds(ours, [b"x"], [server.fileno()])
    server.close()
    assert client.recv(5, socket.MSG_WAITALL) and client.recv(5) == b""
    os.waitpid(child, 0)


def shares_a_port():
    listeners = []
    for _ in range(2):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(ADDRESS)
        listener.listen()
        listeners.append(listener)
    main = threading.get_native_id()

    def serves(listener):
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while poll.poll(3000):
            connection, _ = listener.accept()
            connection.close()

    threads = [threading.Thread(target=serves, args=(listener,), daemon=True) for listener in listeners]
    for thread in threads:
        thread.start()
    for thread in threads:
        sleeps(thread.native_id)
    for _ in range(6):
        with socket.create_connection(ADDRESS) as client:
            assert client.recv(1) == b""


def misses_an_edge():
    client, server = pair()
    server.setblocking(False)
    epoll = select.epoll()
    epoll.register(server, select.EPOLLIN | select.EPOLLET)
    client.send(b"hello")
    epoll.poll()
    server.recv(2)
    epoll.poll(1.5)


def waits_for_what_is_switched_off():
    client, server = pair()
    epoll = select.epoll()
    epoll.register(server, select.EPOLLIN | select.EPOLLONESHOT)
    client.send(b"hello")
    epoll.poll()
    server.recv(9)
    client.send(b"again")
    epoll.poll(0.5)
    epoll.unregister(server)


def asks_a_unix_socket():
    client = socket.socket(socket.AF_UNIX)
    assert client.connect_ex("/nobody/there") == errno.ENOENT
    pair()


def connects_and_serves():
    first = socket.socket()
    assert first.connect_ex(ADDRESS) == errno.ECONNREFUSED
    first.close()
    client, server = pair()
    client.send(b"hello")
    assert server.recv(5)
    server.close()
    assert client.recv(5) == b""


globals()[sys.argv[1]]()
