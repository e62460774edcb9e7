"""What every tool shares: its context, its typed result with two faces, and its errors."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shopwright.knowledge.shop import Shop

Role = Literal["marketer", "shopper"]
Language = Literal["en", "zh"]


class ToolError(Exception):
    """Something the model can repair: the message says what was wrong and what would be right."""


@dataclass(frozen=True)
class ToolContext:
    """Who is asking and what they may see. It comes from the session, never from text."""

    shop: Shop
    role: Role
    actor: str
    language: Language = "en"
    customer_id: int | None = None
    conversation_id: str = ""
    transcript: Sequence[dict[str, Any]] = field(default_factory=tuple)


class Table(BaseModel):
    """A table for people. `rows` hold display-ready cells in the order of `columns`."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["table"] = "table"
    title: str
    columns: list[str]
    rows: list[list[str | int | float | None]]


class Series(BaseModel):
    """One line or bar group of a plot; `low` and `high` draw an interval where given."""

    model_config = ConfigDict(frozen=True)
    name: str
    x: list[str | int | float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None


class Plot(BaseModel):
    """A plot for people: drawn by the UI in its own style."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["plot"] = "plot"
    title: str
    chart: Literal["bar", "line", "interval", "stacked"]
    x_label: str = ""
    y_label: str = ""
    series: list[Series]


class Card(BaseModel):
    """A product, or another thing with a name, a few facts and a reason."""

    model_config = ConfigDict(frozen=True)
    title: str
    subtitle: str = ""
    price: str = ""
    badge: str = ""
    reason: str = ""
    product_id: int | None = None


class Cards(BaseModel):
    """A row of cards."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["cards"] = "cards"
    title: str
    cards: list[Card]


class Quotes(BaseModel):
    """Passages quoted word for word, each with where it stands."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["quotes"] = "quotes"
    title: str
    quotes: list[dict[str, str]] = Field(description="text, source, and optionally label")


View = Table | Plot | Cards | Quotes


class ToolResult(BaseModel):
    """What a tool found: data, a compact text for the model, views for people.

    `text` is written in the person's language as short bullets, and holds every figure that the
    answer may use. `reply` tells the model how to word the answer. `rendered` is the answer itself
    in plain words: what the person gets when the model's own words cannot be bound to evidence.
    """

    model_config = ConfigDict(frozen=True)
    text: str
    rendered: str
    reply: str = ""
    reply_language: Language | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    views: list[View] = Field(default_factory=list)
    max_characters: int = 0
