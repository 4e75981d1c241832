"""A relay on websockets.broadcast, which its documentation recommends: it writes without waiting for anyone."""

import websockets

import peer


async def relay(sender, message):
    websockets.broadcast(peer.members - {sender}, message)


peer.run(relay)
