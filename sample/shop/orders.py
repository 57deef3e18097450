import asyncpg


async def place_order(pool: asyncpg.Pool, user: str, items: list[int]) -> int:
    conn = await pool.acquire()
    order = await conn.fetchval("INSERT INTO orders (owner) VALUES ($1) RETURNING id", user)
    if not items:
        raise ValueError("an order needs items")
    await conn.executemany("INSERT INTO items VALUES ($1, $2)", [(order, item) for item in items])
    await pool.release(conn)
    return order


async def open_orders(pool: asyncpg.Pool, user: str):
    conn = await pool.acquire()
    return await conn.fetch("SELECT * FROM orders WHERE owner = $1 AND open", user)


async def cancel_order(pool: asyncpg.Pool, order: int) -> None:
    conn = await pool.acquire()
    try:
        await conn.execute("UPDATE orders SET open = false WHERE id = $1", order)
    finally:
        await pool.release(conn)
