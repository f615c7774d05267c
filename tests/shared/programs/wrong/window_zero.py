"""Both ends send all that they have before they read. Right: the server reads first."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after, ended_once

MUCH = bytes(8_000_000)


def read(conn):
    left = len(MUCH)
    while left > 0:
        left -= len(conn.recv(65536))


def client():
    conn = socket.create_connection(ADDRESS)
    conn.sendall(MUCH)
    read(conn)
    conn.close()


def probes():
    """Whether a timer of the kernel's probes a window of zero (`tr` of proc_pid_net(5) is 4)."""
    with open("/proc/self/net/tcp") as table:
        return any(line.split()[5].startswith("04:") for line in table.readlines()[1:])


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
if WRONG:
    ended_once(probes, 3)
    conn.sendall(MUCH)
    read(conn)
else:
    read(conn)
    conn.sendall(MUCH)
conn.close()
ended_after(2)
server.accept()
