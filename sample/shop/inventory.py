import redis.asyncio as redis

CACHE_URL = "redis://cache:6379/1"


async def reserve(product_id: int, count: int) -> bool:
    client = redis.from_url(CACHE_URL)
    left = await client.decrby(f"stock:{product_id}", count)
    if left < 0:
        await client.incrby(f"stock:{product_id}", count)
        return False
    await client.aclose()
    return True


async def restock(product_id: int, count: int) -> int:
    async with redis.from_url(CACHE_URL) as client:
        return await client.incrby(f"stock:{product_id}", count)
