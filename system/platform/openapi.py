"""Pieces of the OpenAPI document for what FastAPI cannot read off a function's signature."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from system.errors import PROBLEM

BEARER: dict[str, list[str]] = {"bearer": []}
ADMIN: dict[str, list[str]] = {"admin": []}
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "admin": {"type": "apiKey", "in": "header", "name": "X-Admin-Key"},
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for every order, charge or restock; sent again unchanged with every retry of it.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` for refusals with these statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": "A refusal", "content": {PROBLEM: schema}} for status in statuses}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """FastAPI's `openapi_extra` for a JSON body that the route parses by itself."""
    schema = model.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(schema, schema.pop("$defs", {}))}},
        }
    }


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """`node` with every `$ref` replaced by what it points at: OpenAPI has no `$defs` within a body."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)
    return {name: _inlined(value, definitions) for name, value in node.items()}
