"""How functions are compiled: parts of the kernel to LLVM's language and no further, until they are linked.

Numba would make machine code of every function, and with it of all that it calls, over and over: of the few
hundred functions here that takes three times as long as to make it of the kernel alone.
"""

from __future__ import annotations

import fcntl
import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
    _CacheLocator,
)
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder

from simulator.compiled.sources import stamp_of

Function = TypeVar("Function", bound=Callable[..., Any])


class _Part(JITCodeLibrary):
    """The code of one function and of those that it calls, to be linked into the kernel."""

    def _optimize_final_module(self) -> None:
        """The kernel is optimized, and its parts with it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True

    @property
    def codegen(self) -> _Part:
        """Who is told of the function's environment: see below."""
        return self

    def set_env(self, _: str, __: Any) -> None:
        """What Python objects the function needs, which are none."""

    def get_pointer_to_function(self, _: str) -> int:
        """None: nobody can call a part but another."""
        self._ensure_finalized()  # type: ignore[no-untyped-call]
        return 0


class _PartCompiler(CompilerBase):
    def define_pipelines(self) -> list[Any]:
        state = self.state
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)  # type: ignore[no-untyped-call]
        return [DefaultPassBuilder.define_nopython_pipeline(state)]  # type: ignore[no-untyped-call]


def compiled(function: Function) -> Function:
    """Compile a part of the kernel. Nobody calls it but other parts; what is kept on disk is the kernel."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    part = njit(error_model="numpy", pipeline_class=_PartCompiler, **options)
    return cast("Function", part(function))


def kept(function: Function) -> Function:
    """Compile a function that Python calls, and keep it on disk, if there is a place where that can be."""
    dispatcher = njit(function)
    with suppress(RuntimeError):  # there is no place
        dispatcher._cache = _Kept(function)  # type: ignore[no-untyped-call]  # as `cache=True` does with its own
    return cast("Function", dispatcher)


class _ByCode(_CacheLocator):
    """A place for what is kept, and how it is known to be fresh.

    Numba would compile anew after any edit of the function's own file, and look at no other.
    """

    def __init__(self, function: Callable[..., Any], place: _CacheLocator) -> None:
        self._source = Path(inspect.getfile(function))
        self._place = place

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _ByCode | None:
        """In NUMBA_CACHE_DIR, beside the source, or in the user's cache: the first that can be; else None."""
        places = (UserProvidedCacheLocator, InTreeCacheLocator, UserWideCacheLocator)
        found = (one.from_function(function, file) for one in places)  # type: ignore[no-untyped-call]
        place = next(filter(None, found), None)
        return place and cls(function, place)

    def get_cache_path(self) -> str:
        return str(self._place.get_cache_path())  # type: ignore[no-untyped-call]

    def get_source_stamp(self) -> str:
        return stamp_of(self._source)

    def get_disambiguator(self) -> str:
        return "kept"  # a module has one function of a name


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_ByCode]  # noqa: RUF012 - as the base class has it


class _Kept(FunctionCache):
    _impl_class = _Implementation


def compile_kept(function: Any, *arguments: Any) -> None:
    """Compile what is `kept` for arguments of these types. Of processes that begin together, one does.

    The others wait until it is on disk: a test run has several, and the kernel takes half a minute of a core.
    """
    if function.signatures:
        return
    folder = function.stats.cache_path
    if folder is None:  # kept nowhere: to wait would save nothing
        function.compile(arguments)
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    with Path(folder, f"{function.__name__}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        function.compile(arguments)
