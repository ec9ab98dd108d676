"""The shop's administration as a load generator needs it: its strategy, its stock, tokens for shoppers."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from scenarios.scenario import Scenario

_WITHIN_S = 120.0  # filling the shop with a million shoppers takes a while
_TOKENS_AT_ONCE = 10_000


class AdminError(Exception):
    """The shop is not there, or refused; the text says what was asked and what came back."""


class Admin:
    """A shop at `url`, administered with `key`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def strategy(self) -> str:
        """The locking strategy of a shop that is ready to take orders.

        Raises:
            AdminError: it is not there, or not ready.
        """
        return str(self._ask("GET", "/health/ready")["strategy"])

    def reset(self, scenario: Scenario, shoppers: int) -> None:
        """Empty the shop, then stock what `scenario` sells and register shoppers 0 up to `shoppers`.

        Raises:
            AdminError: the shop is not there, or refused.
        """
        products = [
            {
                "id": product.id,
                "name": product.name,
                "price_won": product.price_won,
                "limit": product.limit,
                "sizes": [{"size": size.size, "units": size.units} for size in product.sizes],
            }
            for product in scenario.products
        ]
        balance_won = scenario.shoppers.balance_won
        self._ask("POST", "/admin/reset", products=products, shoppers=shoppers, balance_won=balance_won)

    def withdraw(self, product: str, first_shopper: int) -> None:
        """Remove a product and the shoppers from a number on, who bought nothing else, and all that they did.

        Raises:
            AdminError: the shop is not there, or refused.
        """
        self._ask("POST", "/admin/withdraw", product=product, first_shopper=first_shopper)

    def tokens(self, shoppers: int, *, first: int = 0) -> list[str]:
        """The bearer tokens of so many shoppers, the first of them number `first`.

        Raises:
            AdminError: the shop is not there, or refused.
        """
        tokens: list[str] = []
        while len(tokens) < shoppers:
            count = min(_TOKENS_AT_ONCE, shoppers - len(tokens))
            tokens += self._ask("POST", "/admin/tokens", first=first + len(tokens), count=count)["tokens"]
        return tokens

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        headers = {"X-Admin-Key": self._key, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=_WITHIN_S)
        with closing(connection):
            try:
                connection.request(method, path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise AdminError(
                    f"no shop at {self._url} ({error!r}); expected a running system: start one with "
                    "`dropday serve`, or leave out --host"
                ) from error
        if answer.status >= 400:
            hint = "; is --admin-key the system's DROPDAY_ADMIN_KEY?" if answer.status in (401, 403) else ""
            raise AdminError(
                f"{self._url} answered {method} {path} with {answer.status}: {text.decode()}{hint}"
            )
        return json.loads(text) if text else None
