"""Connects to itself and says so when it is done; its first words tell that it is about to."""

import socket
import sys

address = ("127.0.0.1", int(sys.argv[1]))
with socket.create_server(address) as listener:
    print("connects", flush=True)
    with socket.create_connection(address) as client:
        client.sendall(b"hello")
        print("came", listener.accept()[0].recv(9).decode(), flush=True)
