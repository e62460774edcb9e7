"""What people did becomes cases, without anything personal, and accepted ones move into a suite whole."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session

from shopwright.evals.case import Case
from shopwright.evals.errors import EvalError
from shopwright.evals.loading import load_suite
from shopwright.evals.masking import left
from shopwright.evals.signals import Proposal, Turn, accept, collect, write_proposals
from shopwright.knowledge.audit import record
from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Campaign, CampaignTarget, Customer, Order, Redemption, User, now


@pytest.fixture
def shop(database: Engine, database_url: str, tmp_path: Path) -> Shop:
    """Two customers with an order each, and a member of the staff."""
    with Session(database) as session, session.begin():
        session.add(Customer(id=17, name="Ana López"))
        session.add(Customer(id=18, name="李晓梅"))
        session.add(User(username="jsmith", password_hash="x"))
        session.flush()
        session.add(Order(id=40012345678, customer_id=17, ordered_at=now(), total=5.0))
        session.add(Order(id=40012345679, customer_id=18, ordered_at=now(), total=5.0))
    return Shop(Settings(data_dir=tmp_path, database_url=database_url))


@pytest.fixture
def chats(shop: Shop) -> Conversations:
    return Conversations(shop.engine)


def step(tool: str, status: str = "done", **arguments: Any) -> dict[str, Any]:
    return {"id": "s1", "tool": tool, "status": status, "arguments": arguments, "result": {}}


def turn(chats: Conversations, talk: str, ask: str, *steps: dict[str, Any], **answer: Any) -> int:
    chats.append_user(talk, ask)
    return chats.append_assistant(
        talk, "Fine.", {"text": "Fine.", "language": "en", "steps": list(steps), **answer}
    )


def only(shop: Shop) -> Proposal:
    [proposal] = collect(shop).proposals
    return proposal


def test_a_thumb_up_expects_the_call_as_it_was_made(shop: Shop, chats: Conversations) -> None:
    talk = chats.start("marketer", "jsmith")
    turn(chats, talk, "Hello")
    rated = turn(
        chats,
        talk,
        "Recommend three things to customer 18",
        step("recommend_products", customer_id=18, count=3, about=None),
    )
    chats.rate(rated, "jsmith", 1, "Great, jsmith")
    case = only(shop).case
    assert case["role"] == "marketer"
    assert "customer" not in case
    assert case["tags"] == ["signal", "up"]
    assert case["turns"] == [
        {"ask": "Hello"},
        {"ask": "Recommend three things to customer {customer}", "tool": "recommend_products", "arguments": {"customer_id": "{customer}", "count": 3}},
    ]  # fmt: skip


def test_a_thumb_up_for_words_expects_no_tool(shop: Shop, chats: Conversations) -> None:
    chats.rate(turn(chats, chats.start("marketer", "jsmith"), "谢谢"), "jsmith", 1)
    assert only(shop).case["tool"] is None


def test_a_thumb_down_leaves_the_tool_to_the_reviewer(shop: Shop, chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor01:17")
    rated = turn(
        chats, talk, "我叫王小明，订单40012345678到哪了？", step("order_status", order_id=40012345678)
    )
    chats.rate(rated, "visitor01:17", -1, "不对！打我电话13812345678")
    proposal = only(shop)
    assert proposal.case["ask"] == "<name>，订单{own_order}到哪了？"
    assert proposal.case["customer"] == "own"
    assert not {"tool", "arguments"} & set(proposal.case)
    notes = proposal.turns[0].notes
    assert any("不对！打我<phone>" in note for note in notes)
    assert any("order_status" in note and "{own_order}" in note for note in notes)


def test_a_handoff_asks_about_the_turn_before(shop: Shop, chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor01:17")
    said = [
        {"role": "user", "text": "Where is order 40012345679?"},
        {"role": "assistant", "text": "?"},
        {"role": "user", "text": "A human please"},
    ]
    chats.open_ticket(talk, 17, "Ana López wants a person", said)
    proposal = only(shop)
    assert proposal.case["turns"] == [
        {"ask": "Where is order {other_order}?"},
        {"ask": "A human please", "tool": "hand_to_person", "changes": {"ticket": 1}},
    ]
    assert "What should it have been" in proposal.turns[0].notes[0]
    assert "Ana" not in proposal.text


def test_an_anonymous_visitor_stays_anonymous(shop: Shop, chats: Conversations) -> None:
    rated = turn(
        chats, chats.start("shopper", "visitor01"), "Any oat milk?", step("find_products", query="oat milk")
    )
    chats.rate(rated, "visitor01", 1)
    assert only(shop).case["customer"] is None


def test_earlier_turns_may_change_what_they_changed(shop: Shop, chats: Conversations) -> None:
    talk = chats.start("marketer", "jsmith")
    turn(chats, talk, "Save as Families", step("save_segment", name="Families"))
    chats.rate(turn(chats, talk, "How many?", step("find_segment")), "jsmith", 1)
    assert only(shop).case["turns"][0] == {"ask": "Save as Families", "changes": {"saved_segment": 1}}


def test_a_refused_call_is_expected_to_be_refused(shop: Shop, chats: Conversations) -> None:
    rated = turn(
        chats,
        chats.start("marketer", "jsmith"),
        "Copy for product 9",
        step("write_copy", "failed", product_id=9),
    )
    chats.rate(rated, "jsmith", 1)
    assert only(shop).case["status"] == "failed"


def test_a_segment_left_alone_and_one_edited(shop: Shop, chats: Conversations) -> None:
    talk = chats.start("marketer", "jsmith")
    turn(chats, talk, "Who has children?", step("find_segment", has_children=True))
    for name in ("Families", "Parents"):
        record(shop.engine, "jsmith", "marketer", "segment.save", name, {})
        saved = {**step("save_segment", name=name), "result": {"name": name}}
        turn(chats, talk, f"Save this as {name}", saved)
    record(shop.engine, "jsmith", "marketer", "segment.update", "Parents", {"age_min": 30})
    found = {one.kind: one for one in collect(shop).proposals}
    assert found["kept"].case["turns"] == [
        {"ask": "Who has children?", "tool": "find_segment", "arguments": {"has_children": True}},
        {"ask": "Save this as Families", "tool": "save_segment", "arguments": {"name": "Families"}, "changes": {"saved_segment": 1}},
    ]  # fmt: skip
    assert any('"age_min": 30' in note for note in found["edited"].turns[-1].notes)


def test_what_came_of_a_forecast_is_told_to_the_reviewer(shop: Shop, chats: Conversations) -> None:
    result = {"campaign_type": "B", "rate": {"low": 0.1, "mid": 0.2, "high": 0.3}}
    forecast = {**step("forecast_campaign", campaign_type="B"), "result": result}
    turn(chats, chats.start("marketer", "jsmith"), "Forecast a type B campaign", forecast)
    begun = now() + timedelta(days=2)
    with Session(shop.engine) as session, session.begin():
        session.add(Campaign(id=1, campaign_type="B", start_date=begun.date(), end_date=begun.date()))
        session.add(Order(id=40012345680, customer_id=17, ordered_at=begun + timedelta(days=9), total=5.0))
        session.flush()
        session.add_all([CampaignTarget(campaign_id=1, customer_id=one) for one in (17, 18)])
        session.add(Redemption(customer_id=17, campaign_id=1, coupon_id=1, redeemed_on=begun.date()))
    proposal = only(shop)
    assert proposal.case["arguments"] == {"campaign_type": "B"}
    assert "50.0% of its customers redeemed" in proposal.turns[0].notes[0]
    assert "not as forecast" in proposal.turns[0].notes[0]


def test_the_same_signal_twice_is_one_proposal(shop: Shop, chats: Conversations) -> None:
    for _ in range(3):
        rated = turn(
            chats, chats.start("marketer", "jsmith"), "Who lapsed?", step("find_segment", segment="at_risk")
        )
        chats.rate(rated, "jsmith", 1)
    proposal = only(shop)
    assert proposal.times == 3
    assert "3 times" in proposal.source
    assert only(shop).id == proposal.id
    assert collect(shop).signals == {"up": 3}


def test_what_cannot_be_masked_is_dropped_and_counted(shop: Shop, chats: Conversations) -> None:
    for ask in ("card 1234 5678 901 2", "L i x i a A n a L ó p e z"):
        chats.rate(turn(chats, chats.start("marketer", "jsmith"), ask), "jsmith", 1)
    chats.rate(turn(chats, chats.start("marketer", "jsmith"), "my reference: 123456789012"), "jsmith", 1)
    found = collect(shop)
    assert found.dropped >= 1
    assert all(left(one.text) == [] for one in found.proposals)
    assert not any("123456789012" in one.text for one in found.proposals)


def test_since_a_day(shop: Shop, chats: Conversations) -> None:
    chats.rate(turn(chats, chats.start("marketer", "jsmith"), "Who lapsed?"), "jsmith", 1)
    assert len(collect(shop, since=now().date()).proposals) == 1
    assert collect(shop, since=now().date().replace(year=2100)).proposals == []


MANY = [
    Proposal(
        "up-1", "up", "shopper",
        (Turn('# order: {own_order}?\n- "yes"', {"tool": "order_status", "arguments": {"order_id": "{own_order}"}}),),
        signed_in=True, day="2026-01-02", means="thumb up",
    ),
    Proposal(
        "down-2", "down", "shopper", (Turn("Hello"), Turn("null", {"says": ["yes"]}, notes=("why: 'no'\n# really",))),
        signed_in=True, day="2026-01-02", times=2, means="thumb down",
    ),
    Proposal("up-3", "up", "shopper", (Turn("Any oat milk?", {"tool": None}),), day="2026-01-02", means="thumb up"),
    Proposal(
        "up-4", "up", "marketer",
        (Turn("给客户{customer}写: 文案", {"tool": "write_copy", "arguments": {"product": "酸奶", "channel": "sms"}}),),
        day="2026-01-02", means="thumb up",
    ),
]  # fmt: skip


def review(path: Path, *states: str) -> None:
    """Mark the cases of the file in their order."""
    text = path.read_text(encoding="utf-8")
    for state in states:
        text = text.replace("review: pending", f"review: {state}", 1)
    path.write_text(text, encoding="utf-8")


def test_the_file_is_a_suite_but_for_the_review(tmp_path: Path) -> None:
    proposals = MANY
    path = tmp_path / "found.yaml"
    assert write_proposals(path, proposals) == len(proposals) == 4
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    for row, proposal in zip(listed, proposals, strict=True):
        assert row.pop("review") == "pending"
        assert row.pop("source") == proposal.source
        assert row == proposal.case
        Case.model_validate(row)
    assert write_proposals(path, proposals) == 4  # nothing was decided yet
    review(path, "reject")
    with pytest.raises(EvalError, match="holds reviewed cases"):
        write_proposals(path, proposals)


def test_nothing_found_makes_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert write_proposals(path, []) == 0
    assert accept(path, tmp_path / "suite.yaml") == 0
    assert not (tmp_path / "suite.yaml").exists()


def test_accepted_cases_move_into_a_new_suite_once(tmp_path: Path) -> None:
    proposals = MANY
    path, suite = tmp_path / "found.yaml", tmp_path / "own.yaml"
    write_proposals(path, proposals)
    review(path, "accept", "reject", "accept")
    assert accept(path, suite) == 2
    assert [case.id for case in load_suite(suite).cases] == [proposals[0].id, proposals[2].id]
    assert accept(path, suite) == 0
    assert path.read_text(encoding="utf-8").count("review: accepted") == 2
    text = path.read_text(encoding="utf-8").replace("review: accepted", "review: accept")
    path.write_text(text, encoding="utf-8")
    assert accept(path, suite) == 0
    assert len(load_suite(suite).cases) == 2


@pytest.mark.parametrize(
    "suite",
    [
        "# ours\nrole: shopper\ncustomer: own\ncases:\n  - {id: a, ask: Hello}  # first\n",
        "cases:\n- id: a\n  ask: Hello\nrole: marketer\n# the end\ntags: [x]\n",
        "role: marketer\ncases:\n    - id: a\n      ask: Hello",
    ],
)
def test_a_suite_keeps_what_stands_in_it(suite: str, tmp_path: Path) -> None:
    proposals = MANY
    path, target = tmp_path / "found.yaml", tmp_path / "own.yaml"
    target.write_text(suite, encoding="utf-8")
    write_proposals(path, proposals)
    review(path, *["accept"] * 4)
    assert accept(path, target) == 4
    text = target.read_text(encoding="utf-8")
    assert all(line in text for line in suite.splitlines())
    cases = {case.id: case for case in load_suite(target).cases}
    assert set(cases) == {"a", *(one.id for one in proposals)}
    for one in proposals:
        assert cases[one.id].role == one.role
        assert cases[one.id].customer == ("own" if one.signed_in else None)


ONE = Proposal(
    "up-1",
    "up",
    "marketer",
    (Turn("Who lapsed?", {"tool": "find_segment"}),),
    day="2026-01-02",
    means="thumb up",
)
TWO = Proposal(
    "up-2", "up", "marketer", (Turn("And now?", {"tool": None}),), day="2026-01-02", means="thumb up"
)


def reviewed(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    path = folder / "found.yaml"
    write_proposals(path, [ONE, TWO])
    review(path, "accept", "accept")
    path.write_text(path.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("And now?", "And jane@example.com?"),
            r"found.yaml:18: “jane@example.com” looks like personal data",
        ),
        (("And now?", "打13812345678"), r"found.yaml:18: “13812345678”"),
        (("ask: And now?", "asks: And now?"), r"found.yaml:1\d: asks: "),
        (("up-2", "up-1"), r"found.yaml:1\d: the id 'up-1' stands on line \d already"),
        (("review: accept\n", "review: yes\n"), r"found.yaml:\d: `review` is pending, accept or reject"),
        (("tool: null", "tool: null\n    tool: x"), r"found.yaml:20: the key 'tool' stands twice"),
        (("cases:", "case:"), r"found.yaml:1: this is no file of proposals"),
        (("tool: null", "# tool: null"), r"found.yaml:13: nothing is expected of the answer"),
        (("And now?", "'And"), r"found.yaml:\d+: "),
    ],
)
def test_a_wrong_file_changes_nothing(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    path, suite = reviewed(tmp_path, change), tmp_path / "own.yaml"
    suite.write_text("cases:\n  - {id: a, ask: Hello}\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(EvalError, match=says):
        accept(path, suite)
    assert suite.read_text(encoding="utf-8") == "cases:\n  - {id: a, ask: Hello}\n"
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["found.yaml", "own.yaml"]


def test_the_shop_s_own_people_are_looked_for(shop: Shop, tmp_path: Path) -> None:
    path = reviewed(tmp_path, ("And now?", "And Ana López?"))
    with pytest.raises(EvalError, match=r"found.yaml:18: “ana lópez”"):
        accept(path, tmp_path / "own.yaml", shop)


def test_an_id_of_another_case_is_refused(tmp_path: Path) -> None:
    path, suite = reviewed(tmp_path), tmp_path / "own.yaml"
    suite.write_text("cases:\n  - {id: up-2, ask: Something else}\n", encoding="utf-8")
    with pytest.raises(EvalError, match=r"found.yaml:\d+: .*has another case with the id 'up-2'"):
        accept(path, suite)


def test_a_suite_in_one_line_is_refused(tmp_path: Path) -> None:
    path, suite = reviewed(tmp_path), tmp_path / "own.yaml"
    suite.write_text("cases: [{id: a, ask: Hello}]\n", encoding="utf-8")
    with pytest.raises(EvalError, match=r"own.yaml: write `cases:` as a list"):
        accept(path, suite)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(ask=TEXTS, value=TEXTS, note=TEXTS)
def test_any_text_survives_the_file(ask: str, value: str, note: str, tmp_path: Path) -> None:
    path = tmp_path / "found.yaml"
    expected = {"tool": "find_products", "arguments": {"query": value}}
    proposal = Proposal(
        "up-1", "up", "marketer", (Turn(ask, expected, (note,)),), day="2026-01-02", means="thumb up"
    )
    path.unlink(missing_ok=True)
    write_proposals(path, [proposal])
    [row] = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
    assert (row["ask"], row["arguments"]["query"]) == (ask, value)
