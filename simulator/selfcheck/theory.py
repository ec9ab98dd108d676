"""What is known exactly of queues and of strategies. Rates are per second, times are in seconds.

The tests hold each function to figures in print, or to another way of computing the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, sparse

Floats = NDArray[np.float64]


class InClosed(NamedTuple):
    """A closed network: cycles completed a second, and how long one takes without the thinking."""

    per_s: float
    response_s: float


def erlang_b(servers: int, load: float) -> float:
    """The share of customers lost, where those are turned away who find all servers busy (Erlang 1917)."""
    lost = 1.0
    for server in range(1, servers + 1):
        lost = load * lost / (server + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """The share of customers who must wait, where those wait who find all servers busy (Erlang 1917)."""
    lost = erlang_b(servers, load)
    return lost / (1 - load / servers * (1 - lost))


def mean_wait(servers: int, per_s: float, served_per_s: float = 1.0) -> float:
    """M/M/c: the mean time in line."""
    return erlang_c(servers, per_s / served_per_s) / (servers * served_per_s - per_s)


def wait_quantile(share: float, servers: int, per_s: float, served_per_s: float = 1.0) -> float:
    """M/M/c: what the wait of so large a share does not exceed."""
    waiting = erlang_c(servers, per_s / served_per_s)
    return max(0.0, math.log(waiting / (1 - share)) / (servers * served_per_s - per_s))


def stay_quantile(share: float, per_s: float, served_per_s: float = 1.0) -> float:
    """M/M/1: what the time in the system of so large a share does not exceed."""
    return -math.log(1 - share) / (served_per_s - per_s)


def pollaczek_khinchine(per_s: float, service_s: float, cs2: float) -> float:
    """M/G/1: the mean time in line; `cs2` is the squared coefficient of variation of the service."""
    busy = per_s * service_s
    return busy * service_s * (1 + cs2) / (2 * (1 - busy))


def waits_no_longer(wait_s: float, per_s: float, service_s: float) -> float:
    """M/D/1: the share of customers whose wait does not exceed `wait_s` (Erlang 1909)."""
    terms = (
        (-since) ** number / math.factorial(number) * math.exp(since)
        for number in range(int(wait_s / service_s) + 1)
        for since in [per_s * (wait_s - number * service_s)]
    )
    return (1 - per_s * service_s) * math.fsum(terms)


def constant_service_wait_quantile(share: float, per_s: float, service_s: float) -> float:
    """M/D/1: what the wait of so large a share does not exceed."""
    most_s = 2 * stay_quantile(share, per_s, 1 / service_s)
    found = optimize.brentq(lambda wait_s: waits_no_longer(wait_s, per_s, service_s) - share, 0, most_s)
    return float(found)


def mean_square_wait_in_random_order(per_s: float, served_per_s: float = 1.0) -> float:
    """M/M/1, where anyone in line is next: the mean of the squared time in line (Kingman 1962).

    The mean is that of first come, first served; the mean square is 2 / (2 - rho) times as large.
    """
    busy = per_s / served_per_s
    in_order = 2 * busy / (served_per_s - per_s) ** 2
    return in_order * 2 / (2 - busy)


def birth_and_death(births: Floats, deaths: Floats) -> Floats:
    """The share of time in each state 0, 1, .., where `births[k]` leads up from k, `deaths[k]` down to it."""
    ratios = np.concatenate([[1.0], np.cumprod(births / deaths)])
    shares: Floats = ratios / ratios.sum()
    return shares


def with_places(per_s: float, served_per_s: float, places: int) -> tuple[float, float]:
    """M/M/1/K: the share of customers turned away, and the mean number in the system."""
    shares = birth_and_death(np.full(places, per_s), np.full(places, served_per_s))
    return float(shares[-1]), float(shares @ np.arange(places + 1))


def erlang_a(servers: int, per_s: float, served_per_s: float, gives_up_per_s: float) -> tuple[float, float]:
    """M/M/c+M: the share of customers who give up, and the mean number in line (Palm 1946)."""
    states = np.arange(1, servers + 50 + int(20 * per_s / gives_up_per_s))
    in_line = np.maximum(states - servers, 0)
    deaths = np.minimum(states, servers) * served_per_s + in_line * gives_up_per_s
    line = float(birth_and_death(np.full(len(states), per_s), deaths)[1:] @ in_line)
    return gives_up_per_s * line / per_s, line


def giving_up_after(patience_s: float, servers: int, per_s: float, served_per_s: float) -> float:
    """M/M/c+D: the share of customers who give up, all after equally long (Baccelli and Hebuterne 1981).

    In the form of Zeltyn and Mandelbaum (2005): J is the integral over x of exp(lam H(x) - c mu x), where
    H(x) = min(x, patience).
    """
    idle_per_s = servers * served_per_s - per_s
    until = patience_s if idle_per_s == 0 else -math.expm1(-idle_per_s * patience_s) / idle_per_s
    after = math.exp(-idle_per_s * patience_s) / (servers * served_per_s)
    waiting = until + after
    not_waiting, _ = integrate.quad(
        lambda t: math.exp(-t) * (1 + t * served_per_s / per_s) ** (servers - 1), 0, math.inf
    )
    return float((1 - idle_per_s * waiting) / (not_waiting + per_s * waiting))


def mean_value_analysis(services_s: Sequence[float], think_s: float, clients: int) -> InClosed:
    """A closed network of stations with one server each, by exact recursion (Reiser, Lavenberg 1980)."""
    demands = np.asarray(services_s)
    queues = np.zeros(len(demands))
    stays, per_s = demands, 0.0
    for population in range(1, clients + 1):
        stays = demands * (1 + queues)
        per_s = population / (think_s + stays.sum())
        queues = per_s * stays
    return InClosed(float(per_s), float(stays.sum()))


def cobham(per_s: Sequence[float], served_per_s: float = 1.0) -> list[float]:
    """M/M/1 with classes, the first served first, no service broken off: each class's wait (Cobham 1954)."""
    busy = np.concatenate([[0.0], np.cumsum(per_s) / served_per_s])
    rest_s = busy[-1] / served_per_s
    return [float(rest_s / ((1 - before) * (1 - with_it))) for before, with_it in pairwise(busy)]


def last_of_burst(customers: int, servers: int, served_per_s: float) -> tuple[float, float]:
    """How long the last waits of many who come at once: mean and standard deviation (an Erlang variable)."""
    before = customers - servers
    return before / (servers * served_per_s), math.sqrt(before) / (servers * served_per_s)


def mean_number(
    pieces: Sequence[tuple[float, float]], servers: int, served_per_s: float, at_s: float
) -> float:
    """M(t)/M/c from empty: the mean number in the system at a moment, from the equations of Kolmogorov.

    Args:
        pieces: of the rate of arrivals: (customers a second, for so many seconds), in order.
    """
    come = sum(per_s * for_s for per_s, for_s in pieces)
    states = np.arange(int(come + 12 * math.sqrt(come) + 50))
    shares = np.zeros(len(states))
    shares[0] = 1.0
    left_s = at_s
    for per_s, for_s in pieces:
        spent_s = min(for_s, left_s)
        up = np.full(len(states) - 1, per_s)
        down = np.minimum(states[1:], servers) * served_per_s
        stay = -np.append(up, 0.0) - np.append(0.0, down)
        flow = sparse.diags([up, stay, down], [-1, 0, 1], format="csr")
        shares = sparse.linalg.expm_multiply(flow * spent_s, shares)
        left_s -= spent_s
    return float(shares @ states)


def oversold_without_lock(units: int, per_s: float, window_s: float) -> float:
    """`no_lock`: each unit is also sold to all who come while it is being bought."""
    return units * per_s * window_s


def oversold_after_check(per_s: float, window_s: float) -> float:
    """`check_then_decrement`: only the last unit is, whatever the stock."""
    return per_s * window_s


def attempts_for_a_commit(clients: int, *, time_is_fixed: bool) -> float:
    """Of optimists who never rest: N, or for exponential attempts Ramanujan's Q(N), 1 + (1 - 1/N) + .."""
    if time_is_fixed:
        return clients
    return float(np.cumprod(1 - np.arange(clients) / clients).sum())
