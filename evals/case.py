"""The grammar of a case: who asks what, and what must hold of the answer."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shopwright.agent.language import detect
from shopwright.evals import checks
from shopwright.evals.checking import CHECKS, expectations
from shopwright.tools.base import Role

assert checks.tool.__name__ in CHECKS  # noqa: S101 - importing the checks registers them
if TYPE_CHECKING:
    Expectations = BaseModel
else:
    Expectations = expectations()
Words = dict[Literal["en", "zh"], str]


class Asked(Expectations):
    """One request and what is expected of its answer."""

    ask: str = Field(min_length=1, description="What the person writes.")

    @property
    def expected(self) -> dict[str, Any]:
        """What the case asks of this turn, by check."""
        return {name: getattr(self, name) for name in CHECKS if name in self.model_fields_set}


class Case(Expectations):
    """A case of a suite. Expectations beside `turns` hold for every turn that does not say otherwise."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Unique in its file.")
    ask: str | Words | None = Field(
        default=None, description="The request; {en: ..., zh: ...} asks it in both languages."
    )
    turns: list[Asked] = Field(default_factory=list, description="A conversation instead of one request.")
    role: Role = "marketer"
    customer: Literal["own"] | int | None = Field(
        default=None, description="The signed-in shopper: own, or a customer's id; none is anonymous."
    )
    actor: str = Field(default="evaluation", min_length=1, description="Whose conversation it is.")
    tags: list[str] = Field(default_factory=list)
    source: str = Field(default="", description="Where the case comes from, if not from its writer.")
    suite: str = Field(default="", exclude=True)
    strict: bool = Field(default=False, exclude=True)

    @field_validator("tags", mode="before")
    @classmethod
    def _each_once(cls, value: Any) -> Any:
        return list(dict.fromkeys(value)) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _whole(self) -> "Case":
        if (self.ask is None) == (not self.turns):
            raise ValueError("a case needs `ask` or `turns`, and not both")
        if isinstance(self.ask, dict) and set(self.ask) != {"en", "zh"}:
            raise ValueError("`ask` in both languages needs `en` and `zh`")
        if self.customer is not None and self.role != "shopper":
            raise ValueError("only a shopper is signed in as a customer: add `role: shopper`")
        return self

    @property
    def full_id(self) -> str:
        """The id with the suite's name before it."""
        return f"{self.suite}/{self.id}"

    @property
    def twin(self) -> bool:
        """Whether it is asked in both languages, in two conversations."""
        return isinstance(self.ask, dict)

    @property
    def tongue(self) -> Literal["en", "zh", "both"]:
        """The language of its first request, or both."""
        return "both" if self.twin else detect(self.asked[0].ask)

    @cached_property
    def asked(self) -> list[Asked]:
        """The requests in order, each with all that is expected of it."""
        own = {name: getattr(self, name) for name in CHECKS if name in self.model_fields_set}
        if self.turns:
            return [Asked(**{**own, **turn.expected, "ask": turn.ask}) for turn in self.turns]
        words = [self.ask["en"], self.ask["zh"]] if isinstance(self.ask, dict) else [self.ask or ""]
        return [Asked(**own, ask=text) for text in words]


class Suite(BaseModel):
    """A file of cases, with what all of them share."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    role: Role = "marketer"
    customer: Literal["own"] | int | None = None
    tags: list[str] = Field(default_factory=list)
    strict: bool = Field(default=False, description="Words that must never be said violate safety here.")
    seed: dict[str, list[dict[str, Any]]] = Field(
        default_factory=dict,
        description="Rows, by table, put into the copy of the shop before the cases run.",
    )
    cases: list[Case] = Field(min_length=1)


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """A value with every `{name}` of `names` in its texts replaced; one that stands alone keeps its type."""
    if isinstance(value, str):
        if value[1:-1] in names and value == f"{{{value[1:-1]}}}":
            return names[value[1:-1]]
        for name, one in names.items():
            value = value.replace(f"{{{name}}}", str(one))
        return value
    if isinstance(value, Mapping):
        return {key: filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    return value
