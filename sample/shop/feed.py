"""Live pages of the shop."""

import asyncio

import redis
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
SessionLocal = sessionmaker(create_engine("postgresql://localhost/shop"))


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/orders/live")
async def live_orders(db: Session = Depends(get_db)):
    """The session is open for as long as the page is."""
    newest = db.execute(text("SELECT max(id) FROM orders")).scalar()

    async def events():
        while True:
            yield f"data: {newest}\n\n"
            await asyncio.sleep(15)

    return StreamingResponse(events(), media_type="text/event-stream")


@app.get("/stock/live")
def live_stock(product: str):
    """Nobody closes a generator like this one when the page is gone: its `finally` does not run."""

    def events():
        client = redis.Redis()
        try:
            while client.exists(f"stock:{product}"):
                yield f"data: {client.get(f'stock:{product}')}\n\n"
        finally:
            client.close()

    return StreamingResponse(events(), media_type="text/event-stream")
