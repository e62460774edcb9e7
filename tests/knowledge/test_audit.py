"""The audit trail keeps what it is told, newest first."""

from sqlalchemy.engine import Engine

from shopwright.knowledge.audit import entries, record


def test_events_are_kept_with_their_details(database: Engine) -> None:
    record(database, "ann", "marketer", "user.sign_in")
    record(database, "bob\x00", "marketer", "ticket.close", "12", {"说明": "完成\x00", "n": 1})
    newest, oldest = entries(database)
    assert (newest.actor, newest.action, newest.subject) == ("bob", "ticket.close", "12")
    assert newest.details == {"说明": "完成", "n": 1}
    assert oldest.details == {}
    assert [e.actor for e in entries(database, action="user.sign_in")] == ["ann"]
    assert len(entries(database, limit=1)) == 1
