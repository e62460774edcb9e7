"""What every tool shares: its context, its typed result with two faces, and its errors."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_type_hints

from langchain_core.tools import InjectedToolArg, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from shopwright.knowledge.saved import SavedModelError
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
    """One line or bar group of a plot; `low` and `high` draw an interval where given.

    `wide_low` and `wide_high` draw a wider one around it, such as 95% around 80%.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    x: list[str | int | float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None
    wide_low: list[float] | None = None
    wide_high: list[float] | None = None


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

    An answer is the `headline` (figures, worded by code), then what the model writes as `reply`
    asks (nothing where it is empty), then the `appendix` (lists and citations, worded by code).
    All of it is in the person's language, except copy, which is in `reply_language`.
    """

    model_config = ConfigDict(frozen=True)
    text: str = Field(description="Short bullets: every figure and name that the answer may use.")
    headline: str = ""
    reply: str = Field(default="", description="How the model should word its part.")
    reply_figures: bool = Field(
        default=False, description="The reply may repeat figures of the facts; else it is words only."
    )
    appendix: str = ""
    fallback: str = Field(default="", description="Stands in for the model's part if that fails its checks.")
    memory: str = Field(default="", description="One line for later turns: what was found, with ids.")
    data: dict[str, Any] = Field(default_factory=dict, description="The typed result as JSON.")
    views: list[View] = Field(default_factory=list)
    reply_language: Language | None = None
    max_characters: int = Field(default=0, description="Longest reply accepted; 0: no limit.")
    is_copy: bool = Field(default=False, description="The reply is marketing copy: claims are checked too.")


@dataclass(frozen=True)
class Example:
    """A request and the call it should lead to, shown to the model in the person's language."""

    en: str
    zh: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    arguments_zh: Mapping[str, Any] | None = None

    def request(self, language: Language) -> str:
        """The request in `language`."""
        return self.zh if language == "zh" else self.en

    def call(self, language: Language) -> dict[str, Any]:
        """The arguments in `language`."""
        return dict(
            self.arguments_zh if language == "zh" and self.arguments_zh is not None else self.arguments
        )


Choices = Mapping[str, Callable[[Shop], Mapping[str, str]]]


@dataclass(frozen=True)
class ShopTool:
    """A tool as the agent knows it: its LangChain face, and what the schema cannot say."""

    structured: StructuredTool
    roles: frozenset[Role]
    changes: bool
    examples: tuple[Example, ...]
    choices: Choices

    @property
    def name(self) -> str:
        """The function's name, by which the model calls it."""
        return self.structured.name

    @property
    def description(self) -> str:
        """The function's docstring."""
        return self.structured.description

    def schema(self, shop: Shop) -> dict[str, Any]:
        """JSON schema of the arguments that the model may fill, enums taken from the shop.

        Beside the standard keywords, `x-mention` names the kind of mention an argument is read from,
        and `x-meanings` says what each value of a dynamic enum stands for.
        """
        model: Any = self.structured.args_schema
        schema: dict[str, Any] = model.model_json_schema()
        properties = {name: _flat(spec) for name, spec in schema["properties"].items() if name != "context"}
        for name, provider in self.choices.items():
            meanings = provider(shop)
            properties[name] |= {"enum": list(meanings), "x-meanings": dict(meanings)}
        required = [name for name in schema.get("required", []) if name in properties]
        return {"type": "object", "properties": properties, "required": required}

    def run(self, context: ToolContext, arguments: Mapping[str, Any]) -> ToolResult:
        """Call the tool. Raises ToolError for what the caller can repair."""
        call = {
            "type": "tool_call",
            "id": "call",
            "name": self.name,
            "args": {**arguments, "context": context},
        }
        try:
            message = self.structured.invoke(call)
        except ValidationError as error:
            raise ToolError(_explain(self.name, error)) from error
        except SavedModelError as error:  # too little data for it, or not fitted yet: it says what to do
            raise ToolError(str(error)) from error
        result = message.artifact
        if not isinstance(result, ToolResult):
            raise TypeError(f"{self.name} returned {type(result).__name__}, not a ToolResult")
        return result


def shop_tool(
    *,
    roles: Sequence[Role],
    changes: bool = False,
    examples: Sequence[Example] = (),
    choices: Choices | None = None,
) -> Callable[[Callable[..., ToolResult]], ShopTool]:
    """Make a tool of a function `(context, ...) -> ToolResult`; signature and docstring are its schema.

    `roles` may use it; `changes` says that it alters something; `choices` fills an argument's enum
    from the shop (value -> meaning).
    """

    def wrap(function: Callable[..., ToolResult]) -> ShopTool:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> tuple[str, ToolResult]:
            result = function(*args, **kwargs)
            return result.text, result

        structured = StructuredTool.from_function(
            call,
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            args_schema=_arguments(function),
            response_format="content_and_artifact",
        )
        return ShopTool(structured, frozenset(roles), changes, tuple(examples), choices or {})

    return wrap


def _arguments(function: Callable[..., ToolResult]) -> type[BaseModel]:
    """The signature as a pydantic model. LangChain's own reading of a signature drops the x- keywords."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {"context": (Annotated[Any, InjectedToolArg], ...)}
    for name, parameter in inspect.signature(function).parameters.items():
        if name != "context":
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (hints[name], default)
    return create_model(f"{function.__name__}_arguments", __config__=ConfigDict(extra="forbid"), **fields)


def mentioned(kind: str, description: str, **limits: Any) -> Any:
    """A Field whose value is read from the person's words: ids, ages, durations, money, percentages.

    Such an argument is offered to the model only when the words hold a mention of this `kind`.
    """
    return Field(description=description, json_schema_extra={"x-mention": kind}, **limits)


def offered_when(kind: str, description: str, **limits: Any) -> Any:
    """A Field that the model fills itself, but is offered only when the words hold a mention of `kind`."""
    return Field(description=description, json_schema_extra={"x-when": kind}, **limits)


def tools_for(role: Role) -> list[ShopTool]:
    """The tools of a role, by name. Every module of this package is looked through."""
    package = importlib.import_module("shopwright.tools")
    found: dict[str, ShopTool] = {}
    for info in pkgutil.iter_modules(package.__path__, "shopwright.tools."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, ShopTool) and role in value.roles:
                found[value.name] = value
    return [found[name] for name in sorted(found)]


def _flat(spec: dict[str, Any]) -> dict[str, Any]:
    """`anyOf [X, null]`, which pydantic writes for an optional argument, as X."""
    options = [option for option in spec.get("anyOf", []) if option.get("type") != "null"]
    if len(options) != 1:
        return spec
    rest = {key: value for key, value in spec.items() if key not in ("anyOf", "default")}
    return {**options[0], **rest}


def _explain(tool: str, error: ValidationError) -> str:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in issue['loc'])}: {issue['msg']}" for issue in error.errors()
    )
    return f"{tool} was called with arguments it cannot take: {problems}"
