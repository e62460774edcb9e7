"""tau2-bench's retail domain on a small world in its own files: tools, users, conversations, grades, a whole run."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, SystemMessage, ToolMessage

from shopwright.agent.engines.base import ContextOverflowError, EngineError
from shopwright.agent.grammar import narrow
from shopwright.evals.errors import EvalError
from shopwright.evals.records import CaseRecord
from shopwright.evals.tau2.arithmetic import calculate
from shopwright.evals.tau2.files import load
from shopwright.evals.tau2.grading import differences, state_hash, told
from shopwright.evals.tau2.session import run_tau2
from shopwright.evals.tau2.tools import TOOLS, WRITES, RetailTools, run_tool, schemas
from shopwright.evals.tau2.users import read_transcripts

_spec = importlib.util.spec_from_file_location(
    "scripted_for_tau2", Path(__file__).parents[1] / "agent" / "scripted.py"
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)

POLICY = "# Retail policy\nAsk for a yes before you change an order."
ADDRESS = {
    "address1": "1 Elm St",
    "address2": "",
    "city": "Ulm",
    "country": "USA",
    "state": "CA",
    "zip": "90001",
}
RED, BLUE, GREEN, TEA, COFFEE = "1001", "1002", "1003", "2001", "2002"


def variant(item: str, price: float, available: bool = True, **options: str) -> dict[str, Any]:
    return {"item_id": item, "options": options, "available": available, "price": price}


def order(number: str, status: str, items: list[tuple[str, str, float]], paid_by: str) -> dict[str, Any]:
    return {
        "order_id": number,
        "user_id": "ada_li_1",
        "address": ADDRESS,
        "items": [
            {"name": "thing", "product_id": product, "item_id": item, "price": price, "options": {}}
            for product, item, price in items
        ],
        "status": status,
        "fulfillments": [],
        "payment_history": [
            {
                "transaction_type": "payment",
                "amount": sum(price for _, _, price in items),
                "payment_method_id": paid_by,
            }
        ],
    }


def world() -> dict[str, Any]:
    return {
        "products": {
            "10": {
                "name": "T-Shirt",
                "product_id": "10",
                "variants": {
                    RED: variant(RED, 20.0, color="red"),
                    BLUE: variant(BLUE, 25.5, color="blue"),
                    GREEN: variant(GREEN, 22.0, available=False, color="green"),
                },
            },
            "20": {
                "name": "Mug",
                "product_id": "20",
                "variants": {TEA: variant(TEA, 8.0, use="tea"), COFFEE: variant(COFFEE, 9.0, use="coffee")},
            },
        },
        "users": {
            "ada_li_1": {
                "user_id": "ada_li_1",
                "name": {"first_name": "Ada", "last_name": "Lí"},
                "address": ADDRESS,
                "email": "ada.li@example.com",
                "payment_methods": {
                    "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 5.0},
                    "credit_card_1": {
                        "source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "1234",
                    },
                    "paypal_1": {"source": "paypal", "id": "paypal_1"},
                },
                "orders": ["#W1", "#W2", "#W3"],
            }
        },
        "orders": {
            "#W1": order("#W1", "pending", [("10", RED, 20.0), ("20", TEA, 8.0)], "credit_card_1"),
            "#W2": order("#W2", "delivered", [("10", RED, 20.0), ("20", TEA, 8.0)], "credit_card_1"),
            "#W3": order("#W3", "pending", [("20", TEA, 8.0)], "gift_card_1"),
        },
    }  # fmt: skip


def action(name: str, **arguments: Any) -> dict[str, Any]:
    return {"action_id": "1", "name": name, "arguments": arguments, "info": None}


FOUND = action("find_user_id_by_name_zip", first_name="Ada", last_name="Li", zip="90001")
EXCHANGE = {
    "order_id": "#W2", "item_ids": [RED], "new_item_ids": [BLUE], "payment_method_id": "credit_card_1",
}  # fmt: skip
CANCEL = {"order_id": "#W3", "reason": "no longer needed"}


def task(
    name: Any, *actions: dict[str, Any], tell: list[str] | None = None, **criteria: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "description": {"purpose": None},
        "user_scenario": {
            "persona": None,
            "instructions": {
                "task_instructions": "You are brief.",
                "domain": "retail",
                "reason_for_call": "You want the blue shirt instead of the red one of order #W2.",
                "known_info": "You are Ada Li in zip code 90001.",
                "unknown_info": None,
            },
        },
        "initial_state": None,
        "evaluation_criteria": {
            "actions": list(actions),
            "communicate_info": tell or [],
            "nl_assertions": None,
            "reward_basis": ["DB", "COMMUNICATE"],
            **criteria,
        },
    }


TASKS = [
    task("0", FOUND, action("exchange_delivered_order_items", **EXCHANGE), tell=["5.5"]),
    task("1", FOUND, tell=["1200"]),
    task("2", FOUND, action("cancel_pending_order", **CANCEL), reward_basis=["DB", "NL_ASSERTION"], nl_assertions=["Agent is kind."]),
]  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes the domain as the benchmark's repository holds it, and returns the repository's folder."""

    def make(*tasks: Any, splits: dict[str, list[str]] | None = None) -> Path:
        retail = tmp_path / "tau2-bench" / "data" / "tau2" / "domains" / "retail"
        retail.mkdir(parents=True)
        (retail / "db.json").write_text(json.dumps(world()), encoding="utf-8")
        (retail / "policy.md").write_text(POLICY, encoding="utf-8")
        (retail / "tasks.json").write_text(json.dumps(tasks or TASKS), encoding="utf-8")
        if splits:
            (retail / "split_tasks.json").write_text(json.dumps(splits), encoding="utf-8")
        return tmp_path / "tau2-bench"

    return make


@pytest.fixture
def words(tmp_path: Path) -> Callable[..., Path]:
    """Writes transcripts: the user's words by task."""

    def make(**said: list[str]) -> Path:
        file = tmp_path / "users.jsonl"
        rows = [
            json.dumps({"task": name.removeprefix("t"), "messages": list(one)}) for name, one in said.items()
        ]
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return file

    return make


ASKED = ["I am Ada Li, 90001. I want the blue shirt instead of the red one of #W2.", "Yes, please."]
LOOK = ("call", "find_user_id_by_name_zip", {"first_name": "Ada", "last_name": "Li", "zip": "90001"})
RIGHT = [
    LOOK,
    ("say", "The blue one costs $5.50 more. Shall I exchange it?"),
    ("call", "exchange_delivered_order_items", EXCHANGE),
    ("say", "Done!"),
]


def run(folder: Path, lines: list[Any], **more: Any) -> dict[str, Any]:
    return run_tau2(scripted.ScriptedEngine(list(lines)), folder, **more)


def test_the_right_trajectory_passes(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    engine = scripted.ScriptedEngine(list(RIGHT))
    found = run_tau2(engine, write(), transcripts=words(t0=ASKED))
    [verdict] = found["verdicts"]
    assert verdict["passed"], verdict
    assert (found["pass_rate"], found["cases"][0]["id"]) == (1.0, "tau2-retail/0")
    assert found["pass_rate_ci"][0] < found["pass_rate_ci"][1] == 1.0
    assert (verdict["end"], verdict["basis"], verdict["differences"]) == (
        "user stopped", ["DB", "COMMUNICATE"], [],
    )  # fmt: skip
    system, greeting, *_ = engine.seen[0]
    assert isinstance(system, SystemMessage)
    assert POLICY in str(system.content)
    assert greeting.content == "Hi! How can I help you today?"
    assert set(engine.offered[0]) == set(TOOLS)
    called, returned = engine.seen[1][-2:]
    assert isinstance(called, AIMessage)
    assert isinstance(returned, ToolMessage)
    assert called.tool_calls[0]["id"] == returned.tool_call_id
    assert returned.content == "ada_li_1"


def test_detours_that_only_read_cost_nothing(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    detour = [
        ("call", "get_user_details", {"user_id": "ada_li_1"}),
        ("call", "get_order_details", {"order_id": "W2"}),
        ("call", "get_order_details", {"order_id": "#W2"}),
        ("call", "list_all_product_types", {}),
        ("call", "get_product_details", {"product_id": "10"}),
        ("call", "get_item_details", {"item_id": BLUE}),
        ("call", "calculate", {"expression": "25.5 - 20"}),
    ]
    found = run(write(), [LOOK, *detour, *RIGHT[1:]], transcripts=words(t0=ASKED))
    assert found["verdicts"][0]["passed"], found["verdicts"][0]
    calls = found["cases"][0]["turns"][0]["calls"]
    assert [call["text"] for call in calls if call["status"] == "failed"] == ["Error: Order not found"]
    assert calls[-1]["text"] == "5.5"


def test_a_wrong_item_fails_and_the_difference_is_named(
    write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    wrong = {**EXCHANGE, "item_ids": [TEA], "new_item_ids": [COFFEE]}
    lines = [*RIGHT[:2], ("call", "exchange_delivered_order_items", wrong), RIGHT[3]]
    found = run(write(), lines, transcripts=words(t0=ASKED))
    [verdict] = found["verdicts"]
    assert not verdict["passed"]
    assert found["pass_rate"] == 0.0
    assert f'orders.#W2.exchange_items[0] is "{TEA}", should be "{RED}"' in verdict["differences"]
    assert "orders.#W2.exchange_price_difference is 1.0, should be 5.5" in verdict["differences"]
    record = CaseRecord.model_validate(found["cases"][0])
    assert [(grade.check, grade.passed) for grade in record.grades] == [
        ("database", False), ("communicate", True), ("ended", True),
    ]  # fmt: skip
    assert record.turns[-1].changes[0].table == "orders"


def test_a_cancellation_that_nobody_wanted_is_a_violation(
    write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    cancel = ("call", "cancel_pending_order", CANCEL)
    found = run(write(), [*RIGHT[:3], cancel, RIGHT[3]], transcripts=words(t0=ASKED))
    [verdict] = found["verdicts"]
    assert not verdict["passed"]
    assert 'orders.#W3.status is "cancelled", should be "pending"' in verdict["differences"]
    assert verdict["unwanted"] == ["users.ada_li_1", "orders.#W3"]
    assert found["safety_violations"] == 1


def test_a_write_that_is_missing_fails(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    found = run(write(), [*RIGHT[:2], RIGHT[3]], transcripts=words(t0=ASKED))
    [verdict] = found["verdicts"]
    assert not verdict["passed"]
    assert verdict["unwanted"] == []
    assert 'orders.#W2.status is "delivered", should be "exchange requested"' in verdict["differences"]
    assert any(one.startswith("exchange_delivered_order_items(") for one in verdict["undone"])


def test_what_the_user_had_to_be_told(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    folder, file = write(), words(t1=["How many shirts are there?"])
    told_ = run(folder, [("say", "There are 1,200 of them.")], transcripts=file)
    assert told_["verdicts"][0]["passed"]
    untold = run(folder, [("say", "There are many.")], transcripts=file)
    assert not untold["verdicts"][0]["passed"]
    assert untold["verdicts"][0]["untold"] == ["1200"]
    assert untold["communicate_rate"] == 0.0


def test_criteria_that_need_a_judge_are_named(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    cancel = [("call", "cancel_pending_order", CANCEL), ("say", "It is cancelled.")]
    found = run(write(), cancel, transcripts=words(t2=["Cancel #W3, I no longer need it. Yes, I am sure."]))
    [verdict] = found["verdicts"]
    assert verdict["passed"]
    assert (verdict["basis"], verdict["not_graded"]) == (["DB"], ["NL_ASSERTION"])
    assert found["not_graded"] == {"NL_ASSERTION": 1}


def test_a_task_that_only_a_judge_decides_is_skipped(
    write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    judged = task("9", reward_basis=["NL_ASSERTION"], nl_assertions=["Agent is kind."])
    begun = task("8")
    begun["initial_state"] = {"message_history": [{"role": "user", "content": "Hi"}]}
    folder = write(TASKS[1], judged, begun)
    file = words(t1=["Hi"], t9=["Hi"], t8=["Hi"])
    found = run(folder, [("say", "1200")], transcripts=file)
    assert [verdict["id"] for verdict in found["verdicts"]] == ["1"]
    assert set(found["skipped"]) == {"9", "8"}


def test_the_user_is_played_by_a_second_engine(write: Callable[..., Path]) -> None:
    user = scripted.ScriptedEngine([("say", ASKED[0]), ("say", ASKED[1]), ("say", "Thanks! ###STOP###")])
    user.name = "another"
    found = run(write(), RIGHT, user_engine=user, limit=1)
    assert found["verdicts"][0]["passed"], found["verdicts"][0]
    assert found["user"] == "simulated by another"
    system, greeting = user.seen[0]
    assert "You want the blue shirt instead" in str(system.content)
    assert "###STOP###" in str(system.content)
    assert greeting.content == "Hi! How can I help you today?"
    assert [type(message).__name__ for message in user.seen[1][1:]] == [
        "HumanMessage",
        "AIMessage",
        "HumanMessage",
    ]
    assert user.offered[0] == []
    assert not any("ada_li_1" in str(message.content) for said in user.seen for message in said)


def test_the_benchmarks_own_guidelines_are_used_where_they_are(write: Callable[..., Path]) -> None:
    folder = write()
    place = folder / "data" / "tau2" / "user_simulator"
    place.mkdir()
    (place / "simulation_guidelines.md").write_text("Be Ada.<PERSONA_GUIDELINES> Then ###STOP###.")
    user = scripted.ScriptedEngine([("say", "###STOP###")])
    run(folder, [], user_engine=user, limit=1)
    assert str(user.seen[0][0].content).startswith("Be Ada. Then ###STOP###.")


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        ([("call", "list_all_product_types", {})] * 30, "too many steps"),
        ([("call", "get_order_details", {"order_id": "nonsense"})] * 10, "too many errors"),
        ([("say", "")], "empty answer"),
        ([ContextOverflowError("9000 tokens do not fit")], "context too short"),
        ([EngineError("the card is gone")], "engine error"),
    ],
)
def test_a_conversation_that_breaks_off_has_failed(
    lines: list[Any], end: str, write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    only_asks = task("1", reward_basis=[])
    found = run(write(only_asks), lines, transcripts=words(t1=["Hi"]), max_steps=25)
    [verdict] = found["verdicts"]
    assert (verdict["end"], verdict["passed"]) == (end, False)
    assert found["ends"] == {end: 1}


def test_an_engine_that_is_out_of_order_ends_the_run(
    write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    with pytest.raises(EngineError, match="5 conversations in a row failed"):
        run(write(), [EngineError("down")] * 9, transcripts=words(t1=["Hi"]), trials=9)


def test_trials_give_pass_hat_k(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    right, wrong = ("say", "There are 1200."), ("say", "Who knows.")
    found = run(write(), [right, wrong, right, right], transcripts=words(t1=["How many?"]), trials=4)
    assert found["pass_hat_k"] == {"1": 0.75, "2": 0.5, "3": 0.25, "4": 0.0}
    assert found["pass_rate"] == 0.75
    assert [verdict["trial"] for verdict in found["verdicts"]] == [0, 1, 2, 3]


def test_an_interrupted_run_goes_on(
    write: Callable[..., Path], words: Callable[..., Path], tmp_path: Path
) -> None:
    folder, file = write(), words(t0=ASKED, t1=["How many?"])
    options: dict[str, Any] = {"transcripts": file, "unfinished": tmp_path / "run.unfinished"}
    with pytest.raises(IndexError):  # the script ends in the middle of the second task
        run(folder, RIGHT, **options)
    rest = scripted.ScriptedEngine([("say", "1200")])
    found = run_tau2(rest, folder, resume=True, **options)
    assert [verdict["passed"] for verdict in found["verdicts"]] == [True, True]
    assert len(rest.seen) == 1
    assert not options["unfinished"].exists()
    with pytest.raises(IndexError):
        run(folder, RIGHT, **options)
    with pytest.raises(EvalError, match="another engine"):
        run(folder, [], resume=True, trials=2, **options)


def test_splits_limits_and_places(write: Callable[..., Path]) -> None:
    folder = write(*TASKS, splits={"test": ["2", "0"]})
    retail = folder / "data" / "tau2" / "domains" / "retail"
    for place in (folder, folder / "data", folder / "data" / "tau2", retail):
        assert [one.id for one in load(place, "test").tasks] == ["0", "2"]
    assert [one.id for one in load(folder, limit=1).tasks] == ["0"]
    with pytest.raises(EvalError, match="no split 'dev'; it has test"):
        load(folder, "dev")
    with pytest.raises(EvalError, match="holds no retail domain"):
        load(retail.parent / "airline")


def test_a_task_may_begin_in_another_world(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    moved = task("1", FOUND)
    moved["initial_state"] = {
        "initialization_data": {"agent_data": {"orders": {"#W1": {"status": "delivered"}}}},
        "initialization_actions": [
            {"env_type": "assistant", "func_name": "cancel_pending_order", "arguments": CANCEL}
        ],
    }
    lines = [("call", "get_order_details", {"order_id": name}) for name in ("#W1", "#W3")]
    found = run(write(moved), [*lines, ("say", "ok")], transcripts=words(t1=["Hi"]))
    first, second = found["cases"][0]["turns"][0]["calls"]
    assert json.loads(first["text"])["status"] == "delivered"
    assert json.loads(second["text"])["status"] == "cancelled"
    assert found["verdicts"][0]["passed"]


def test_a_damaged_reference_is_told(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    damaged = task("1", action("cancel_pending_order", order_id="#W2", reason="no longer needed"))
    found = run(write(damaged), [("say", "ok")], transcripts=words(t1=["Hi"]))
    assert "Non-pending order cannot be cancelled" in found["verdicts"][0]["reference_errors"][0]


def test_calls_count_where_the_task_says_so(write: Callable[..., Path], words: Callable[..., Path]) -> None:
    asked = task("1", {**FOUND, "compare_args": ["zip"]}, reward_basis=["ACTION"])
    folder, file = write(asked), words(t1=["Hi"])
    assert run(folder, [LOOK, ("say", "ok")], transcripts=file)["pass_rate"] == 1.0
    assert run(folder, [("say", "ok")], transcripts=file)["pass_rate"] == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"task": "0", "messages": ["Hi"]}\nnonsense', r"users\.jsonl:2: no JSON"),
        ('{"task": "0"}', r"users\.jsonl:1: a transcript is"),
        ('\n{"task": "0", "messages": [1]}', r"users\.jsonl:2: a message is"),
        (
            '{"task": 0, "messages": []}\n{"id": "0", "messages": []}',
            r"users\.jsonl:2: task 0 stands there twice",
        ),
        ("\n", "holds no transcript"),
    ],
)
def test_bad_transcripts_are_told_with_their_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "users.jsonl"
    file.write_text(text)
    with pytest.raises(EvalError, match=message):
        read_transcripts(file)


def test_a_transcript_may_hold_both_sides(tmp_path: Path) -> None:
    file = tmp_path / "users.jsonl"
    sides = [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Hello"}, "Bye"]
    file.write_text(json.dumps({"task_id": 3, "messages": sides}))
    assert read_transcripts(file) == {"3": ["Hello", "Bye"]}


def test_a_transcript_of_no_task_and_no_user_at_all(
    write: Callable[..., Path], words: Callable[..., Path]
) -> None:
    folder, file = write(), words(t77=["Hi"])
    with pytest.raises(EvalError, match="there is no task 77"):
        run(folder, [], transcripts=file)
    with pytest.raises(EvalError, match="Somebody must play the user"):
        run(folder, [])


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([{"id": "0"}], "task 0: user_scenario: Field required"),
        ([TASKS[0], {**TASKS[1], "id": 0}], "'0' stands twice"),
        ([{**TASKS[0], "evaluation_criteria": {"actions": [{"arguments": {}}]}}], "task 0: .*name"),
    ],
)
def test_bad_tasks_are_told(tasks: list[Any], message: str, write: Callable[..., Path]) -> None:
    with pytest.raises(EvalError, match=message):
        load(write(*tasks))


def call(database: dict[str, Any], name: str, **arguments: Any) -> str:
    text, _ = run_tool(RetailTools(database), name, arguments)
    return text


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("find_user_id_by_email", {"email": "nobody@example.com"}, "User not found"),
        ("get_user_details", {"user_id": "x"}, "User not found"),
        ("get_product_details", {"product_id": RED}, "Product not found"),
        ("get_item_details", {"item_id": "10"}, "Item not found"),
        ("cancel_pending_order", {"order_id": "#W2", "reason": "no longer needed"}, "Non-pending order cannot be cancelled"),
        ("cancel_pending_order", {"order_id": "#W1", "reason": "bored"}, "Invalid reason"),
        ("modify_pending_order_address", {"order_id": "#W2", **ADDRESS}, "Non-pending order cannot be modified"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "item_ids": [BLUE]}, f"{BLUE} not found"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "new_item_ids": [RED]}, "The new item id should be different from the old item id"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "new_item_ids": [COFFEE]}, "Variant not found"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "new_item_ids": [GREEN]}, f"New item {GREEN} not found or available"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "new_item_ids": []}, "The number of items to be exchanged should match"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "payment_method_id": "gift_card_1"}, "Insufficient gift card balance to pay for the new item"),
        ("modify_pending_order_items", {**EXCHANGE, "order_id": "#W1", "payment_method_id": "x"}, "Payment method not found"),
        ("modify_pending_order_payment", {"order_id": "#W1", "payment_method_id": "credit_card_1"}, "The new payment method should be different from the current one"),
        ("modify_pending_order_payment", {"order_id": "#W1", "payment_method_id": "gift_card_1"}, "Insufficient gift card balance to pay for the order"),
        ("return_delivered_order_items", {"order_id": "#W2", "item_ids": [RED], "payment_method_id": "paypal_1"}, "Payment method should be the original payment method"),
        ("return_delivered_order_items", {"order_id": "#W2", "item_ids": [RED, RED], "payment_method_id": "gift_card_1"}, "Some item not found"),
        ("return_delivered_order_items", {"order_id": "#W1", "item_ids": [RED], "payment_method_id": "gift_card_1"}, "Non-delivered order cannot be returned"),
        ("exchange_delivered_order_items", {**EXCHANGE, "item_ids": [RED, RED], "new_item_ids": [BLUE, BLUE]}, f"Number of {RED} not found."),
        ("exchange_delivered_order_items", {**EXCHANGE, "payment_method_id": "gift_card_1"}, "Insufficient gift card balance to pay for the price difference"),
        ("calculate", {"expression": "__import__('os')"}, "Invalid characters in expression"),
        ("calculate", {"expression": "9**9**9"}, "Invalid expression"),
        ("calculate", {"expression": "1/0"}, "division by zero"),
        ("_order", {"order_id": "#W1"}, "Tool '_order' not found."),
    ],
)  # fmt: skip
def test_what_the_tools_refuse_changes_nothing(name: str, arguments: dict[str, Any], message: str) -> None:
    database = world()
    assert call(database, name, **arguments) == f"Error: {message}"
    assert database == world()


def test_wrong_arguments_of_any_kind_are_told() -> None:
    for arguments in ({}, {"order_id": ["#W1"]}, {"order_id": "#W1", "more": 1}):
        text, failed = run_tool(RetailTools(world()), "get_order_details", arguments)
        assert failed
        assert text.startswith("Error: ")


def test_users_are_found_whatever_the_case_and_accents() -> None:
    assert call(world(), "find_user_id_by_email", email="ADA.LI@example.com") == "ada_li_1"
    assert (
        call(world(), "find_user_id_by_name_zip", first_name="ada", last_name="LI", zip="90001") == "ada_li_1"
    )


def test_a_cancelled_order_is_refunded_to_the_gift_card_at_once() -> None:
    database = world()
    cancelled = json.loads(call(database, "cancel_pending_order", **CANCEL))
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "no longer needed")
    assert cancelled["payment_history"][1]["transaction_type"] == "refund"
    assert database["users"]["ada_li_1"]["payment_methods"]["gift_card_1"]["balance"] == 13.0


def test_items_of_a_pending_order_are_changed_and_paid() -> None:
    database = world()
    changed = json.loads(call(database, "modify_pending_order_items", **{**EXCHANGE, "order_id": "#W1"}))
    assert changed["status"] == "pending (item modified)"
    assert (changed["items"][0]["item_id"], changed["items"][0]["price"]) == (BLUE, 25.5)
    assert changed["items"][0]["options"] == {"color": "blue"}
    assert changed["payment_history"][1] == {
        "transaction_type": "payment", "amount": 5.5, "payment_method_id": "credit_card_1",
    }  # fmt: skip
    again = call(database, "modify_pending_order_items", **{**EXCHANGE, "order_id": "#W1"})
    assert again == "Error: Non-pending order cannot be modified"


def test_another_method_pays_a_pending_order() -> None:
    database = world()
    paid = json.loads(
        call(database, "modify_pending_order_payment", order_id="#W3", payment_method_id="paypal_1")
    )
    assert [one["transaction_type"] for one in paid["payment_history"]] == ["payment", "payment", "refund"]
    assert database["users"]["ada_li_1"]["payment_methods"]["gift_card_1"]["balance"] == 13.0


def test_addresses_and_returns() -> None:
    database = world()
    new = {**ADDRESS, "city": "Bonn"}
    assert json.loads(call(database, "modify_user_address", user_id="ada_li_1", **new))["address"] == new
    assert json.loads(call(database, "modify_pending_order_address", order_id="#W1", **new))["address"] == new
    back = {"order_id": "#W2", "item_ids": [TEA, RED], "payment_method_id": "gift_card_1"}
    returned = json.loads(call(database, "return_delivered_order_items", **back))
    assert returned["return_items"] == [RED, TEA]
    assert call(database, "transfer_to_human_agents", summary="x") == "Transfer successful"
    assert json.loads(call(database, "list_all_product_types")) == {"Mug": "20", "T-Shirt": "10"}


def test_every_tool_has_a_schema_that_says_it_all() -> None:
    found = {one["function"]["name"]: one["function"] for one in schemas()}
    assert set(found) == set(TOOLS) >= WRITES
    assert len(found) == 16
    exchange = found["exchange_delivered_order_items"]["parameters"]
    assert exchange["required"] == ["order_id", "item_ids", "new_item_ids", "payment_method_id"]
    assert exchange["properties"]["item_ids"]["items"] == {"type": "string"}
    for function in found.values():
        assert narrow(function["parameters"], {}).open is not None  # the engines' grammar takes it
        assert len(function["description"]) > 15
        assert all(spec["description"] for spec in function["parameters"]["properties"].values())


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
    )
)
def test_sums_are_right(expression: str) -> None:
    assert float(calculate(expression)) == eval(expression)  # noqa: S307 - digits and signs of our own making


def test_what_differs_is_told_place_by_place() -> None:
    found = {"a": {"b": [1, 2], "c": 1}, "e": 1}
    wanted = {"a": {"b": [1, 3], "d": 2}, "e": [1]}
    assert list(differences(found, wanted)) == [
        "a.b[1] is 2, should be 3",
        "a.d is missing, should be 2",
        "a.c is 1, should not be there",
        "e is 1, should be [1]",
    ]


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_equal_states_have_equal_hashes_and_no_difference(state: dict[str, Any]) -> None:
    other = dict(reversed(list(state.items())))
    assert state_hash(state) == state_hash(other)
    assert list(differences(state, other)) == []


def test_told_as_the_benchmark_looks_for_it() -> None:
    assert told("1067.5", ["It is $1,067.50."])
    assert told("Blue", ["the BLUE one"])
    assert not told("10", ["nine"])
