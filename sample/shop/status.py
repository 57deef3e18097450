import os

import asyncpg
from fastapi import FastAPI

DATABASE_URL = os.environ["DATABASE_URL"]

app = FastAPI()


@app.get("/status")
async def status() -> dict[str, int]:
    pool = await asyncpg.create_pool(DATABASE_URL)
    return {"orders": await pool.fetchval("SELECT count(*) FROM orders")}
