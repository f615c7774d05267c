"""A server that prints what it reads. Wrong: its loop has no end."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after, ended_once


def client():
    with socket.create_connection(ADDRESS) as conn:
        conn.sendall(b"hello")


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
ends = 0
if WRONG:
    ended_once(lambda: ends > 10, 0)
while True:
    data = conn.recv(1024)
    if not data and not WRONG:
        break
    ends += not data
conn.close()
ended_after(0.5)
server.accept()
