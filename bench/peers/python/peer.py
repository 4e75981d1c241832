"""What the Python relays have in common: where they listen and how they say so."""

import asyncio
import signal
import sys

import websockets

members = set()


def run(relay):
    """Serves on the address in the program's only argument; relay(sender, message) passes a message on."""

    async def handle(member):
        members.add(member)
        try:
            async for message in member:
                await relay(member, message)
        except websockets.ConnectionClosed:
            pass
        finally:
            members.remove(member)

    async def serve():
        host, port = sys.argv[1].split(":")
        async with websockets.serve(handle, host, int(port), compression=None) as server:
            print("ws://%s:%d" % server.sockets[0].getsockname(), flush=True)
            await asyncio.Future()  # until a signal ends the process

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve())
