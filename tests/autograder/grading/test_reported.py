"""Report questions: literals against what the notebook printed, without running anything."""

import ast

import pytest

from autograder.grading.reported import fill, judge
from autograder.parts.declare import ReportRule
from autograder.reading.answers import claims
from helpers.handing.claims import Result, literals

RULE = ReportRule(
    results="results",
    keys=("learned", "random"),
    facts={"flags": {"learned": True, "random": False}},
    orderings=[("learned", "random")],
    ranges={"full": {"learned": (0.4, 0.6)}},
)
RIGHT = (
    'flags = {"learned": True, "random": False}\nresults = {"learned": 0.4512, "random": 0.2034}'
)


def results(
    learned: float = 0.4512, random: float = 0.2034, profile: str = "mini"
) -> dict[str, Result]:
    pairs = {"learned": learned, "random": random}
    return {name: Result(name, value, profile) for name, value in pairs.items()}


def passed(
    source: str, shown: dict[str, Result], profiles: tuple[str, ...] = ("mini", "full")
) -> list[bool]:
    return [c.passed for c in judge(RULE, claims(source), shown, profiles).checks]


@pytest.mark.parametrize(
    "source",
    [
        RIGHT,
        RIGHT.replace("0.4512", "0.45").replace("0.2034", ".20"),
        "flags = dict(learned=True, random=False)\nresults = dict(learned=.4512, random=.2034)",
        "flags: dict = {'random': False, 'learned': True}\n" + RIGHT.splitlines()[1],
        "results = None\n" + RIGHT + "\nprint(results)",
    ],
)
def test_right_literals_pass(source: str) -> None:
    assert passed(source, results()) == [True, True, True]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (RIGHT.replace("True", "1"), [False, True, True]),
        (RIGHT.replace('"random": False', '"random": True'), [False, True, True]),
        (RIGHT.replace("0.4512", "0.4612"), [True, False, True]),
        (RIGHT.replace("0.4512", "45.12"), [True, False, True]),
        (RIGHT.replace("0.4512", "True"), [True, False, True]),
        (RIGHT.replace("0.4512", "float('nan')"), [True, False, False]),
        (RIGHT.replace("0.4512", "1e999"), [True, False, True]),
        (RIGHT.replace("0.4512", "accuracy"), [True, False, False]),
        (RIGHT.replace("results", "result"), [True, False, False]),
        ("raise NotImplementedError()", [False, False, False]),
        ("results = {", [False, False, False]),
    ],
)
def test_wrong_literals_fail(source: str, expected: list[bool]) -> None:
    assert passed(source, results()) == expected


def test_a_notebook_that_was_not_run_earns_nothing() -> None:
    judgement = judge(RULE, claims(RIGHT), {"learned": results()["learned"]}, ("mini",))
    assert not judgement.run and not any(c.passed for c in judgement.checks)
    assert "no result for random" in judgement.checks[0].message


def test_profiles_are_not_mixed_nor_taken_where_not_accepted() -> None:
    mixed = results() | {"random": results(profile="full")["random"]}
    assert passed(RIGHT, mixed) == [False] * 3
    assert passed(RIGHT, results(), ("full",)) == [False] * 3


def test_the_order_and_range_of_the_profile_must_show() -> None:
    swapped = RIGHT.replace("0.4512", "x").replace("0.2034", "0.4512").replace("x", "0.2034")
    assert passed(swapped, results(0.2034, 0.4512)) == [True, True, False]
    low = results(0.30, 0.20, "full")
    assert passed(fill(RULE, RIGHT, low), low) == [True, True, False]
    low = results(0.30, 0.20)
    assert passed(fill(RULE, RIGHT, low), low) == [True, True, True]


def test_fill_writes_what_was_recorded_and_nothing_else() -> None:
    source = (
        'é = "ü"\nresults = {"learned": 0.1, "é": 5, "random":0.2 }  # 0.1\n'
        'other = {"learned": 0.1}'
    )
    assert fill(RULE, source, results()) == (
        'é = "ü"\nresults = {"learned": 0.4512, "é": 5, "random":0.2034 }  # 0.1\n'
        'other = {"learned": 0.1}'
    )


def test_literals_run_nothing() -> None:
    source = "a = {'x': __import__('os')}\nb = 3\nc = d = 4"
    assert literals(ast.parse(source)) == {"b": 3}
