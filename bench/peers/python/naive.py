"""The relay of the usual tutorial on Python's websockets: a task for each member and message, and waiting for all."""

import asyncio

import peer


async def relay(sender, message):
    sends = [asyncio.create_task(member.send(message)) for member in peer.members if member != sender]
    await asyncio.gather(*sends, return_exceptions=True)


peer.run(relay)
