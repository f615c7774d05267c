"""A listener and its client in one process. Behind each line that makes a call stands which."""

import socket
import sys


def open_listener():
    listener = socket.socket()  # makes: socket
    listener.bind(("127.0.0.1", 0))  # makes: bind
    listener.listen(8)  # makes: listen
    return listener


class Server:
    def wait_for_client(self, listener):
        connection, _ = listener.accept()  # makes: accept4
        return connection


def main():
    listener = open_listener()
    client = socket.create_connection(listener.getsockname())  # makes: socket connect
    connection = Server().wait_for_client(listener)  # calls wait_for_client
    client.sendall(b"hello")  # makes: sendto
    print(connection.recv(8).decode())  # makes: recvfrom
    for end in [connection, client, listener]:
        end.close()  # makes: close
    return 0


sys.exit(main())
