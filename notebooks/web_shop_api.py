"""The web shop of web_shop.py as a FastAPI service, with the same six mistakes.

It needs `pip install fastapi uvicorn`. Examine it, in this folder, and end it with Ctrl-C:
redis-pool-tutorial examine uvicorn web_shop_api:app
Meanwhile ask it something, several times: curl -X POST http://127.0.0.1:8000/buy/tea
"""

import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from web_shop import Shop, SoldOut


@asynccontextmanager
async def lifespan(app):
    app.state.shop = Shop(os.environ.get("REDIS_URL", "redis://localhost:6379"))
    yield
    app.state.shop.close()


app = FastAPI(lifespan=lifespan)


@app.get("/price/{item}")
def price(item: str):
    return app.state.shop.price(item)


@app.post("/buy/{item}")
def buy(item: str):
    try:
        return app.state.shop.buy(item)
    except SoldOut:
        raise HTTPException(409, "sold out") from None


@app.post("/visit/{customer}")
def visit(customer: str):
    app.state.shop.visit(customer)


@app.get("/offers")
def offers():
    app.state.shop.offers()


@app.get("/next-order")
def next_order():
    return app.state.shop.next_order()
