"""What compiled code was made of: a stamp that changes with the code of a module and of those it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = {"simulator", "scenarios"}  # all that the kernel could be made of, besides installed packages


@cache
def stamp_of(file: Path) -> str:
    """Return a digest of the code in `file` and in all modules of ours that it imports, directly or not.

    Docstrings, comments and layout are left out: to edit them makes no other machine code.
    """
    sources = {file: _code(file)}
    waiting = [file]
    while waiting:
        for imported in _imports(sources[waiting.pop()]):
            if imported not in sources:
                sources[imported] = _code(imported)
                waiting.append(imported)
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(f"{path.relative_to(_ROOT)} {ast.dump(sources[path])}".encode())
    return digest.hexdigest()


@cache
def _code(file: Path) -> ast.Module:
    """The syntax of a file without its docstrings."""
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() if ast.get_docstring(node, clean=False):
                node.body = node.body[1:]
    return tree


def _imports(tree: ast.Module) -> Iterator[Path]:
    """The files of the modules of ours that are imported anywhere in `tree`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names):
                modules = [module, *(f"{module}.{alias.name}" for alias in names)]
            case _:
                continue
        for module in modules:
            if module.partition(".")[0] in _PACKAGES:
                yield from filter(Path.exists, _files(module))


def _files(module: str) -> tuple[Path, Path]:
    """Where the source of a module can be: beside its siblings, or in a folder of its own."""
    folder = _ROOT.joinpath(*module.split("."))
    return folder.with_suffix(".py"), folder / "__init__.py"
