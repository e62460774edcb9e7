"""What analyses of reviews over time and of chat feedback return."""

from datetime import date

from pydantic import Field

from shopwright.knowledge.types import Frozen, Quote


class MonthCount(Frozen):
    """Reviews or ratings of one month."""

    month: str = Field(description="2017-03")
    total: int
    positive: int

    @property
    def share(self) -> float:
        """The share of good ones, 0..1."""
        return self.positive / self.total if self.total else 0.0


class Emerging(Frozen):
    """A complaint that takes up more of the latest reviews than of those before."""

    key: str
    name: str
    name_zh: str
    kind: str = Field(description="aspect | term")
    recent: int = Field(description="Latest reviews that complain of it.")
    recent_of: int
    before: int
    before_of: int
    p_value: float = Field(description="Fisher's exact test, one-sided, Benjamini-Hochberg adjusted.")


class NameCount(Frozen):
    """A brand or product and how the reviews that name it are."""

    name: str
    name_zh: str
    positive: int
    negative: int


class ReviewTrend(Frozen):
    """How reviews changed over time, as far as they carry dates."""

    dated: int
    undated: int
    months: list[MonthCount]
    since: date | None = Field(default=None, description="Where the latest period begins.")
    until: date | None = None
    emerging: list[Emerging]
    note: str = ""
    note_zh: str = ""


class Topic(Frozen):
    """What reasons given in the chat are about."""

    key: str
    name: str
    name_zh: str
    positive: int
    negative: int


class ChatReport(Frozen):
    """What people who used the chat thought of the answers."""

    ratings: int
    up: int
    down: int
    with_reason: int
    answers: int = Field(description="Assistant messages altogether, rated or not.")
    months: list[MonthCount]
    topics: list[Topic]
    complaints: list[Quote] = Field(description="Reasons, word for word; `review_id` is the feedback's id.")
    praise: list[Quote]
