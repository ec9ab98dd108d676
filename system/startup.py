"""What every process of the system begins with: its settings and its strategy, or what is wrong with them."""

from __future__ import annotations

import os
import secrets

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from system.settings import Settings
from system.stock.port import Strategy
from system.stock.strategies import strategy_named


class SettingsError(ValueError):
    """A setting is missing or wrong; the text names each, its value and what would do."""


def settings_and_strategy() -> tuple[Settings, Strategy]:
    """What the environment says.

    Raises:
        SettingsError: it cannot be.
    """
    try:
        settings = Settings()
        return settings, strategy_named(settings.strategy)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def make_up_development_secrets() -> list[str]:
    """In development alone, draw the secrets that nobody set, for this process and its own; their names."""
    if os.environ.get("DROPDAY_ENVIRONMENT", "development") != "development":
        return []
    missing = [name for name in ("DROPDAY_JWT_SECRET", "DROPDAY_ADMIN_KEY") if name not in os.environ]
    os.environ.update({name: secrets.token_urlsafe(32) for name in missing})
    return missing


def _sentence(problem: ErrorDetails) -> str:
    name = "DROPDAY_" + "_".join(str(part) for part in problem["loc"]).upper()
    given = "is not set" if problem["type"] == "missing" else f"is {problem['input']!r}"
    return f"{name} {given}: {problem['msg']}"
