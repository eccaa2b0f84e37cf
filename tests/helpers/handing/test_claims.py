"""Results as a notebook shows them: what the pre-check and the grader both read."""

from typing import Any

import pytest

from helpers.handing.claims import Result, shown_results
from helpers.notebook import RESULT


def recorded(name: str, accuracy: Any, profile: str = "mini", **more: Any) -> dict[str, Any]:
    record = {"name": name, "accuracy": accuracy, "profile": profile, **more}
    line = f"{name}: test accuracy 0.9999 ({profile} profile)"
    return {"output_type": "display_data", "data": {RESULT: record, "text/plain": line}}


def printed(*lines: str) -> dict[str, Any]:
    return {"output_type": "stream", "text": [f"{line}\n" for line in lines]}


LINE = "random: test accuracy 0.5000 (mini profile)"


@pytest.mark.parametrize("outputs", [[0, 1], [1, 0]])
def test_a_record_counts_wherever_a_line_is_printed(outputs: list[int]) -> None:
    both = [recorded("random", 0.4), printed(LINE)]
    assert shown_results(both[i] for i in outputs) == {"random": Result("random", 0.4, "mini")}


def test_the_last_of_a_name_counts() -> None:
    outputs = [recorded("a", 0.1), recorded("a", 0.2), printed(LINE, LINE.replace("5", "3"))]
    shown = shown_results(outputs)
    assert (shown["a"].accuracy, shown["random"].accuracy) == (0.2, 0.3)


def test_a_line_is_what_is_left_of_a_lost_record() -> None:
    assert shown_results([printed("epoch 1", LINE)]) == {"random": Result("random", 0.5, "mini")}
    returns = {"output_type": "stream", "text": LINE + "\r\n"}
    assert shown_results([returns])["random"].accuracy == 0.5


@pytest.mark.parametrize("accuracy", [2, -0.1, float("nan"), 10**400, "0.1", None, True])
def test_a_record_that_is_none_is_read_as_its_line(accuracy: Any) -> None:
    assert shown_results([recorded("random", accuracy)])["random"].accuracy == 0.9999


def test_models_and_profiles_come_along() -> None:
    hash, odd = "ab12" * 16, ["../x", "ab12", 3]
    shown = shown_results([recorded("a", 0, "quick", model=hash)])
    assert shown == {"a": Result("a", 0.0, "quick", hash)}
    for model in odd:  # names no file
        assert shown_results([recorded("b", 1, model=model)]) == {"b": Result("b", 1.0, "mini")}
    assert shown_results([recorded("a", 0.5, "maxi") | {"data": {RESULT: 3}}, {"data": 4}]) == {}
