"""Customers who are sent through the stations of the model."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.queues import CUSTOMERS, Floats, poisson


@pytest.fixture(params=[1, 2, 3])
def crowd(request: pytest.FixtureRequest) -> tuple[Floats, Floats]:
    """Arrivals at 0.9 a second, and a second's work each, on average."""
    random = np.random.default_rng(request.param)
    return poisson(random, 0.9, CUSTOMERS), random.lognormal(-0.5, 1.0, CUSTOMERS)
