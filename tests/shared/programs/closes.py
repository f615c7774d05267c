"""Connects so often to itself; each time the connecting end closes first."""

import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))
left = int(sys.argv[3])
with socket.socket() as listener:
    listener.bind(address)
    listener.listen(128)
    # One after the other: what a burst keeps waiting is sent again, and an answer to that may end a TIME_WAIT (RFC 1337).
    for _ in range(left):
        client = socket.create_connection(address)
        server = listener.accept()[0]
        client.close()
        assert server.recv(1) == b""
        server.close()
print("closed", flush=True)
