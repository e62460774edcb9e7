"""Segments saved by name, fields for editing them, members under pseudonyms."""

import re
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.audit import entries
from shopwright.knowledge.segment_fields import count, filter_fields, validate_filter
from shopwright.knowledge.segment_privacy import KEY_FILE, protect, pseudonym
from shopwright.knowledge.segment_saved import SavedSegments, SegmentNameError
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter, Period, Purchase

FILTER = CustomerFilter(age_min=45, purchases=[Purchase(bought=False, period=Period(days=60))])


@pytest.fixture
def shop(database: Engine, small_shop: Any, small_shop_settings: Settings) -> Shop:
    refresh_stats(database)
    return Shop(small_shop_settings)


def test_a_segment_is_saved_found_changed_and_forgotten(database: Engine) -> None:
    saved = SavedSegments(database)
    info = saved.save("  Cat   lovers ", FILTER, "ann")
    assert (info.name, info.owner, info.filter) == ("Cat lovers", "ann", FILTER)
    assert saved.get("CAT lovers") == info
    with pytest.raises(SegmentNameError, match="already"):
        saved.save("cat LOVERS", FILTER, "ben")
    with pytest.raises(SegmentNameError, match="Cat lovers") as missing:
        saved.get("Cat lover")
    assert "Cat lovers" in missing.value.zh
    saved.save("猫奴", CustomerFilter(married=True), "ben")
    with pytest.raises(SegmentNameError, match="already"):
        saved.rename("猫奴", "CAT LOVERS", "ben")
    assert saved.rename("猫奴", "猫友", "ben").name == "猫友"
    assert saved.update("猫友", FILTER, "ben").filter == FILTER
    saved.delete("Cat lovers", "ann")
    assert saved.names() == ("猫友",)
    actions = [entry.action for entry in entries(database)]
    assert actions == ["segment.delete", "segment.update", "segment.rename", "segment.save", "segment.save"]


@pytest.mark.parametrize("name", ["", "  ", "!?", "x" * 61, "champions", "Loyal customers", "沉睡客户"])
def test_names_that_cannot_be_told_apart_are_refused(database: Engine, name: str) -> None:
    with pytest.raises(SegmentNameError):
        SavedSegments(database).save(name, FILTER, "ann")


def test_fields_cover_the_filter_and_take_back_what_it_says(shop: Shop) -> None:
    shown = {field.key for field in filter_fields(shop)}
    predicted = {"churn_min", "churn_max", "predicted_min", "predicted_max", "cluster", "tags"}
    assert shown == set(CustomerFilter.model_fields) - predicted
    shop.segments.saved.save("Quiet", FILTER, "ann")
    chosen = FILTER.model_copy(update={"value": "high", "inactive_days": 30})
    assert validate_filter(shop, chosen.model_dump(mode="json")).filter == chosen
    named = validate_filter(shop, {"saved": "quiet", "married": None, "stage": ""}).filter
    assert named is not None
    assert named.saved is not None
    assert named.saved.filter == FILTER


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"age_min": 60, "age_max": 30}, "age_min"),
        ({"age_min": "old"}, "age_min"),
        ({"age_min": 500}, "age_min"),
        ({"segment": "whales"}, ""),
        ({"stage": "asleep"}, ""),
        ({"saved": "nobody"}, "saved"),
        ({"joined": {"days": -1}}, "joined"),
        ({"purchases": [{"bought": False, "spend_min": 3}]}, "purchases"),
        ({"purchases": "milk"}, "purchases"),
        ({"colour": "red"}, "colour"),
        ({"churn_min": 0.5}, ""),
    ],
)
def test_what_is_wrong_is_told_by_field(shop: Shop, values: dict[str, Any], field: str) -> None:
    check = validate_filter(shop, values)
    assert check.filter is None
    assert [problem.field for problem in check.problems] == [field]
    assert check.problems[0].message
    assert check.problems[0].message_zh


def test_few_customers_are_not_counted_or_listed(shop: Shop) -> None:
    few, many = CustomerFilter(top=3), CustomerFilter(active_days=60)
    assert count(shop, few).size is None
    assert count(shop, CustomerFilter()).size == 61
    assert shop.segments.preview(few).members == []
    assert shop.segments.preview(few).size is None
    listed = shop.segments.preview(many, 7)
    assert len(listed.members) == 7
    assert len({row.pseudonym for row in listed.members}) == 7
    assert all(re.fullmatch(r"C-[A-Z2-7]{8}", row.pseudonym) for row in listed.members)
    small = protect(shop.segments.report(few), 5)
    assert (small.size, small.spend_total, small.top_categories) == (0, 0, [])
    large = protect(shop.segments.report(many), 5)
    assert all(share.count >= 5 for share in [*large.ages, *large.top_categories])


def test_a_pseudonym_is_kept_with_its_key(tmp_path: Any) -> None:
    first = pseudonym(tmp_path / "a", 7)
    assert pseudonym(tmp_path / "a", 7) == first
    assert pseudonym(tmp_path / "a", 8) != first
    assert pseudonym(tmp_path / "b", 7) != first
    assert (tmp_path / "a" / KEY_FILE).stat().st_mode & 0o077 == 0


def test_overlaps_add_up(shop: Shop) -> None:
    wanted = CustomerFilter(active_days=60)
    shop.segments.saved.save("High", CustomerFilter(value="high"), "ann")
    ours = set(shop.segments.members(wanted))
    found = {overlap.key: overlap for overlap in shop.segments.overlaps(wanted)}
    high = set(shop.segments.members(CustomerFilter(value="high")))
    assert found["High"].both == len(ours & high)
    assert found["High"].jaccard == pytest.approx(len(ours & high) / len(ours | high))
    assert sum(o.both for o in found.values() if not o.saved) == len(ours)


def test_a_comparison_and_a_persona_are_of_the_members(shop: Shop) -> None:
    first, second = CustomerFilter(active_days=60), CustomerFilter(inactive_days=60)
    found = shop.segments.compare(first, second)
    assert found.overlap.both == 0
    assert found.first.report.size == shop.segments.size(first)
    for pair in found.categories:
        assert 0 <= pair.first <= 1
        assert 0 <= pair.second <= 1
    persona = shop.segments.persona(first)
    assert persona.orders_read > 0
    assert sum(persona.days) == pytest.approx(1)
    assert all(0 <= share.members <= 1 and share.known > 0 for share in persona.shares)
