"""A client that calls itself by bytes which would take over a terminal, and sends such bytes."""

import ctypes
import socket
import sys

PR_SET_NAME = 15
ctypes.CDLL(None).prctl(PR_SET_NAME, b"\x1b]0;owned\x07\xff", 0, 0, 0)
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.sendall(b"\x1b]0;stolen\x07\x1b[2J\xc2\x9b31m\r\n\xff")
    connection.recv(1)
