"""Pages of one file: template, style and script in one, and nothing is fetched from anywhere.

What an assistant or a review said is no more than text here: the template escapes it, data for the script
stands in a block that is never run, and the browser is told to run the one script whose hash the page names.
"""

import base64
import hashlib
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

HERE = Path(__file__).parent / "pages"


@cache
def templates() -> Environment:
    """The pages' templates; everything put into them is escaped."""
    found = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.filters |= {
        "percent": percent,
        "seconds": seconds,
        "points": points,
        "chance": chance,
    }
    return found


def page(template: str, script: str = "", **values: Any) -> str:
    """A page of a template in `pages`, with the common style and, when named, a script."""
    style, code = _source("page.css"), _source(script) if script else ""
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {_quoted(code)}; "
        "base-uri 'none'; form-action 'none'"
    )
    made = templates().get_template(template)
    # Style and script are our own files.
    own = {"style": Markup(style), "script": Markup(code)}  # noqa: S704
    whole = made.render(**own, policy=policy, **values)
    return whole.encode("utf-8", "replace").decode("utf-8")


def as_data(value: Any) -> Markup:
    """A JSON value to stand in a script block as data: no `<` can end the block."""
    text = json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"))
    # Every `<` is written as its code, so the text can hold no tag.
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def percent(value: float | None) -> str:
    """A share as people read it; a dash for none."""
    return "–" if value is None else f"{100 * value:.1f}%"


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−")


def seconds(value: float | None) -> str:
    """Seconds to as many digits as matter; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def chance(value: float) -> str:
    """A p value."""
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def _clean(value: Any) -> Any:
    """The value without what JSON has no word for: numbers that are none."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _quoted(code: str) -> str:
    return f"'{_hash(code)}'" if code else "'none'"
