"""Listens and connects to itself in one breath, and waits until it is ended."""

import signal
import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))
with socket.socket() as listener, socket.socket() as client:
    listener.bind(address)
    listener.listen()
    client.setblocking(False)
    client.connect_ex(address)
    print("called", flush=True)
    signal.pause()
