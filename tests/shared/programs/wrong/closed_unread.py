"""A server that takes one recv() for one message: it answers and closes with the rest unread. Right: it reads the whole line."""

import socket

from ends import ADDRESS, WRONG, beside


def client():
    with socket.create_connection(ADDRESS) as conn:
        conn.sendall(b"GET / please\n")
        try:
            conn.recv(1024)
            conn.recv(1024)
        except ConnectionResetError as error:
            print(error)


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
said = conn.recv(4)
while not WRONG and not said.endswith(b"\n"):
    said += conn.recv(4)
conn.sendall(b"success")
conn.close()
server.close()
