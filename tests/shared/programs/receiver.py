"""Accepts one connection, reads it to its end, and tells how much came and its hash."""

import hashlib
import socket
import sys

listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
connection, _ = listener.accept()
digest, count = hashlib.sha256(), 0
with connection:
    while data := connection.recv(1 << 16):
        digest.update(data)
        count += len(data)
print("received", count, digest.hexdigest(), flush=True)
