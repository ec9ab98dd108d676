"""Locust as it comes: users that wait for each answer. What `bench` holds the dispatcher against."""

from __future__ import annotations

import itertools
import os

from locust import FastHttpUser, constant, task

_TOKEN = os.environ["BENCH_TOKEN"]
_BODY = {"lines": [{"sku": os.environ["BENCH_SKU"], "quantity": 1}]}
_keys = itertools.count()


class Buyer(FastHttpUser):
    """Orders what is sold out, over and over."""

    wait_time = constant(0)

    @task
    def order(self) -> None:
        """One order under a new key; 409 is the right answer."""
        headers = {"Authorization": f"Bearer {_TOKEN}", "Idempotency-Key": f"closed-{next(_keys)}"}
        with self.client.post("/orders", json=_BODY, headers=headers, catch_response=True) as answer:
            if answer.status_code == 409:
                answer.success()
