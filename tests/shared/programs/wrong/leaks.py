"""A server of several clients. Wrong: it closes none of their connections."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after


def clients():
    for _ in range(4):
        with socket.create_connection(ADDRESS) as conn:
            conn.sendall(b"hello")


server = socket.create_server(ADDRESS)
beside(clients)
kept = []
served = 0
while True:
    conn, peer = server.accept()
    while conn.recv(1024):
        pass
    if WRONG:
        kept.append(conn)
    else:
        conn.close()
    served += 1
    if served == 4:
        ended_after(0.5)
