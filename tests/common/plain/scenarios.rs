//! The scenarios. Each begins in a fresh network namespace.

use std::net::Ipv4Addr;

use etherparse::PacketBuilder;
use libc::{IPPROTO_TCP, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_REUSEADDR, SOL_SOCKET};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::calls::*;
use crate::common::network::{self, Route};

/// Port 8000, where most of them listen.
const AT: &str = "127.0.0.1:8000";
/// Nobody is there, and nobody answers.
const SILENT: &str = "10.9.9.9:80";

// The kernel's numbers of the states (`include/net/tcp_states.h`).
const ESTABLISHED: u8 = 1;
const FIN_WAIT2: u8 = 5;
const CLOSED: u8 = 7;
const CLOSE_WAIT: u8 = 8;
const SYN_RECV: u8 = 3;

/// More than any buffer holds.
const MUCH: usize = 64 << 20;

macro_rules! scenarios {
    ($($name:ident)*) => {
        /// Each scenario and its name.
        pub const SCENARIOS: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

scenarios! {
    asks messages names copies fork_and_child_closes fork_and_parent_closes fork_and_listener fork_and_shutdown fork_and_nonblocking closed_and_interrupted datagram_to_another threads_of_a_listener threads_of_a_connection shutdown_wakes two_connects polls polls_after_reset selects epolls epoll_errors transfers refused refused_told_to_send refused_told_to_recv refused_told_by_so_error connecting connected listening fresh
    shutdown_before_connect unreachable families bind_errors time_wait reserved_port no_port_left two_listeners
    connect_times_out recv_times_out send_times_out interrupted interrupted_send nonblocking_errors no_descriptor
    reset_told_to_recv reset_told_to_send reset_after_fin wrong_lengths listens_elsewhere empty_datagram datagrams_end below_zero reset_in_syn_recv end_of_stream send_before_accept
    queue_full listen_without_bind close_with_unread close_with_unsent close_of_a_listener close_while_connecting accepted_after_reset
    half_close reading_ended over bad_descriptor no_socket sockets no_connections options values_and_requests bad_arguments stream
    blocking_while_connecting shutdown_of_a_waiting_connection shutdown_while_connecting
    interrupted_close interface_down datagrams datagrams_to_nobody
    refused_in_the_background_untold self_connect self_connect_waits reuse_here_only port_of_a_connection listen_again
    listen_beside_time_wait port_of_a_listener linger_zero lingered_close accepted_after_fin reading_ended_early
    sending_ended_in_the_listener nothing_asked backlogs deferred shutdown_both simultaneous_open shutdown_in_syn_recv
    close_in_syn_recv close_of_one_of_two_listeners close_with_linger2 flags urgent_is_announced fast_open dissolved datagrams_dissolved
    limits over_in_the_background timed_out_in_the_background corked ended_again closed_after_the_fin in_repair
    fast_open_off fast_open_early select_beyond_the_table dissolved_quietly urgent_datagram executes_nothing without_family port_zero
}

/// What waits for so long at most.
fn limits() {
    let (listener, (fd, peer), attempt) = (listener(AT, 8), pair("127.0.0.1:8001"), tcp());
    [listener, fd].iter().for_each(|fd| set_limit(*fd, libc::SO_RCVTIMEO));
    [fd, attempt].iter().for_each(|fd| set_limit(*fd, libc::SO_SNDTIMEO));
    accept(listener);
    let _ = connect(attempt, SILENT);
    let _ = recv(fd, 1);
    let _ = send(peer, 3);
    let _ = recv_with(fd, 9, libc::MSG_WAITALL);
    let _ = send(fd, MUCH);
}

/// A connection that was made while nobody waited for it. Returns its ends.
fn made_in_the_background(at: &str) -> (i32, i32) {
    let (listener, fd) = (listener(at, 8), nonblocking(tcp()));
    let _ = connect(fd, at);
    until_state(fd, ESTABLISHED);
    let peer = quiet_accept(listener);
    quiet_close(listener).unwrap();
    (fd, peer)
}

fn over_in_the_background() {
    let (fd, peer) = made_in_the_background("127.0.0.1:8001");
    set_linger(peer, 0);
    quiet_close(peer).unwrap();
    until_error(fd);
    let _ = connect(fd, AT);
    let (fd, peer) = made_in_the_background("127.0.0.1:8002");
    set_linger(peer, 0);
    quiet_close(peer).unwrap();
    until_error(fd);
    let _ = recv(fd, 1);
    let _ = connect(fd, AT);
    let (fd, peer) = made_in_the_background("127.0.0.1:8003");
    quiet_close(peer).unwrap();
    until_state(fd, CLOSE_WAIT);
    let _ = send(fd, 1);
    until_error(fd);
    let _ = connect(fd, AT);
}

fn timed_out_in_the_background() {
    let (here, there) = (Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(10, 1, 0, 2));
    let (fd, _peer) = made_in_the_background("10.1.0.2:8000");
    network::add_route((there, 32), Route::Loopback { from: here }).unwrap();
    network::remove_address(there).unwrap();
    set(fd, IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 300);
    let _ = send(fd, 5);
    until_error(fd);
    let _ = connect(fd, AT);
}

fn corked() {
    let (fd, peer) = pair(AT);
    let _ = setsockopt(fd, IPPROTO_TCP, libc::TCP_CORK, 1);
    let _ = send(fd, 2);
    let _ = recv_with(peer, 9, libc::MSG_DONTWAIT);
    let _ = setsockopt(fd, IPPROTO_TCP, libc::TCP_CORK, 0);
    let _ = recv(peer, 9);
    let waiting = Blocked::recv_with(peer, 4, libc::MSG_PEEK | libc::MSG_WAITALL);
    let _ = send(fd, 4);
    let _ = waiting.end();
}

fn ended_again() {
    let (fd, peer) = pair(AT);
    let _ = shutdown(fd, SHUT_WR);
    until_state(peer, CLOSE_WAIT);
    let _ = shutdown(fd, SHUT_WR);
    let _ = close(fd);
    let _ = recv(peer, 1);
    // Both have sent their FIN: TIME_WAIT is left, of which the descriptor is no part any more.
    let (fd, peer) = pair("127.0.0.1:8001");
    let _ = shutdown(fd, SHUT_WR);
    until_state(peer, CLOSE_WAIT);
    quiet_close(peer).unwrap();
    until_state(fd, CLOSED);
    let _ = close(fd);
}

/// One end has sent its FIN: with bytes that it hasn't read, and with SO_LINGER as its own FIN waits for an acknowledgement.
fn closed_after_the_fin() {
    let (fd, peer) = pair(AT);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = shutdown(fd, SHUT_WR);
    let _ = close(fd);
    until_state(peer, CLOSED);
    // The FIN came first: that is the end, and the RST no error to who reads.
    let _ = recv(peer, 1);
    let (fd, peer) = pair("10.1.0.2:8000");
    quiet_close(peer).unwrap();
    until_state(fd, CLOSE_WAIT);
    let (here, there) = (Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(10, 1, 0, 2));
    network::add_route((there, 32), Route::Loopback { from: here }).unwrap();
    network::remove_address(there).unwrap();
    let _ = shutdown(fd, SHUT_WR);
    set_linger(fd, 0);
    let _ = close(fd);
}

fn in_repair() {
    let (fd, peer) = pair(AT);
    let _ = setsockopt(fd, IPPROTO_TCP, libc::TCP_REPAIR, 1);
    let _ = recv(fd, 1);
    let _ = close(fd);
    let _ = recv_with(peer, 1, libc::MSG_DONTWAIT);
}

fn fast_open_off() {
    std::fs::write("/proc/sys/net/ipv4/tcp_fastopen", "0").unwrap();
    let _ = setsockopt(tcp(), IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1);
}

/// With a cookie of the server: `connect()` comes back before its SYN goes, and `accept()` need not wait for the last ACK.
fn fast_open_early() {
    std::fs::write("/proc/sys/net/ipv4/tcp_fastopen", "3").unwrap();
    let listening = listener(AT, 8);
    let _ = setsockopt(listening, IPPROTO_TCP, libc::TCP_FASTOPEN, 8);
    let _ = sendto_with(tcp(), 3, libc::MSG_FASTOPEN, AT);
    accept(listening);
    let begun = || {
        let fd = tcp();
        let _ = setsockopt(fd, IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1);
        let _ = connect(fd, AT);
        fd
    };
    let fd = begun();
    let _ = Blocked::connect(fd, AT).interrupt();
    let _ = connect(nonblocking(fd), AT);
    let _ = quiet_close(listening);
    let _ = send(begun(), 3);
}

/// Where nobody is, before the table's end and behind it.
fn select_beyond_the_table() {
    let _ = select(64, &[(63, libc::POLLIN)], 0);
    let _ = select(1024, &[(1023, libc::POLLIN)], 0);
}

/// In SYN_SENT and in LISTEN.
fn dissolved_quietly() {
    let fd = nonblocking(tcp());
    let _ = connect(fd, SILENT);
    let _ = dissolve(fd);
    let listener = listener(AT, 8);
    let _ = dissolve(listener);
    let _ = connect(tcp(), AT);
}

fn urgent_datagram() {
    let (fd, peer) = (udp(), udp());
    quiet_bind(peer, AT);
    let _ = connect(fd, AT);
    let _ = send_with(fd, 1, libc::MSG_OOB);
    let _ = sendto_with(fd, 2, libc::MSG_FASTOPEN, AT);
    let _ = recv_with(peer, 9, libc::MSG_OOB);
}

fn executes_nothing() {
    let _ = execute_nothing();
}

fn without_family() {
    let _ = bind_without_family(tcp());
}

/// The files by which libc looks names up, laid over the machine's for this process.
fn names() {
    lay_over_etc(&[
        (
            "hosts",
            "127.0.0.1 localhost\n::1 localhost\n127.0.0.9 four.example\n127.0.0.9 both.example\n::1 both.example\n",
        ),
        ("nsswitch.conf", "hosts: files dns\nservices: files\n"),
        ("resolv.conf", "nameserver 192.0.2.53\n"),
    ]);
    let http = Some("80");
    lookup(Some("localhost"), http, 0, 0);
    lookup(Some("both.example"), http, 0, 0);
    lookup(Some("both.example"), http, libc::AF_INET6, 0);
    lookup(Some("four.example"), http, libc::AF_INET6, libc::AI_V4MAPPED);
    lookup(None, http, 0, libc::AI_PASSIVE);
    lookup(Some("four.example"), http, libc::AF_INET6, 0);
    lookup(Some("gone.example"), http, 0, 0);
    lookup(Some("a b"), http, 0, 0);
    lookup(Some("localhost"), http, 0, libc::AI_NUMERICHOST);
    lookup(Some("localhost"), Some("nosuch"), 0, 0);
    lookup(Some("localhost"), http, libc::AF_UNIX, 0);
    lookup(Some("127.0.0.1"), http, libc::AF_INET6, 0);
    lookup(Some("localhost"), http, 0, 0x10000);
    lookup(None, None, 0, 0);
    lookup(Some("127.0.0.1"), http, 0, 0);
    lookup(None, Some("8000"), 0, 0);
    lookup(Some("127.0.0.1"), Some("99999999"), 0, 0);
}

fn flags() {
    use libc::{MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL};
    let (fd, peer) = pair(AT);
    let _ = recv_with(fd, 1, MSG_DONTWAIT);
    let _ = recv_with(fd, 1, MSG_OOB);
    let _ = send_with(peer, 3, MSG_OOB);
    // Without the urgent byte.
    until_readable(fd, 2);
    let _ = recv_with(fd, 1, MSG_OOB);
    let _ = recv_with(fd, 1, MSG_OOB);
    let _ = recv(fd, 9);
    // Behind the place of the urgent byte FIONREAD counts nothing.
    let _ = send(peer, 2);
    let _ = recv_with(fd, 9, MSG_PEEK);
    let _ = recv(fd, 9);
    let waiting = Blocked::recv_with(fd, 4, MSG_WAITALL);
    let _ = send(peer, 3);
    let _ = send(peer, 1);
    let _ = waiting.end();
    let _ = send(peer, 1);
    let _ = shutdown(peer, SHUT_WR);
    until_state(fd, CLOSE_WAIT);
    let _ = recv_with(fd, 4, MSG_WAITALL);
}

/// A connection by AF_UNSPEC; the socket connects again.
fn dissolved() {
    let (fd, peer) = pair(AT);
    let _ = dissolve(fd);
    until_state(peer, CLOSED);
    let _ = recv(peer, 1);
    let _listener = listener("127.0.0.1:8001", 8);
    let _ = connect(fd, "127.0.0.1:8001");
}

/// A peer of a socket for datagrams by AF_UNSPEC.
fn datagrams_dissolved() {
    let fd = udp();
    let _ = connect(fd, AT);
    let _ = dissolve(fd);
    let _ = send(fd, 1);
}

/// Without a cookie the data follows the handshake.
fn fast_open() {
    let _listener = listener(AT, 8);
    let fd = tcp();
    let _ = sendto_with(fd, 3, libc::MSG_FASTOPEN, AT);
    let _ = sendto_with(fd, 3, libc::MSG_FASTOPEN, AT);
    let _ = Blocked::sendto(tcp(), 3, libc::MSG_FASTOPEN, SILENT).interrupt();
    let _ = sendto_with(tcp(), 3, libc::MSG_FASTOPEN | libc::MSG_DONTWAIT, SILENT);
    std::fs::write("/proc/sys/net/ipv4/tcp_fastopen", "0").unwrap();
    let _ = sendto_with(tcp(), 3, libc::MSG_FASTOPEN, AT);
}

/// A segment whose urgent pointer leads beyond its data.
fn urgent_is_announced() {
    let (fd, first) = opened_from_both_sides();
    forge(|tcp| tcp.ack(first.wrapping_add(1)).urg(9), 1001);
    let announced = || raw_recv_with(fd, 1, libc::MSG_OOB) != Err(libc::EINVAL);
    assert!(super::super::until(super::super::BOUND, announced));
    let _ = recv_with(fd, 1, libc::MSG_OOB);
}

fn datagrams() {
    let fd = udp();
    let _ = bind(fd, AT);
    let _ = bind(fd, AT);
    let _ = listen(fd, 1);
    accept(fd);
    let _ = send(fd, 1);
    let _ = Blocked::recv(fd, 1).interrupt();
    let _ = Blocked::recvfrom(fd, 1).interrupt();
    let _ = sendto(udp(), 3, AT);
    let _ = recvfrom(fd, 9);
}

/// Nobody has the port. The answer is told to the next call, whichever that is.
fn datagrams_to_nobody() {
    let fd = udp();
    let _ = connect(fd, AT);
    let _ = bind(fd, AT);
    let _ = listen(fd, 1);
    accept(fd);
    let next: [fn(i32) -> Came; 4] = [|fd| send(fd, 1), |fd| recv(fd, 1), |fd| sendto(fd, 1, AT), |fd| recvfrom(fd, 1)];
    for call in next {
        let _ = send(fd, 1);
        until_error(fd);
        let _ = call(fd);
    }
}

fn refused() {
    let fd = tcp();
    let _ = connect(fd, AT);
    let _ = connect(fd, AT);
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = shutdown(fd, SHUT_WR);
}

/// A non-blocking connect() that the RST has already refused.
fn refused_in_the_background() -> i32 {
    let fd = nonblocking(tcp());
    let _ = connect(fd, AT);
    until_state(fd, CLOSED);
    fd
}

fn refused_in_the_background_untold() {
    let _ = connect(refused_in_the_background(), AT);
    let fd = refused_in_the_background();
    let _ = shutdown(fd, SHUT_WR);
    let _ = listen(fd, 1);
    accept(fd);
}

fn refused_told_to_send() {
    let fd = refused_in_the_background();
    let _ = send(fd, 1);
    let _ = send(fd, 1);
    let _ = connect(fd, AT);
    let _ = connect(fd, AT);
}

fn refused_told_to_recv() {
    let fd = refused_in_the_background();
    let _ = recv(fd, 1);
    let _ = recv(fd, 1);
}

fn asks() {
    let fd = nonblocking(tcp());
    let _ = own_name(fd);
    let _ = peer_name(fd);
    let _ = connect(fd, AT);
    until_state(fd, CLOSED);
    let _ = get(fd, SOL_SOCKET, libc::SO_ERROR);
    let _ = get(fd, SOL_SOCKET, libc::SO_ERROR);
    let _ = get(fd, SOL_SOCKET, 9999);
    let _listener = listener(AT, 8);
    let second = tcp();
    let _ = connect(second, AT);
    let _ = own_name(second);
    let _ = peer_name(second);
}

fn copies() {
    let (fd, peer) = pair(AT);
    let copy = dup(fd);
    let _ = close(fd);
    let _ = send(copy, 5);
    let _ = recv(peer, 5);
    let _ = dup(fd);
    let _ = close(copy);
    let _ = recv(peer, 1);
}

fn fork_and_child_closes() {
    let (fd, peer) = pair(AT);
    let mut child = ForkedChild::fork();
    child.close(peer);
    let _ = send(peer, 5);
    let _ = recv(fd, 5);
    let _ = close(peer);
    let _ = recv(fd, 1);
}

fn fork_and_parent_closes() {
    let (fd, peer) = pair(AT);
    let mut child = ForkedChild::fork();
    let _ = close(peer);
    child.send(peer, 5);
    let _ = recv(fd, 5);
    child.close(peer);
    let _ = recv(fd, 1);
}

fn fork_and_listener() {
    let (fd, client) = (listener(AT, 8), tcp());
    let mut child = ForkedChild::fork();
    let _ = close(fd);
    let _ = connect(client, AT);
    let _ = accept(fd);
    child.accept(fd);
    child.close(fd);
    let _ = connect(tcp(), AT);
}

fn fork_and_shutdown() {
    let (fd, peer) = pair(AT);
    let mut child = ForkedChild::fork();
    child.shutdown(peer, SHUT_WR);
    let _ = send(peer, 5);
    let _ = recv(fd, 1);
}

/// The flag belongs to the open file description, which both have.
fn fork_and_nonblocking() {
    let (_fd, peer) = pair(AT);
    let mut child = ForkedChild::fork();
    child.never_waits(peer);
    let _ = recv(peer, 1);
}

/// The number is gone when the call that slept has returned.
fn closed_and_interrupted() {
    let fd = listener(AT, 8);
    let accepting = Blocked::accept(fd);
    let _ = close(fd);
    let _ = accepting.interrupt();
    accept(fd);
}

/// What goes elsewhere than to the peer changes no peer: one that answers from there isn't heard.
fn datagram_to_another() {
    let (fd, peer, other) = (udp(), udp(), udp());
    quiet_bind(peer, AT);
    quiet_bind(other, "127.0.0.1:8001");
    quiet_bind(fd, "127.0.0.1:8002");
    let _ = connect(fd, AT);
    let _ = sendto(fd, 2, "127.0.0.1:8001");
    let _ = recv(other, 9);
    let _ = send(fd, 1);
    let _ = recv(peer, 9);
    let _ = sendto(other, 3, "127.0.0.1:8002");
    let _ = recv_with(fd, 9, libc::MSG_DONTWAIT);
}

/// What a thread closes or shuts down while another one sleeps in a call on it.
fn threads_of_a_listener() {
    let fd = listener(AT, 8);
    let (first, second) = (Blocked::accept(fd), Blocked::accept(fd));
    let client = tcp();
    let _ = connect(client, AT);
    let _ = first.end();
    let _ = close(fd);
    // The one that sleeps is still told the next one.
    let other = tcp();
    let _ = connect(other, AT);
    let _ = second.end();
    let _ = connect(tcp(), AT);
}

fn threads_of_a_connection() {
    let (fd, peer) = pair(AT);
    let reading = Blocked::recv(fd, 9);
    let _ = close(fd);
    let _ = recv_with(peer, 1, libc::MSG_DONTWAIT);
    let _ = send(peer, 2);
    let _ = reading.end();
    let _ = recv(peer, 1);
}

fn shutdown_wakes() {
    let fd = listener(AT, 8);
    let accepting = Blocked::accept(fd);
    let _ = shutdown(fd, SHUT_RD);
    let _ = accepting.end();
    let (fd, _peer) = pair("127.0.0.1:8001");
    let reading = Blocked::recv(fd, 9);
    let _ = shutdown(fd, SHUT_RD);
    let _ = reading.end();
    let fd = tcp();
    let connecting = Blocked::connect(fd, SILENT);
    let _ = shutdown(fd, SHUT_WR);
    let _ = connecting.end();
    // No acknowledgement comes, so the buffer stays full.
    let fd = cut_off();
    let _ = send(nonblocking(fd), MUCH);
    let _ = fcntl(fd, libc::F_SETFL, 0);
    let sending = Blocked::send(fd, 1);
    let _ = shutdown(fd, SHUT_WR);
    let _ = sending.end();
}

/// The second one's address is looked at by nobody.
fn two_connects() {
    let fd = tcp();
    let first = Blocked::connect(fd, SILENT);
    let second = Blocked::connect(fd, "127.0.0.1:9");
    let _ = shutdown(fd, SHUT_WR);
    first.end_both(second);
}

fn polls() {
    use libc::{POLLIN, POLLOUT, POLLRDHUP};
    let fresh = tcp();
    let _ = poll(&[(fresh, POLLIN | POLLOUT)], -1);
    quiet_close(fresh).unwrap();
    let _ = poll(&[(fresh, POLLIN)], -1);
    let listener = listener(AT, 8);
    let _ = poll(&[(listener, POLLIN)], 0);
    let _ = Blocked::poll(&[(listener, POLLIN)]).interrupt();
    let waits = Blocked::poll(&[(listener, POLLIN)]);
    let client = tcp();
    let _ = connect(client, AT);
    let _ = waits.end();
    let conn = accept(listener);
    let _ = poll(&[(listener, POLLIN), (conn, POLLIN | POLLOUT)], -1);
    let waits = Blocked::poll(&[(conn, POLLIN | POLLRDHUP), (listener, POLLIN)]);
    let _ = send(client, 5);
    let _ = waits.end();
    let _ = recv(conn, 5);
    let waits = Blocked::poll(&[(conn, POLLIN | POLLRDHUP)]);
    let _ = shutdown(client, SHUT_WR);
    let _ = waits.end();
    let _ = shutdown(conn, SHUT_WR);
    let _ = poll(&[(conn, POLLIN | POLLRDHUP)], -1);
}

fn transfers() {
    let (fd, peer) = pair(AT);
    let _ = write(fd, 5);
    let _ = read(peer, 100);
    let _ = sendmsg(fd, &[b"ab", b"cdefg"], libc::MSG_NOSIGNAL);
    let _ = recvmsg(peer, &[3, 100], libc::MSG_PEEK);
    let _ = recvmsg(peer, &[4, 2], 0);
    let _ = recvmsg(peer, &[8, 2], 0);
    let _ = recvmsg(peer, &[8, 2], libc::MSG_DONTWAIT);
    let _ = sendmsg(peer, &[b"x", b"y"], libc::MSG_NOSIGNAL);
    let _ = read(fd, 100);
    set_linger(peer, 0);
    let _ = close(peer);
    let _ = read(fd, 1);
    let _ = write(fd, 1);
}

/// Messages that name an address, and tell one.
fn messages() {
    let (conn, peer) = pair(AT);
    let (server, client) = (udp(), udp());
    let _ = bind(server, AT);
    let _ = bind(client, "127.0.0.1:8001");
    let _ = sendmsg_to(client, &[b"ab", b"cdefg"], 0, AT);
    recvmsg_from(server, 100);
    let _ = sendmsg_to(server, &[b"x", b"y"], 0, "127.0.0.1:8001");
    recvmsg_from(client, 1);
    let _ = sendmsg(server, &[b"x"], 0);
    let _ = sendmsg_to(tcp(), &[b"a", b"b"], libc::MSG_NOSIGNAL, AT);
    // A connection has its peer.
    let _ = sendmsg_to(conn, &[b"a", b"b"], libc::MSG_NOSIGNAL, "127.0.0.1:9");
    recvmsg_from(peer, 9);
    let _ = sendmsg_to(conn, &[b"a"], libc::MSG_FASTOPEN, AT);
    let _ = sendmsg_to(tcp(), &[b"a"], libc::MSG_FASTOPEN, "127.0.0.1:9");
}

fn selects() {
    use libc::{POLLIN, POLLOUT};
    let fresh = tcp();
    let _ = select(fresh + 1, &[(fresh, POLLIN | POLLOUT)], 0);
    quiet_close(fresh).unwrap();
    let _ = select(fresh + 1, &[(fresh, POLLIN)], 0);
    let _ = select(-1, &[], 0);
    let listener = listener(AT, 8);
    let _ = select(listener + 1, &[(listener, POLLIN)], 0);
    let _ = Blocked::select(listener + 1, &[(listener, POLLIN)]).interrupt();
    let waits = Blocked::select(listener + 1, &[(listener, POLLIN)]);
    let client = tcp();
    let _ = connect(client, AT);
    let _ = waits.end();
    let conn = accept(listener);
    let _ = select(conn + 1, &[(listener, POLLIN), (conn, POLLIN | POLLOUT)], 0);
    // Its first argument leaves the connection out.
    let _ = select(conn, &[(conn, POLLOUT)], 0);
    let waits = Blocked::select(conn + 1, &[(conn, POLLIN), (listener, POLLIN)]);
    let _ = send(client, 5);
    let _ = waits.end();
    let _ = recv(conn, 5);
    let waits = Blocked::select(conn + 1, &[(conn, POLLIN)]);
    set_linger(client, 0);
    let _ = close(client);
    let _ = waits.end();
}

fn epolls() {
    use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP};
    let (client, conn) = pair(AT);
    let epoll = epoll_create();
    let _ = Blocked::epoll_wait(epoll, &[]).interrupt();
    let _ = epoll_ctl(epoll, EPOLL_CTL_ADD, conn, EPOLLIN | EPOLLRDHUP);
    let _ = epoll_wait(epoll, &[conn], 0);
    let waits = Blocked::epoll_wait(epoll, &[conn]);
    let _ = send(client, 5);
    let _ = waits.end();
    // Level-triggered: again and again.
    let _ = epoll_wait(epoll, &[conn], -1);
    // Edge-triggered: what is there when it is asked for counts as new, and is told once.
    let _ = epoll_ctl(epoll, EPOLL_CTL_MOD, conn, EPOLLIN | EPOLLET);
    let _ = epoll_wait(epoll, &[conn], -1);
    let waits = Blocked::epoll_wait(epoll, &[conn]);
    let _ = send(client, 3);
    let _ = waits.end();
    let _ = epoll_wait(epoll, &[conn], 0);
    let _ = epoll_ctl(epoll, EPOLL_CTL_MOD, conn, EPOLLIN | EPOLLONESHOT);
    let _ = epoll_wait(epoll, &[conn], -1);
    let _ = epoll_wait(epoll, &[conn], 0);
    let _ = epoll_ctl(epoll, EPOLL_CTL_MOD, conn, EPOLLIN | EPOLLOUT);
    let _ = shutdown(client, SHUT_WR);
    let _ = recv(conn, 100);
    let _ = epoll_wait(epoll, &[conn], -1);
    let _ = shutdown(conn, SHUT_WR);
    let _ = epoll_wait(epoll, &[conn], -1);
    let _ = epoll_ctl(epoll, EPOLL_CTL_DEL, conn, 0);
    let _ = epoll_wait(epoll, &[conn], 0);
    let _ = close(epoll);
}

fn epoll_errors() {
    use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN};
    let epoll = epoll_create();
    let fd = tcp();
    let _ = epoll_ctl(epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
    let _ = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    let _ = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
    // Never connected: hung up.
    let _ = epoll_wait(epoll, &[fd], 0);
    let _ = epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN);
    let _ = epoll_wait(fd, &[], 0);
    epoll_wait_most(epoll, 0);
    let _ = send(epoll, 1);
    let null = std::fs::File::open("/dev/null").unwrap();
    let _ = epoll_ctl(epoll, EPOLL_CTL_ADD, std::os::fd::AsRawFd::as_raw_fd(&null), EPOLLIN);
    // The kernel forgets a socket with its last descriptor.
    let copy = dup(fd);
    let _ = close(fd);
    let _ = epoll_wait(epoll, &[fd], 0);
    let _ = close(copy);
    let _ = epoll_wait(epoll, &[fd], 0);
    let _ = epoll_ctl(epoll, EPOLL_CTL_DEL, fd, 0);
}

fn polls_after_reset() {
    let (fd, peer) = pair(AT);
    let waits = Blocked::poll(&[(fd, libc::POLLIN)]);
    set_linger(peer, 0);
    let _ = close(peer);
    let _ = waits.end();
    let _ = recv(fd, 1);
    let _ = poll(&[(fd, libc::POLLIN)], -1);
    let other = nonblocking(pair("127.0.0.1:8001").0);
    let _ = send(other, MUCH);
    let _ = poll(&[(other, libc::POLLOUT)], 0);
}

fn refused_told_by_so_error() {
    let fd = refused_in_the_background();
    assert_eq!(so_error(fd), libc::ECONNREFUSED);
    let _ = connect(fd, AT);
}

fn connecting() {
    let fd = nonblocking(tcp());
    let _ = connect(fd, SILENT);
    let _ = connect(fd, SILENT);
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = bind(fd, "127.0.0.1:0");
    let _ = listen(fd, 1);
    accept(fd);
    let _ = shutdown(fd, SHUT_WR);
    let _ = connect(fd, SILENT);
    let _ = close(fd);
}

fn connected() {
    let (fd, _peer) = pair(AT);
    let _ = connect(fd, AT);
    let _ = bind(fd, "127.0.0.1:0");
    let _ = listen(fd, 1);
    accept(fd);
}

fn listening() {
    let fd = listener(AT, 8);
    let _ = connect(fd, AT);
    let _ = bind(fd, "127.0.0.1:0");
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = listen(fd, 3);
    let _ = shutdown(fd, SHUT_WR);
    let _ = connect(tcp(), AT);
    let _ = shutdown(fd, SHUT_RD);
    accept(fd);
    let _ = connect(tcp(), AT);
    let _ = listen(fd, 3);
    let _ = connect(tcp(), AT);
}

fn fresh() {
    let fd = tcp();
    accept(fd);
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = shutdown(fd, SHUT_RDWR);
    let _ = close(fd);
}

fn shutdown_before_connect() {
    let (_listener, fd) = (listener(AT, 8), tcp());
    let _ = shutdown(fd, SHUT_WR);
    let _ = connect(fd, AT);
    let _ = send(fd, 1);
}

fn unreachable() {
    let _ = connect(tcp(), "203.0.113.1:80");
    let _ = connect(tcp(), "198.51.100.1:80");
    let _ = connect(tcp(), "198.51.101.1:80");
    let _ = connect(tcp(), "198.51.102.1:80");
}

fn families() {
    let _ = bind(tcp(), "[::1]:8000");
    let _ = bind(tcp6(), AT);
    let _ = connect(tcp(), "[::1]:8000");
    let _ = connect(tcp6(), AT);
}

fn port_zero() {
    let _ = bind(tcp(), "127.0.0.1:0");
    let _ = connect(tcp(), "127.0.0.1:0");
    let _ = sendto(udp(), 1, "127.0.0.1:0");
    let _ = connect(udp(), "127.0.0.1:0");
}

fn bind_errors() {
    let fd = tcp();
    let _ = bind(fd, AT);
    let _ = bind(fd, "127.0.0.1:8001");
    let _ = bind(tcp(), AT);
    let _ = bind(tcp(), "192.0.2.1:8000");
    let listening = tcp();
    listen(listening, 1).unwrap();
    let _ = bind(listening, "127.0.0.1:8002");
}

fn time_wait() {
    let (client, server) = pair(AT);
    quiet_close(server).unwrap();
    until_state(client, CLOSE_WAIT);
    quiet_close(client).unwrap();
    let _ = bind(tcp(), AT);
    let fd = tcp();
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = bind(fd, AT);
}

fn reserved_port() {
    let _ = bind(tcp(), "127.0.0.1:80");
    give_up_rights();
    let _ = bind(tcp(), "127.0.0.1:81");
    let _ = bind(tcp(), "127.0.0.1:1024");
}

fn no_port_left() {
    std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000").unwrap();
    let _listener = listener(AT, 8);
    let _ = connect(tcp(), AT);
    let _ = connect(tcp(), AT);
    let _ = bind(tcp(), "127.0.0.1:0");
    let _ = listen(tcp(), 1);
    // Two sockets of one address, connected to one destination.
    let same = [tcp(), tcp()];
    for fd in same {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        let _ = bind(fd, "127.0.0.1:41000");
    }
    for fd in same {
        let _ = connect(fd, AT);
    }
}

fn two_listeners() {
    let both = [tcp(), tcp()];
    for fd in both {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        let _ = bind(fd, AT);
    }
    for fd in both {
        let _ = listen(fd, 1);
    }
}

fn connect_times_out() {
    let fd = tcp();
    set(fd, IPPROTO_TCP, libc::TCP_SYNCNT, 1);
    set(fd, IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 100);
    let _ = Blocked::connect(fd, SILENT).end();
}

/// A connection of which nothing reaches the other end any more.
fn cut_off() -> i32 {
    let (fd, _peer) = pair("10.1.0.2:8000");
    let (here, there) = (Ipv4Addr::new(10, 1, 0, 1), Ipv4Addr::new(10, 1, 0, 2));
    network::add_route((there, 32), Route::Loopback { from: here }).unwrap();
    network::remove_address(there).unwrap();
    fd
}

fn recv_times_out() {
    let fd = cut_off();
    set(fd, IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 300);
    let _ = send(fd, 5);
    let _ = Blocked::recv(fd, 5).end();
    let _ = recv(fd, 5);
}

fn send_times_out() {
    let fd = cut_off();
    set(fd, IPPROTO_TCP, libc::TCP_USER_TIMEOUT, 300);
    let _ = send(fd, 5);
    until_state(fd, CLOSED);
    let _ = send(fd, 5);
    let _ = send(fd, 5);
    let _ = recv(fd, 5);
}

fn interrupted() {
    let _ = Blocked::accept(listener(AT, 8)).interrupt();
    let (fd, _peer) = pair("127.0.0.1:8001");
    let _ = Blocked::recv(fd, 1).interrupt();
    let fd = tcp();
    let _ = Blocked::connect(fd, SILENT).interrupt();
    // It goes on, and may be waited for once more.
    let _ = Blocked::connect(fd, SILENT).interrupt();
    let _ = connect(nonblocking(fd), SILENT);
}

/// No acknowledgement comes, so the buffer stays full.
fn interrupted_send() {
    let fd = cut_off();
    let _ = Blocked::send(fd, MUCH).interrupt();
    let _ = Blocked::send(fd, MUCH).interrupt();
}

fn nonblocking_errors() {
    accept(nonblocking(listener(AT, 8)));
    let (fd, _peer) = pair("127.0.0.1:8001");
    let _ = recv(nonblocking(fd), 1);
    let fd = nonblocking(cut_off());
    let _ = send(fd, MUCH);
    let _ = send(fd, 1);
}

fn no_descriptor() {
    let (fd, client) = (listener(AT, 8), tcp());
    let _ = connect(client, AT);
    no_more_descriptors();
    socket_of(libc::AF_INET, libc::SOCK_STREAM, 0);
    accept(fd);
    // Nothing is lost: what is given back is enough.
    let _ = close(client);
    accept(fd);
}

/// An end that was reset by a close() of the other with unread data.
fn reset() -> i32 {
    let (fd, peer) = pair(AT);
    let _ = send(fd, 5);
    until_readable(peer, 5);
    let _ = close(peer);
    until_state(fd, CLOSED);
    fd
}

fn reset_told_to_recv() {
    let fd = reset();
    let _ = shutdown(fd, SHUT_WR);
    let _ = recv(fd, 1);
    let _ = recv(fd, 1);
    let _ = send(fd, 1);
}

fn reset_told_to_send() {
    let fd = reset();
    let _ = send(fd, 1);
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = connect(fd, AT);
    let _ = listen(fd, 1);
}

fn wrong_lengths() {
    let (client, server) = pair(AT);
    let listener = listener(AT, 8);
    let _ = bind_short(tcp(), AT);
    let _ = connect_short(tcp(), AT);
    let _ = sendto_short(udp(), AT);
    let _ = connect(tcp(), AT);
    let _ = accept_without_length(listener);
    let _ = send(client, 1);
    let _ = recv_without_length(server);
}

fn listens_elsewhere() {
    let _taken = listener(AT, 8);
    let fd = tcp();
    let _ = bind(fd, AT);
    let _ = listen(fd, 8);
}

fn empty_datagram() {
    let fd = udp();
    let _ = bind(fd, AT);
    let _ = sendto(udp(), 0, AT);
    let _ = recv(fd, 9);
    let _ = sendto(udp(), 0, AT);
    let _ = recvfrom(fd, 9);
}

fn datagrams_end() {
    let fd = udp();
    let _ = connect(fd, AT);
    let _ = shutdown(fd, SHUT_WR);
    let _ = close(fd);
}

fn below_zero() {
    accept(-1);
    let _ = close(-1);
}

fn reset_after_fin() {
    let (fd, peer) = pair(AT);
    let _ = close(peer);
    until_state(fd, CLOSE_WAIT);
    let _ = send(fd, 1);
    until_state(fd, CLOSED);
    let _ = recv(fd, 1);
    let _ = send(fd, 1);
}

/// Both have sent a SYN, and one resets: the other's segments are written by hand.
fn reset_in_syn_recv() {
    let fd = tcp();
    bind(fd, "10.1.0.1:5000").unwrap();
    let waiting = Blocked::connect(fd, SILENT);
    forge(|tcp| tcp.syn(), 1000);
    until_state(fd, SYN_RECV);
    forge(|tcp| tcp.rst(), 1001);
    let _ = waiting.end();
}

type Tcp = etherparse::PacketBuilderStep<etherparse::TcpHeader>;

fn forge(flags: impl Fn(Tcp) -> Tcp, seq: u32) {
    let builder = flags(PacketBuilder::ipv4([10, 9, 9, 9], [10, 1, 0, 1], 64).tcp(80, 5000, seq, 64240));
    let mut packet = Vec::new();
    builder.write(&mut packet, b"").unwrap();
    let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW))).unwrap();
    let to = SockAddr::from("10.1.0.1:0".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(raw.send_to(&packet, &to).unwrap(), packet.len());
}

fn forge_ack(seq: u32, ack: u32) {
    forge(|tcp| tcp.ack(ack), seq);
}

fn end_of_stream() {
    let (fd, peer) = pair(AT);
    let _ = send(peer, 5);
    let _ = close(peer);
    until_state(fd, CLOSE_WAIT);
    let _ = recv(fd, 9);
    let _ = recv(fd, 9);
    let _ = recv(fd, 9);
    let _ = send(fd, 3);
}

fn send_before_accept() {
    let (listener, client) = (listener(AT, 8), tcp());
    let _ = connect(client, AT);
    let _ = send(client, 5);
    let fd = accept(listener);
    until_readable(fd, 5);
    let _ = recv(fd, 9);
}

/// A backlog of 0 has room for one.
fn queue_full() {
    let fd = listener(AT, 0);
    let _ = connect(tcp(), AT);
    let waiting = Blocked::connect(tcp(), AT);
    accept(fd);
    let _ = waiting.end();
}

fn listen_without_bind() {
    let fd = tcp();
    let _ = listen(fd, 8);
    let port = own_port(fd);
    assert_ne!(port, 0);
    let _ = connect(tcp(), &format!("10.1.0.1:{port}"));
}

fn close_with_unread() {
    let (fd, peer) = pair(AT);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = close(fd);
    until_state(peer, CLOSED);
    let _ = recv(peer, 1);
}

/// What waits to be sent arrives after close(), and then the end.
fn close_with_unsent() {
    let (fd, peer) = pair(AT);
    let _ = send(nonblocking(fd), MUCH);
    let _ = close(fd);
    assert!(read_to_the_end(peer) > 0);
    let _ = recv(peer, 1);
}

fn close_of_a_listener() {
    let (listener, waiting, accepted) = (listener(AT, 8), tcp(), tcp());
    let _ = connect(accepted, AT);
    let fd = accept(listener);
    let _ = connect(waiting, AT);
    let _ = close(listener);
    until_state(waiting, CLOSED);
    let _ = recv(waiting, 1);
    let _ = connect(tcp(), AT);
    let _ = send(accepted, 5);
    until_readable(fd, 5);
    let _ = recv(fd, 5);
}

fn close_while_connecting() {
    let fd = tcp();
    let _ = Blocked::connect(fd, SILENT).interrupt();
    let _ = close(fd);
}

fn accepted_after_reset() {
    let (listener, client) = (listener(AT, 8), tcp());
    let _ = connect(client, AT);
    // close() resets the connection.
    set_linger(client, 0);
    let _ = close(client);
    let fd = accept(listener);
    until_state(fd, CLOSED);
    let _ = recv(fd, 1);
}

fn half_close() {
    let (fd, peer) = pair(AT);
    let _ = shutdown(fd, SHUT_WR);
    let _ = shutdown(fd, SHUT_WR);
    until_state(fd, FIN_WAIT2);
    let _ = send(fd, 1);
    let _ = recv(peer, 9);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = recv(fd, 9);
    let _ = Blocked::recv(fd, 9).interrupt();
}

fn reading_ended() {
    let (fd, peer) = pair(AT);
    let _ = shutdown(fd, SHUT_RD);
    let _ = recv(fd, 9);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = recv(fd, 9);
    let _ = recv(fd, 9);
    let _ = send(fd, 5);
}

fn over() {
    let (fd, peer) = pair(AT);
    let _ = close(peer);
    until_state(fd, CLOSE_WAIT);
    let _ = shutdown(fd, SHUT_WR);
    until_state(fd, CLOSED);
    let _ = recv(fd, 1);
    let _ = send(fd, 1);
    let _ = shutdown(fd, SHUT_WR);
    let _ = connect(fd, AT);
    let _ = listen(fd, 1);
    accept(fd);
    let _ = close(fd);
}

/// Every call on a number.
fn every_call(fd: i32) {
    let _ = bind(fd, AT);
    let _ = listen(fd, 1);
    accept(fd);
    let _ = connect(fd, AT);
    let _ = send(fd, 1);
    let _ = recv(fd, 1);
    let _ = shutdown(fd, SHUT_WR);
    let _ = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

fn bad_descriptor() {
    let fd = tcp();
    let _ = close(fd);
    every_call(fd);
    let _ = fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
    let _ = close(fd);
}

fn no_socket() {
    use std::os::fd::AsRawFd;
    let file = std::fs::File::open("/dev/null").unwrap();
    every_call(file.as_raw_fd());
}

fn sockets() {
    let _ = socket_of(libc::AF_INET, libc::SOCK_STREAM, 0);
    let _ = socket_of(libc::AF_INET6, libc::SOCK_DGRAM, 0);
}

fn no_connections() {
    let fd = udp();
    let _ = listen(fd, 1);
    accept(fd);
    let _ = send(fd, 1);
    let _ = connect(fd, AT);
    let _ = send(fd, 100_000);
}

fn options() {
    let fd = tcp();
    let _ = setsockopt(fd, IPPROTO_TCP, 9999, 1);
    let _ = setsockopt(fd, IPPROTO_TCP, libc::TCP_KEEPIDLE, 0);
    let _ = setsockopt(fd, SOL_SOCKET, libc::SO_KEEPALIVE, 1);
    let _ = fcntl(fd, 9999, 0);
}

/// Values that are no ints, and requests that some sockets haven't got.
fn values_and_requests() {
    const SIOCATMARK: libc::c_ulong = 0x8905;
    const SIOCOUTQNSD: libc::c_ulong = 0x894b;
    let time = |seconds: i64, microseconds: i64| [seconds.to_ne_bytes(), microseconds.to_ne_bytes()].concat();
    let fd = tcp();
    let _ = set_bytes(fd, IPPROTO_TCP, libc::TCP_CONGESTION, b"nonsense");
    let _ = set_bytes(fd, SOL_SOCKET, libc::SO_RCVTIMEO, &time(0, 1_000_000));
    let _ = set_bytes(fd, SOL_SOCKET, libc::SO_RCVTIMEO, &time(1, 500_000));
    let _ = ioctl(fd, libc::FIONREAD as _);
    let _ = listen(fd, 1);
    let _ = ioctl(fd, libc::FIONREAD as _);
    let udp = udp();
    let _ = ioctl(udp, SIOCATMARK);
    let _ = ioctl(udp, SIOCOUTQNSD);
}

fn bad_arguments() {
    let (fd, _peer) = pair(AT);
    let _ = shutdown(fd, 7);
    let _ = bind_nowhere(tcp());
    socket_of(99, libc::SOCK_STREAM, 0);
    socket_of(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_UDP);
}

fn stream() {
    let (fd, peer) = pair(AT);
    let _ = send(peer, 3);
    let _ = send(peer, 4);
    until_readable(fd, 7);
    let _ = recv(fd, 2);
    let _ = recv(fd, 9);
}

fn blocking_while_connecting() {
    let fd = tcp();
    let _ = Blocked::connect(fd, SILENT).interrupt();
    let _ = Blocked::send(fd, 1).interrupt();
    let _ = Blocked::recv(fd, 1).interrupt();
}

fn shutdown_of_a_waiting_connection() {
    let (listener, client) = (listener(AT, 8), tcp());
    let _ = connect(client, AT);
    let _ = shutdown(listener, SHUT_RD);
    until_state(client, CLOSED);
    let _ = recv(client, 1);
}

fn shutdown_while_connecting() {
    let _listener = listener(AT, 8);
    let fd = nonblocking(tcp());
    let _ = connect(fd, SILENT);
    let _ = shutdown(fd, SHUT_WR);
    let _ = connect(fd, AT);
    until_state(fd, ESTABLISHED);
    let _ = send(fd, 5);
}

/// close() that waits, by SO_LINGER, for an acknowledgement which doesn't come.
fn interrupted_close() {
    let fd = cut_off();
    set_linger(fd, 3600);
    let _ = send(fd, 5);
    let _ = Blocked::close(fd).interrupt();
    let _ = close(fd);
}

fn interface_down() {
    let _listener = listener(AT, 8);
    network::bring_down().unwrap();
    let _ = Blocked::connect(tcp(), AT).interrupt();
}

/// A well-known surprise: nobody listens, and the socket's own SYN opens the connection.
fn self_connect() {
    let fd = tcp();
    bind(fd, "127.0.0.1:9000").unwrap();
    let _ = connect(fd, "127.0.0.1:9000");
    let _ = send(fd, 2);
    until_readable(fd, 2);
    let _ = recv(fd, 9);
    let _ = shutdown(fd, SHUT_WR);
    until_state(fd, CLOSED);
    let _ = recv(fd, 9);
}

fn self_connect_waits() {
    let fd = tcp();
    bind(fd, "127.0.0.1:9000").unwrap();
    network::bring_down().unwrap();
    let _ = Blocked::connect(fd, "127.0.0.1:9000").interrupt();
}

/// Listener and both ends of a connection to it, without SO_REUSEADDR anywhere.
fn without_reuse() -> (i32, i32, i32) {
    let (fd, client) = (tcp(), tcp());
    quiet_bind(fd, AT);
    quiet_listen(fd, 8);
    quiet_connect(client, AT);
    let server = quiet_accept(fd);
    (fd, client, server)
}

fn reuse_here_only() {
    let (listener, client, server) = without_reuse();
    for fd in [listener, server] {
        quiet_close(fd).unwrap();
    }
    until_state(client, CLOSE_WAIT);
    quiet_close(client).unwrap();
    let fd = tcp();
    let _ = bind(fd, AT);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = bind(fd, AT);
}

fn port_of_a_connection() {
    let (listener, _client, _server) = without_reuse();
    quiet_close(listener).unwrap();
    let fd = tcp();
    let _ = bind(fd, AT);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = bind(fd, AT);
    // Another address of the machine is another one.
    let _ = bind(fd, "127.0.0.2:8000");
}

fn listen_again() {
    let (fd, _client, _server) = without_reuse();
    let _ = shutdown(fd, SHUT_RD);
    let _ = listen(fd, 8);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = listen(fd, 8);
}

fn listen_beside_time_wait() {
    let (fd, client, server) = without_reuse();
    let _ = shutdown(fd, SHUT_RD);
    quiet_close(server).unwrap();
    until_state(client, CLOSE_WAIT);
    quiet_close(client).unwrap();
    let _ = listen(fd, 8);
}

fn port_of_a_listener() {
    let _listener = listener(AT, 8);
    let fd = tcp();
    let _ = bind(fd, AT);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    let _ = bind(fd, AT);
}

fn linger_zero() {
    let (fd, peer) = pair(AT);
    set_linger(fd, 0);
    let _ = close(fd);
    until_state(peer, CLOSED);
    let _ = recv(peer, 1);
}

fn lingered_close() {
    let (fd, peer) = pair(AT);
    set_linger(fd, 3600);
    let _ = send(fd, 5);
    let _ = close(fd);
    let _ = recv(peer, 9);
}

fn accepted_after_fin() {
    let (listener, client) = (listener(AT, 8), tcp());
    let _ = connect(client, AT);
    let _ = close(client);
    let fd = accept(listener);
    until_state(fd, CLOSE_WAIT);
    let _ = recv(fd, 1);
}

fn reading_ended_early() {
    let (listener, fd) = (listener(AT, 8), tcp());
    let _ = shutdown(fd, SHUT_RD);
    let _ = connect(fd, AT);
    let _ = recv(fd, 9);
    let peer = accept(listener);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = recv(fd, 9);
}

/// What was ended in the listener before it listened is ended in each of its connections.
fn sending_ended_in_the_listener() {
    let (fd, client) = (tcp(), tcp());
    let _ = shutdown(fd, SHUT_WR);
    quiet_bind(fd, AT);
    quiet_listen(fd, 8);
    let _ = connect(client, AT);
    let accepted = accept(fd);
    let _ = send(accepted, 1);
}

fn nothing_asked() {
    let (fd, peer) = pair(AT);
    let _ = send(peer, 5);
    until_readable(fd, 5);
    let _ = recv(fd, 0);
    let _ = recv(fd, 9);
    let _ = send(peer, 0);
}

fn backlogs() {
    let fd = tcp();
    quiet_bind(fd, AT);
    let _ = listen(fd, -1);
    let _ = connect(tcp(), AT);
}

/// The connection is made, and isn't handed out until data comes.
fn deferred() {
    let (fd, client) = (listener(AT, 8), tcp());
    set(fd, IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 100);
    let _ = connect(client, AT);
    let waiting = Blocked::accept(fd);
    let _ = send(client, 1);
    let _ = waiting.end();
}

fn shutdown_both() {
    let (fd, peer) = pair(AT);
    let _ = shutdown(fd, SHUT_RDWR);
    let _ = recv(fd, 1);
    let _ = send(fd, 1);
    until_state(peer, CLOSE_WAIT);
    let _ = shutdown(peer, SHUT_RDWR);
    let _ = recv(peer, 1);
}

/// Both have sent a SYN; the other's is written by hand.
fn in_syn_recv() -> i32 {
    let fd = nonblocking(tcp());
    bind(fd, "10.1.0.1:5000").unwrap();
    let _ = connect(fd, SILENT);
    forge(|tcp| tcp.syn(), 1000);
    until_state(fd, SYN_RECV);
    fd
}

fn simultaneous_open() {
    opened_from_both_sides();
}

/// A socket whose `connect()` met the peer's SYN (simultaneous open), with the first number of its own.
fn opened_from_both_sides() -> (i32, u32) {
    let wire = wire();
    let fd = tcp();
    quiet_bind(fd, "10.1.0.1:5000");
    let waiting = Blocked::connect(fd, SILENT);
    let first = first_number(&wire);
    forge(|tcp| tcp.syn(), 1000);
    until_state(fd, SYN_RECV);
    forge_ack(1001, first.wrapping_add(1));
    let _ = waiting.end();
    (fd, first)
}

fn shutdown_in_syn_recv() {
    // Since Linux 6.9 the FIN waits for the end of the handshake.
    let fd = in_syn_recv();
    let _ = shutdown(fd, SHUT_WR);
}

fn close_in_syn_recv() {
    let (wire, fd) = (wire(), in_syn_recv());
    let _ = close(fd);
    while !next_segment(&wire).fin {}
}

/// What the capturing socket has seen leave or come, as TCP headers of IPv4 packets.
fn wire() -> Socket {
    let every = i32::from((libc::ETH_P_IP as u16).to_be());
    let wire = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(every))).unwrap();
    wire.set_read_timeout(Some(super::super::BOUND)).unwrap();
    wire
}

fn next_segment(wire: &Socket) -> etherparse::TcpHeader {
    use std::io::Read;
    loop {
        let mut packet = [0; 1500];
        let length = { wire }.read(&mut packet).unwrap();
        let parsed = etherparse::PacketHeaders::from_ip_slice(&packet[..length]).unwrap();
        if let Some(etherparse::TransportHeader::Tcp(tcp)) = parsed.transport {
            return tcp;
        }
    }
}

/// The initial sequence number of the SYN that leaves next.
fn first_number(wire: &Socket) -> u32 {
    next_segment(wire).sequence_number
}

fn close_of_one_of_two_listeners() {
    let both = [tcp(), tcp()];
    for fd in both {
        set(fd, SOL_SOCKET, libc::SO_REUSEPORT, 1);
        quiet_bind(fd, AT);
        quiet_listen(fd, 8);
    }
    let _ = close(both[0]);
    let _ = connect(tcp(), AT);
}

/// A RST in FIN_WAIT2, though nothing was unread and SO_LINGER wasn't set.
fn close_with_linger2() {
    let (fd, peer) = pair(AT);
    set(fd, IPPROTO_TCP, libc::TCP_LINGER2, -1);
    let _ = shutdown(fd, SHUT_WR);
    until_state(fd, FIN_WAIT2);
    let _ = close(fd);
    until_state(peer, CLOSED);
    let _ = recv(peer, 1);
    let _ = send(peer, 1);
}
