"""Hypothesis tries the same examples in every run, and is not timed: other tests share the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
