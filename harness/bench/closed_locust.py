"""Locust as it comes, at its fastest: users that wait for each answer to a GET.

What `bench` holds the dispatcher against. Orders that are sold out would be no fair match: FastHttpUser takes
several times as long for an answer of 409 as for one of 200.
"""

from __future__ import annotations

from locust import FastHttpUser, constant, task


class Reader(FastHttpUser):
    """Asks the emptiest route there is, over and over."""

    wait_time = constant(0)

    @task
    def read(self) -> None:
        """One request."""
        self.client.get("/health/live")
