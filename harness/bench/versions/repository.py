"""The git repository that both versions come from."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.bench.versions.shapes import Part
from harness.errors import UsageError

LOCK = "requirements.lock"
_SYSTEM = "system"
_COMPARED = (_SYSTEM, LOCK)
_MEND = "expected a git checkout of Dropday: clone it with git, and run that one"


class Version(Part):
    """A commit, in full; `changed`: with changes of the system or its lock that are not committed."""

    commit: str
    changed: bool = False

    def __str__(self) -> str:
        return self.commit + (", with uncommitted changes" if self.changed else "")


@dataclass(frozen=True)
class Repository:
    """A git checkout of Dropday."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Self:
        """The checkout with its root in this folder.

        Raises:
            UsageError: there is no git, or the folder is not the root of a checkout.
        """
        repository = cls(root)
        above = Path(repository.ask("rev-parse", "--show-toplevel").decode().strip())
        if above.resolve() != root.resolve():
            raise UsageError(f"--base: {root} is only a folder of the git checkout {above}; {_MEND}")
        return repository

    def base(self, ref: str) -> Version:
        """The version that `ref` names: a branch, a tag, a commit, or the likes of HEAD~2.

        Raises:
            UsageError: it names none.
        """
        try:
            commit = self.ask("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except UsageError as error:
            mend = "expected a branch, a tag or a commit: `git log --oneline` shows some"
            raise UsageError(f"--base {ref}: no such commit in {self.root}; {mend}") from error
        return Version(commit=commit.decode().strip())

    def ours(self) -> Version:
        """The version that the working tree is.

        Raises:
            UsageError: there is no commit yet.
        """
        commit = self.ask("rev-parse", "HEAD").decode().strip()
        return Version(commit=commit, changed=bool(self.ask("status", "--porcelain", "--", *_COMPARED)))

    def unpack(self, version: Version, folder: Path) -> None:
        """Put the system of a commit and its lock into `folder`.

        Raises:
            UsageError: the commit has none.
        """
        try:
            archive = self.ask("archive", "--format=zip", version.commit, "--", *_COMPARED)
        except UsageError as error:
            missing = f"there is no {' and '.join(_COMPARED)} in that commit"
            raise UsageError(f"--base {version}: {missing}; expected a later one") from error
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(folder)

    def copy(self, folder: Path) -> None:
        """Put the system of the working tree and its lock into `folder`, as they are at this moment."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self.root / _SYSTEM, folder / _SYSTEM, ignore=ignored)
        shutil.copyfile(self.root / LOCK, folder / LOCK)

    def ask(self, *arguments: str) -> bytes:
        """What git answers.

        Raises:
            UsageError: there is no git, or it refused.
        """
        command = ["git", "-C", str(self.root), *arguments]
        try:
            return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
        except FileNotFoundError as error:
            raise UsageError("--base needs git, and there is none on the PATH; install git") from error
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            raise UsageError(f"--base: git says of {self.root}: {said}; {_MEND}") from error
