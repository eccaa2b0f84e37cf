"""Mutants are graded; who survives is told, and [[equal]] says of whom that it is no mistake."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shipped
from shipped import COURSE

from autograder.__main__ import main
from autograder.authoring import audit
from autograder.authoring import mutants as tried
from autograder.authoring.mutants import Tally, as_json, failures, render, try_mutants
from autograder.grading import basis
from autograder.grading.mistakes import Equal, Patches

CHEAP = {
    "ps_autoencoder": ("encoder", "decoder", "train_ae", "train_classifier"),
    "ps_transfer": ("clip_loss", "zero_shot", "modality_gap", "soft_targets"),
}


@pytest.mark.slow
@pytest.mark.parametrize("id", CHEAP)
def test_a_sample_is_caught_or_judged(id: str) -> None:
    tallies = try_mutants(COURSE.problem_set(id), COURSE, sample=10, questions=CHEAP[id])
    assert {q: t.tried for q, t in tallies.items()} == dict.fromkeys(CHEAP[id], 10)
    assert failures(tallies) == []


def test_a_survivor_is_told_and_counts_until_it_is_judged() -> None:
    tally = Tally(50, 48, {"line 1: a → b": None, "line 2: c → d": "It is the default."})
    assert failures({"q": tally}) == []
    shown = render({"q": tally})
    assert "line 1: a → b  UNJUDGED" in shown and "line 2: c → d  (It is the default.)" in shown
    assert as_json({"q": tally, "r": Tally(3, 3)}) == {
        "tried": 53,
        "killed": 51,
        "survivors": [
            {"question": "q", "change": "line 1: a → b", "judged": None},
            {"question": "q", "change": "line 2: c → d", "judged": "It is the default."},
        ],
    }
    said = ["1 of 33 mutants of q survive, and no [[equal]] says why."]
    assert failures({"q": replace(tally, tried=33)}) == said


SYMMETRIC = "line 17: F.mse_loss(model(x), x) → F.mse_loss(x, model(x))"
NO_STEP = "line 20: optimizer.step() → pass"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "survivors", "stale"),
    [
        ("mse_loss(x, model(x))", {SYMMETRIC: "It is so."}, []),
        ("optimizer.step() → pass", {SYMMETRIC: None}, ["optimizer.step() → pass"]),
        ("a → b", {SYMMETRIC: None}, ["a → b"]),
    ],
)
def test_an_entry_judges_what_survives_and_is_stale_where_nothing_does(
    monkeypatch: pytest.MonkeyPatch, text: str, survivors: dict[str, str | None], stale: list[str]
) -> None:
    entry = Equal(question="train_ae", change=text, reason="It is so.")
    monkeypatch.setattr(basis, "load_patches", lambda part: Patches([], [], [entry]))
    made = tried.mutants("train_ae", shipped.basis("ps_autoencoder").reference.answers["train_ae"])
    two = [m for m in made if m.change in (SYMMETRIC, NO_STEP)]
    monkeypatch.setattr(tried, "mutants", lambda *_: two)
    tallies = try_mutants(COURSE.problem_set("ps_autoencoder"), COURSE, questions=["train_ae"])
    assert tallies == {"train_ae": Tally(2, 1, survivors, stale)}
    said = f"The [[equal]] {text!r} of train_ae fits no mutant that survives"
    assert any(f.startswith(said) for f in failures(tallies)) == bool(stale)


@pytest.mark.parametrize(("tried_in_all", "status"), [(10, 1), (100, 0)])
def test_the_command_lists_survivors_and_fails_for_too_many(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tried_in_all: int,
    status: int,
) -> None:
    row = {"score": 5, "max": 5}
    empty: dict[str, Any] = {"mistakes": [], "variants": [], "public": {}}
    table = {"reference": row, "blank": {**row, "score": 0}, **empty}
    tally = Tally(tried_in_all, tried_in_all - 1, {"line 1: a → b": None})
    monkeypatch.setattr(audit, "audit_all", lambda ps, _: [(ps.id, ps, dict(table))])
    monkeypatch.setattr(tried, "try_mutants", lambda *_: {"encoder": tally})
    file = tmp_path / "audit.json"
    assert main(["audit", "ps_autoencoder", "--mutants", "--json", str(file)]) == status
    assert "line 1: a → b  UNJUDGED" in capsys.readouterr().out
    assert json.loads(file.read_text())["ps_autoencoder"]["mutants"] == as_json({"encoder": tally})
    assert main(["audit", "ps_autoencoder", "--json", str(file)]) == 0
    assert "mutants" not in json.loads(file.read_text())["ps_autoencoder"]
