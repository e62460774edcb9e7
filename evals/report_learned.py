"""The README's tables of the learned models: backtests beside simple rules, and the tools' speed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shopwright.evals.benches.growth import growth, table

TARGETS = {
    "product_all": "products, all",
    "product_new": "products, new to the customer",
    "type_all": "product types, all",
    "type_new": "product types, new to the customer",
}
Kept = Mapping[str, Any]


def recommender_table(kept: Kept) -> str:
    """NDCG, recall and hit rate at 10 of each target, with NDCG of every simple rule."""
    rows = [
        "| ranked | NDCG@10 | recall@10 | hit rate@10 | simple rules' NDCG@10 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key, label in TARGETS.items():
        one = kept[key]
        rules = ", ".join(
            f"{name.replace('_', ' ')} {rule['ndcg@10']:.3f}" for name, rule in one["baselines"].items()
        )
        rows.append(
            f"| {label} | **{one['ndcg@10']:.3f}** | {one['recall@10']:.3f} | "
            f"{one['hit_rate@10']:.3f} | {rules} |"
        )
    return "\n".join(rows)


def foretold_table(campaigns: Kept, customers: Kept) -> str:
    """Campaigns and customers: the model's figure, and the simple rules' on the same split."""
    rules = campaigns["baselines"]
    rates = rules["rate_error_points"]
    churn, spend = customers["baselines"]["churn_auc"], customers["baselines"]["spend_error"]

    def ranked(key: str) -> str:
        return _named({name: rule[key] for name, rule in rules.items() if key in rule}, ".3f")

    def auc(key: str) -> str:
        low, high = campaigns[f"{key}_ci95"]
        return f"{campaigns[key]:.3f} ({low:.3f}–{high:.3f})"

    n = campaigns["n"]
    rows = [
        "| foretold | model | simple rules, same split |",
        "| --- | --- | --- |",
        f"| who redeems a campaign, AUC ({n['redeemers_tested']} of {n['tested_on']:,}) | "
        f"**{auc('redemption_auc')}** | {ranked('redemption_auc')} |",
        f"| the same, who never redeemed before ({n['first_time_redeemers_tested']} of "
        f"{n['first_time_tested']:,}) | **{auc('redemption_auc_first_time')}** | "
        f"{ranked('redemption_auc_first_time')} |",
        f"| a campaign's rate, error in points ({n['campaigns_forecast']} campaigns) | "
        f"**{campaigns['rate_error_points']:.2f}** | {_named(rates, '.2f')} |",
        f"| campaigns within the 80% and the 95% interval | **{campaigns['interval80_coverage']:.0%}**, "
        f"**{campaigns['interval95_coverage']:.0%}** | – |",
        f"| no purchase in the next 60 days, AUC | **{customers['churn_auc']:.3f}** | "
        f"{_named(churn, '.3f')} |",
        f"| spend of the next 90 days, error over the mean | **{customers['spend_error']:.3f}** | "
        f"{_named(spend, '.3f')} |",
    ]
    return "\n".join(rows)


def sentiment_table(kept: Kept) -> str:
    """Accuracy by language, in known and in unseen domains: default, fast, TF-IDF."""
    fast, plain = kept["fast"], kept["baselines"]
    rows = ["| accuracy | default | `--fast` | TF-IDF, same split |", "| --- | --- | --- | --- |"]
    for key, label in (
        ("zh_accuracy", "Chinese, known kinds of text"),
        ("en_accuracy", "English, known kinds of text"),
        ("zh_unseen_domain_accuracy", "Chinese, unseen domain, the source's noisy labels"),
        ("en_unseen_domain_accuracy", "English, unseen domain"),
    ):
        rows.append(
            f"| {label} | **{kept[key]:.3f}** | {_number(fast, key)} | {_number(_flat(plain), key)} |"
        )
    return "\n".join(rows)


def tools_table(kept: Kept) -> str:
    """The tools' speed on the demo shop."""
    targets = kept["targets"]
    rows = ["| what | measured | target |", "| --- | --- | --- |"]
    for key, label, unit in (
        ("segment_p95_ms", "a segment's whole report, p95", " ms"),
        ("recommend_p95_ms", "ten recommendations with reasons, p95", " ms"),
        ("forecasts_per_second", "campaign forecasts in batch", " a second"),
        ("reviews_per_second", "reviews, default classifier", " a second"),
        ("reviews_per_second_fast", "reviews, `--fast`", " a second"),
    ):
        rows.append(f"| {label} | {kept[key]:,.0f}{unit} | {targets[key]} |")
    return "\n".join(rows)


def _named(values: Kept, form: str) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:{form}}" for name, value in values.items())


def _flat(rules: Kept) -> Kept:
    """The figures of a baseline, whether they stand alone or under its name."""
    first = next(iter(rules.values()), None)
    return first if isinstance(first, Mapping) else rules


def _number(figures: Kept, key: str) -> str:
    value = figures.get(key)
    return "–" if value is None else f"{value:.3f}"


def learned_tables(results: Path) -> dict[str, str]:
    """The tables by the name of their place in the README, from the files of `results`."""
    kept = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in results.glob("*.json")}
    return {
        "recommender figures": recommender_table(kept["backtest-recommender"]),
        "foretold figures": foretold_table(kept["backtest-campaigns"], kept["backtest-customers"]),
        "sentiment figures": sentiment_table(kept["backtest-sentiment"]),
        "tools figures": tools_table(kept["tools"]),
        "scale figures": table(growth(sorted(results.glob("scale-*.json")))),
    }
