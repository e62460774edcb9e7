"""Which words of a request about customers no rule has used, so that an answer can say so.

A condition that was not understood must not quietly widen a group to everybody. Words of asking, and
words that only say 'customers', are left out by the lists below; what else remains is told.
"""

import re
from collections.abc import Mapping, Sequence

_SAID = """a about above add after again all also am among an analyse analysis analyze and any anyone are as ask at audience
    average back base be been being best between big bigger both break breakdown but buy buyer buyers buying bought by
    call called came can category categories chart clients client come compare comparison consist consists consumers consumer
    could count counts create customer customers data database define definition describe details did display do does doesn
    don down each effect estimate ever every everybody everyone everything exactly expect expected figure figures find folks
    for forecast from generally get give given go going good got group groups had happen has have haven having he hello help
    her here him his household households how i identify if in including information into is it its just kind know last
    latest least let like likely list look looking lot made main make many market marketing me mean member members might
    more most much my name named need new next no not now number numbers of off offer offers ok on one ones only or order
    ordered orders ordering other our out over overall overview part people per percent percentage persona person persons
    plan please plot predict prediction product products profile profiles promotion pull purchase purchased purchases
    purchasing put question range rate rates reach really recent recently recommend redeem redeemed redemption report
    result results return returns revenue run said sales same save say see segment segmentation segments sell send sent
    share she shop shopper shoppers shopping shopped should show shows similar since size sizes small so some somebody
    someone something spend spending spends spent statistics stats still such suggest summarise summarize summary table
    tell than that the their them then there these they thing things think this those time times to today together
    top total totals trend try type types understand up us use used user users using value visit visited want was way
    we well were what when where whether which while who whole whom whose why will with without women men would write year
    years yes yet you your campaign campaigns coupon coupons discount email sms message customers' s t re ve ll type
    compared different difference differences behave behaviour behavior habits look looks picture portrait quickly
    currently actually already currently detail describe profile known whats who's what's let's i'd i'm we're they're
    how's aged age ages old older younger income earn earns earning days day weeks week months month quarter quarters
    amount money dollars euros kids children child family families home house live living own owner owners both valuable
    important interesting target targeting contact store stores online category anything nothing any anymore worth high
    low higher lower highest lowest biggest largest loyal loyalty active leave leaving left exclude excluded excluding skip
    drop mail mailing mailings mailed rank ranked ranking waste spare ignore avoid newsletter"""
SAID = frozenset(_SAID.split())
SAID_ZH = re.compile(
    r"如果|假如|销售额|大概|大约|带来|究竟|到底|客户群|客户|顾客|用户|会员|消费者|人群|人们|家庭|买家|大家|群体|人|我们|咱们|本店|店里|店铺|商店|商品|产品|东西|"
    r"哪些|哪个|哪种|哪类|什么样|什么|怎么样|怎样|怎么|如何|多少|几个|是谁|谁|有没有|是不是|请问|请|帮我|帮忙|麻烦|给我|告诉我|"
    r"查一下|看一下|看看|看|查|查询|找出|找到|找|列出|列|展示|显示|统计|分析|介绍|描述|说说|说明|总结|画像|特点|特征|情况|信息|"
    r"数据|数量|人数|总数|规模|占比|比例|名单|列表|一共|总共|合计|人均|平均|分别|所有|全部|全体|每个|每位|各|都|些|的|了|是|有|在|"
    r"吗|呢|吧|啊|呀|和|与|跟|及|或|但|但是|而|又|也|还|并|且|就|才|会|能|可以|可能|要|想|应该|需要|把|被|让|给|对|向|从|到|按|以|"
    r"这些|那些|这个|那个|这|那|其中|里面|里|中|内|上|下|前|后|之|其|他们|她们|它们|他|她|它|我|你|您|个|位|名|群|类|种|"
    r"购买|消费|下单|买过|买|卖|订单|花费|花|钱|元|块|金额|价值|次|过|来|去|最近|近期|目前|现在|今天|一下|一些|一个|一|最|很|比较|"
    r"对比|比|活动|营销|促销|优惠券|优惠|券|发|发送|发给|预测|预计|效果|核销|文案|短信|邮件|推荐|保存|排序|排名|排除|剔除|不该|下次|下一次|销量|为|成|叫|年龄|岁|年|月|日|天|"
    r"周|收入|高|低|大|小|多|少|不|没|未|时间|习惯|行为|偏好|喜欢|主要|通常|一般|方面|关于|针对|属于|符合|条件|满足|超过|以上|以下"
)
TOKEN = re.compile(
    r"[a-z][a-z'’-]*|\d[\d.,]*\s*(?:%|years?(?: old)?\b|days?\b|weeks?\b|months?\b|周岁|岁|天|周|个月|年)?"
)
HAN = re.compile(r"[\u3400-\u9fff]{2,}")
MOST = 6


def unused_words(rest: str, read: Mapping[str, Sequence[object]]) -> list[str]:
    """The words of `rest`, lower-case text from which everything understood is blanked, that say something.

    Words next to each other stay together ('pink unicorns'); numbers that stand among what was `read` are
    used. At most six.
    """
    numbers = {str(value) for values in read.values() for value in values}
    runs: list[list[str]] = [[]]
    end = 0
    for match in TOKEN.finditer(rest):
        word = match[0].strip("'’-.,")
        if not word or word in numbers or _known(word):
            continue
        if runs[-1] and rest[end : match.start()].strip(" ") == "" and match.start() - end <= 1:
            runs[-1].append(word)
        else:
            runs.append([word])
        end = match.end()
    found = [" ".join(run) for run in runs if run and any(len(word) > 1 for word in run)]
    return list(dict.fromkeys([*found, *HAN.findall(SAID_ZH.sub(" ", rest))]))[:MOST]


def _known(word: str) -> bool:
    plain = re.sub(r"(?:n['’]t|['’](?:s|re|ve|ll|d|m)?)$", "", word)
    return plain in SAID or plain.removesuffix("s") in SAID
