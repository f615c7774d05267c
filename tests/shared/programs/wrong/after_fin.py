"""A server that answers a client which has closed already. Right: it reads, and finds out."""

import signal
import socket
import threading

from ends import ADDRESS, WRONG, beside

closed = threading.Event()


def client():
    socket.create_connection(ADDRESS).close()
    closed.set()


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
closed.wait()
if WRONG:
    # The kernel puts the FIN behind everything else: once the descriptor is readable, it is there.
    conn.recv(1, socket.MSG_PEEK)
    for _ in range(2):
        try:
            conn.sendall(b"welcome")
        except (BrokenPipeError, ConnectionResetError) as error:
            print(error)
        signal.sigtimedwait([], 0.2)
elif conn.recv(1024):
    conn.sendall(b"welcome")
conn.close()
server.close()
