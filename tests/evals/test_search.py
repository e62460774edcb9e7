"""The search eval: its figures are right, its cases are sound, and search meets its bar on the demo shop."""

import csv
from fnmatch import fnmatchcase

import pytest

from shopwright.evals.search import CASES, Bm25, SearchEval, measure, read_cases
from shopwright.knowledge.names import DATA
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

CASE = [{"id": "1", "language": "en", "query": "a", "types": ["X*"]}]


def right(case: dict[str, object], answer: str) -> bool:
    return answer.startswith("X")


def test_figures_are_of_the_first_right_answer() -> None:
    third = measure(CASE, lambda query: ["A", "B", "XY", "X"], right)
    assert third["en"] == {"n": 1, "hit@1": 0.0, "hit@5": 1.0, "mrr@10": 0.3333}
    assert third["missed"] == []
    never = measure(CASE, lambda query: [], right)
    assert never["en"]["mrr@10"] == 0.0
    assert never["missed"][0]["id"] == "1"


def test_the_baseline_finds_shared_words_in_both_languages() -> None:
    baseline = Bm25([("cat", "dry cat food 猫粮"), ("pen", "red pen 红色钢笔"), ("lamp", "desk lamp 台灯")])
    assert baseline.find("cat food")[0] == "cat"
    assert baseline.find("台灯")[0] == "lamp"
    assert baseline.find("bicycle") == []


@pytest.mark.parametrize("name", ["search.jsonl", "search_dev.jsonl"])
def test_product_cases_name_types_that_exist(name: str) -> None:
    cases = read_cases(CASES / name)
    with (DATA / "types_zh.csv").open(encoding="utf-8", newline="") as handle:
        types = {row["product_type"] for row in csv.DictReader(handle)}
    assert len(cases) == 60
    assert sum(case["language"] == "zh" for case in cases) == 30
    assert len({case["id"] for case in cases}) == 60
    for case in cases:
        for pattern in case["types"]:
            assert any(fnmatchcase(known, pattern) for known in types), pattern


@pytest.mark.parametrize("name", ["passages.jsonl", "passages_dev.jsonl"])
def test_passage_cases_name_passages_that_exist(name: str) -> None:
    cases = read_cases(CASES / name)
    slugs = {path.name.split(".")[0] for path in (DATA / "help").glob("*.md")}
    assert len(cases) == 30
    assert all(set(case["slugs"]) <= slugs for case in cases)


def test_held_out_cases_are_not_the_ones_tuned_on() -> None:
    for held_out, tuned in (("search.jsonl", "search_dev.jsonl"), ("passages.jsonl", "passages_dev.jsonl")):
        ours = {case["query"] for case in read_cases(CASES / held_out)}
        assert not ours & {case["query"] for case in read_cases(CASES / tuned)}


@pytest.mark.demo
def test_search_meets_its_bar_on_the_demo_shop(demo_settings: Settings) -> None:
    suite = SearchEval(Shop(demo_settings))
    products = suite.products(read_cases(CASES / "search.jsonl"))["ours"]
    passages = suite.passages(read_cases(CASES / "passages.jsonl"))["ours"]
    for language in ("en", "zh"):
        assert products[language]["hit@5"] >= 0.85, products["missed"]
        assert passages[language]["hit@5"] >= 0.85, passages["missed"]
