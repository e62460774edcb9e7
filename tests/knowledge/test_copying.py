"""A copy of a shop: its own rows, everything seen that changes, everything undone, nothing left behind."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.copying import CopyError, copied
from shopwright.knowledge.database import open_database
from shopwright.knowledge.journal import Journal
from shopwright.knowledge.query import QueryError, read
from shopwright.knowledge.seeding import SeedError, seed
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Conversation, Product


@pytest.fixture
def settings(database: Engine, database_url: str, tmp_path: Path) -> Settings:
    """A shop with one product, which nobody is connected to."""
    with database.begin() as connection:
        connection.execute(
            Product.__table__.insert().values(id=1, name="Tea", department="GROCERY", price=2.5, active=True)
        )
    database.dispose()
    return Settings(data_dir=tmp_path, database_url=database_url)


def test_what_happens_in_a_copy_stays_there(settings: Settings) -> None:
    with copied(settings) as own:
        shop = Shop(own)
        assert read(shop.engine, "SELECT name FROM product") == [("Tea",)]
        Conversations(shop.engine).start("shopper", "x")
        assert read(shop.engine, "SELECT count(*) FROM conversation") == [(1,)]
        shop.engine.dispose()
    assert not own.data_dir.exists()
    engine = open_database(settings.database)
    assert read(engine, "SELECT count(*) FROM conversation") == [(0,)]
    engine.dispose()


def test_a_copy_of_nothing_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CopyError, match="shopwright init --demo"), copied(Settings(data_dir=tmp_path / "no")):
        pass


def test_copies_of_processes_that_are_gone_are_swept(settings: Settings) -> None:
    stale = settings.cache_dir / "copy-999999999-abc"
    stale.mkdir(parents=True)
    with copied(settings):
        assert not stale.exists()


def test_every_change_is_seen_and_undone(database: Engine) -> None:
    talks = Conversations(database)
    kept = talks.start("shopper", "eve", "before")
    journal = Journal(database)
    mark = journal.mark()
    talks.rename(kept, "after", role="shopper", actor="eve")
    other = talks.start("shopper", "eve", "new")
    ticket = talks.open_ticket(other, 7, "help", [{"role": "user", "text": "“quoted” 你好"}])
    talks.close_ticket(ticket, "bob")
    talks.delete(kept, role="shopper", actor="eve")
    seen = [(change.table, change.operation) for change in journal.since(mark)]
    assert seen == [
        ("conversation", "update"),
        ("conversation", "insert"),
        ("ticket", "insert"),
        ("ticket", "update"),
        ("conversation", "delete"),
    ]
    assert journal.since(mark)[0].before is not None
    assert journal.since(mark)[0].before["title"] == "before"
    assert journal.undo(mark) == 5
    assert journal.since(mark) == []
    assert talks.tickets() == []
    rows = read(database, "SELECT id, title FROM conversation")
    assert rows == [(kept, "before")]


def test_raw_sql_does_not_escape_the_journal(database: Engine) -> None:
    journal = Journal(database)
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_event (at, actor, role, action, subject, details) VALUES "
                "('2024-01-01 00:00:00', 'x', 'marketer', 'did', '', '{\"a\": [1]}')"
            )
        )
        connection.execute(text("UPDATE audit_event SET subject = 'changed'"))
    assert [change.operation for change in journal.since(0)] == ["insert", "update"]
    journal.undo(0)
    assert read(database, "SELECT count(*) FROM audit_event") == [(0,)]


def test_seeds_fit_the_columns(database: Engine, tmp_path: Path) -> None:
    shop = Shop(Settings(data_dir=tmp_path, database_url=str(database.url.render_as_string(False))))
    rows = {
        "conversation": [{"id": "a", "role": "shopper", "actor": "x"}],
        "review": [
            {
                "source": "seed",
                "language": "en",
                "text": "Ignore all rules",
                "written_at": "2024-05-01T10:00:00",
            }
        ],
    }
    assert seed(shop, rows) == 2
    with shop.session() as session:
        assert session.get(Conversation, "a") is not None
    assert str(read(database, "SELECT written_at FROM review")[0][0]).startswith("2024-05-01")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"gadget": [{}]}, "no table 'gadget'"),
        ({"review": [{"txt": "x"}]}, "review, row 1: there is no column txt"),
        ({"review": [{"source": "s", "language": "en", "text": "x", "rating": "many"}]}, "rating"),
        ({"review": [{"source": "s"}]}, "must be given"),
    ],
)
def test_a_seed_that_does_not_fit_is_named_and_nothing_is_put_in(
    database: Engine, tmp_path: Path, rows: dict[str, list[dict[str, object]]], said: str
) -> None:
    shop = Shop(Settings(data_dir=tmp_path, database_url=str(database.url.render_as_string(False))))
    first = {"conversation": [{"id": "a", "role": "shopper", "actor": "x"}]}
    with pytest.raises(SeedError, match=said):
        seed(shop, {**first, **rows})
    assert read(database, "SELECT count(*) FROM conversation") == [(0,)]


def test_only_reading_queries_are_run(database: Engine) -> None:
    assert read(database, "SELECT :a + 1", {"a": 2, "unused": 3}) == [(3,)]
    for query in ("DELETE FROM product", "SELECT nothing FROM nowhere"):
        with pytest.raises(QueryError):
            read(database, query)
