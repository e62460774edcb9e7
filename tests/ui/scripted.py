"""An assistant that plays a script: it yields real events and stores real messages, but asks no model."""

import threading
import time
from collections.abc import Iterator

from shopwright.agent.turn import Answer, Event, Evidence, Request, Step, TextDelta, TextReset, Timings, Usage
from shopwright.knowledge.conversations import Conversations
from shopwright.tools.base import Card, Cards, Plot, Quotes, Series, Table, View

_TRIMMED = {
    False: "The conversation has grown long: the first 3 turns were left out of what the model <read>.",
    True: "对话较长：模型没有读取最早的 3 轮。",
}


class ScriptedAssistant:
    """Chooses its scene by a word of the request. `delay` is the pause between pieces, in seconds."""

    def __init__(self, conversations: Conversations, delay: float = 0.02) -> None:
        self.conversations = conversations
        self.delay = delay
        self.stopped: list[str] = []
        self.requests: list[Request] = []

    def stream(self, request: Request, *, stop: threading.Event | None = None) -> Iterator[Event]:
        """Play the scene."""
        stop = stop or threading.Event()
        self.requests.append(request)
        zh = any("\u4e00" <= c <= "\u9fff" for c in request.text)
        if "explode" in request.text:
            raise RuntimeError("the engine is on fire")
        conversation = request.conversation or self.conversations.start(request.role, request.actor)
        self.conversations.append_user(conversation, request.text)
        step, text, evidence = self._scene(request, conversation, zh)
        if step is not None:
            running = step.model_copy(update={"status": "running", "views": [], "text": "", "seconds": 0.0})
            yield running
            time.sleep(self.delay * 10)
            yield step
        said = ""
        if "reset" in request.text:
            yield TextDelta(text="These words could not be bound to evidence.")
            time.sleep(self.delay * 5)
            yield TextReset()
        for piece in _pieces(text):
            if stop.is_set():
                break
            said += piece
            yield TextDelta(text=piece)
            time.sleep(self.delay)
        answer = Answer(
            text=said,
            language="zh" if zh else "en",
            conversation=conversation,
            steps=[step] if step else [],
            evidence=evidence,
            timings=Timings(first_event_seconds=0.3, total_seconds=2.4),
            usage=Usage(
                prompt_tokens=1184,
                cached_tokens=1050,
                completion_tokens=61,
                prefill_seconds=1.9,
                decode_seconds=3.1,
            ),
            notices=[_TRIMMED[zh]] if "earlier" in request.text or "之前" in request.text else [],
            engine="scripted",
            stopped=stop.is_set(),
        )
        if stop.is_set():
            self.stopped.append(request.text)
        number = self.conversations.append_assistant(conversation, said, answer.model_dump(mode="json"))
        yield answer.model_copy(update={"message_id": number})

    def close(self) -> None:
        """Nothing is held."""

    def _scene(
        self, request: Request, conversation: str, zh: bool
    ) -> tuple[Step | None, str, list[Evidence]]:
        words = request.text.lower()
        scenes = {
            ("best customers", "最好的顾客"): _segment,
            ("forecast", "预测"): _forecast,
            ("complain", "抱怨"): _reviews,
            ("yogurt", "酸奶", "recommend", "推荐"): _products,
            ("return", "退货"): _policy,
        }
        for keys, scene in scenes.items():
            if any(key in words for key in keys):
                return scene(zh)
        if "person" in words or "人工" in words:
            return self._ticket(request, conversation, zh)
        if "long" in words:
            return None, "A long answer that goes on. " * 200, []
        return None, "你好，我能帮您分析店铺数据。" if zh else "Hello! I can look into your shop's data.", []

    def _ticket(self, request: Request, conversation: str, zh: bool) -> tuple[Step, str, list[Evidence]]:
        said = [{"role": "user", "text": request.text}]
        number = self.conversations.open_ticket(conversation, request.customer_id, request.text, said)
        text = (
            f"已为您转接人工，工单号 **{number}**。"
            if zh
            else f"A person will get back to you. Your ticket is **{number}**."
        )
        step = _step("hand_to_person", {"reason": request.text}, text, [])
        return step.model_copy(update={"result": {"ticket_id": number}}), text, []


def _pieces(text: str) -> list[str]:
    size = 4
    return [text[i : i + size] for i in range(0, len(text), size)]


def _step(tool: str, arguments: dict[str, object], text: str, views: list[View]) -> Step:
    return Step(id="s1", tool=tool, arguments=arguments, status="done", text=text, views=views, seconds=0.42)


def _segment(zh: bool) -> tuple[Step, str, list[Evidence]]:
    names = (
        ["牛奶", "面包", "奶酪", "冷冻披萨", "软饮料"]
        if zh
        else ["Milk", "Bread", "Cheese", "Frozen pizza", "Soft drinks"]
    )
    table = Table(
        title="他们买什么" if zh else "What they buy",
        columns=["品类", "顾客数", "占比", "消费"] if zh else ["Category", "Customers", "Share", "Spend"],
        rows=[
            [name, 400 - 31 * i, f"{97.4 - 6.2 * i:.1f}%", f"${41230 - 5120 * i:,}"]
            for i, name in enumerate(names)
        ],
    )
    plot = Plot(
        title="年龄分布" if zh else "Age bands",
        chart="bar",
        x_label="年龄" if zh else "Age",
        y_label="顾客数" if zh else "Customers",
        series=[
            Series(
                name="顾客" if zh else "Customers",
                x=["19–24", "25–34", "35–44", "45–54", "55–64", "65+"],
                y=[21, 74, 118, 132, 41, 25],
            )
        ],
    )
    text = (
        "**冠军客群**：411位顾客，占2,469位的16.6%。\n\n他们贡献了销售额的47.3%，最常购买牛奶和面包。"
        if zh
        else "**Champions**: 411 customers, 16.6% of 2,469.\n\n"
        "They bring 47.3% of sales and buy milk and bread most often."
    )
    source = "规模：411位顾客（2,469位中的16.6%）" if zh else "Size: 411 customers (16.6% of 2,469)"
    spent = "销售占比：47.3%" if zh else "Share of sales: 47.3%"
    evidence = [Evidence(claim=c, step="s1", tool="find_segment", source=s) for c, s in
                (("411", source), ("16.6%", source), ("2,469", source), ("47.3%", spent))]  # fmt: skip
    step = _step(
        "find_segment", {"segment": "champions", "active_days": None}, f"- {source}\n- {spent}", [table, plot]
    )
    return step, text, evidence


def _forecast(zh: bool) -> tuple[Step, str, list[Evidence]]:
    plot = Plot(
        title="以往活动的兑换率" if zh else "Redemption of past campaigns, %",
        chart="interval",
        y_label="%",
        series=[
            Series(
                name="以往" if zh else "Past",
                x=["C9", "C13", "C16", "C17", "C18", "C19"],
                y=[5.1, 7.4, 6.2, 5.9, 8.8, 6.5],
            ),
            Series(name="预测" if zh else "Forecast", x=["→"], y=[6.5], low=[4.2], high=[9.1]),
        ],
    )
    text = (
        "预计 **6.5%** 的受众会兑换（4.2%–9.1%）。"
        if zh
        else "About **6.5%** of the audience should redeem (4.2% to 9.1%)."
    )
    evidence = [Evidence(claim="6.5%", step="s1", tool="forecast_campaign", source="rate 6.5% (4.2%–9.1%)")]
    return (
        _step(
            "forecast_campaign", {"campaign_type": "B", "days": 14, "segment": "loyal"}, "- rate 6.5%", [plot]
        ),
        text,
        evidence,
    )


def _reviews(zh: bool) -> tuple[Step, str, list[Evidence]]:
    quotes = Quotes(
        title="抱怨" if zh else "Complaints",
        quotes=[
            {
                "text": "房间太小，<b>隔音</b>很差，半夜被吵醒好几次。",
                "source": "hotel · #812",
                "label": "negative",
            },
            {"text": "前台态度冷淡，等了四十分钟才入住。", "source": "hotel · #90", "label": "negative"},
        ],
    )
    plot = Plot(
        title="方面" if zh else "Aspects",
        chart="stacked",
        series=[
            Series(
                name="好评" if zh else "Positive",
                x=["房间隔音", "前台服务", "早餐质量", "地理位置", "卫生情况", "性价比", "停车与交通"],
                y=[120, 210, 98, 310, 150, 140, 60],
            ),
            Series(
                name="差评" if zh else "Negative",
                x=["房间隔音", "前台服务", "早餐质量", "地理位置", "卫生情况", "性价比", "停车与交通"],
                y=[260, 180, 120, 40, 130, 90, 75],
            ),
        ],
    )
    text = "最常见的抱怨是隔音。" if zh else "Noise is what people complain about most."
    return _step("analyze_reviews", {"subject": "hotel"}, "- noise", [plot, quotes]), text, []


def _products(zh: bool) -> tuple[Step, str, list[Evidence]]:
    kinds = (
        ["低脂酸奶 32盎司", "希腊酸奶", "酸奶六连杯", "儿童酸奶"]
        if zh
        else ["Yogurt, low fat 32 oz", "Greek yogurt", "Yogurt multi-pack", "Kids' yogurt"]
    )
    cards = Cards(
        title="找到的商品" if zh else "Found on our shelves",
        cards=[
            Card(
                title=name,
                subtitle="乳制品 · 酸奶" if zh else "Dairy · Yogurt",
                price=f"${1.29 + i:.2f}",
                reason="与描述相符" if zh else "Matches your words",
                product_id=1000 + i,
                badge="特价" if i == 1 and zh else "Offer" if i == 1 else "",
            )
            for i, name in enumerate(kinds)
        ],
    )
    text = "有的，这几款酸奶可以看看。" if zh else "Yes: these yogurts are on our shelves."
    return _step("find_products", {"query": "yogurt", "price_max": 5}, "- yogurt", [cards]), text, []


def _policy(zh: bool) -> tuple[Step, str, list[Evidence]]:
    passage = (
        "未拆封商品可在30天内凭小票退货。"
        if zh
        else "Unopened goods can be returned within 30 days with the receipt."
    )
    quotes = Quotes(
        title="退货政策" if zh else "Returns",
        quotes=[{"text": passage, "source": "退货 · 普通商品" if zh else "Returns · ordinary goods"}],
    )
    text = "未拆封的商品30天内可退 [1]。" if zh else "Unopened goods can be returned within 30 days [1]."
    evidence = [Evidence(claim="30天" if zh else "30", step="s1", tool="search_knowledge", source=passage)]
    return _step("search_knowledge", {"query": "returns"}, passage, [quotes]), text, evidence
