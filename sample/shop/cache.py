import redis.asyncio as redis


class SessionCache:
    """Keeps logged-in users. Nothing ever closes its client."""

    def __init__(self, url: str, ttl: int = 3600):
        self.client = redis.from_url(url)
        self.ttl = ttl

    async def load(self, token: str):
        return await self.client.get(f"session:{token}")

    async def store(self, token: str, user: str):
        await self.client.set(f"session:{token}", user, ex=self.ttl)


class ProductCache:
    """The same, with an end to its life."""

    def __init__(self, url: str):
        self.client = redis.from_url(url)

    async def get(self, product_id: int):
        return await self.client.get(f"product:{product_id}")

    async def close(self):
        await self.client.aclose()


async def warm_up(url: str, product_ids: list[int]) -> None:
    cache = ProductCache(url)
    for product_id in product_ids:
        await cache.get(product_id)
