"""What reviewers, and users of the chat, say: in figures, over time and in their own words."""

import re
from typing import Annotated, Literal

from pydantic import Field

from shopwright.knowledge.chat_feedback import chat_feedback
from shopwright.knowledge.review_types import NameCount, ReviewTrend
from shopwright.knowledge.types import ReviewReport
from shopwright.tools.base import (
    Example,
    Table,
    ToolContext,
    ToolError,
    ToolResult,
    View,
    mentioned,
    shop_tool,
)
from shopwright.tools.review_wording import (
    aspects_plot,
    chat_result,
    emerging_view,
    good_share,
    months_view,
    names_view,
    quoted_for_model,
    quoted_for_people,
    quotes_view,
    sides_lines,
    trend_lines,
)
from shopwright.tools.wording import percent, say, whole

About = Annotated[
    str | None,
    Field(
        description="What the reviews are about (hotel, camera, a product, the chat ...), in the person's words, only if named.",
        max_length=60,
    ),
]
AspectName = Annotated[
    str | None,
    Field(
        description="Side of the thing (battery, service, price ...), in the person's words, only if named.",
        max_length=40,
    ),
]
Tongue = Annotated[
    Literal["en", "zh"] | None, mentioned("language", "Only reviews written in this language.")
]
Mood = Annotated[
    Literal["positive", "negative"] | None, mentioned("sentiment", "Only praise or only complaints.")
]


@shop_tool(
    roles=("marketer",),
    examples=(
        Example(
            "What do people complain about in the hotel reviews?",
            "酒店的差评主要在抱怨什么？",
            {"about": "hotel", "sentiment": "negative"},
            {"about": "酒店", "sentiment": "negative"},
        ),
        Example(
            "How is the battery of the camera reviewed?",
            "相机的电池评价如何？",
            {"about": "camera", "aspect": "battery"},
            {"about": "相机", "aspect": "电池"},
        ),
        Example("Summarise our reviews", "总结一下我们的评论", {}),
        Example(
            "What do people complain about in the chat?",
            "用户对聊天助手有什么抱怨？",
            {"about": "chat", "sentiment": "negative"},
            {"about": "聊天", "sentiment": "negative"},
        ),
    ),
)
def analyze_reviews(
    context: ToolContext,
    about: About = None,
    aspect: AspectName = None,
    language: Tongue = None,
    sentiment: Mood = None,
) -> ToolResult:
    """Read customer reviews or chat feedback: how many are good or bad, pros and cons, trends, quotes."""
    if about and CHAT.search(about):
        return chat_result(context.language, chat_feedback(context.shop))
    analyst = context.shop.reviews
    subject = analyst.resolve_subject(about) if about else None
    name = analyst.resolve_name(about) if about and subject is None else None
    if about and subject is None and name is None and about.strip().lower() not in GENERIC:
        known = say(context.language, ", ", "、").join(
            say(context.language, name, name_zh) for _, name, name_zh, _ in analyst.subjects()
        )
        raise ToolError(
            say(
                context.language,
                f"There are no reviews about '{about}'. Reviews exist about: {known}.",
                f"没有关于“{about}”的评论。已有评论的对象：{known}。",
            )
        )
    return _result(
        context,
        analyst.analyze(subject=subject, language=language, aspect=aspect, sentiment=sentiment, name=name),
        analyst.trend(subject=subject, language=language, aspect=aspect, name=name),
        analyst.names(subject=subject, language=language, aspect=aspect, name=name),
    )


CHAT = re.compile(
    r"\b(?:chats?|chatbots?|(?:shop(?:ping)?|virtual|ai|chat|our|the|this) assistants?)\b|^\s*assistants?(?:.s answers)?\s*$|"
    r"聊天|对话|(?:智能|购物|ai|小|客服|在线|人工智能)?助手(?!机)|(?:聊天|客服|对话|问答|智能客服|在线)机器人|^(?:这个|那个|我们的|店里的)?机器人(?:客服)?$",
    re.IGNORECASE,
)
GENERIC = {
    "reviews", "review", "our reviews", "customer reviews", "products", "our products", "customers", "feedback", "everything", "all",
    "评论", "评价", "我们的评论", "客户评论", "用户评价", "商品", "产品", "全部", "所有评论", "顾客评论", "差评", "好评",
}  # fmt: skip


def _result(
    context: ToolContext, report: ReviewReport, trend: ReviewTrend, names: list[NameCount]
) -> ToolResult:
    tongue = context.language
    about = say(tongue, report.subject_name, report.subject_name_zh) or say(tongue, "all reviews", "全部评论")
    if not report.reviews:
        nothing = say(tongue, f"No review matches ({about}).", f"没有符合条件的评论（{about}）。")
        return ToolResult(text=nothing, headline=nothing, data=report.model_dump(mode="json"))
    headline = say(
        tongue,
        f"**{about}**: {whole(report.reviews)} reviews, {whole(report.positive)} positive ({percent(report.positive_share)}) "
        f"and {whole(report.negative)} negative.",
        f"**{about}**：共{whole(report.reviews)}条评论，正面{whole(report.positive)}条（{percent(report.positive_share)}），负面{whole(report.negative)}条。",
    )
    aspects = [
        say(
            tongue,
            f"- {a.name}: {whole(a.positive)} good, {whole(a.negative)} bad mentions",
            f"- {a.name_zh}：好评{whole(a.positive)}次，差评{whole(a.negative)}次",
        )
        for a in report.aspects[:6]
    ]
    sides, changes = sides_lines(tongue, report), trend_lines(tongue, trend)
    quotes = report.complaints[:2] + report.praise[:2]
    shown = [*(sides or aspects[:4]), *(changes if trend.dated else [])]
    notes = [say(tongue, report.note, report.note_zh)]
    if not trend.dated:
        notes.append(say(tongue, trend.note, trend.note_zh))
    return ToolResult(
        text="\n".join(
            [f"- {headline.replace('**', '')}", *aspects, *sides, *changes, *quoted_for_model(tongue, quotes)]
        ),
        headline=headline + ("\n\n" + "\n".join(shown) if shown else ""),
        reply=say(
            tongue,
            "Write one or two sentences: what reviewers like, what they criticise, and what to improve first. No figures, no quotes.",
            "写一两句话：顾客喜欢什么、批评什么、应先改进什么。不要数字，不要引用原文。",
        ),
        appendix="\n>\n".join(
            [
                *(quoted_for_people(quote) for quote in report.complaints[:1] + report.praise[:1]),
                *(f"> {note}" for note in notes if note),
            ]
        ),
        memory=say(tongue, f"read reviews about: {about}", f"已分析评论：{about}"),
        data=report.model_dump(mode="json")
        | {
            "good_shares": {one.key: good_share(one) for one in report.aspects},
            "trend": trend.model_dump(mode="json"),
            "names": [one.model_dump(mode="json") for one in names],
        },
        views=_views(context, report, trend, names),
    )


def _views(
    context: ToolContext, report: ReviewReport, trend: ReviewTrend, names: list[NameCount]
) -> list[View]:
    tongue = context.language
    named = [(say(tongue, a.name, a.name_zh), a.positive, a.negative) for a in report.aspects]
    views: list[View] = [
        *aspects_plot(tongue, say(tongue, "Mentions by aspect", "各方面提及次数"), named),
        *months_view(tongue, trend.months, say(tongue, "Good reviews by month", "各月好评率")),
        *emerging_view(tongue, trend),
    ]
    if len(report.by_subject) > 1:
        views.append(
            Table(
                title=say(tongue, "By subject", "按对象"),
                columns=[
                    say(tongue, "Subject", "对象"),
                    say(tongue, "Reviews", "评论数"),
                    say(tongue, "Share", "占比"),
                ],
                rows=[
                    [say(tongue, s.name, s.name_zh), whole(s.count), percent(s.share)]
                    for s in report.by_subject
                ],
            )
        )
    views += names_view(tongue, names)
    for title, quotes in (
        (say(tongue, "Complaints", "差评原文"), report.complaints),
        (say(tongue, "Praise", "好评原文"), report.praise),
    ):
        if quotes:
            views.append(quotes_view(tongue, title, quotes, say(tongue, "review", "评论")))
    return views
