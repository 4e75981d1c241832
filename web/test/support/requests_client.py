"""Listens to a room as a stream and publishes by POST, as one member: in and out are those of client.py."""

import json
import secrets
import sys
import threading

import requests

url = sys.argv[1]
session = {"Recado-Session": secrets.token_urlsafe(32)}
stream = requests.get(url, stream=True, headers={**session, "Accept": "application/x-ndjson"}, timeout=60)
stream.raise_for_status()


def hear():
    for line in stream.iter_lines(chunk_size=1):
        message = json.loads(line) if line else {}
        if message.get("type") == "message":
            print(json.dumps(message["text"]), flush=True)


print("connected", flush=True)
threading.Thread(target=hear, daemon=True).start()
publisher = requests.Session()
publisher.headers = {**session, "Content-Type": "text/plain"}
for line in sys.stdin:
    publisher.post(url, data=json.loads(line).encode(), timeout=60).raise_for_status()
