//! The errors and the surprises that `assets/text/errors.toml` explains, provoked by plain socket code on this kernel;
//! and that a walk's trace is enough to tell their reasons apart.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use common::{BOUND, User, plain};
use sockwalk::explain::{
    CallFacts, CallState, Circumstance, Explanations, Likelihood, PortHolder, ShutDirections, Situation, offers,
};
use sockwalk::i18n::Lang;
use sockwalk::lesson::builtin;
use sockwalk::linux::{LinuxWorld, WalkPlace};
use sockwalk::model::{Errno, Event, Side, Trace};
use sockwalk::tcp::State;
use sockwalk::walk::{Phase, Runner, Walk, WalkOptions, World, WorldGone, drive, straight_on};

/// Each scenario of `tests/common/plain/scenarios.rs`, and what its calls come to.
const EXPECTED: &[(&str, &str)] = &[
    (
        "asks",
        "getsockname 0, getpeername ENOTCONN, connect EINPROGRESS, getsockopt 0, getsockopt 0, getsockopt ENOPROTOOPT, \
         connect 0, getsockname 0, getpeername 0",
    ),
    (
        "names",
        "getaddrinfo 0, addresses [::1]:80 127.0.0.1:80, getaddrinfo 0, addresses [::1]:80 127.0.0.9:80, getaddrinfo 0, \
         addresses [::1]:80, getaddrinfo 0, addresses [::ffff:127.0.0.9]:80, getaddrinfo 0, \
         addresses 0.0.0.0:80 [::]:80, getaddrinfo EAI_AGAIN, getaddrinfo EAI_AGAIN, getaddrinfo EAI_NONAME, \
         getaddrinfo EAI_NONAME, getaddrinfo EAI_SERVICE, getaddrinfo EAI_FAMILY, getaddrinfo EAI_ADDRFAMILY, \
         getaddrinfo EAI_BADFLAGS, getaddrinfo EAI_NONAME, getaddrinfo 0, addresses 127.0.0.1:80, \
         getaddrinfo 0, addresses [::1]:8000 127.0.0.1:8000, getaddrinfo 0, addresses 127.0.0.1:57599",
    ),
    (
        "messages",
        "bind 0, bind 0, sendmsg 7, recvmsg 7, from 127.0.0.1:8001, sendmsg 2, recvmsg 1, from 127.0.0.1:8000, \
         sendmsg EDESTADDRREQ, sendmsg EPIPE, sendmsg 2, recvmsg 2, from nobody, sendmsg EISCONN, \
         sendmsg ECONNREFUSED",
    ),
    ("copies", "dup fd, close 0, send 5, recv 5, dup EBADF, close 0, recv 0"),
    ("fork_and_child_closes", "fork child, close 0, send 5, recv 5, close 0, recv 0"),
    ("fork_and_parent_closes", "fork child, close 0, send 5, recv 5, close 0, recv 0"),
    ("fork_and_listener", "fork child, close 0, connect 0, accept EBADF, accept fd, close 0, connect ECONNREFUSED"),
    ("fork_and_shutdown", "fork child, shutdown 0, send EPIPE, recv 0"),
    ("fork_and_nonblocking", "fork child, fcntl 0, recv EAGAIN"),
    ("closed_and_interrupted", "accept blocks, close 0, accept EINTR, accept EBADF"),
    ("datagram_to_another", "connect 0, sendto 2, recv 2, send 1, recv 1, sendto 3, recv EAGAIN"),
    (
        "threads_of_a_listener",
        "accept blocks, accept blocks, connect 0, accept fd, close 0, connect 0, accept fd, connect ECONNREFUSED",
    ),
    ("threads_of_a_connection", "recv blocks, close 0, recv EAGAIN, send 2, recv 2, recv 0"),
    (
        "shutdown_wakes",
        "accept blocks, shutdown 0, accept EINVAL, recv blocks, shutdown 0, recv 0, connect blocks, shutdown 0, \
         connect ECONNRESET, send short, fcntl 0, send blocks, shutdown 0, send EPIPE",
    ),
    (
        "polls",
        "poll 1, revents POLLOUT|POLLHUP, poll 1, revents POLLNVAL, poll 0, revents 0, poll blocks, poll EINTR, \
         poll blocks, connect 0, poll 1, revents POLLIN, accept fd, poll 1, revents 0/POLLOUT, poll blocks, send 5, \
         poll 1, revents POLLIN/0, recv 5, poll blocks, shutdown 0, poll 1, revents POLLIN|POLLRDHUP, shutdown 0, \
         poll 1, revents POLLIN|POLLRDHUP|POLLHUP",
    ),
    (
        "polls_after_reset",
        "poll blocks, close 0, poll 1, revents POLLIN|POLLERR|POLLHUP, recv ECONNRESET, poll 1, \
         revents POLLIN|POLLHUP, send short, poll 0, revents 0",
    ),
    (
        "selects",
        "select 2, revents readfds|writefds, select EBADF, select EINVAL, select 0, revents , select blocks, \
         select EINTR, select blocks, connect 0, select 1, revents readfds, accept fd, select 1, revents /writefds, \
         select 0, revents , select blocks, send 5, select 1, revents readfds/, recv 5, select blocks, close 0, select 1, \
         revents readfds",
    ),
    (
        "epolls",
        "epoll_create1 fd, epoll_wait blocks, epoll_wait EINTR, epoll_ctl 0, epoll_wait 0, revents 0, epoll_wait blocks, \
         send 5, epoll_wait 1, revents EPOLLIN, epoll_wait 1, revents EPOLLIN, epoll_ctl 0, epoll_wait 1, revents EPOLLIN, \
         epoll_wait blocks, send 3, epoll_wait 1, revents EPOLLIN, epoll_wait 0, revents 0, epoll_ctl 0, epoll_wait 1, \
         revents EPOLLIN, epoll_wait 0, revents 0, epoll_ctl 0, shutdown 0, recv 8, epoll_wait 1, \
         revents EPOLLIN|EPOLLOUT, shutdown 0, epoll_wait 1, revents EPOLLIN|EPOLLOUT|EPOLLHUP, \
         epoll_ctl 0, epoll_wait 0, revents 0, close 0",
    ),
    (
        "epoll_errors",
        "epoll_create1 fd, epoll_ctl ENOENT, epoll_ctl 0, epoll_ctl EEXIST, epoll_wait 1, revents EPOLLHUP, \
         epoll_ctl EINVAL, epoll_wait EINVAL, epoll_wait EINVAL, send ENOTSOCK, epoll_ctl EPERM, dup fd, close 0, epoll_wait 1, \
         revents EPOLLHUP, close 0, epoll_wait 0, revents 0, epoll_ctl EBADF",
    ),
    (
        "transfers",
        "write 5, read 5, sendmsg 7, recvmsg 7, filled abc/defg, recvmsg 6, filled abcd/ef, recvmsg 1, filled g/, \
         recvmsg EAGAIN, filled /, sendmsg 2, read 2, close 0, read ECONNRESET, write EPIPE",
    ),
    ("refused", "connect ECONNREFUSED, connect ECONNREFUSED, send EPIPE, recv ENOTCONN, shutdown ENOTCONN"),
    (
        "refused_told_to_send",
        "connect EINPROGRESS, send ECONNREFUSED, send EPIPE, connect ECONNABORTED, connect EINPROGRESS",
    ),
    ("refused_told_to_recv", "connect EINPROGRESS, recv ECONNREFUSED, recv 0"),
    ("refused_told_by_so_error", "connect EINPROGRESS, connect ECONNABORTED"),
    (
        "connecting",
        "connect EINPROGRESS, connect EALREADY, send EAGAIN, recv EAGAIN, bind EINVAL, listen EINVAL, accept EINVAL, \
         shutdown 0, connect EINPROGRESS, close 0",
    ),
    ("connected", "connect EISCONN, bind EINVAL, listen EINVAL, accept EINVAL"),
    (
        "listening",
        "connect EISCONN, bind EINVAL, send EPIPE, recv ENOTCONN, listen 0, shutdown 0, connect 0, shutdown 0, \
         accept EINVAL, connect ECONNREFUSED, listen 0, connect 0",
    ),
    ("fresh", "accept EINVAL, send EPIPE, recv ENOTCONN, shutdown ENOTCONN, close 0"),
    ("shutdown_before_connect", "shutdown ENOTCONN, connect 0, send EPIPE"),
    ("unreachable", "connect ENETUNREACH, connect EHOSTUNREACH, connect EINVAL, connect EACCES"),
    ("families", "bind EAFNOSUPPORT, bind EINVAL, connect EAFNOSUPPORT, connect EINVAL"),
    ("port_zero", "bind 0, connect ECONNREFUSED, sendto EINVAL, connect 0"),
    ("bind_errors", "bind 0, bind EINVAL, bind EADDRINUSE, bind EADDRNOTAVAIL, listen 0, bind EINVAL"),
    ("time_wait", "bind EADDRINUSE, bind 0"),
    ("reserved_port", "bind 0, bind EACCES, bind 0"),
    (
        "no_port_left",
        "connect 0, connect EADDRNOTAVAIL, bind EADDRINUSE, listen EADDRINUSE, bind 0, bind 0, connect 0, \
         connect EADDRNOTAVAIL",
    ),
    ("two_listeners", "bind 0, bind 0, listen 0, listen EADDRINUSE"),
    ("connect_times_out", "connect blocks, connect ETIMEDOUT"),
    ("recv_times_out", "send 5, recv blocks, recv ETIMEDOUT, recv 0"),
    ("send_times_out", "send 5, send ETIMEDOUT, send EPIPE, recv 0"),
    (
        "interrupted",
        "accept blocks, accept EINTR, recv blocks, recv EINTR, connect blocks, connect EINTR, connect blocks, \
         connect EINTR, connect EALREADY",
    ),
    ("interrupted_send", "send blocks, send short, send blocks, send EINTR"),
    ("nonblocking_errors", "accept EAGAIN, recv EAGAIN, send short, send EAGAIN"),
    ("no_descriptor", "connect 0, socket EMFILE, accept EMFILE, close 0, accept fd"),
    ("reset_told_to_recv", "send 5, close 0, shutdown ENOTCONN, recv ECONNRESET, recv 0, send EPIPE"),
    ("reset_told_to_send", "send 5, close 0, send ECONNRESET, send EPIPE, recv 0, connect EISCONN, listen EINVAL"),
    ("reset_after_fin", "close 0, send 1, recv 0, send EPIPE"),
    ("wrong_lengths", "bind EINVAL, connect EINVAL, sendto EINVAL, connect 0, accept EFAULT, send 1, recv EFAULT"),
    ("listens_elsewhere", "bind EADDRINUSE, listen 0"),
    ("empty_datagram", "bind 0, sendto 0, recv 0, sendto 0, recvfrom 0"),
    ("datagrams_end", "connect 0, shutdown 0, close 0"),
    ("below_zero", "accept EBADF, close EBADF"),
    ("reset_in_syn_recv", "bind 0, connect blocks, connect ECONNRESET"),
    ("end_of_stream", "send 5, close 0, recv 5, recv 0, recv 0, send 3"),
    ("send_before_accept", "connect 0, send 5, accept fd, recv 5"),
    ("queue_full", "connect 0, connect blocks, accept fd, connect 0"),
    ("listen_without_bind", "listen 0, connect 0"),
    ("close_with_unread", "send 5, close 0, recv ECONNRESET"),
    ("close_with_unsent", "send short, close 0, recv 0"),
    (
        "close_of_a_listener",
        "connect 0, accept fd, connect 0, close 0, recv ECONNRESET, connect ECONNREFUSED, send 5, recv 5",
    ),
    ("close_while_connecting", "connect blocks, connect EINTR, close 0"),
    // Other systems give ECONNABORTED to accept() here.
    ("accepted_after_reset", "connect 0, close 0, accept fd, recv ECONNRESET"),
    ("half_close", "shutdown 0, shutdown 0, send EPIPE, recv 0, send 5, recv 5, recv blocks, recv EINTR"),
    ("reading_ended", "shutdown 0, recv 0, send 5, recv 5, recv 0, send 5"),
    (
        "over",
        "close 0, shutdown 0, recv 0, send EPIPE, shutdown ENOTCONN, connect EISCONN, listen EINVAL, accept EINVAL, \
         close 0",
    ),
    (
        "bad_descriptor",
        "close 0, bind EBADF, listen EBADF, accept EBADF, connect EBADF, send EBADF, recv EBADF, shutdown EBADF, \
         setsockopt EBADF, fcntl EBADF, close EBADF",
    ),
    (
        "no_socket",
        "bind ENOTSOCK, listen ENOTSOCK, accept ENOTSOCK, connect ENOTSOCK, send ENOTSOCK, recv ENOTSOCK, \
         shutdown ENOTSOCK, setsockopt ENOTSOCK",
    ),
    ("no_connections", "listen EOPNOTSUPP, accept EOPNOTSUPP, send EDESTADDRREQ, connect 0, send EMSGSIZE"),
    ("options", "setsockopt ENOPROTOOPT, setsockopt EINVAL, setsockopt 0, fcntl EINVAL"),
    (
        "values_and_requests",
        "setsockopt ENOENT, setsockopt EDOM, setsockopt 0, ioctl 0, listen 0, ioctl EINVAL, ioctl ENOTTY, ioctl ENOTTY",
    ),
    ("bad_arguments", "shutdown EINVAL, bind EFAULT, socket EAFNOSUPPORT, socket EPROTONOSUPPORT"),
    ("stream", "send 3, send 4, recv 2, recv 5"),
    ("blocking_while_connecting", "connect blocks, connect EINTR, send blocks, send EINTR, recv blocks, recv EINTR"),
    ("shutdown_of_a_waiting_connection", "connect 0, shutdown 0, recv ECONNRESET"),
    ("shutdown_while_connecting", "connect EINPROGRESS, shutdown 0, connect EINPROGRESS, send 5"),
    // 0 though the waiting was interrupted; the descriptor is gone.
    ("interrupted_close", "send 5, close blocks, close 0, close EBADF"),
    ("interface_down", "connect blocks, connect EINTR"),
    (
        "datagrams",
        "bind 0, bind EINVAL, listen EOPNOTSUPP, accept EOPNOTSUPP, send EDESTADDRREQ, recv blocks, recv EINTR, \
         recvfrom blocks, recvfrom EINTR, sendto 3, recvfrom 3",
    ),
    (
        "datagrams_to_nobody",
        "connect 0, bind EINVAL, listen EOPNOTSUPP, accept EOPNOTSUPP, send 1, send ECONNREFUSED, send 1, \
         recv ECONNREFUSED, send 1, sendto ECONNREFUSED, send 1, recvfrom ECONNREFUSED",
    ),
    (
        "refused_in_the_background_untold",
        "connect EINPROGRESS, connect ECONNREFUSED, connect EINPROGRESS, shutdown ENOTCONN, listen EINVAL, accept EINVAL",
    ),
    ("self_connect", "bind 0, connect 0, send 2, recv 2, shutdown 0, recv 0"),
    ("self_connect_waits", "bind 0, connect blocks, connect EINTR"),
    ("reuse_here_only", "bind EADDRINUSE, bind EADDRINUSE"),
    ("port_of_a_connection", "bind EADDRINUSE, bind EADDRINUSE, bind 0"),
    ("listen_again", "shutdown 0, listen EADDRINUSE, listen EADDRINUSE"),
    ("listen_beside_time_wait", "shutdown 0, listen EADDRINUSE"),
    ("port_of_a_listener", "bind EADDRINUSE, bind EADDRINUSE"),
    ("linger_zero", "close 0, recv ECONNRESET"),
    ("lingered_close", "send 5, close 0, recv 5"),
    ("accepted_after_fin", "connect 0, close 0, accept fd, recv 0"),
    ("reading_ended_early", "shutdown ENOTCONN, connect 0, recv 0, accept fd, send 5, recv 5"),
    ("sending_ended_in_the_listener", "shutdown ENOTCONN, connect 0, accept fd, send EPIPE"),
    ("nothing_asked", "send 5, recv 0, recv 5, send 0"),
    ("backlogs", "listen 0, connect 0"),
    ("deferred", "connect 0, accept blocks, send 1, accept fd"),
    ("shutdown_both", "shutdown 0, recv 0, send EPIPE, shutdown 0, recv 0"),
    ("simultaneous_open", "connect blocks, connect 0"),
    ("shutdown_in_syn_recv", "bind 0, connect EINPROGRESS, shutdown 0"),
    ("close_in_syn_recv", "bind 0, connect EINPROGRESS, close 0"),
    ("close_of_one_of_two_listeners", "close 0, connect 0"),
    ("close_with_linger2", "shutdown 0, close 0, recv 0, send EPIPE"),
    (
        "flags",
        "recv EAGAIN, recv EINVAL, send 3, recv 1, recv EINVAL, recv 2, send 2, recv 2, recv 2, recv blocks, send 3, \
         send 1, recv 4, send 1, shutdown 0, recv 1",
    ),
    ("two_connects", "connect blocks, connect blocks, shutdown 0, connect ECONNRESET, connect EPIPE"),
    ("sockets", "socket fd, socket fd"),
    ("dissolved", "connect 0, recv ECONNRESET, connect 0"),
    ("datagrams_dissolved", "connect 0, connect 0, send EDESTADDRREQ"),
    ("fast_open", "sendto 3, sendto EISCONN, sendto blocks, sendto EINTR, sendto EINPROGRESS, sendto EOPNOTSUPP"),
    ("urgent_is_announced", "connect blocks, connect 0, recv EAGAIN"),
    ("limits", "accept EAGAIN, connect EINPROGRESS, recv EAGAIN, send 3, recv 3, send short"),
    (
        "over_in_the_background",
        "connect EINPROGRESS, connect ECONNRESET, connect EINPROGRESS, recv ECONNRESET, connect ECONNABORTED, \
         connect EINPROGRESS, send 1, connect EPIPE",
    ),
    ("timed_out_in_the_background", "connect EINPROGRESS, send 5, connect ETIMEDOUT"),
    ("corked", "setsockopt 0, send 2, recv EAGAIN, setsockopt 0, recv 2, recv blocks, send 4, recv 4"),
    ("ended_again", "shutdown 0, shutdown 0, close 0, recv 0, shutdown 0, close 0"),
    ("closed_after_the_fin", "send 5, shutdown 0, close 0, recv 0, shutdown 0, close 0"),
    ("in_repair", "setsockopt 0, recv EPERM, close 0, recv EAGAIN"),
    ("fast_open_off", "setsockopt EOPNOTSUPP"),
    (
        "fast_open_early",
        "setsockopt 0, sendto 3, accept fd, setsockopt 0, connect 0, connect blocks, connect EINTR, connect EISCONN, \
         setsockopt 0, connect 0, send ECONNREFUSED",
    ),
    ("select_beyond_the_table", "select EBADF, select 0, revents readfds"),
    ("dissolved_quietly", "connect EINPROGRESS, connect 0, connect 0, connect ECONNREFUSED"),
    ("urgent_datagram", "connect 0, send EOPNOTSUPP, sendto 2, recv 2"),
    ("executes_nothing", "execve ENOENT"),
    ("without_family", "bind EAFNOSUPPORT"),
];

/// What can't be provoked here, and why: `call errno`, or the errno alone for the entry of every call.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("accept ECONNABORTED", "Linux hands the connection out (accepted_after_reset)"),
    ("connect EADDRINUSE", "Linux says EADDRNOTAVAIL (no_port_left)"),
    ("connect ENOPROTOOPT", "only ICMP tells it (the lesson icmp-errors)"),
    ("connect EPROTO", "only ICMPv6 tells it (the lesson icmp-errors-ipv6)"),
    ("send ENOTCONN", "Linux says EPIPE (fresh)"),
    ("close EINTR", "Linux returns 0 also where a signal ends the waiting of SO_LINGER (interrupted_close)"),
    ("getaddrinfo EAI_NODATA", "only a name server tells it"),
    ("getaddrinfo EAI_FAIL", "only a name server tells it"),
    ("getaddrinfo EAI_SYSTEM", "libc itself would have to lack a descriptor or memory"),
    ("ENFILE", "the limit is the whole machine's"),
    ("ENOBUFS", "the machine's memory would have to be used up"),
    ("ENOMEM", "the machine's memory would have to be used up"),
    ("ENETDOWN", "where the loopback is down, a SYN is lost without an error (interface_down)"),
    ("EPROTO", "no TCP call of this kernel gives it"),
];

/// For each text that is for one circumstance only: the line of the scenario in which this is the case.
const CIRCUMSTANCES: &[(&str, &str, &str)] = &[
    ("nothing-ready", "polls", "poll 0"),
    ("shut-meanwhile", "shutdown_wakes", "accept EINVAL"),
    ("shut-meanwhile", "shutdown_wakes", "recv 0"),
    ("shut-meanwhile", "shutdown_wakes", "connect ECONNRESET"),
    ("shut-meanwhile", "shutdown_wakes", "send EPIPE"),
    ("shut-meanwhile", "two_connects", "connect EPIPE"),
    ("connecting", "two_connects", "connect blocks"),
    ("nothing-ready", "selects", "select 0"),
    ("nothing-ready", "epolls", "epoll_wait 0"),
    ("no-room", "epoll_errors", "epoll_wait EINVAL"),
    ("epoll-instance", "epolls", "close 0"),
    ("time-wait", "time_wait", "bind EADDRINUSE"),
    ("listening", "port_of_a_listener", "bind EADDRINUSE"),
    ("bound", "bind_errors", "bind EADDRINUSE"),
    ("connected", "port_of_a_connection", "bind EADDRINUSE"),
    ("reuse-here-only", "port_of_a_connection", "bind EADDRINUSE"),
    ("reuse-here-only", "reuse_here_only", "bind EADDRINUSE"),
    ("listening", "two_listeners", "listen EADDRINUSE"),
    ("connected", "listen_again", "listen EADDRINUSE"),
    ("reuse-here-only", "listen_again", "listen EADDRINUSE"),
    ("time-wait", "listen_beside_time_wait", "listen EADDRINUSE"),
    ("capped", "backlogs", "listen 0"),
    ("over", "over", "accept EINVAL"),
    ("defers", "deferred", "accept blocks"),
    ("reset", "accepted_after_reset", "accept fd"),
    ("peer-closed", "accepted_after_fin", "accept fd"),
    ("to-itself", "self_connect_waits", "connect blocks"),
    ("simultaneous", "reset_in_syn_recv", "connect blocks"),
    ("to-itself", "self_connect", "connect 0"),
    ("simultaneous", "simultaneous_open", "connect 0"),
    ("shut-early", "shutdown_before_connect", "send EPIPE"),
    ("shut-early", "sending_ended_in_the_listener", "send EPIPE"),
    ("nothing-asked", "nothing_asked", "recv 0"),
    ("nothing-asked", "nothing_asked", "send 0"),
    ("closed-meanwhile", "closed_and_interrupted", "accept EINTR"),
    ("null-host", "names", "getaddrinfo 0"),
    ("numeric-host", "names", "getaddrinfo 0"),
    ("port-too-great", "names", "getaddrinfo 0"),
    ("datagrams", "datagrams", "bind 0"),
    ("both-ended", "over", "recv 0"),
    ("reset-after-fin", "reset_after_fin", "recv 0"),
    ("address-length", "wrong_lengths", "bind EINVAL"),
    ("address-length", "wrong_lengths", "connect EINVAL"),
    ("address-length", "wrong_lengths", "sendto EINVAL"),
    ("address-length", "wrong_lengths", "accept EFAULT"),
    ("address-length", "wrong_lengths", "recv EFAULT"),
    ("bind-failed", "listens_elsewhere", "listen 0"),
    ("empty-datagram", "empty_datagram", "recv 0"),
    ("no-descriptor", "below_zero", "accept EBADF"),
    ("never-connected", "fresh", "close 0"),
    ("connected", "end_of_stream", "close 0"),
    ("over", "over", "close 0"),
    ("shut-early", "reading_ended_early", "recv 0"),
    ("both-ways", "shutdown_both", "shutdown 0"),
    ("last-direction", "over", "shutdown 0"),
    ("to-itself", "self_connect", "shutdown 0"),
    ("simultaneous", "shutdown_in_syn_recv", "shutdown 0"),
    ("no-effect", "listening", "shutdown 0"),
    ("linger-zero", "linger_zero", "close 0"),
    ("reset-sent", "close_with_linger2", "close 0"),
    ("unseen", "close_with_unread", "close 0"),
    ("lingered", "interrupted_close", "close blocks"),
    ("lingered", "lingered_close", "close 0"),
    ("linger-over", "interrupted_close", "close 0"),
    ("no-effect", "close_of_one_of_two_listeners", "close 0"),
    ("simultaneous", "close_in_syn_recv", "close 0"),
    ("no-port", "no_port_left", "bind EADDRINUSE"),
    ("no-port", "port_zero", "bind 0"),
    ("zero-port", "port_zero", "connect ECONNREFUSED"),
    ("zero-port", "port_zero", "connect 0"),
    ("zero-port", "port_zero", "sendto EINVAL"),
    ("other-family", "families", "bind EINVAL"),
    ("other-family", "families", "connect EINVAL"),
    ("no-port", "no_port_left", "listen EADDRINUSE"),
    ("over", "over", "listen EINVAL"),
    ("unbound", "listen_without_bind", "listen 0"),
    ("listening", "listening", "listen 0"),
    ("connected", "connected", "accept EINVAL"),
    ("shut", "listening", "accept EINVAL"),
    ("listening", "listening", "connect EISCONN"),
    ("over", "over", "connect EISCONN"),
    ("queue-full", "queue_full", "connect blocks"),
    ("never-connected", "fresh", "send EPIPE"),
    ("listening", "listening", "send EPIPE"),
    ("shut", "half_close", "send EPIPE"),
    ("reset", "reset_told_to_send", "send EPIPE"),
    ("reset", "reset_after_fin", "send EPIPE"),
    ("over", "send_times_out", "send EPIPE"),
    ("connecting", "connecting", "send EAGAIN"),
    ("connecting", "blocking_while_connecting", "send blocks"),
    ("not-accepted", "send_before_accept", "send 5"),
    ("short", "interrupted_send", "send short"),
    ("peer-closed", "end_of_stream", "send 3"),
    ("listening", "listening", "recv ENOTCONN"),
    ("connecting", "connecting", "recv EAGAIN"),
    ("connecting", "blocking_while_connecting", "recv blocks"),
    ("peer-closed", "end_of_stream", "recv 0"),
    ("shut", "reading_ended", "recv 0"),
    ("reset", "reset_told_to_recv", "recv 0"),
    ("over", "refused_told_to_recv", "recv 0"),
    ("short", "stream", "recv 5"),
    ("dissolves", "dissolved", "connect 0"),
    ("dissolves-datagrams", "datagrams_dissolved", "connect 0"),
    ("attempted", "refused_in_the_background_untold", "listen EINVAL"),
    ("fast-open", "fast_open", "sendto blocks"),
    ("fast-open", "fast_open", "sendto EISCONN"),
    ("fast-open", "fast_open", "sendto EINPROGRESS"),
    ("fast-open", "fast_open", "sendto EOPNOTSUPP"),
    ("out-of-band", "flags", "recv EINVAL"),
    ("out-of-band", "flags", "recv 1"),
    ("out-of-band", "urgent_is_announced", "recv EAGAIN"),
    ("wait-all", "flags", "recv blocks"),
    ("wait-all", "flags", "recv 1"),
    ("over", "over", "shutdown ENOTCONN"),
    ("connected", "half_close", "shutdown 0"),
    ("only-reading", "reading_ended", "shutdown 0"),
    ("listening", "shutdown_of_a_waiting_connection", "shutdown 0"),
    ("connecting", "connecting", "shutdown 0"),
    ("unread", "close_with_unread", "close 0"),
    ("unsent", "close_with_unsent", "close 0"),
    ("listening", "close_of_a_listener", "close 0"),
    ("connecting", "close_while_connecting", "close 0"),
    ("time-over", "limits", "accept EAGAIN"),
    ("time-over", "limits", "connect EINPROGRESS"),
    ("over", "over_in_the_background", "connect ECONNRESET"),
    ("over", "over_in_the_background", "connect ECONNABORTED"),
    ("over", "over_in_the_background", "connect EPIPE"),
    ("over", "timed_out_in_the_background", "connect ETIMEDOUT"),
    ("refused", "refused", "send EPIPE"),
    ("refused", "refused", "recv ENOTCONN"),
    ("repair", "in_repair", "recv EPERM"),
    ("repair", "in_repair", "close 0"),
    // Of a program's call; its own code knows how much it gave.
    ("count-taken", "stream", "send 3"),
    ("corked", "corked", "send 2"),
    ("peek-all", "corked", "recv blocks"),
    ("already-shut", "ended_again", "shutdown 0"),
    ("fin-sent", "ended_again", "close 0"),
    ("time-wait", "ended_again", "close 0"),
    ("unread-after-fin", "closed_after_the_fin", "close 0"),
    ("thrown-away", "closed_after_the_fin", "close 0"),
    ("fast-open", "fast_open_off", "setsockopt EOPNOTSUPP"),
    ("syn-later", "fast_open_early", "connect 0"),
    ("syn-later", "fast_open_early", "connect blocks"),
    ("syn-later", "fast_open_early", "connect EINTR"),
    ("syn-later", "fast_open_early", "connect EISCONN"),
    ("connecting", "fast_open_early", "accept fd"),
    ("connecting", "fast_open_early", "send ECONNREFUSED"),
    ("not-open", "polls", "poll 1"),
    ("beyond-table", "select_beyond_the_table", "select 0"),
    ("dissolves-quietly", "dissolved_quietly", "connect 0"),
    ("listening", "dissolved_quietly", "connect 0"),
    ("executes", "executes_nothing", "execve ENOENT"),
    ("no-family", "without_family", "bind EAFNOSUPPORT"),
    ("datagrams", "datagrams_to_nobody", "send 1"),
    ("datagrams", "datagrams_end", "shutdown 0"),
    ("datagrams", "datagrams_end", "close 0"),
    ("datagrams", "urgent_datagram", "send EOPNOTSUPP"),
    ("datagrams", "datagrams", "listen EOPNOTSUPP"),
    ("datagrams", "datagrams", "accept EOPNOTSUPP"),
    ("datagrams", "datagrams", "send EDESTADDRREQ"),
    ("datagrams", "datagrams", "recv blocks"),
    ("datagrams", "datagrams", "recvfrom blocks"),
    ("datagrams", "datagrams_to_nobody", "connect 0"),
    ("datagrams", "datagrams_to_nobody", "send ECONNREFUSED"),
    ("datagrams", "datagrams_to_nobody", "recv ECONNREFUSED"),
    ("datagrams", "datagrams_to_nobody", "sendto ECONNREFUSED"),
    ("datagrams", "datagrams_to_nobody", "recvfrom ECONNREFUSED"),
];

fn expected() -> BTreeMap<&'static str, Vec<&'static str>> {
    EXPECTED.iter().map(|(name, lines)| (*name, lines.split(", ").collect())).collect()
}

#[test]
fn plain_socket_code_has_a_network_of_its_own() {
    plain::child();
}

#[test]
fn this_kernel_gives_what_is_explained() {
    let expected = expected();
    let scenarios: BTreeSet<&str> = plain::SCENARIOS.iter().map(|(name, _)| *name).collect();
    assert_eq!(expected.keys().copied().collect::<BTreeSet<_>>(), scenarios);
    if !User::Own.has_lab() {
        return;
    }
    let left = Mutex::new(scenarios);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(name) = { left.lock().unwrap().pop_first() } {
                    let came = plain::play(name);
                    if came != expected[name] {
                        wrong.lock().unwrap().push(format!("{name}: {}", came.join(", ")));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// An entry of the asset: its call, its outcome, its circumstance.
type Entry = (Option<String>, String, Option<String>);

fn entries() -> Vec<Entry> {
    let table: toml::Table = toml::from_str(include_str!("../assets/text/errors.toml")).unwrap();
    let text = |entry: &toml::Value, key| entry.get(key).map(|value| value.as_str().unwrap().to_owned());
    let of = |entry: &toml::Value| (text(entry, "call"), text(entry, "outcome").unwrap(), text(entry, "when"));
    table["entry"].as_array().unwrap().iter().map(of).collect()
}

/// Whether a line of a scenario is this outcome.
fn is(line: &str, call: Option<&str>, outcome: &str) -> bool {
    let (name, came) = line.split_once(' ').unwrap();
    let succeeded = ["fd", "child", "short"].contains(&came) || came.parse::<i64>().is_ok();
    call.is_none_or(|call| call == name) && if outcome == "returns" { succeeded } else { came == outcome }
}

#[test]
fn every_explained_outcome_is_provoked_or_it_is_said_why_not() {
    let expected = expected();
    let excused: Vec<&str> = NOT_PROVOKED.iter().map(|(outcome, _)| *outcome).collect();
    let mut used = BTreeSet::new();
    for (call, outcome, when) in entries() {
        let call = call.as_deref();
        // What has become of an outcome later is no outcome: the walks below and those of a free walk provoke it.
        if outcome == "other" || outcome == "since" {
            continue;
        }
        let told = format!("{call:?} {outcome} {when:?}");
        if let Some(when) = when {
            let found: Vec<_> =
                CIRCUMSTANCES.iter().filter(|(known, _, line)| *known == when && is(line, call, &outcome)).collect();
            assert!(!found.is_empty(), "{told} is provoked nowhere");
            for circumstance in found {
                let (_, scenario, line) = circumstance;
                assert!(expected[scenario].contains(line), "{scenario} has no {line}");
                used.insert(circumstance);
            }
            continue;
        }
        let provoked = expected.values().flatten().any(|line| is(line, call, &outcome));
        let name = call.map_or(outcome.clone(), |call| format!("{call} {outcome}"));
        assert_ne!(provoked, excused.contains(&name.as_str()), "{told}: provoked and excused, or neither");
    }
    assert_eq!(used.len(), CIRCUMSTANCES.len(), "a circumstance without a text");
}

#[test]
fn what_the_menu_marks_as_failing_fails_so() {
    let expected = expected();
    let joined = |state| Situation { state, was_connected: true, bound: true, ..Situation::default() };
    let over = || Situation { fin: true, ..joined(State::Closed) };
    let reset = Situation { reset: true, ..joined(State::Closed) };
    let background = Situation { attempted: true, reset: true, ..Situation::default() };
    let held = |by| Situation { port_held_by: Some(by), ..Situation::default() };
    let half = Situation { shut: ShutDirections { read: false, write: true }, ..joined(State::FinWait2) };
    let bound = || Situation { bound: true, ..Situation::default() };
    let cases = [
        (Situation { open: false, ..Situation::default() }, vec!["bad_descriptor"]),
        (Situation::default(), vec!["fresh"]),
        (bound(), vec!["fresh", "bind_errors"]),
        (Situation { state: State::Listen, ..bound() }, vec!["listening"]),
        (Situation { state: State::SynSent, ..bound() }, vec!["connecting"]),
        (joined(State::Established), vec!["connected"]),
        (half, vec!["connected", "half_close"]),
        (over(), vec!["over"]),
        (joined(State::Closed), vec!["over", "recv_times_out", "send_times_out"]),
        (background.clone(), vec!["refused_in_the_background_untold", "refused_told_to_send", "refused_told_to_recv"]),
        (
            Situation { told: true, ..background },
            vec!["refused_in_the_background_untold", "refused_told_to_send", "refused_told_to_recv"],
        ),
        (held(PortHolder::Bound), vec!["fresh", "bind_errors"]),
        (held(PortHolder::Connection), vec!["fresh", "port_of_a_connection"]),
        (held(PortHolder::TimeWait), vec!["fresh", "time_wait"]),
        (Situation { reuse: true, ..held(PortHolder::Listener) }, vec!["fresh", "port_of_a_listener"]),
        (Situation { bound: true, ..held(PortHolder::Connection) }, vec!["fresh", "bind_errors", "listen_again"]),
        (reset.clone(), vec!["over", "reset_told_to_send", "reset_told_to_recv"]),
        (Situation { told: true, ..reset.clone() }, vec!["over", "reset_told_to_send"]),
        (Situation { fin: true, ..reset }, vec!["over", "reset_after_fin"]),
        (Situation { udp: true, ..bound() }, vec!["datagrams"]),
        (Situation { udp: true, ..joined(State::Closed) }, vec!["datagrams_to_nobody"]),
    ];
    for (situation, scenarios) in cases {
        let lines: Vec<&str> = scenarios.iter().flat_map(|name| expected[name].clone()).collect();
        let mut marked = 0;
        let of_side = |side| offers(side, &[(3, situation.clone())], false);
        for offer in Side::BOTH.into_iter().flat_map(of_side) {
            let Likelihood::Fails(Errno(number)) = offer.likely else { continue };
            let line = format!("{} {}", offer.call, Errno(number));
            assert!(lines.contains(&line.as_str()), "{line} in {situation:?}: {lines:?}");
            marked += 1;
        }
        assert!(marked > 2, "{situation:?}");
    }
}

/// Walks through a lesson in the lab.
fn walk(name: &str) -> Trace {
    let lesson = Arc::new(builtin(name).unwrap().unwrap());
    let (sender, inbox) = channel();
    let epoch = Instant::now();
    let sink = move |happened| drop(sender.send(happened));
    let mut world = LinuxWorld::start(WalkPlace::Lab(lesson.lab.clone()), epoch, sink).unwrap();
    let (mode, wire) = (world.mode(), world.wire());
    let options = WalkOptions { mode, wire, patience: BOUND, port: None, timers: false };
    let mut walk = Walk::from(Runner::new(lesson, options));
    let clock = || epoch.elapsed();
    drive(&mut walk, &mut world, (&inbox, &clock), |walk| Ok::<_, WorldGone>(straight_on(walk))).unwrap();
    assert_eq!(*walk.phase(), Phase::Finished);
    walk.trace().clone()
}

/// Each outcome of a walk that has a circumstance, as it was when the call returned: side, call, outcome, circumstance.
fn explained(trace: &Trace) -> Vec<String> {
    let mut lines = Vec::new();
    for (moment, entry) in trace.entries().iter().enumerate() {
        let Event::Returned { caller, outcome } = &entry.event else { continue };
        let view = trace.at(moment + 1);
        let call = view.calls(caller.actor).find(|call| call.changed == moment).unwrap();
        let came = CallState::from(outcome);
        let circumstance = Circumstance::of(call.call, came, &CallFacts::of(&view, &call));
        let explanation = Explanations::load().unwrap().explain(call.call.name(), came, circumstance, Lang::EN);
        if let (Some(circumstance), Some(_)) = (circumstance, explanation) {
            let came = outcome.as_ref().map_or_else(|error| error.to_string(), |got| got.value.to_string());
            lines.push(format!("{} {} {came} {circumstance:?}", caller.actor.side.name(), call.call.name()));
        }
    }
    lines
}

const WALK: &str = "what_a_walk_on_the_kernel_knows_tells_the_reasons_apart";

#[test]
fn what_a_walk_on_the_kernel_knows_tells_the_reasons_apart() {
    if let Some(lesson) = plain::task() {
        explained(&walk(&lesson)).iter().for_each(|line| plain::tell(line));
        return;
    }
    if !User::Own.has_lab() {
        return;
    }
    let wanted = [
        ("refused", "client close 0 NeverConnected, client close 0 NeverConnected"),
        ("reset", "server close 0 Unread, client recv 0 Reset, client close 0 LingerZero, server send EPIPE Reset"),
        (
            "close",
            "client shutdown 0 Connected, server recv 0 PeerClosed, server send 3 PeerClosed, client recv 3 Short, \
             server close 0 Connected",
        ),
        ("simultaneous-close", "server close 0 Listening, client close 0 Connected, server close 0 Connected"),
    ];
    for (lesson, wanted) in wanted {
        assert_eq!(plain::in_network(WALK, lesson).join(", "), wanted, "{lesson}");
    }
}
