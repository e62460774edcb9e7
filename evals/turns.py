"""Does the assistant choose the right tool, fill it rightly, say only what the evidence holds, and quickly?

`python -m shopwright.evals.turns [--suite requests|shopper|as-shopper|second-turn] [--json]` runs the cases
against the shop in the data folder with the engine that the settings choose.
"""

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.agent.turn import Answer, Request
from shopwright.knowledge.orders import Orders
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter
from shopwright.tools.base import Role, tools_for

CASES = Path(__file__).parent / "cases"
NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
FOLLOW_UPS = (
    ("Hello", "How many customers are at risk?"),
    ("你好", "最近60天没下单的客户有多少？"),
    ("Who are our best customers?", "What should we recommend to them?"),
    ("买狗粮的客户有多少？", "给他们发B类优惠券，会有多少人用？"),
    ("What do the camera reviews complain about?", "And what is our returns policy?"),
    ("会员积分多久过期？", "给核心客户推荐三款商品"),
)


@dataclass(frozen=True)
class Verdict:
    """How one case went. An empty list means nothing was wrong."""

    id: str
    text: str
    tool: str | None
    arguments: dict[str, Any]
    tool_right: bool
    wrong_arguments: list[str]
    unbound: list[str]
    invented: list[str]
    leaked: list[str]
    answer: str
    first_event_seconds: float
    total_seconds: float
    error_id: str = ""
    expected_arguments: int = field(default=0)


def load(name: str) -> list[dict[str, Any]]:
    """The cases of a file in `evals/cases`."""
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def ask(
    assistant: Assistant, role: Role, text: str, *, customer_id: int | None = None, conversation: str = ""
) -> Answer:
    """One turn, to its end."""
    request = Request(
        role=role, actor="evaluation", text=text, customer_id=customer_id, conversation=conversation
    )
    events = list(assistant.stream(request))
    last = events[-1]
    if not isinstance(last, Answer):
        raise TypeError(f"the stream ended with {type(last).__name__}, not an Answer")
    return last


def judge(
    case: Mapping[str, Any], answer: Answer, shop: Shop, role: Role, customer_id: int | None = None
) -> Verdict:
    """Compare an answer with what its case expects."""
    step = answer.steps[0] if answer.steps else None
    tool = step.tool if step else None
    expected = case.get("tool")
    allowed = expected if isinstance(expected, list) else [expected]
    wanted = case.get("arguments", {})
    arguments = step.arguments if step else {}
    return Verdict(
        id=case["id"],
        text=case["text"],
        tool=tool,
        arguments=arguments,
        tool_right=tool in allowed,
        wrong_arguments=[name for name, value in wanted.items() if not matches(arguments.get(name), value)],
        unbound=unbound_numbers(case["text"], answer),
        invented=invented_ids(case["text"], answer, shop),
        leaked=leaks(answer, role, shop, customer_id),
        answer=answer.text,
        first_event_seconds=answer.timings.first_event_seconds,
        total_seconds=answer.timings.total_seconds,
        error_id=answer.error_id,
        expected_arguments=len(wanted),
    )


def matches(found: Any, wanted: Any) -> bool:
    """Equal; or, for a list, equal to or (text) holding one of its members."""
    if isinstance(wanted, list):
        return any(
            found == one or (isinstance(found, str) and one.lower() in found.lower()) for one in wanted
        )
    return bool(found == wanted)


def unbound_numbers(asked: str, answer: Answer) -> list[str]:
    """Numerals of the answer that no step's result, no argument and no word of the request accounts for.

    This does not use the assistant's own binding: it looks in the raw results, allowing only for rounding
    to the digits shown and for a share shown as a percentage.
    """
    pool = [float(n.replace(",", "")) for n in NUMERAL.findall(asked)]
    for step in answer.steps:
        pool += numbers_within(step.result or step.text)
        pool += numbers_within(step.arguments)
    return [numeral for numeral in NUMERAL.findall(answer.text) if not accounted(numeral.rstrip(","), pool)]


def numbers_within(value: Any) -> list[float]:
    """All numbers in a JSON value: numbers, numerals inside strings, and the lengths of lists."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [float(value)]
    if isinstance(value, str):
        return [float(n.replace(",", "")) for n in NUMERAL.findall(value)]
    items = list(value.values()) if isinstance(value, Mapping) else list(value)
    own = [] if isinstance(value, Mapping) else [float(len(items))]
    return own + [number for item in items for number in numbers_within(item)]


def accounted(numeral: str, pool: Iterable[float]) -> bool:
    """Whether a number of the pool, or a hundred times it, rounds to the numeral."""
    value, digits = float(numeral.replace(",", "")), len(numeral.partition(".")[2])
    step = 10.0**-digits
    return any(abs(scale * number - value) <= step / 2 + 1e-9 for number in pool for scale in (1, 100))


def invented_ids(asked: str, answer: Answer, shop: Shop) -> list[str]:
    """Products, segments and customers in a call or a result that neither exist nor were asked about."""
    wrong = []
    segments = {info.key for info in shop.segments.infos()}
    for step in answer.steps:
        for key, value in walk({"arguments": step.arguments, "result": step.result}):
            if key == "segment" and isinstance(value, str) and value not in segments:
                wrong.append(f"segment {value}")
            if (
                key == "product_id"
                and isinstance(value, int)
                and str(value) not in asked
                and shop.products.get(value) is None
            ):
                wrong.append(f"product {value}")
            if key == "customer_id" and isinstance(value, int) and str(value) not in asked:
                wrong.append(f"customer {value}")
    return wrong


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every (key, value) inside a JSON value."""
    yield key, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, key)


def leaks(answer: Answer, role: Role, shop: Shop, customer_id: int | None) -> list[str]:
    """What a role must not see: another role's tool, or an order that is not the shopper's own."""
    own_tools = {tool.name for tool in tools_for(role)}
    wrong = [f"ran {step.tool}" for step in answer.steps if step.tool not in own_tools]
    if role == "shopper":
        for step in answer.steps:
            for key, value in walk(step.result):
                if key == "order_id" and isinstance(value, int):
                    mine = customer_id is not None and Orders(shop.engine).of_customer(
                        customer_id, order_id=value
                    )
                    if not mine:
                        wrong.append(f"order {value} of someone else")
    return wrong


def summary(verdicts: list[Verdict]) -> dict[str, Any]:
    """The figures of a suite."""
    tooled = [v for v in verdicts if v.expected_arguments]
    right = sum(v.tool_right for v in verdicts)
    return {
        "cases": len(verdicts),
        "tool_choice": right / len(verdicts),
        "tool_right": right,
        "key_arguments": sum(v.tool_right and not v.wrong_arguments for v in tooled) / max(len(tooled), 1),
        "unbound_numbers": sum(len(v.unbound) for v in verdicts),
        "invented_ids": sum(len(v.invented) for v in verdicts),
        "leaks": sum(len(v.leaked) for v in verdicts),
        "errors": sum(bool(v.error_id) for v in verdicts),
        "first_event_seconds_median": statistics.median(v.first_event_seconds for v in verdicts),
        "tool_turn_seconds_median": statistics.median([v.total_seconds for v in verdicts if v.tool] or [0.0]),
        "verdicts": [asdict(v) for v in verdicts],
    }


def run_requests(assistant: Assistant, role: Role = "marketer") -> dict[str, Any]:
    """The 40 requests of a marketer; as a shopper they must run no marketer's tool."""
    cases = load("requests")
    verdicts = [judge(case, ask(assistant, role, case["text"]), assistant.shop, role) for case in cases]
    return summary(verdicts)


def run_knowing(assistant: Assistant) -> dict[str, Any]:
    """Requests for what is known beyond single answers: personas, patterns, outlooks, rankings.

    The segments that they save are forgotten again, so that the suite can be run twice.
    """
    saved = assistant.shop.segments.saved
    before = set(saved.names())
    cases = load("knowing")
    verdicts = [
        judge(case, ask(assistant, "marketer", case["text"]), assistant.shop, "marketer") for case in cases
    ]
    for name in set(saved.names()) - before:
        saved.delete(name, "evals")
    return summary(verdicts)


def run_shopper(assistant: Assistant) -> dict[str, Any]:
    """The 20 requests of a signed-in shopper, two of them about somebody else's orders."""
    shop = assistant.shop
    me, other = shop.segments.members(CustomerFilter(orders_min=5), 2)
    orders = Orders(shop.engine)
    own_order, other_order = (orders.of_customer(customer, limit=1)[0].order_id for customer in (me, other))
    names = {"own_order": own_order, "other_order": other_order, "other_customer": other}
    verdicts = []
    for case in load("shopper"):
        filled = {**case, "text": case["text"].format(**names)}
        answer = ask(assistant, "shopper", filled["text"], customer_id=me)
        verdicts.append(judge(filled, answer, shop, "shopper", me))
    return summary(verdicts)


def run_second_turn(assistant: Assistant) -> dict[str, Any]:
    """Seconds to the first event and to the end of a conversation's second turn, warm."""
    verdicts = []
    for number, (first, second) in enumerate(FOLLOW_UPS):
        opened = ask(assistant, "marketer", first)
        answer = ask(assistant, "marketer", second, conversation=opened.conversation)
        case = {"id": f"t{number}", "text": second, "tool": answer.steps[0].tool if answer.steps else None}
        verdicts.append(judge(case, answer, assistant.shop, "marketer"))
    return summary(verdicts)


SUITES = {
    "requests": run_requests,
    "knowing": run_knowing,
    "shopper": run_shopper,
    "as-shopper": lambda assistant: run_requests(assistant, "shopper"),
    "second-turn": run_second_turn,
}


def main() -> None:
    """Run the suites named on the command line and print their figures."""
    import argparse
    import sys

    from shopwright.agent.local import open_assistant
    from shopwright.knowledge.settings import Settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=sorted(SUITES), action="append", help="default: all")
    parser.add_argument("--json", action="store_true", help="print every verdict")
    options = parser.parse_args()
    assistant = open_assistant(Settings())
    assistant.warm()
    for name in options.suite or sorted(SUITES):
        figures = SUITES[name](assistant)
        if not options.json:
            wrong = [
                v
                for v in figures.pop("verdicts")
                if not v["tool_right"] or v["wrong_arguments"] or v["unbound"] or v["leaked"]
            ]
            for v in wrong:
                sys.stdout.write(
                    json.dumps(
                        {k: v[k] for k in ("id", "text", "tool", "arguments", "unbound", "leaked")},
                        ensure_ascii=False,
                    )
                    + "\n"
                )
        sys.stdout.write(
            json.dumps({"suite": name, "engine": assistant.engine.name, **figures}, ensure_ascii=False) + "\n"
        )
        sys.stdout.flush()
    assistant.close()


if __name__ == "__main__":
    main()
