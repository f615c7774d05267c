"""A server with a descriptor that doesn't block. Wrong: it asks again and again. Right: it waits in select()."""

import select
import socket

from ends import ADDRESS, WRONG, beside, ended_after, ended_once

kept = []


def client():
    kept.append(socket.create_connection(ADDRESS))


server = socket.create_server(ADDRESS)
beside(client)
conn, peer = server.accept()
conn.setblocking(False)
asked = 0
if WRONG:
    ended_once(lambda: asked > 100, 0)
else:
    ended_after(1)
while True:
    if not WRONG:
        select.select([conn], [], [])
    try:
        conn.recv(1024)
    except BlockingIOError:
        asked += 1
