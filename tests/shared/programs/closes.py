"""Connects so often to itself; each time the connecting end closes first. Ends when its input does, or after a while."""

import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))
left = int(sys.argv[3])
with socket.socket() as listener:
    listener.bind(address)
    listener.listen(128)
    while left > 0:
        count = min(left, 100)
        pairs = [(socket.create_connection(address), listener.accept()[0]) for _ in range(count)]
        for client, _ in pairs:
            client.close()
        for _, server in pairs:
            assert server.recv(1) == b""
            server.close()
        left -= count
print("closed", flush=True)
