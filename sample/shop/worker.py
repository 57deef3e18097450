import asyncio

import redis.asyncio as redis


async def work(url: str, handle) -> None:
    client = redis.from_url(url)
    try:
        while True:
            try:
                _, job = await client.blpop("jobs")
            except redis.ConnectionError:
                await asyncio.sleep(1)
                client = redis.from_url(url)
                continue
            await handle(job)
    finally:
        await client.aclose()
