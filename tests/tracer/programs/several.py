# What programs in Python do: threads that block, a selector, asyncio, datagrams, descriptors that are handed on.
import asyncio, os, selectors, socket, sys, threading


def threads():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100).upper())

    server = threading.Thread(target=serve)
    with socket.create_connection(listener.getsockname()) as client:
        # Only now: accept() takes its number before it waits.
        server.start()
        client.sendall(b"hello")
        print(client.recv(100))
    server.join()
    listener.close()


def selector():
    with selectors.DefaultSelector() as chosen, socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        listener.setblocking(False)
        chosen.register(listener, selectors.EVENT_READ)
        chosen.select()
        server, _ = listener.accept()
        chosen.register(server, selectors.EVENT_READ)
        client.sendall(b"hello")
        chosen.select()
        print(server.recv(100))
        chosen.unregister(server)
        server.close()
        client.close()


async def both():
    async def serve(reader, writer):
        writer.write((await reader.read(100)).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello")
    print(await reader.read(100))
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


def datagrams():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.sendto(b"hello", server.getsockname())
    text, sender = server.recvfrom(100)
    server.sendmsg([text, b" again"], [], 0, sender)
    print(client.recvmsg(100)[0])
    client.close()
    server.close()


def handed():
    near, far = socket.socketpair()
    sent = socket.socket()
    socket.send_fds(near, [b"x"], [sent.fileno()])
    _, fds, _, _ = socket.recv_fds(far, 1, 1)
    sent.close()
    os.close(fds[0])
    near.close()
    far.close()


{"threads": threads, "selector": selector, "asyncio": lambda: asyncio.run(both()), "datagrams": datagrams, "handed": handed}[
    sys.argv[1]
]()
