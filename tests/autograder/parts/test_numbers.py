"""Numbers of a term: filled in wherever text and code name them, or told why they cannot be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.model import CourseError
from autograder.parts.numbers import Number, filled

VALUES: dict[str, str | int | float] = {"temperature": 0.05, "K": 64, "kind": "frozen"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("T = {{temperature}}", "T = 0.05"),
        ("{{kind}} and {{other}}", "frozen and {{other}}"),
        ("$\\ln {{=K + 1}} = {{=ln(K + 1):.3f}}$", f"$\\ln 65 = {math.log(65):.3f}$"),
        ("{{=20 * K + K:,}} weights", "1,344 weights"),
        ("{{=-1 / temperature:.0f}} to {{=1/temperature:.0f}}", "-20 to 20"),
        ("{{=ln(1 + K / exp(1)):.2f}}", f"{math.log(1 + 64 / math.e):.2f}"),
        ("f'{{x}}' and {{{K}}}", "f'{{x}}' and {{{K}}}"),
    ],
)
def test_values_and_what_follows_from_them(text: str, made: str) -> None:
    assert filled(text, VALUES) == made


@pytest.mark.parametrize(
    "text",
    ["{{=k + 1}}", "{{=kind + 1}}", "{{=K.real}}", "{{=open('x')}}", "{{=1 / 0}}", "{{=K +}}",
     "{{=ln(0)}}", "{{=K:zz}}", "{{=[K]}}"],
)  # fmt: skip
def test_what_cannot_be_computed_is_told(text: str) -> None:
    with pytest.raises(CourseError, match="cannot be computed"):
        filled(text, VALUES)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_formulas_are_python_s(a: int, b: int) -> None:
    text = filled("{{=a * b - a // b + a / b:.6g}}", {"a": a, "b": b})
    assert text == f"{a * b - a // b + a / b:.6g}"


@pytest.mark.parametrize(
    ("default", "value", "says"),
    [
        (0.07, 0.05, ""), (0.07, 1, "from 0.01 to 0.5"), (0.07, "0.05", "has to be a number from"),
        (0.07, True, "has to be a number"), (256, 64.5, "has to be a whole number"),
    ],
)  # fmt: skip
def test_a_number_is_one_in_its_range(default: float, value: object, says: str) -> None:
    number = Number(default, 0.01, 0.5 if default < 1 else 999, (default, default))
    said = number.misfit("temperature", value)
    assert says in said and bool(says) == bool(said)


def test_a_text_that_was_typed_is_found_only_where_it_is_wrong() -> None:
    number = Number(0.07, 0, 1, (0.05, 0.1), said=r"\b0\.07\b")
    assert number.typed("divided by 0.07, they lie", 0.05) == "0.07"
    assert number.typed("divided by 0.07, they lie", 0.07) == ""
    assert number.typed("divided by 0.071 and {{temperature}}", 0.05) == ""
