"""The audit of recommendations as text for people, in English or Chinese."""

from __future__ import annotations

from typing import Any

WORDS = {
    "en": {
        "title": "Who is shown, against what was bought: {customers} customers, recommendations as of "
        "{train_until}, purchases until {test_until}",
        "modes": {"all": "All recommendations", "discover": "Discover (never bought before)"},
        "parts": {"brands": "Brand", "departments": "Department", "customers": "Customers"},
        "columns": ("catalogue", "sales", "bought", "shown", "shown / bought (95%)"),
        "flags": {"over": "shown more than bought", "under": "shown less than bought", "": ""},
        "served": {"over": "served better than all", "under": "served worse than all", "": ""},
        "spread": "{products_shown} different products shown ({coverage:.1%} of those bought by 5 or more); "
        "Gini of exposure {gini_exposure}, of sales {gini_sales}.",
        "none": "No group lies outside the fair range of {low} to {high}.",
        "some": "Outside the fair range of {low} to {high}: {flags}.",
        "note": "An observation on this shop's orders; it does not tell why.",
    },
    "zh": {
        "title": "展示与实际购买对照：{customers} 位客户，推荐截至 {train_until}，购买截至 {test_until}",
        "modes": {"all": "全部推荐", "discover": "发现新品（从未买过）"},
        "parts": {"brands": "品牌", "departments": "部门", "customers": "客户"},
        "columns": ("在售占比", "销售占比", "购买占比", "展示占比", "展示/购买（95%区间）"),
        "flags": {"over": "展示多于购买", "under": "展示少于购买", "": ""},
        "served": {"over": "效果好于总体", "under": "效果差于总体", "": ""},
        "spread": "共展示 {products_shown} 种商品（占至少 5 人买过商品的 {coverage:.1%}）；"
        "展示的基尼系数 {gini_exposure}，销售的为 {gini_sales}。",
        "none": "没有群体超出 {low} 到 {high} 的公平范围。",
        "some": "超出 {low} 到 {high} 公平范围的：{flags}。",
        "note": "这是对本店订单的观察，不说明原因。",
    },
}


def report(found: dict[str, Any], language: str = "en") -> str:
    """What `recommend_audit.audit` found, as Markdown: a table a part, and the flags in words."""
    words: dict[str, Any] = WORDS["zh" if language == "zh" else "en"]
    lines = [f"# {words['title'].format(**found)}", ""]
    for mode in ("all", "discover"):
        result = found[mode]
        lines += [f"## {words['modes'][mode]}", ""]
        for part in ("brands", "departments"):
            lines += [*_table(words, part, result[part]), ""]
        lines += [*_customers(words, result["customers"]), "", words["spread"].format(**result["spread"]), ""]
    low, high = found["fair_ratio"]
    told = words["some" if found["flags"] else "none"]
    lines += [told.format(low=low, high=high, flags="; ".join(found["flags"])), words["note"]]
    return "\n".join(lines)


def _table(words: dict[str, Any], part: str, rows: list[dict[str, Any]]) -> list[str]:
    heads = (words["parts"][part], *words["columns"], "")
    lines = [f"| {' | '.join(heads)} |", "| --- | ---: | ---: | ---: | ---: | ---: | --- |"]
    for row in rows:
        shares = (f"{row[name]:.1%}" for name in ("catalogue", "sales", "relevance", "exposure"))
        low, high = row["ratio_interval95"]
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f} ({low:.2f}–{high:.2f})"
        lines.append(f"| {' | '.join([row['group'], *shares, ratio, words['flags'][row['flag']]])} |")
    return lines


def _customers(words: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    lines = [f"| {words['parts']['customers']} | n | NDCG@10 (95%) | |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        low, high = row["ndcg@10_interval95"]
        figure = f"{row['ndcg@10']:.3f} ({low:.3f}–{high:.3f})"
        lines.append(f"| {row['group']} | {row['customers']} | {figure} | {words['served'][row['flag']]} |")
    return lines
