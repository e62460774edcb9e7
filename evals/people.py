"""Which of the shop's people texts speak of."""

from collections.abc import Iterable

from shopwright.evals.masking import Known, numbers_of, words_of
from shopwright.knowledge.mentioned_people import ids_among, names_among, orders_among, usernames
from shopwright.knowledge.shop import Shop


def people_in(shop: Shop, texts: Iterable[str]) -> Known:
    """Customers whose names stand in the texts, the staff, and whose orders and ids the numbers are."""
    words: set[str] = set()
    numbers: set[int] = set()
    for text in texts:
        words.update(words_of(text))
        numbers.update(numbers_of(text))
    return Known(
        names=frozenset(names_among(shop.engine, words)),
        usernames=frozenset(usernames(shop.engine)),
        orders=orders_among(shop.engine, numbers),
        customers=frozenset(ids_among(shop.engine, "customer", numbers)),
        products=frozenset(ids_among(shop.engine, "product", numbers)),
    )
