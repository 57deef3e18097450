import aiohttp


async def exchange_rate(base_url: str, currency: str) -> float:
    session = aiohttp.ClientSession(base_url=base_url)
    try:
        async with session.get(f"/rates/{currency}") as response:
            return (await response.json())["rate"]
    finally:
        session.close()
