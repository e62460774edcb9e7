"""Search over products and help passages, and what words mean, on a small real index."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.knowledge.database import migrate, transaction
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.index import apply_outbox, build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import IndexOutbox, Product
from shopwright.knowledge.vectors import open_index


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The small shop of search_shop.py with all help passages, indexed."""
    spec = importlib.util.spec_from_file_location("search_shop", Path(__file__).parent / "search_shop.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = Shop(Settings(data_dir=tmp_path_factory.mktemp("search")))
    migrate(made.engine)
    module.make_search_shop(made.engine)
    load_documents(made.engine)
    build_index(made, lambda step, done, total: None)
    yield made
    open_index(made.settings.index_dir).close()
    made.engine.dispose()


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("something to clean the oven", 105), ("清洁烤箱的东西", 105), ("food for my cat", 101), ("给猫吃的", 104),
        ("洗头用的", 106), ("crisps", 109), ("宝宝尿布", 110), ("意大利面", 111), ("breakfast bacon", 107),
        ("vanilla ice cream", 108), ("running shoes", 201), ("瑜伽垫", 202), ("香蕉", 112),
    ],
)  # fmt: skip
def test_meaning_finds_products_in_both_languages(shop: Shop, query: str, product: int) -> None:
    found = [hit.product_id for hit in shop.products.search(query, 3)]
    assert product in found[:2], found


def test_brand_and_size_in_the_query_decide(shop: Shop) -> None:
    assert shop.products.search("store brand dry cat food 18 lb", 1)[0].product_id == 102
    assert shop.products.search("Pegasus", 1)[0].product_id == 201


def test_a_product_is_found_by_its_number(shop: Shop) -> None:
    assert [hit.product_id for hit in shop.products.search("106")] == [106]
    assert [hit.product_id for hit in shop.products.search("商品106")] == [106]


def test_of_products_that_look_alike_the_one_bought_most_is_shown(shop: Shop) -> None:
    found = [hit.product_id for hit in shop.products.search("dry cat food", 10)]
    assert 102 in found
    assert 103 not in found


def test_a_hit_reads_well_in_chinese(shop: Shop) -> None:
    hit = shop.products.search("猫干粮", 1)[0]
    assert hit.name_zh == "猫干粮，3.5 磅，全国品牌"
    assert (hit.category_zh, hit.department_zh) == ("猫粮", "食品杂货")
    assert shop.products.search("running shoes", 1)[0].name_zh == "Pegasus trail running shoe"


def test_conditions_hold_for_every_hit(shop: Shop) -> None:
    search = shop.products.search
    assert all(hit.price is not None and hit.price <= 4 for hit in search("food", 10, max_price=4))
    assert all(hit.price is not None and hit.price >= 5 for hit in search("food", 10, min_price=5))
    assert {hit.department for hit in search("food", 10, department="PRODUCE")} == {"PRODUCE"}
    assert {hit.department for hit in search("food", 10, department="新鲜蔬果")} == {"PRODUCE"}
    assert {hit.brand for hit in search("cat food", 10, brand="private")} == {"Private"}
    assert {hit.category for hit in search("food", 10, categories=["BACON"])} == {"BACON"}
    assert search("food", 10, department="no such department") == []


def test_only_what_is_sold_is_found(shop: Shop) -> None:
    found = {hit.product_id for hit in shop.products.search("butter energy drink soda", 20)}
    assert not found & {301, 302}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "\x00\x01",
        "🎉🎉",
        "!!!",
        "x" * 20_000,
        "asdf qwer",
        "今天天气怎么样",
        "99999999999999999999",
    ],
)
def test_a_query_about_nothing_finds_nothing(shop: Shop, query: str) -> None:
    assert shop.products.search(query) == []


def test_long_and_dirty_queries_are_answered(shop: Shop) -> None:
    for query in ("猫粮 " * 7000, "cat\x00 food\u202e🎉", "'; DROP TABLE product; -- cat food"):
        assert shop.products.search(query, 1)[0].category == "CAT FOOD"
    assert shop.products.search("cat food", 0) == []


def test_products_by_id(shop: Shop) -> None:
    assert [hit.product_id for hit in shop.products.by_ids([105, 1, 101])] == [105, 101]
    assert shop.products.by_ids([]) == []
    inactive = shop.products.get(302)
    assert inactive is not None
    assert inactive.name == "Butter"
    assert shop.products.get(1) is None


@pytest.mark.parametrize(
    ("words", "level", "names"),
    [
        ("cat food", "categories", ["CAT FOOD"]), ("猫粮", "categories", ["CAT FOOD"]),
        ("Cat foods", "categories", ["CAT FOOD"]), ("猫粮类商品", "categories", ["CAT FOOD"]),
        ("the cheap dry cat food", "product_types", ["DRY CAT FOOD (CAT CHOW/FRISKIE"]),
        ("produce", "departments", ["PRODUCE"]), ("sport", "departments", ["Sport"]),
        ("shoes", "categories", ["Shoes"]), ("ice cream", "categories", ["ICE CREAM/MILK/SHERBTS"]),
        ("clean the oven", "product_types", ["OVEN CLEANERS"]), ("宝宝纸尿裤", "categories", ["DIAPERS & DISPOSABLES"]),
        ("OVEN CLEANERS", "product_types", ["OVEN CLEANERS"]),
    ],
)  # fmt: skip
def test_words_mean_a_part_of_the_assortment(shop: Shop, words: str, level: str, names: list[str]) -> None:
    scope = shop.products.resolve(words)
    assert scope is not None
    assert getattr(scope, level) == names
    assert scope.query == words
    assert scope.label
    assert scope.label_zh


def test_a_group_holds_what_this_shop_has_of_it(shop: Shop) -> None:
    scope = shop.products.resolve("零食")
    assert scope is not None
    assert scope.categories == ["BAG SNACKS"]
    assert (scope.label, scope.label_zh) == ("Snacks", "零食")
    assert shop.products.resolve("wine") is None


@pytest.mark.parametrize(
    "words",
    ["", "🎉", "asdf", "airplane tickets", "机票", "customers over 60", "老年人", "laptop", "x" * 20_000],
)
def test_words_that_mean_nothing_here_mean_nothing(shop: Shop, words: str) -> None:
    assert shop.products.resolve(words) is None


def test_a_type_that_means_other_things_elsewhere_is_no_filter(shop: Shop) -> None:
    scope = shop.products.resolve("premium bacon")
    assert scope is None or scope.product_types == []


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("Can I return opened frozen food?", "returns-food"), ("拆开的冷冻食品能退吗", "returns-food"),
        ("How much is delivery?", "delivery-cost"), ("送货要多少钱", "delivery-cost"),
        ("Do my points expire?", "loyalty-expiry"), ("周日几点关门", "opening-hours"),
    ],
)  # fmt: skip
def test_questions_find_their_passage(shop: Shop, question: str, slug: str) -> None:
    found = shop.documents.search(question, 2)
    assert found[0].slug == slug
    assert found[0].language == ("zh" if question[0] > "\u4e00" else "en")
    assert len({passage.slug for passage in found}) == len(found)


def test_a_passage_comes_in_the_persons_language(shop: Shop) -> None:
    assert shop.documents.search("Do my points expire?", 1, language="zh")[0].title == "积分有效期"
    passage = shop.documents.get("returns", "zh")
    assert passage is not None
    assert passage.language == "zh"
    french = shop.documents.get("returns", "fr")
    assert french is not None
    assert french.slug == "returns"
    assert shop.documents.get("no-such-passage", "en") is None


@pytest.mark.parametrize(
    "question", ["", "🎉", "\x07", "what is the capital of France", "今天天气怎么样", "x" * 20_000]
)
def test_a_question_about_nothing_of_the_shops_finds_no_passage(shop: Shop, question: str) -> None:
    assert shop.documents.search(question) == []


def test_a_change_is_found_after_the_outbox_is_applied(shop: Shop) -> None:
    with transaction(shop.engine) as session:
        session.add(
            Product(
                id=203,
                name="Tent for two",
                department="Sport",
                category="Camping",
                brand="Hilleberg",
                price=900.0,
            )
        )
        session.add(IndexOutbox(kind="product", ref="203"))
    assert apply_outbox(shop) == 1
    assert apply_outbox(shop) == 0
    assert shop.products.search("camping tent", 1)[0].product_id == 203
