"""Both ends send all that they have before they read. Right: the server reads first."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after

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


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
ended_after(4)
if WRONG:
    conn.sendall(MUCH)
    read(conn)
else:
    read(conn)
    conn.sendall(MUCH)
conn.close()
server.accept()
