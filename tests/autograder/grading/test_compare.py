"""Comparing fails closed: only a value that is right passes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograder.grading.compare import difference, same, unlike_public
from autograder.sandbox.cells import Trouble

EXPECTED = np.linspace(-2, 3, 12, dtype=np.float32).reshape(3, 4)


def verdict(claim: Any, expected: Any = EXPECTED) -> str:
    return difference({"output": claim}, {"output": expected}, 1e-4)


def test_the_same_values_pass_with_rounding() -> None:
    assert verdict(EXPECTED * (1 + 1e-6)) == ""


@pytest.mark.parametrize(
    "claim",
    [
        np.zeros((0, 4), np.float32),
        np.full_like(EXPECTED, np.nan),
        np.full_like(EXPECTED, np.inf),
        EXPECTED[:1],
        EXPECTED.T,
        EXPECTED.reshape(12),
        np.float32(1) * EXPECTED[0, 0].reshape(()),
        EXPECTED + 1e-3,
        EXPECTED.astype(np.int64),
        EXPECTED != 0,
        EXPECTED.tolist(),
        None,
        "right",
        True,
    ],
)
def test_anything_else_fails(claim: Any) -> None:
    assert verdict(claim)


def test_one_nan_among_right_values_fails() -> None:
    claim = EXPECTED.copy()
    claim[1, 2] = np.nan
    assert "NaN" in verdict(claim)


def test_a_missing_or_further_value_fails() -> None:
    assert difference({}, {"output": EXPECTED}, 1)
    assert difference({"output": EXPECTED, "verdict": 1.0}, {"output": EXPECTED}, 1)


@pytest.mark.parametrize("claim", [1, 1.0, "True", None, np.True_])
def test_a_flag_is_not_what_equals_it(claim: Any) -> None:
    assert difference({"has it": claim}, {"has it": True}, 1)


def test_zero_is_expected_to_be_zero() -> None:
    zero = np.zeros(3)
    assert verdict(zero, zero) == ""
    assert verdict(zero + 1e-6, zero)


def test_an_error_says_where_and_not_what() -> None:
    message = difference(Trouble("ValueError", 3, "hidden 0.1234"), {"output": EXPECTED}, 1)
    assert message == "The code raised ValueError at line 3 of the answer."


@given(
    npst.arrays(np.float32, npst.array_shapes(max_dims=3, max_side=4)),
    st.sampled_from([1e-4, 1e-2]),
)
def test_no_message_shows_an_expected_number(claim: np.ndarray, tolerance: float) -> None:
    message = difference({"output": claim}, {"output": EXPECTED}, tolerance)
    assert not any(f"{v:.3f}" in message for v in EXPECTED.ravel())


def test_errors_are_the_same_with_the_same_text() -> None:
    a, b = Trouble("TypeError", 3, "NoneType"), Trouble("TypeError", 9, "NoneType")
    assert same(a, b, 1)
    assert not same(a, Trouble("TypeError", 3, "str"), 1)
    assert not same(a, {"output": EXPECTED}, 1)
    assert same({"output": EXPECTED}, {"output": EXPECTED.copy()}, 1e-6)


def test_evidence_tells_mistakes_apart_and_is_not_graded() -> None:
    right, other = {"n": 1, "evidence": [3, 0]}, {"n": 1, "evidence": [3, 3]}
    assert difference(right, other, 1) == ""
    assert same(right, right, 1) and not same(right, other, 1)
    assert difference({"n": 1}, right, 1)


def test_of_hidden_inputs_neither_count_nor_shape_nor_line_is_told() -> None:
    claim, expected = {"count": 7, "shape": np.ones((3, 5))}, {"count": 8, "shape": np.ones(3)}
    assert difference(claim, expected, 1) == "Count: 7 is not right."
    claim["count"] = 8
    assert "(3, 5)" in difference(claim, expected, 1)
    assert unlike_public(claim) == "It is not right for other inputs than those of the example."
    assert unlike_public(Trouble("KeyError", 7, "x")) == "The code raised KeyError."
    assert unlike_public(Trouble("Saw7", 7, "x")) == "The code raised an error."


def test_results_with_nan_in_the_same_places_are_the_same() -> None:
    a = {"output": np.array([1.0, np.nan, np.inf])}
    assert same(a, {"output": np.array([1.0, np.nan, np.inf])}, 1e-4)
    assert not same(a, {"output": np.array([1.0, 2.0, np.inf])}, 1e-4)
    assert not same(a, {"output": np.array([1.5, np.nan, np.inf])}, 1e-4)
    assert not same(a, {"output": np.array([1.0, np.nan, -np.inf])}, 1e-4)
    assert not same(a, {"output": np.array([1.0, np.nan, np.nan])}, 1e-4)


def test_bytes_that_signal_are_no_warning() -> None:
    signalling = np.array([0x7FA00000], np.uint32).view(np.float32)
    expected = {"x": np.ones(1, np.float32)}
    assert difference({"x": signalling}, expected, 1e-4) == "X: NaN or infinity among the values."
