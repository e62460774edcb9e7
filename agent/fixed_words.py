"""Words that each mean one value of an argument: families, channels, segments, campaign types, moods."""

import re

Fixed = str | int | bool

FIXED: tuple[tuple[str, Fixed, str], ...] = (
    ("has_children", False, r"(?:without|with no|no|(?:don'?t|do not|doesn'?t|does not|haven'?t|not) (?:have|got|raise|raising)) (?:any |young |small )?(?:kids|children|child|babies)\b|\bchildless\b|\b(?:child|kid)-?free\b|没有?(?:任何|养|生过?)?(?:孩子|小孩|子女|娃|宝宝|小朋友|儿女)|无(?:孩|子女|娃)|不带娃|丁克"),
    ("has_children", True, r"(?:with|have|has|having|had|got|raising|raise|includes?|including) (?:(?:a|any|some|their|at least one|one or more|young|small|little|school-age) ){0,2}(?:kids?|child|children|babies|baby|toddlers?|little ones)\b|\b(?:kids|children) (?:at home|living with|in the (?:house|household|home))|\bfamilies\b|\bparents\b|\b(?:moms?|mums?|mothers|dads?|fathers)\b|有(?:了|着|个|小|未成年)*(?:孩子|小孩|子女|娃|宝宝|小朋友|儿女)|带(?:着)?(?:娃|小孩|孩子)|养(?:孩子|娃)|宝妈|宝爸|家长|家有儿女"),
    ("married", False, r"\bunmarried\b|(?<!every )(?<!any )(?<!each )(?<!one )(?<!a )\bsingles?\b(?!\s+(?:biggest|largest|best|most|order|purchase|product|item|one|day|time|visit|message|basket|week|month|out\b))|\ba single (?:person|man|woman|parent)|(?:not|never|aren'?t|isn'?t|haven'?t|yet to) (?:yet |been |get |got )*married|未婚|单身|(?:没有?|未|还没)(?:有)?(?:结过?婚|成家)|不婚"),
    ("married", True, r"\bmarried\b|\bwith a (?:husband|wife|spouse)\b|\bspouses\b|已婚|结了婚|结过婚|已经结婚|成了家|有配偶"),
    ("homeowner", False, r"\brent(?:ers?|ing|s|ed|al)?\b(?: (?:a |an |the |their )?(?:homes?|houses?|flats?|apartments?|rooms?|place)\b)?|\btenants?\b|(?:don'?t|do not|doesn'?t|does not|not|never) own (?:a |an |the |their |any )?(?:own )?(?:homes?|houses?|flats?|apartments?|place|property)|without (?:a |their |owning a )?(?:own )?(?:home|house)(?: of their own)?\b|租房|租客|租户|租住|租着|租的房|租别人|(?:没有?|无)(?:买|自己的?|自有)?(?:住)?房"),
    ("homeowner", True, r"\b(?:home|house|property)[- ]?owners?\b|\b(?:own(?:s|ing|ed)?|owners of) (?:(?:a|an|the|their|there|his|her) )?(?:own )?(?:homes?|houses?|flats?|apartments?|condos?|place|property)\b|\bowner[- ]occup\w*|\b(?:homes?|houses?|place) (?:of (?:their|its|her|his) own|(?:that )?they (?:themselves )?own)|\b(?:live|living) in (?:a|their) (?:own|owned) |有(?:自己的?)?(?:住)?房|有房|业主|自有(?:住)?房|自住房|房主|买了房|自己的(?:住)?房|住自家房"),
    ("uses_coupons", False, r"(?:never|don'?t|do not|doesn'?t|didn'?t|haven'?t|hasn'?t|not|yet to)\s+(?:ever\s+|once\s+|yet\s+)?(?:use|used|redeem|redeemed|claim|claimed|clip|clipped)\s+(?:any\s+|an?\s+|our\s+|their\s+|a single\s+|one of our\s+)?(?:coupon|voucher)s?|without (?:ever )?(?:using|redeeming) (?:any |a )?(?:coupon|voucher)s?|(?:从来?|都|还|一次|一张)*(?:没有?|未|不|从不)(?:再|怎么)?(?:用|使用|核销|兑换|领)过?(?:任何|一张|我们的|店里的)?(?:优惠)?[券卷]|[券卷](?:都|也|从来|从|一张|一次)*(?:没有?|未|不)(?:用|领|使用|核销)过?"),
    ("uses_coupons", True, r"(?:coupon|voucher) (?:users|redeemers|lovers|clippers|fans|hunters)|(?<!to )(?<!would )(?<!will )(?<!might )(?<!could )(?<!may )(?<!can )\b(?:use|used|using|uses|redeem|redeemed|redeems|clip|clipped|claimed) (?:an? |their |our |any |some |at least one |one of our )?(?:coupon|voucher)s?|(?:用过?|使用过?|喜欢用|爱用|常用|领过?|核销过|兑换过)(?:任何|一张|我们的|店里的)?(?:优惠)?[券卷](?!的可能)"),
    ("age_max", 34, r"\byoung(?:er)? (?:customers|people|shoppers|adults|households|families)|\byoungsters\b|\byoung (?:ones|folks?|parents|couples)\b|年轻(?:的)?(?:人|客户|顾客|用户|会员|家庭|群体|妈妈|夫妻)"),
    ("age_min", 65, r"\bseniors?\b|\belderly\b|\bretire(?:d|es)\b|\bpensioners?\b|老年|老人|银发|退休"),
    ("channel", "sms", r"\bsms\b|\btext(?:s|ing)?(?: message)?s?\b(?! to me)|短信"),
    ("channel", "email", r"\be-?mails?\b|\bnewsletter\b|邮件|电邮|邮箱"),
    ("channel", "wechat", r"\bwe ?chat\b|微信|公众号|朋友圈"),
    ("channel", "xiaohongshu", r"\bxiao ?hong ?shu\b|\bred ?note\b|小红书"),
    ("channel", "weibo", r"\bweibo\b|微博"),
    ("channel", "push", r"\bpush(?: notifications?)?\b|推送|弹窗通知"),
    ("channel", "social", r"\bsocial(?: media)?\b|\binstagram\b|\bfacebook\b|\btwitter\b|\btiktok\b|\bdouyin\b|抖音|社交媒体|社媒"),
    ("channel", "banner", r"\bbanners?\b|\bposters?\b|横幅|海报"),
    ("language", "en", r"\bin english\b|\benglish\b|英文|英语"),
    ("language", "zh", r"\bin chinese\b|\bchinese\b|\bmandarin\b|中文|汉语"),
    ("sentiment", "negative", r"\bnegative\b|\bcomplain(?:ts?|ing)?\b|\bbad reviews?\b|\bdislike\w*|\bhate\w*|\bunhappy\b|差评|抱怨|吐槽|不满|负面|缺点|投诉"),
    ("sentiment", "positive", r"\bpositive\b|\bprais(?:e|ing)\b|\bgood reviews?\b|\blike best\b|\blove\b|好评|夸|优点|正面|称赞|喜欢"),
    ("campaign_type", "A", r"\btype[- ]?a\b|\ba-type\b|a\s*[类型]|[类型]\s*a\b"),
    ("campaign_type", "B", r"\btype[- ]?b\b|\bb-type\b|b\s*[类型]|[类型]\s*b\b"),
    ("campaign_type", "C", r"\btype[- ]?c\b|\bc-type\b|c\s*[类型]|[类型]\s*c\b"),
    ("segment", "champions", r"\bchampions?\b|\bbest (?:customers|shoppers|buyers|clients)|\bmost valuable\b|(?<![a-z])vips?(?![a-z])|\btop (?:customers|shoppers|buyers|clients)|\bbiggest spenders|\bhigh[- ]value\b|核心客户|核心用户|最好的(?:客户|顾客|用户)|最有价值|高价值|最优质|优质客户|大客户|贵宾"),
    ("segment", "loyal", r"\bloyal(?!ty)\b|\bregulars\b|\bregular customers|\bfaithful\b|忠诚|忠实|老客户|老顾客|常客|回头客"),
    ("segment", "potential_loyalists", r"\bpotential loyalists?\b|\bcould become loyal|潜力客户|潜在忠诚|有潜力"),
    ("segment", "new_customers", r"\bnew (?:customers|shoppers|buyers|clients|members)|\bnewcomers\b|\brecently joined|\bfirst[- ]time (?:customers|buyers|shoppers)|新客|新顾客|新用户|新会员"),
    ("segment", "promising", r"\bpromising\b|有望客户|有希望的客户"),
    ("segment", "needs_attention", r"\bneeds? attention\b|需要关注"),
    ("segment", "about_to_sleep", r"\babout to (?:sleep|fall asleep)|\bfalling asleep|即将沉睡|快要沉睡|快沉睡"),
    ("segment", "cant_lose", r"\bcan'?t lose\b|\bcannot (?:afford to )?lose\b|\bcan'?t afford to lose|不能流失|不能失去|不想失去"),
    ("segment", "at_risk", r"\bat[- ]risk\b|\bat risk of\b|\bchurn\w*|\b(?:about|likely|going) to leave|\bleaving us|\bslipping away|\bdrifting away|\blosing\b|\bused to (?:buy|shop|order|come|spend)|流失风险|可能流失|可能会流失|快(?:要)?流失|将要流失|要流失|流失的?风险|即将流失|容易流失|有流失"),
    ("segment", "hibernating", r"\bhibernat\w*|\blapsed\b|\bdormant\b|\bsleeping (?:customers|members)|\blost customers|\binactive (?:customers|members)|\bstopped (?:buying|shopping|ordering|coming)|\bwin(?:ning)? (?:\w+ )?back\b|(?<!即将)(?<!快要)(?<!快)沉睡|休眠|已流失|不再购买|不再来|停止购买|挽回|召回|很久没来|流失了的|流失客户(?!风险)"),
    ("buying", True, r"\bbuy(?:s|ing|ers?)?\b|\bbought\b|\bpurchas\w*|\bowners?\b|\blovers?\b|\bdrinkers?\b|\beaters?\b|\bfans of\b|\bshop(?:s|ped|ping)? for\b(?!\s+(?:\S+\s+){0,2}(?:days?|weeks?|months?|years?)\b)|买|购|养|爱喝|爱吃|喜欢喝|喜欢吃"),
    ("new_only", True, r"\bnever (?:bought|tried|purchased)|\bhaven'?t (?:bought|tried) (?:yet|before)|\bnew to (?:them|him|her)|\bsomething new\b|没买过的|没试过|新品尝试"),
    ("mode", "buy_again", r"\bbuy(?:ing)? again\b|\bre-?(?:buy|order|purchase|stock)\b|\breplenish\w*|复购|回购|再次购买|再买"),
)  # fmt: skip
EXCLUSIVE = ("has_children", "married", "homeowner", "uses_coupons", "segment")

# A campaign type by a name of the shop's own: 'a campaign of type summer', '活动类型为夏季'.
OWN_TYPE = re.compile(
    r"\btype[- ]+[\"'“‘]?([a-z0-9][\w-]{1,30})[\"'”’]? (?:campaign|coupon|offer|promotion)s?\b|"
    r"\b(?:campaign|coupon|offer|promotion)s? of (?:the )?type[- ]+[\"'“‘]?([a-z0-9][\w-]{1,30})|"
    r"类型(?:为|是|：|:)\s*[“\"「]?([\w\u4e00-\u9fff]{1,12}?)(?:[”\"」]|的|，|。|,|$)"
)
