"""What behaviour patterns hand to the tools."""

from pydantic import Field

from shopwright.knowledge.types import Frozen


class Item(Frozen):
    """A category (or whatever level the shop's assortment is told apart by), or a scope asked for."""

    key: str
    name: str
    name_zh: str


class Rule(Frozen):
    """Who buys the first also buys the second in the same basket (an association rule)."""

    given: list[Item]
    then: Item
    count: int = Field(description="Baskets with all of it.")
    support: float = Field(description="Their share of all baskets, 0..1.")
    confidence: float = Field(description="Share of the baskets with the given that hold the other, too.")
    lift: float = Field(description="Confidence over the share of all baskets that hold the other.")
    lift_same_size: float = Field(
        description="The same against baskets of as many categories: large baskets hold more of everything."
    )


class Follow(Frozen):
    """Who first buys one category buys another within the next days (a sequential pattern)."""

    first: Item
    then: Item
    count: int = Field(description="Customers who did.")
    support: float = Field(description="Their share of all customers, 0..1.")
    confidence: float = Field(description="Share of those who first bought the one.")
    lift: float = Field(description="Confidence over that of all visits in the same weeks.")
    before: float = Field(
        description="Share of the same customers who bought the other in as many days before."
    )
    days: float = Field(description="Median days from the first purchase of the one to the other.")


class PatternReport(Frozen):
    """Patterns of all customers or of a group, strongest first."""

    kind: str = Field(description="together | next")
    about: Item | None
    rules: list[Rule] = Field(default_factory=list)
    follows: list[Follow] = Field(default_factory=list)
    baskets: int = Field(description="Baskets that were looked through.")
    customers: int = Field(description="Customers whose baskets they are.")
    with_it: int = Field(
        default=0, description="Baskets, or for `next` customers, with what was asked about."
    )
    whole: bool = Field(description="All of the shop's baskets were looked through, not a sample.")
    days: int = Field(default=0, description="For `next`: how many days after the first purchase count.")
    first_seen: bool = Field(
        default=True,
        description="For `next`: first purchases came after some weeks of records without any.",
    )
