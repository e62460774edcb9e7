"""Search quality: products and help passages, ours beside BM25, in each language.

    python -m shopwright.evals.search --data DIR [--cases FILE] [--passages FILE] [--json]

A product case is {id, language, query, types}: a hit is a product whose type matches one of `types`
(names with * wildcards). A passage case is {id, language, query, slugs}. hit@k: the share of cases with
a right answer among the first k; MRR@10: the mean of 1/rank of the first right answer, 0 beyond ten.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import bm25s
import jieba

from shopwright.knowledge.search import DocumentSearch, ProductSearch
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

CASES = Path(__file__).parent / "cases"
Case = dict[str, Any]
Find = Callable[[str], Sequence[str]]


class Bm25:
    """BM25 (Robertson and Walker, 1994) over texts, English by words and Chinese by jieba."""

    def __init__(self, labelled: Sequence[tuple[str, str]]) -> None:
        self._labels = [label for label, _ in labelled]
        self._index = bm25s.BM25()
        self._index.index([_terms(text) for _, text in labelled], show_progress=False)

    def find(self, query: str, k: int = 10) -> list[str]:
        """Labels of the best texts, each once, best first; texts that share no word are left out."""
        terms = [term for term in _terms(query) if term in self._index.vocab_dict]
        if not terms:
            return []
        count = min(len(self._labels), 50 * k)
        rows, scores = self._index.retrieve([terms], k=count, show_progress=False)
        found = [self._labels[row] for row, score in zip(rows[0], scores[0], strict=True) if score > 0]
        return list(dict.fromkeys(found))[:k]


class SearchEval:
    """Runs the cases over one shop."""

    def __init__(self, shop: Shop) -> None:
        self._products: ProductSearch = shop.products
        self._documents: DocumentSearch = shop.documents

    def products(self, cases: Sequence[Case]) -> dict[str, Any]:
        """Figures for product cases: ours, BM25 over the shop's own words, BM25 over the texts we index."""
        return {
            "ours": measure(cases, self._types, _is_type),
            "bm25": measure(cases, self._source_baseline.find, _is_type),
            "bm25_our_texts": measure(cases, self._baseline.find, _is_type),
        }

    def passages(self, cases: Sequence[Case]) -> dict[str, Any]:
        """Figures for help passages: ours, and BM25 over titles and texts of both languages."""
        return {
            "ours": measure(cases, self._slugs, _is_slug),
            "bm25": measure(cases, self._passage_baseline.find, _is_slug),
        }

    def _types(self, query: str) -> list[str]:
        return [hit.product_type for hit in self._products.search(query, 10)]

    def _slugs(self, query: str) -> list[str]:
        return [passage.slug for passage in self._documents.search(query, 10)]

    @cached_property
    def _baseline(self) -> Bm25:
        return Bm25(self._products.labelled_texts())

    @cached_property
    def _source_baseline(self) -> Bm25:
        return Bm25(self._products.labelled_texts(source_only=True))

    @cached_property
    def _passage_baseline(self) -> Bm25:
        return Bm25(self._documents.labelled_texts())


def measure(cases: Sequence[Case], find: Find, right: Callable[[Case, str], bool]) -> dict[str, Any]:
    """hit@1, hit@5 and MRR@10 by language, the cases missed at 5, and the median milliseconds a query."""
    report: dict[str, Any] = {"missed": []}
    seconds = []
    for language in sorted({case["language"] for case in cases}):
        ranks = []
        for case in cases:
            if case["language"] == language:
                started = time.perf_counter()
                answers = find(case["query"])
                seconds.append(time.perf_counter() - started)
                ranks.append(_rank(case, answers, right))
                if ranks[-1] > 5:
                    report["missed"].append(
                        {"id": case["id"], "query": case["query"], "found": list(answers[:5])}
                    )
        report[language] = {
            "n": len(ranks),
            "hit@1": _mean(rank <= 1 for rank in ranks),
            "hit@5": _mean(rank <= 5 for rank in ranks),
            "mrr@10": _mean(1 / rank if rank <= 10 else 0.0 for rank in ranks),
        }
    report["milliseconds"] = round(1000 * sorted(seconds)[len(seconds) // 2], 1) if seconds else None
    return report


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def run(data_dir: Path, cases: Path, passages: Path) -> dict[str, Any]:
    """Both suites over the shop in `data_dir`."""
    suite = SearchEval(Shop(Settings(data_dir=data_dir)))
    suite._products.search("milk", 1)  # loads the model and the assortment before anything is timed
    suite._documents.search("milk", 1)
    return {
        "products": suite.products(read_cases(cases)),
        "passages": suite.passages(read_cases(passages)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m shopwright.evals.search", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the shop's data folder")
    parser.add_argument("--cases", type=Path, default=CASES / "search.jsonl")
    parser.add_argument("--passages", type=Path, default=CASES / "passages.jsonl")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    report = run(given.data, given.cases, given.passages)
    sys.stdout.write(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n" if given.json else _table(report)
    )


def _table(report: dict[str, Any]) -> str:
    lines = [f"{'':26}{'language':10}{'n':>4}{'hit@1':>8}{'hit@5':>8}{'MRR@10':>8}"]
    for suite, methods in report.items():
        for method, figures in methods.items():
            for language in ("en", "zh"):
                f = figures.get(language)
                if f:
                    lines.append(
                        f"{suite + ' ' + method:26}{language:10}{f['n']:>4}"
                        f"{f['hit@1']:>8.2f}{f['hit@5']:>8.2f}{f['mrr@10']:>8.2f}"
                    )
    return "\n".join(lines) + "\n"


def _rank(case: Case, answers: Sequence[str], right: Callable[[Case, str], bool]) -> float:
    ranks = [place for place, answer in enumerate(answers, 1) if right(case, answer)]
    return ranks[0] if ranks else float("inf")


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else 0.0


def _is_type(case: Case, answer: str) -> bool:
    return any(fnmatchcase(answer, pattern) for pattern in case["types"])


def _is_slug(case: Case, answer: str) -> bool:
    return answer in case["slugs"]


def _terms(text: str) -> list[str]:
    return [term for term in jieba.lcut_for_search(text.lower()) if any(map(str.isalnum, term))]


if __name__ == "__main__":
    main()
