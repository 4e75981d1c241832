"""Joins a room: a JSON string a line on stdin is said, what is heard is written the same way to stdout."""

import asyncio
import json
import sys

import websockets


async def hear(socket):
    async for message in socket:
        text = message if isinstance(message, str) else f"binary {len(message)}"
        print(json.dumps(text), flush=True)


async def main(url):
    async with websockets.connect(url) as socket:
        print("connected", flush=True)
        hearing = asyncio.create_task(hear(socket))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await socket.send(json.loads(line))
        hearing.cancel()


asyncio.run(main(sys.argv[1]))
