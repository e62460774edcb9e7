"""The page on which a marketer sees, edits and saves segments: a typed filter, counted while it is edited."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from shopwright.knowledge.segment_fields import FilterProblem, count, filter_fields, validate_filter
from shopwright.knowledge.segment_saved import SegmentNameError
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter
from shopwright.tools.base import Language, ToolContext
from shopwright.tools.find_segment import segment_result
from shopwright.tools.wording import describe_filter
from shopwright.ui.language import say
from shopwright.ui.pages import language_of, remember, render
from shopwright.ui.people import People, Person
from shopwright.ui.views import view_html

LARGEST = 32_768
TEXTS = (
    "any", "yes", "no", "segment_last_days", "segment_between", "segment_bought", "segment_not_bought",
    "segment_add_rule", "segment_remove",
    "segment_spend_from", "segment_spend_to", "segment_orders_from", "segment_orders_to",
    "segment_scope_hint", "segment_saved_now", "segment_delete_sure", "segment_failed",
)  # fmt: skip
NAMED_PERIODS = (
    "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year",
    "last_year",
)  # fmt: skip
Work = Callable[["Workbench", dict[str, Any]], dict[str, Any]]


class Workbench:
    """What the page may do for one person: look at a filter, and keep it under a name."""

    def __init__(self, shop: Shop, person: Person, language: Language) -> None:
        self.shop, self.person, self.language = shop, person, language
        self.context = ToolContext(shop, "marketer", person.actor, language)

    def page(self, values: dict[str, Any], name: str) -> str:
        """The whole page, with `values` filled in and the segment `name` marked."""
        texts: dict[str, Any] = {key: say(self.language, key) for key in TEXTS}
        texts["periods"] = {key: say(self.language, f"period_{key}") for key in NAMED_PERIODS}
        return render(
            "segments.html",
            self.language,
            person=self.person,
            name=name,
            fields=_embedded([field.model_dump() for field in filter_fields(self.shop)]),
            values=_embedded(values),
            texts=_embedded(texts),
        )

    def lists(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """The saved segments and those that every shop has, with what they mean and their sizes."""
        saved = [
            {"name": info.name, "title": info.name, "filter": _plain(info.filter)} | self._line(info.filter)
            for info in self.shop.segments.saved.all()
        ]
        named = [
            {
                "name": "",
                "title": say_of(self.language, one.info.name, one.info.name_zh),
                "filter": {"segment": one.info.key},
                "words": say_of(self.language, one.info.description, one.info.description_zh),
                "size": self._size(one.size),
            }
            for one in self.shop.segments.overview()
        ]
        return {"saved": saved, "named": named}

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the edited values mean, how many customers that is, and their figures as HTML."""
        checked = validate_filter(self.shop, _values(asked))
        if checked.filter is None:
            return {"problems": [self._problem(problem) for problem in checked.problems]}
        result = segment_result(self.context, checked.filter)
        return {
            "problems": [],
            "filter": _plain(checked.filter),
            **self._line(checked.filter),
            "html": "".join(view_html(view, self.language) for view in result.views),
        }

    def save(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Keep the values under a name; under the name of the segment being edited they take its place."""
        checked = validate_filter(self.shop, _values(asked))
        if checked.filter is None:
            return {"problems": [self._problem(problem) for problem in checked.problems]}
        name, edited = str(asked.get("name", "")), str(asked.get("edited", ""))
        kept, actor = self.shop.segments.saved, self.person.actor
        try:
            if not edited:
                info = kept.save(name, checked.filter, actor)
            else:
                current = kept.get(edited)
                if name.strip() != current.name:
                    kept.rename(edited, name, actor)
                info = kept.update(name, checked.filter, actor)
        except SegmentNameError as error:
            return {"problems": [self._name_problem(error)]}
        return {"problems": [], "name": info.name}

    def delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Forget a saved segment."""
        try:
            self.shop.segments.saved.delete(str(asked.get("name", "")), self.person.actor)
        except SegmentNameError as error:
            return {"problems": [self._name_problem(error)]}
        return {"problems": []}

    def _line(self, chosen: CustomerFilter) -> dict[str, Any]:
        found = count(self.shop, chosen)
        share = f"{found.size / found.customers:.1%}" if found.size and found.customers else ""
        return {
            "words": describe_filter(self.context, chosen),
            "size": self._size(found.size),
            "share": say(self.language, "segment_share", share=share) if share else "",
        }

    def _size(self, size: int | None) -> str:
        threshold = self.shop.settings.k_anonymity
        if size is None or 0 < size < threshold:
            return say(self.language, "segment_few", threshold=threshold)
        return f"{size:,}"

    def _problem(self, problem: FilterProblem) -> dict[str, str]:
        return {"field": problem.field, "message": say_of(self.language, problem.message, problem.message_zh)}

    def _name_problem(self, error: SegmentNameError) -> dict[str, str]:
        return {"field": "name", "message": say_of(self.language, str(error), error.zh)}


def segment_routes(people: People, shop: Shop) -> APIRouter:
    """The page and what its script asks for; for people who are signed in to the console only."""
    router = APIRouter(include_in_schema=False, prefix="/console/segments")

    @router.get("")
    def page(request: Request) -> Response:
        language = language_of(request)
        person = people.marketer(request.cookies)
        if person is None:
            return remember(RedirectResponse(f"/console/sign-in?language={language}", 303), language)
        bench = Workbench(shop, person, language)
        asked = request.query_params
        name, values = _opened(shop, asked.get("name", ""), asked.get("filter", ""))
        response = HTMLResponse(bench.page(values, name), headers={"cache-control": "no-store"})
        return remember(response, language)

    for path, work in (
        ("lists", Workbench.lists),
        ("look", Workbench.look),
        ("save", Workbench.save),
        ("delete", Workbench.delete),
    ):
        router.add_api_route(f"/{path}", _answering(people, shop, work), methods=["POST"])
    return router


def _answering(people: People, shop: Shop, work: Work) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        language = language_of(request)
        person = people.marketer(request.cookies)
        if person is None:
            return JSONResponse({"error": say(language, "signed_out")}, 401)
        asked = await _json(request)
        if asked is None:
            return JSONResponse({"error": say(language, "unknown_action")}, 400)
        try:
            found = await run_in_threadpool(work, Workbench(shop, person, language), asked)
        except LookupError as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse(found, headers={"cache-control": "no-store"})

    return answer


async def _json(request: Request) -> dict[str, Any] | None:
    """The posted object; None when it is none, or too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _opened(shop: Shop, name: str, text: str) -> tuple[str, dict[str, Any]]:
    """The saved segment `name`, or the values that an address carries as JSON; none where neither is."""
    if name:
        try:
            info = shop.segments.saved.get(name)
        except SegmentNameError:
            return "", {}
        return info.name, _plain(info.filter)
    try:
        values = json.loads(text[:LARGEST]) if text else {}
        chosen = CustomerFilter.model_validate(values)
    except (ValueError, RecursionError):
        return "", {}
    return "", _plain(chosen)


def _plain(chosen: CustomerFilter) -> dict[str, Any]:
    return chosen.model_dump(mode="json", exclude_none=True)


def _values(asked: dict[str, Any]) -> dict[str, Any]:
    values = asked.get("values")
    return values if isinstance(values, dict) else {}


def _embedded(value: Any) -> str:
    """JSON that may stand within a script element."""
    return json.dumps(value, ensure_ascii=False, default=str).replace("<", "\\u003c")


def say_of(language: Language, en: str, zh: str) -> str:
    """One of two wordings."""
    return zh if language == "zh" else en
