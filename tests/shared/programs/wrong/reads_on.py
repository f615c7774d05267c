"""A server that prints what it reads. Wrong: its loop has no end."""

import socket

from ends import ADDRESS, WRONG, beside, ended_after


def client():
    with socket.create_connection(ADDRESS) as conn:
        conn.sendall(b"hello")


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
ended = False
while True:
    data = conn.recv(1024)
    if not data and not WRONG:
        break
    if not data and not ended:
        ended = True
        ended_after(1)
conn.close()
ended_after(0.5)
server.accept()
