"""Every sentence of the web pages, in both languages."""

from typing import Any

from shopwright.tools.base import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
HTML_LANGUAGE = {"en": "en", "zh": "zh-CN"}

_TEXTS: dict[str, tuple[str, str]] = {
    # what both chats say
    "new_chat": ("New chat", "新对话"),
    "send": ("Send", "发送"),
    "stop": ("Stop", "停止"),
    "thinking": ("Thinking", "正在思考"),
    "warming": ("Model is warming up", "模型预热中"),
    "warming_long": (
        "The model is still being loaded. Your question waits here and is answered as soon as it is ready.",
        "模型仍在加载，您的问题会在就绪后立即回答。",
    ),
    "ready": ("Ready", "已就绪"),
    "engine_failed": ("Model unavailable", "模型不可用"),
    "engine_failed_long": (
        "The model could not be loaded, so nothing can be answered now. "
        "The person who runs this server finds the reason with `shopwright doctor`.",
        "模型未能加载，目前无法回答。请服务器管理员运行 `shopwright doctor` 查看原因。",
    ),
    "stopped": ("Stopped at your request.", "已按您的要求停止。"),
    "failed": (
        "Something went wrong and the answer could not be finished. Nothing was changed. "
        "Try again; if it happens again, tell your administrator this number: {id}.",
        "出了点问题，回答未能完成，数据没有任何改动。请重试；若再次发生，请把编号 {id} 告诉管理员。",
    ),
    "empty_input": (
        "Write a question first: there was nothing to answer.",
        "请先输入问题：刚才的内容是空的。",
    ),
    "too_long": (
        "Your message has {count} characters; the most that can be read at once is {limit}. "
        "Shorten it, or split it into several questions.",
        "您的消息有 {count} 个字符，一次最多能读 {limit} 个。请缩短，或分成几个问题。",
    ),
    "busy": (
        "Your last question is still being answered here. Wait for it, or press stop.",
        "上一个问题还在回答中。请稍候，或按停止。",
    ),
    "signed_out": ("Your session has ended. Reload the page to go on.", "会话已结束，请刷新页面后继续。"),
    "no_conversation": (
        "This conversation does not exist, or belongs to someone else.",
        "该对话不存在，或属于其他人。",
    ),
    "nothing_to_retry": ("There is no question to ask again.", "没有可以重新提问的内容。"),
    "retry": ("Ask again", "重新回答"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "helpful": ("Helpful", "有帮助"),
    "not_helpful": ("Not helpful", "没有帮助"),
    "why": ("What was it?", "说说原因"),
    "why_hint": ("A few words (optional)", "几个字就好（可不填）"),
    "save": ("Save", "保存"),
    "cancel": ("Cancel", "取消"),
    "your_feedback": ("Your feedback", "您的反馈"),
    "reasons_up": (
        "Right to the point|Figures check out|Good wording",
        "切中要点|数字无误|文字好",
    ),
    "reasons_down": (
        "Wrong figures|Not what I asked|Poor wording|Too slow",
        "数字有误|答非所问|文字不好|太慢",
    ),
    "evidence": ("Evidence", "依据"),
    "evidence_hint": (
        "Every figure of this answer, and the line of the result that holds it.",
        "本回答的每个数字，以及它所在的结果行。",
    ),
    "claim": ("In the answer", "回答中"),
    "source": ("In the data", "数据中"),
    "arguments": ("Asked with", "查询条件"),
    "no_arguments": ("No conditions", "无条件"),
    "step_failed": ("did not work", "未成功"),
    "step_running": ("working", "进行中"),
    "raw_result": ("Result as the model read it", "模型读到的结果"),
    "seconds": ("{seconds} s", "{seconds} 秒"),
    "usage": (
        "{prompt} tokens read in {prefill} s, {cached} of them from the cache; "
        "{written} written in {decode} s",
        "读取 {prompt} 个词元（{cached} 个来自缓存），用时 {prefill} 秒；写出 {written} 个，用时 {decode} 秒",
    ),
    "no_rows": ("No rows.", "没有数据行。"),
    "more_rows": ("{count} more rows not shown", "另有 {count} 行未显示"),
    "interval": ("80% interval", "80% 区间"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    # the console
    "console_title": ("Marketing console", "营销控制台"),
    "assistant": ("Assistant", "助手"),
    "tickets": ("Open tickets", "待处理工单"),
    "conversations": ("Conversations", "对话"),
    "no_conversations": ("Your conversations will be listed here.", "您的对话会列在这里。"),
    "untitled": ("Untitled", "未命名"),
    "rename": ("Rename", "重命名"),
    "delete": ("Delete", "删除"),
    "delete_sure": ("Delete for good?", "确定删除？"),
    "title_needed": ("A title needs at least one character.", "标题至少要有一个字符。"),
    "today": ("Today", "今天"),
    "earlier": ("Earlier", "更早"),
    "ask_placeholder": (
        "Ask about segments, products, campaigns or reviews…",
        "询问客群、商品、营销活动或评论……",
    ),
    "console_hello": ("What should we look into?", "今天想了解什么？"),
    "console_lead": (
        "Answers come from your shop's own data. Every figure can be traced to its source.",
        "答案来自您店铺自己的数据，每个数字都能追溯到出处。",
    ),
    "sign_out": ("Sign out", "退出登录"),
    "menu": ("Menu", "菜单"),
    "other_language": ("中文", "English"),
    "disclaimer": (
        "Language is written by a small model; figures come from the data.",
        "文字由小型模型撰写，数字来自数据。",
    ),
    # the segment page
    "segments": ("Segments", "客户人群"),
    "segment_edit": ("Edit or save this segment", "编辑或保存此人群"),
    "segment_back": ("Back to the chat", "返回对话"),
    "segment_new": ("New segment", "新建人群"),
    "segment_saved": ("Saved", "已保存"),
    "segment_none": (
        "Name a segment and save it: it can then be used in the chat.",
        "为人群命名并保存后，可在对话中直接使用。",
    ),
    "segment_named": ("In every shop", "系统自带"),
    "segment_conditions": ("Who is in it", "人群条件"),
    "segment_lead": (
        "All conditions hold together; leave open what does not matter.",
        "所有条件须同时满足，不限的条件留空即可。",
    ),
    "segment_result": ("Who that is", "人群概况"),
    "segment_customers": ("customers", "位客户"),
    "segment_share": ("{share} of all", "占全部的 {share}"),
    "segment_few": ("fewer than {threshold}", "少于 {threshold}"),
    "segment_name": ("Name of the segment", "人群名称"),
    "segment_saved_now": ('Saved as "{name}".', "已保存为“{name}”。"),
    "segment_delete_sure": ("Delete for good?", "确定删除？"),
    "segment_failed": ("This could not be worked out. Try again.", "未能完成，请重试。"),
    "segment_last_days": ("last … days", "最近…天"),
    "segment_between": ("between two days", "两个日期之间"),
    "segment_bought": ("bought", "买过"),
    "segment_not_bought": ("did not buy", "没买过"),
    "segment_add_rule": ("a purchase, or its absence", "添加购买条件"),
    "segment_remove": ("Remove", "移除"),
    "segment_scope_hint": ("anything, or e.g. cat food", "不限，或如：猫粮"),
    "segment_spend_from": ("spend from", "消费至少"),
    "segment_spend_to": ("spend to", "消费至多"),
    "segment_orders_from": ("orders from", "订单至少"),
    "segment_orders_to": ("orders to", "订单至多"),
    "any": ("any", "不限"),
    "period_this_week": ("this week", "本周"),
    "period_last_week": ("last week", "上周"),
    "period_this_month": ("this month", "本月"),
    "period_last_month": ("last month", "上月"),
    "period_this_quarter": ("this quarter", "本季度"),
    "period_last_quarter": ("last quarter", "上季度"),
    "period_this_year": ("this year", "今年"),
    "period_last_year": ("last year", "去年"),
    "tickets_lead": (
        "Shoppers who asked for a person, longest waiting first.",
        "要求人工服务的顾客，等待最久的排在最前。",
    ),
    "no_tickets": (
        "Nobody is waiting. New requests for a person appear here.",
        "目前没有人在等待。新的人工请求会出现在这里。",
    ),
    "ticket": ("Ticket {id}", "工单 {id}"),
    "ticket_made": ("Our team has your conversation.", "客服人员已收到您的对话。"),
    "customer": ("Customer {id}", "顾客 {id}"),
    "visitor": ("Anonymous visitor", "匿名访客"),
    "waiting_since": ("waiting since {time}", "{time} 起等待"),
    "transcript": ("Transcript", "对话记录"),
    "close_ticket": ("Close ticket", "关闭工单"),
    "unknown_ticket": ("This ticket does not exist.", "该工单不存在。"),
    "shopper": ("Shopper", "顾客"),
    "unknown_action": ("This could not be understood. Reload the page.", "无法识别该操作，请刷新页面。"),
    # signing in
    "sign_in": ("Sign in", "登录"),
    "sign_in_lead": ("to the marketing console", "营销控制台"),
    "username": ("User name", "用户名"),
    "password": ("Password", "密码"),
    "wrong_password": ("User name or password is not right.", "用户名或密码不正确。"),
    "wait": (
        "Too many attempts. Wait {seconds} seconds and try again.",
        "尝试次数过多，请等待 {seconds} 秒后重试。",
    ),
    "form_expired": ("The form was open for too long. Please sign in again.", "表单已过期，请重新登录。"),
    "first_password": (
        "First start? The password was printed in the terminal.",
        "首次启动？密码已显示在终端里。",
    ),
    "to_shop": ("Back to the shop", "返回店铺"),
    # the shop's widget
    "widget_name": ("Shop assistant", "购物助手"),
    "widget_open": ("Chat with us", "在线咨询"),
    "widget_close": ("Close", "关闭"),
    "widget_hello": ("Hello! How can I help?", "您好！有什么可以帮您？"),
    "widget_lead": (
        "I find products, answer questions about the shop, and look up your own orders.",
        "我可以找商品、解答店铺问题，也能查询您自己的订单。",
    ),
    "widget_placeholder": ("Write a message…", "输入消息……"),
    "widget_note": (
        "An assistant answers; ask for a person at any time.",
        "由智能助手回答，可随时要求人工。",
    ),
    "sources": ("Sources", "来源"),
    "no_cookies": (
        "Your browser keeps no cookies for this chat, so it cannot be opened. "
        "Allow cookies and reload the page.",
        "浏览器未允许此聊天使用 Cookie，无法打开。请允许 Cookie 后刷新页面。",
    ),
    "signed_in_as": ("Signed in as {name}", "已登录：{name}"),
    "browsing": ("Browsing without an account", "未登录浏览"),
    # the demo shop
    "shop_name": ("Journey Market", "旅程超市"),
    "shop_title": ("Good food, close to home", "好食材，就在身边"),
    "shop_lead": (
        "Fresh from the field, the bakery and the sea. Ask our assistant for anything on the shelves.",
        "来自田野、烘焙房与大海的新鲜好味。想找什么，问问我们的助手。",
    ),
    "shop_ask": ("Ask the assistant", "问问助手"),
    "shop_departments": ("Departments", "商品分类"),
    "shop_notice": (
        "Demonstration shop: products, prices and customers come from The Complete Journey, "
        "simulated data by 84.51° for education. Not for commercial decisions; nothing is sold here.",
        "演示店铺：商品、价格与顾客来自 84.51° 发布的教学用模拟数据集 The Complete Journey。"
        "请勿用于商业决策，此处不售卖任何商品。",
    ),
    "demo_sign_in": ("Demo: shop as", "演示：顾客身份"),
    "demo_anonymous": ("Not signed in", "未登录"),
    "demo_go": ("Switch", "切换"),
    "for_marketers": ("For marketers", "营销人员入口"),
    "no_products": (
        "The shelves are empty. Run `shopwright init --demo`, or import a shop of your own.",
        "货架是空的。请运行 `shopwright init --demo`，或导入您自己的店铺。",
    ),
    "each": ("each", "每件"),
}

_TOOLS: dict[str, tuple[str, str]] = {
    "find_segment": ("Customer segment", "客群查询"),
    "recommend_products": ("Product recommendations", "商品推荐"),
    "write_copy": ("Marketing copy", "营销文案"),
    "forecast_campaign": ("Campaign forecast", "活动预测"),
    "forecast_sales": ("Sales forecast", "销售预测"),
    "price_response": ("Price response", "价格响应"),
    "rank_audience": ("Audience ranking", "受众排序"),
    "compare_segments": ("Segments compared", "客群对比"),
    "describe_persona": ("Persona", "客户画像"),
    "find_patterns": ("Buying patterns", "购买规律"),
    "save_segment": ("Segment saved", "保存客群"),
    "analyze_reviews": ("Review analysis", "评论分析"),
    "search_knowledge": ("Help and policies", "政策与帮助"),
    "find_products": ("Product search", "商品搜索"),
    "order_status": ("Your orders", "我的订单"),
    "hand_to_person": ("Request for a person", "转人工"),
}

_ARGUMENTS: dict[str, tuple[str, str]] = {
    "conditions": ("conditions", "条件"),
    "group": ("customers", "客户"),
    "first": ("first group", "第一组"),
    "second": ("second group", "第二组"),
    "unused": ("words not used", "未用到的词"),
    "name": ("name", "名称"),
    "mode": ("mode", "方式"),
    "basket": ("basket", "购物篮"),
    "diversity": ("diversity", "多样性"),
    "next": ("next purchase", "下次购买"),
    "value": ("value", "价值"),
    "frequency": ("frequency", "频率"),
    "stage": ("lifecycle stage", "生命周期阶段"),
    "purchases": ("purchases", "购买"),
    "period": ("period", "时间"),
    "saved": ("saved segment", "已保存客群"),
    "consent": ("agreed to marketing", "同意接收营销"),
    "what": ("what", "商品"),
    "segment": ("segment", "客群"),
    "query": ("query", "查询"),
    "text": ("text", "文本"),
    "question": ("question", "问题"),
    "topic": ("topic", "主题"),
    "channel": ("channel", "渠道"),
    "language": ("language", "语言"),
    "tone": ("tone", "语气"),
    "product": ("product", "商品"),
    "product_id": ("product no.", "商品编号"),
    "customer_id": ("customer no.", "顾客编号"),
    "order_id": ("order no.", "订单编号"),
    "campaign_type": ("campaign type", "活动类型"),
    "discount_percent": ("discount, %", "折扣（%）"),
    "days": ("days", "天数"),
    "budget": ("budget", "预算"),
    "audience": ("audience", "受众"),
    "count": ("how many", "数量"),
    "k": ("how many", "数量"),
    "limit": ("how many", "数量"),
    "top": ("top", "前几名"),
    "reason": ("reason", "原因"),
    "subject": ("subject", "对象"),
    "aspect": ("aspect", "方面"),
    "age_min": ("age from", "年龄下限"),
    "age_max": ("age to", "年龄上限"),
    "income_min": ("income from", "收入下限"),
    "income_max": ("income to", "收入上限"),
    "has_children": ("with children", "有孩子"),
    "married": ("married", "已婚"),
    "homeowner": ("home owner", "有房"),
    "household_size_min": ("household from", "家庭人数下限"),
    "inactive_days": ("no order for, days", "未下单天数"),
    "active_days": ("ordered within, days", "最近下单天数"),
    "spend_min": ("spend from", "消费下限"),
    "spend_max": ("spend to", "消费上限"),
    "orders_min": ("orders from", "订单数下限"),
    "orders_max": ("orders to", "订单数上限"),
    "uses_coupons": ("uses coupons", "使用优惠券"),
    "bought": ("bought", "买过"),
    "price_max": ("price up to", "价格上限"),
    "price_min": ("price from", "价格下限"),
    "max_price": ("price up to", "价格上限"),
}

CONSOLE_EXAMPLES: dict[Language, list[tuple[str, str]]] = {
    "en": [
        ("Segment", "High-value customers who bought nothing in the last 30 days"),
        ("Recommend", "Which products should we offer to families with children?"),
        ("Forecast", "What would a 14-day campaign of type B bring with our loyal customers?"),
        ("Reviews", "What do people complain about in hotel reviews?"),
        ("Copy", "Write a short SMS to win back customers who stopped buying."),
        ("Policy", "How long can a customer return an opened product?"),
    ],
    "zh": [
        ("客群", "最近30天没买过东西的高价值客户"),
        ("推荐", "应该向有孩子的家庭推荐哪些商品？"),
        ("预测", "对忠诚顾客做一次14天的B类活动，效果会怎样？"),
        ("评论", "酒店评论里大家在抱怨什么？"),
        ("文案", "写一条短信，挽回不再购买的顾客。"),
        ("政策", "拆封的商品多久之内可以退货？"),
    ],
}

WIDGET_EXAMPLES: dict[Language, list[str]] = {
    "en": [
        "Do you have sugar-free yogurt?",
        "Where is my last order?",
        "How do I return something?",
        "I would like to talk to a person",
    ],
    "zh": ["有没有无糖酸奶？", "我最近的订单怎么样了？", "怎么退货？", "我想找人工客服"],
}


def say(language: Language, key: str, **values: Any) -> str:
    """The text `key` in `language`, with its `{names}` filled in. KeyError for an unknown key."""
    text = _TEXTS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def tool_name(language: Language, tool: str) -> str:
    """What a person calls the tool; a tool without an entry is named after its function."""
    return _named(_TOOLS, language, tool)


def argument_name(language: Language, argument: str) -> str:
    """What a person calls a tool's argument; one without an entry keeps its name, in words."""
    return _named(_ARGUMENTS, language, argument)


def known(text: str | None) -> Language:
    """The interface language that a cookie, a path or an Accept-Language header asks for."""
    return "zh" if (text or "").strip().lower().startswith("zh") else "en"


def other(language: Language) -> Language:
    """The language that the switch leads to."""
    return "en" if language == "zh" else "zh"


def _named(names: dict[str, tuple[str, str]], language: Language, key: str) -> str:
    if key in names:
        return names[key][LANGUAGES.index(language)]
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
