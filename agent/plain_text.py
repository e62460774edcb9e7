"""One form of writing for the rules that read requests: half-width characters, simplified Chinese.

Both keep every character in its place, so that what is found can be taken from the text as it was
written. Putting slips of the pen right does not.
"""

import re
from functools import cache

# Traditional characters of shop talk and their simplified forms, in pairs.
_PAIRS = (
    "愛爱 幫帮 報报 備备 筆笔 邊边 變变 標标 賓宾 餅饼 補补 財财 參参 倉仓 層层 產产 長长 場场 車车 "
    "徹彻 陳陈 稱称 誠诚 遲迟 齒齿 處处 觸触 傳传 創创 純纯 詞词 從从 錯错 達达 帶带 單单 擔担 當当 "
    "檔档 導导 燈灯 點点 電电 訂订 東东 動动 獨独 讀读 對对 隊队 頓顿 額额 兒儿 發发 罰罚 範范 飯饭 "
    "訪访 飛飞 費费 風风 婦妇 復复 負负 該该 幹干 趕赶 剛刚 個个 給给 購购 夠够 顧顾 關关 觀观 館馆 "
    "廣广 規规 貴贵 國国 過过 漢汉 號号 紅红 後后 護护 戶户 華华 畫画 話话 懷怀 歡欢 環环 還还 換换 "
    "會会 匯汇 貨货 獲获 積积 極极 級级 幾几 計计 記记 際际 繼继 紀纪 濟济 價价 間间 減减 簡简 見见 "
    "檢检 講讲 獎奖 將将 漿浆 醬酱 較较 腳脚 節节 結结 潔洁 盡尽 進进 經经 驚惊 淨净 競竞 舊旧 據据 "
    "劇剧 捲卷 覺觉 開开 褲裤 塊块 寬宽 虧亏 擴扩 來来 藍蓝 欄栏 籃篮 勞劳 樂乐 類类 離离 裡里 裏里 "
    "禮礼 歷历 厲厉 連连 聯联 練练 糧粮 兩两 輛辆 療疗 獵猎 臨临 領领 劉刘 齡龄 樓楼 錄录 亂乱 論论 "
    "羅罗 媽妈 嗎吗 買买 賣卖 滿满 貓猫 貿贸 麼么 門门 們们 夢梦 麵面 麪面 滅灭 鳥鸟 寧宁 農农 諾诺 "
    "盤盘 賠赔 噴喷 頻频 評评 憑凭 蘋苹 齊齐 騎骑 氣气 簽签 錢钱 潛潜 淺浅 強强 槍枪 橋桥 輕轻 傾倾 "
    "請请 慶庆 區区 趨趋 權权 勸劝 確确 讓让 熱热 認认 榮荣 軟软 銳锐 賽赛 傘伞 掃扫 殺杀 曬晒 閃闪 "
    "傷伤 賞赏 燒烧 紹绍 設设 誰谁 聲声 勝胜 師师 濕湿 溼湿 時时 實实 識识 適适 視视 試试 勢势 飾饰 "
    "釋释 書书 輸输 屬属 術术 樹树 數数 雙双 稅税 順顺 說说 説说 絲丝 訴诉 歲岁 孫孙 損损 縮缩 態态 "
    "談谈 湯汤 討讨 題题 體体 條条 貼贴 聽听 統统 頭头 圖图 團团 託托 襪袜 灣湾 萬万 網网 為为 爲为 "
    "圍围 維维 偉伟 衛卫 溫温 聞闻 穩稳 問问 無无 務务 誤误 習习 係系 細细 戲戏 蝦虾 嚇吓 鮮鲜 閒闲 "
    "顯显 險险 現现 線线 獻献 鄉乡 詳详 響响 項项 銷销 曉晓 寫写 謝谢 興兴 鬚须 須须 許许 續续 選选 "
    "學学 詢询 尋寻 訊讯 壓压 鴨鸭 煙烟 嚴严 顏颜 驗验 養养 樣样 藥药 業业 葉叶 頁页 醫医 遺遗 億亿 "
    "憶忆 義义 議议 譯译 異异 飲饮 銀银 應应 營营 贏赢 郵邮 猶犹 遊游 魚鱼 與与 語语 預预 員员 園园 "
    "圓圆 緣缘 遠远 約约 閱阅 運运 雜杂 災灾 載载 讚赞 贊赞 擇择 則则 責责 賬账 帳帐 張张 漲涨 這这 "
    "針针 偵侦 鎮镇 爭争 證证 織织 執执 職职 紙纸 質质 製制 種种 眾众 週周 豬猪 諸诸 囑嘱 專专 轉转 "
    "賺赚 裝装 狀状 準准 資资 總总 縱纵 組组 鑽钻 綜综 嬰婴 顆颗 鹽盐 雞鸡 蘿萝 醃腌 凍冻 滷卤 麥麦 "
    "穀谷 濃浓 檸柠 鳳凤 蔥葱 薑姜 蔔卜 勁劲 寵宠 屆届 倆俩 啟启 啓启 隻只 畢毕 櫃柜 沒没 優优 於于 "
    "內内 別别 慣惯 鐘钟 籌筹 繳缴 編编 揀拣 腦脑 邏逻 輯辑 潤润 錶表 攝摄 鏡镜 絡络 絕绝 溝沟 陽阳 "
    "陰阴 陸陆 雲云 隨随 隱隐 難难 靈灵 靜静 飽饱 餓饿 餘余 馬马 駕驾 髒脏 鬆松 鬧闹 黃黄 齋斋 龍龙 "
    "劃划 勵励 協协 卻却 厭厌 嘗尝 嚐尝 塵尘 墊垫 壞坏 壯壮 夾夹 奪夺 妝妆 娛娱 寢寝 寶宝 島岛 幣币 "
    "庫库 廚厨 廠厂 廢废 彈弹 彙汇 悶闷 惡恶 慮虑 憂忧 懶懒 戀恋 戰战 採采 掛挂 揮挥 搶抢 攜携 攤摊 "
    "敗败 斷断 暫暂 暢畅 曆历 棗枣 棄弃 檯台 臺台 欖榄 殘残 決决 涼凉 湊凑 漸渐 澤泽 濾滤 瀏浏 爛烂 "
    "爺爷 牆墙 瑪玛 瘋疯 盜盗 瞭了 碼码 礦矿 窮穷 築筑 篩筛 糾纠 紗纱 絨绒 綠绿 緊紧 緒绪 緩缓 縫缝 "
    "纖纤 聖圣 聰聪 脫脱 腸肠 膚肤 膠胶 臉脸 舉举 艷艳 莊庄 著着 蓋盖 薦荐 藝艺 蘇苏 蟲虫 蠟蜡 襯衬 "
    "覽览 訓训 診诊 註注 誇夸 調调 諮咨 謹谨 譽誉 豐丰 貧贫 貪贪 賀贺 贈赠 趙赵 跡迹 蹤踪 躍跃 輩辈 "
    "輪轮 辦办 迴回 違违 遞递 遷迁 鄰邻 釀酿 鈔钞 鋁铝 鋪铺 鍋锅 鎖锁 鏈链 鐵铁 鑑鉴 閉闭 闊阔 雖虽 "
    "霧雾 韓韩 頂顶 頗颇 願愿 飄飘 駐驻 騙骗 髮发 鬍胡 鴿鸽 鵝鹅 鹹咸 麗丽 齣出 僅仅 傭佣 儲储 儘尽 "
    "偽伪 側侧 傑杰 僱雇 "
    "鋼钢 鑰钥 歐欧 聾聋 懸悬 擁拥 駝驼 "
)
_SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，；：！？（）"} | {
    0x3000: 0x20, ord("￥"): ord("¥"), ord("〇"): ord("零"),
}  # fmt: skip


_QUOTED = re.compile(r"“[^”]{12,}”|「[^」]{12,}」|『[^』]{12,}』|\"[^\"\n]{20,}\"")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|immediately|must|system|assistant|execute|instructions?)\b|请|必须|务必|立即|立刻|马上|忽略|无视|执行|系统|助手|指令",
    re.IGNORECASE,
)


def without_quoted_orders(text: str) -> str:
    """The text with what somebody else orders, in quotation marks, blanked: it is material, not a request."""
    return _QUOTED.sub(
        lambda match: " " * len(match[0]) if _ORDER.search(match[0]) else match[0],
        text,
    )


def half_width(text: str) -> str:
    """The text with full-width letters, digits and signs as half-width ones; Chinese punctuation stays."""
    return text.translate(_HALF)


def simplified(text: str) -> str:
    """The text with frequent traditional characters written in simplified form, each in its place."""
    return text.translate(_SIMPLIFIED)


_NT = re.compile(r"\b(did|do|does|have|has|had|is|are|was|were|would|could|should)nt\b")
_KEY = [
    "customers",
    "customer",
    "married",
    "unmarried",
    "homeowners",
    "homeowner",
    "renters",
    "children",
    "loyal",
    "champions",
    "coupons",
    "coupon",
    "income",
    "families",
    "hibernating",
    "promising",
    "ordered",
    "orders",
    "purchased",
    "shoppers",
    "households",
    "retired",
    "spending",
    "members",
]


def without_slips(text: str) -> str:
    """Lower-case text with 'didnt' as "didn't" and 'custmers' as 'customers'.

    A word is put right if it is a word of the rules but for one letter too many, too few, wrong or swapped;
    it must have five letters and start the same.
    """
    text = _NT.sub(r"\1n't", text)
    return re.sub(r"(?<![\w'-])[a-z]{5,13}(?![\w'-])", lambda match: _slips().get(match[0], match[0]), text)


@cache
def _slips() -> dict[str, str]:
    """Every way to slip once in a word of the rules, but for ways that are words themselves."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found: dict[str, str] = {}
    for word in _KEY:
        halves = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
        ways = {a + b[1:] for a, b in halves if b} | {
            a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1
        }
        ways |= {a + letter + b[1:] for a, b in halves if b for letter in letters}
        ways |= {a + letter + b for a, b in halves for letter in letters}
        found |= {way: word for way in ways - _WORDS - set(_KEY) if len(way) >= 5}
    return found


# Words of their own, one letter off a word of the rules.
_WORDS = frozenset(
    [
        "borders",
        "centers",
        "champion",
        "champions",
        "childrens",
        "chopper",
        "couple",
        "coupler",
        "couples",
        "coupons",
        "custom",
        "customs",
        "homeowner",
        "household",
        "incomes",
        "lenders",
        "locals",
        "loyally",
        "loyals",
        "marries",
        "member",
        "order",
        "orderer",
        "ordering",
        "orderly",
        "outcome",
        "promisings",
        "purchase",
        "purchaser",
        "purchases",
        "ramblers",
        "renders",
        "rentals",
        "renter",
        "retire",
        "retires",
        "retread",
        "retried",
        "rewired",
        "royal",
        "sending",
        "shopper",
        "spendings",
        "tenders",
    ]
)
