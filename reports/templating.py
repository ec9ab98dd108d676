"""Templates of pages, and how figures are written in them."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from reports.wording import number, percent, share


def template(name: str, **helpers: Callable[..., object]) -> Template:
    """A template of this package, in which `helpers` can be called. What is no HTML is not escaped."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "percent": percent, "share": share, "svg": Markup}
    environment.globals |= helpers
    return environment.get_template(name)
