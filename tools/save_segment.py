"""Keep a group of customers under a name, to be used again."""

import re
from typing import Annotated

from shopwright.knowledge.segment_saved import SegmentNameError
from shopwright.tools.audience import Group, group_filter
from shopwright.tools.base import Example, Table, ToolContext, ToolError, ToolResult, mentioned, shop_tool
from shopwright.tools.wording import describe_filter, say, whole

Name = Annotated[str | None, mentioned("segment_name", "The name to save the segment under.", max_length=60)]
REPLACE = re.compile(r"\b(?:update|replace|overwrite)\b|更新|覆盖|替换")


@shop_tool(
    roles=("marketer",),
    changes=True,
    examples=(
        Example(
            "Save this segment as Weekend shoppers",
            "把这个人群保存为周末客",
            {"name": "Weekend shoppers"},
            {"name": "周末客"},
        ),
        Example(
            "save renters over 45 as Quiet tenants",
            "将45岁以上的租房客户存为安静租客",
            {"name": "Quiet tenants"},
            {"name": "安静租客"},
        ),
    ),
)
def save_segment(context: ToolContext, name: Name = None, group: Group = None) -> ToolResult:
    """Save a segment under a name: the one just found, or the one that the request describes."""
    language = context.language
    if not name:
        raise ToolError(
            say(
                language,
                "Under which name? Say for example: save this as Cat lovers.",
                "要保存成什么名称？例如：保存为猫奴。",
            )
        )
    chosen = group_filter(context, group)
    if chosen.everyone:
        raise ToolError(
            say(
                language,
                "Which customers should be saved? Find a segment first, or describe it: save loyal customers over 45 as ...",
                "要保存哪些客户？请先查找一个人群，或直接描述，例如：把45岁以上的忠诚客户保存为……",
            )
        )
    saved = context.shop.segments.saved
    asked = str(context.transcript[-1]["text"]) if context.transcript else ""
    keep = saved.update if REPLACE.search(asked.lower()) and name in saved.names() else saved.save
    try:
        info = keep(name, chosen, context.actor, role=context.role)
    except SegmentNameError as error:
        raise ToolError(say(language, str(error), error.zh)) from error
    who = describe_filter(context, chosen)
    size, threshold = context.shop.segments.size(chosen), context.shop.settings.k_anonymity
    count = (
        say(language, f"fewer than {threshold}", f"不足{threshold}") if 0 < size < threshold else whole(size)
    )
    headline = say(
        language,
        f"Saved as **{info.name}**: {who} ({count} customers today). Use it by its name, for example: "
        f"forecast a campaign to “{info.name}”.",
        f"已保存为**{info.name}**：{who}（目前{count}位客户）。之后可直接用名称，例如：预测给“{info.name}”发券的效果。",
    )
    return ToolResult(
        text=f"- {headline.replace('**', '')}",
        headline=headline,
        memory=say(language, f"saved segment {info.name}: {who}", f"已保存人群{info.name}：{who}"),
        data={
            "name": info.name,
            "described": who,
            "filter": chosen.model_dump(mode="json", exclude_none=True),
            "size": None if 0 < size < threshold else size,
            "threshold": threshold,
        },
        views=[
            Table(
                title=say(language, "Saved segments", "已保存的人群"),
                columns=[
                    say(language, "Name", "名称"),
                    say(language, "Customers", "客户"),
                    say(language, "Saved by", "保存人"),
                ],
                rows=[[one.name, describe_filter(context, one.filter), one.owner] for one in saved.all()],
            )
        ],
    )
