"""A server in the way of most textbooks: one thread for each connection, which reads once, answers and closes."""

import socket
import sys
import threading


def serve(connection, address):
    with connection:
        print("connected:", address[0], flush=True)
        data = connection.recv(1024)
        print("received:", data.decode(), flush=True)
        connection.sendall(b"success")


host, port, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
listener = socket.socket(family, socket.SOCK_STREAM)
# As Go's net.Listen() does it.
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((host, port))
listener.listen()
print("listens", flush=True)
for _ in range(connections):
    threading.Thread(target=serve, args=listener.accept()).start()
