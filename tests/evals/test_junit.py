"""JUnit XML that any reader takes, whatever was said."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from made_runs import case, grade, made_run, run, turn

from shopwright.evals.junit import junit
from shopwright.evals.records import Call


def read(document: str) -> ElementTree.Element:
    """The document; it is our own, read as any reader of JUnit would."""
    return ElementTree.fromstring(document)  # noqa: S314  made here


def test_suites_cases_and_failures() -> None:
    made = made_run(40, seed=3)
    root = read(junit(made))
    assert root.tag == "testsuites"
    assert root.get("tests") == "40"
    assert root.get("failures") == str(sum(not one.passed for one in made.cases))
    assert [suite.get("name") for suite in root] == made.suites
    assert sum(int(suite.get("failures", 0)) for suite in root) == int(root.get("failures", 0))
    assert len(root.findall("testsuite/testcase")) == 40
    assert len(root.findall("testsuite/testcase/failure")) == int(root.get("failures", 0))


def test_a_case_tells_its_problems_its_time_and_what_was_said() -> None:
    turns = [
        turn(
            ask="How many?", text="There are 7.", seconds=1.5, calls=[Call(tool="count", arguments={"a": 1})]
        ),
        turn(ask="And <b>now</b>?", text="8 & more", seconds=2.0),
    ]
    wrong = grade("grounded", False, problem="8 has no evidence\nat all", turn=1)
    root = read(junit(run(case("m/how-many", grade("tool"), wrong, turns=turns))))
    test = root.find("testsuite/testcase")
    assert test is not None
    assert (test.get("classname"), test.get("name"), test.get("time")) == ("m", "how-many", "3.500")
    failure = test.find("failure")
    assert failure is not None
    assert failure.get("type") == "grounded"
    assert failure.get("message") == "turn 2, grounded: 8 has no evidence at all"
    assert failure.text == "turn 2, grounded: 8 has no evidence\nat all"
    assert test.findtext("system-out") == (
        "> How many?\n[count(a=1)]\nThere are 7.\n\n> And <b>now</b>?\n8 & more"
    )


def test_each_trial_is_a_test_of_its_own() -> None:
    root = read(junit(run(case("m/a"), case("m/a", trial=1), case("m/b"))))
    names = [test.get("name") for test in root.findall("testsuite/testcase")]
    assert names == ["a (trial 1)", "a (trial 2)", "b"]


def test_nothing_is_a_document_too() -> None:
    assert read(junit(run())).get("tests") == "0"


@given(st.text(), st.text(st.characters(categories=["Cc", "Cn", "Co"]), max_size=20))
def test_whatever_is_said_the_document_can_be_read(said: str, odd: str) -> None:
    one = case(
        f"m/{odd}{said}",
        grade("says", False, problem=said + odd),
        turns=[turn(ask=odd, text=said + "]]>" + odd)],
    )
    root = read(junit(run(one)))
    assert len(root.findall("testsuite/testcase/failure")) == 1
