"""`shopwright search`: products for one query, or for a file of queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shopwright.ui.cli_lines import Line, read_lines
from shopwright.ui.cli_output import RefusedError, emit, emit_json, note, pick, require_shop, sentence

if TYPE_CHECKING:
    from shopwright.knowledge.settings import Settings
    from shopwright.knowledge.shop import Shop
    from shopwright.knowledge.types import ProductHit


@contextmanager
def opened(settings: "Settings") -> Iterator["Shop"]:
    """The shop of these settings, refused with a remedy when there is none."""
    require_shop(settings)
    from shopwright.knowledge.shop import Shop

    shop = Shop(settings)
    try:
        yield shop
    finally:
        shop.close()


def as_hit(hit: "ProductHit") -> dict[str, Any]:
    """A product in the documented form of `search --json`."""
    return {
        "product_id": hit.product_id,
        "product_type": hit.product_type,
        "name": hit.name,
        "score": round(hit.score, 4),
    }


def search_one(settings: "Settings", query: str, k: int, *, as_json: bool) -> None:
    """Print the products found for one query."""
    if not query.strip():
        raise RefusedError("The query is empty: say what to look for.", "查询为空:请写明要找什么。", code=2)
    with opened(settings) as shop:
        hits = shop.products.search(query, k)
    if as_json:
        emit_json({"query": query, "hits": [as_hit(hit) for hit in hits]})
        return
    for hit in hits:
        price = "" if hit.price is None else f"{hit.price:.2f}"
        emit(f"{hit.product_id}\t{pick(hit.name, hit.name_zh or hit.name)}\t{price}\t{hit.score:.3f}")
    if not hits:
        note(pick("Nothing found.", "没有找到商品。"))


def search_file(settings: "Settings", file: str, k: int) -> int:
    """Answer every query of a JSON lines file; return the exit code."""
    failed = 0
    with opened(settings) as shop:
        for line in read_lines(file):
            result = _search_line(shop, line, k)
            failed += "error" in result
            emit_json(result)
    return int(bool(failed))


def _search_line(shop: "Shop", line: Line, k: int) -> dict[str, Any]:
    if line.error:
        return {"id": line.id, "error": line.error}
    try:
        hits = shop.products.search(line.text("query"), k)
    except Exception as error:  # noqa: BLE001 - one query's failure is its own line; the run goes on
        where = "" if str(error).startswith("Line ") else f"Line {line.number}: "
        return {"id": line.id, "error": where + sentence(error)}
    return {"id": line.id, "hits": [as_hit(hit) for hit in hits]}
