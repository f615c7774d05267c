"""A server whose first client says nothing. Wrong: it serves one client after the other."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after

kept = []


def clients():
    for _ in range(3):
        kept.append(socket.create_connection(ADDRESS))
    ended_after(2)


def serve(conn):
    conn.recv(1024)


server = socket.create_server(ADDRESS, backlog=1)
beside(clients)
while True:
    conn, peer = server.accept()
    kept.append(conn)
    if WRONG:
        serve(conn)
    else:
        beside(serve, conn)
