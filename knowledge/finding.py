"""What one look of the doctor found."""

from typing import Literal

from pydantic import Field

from shopwright.knowledge.types import Frozen

Status = Literal["ok", "warn", "missing"]


class Finding(Frozen):
    """What was found, in both languages, and what to do about it."""

    status: Status
    found: str
    found_zh: str
    remedy: str = Field(default="", description="What to do; empty when nothing needs doing.")
    remedy_zh: str = ""
