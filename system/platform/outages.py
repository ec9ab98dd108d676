"""What a client is told when a request fails, or something behind the shop that it can do nothing about."""

from __future__ import annotations

import logging
from http import HTTPStatus

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from system.errors import ShopError, Unavailable, invalid, problem, respond
from system.platform.refusals import is_of_the_data

_log = logging.getLogger(__name__)

_SERVERS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was lost in the middle of a message
    SQLAlchemyError,
    RedisError,
)


def respond_to(error: Exception) -> Response:
    """A refusal as itself; 503 for a server that does not answer; 500 for the rest. Both are logged."""
    if isinstance(error, ShopError):
        return respond(error)
    _log.error("a request failed", exc_info=error)
    if isinstance(error, _SERVERS) and not is_of_the_data(error):
        return respond(Unavailable("a server behind the shop does not answer; ask again with the same key"))
    return problem(500, "internal_error", "Internal error", "the fault is ours, and it is in our log")


def install(app: FastAPI) -> None:
    """Let `app` answer every exception, ours, the framework's or a server's, with problem details."""

    async def handler(_: Request, error: Exception) -> Response:
        return respond_to(error)

    for kind in (ShopError, *_SERVERS, Exception):
        app.add_exception_handler(kind, handler)

    @app.exception_handler(RequestValidationError)
    async def validation_error(_: Request, error: RequestValidationError) -> Response:
        return respond(invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        response = problem(
            error.status_code, phrase.lower().replace(" ", "_"), phrase, str(error.detail or phrase)
        )
        response.headers.update(error.headers or {})
        return response
