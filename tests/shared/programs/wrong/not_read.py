"""A server that waits for a second client before it reads what the first one has sent. Right: it reads first."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after

kept = []


def client():
    conn = socket.create_connection(ADDRESS)
    conn.sendall(b"hello")
    ended_after(2)
    conn.recv(1024)


server = socket.create_server(ADDRESS)
beside(client)
while True:
    conn, peer = server.accept()
    kept.append(conn)
    if not WRONG:
        conn.recv(1024)
