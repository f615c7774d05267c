"""A server that reads to the end of the data and goes back to accept(). Wrong: it doesn't close the connection."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after


def client():
    with socket.create_connection(ADDRESS) as conn:
        conn.sendall(b"hello")


server = socket.create_server(ADDRESS)
beside(client)
kept = []
while True:
    conn, peer = server.accept()
    while conn.recv(1024):
        pass
    if WRONG:
        kept.append(conn)
    else:
        conn.close()
    ended_after(0.5)
