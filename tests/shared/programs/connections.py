"""One process with both ends of so many connections, which all send at once; tells how much came of how much."""

import os
import selectors
import socket
import sys

address, count, each = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
listener = socket.create_server(address, backlog=count)
selector = selectors.DefaultSelector()
left, sent, came = {}, {}, {}
for number in range(count):
    sender = socket.create_connection(address)
    receiver, _ = listener.accept()
    left[sender] = sent[receiver] = os.urandom(each)
    came[receiver] = []
    for end, event in ((sender, selectors.EVENT_WRITE), (receiver, selectors.EVENT_READ)):
        end.setblocking(False)
        selector.register(end, event)
print("connected", flush=True)
while selector.get_map():
    for key, _ in selector.select():
        end = key.fileobj
        if end in left:
            # As much as the kernel takes, before another end's turn.
            try:
                while left[end]:
                    left[end] = left[end][end.send(left[end]) :]
            except BlockingIOError:
                continue
        elif data := end.recv(1 << 16):
            came[end].append(data)
            continue
        selector.unregister(end)
        end.close()
whole = sum(b"".join(came[end]) == data for end, data in sent.items())
print("whole", whole, "of", count, flush=True)
