"""Schemathesis sends what the OpenAPI document allows, and what it forbids: no request may break the shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from harness.servers import Endpoints
from tests.shops import ServedShop, served_shop

Operation = APIOperation[Any, Any, Any, Any]

OPERATIONS = [
    "GET /health/live",
    "GET /health/ready",
    "GET /products",
    "GET /products/{product_id}",
    "POST /orders",
    "GET /orders",
    "GET /orders/queued/{key}",
    "GET /orders/{order_id}",
    "POST /wallet/charges",
    "GET /wallet",
    "GET /wallet/ledger",
    "POST /admin/reset",
    "POST /admin/withdraw",
    "POST /admin/restock",
    "POST /admin/tokens",
]
TAKE_ANYTHING = OPERATIONS[:4]  # there is no wrong way to ask for these
# Not that every valid request succeeds: a SKU may be unknown, and 1.0 is no quantity to us.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
A_CROWD = 1_000  # seeding more shoppers, or issuing more tokens, would only take long


@pytest.fixture(scope="module")
def served(endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with served_shop("conditional_update", endpoints, tmp_path_factory.mktemp("shop") / "log") as shop:
        yield shop


@pytest.fixture
def shop(served: ServedShop) -> ServedShop:
    """Emptied for each test."""
    served.reset()
    return served


def operations(shop: ServedShop) -> Iterator[Operation]:
    schema = schemathesis.openapi.from_url(f"{shop.system.url}/openapi.json")
    return (found.ok() for found in schema.get_all_operations() if isinstance(found, Ok))


def is_small(body: object) -> bool:
    counts = [body.get("shoppers"), body.get("count")] if isinstance(body, dict) else []
    return all(not isinstance(count, int) or count <= A_CROWD for count in counts)


def test_the_document_lists_every_operation(shop: ServedShop) -> None:
    assert [f"{one.method.upper()} {one.path}" for one in operations(shop)] == OPERATIONS


@pytest.mark.parametrize(
    ("name", "mode"),
    [(name, GenerationMode.POSITIVE) for name in OPERATIONS]
    + [(name, GenerationMode.NEGATIVE) for name in OPERATIONS if name not in TAKE_ANYTHING],
)
def test_no_request_that_the_document_allows_or_forbids_breaks_the_shop(
    shop: ServedShop, name: str, mode: GenerationMode
) -> None:
    [operation] = [one for one in operations(shop) if f"{one.method.upper()} {one.path}" == name]
    headers = shop.bearer() | {"x-admin-key": shop.system.admin_key}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Case[Any]) -> None:
        assume(is_small(case.body))
        case.call_and_validate(headers=headers, checks=CHECKS)

    send()
