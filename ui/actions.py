"""What the page's script may ask for besides a question: a small, checked vocabulary."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Action(BaseModel):
    """One click: what to do, and to what. Ids are checked against the session's person afterwards."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    do: Literal["open", "new", "rename", "delete", "rate", "tickets", "close_ticket"]
    conversation: str = Field(default="", max_length=64)
    title: str = Field(default="", max_length=500)
    message: int = 0
    rating: Literal[-1, 0, 1] = 0
    reason: str = Field(default="", max_length=1000)
    ticket: int = 0
    at: float = Field(default=0, description="When it was clicked, ms: makes two equal clicks differ.")


def parse_action(payload: str) -> Action | None:
    """The action that a page sent, or None when it is none of ours."""
    try:
        return Action.model_validate(json.loads(payload[:4000]))
    except (ValueError, ValidationError, RecursionError):
        return None
