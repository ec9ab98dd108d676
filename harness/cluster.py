"""A Dask cluster by its address, for the runs of the model: other machines, the same records."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from joblib import parallel_config
from rich.console import Console

from harness.errors import UsageError
from simulator.cores import fingerprint, prepare

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE_S = 5.0  # for a scheduler that answers, and for a worker of it


@contextmanager
def spread_over(address: str | None, console: Console) -> Iterator[None]:
    """Within, runs of the model are done by the workers of this cluster; None: by the cores of this machine.

    Each of the workers must have the very same Dropday, so that its records are those of any other machine.

    Raises:
        UsageError: there is no such cluster, or it has no workers, or they have another Dropday.
    """
    if address is None:
        yield
        return
    client = _connected(address)
    try:
        _require_workers(client, address)
        _require_the_same_model(client, address)
        cores = sum(client.ncores().values())
        console.print(f"The model runs on {cores} cores of {address}.", highlight=False, soft_wrap=True)
        client.run(prepare)
        with parallel_config(backend="dask", client=client):
            yield
    finally:
        client.close(timeout=_PATIENCE_S)


def _connected(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        mend = "install it with pip install -e '.[dask]' in Dropday's folder"
        raise UsageError(f"--dask {address}: the package distributed is not here; {mend}") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said once, by us
    try:
        return Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--dask {address}: no scheduler answers there within {_PATIENCE_S:g} s; expected the address of "
            "one that runs (`dask scheduler` prints it), such as tcp://host:8786"
        ) from error


def _require_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_S)
    except TimeoutError:
        raise UsageError(
            f"--dask {address}: the cluster has no workers; start some with "
            f"`dask worker {address} --nworkers auto --nthreads 1`, where Dropday is installed"
        ) from None


def _require_the_same_model(client: Client, address: str) -> None:
    ours = fingerprint()
    try:
        theirs = client.run(fingerprint)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"--dask {address}: its workers have no Dropday ({error}); install this one there"
        ) from error
    others = sorted(worker for worker, found in theirs.items() if found != ours)
    if others:
        raise UsageError(
            f"--dask {address}: {', '.join(others)} would compute with other code, or other versions of "
            "numba, numpy, polars, scipy or simpy; install the same Dropday there, from its lock"
        )
