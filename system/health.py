"""Is the process alive, and can it serve."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.asyncio import Redis

from system.errors import Unavailable
from system.platform.database import Database
from system.platform.openapi import problems
from system.settings import Settings


class Live(BaseModel):
    """The process answers."""

    status: str


class Ready(Live):
    """The servers behind the process answer too; and how it is set up."""

    strategy: str
    workers: int
    pool_size: int


def router(database: Database, redis: Redis, settings: Settings) -> APIRouter:
    """The routes, bound to the servers they ask."""
    routes = APIRouter(prefix="/health", tags=["health"])

    @routes.get("/live")
    async def live() -> Live:
        """Answers as long as the process does."""
        return Live(status="live")

    @routes.get("/ready", responses=problems(503))
    async def ready(response: Response) -> Ready:
        """Answers 200 when PostgreSQL and Redis do."""
        response.headers["cache-control"] = "no-store"
        async with database.lane() as lane:
            await lane.driver.execute("SELECT 1")
        if not await redis.ping():
            raise Unavailable("Redis does not answer its PING")
        return Ready(
            status="ready",
            strategy=settings.strategy,
            workers=settings.workers,
            pool_size=settings.pool_size,
        )

    return routes
