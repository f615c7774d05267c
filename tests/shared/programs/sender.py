"""Sends so many bytes that nobody could guess, and tells their hash."""

import hashlib
import os
import socket
import sys

data = os.urandom(int(sys.argv[3]))
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.sendall(data)
print("sent", len(data), hashlib.sha256(data).hexdigest(), flush=True)
