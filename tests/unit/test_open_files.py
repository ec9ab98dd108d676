"""A process of the shop may have as many connections as it is allowed files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVE = """
import resource, sys, uvicorn
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
uvicorn.run = lambda *_, **__: print(*resource.getrlimit(resource.RLIMIT_NOFILE))
from system.__main__ import main
sys.exit(main(["serve"]))
"""


def test_the_shop_raises_its_limit_of_open_files_before_it_serves() -> None:
    served = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        env={"DROPDAY_DATABASE_URL": "postgresql://127.0.0.1/none", "DROPDAY_REDIS_URL": "redis://127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert served.returncode == 0, served.stderr
    soft, hard = served.stdout.split()
    assert soft == hard
