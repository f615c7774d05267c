"""Sends itself datagrams, to one, to a group and to all, and says which came."""

import socket
import sys

lo = socket.inet_aton("127.0.0.1")
port = int(sys.argv[1])
with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
    receiver.bind(("0.0.0.0", port))
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.1.1.1") + lo)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, lo)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for argument in sys.argv[2:]:
        to, length = argument.split("/")
        sender.sendto(bytes(int(length)), (to, port))
        print("came", to, len(receiver.recv(65536)), flush=True)
