"""Marks of steps become calls, wherever a value is computed; nothing else changes."""

import ast
from typing import Any

import pytest

from autograder.grading.marks import before, instrumented, unmarked
from autograder.model import CourseError

SOURCE = """\
def f(x, scaler, model):
    a = x + 1  # step: one more
    a += 1  # step: two more
    b: float = a * 2  # step: twice
    text = "# step: no comment"
    c = call(
        inner(b),  # step: the inner
        other=3,
    )  # step: the outer
    model.fit(c)  # step: the fit
    scaler.step(model)  # step: the update
    return (
        g(c)  # step: left
        + g(-c)  # step: right
    ) / 2  # step: the mean
"""


def test_every_value_is_told_under_its_name() -> None:
    told: list[tuple[str, Any, str]] = []

    def step(text: str, value: Any, kind: str = "") -> Any:
        told.append((text, value, kind))
        return value

    class Model:
        def fit(self, x: float) -> None:
            pass

    class Scaler:
        def step(self, model: Model) -> None:
            pass

    space: dict[str, Any] = {
        "__step__": step, "call": lambda x, other: x + other, "inner": lambda x: x * 10,
        "g": lambda x: x * x,
    }  # fmt: skip
    exec(instrumented(SOURCE, "f"), space)
    model = Model()
    assert space["f"](1, Scaler(), model) == 63 * 63
    assert told == [
        ("one more", 2, ""), ("two more", 3, ""), ("twice", 6, ""), ("the inner", 60, ""),
        ("the outer", 63, ""), ("the fit", model, "fit"), ("the update", model, "step"),
        ("left", 3969, ""), ("right", 3969, ""), ("the mean", 3969, ""),
    ]  # fmt: skip


def test_without_its_marks_a_solution_is_what_it_was() -> None:
    plain = unmarked(SOURCE)
    assert "step:" not in plain.replace('"# step: no comment"', "")
    assert plain.count("\n") == SOURCE.count("\n")
    assert ast.dump(ast.parse(unmarked("x = 1  # step: a\n"))) == ast.dump(ast.parse("x = 1"))


@pytest.mark.parametrize(
    "line", ["for i in range(\n    3\n):  # step: no", "import os  # step: no", "# step: no"]
)
def test_a_mark_without_a_value_is_refused(line: str) -> None:
    with pytest.raises(CourseError, match=r"the cell, line \d: no value is computed"):
        instrumented(f"x = [1]\n{line}\n{'    pass' if line.startswith('for') else ''}", "the cell")


def test_a_step_needs_what_its_names_come_from() -> None:
    found = before(
        "def f(x, y, o):\n"
        "    a = x + 1  # step: a\n    b = y + 1  # step: b\n    c = a * 2\n"
        "    d = (\n        g(c)  # step: left\n        + g(b)  # step: right\n    )  # step: d\n"
        "    d.backward()  # step: gradients\n    o.step()  # step: update\n"
        "    self.e = b  # step: e\n    return self.e  # step: out\n"
    )
    assert found == {
        "a": set(), "b": set(), "left": {"a", "b"}, "right": {"a", "b"},
        "d": {"a", "b", "left", "right"}, "gradients": {"a", "b", "left", "right", "d"},
        "update": set(), "e": {"b"}, "out": {"b", "e"},
    }  # fmt: skip


ASIDE = """\
def f(x):
    y = 2 * x  # step: twice
    # step: its square = y * y
    z = g(y)  # step: the rest
    return z
"""


def test_a_value_beside_the_solution_is_told_too() -> None:
    told: list[tuple[str, Any]] = []

    def step(text: str, value: Any, kind: str = "", time: int = 1) -> Any:
        told.append((text, value))
        return value

    space: dict[str, Any] = {"__step__": step, "g": lambda y: y + 1}
    exec(instrumented(ASIDE, "f"), space)
    assert space["f"](3) == 7
    assert told == [("twice", 6), ("its square", 36), ("the rest", 7)]
    assert unmarked(ASIDE) == "def f(x):\n    y = 2 * x\n    z = g(y)\n    return z\n"
    needs = before(ASIDE)
    assert needs["its square"] == set()
    assert needs["the rest"] == {"twice", "its square"}  # nobody has to compute what is aside
