"""The client to it: sends each word that it reads, and waits for the answer."""

import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM) as connection:
    connection.connect((host, port))
    for word in sys.stdin.read().split():
        connection.sendall(word.encode())
        # Into the buffer that held the word, as in Go: an answer that is longer comes in pieces.
        answer = connection.recv(len(word))
        print("answered:", answer.decode(), flush=True)
