"""What helpers show inside a real kernel, as it stands in the saved notebook."""

import base64
import io
import re
from typing import Any

import pytest
from kernel import ROOT, outputs_of
from PIL import Image

from helpers.notebook import RESULT

pytestmark = pytest.mark.slow

CELLS = {
    "start": f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import helpers
helpers.start(profile="mini", data="data")
""",
    "train": """
import torch
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.Adam(model.parameters())
losses = []
for epoch in helpers.training(3, model=model, optimizer=optimizer, history=losses, name="ae"):
    losses.append(3.0 - epoch)
""",
    "interrupted": """
try:
    for epoch in helpers.training(3, name="stopped"):
        if epoch == 1:
            raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
""",
    "plot": "helpers.plot_loss(losses)",
    "in a loop": "for _ in range(2):\n    helpers.plot_loss(losses)\nprint('end')",
    "stopped once": """
import os, signal
losses = []
for epoch in helpers.training(5, model=model, optimizer=optimizer, history=losses, name="once"):
    if epoch == 1:
        os.kill(os.getpid(), signal.SIGINT)
    losses.append(3.0 - epoch)
print(losses)
""",
    "record": "helpers.record('supervised', 0.42512, model, model)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    shown = outputs_of(*CELLS.values(), cwd=tmp_path_factory.mktemp("notebook"))
    return dict(zip(CELLS, shown, strict=True))


def test_start_prints_a_line_and_its_session(outputs: dict[str, list[dict[str, Any]]]) -> None:
    printed = outputs["start"][0]
    assert printed["name"] == "stdout" and printed["text"].count("\n") == 1


def test_a_finished_bar_is_one_line_of_text(outputs: dict[str, list[dict[str, Any]]]) -> None:
    (output,) = outputs["train"]
    line = output["data"]["text/plain"]
    assert set(output["data"]) == {"text/plain"}
    assert line.startswith("ae: 100%") and "3/3" in line and "loss 1" in line
    assert "\r" not in line and len(line) <= 100


def test_an_interrupted_bar_stays_where_it_was(outputs: dict[str, list[dict[str, Any]]]) -> None:
    (output,) = outputs["interrupted"]
    assert "1/3" in output["data"]["text/plain"]


def test_an_interrupt_ends_the_training_after_its_epoch(
    outputs: dict[str, list[dict[str, Any]]],
) -> None:
    bar, *printed = outputs["stopped once"]
    assert "2/5" in bar["data"]["text/plain"]
    said, losses = "".join(p["text"] for p in printed).splitlines()
    assert said == "Interrupted after epoch 2 of 5, helpers.resume() goes on from here."
    assert losses == "[3.0, 2.0]"


def test_a_figure_is_shown_once_with_words(outputs: dict[str, list[dict[str, Any]]]) -> None:
    (output,) = outputs["plot"]
    data, metadata = output["data"], output["metadata"]
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width == 2 * metadata["image/png"]["width"]
    assert metadata["image/png"]["alt"].startswith("loss, summed over minibatches: 3 in epoch 0")


def test_figures_in_a_loop_come_at_once(outputs: dict[str, list[dict[str, Any]]]) -> None:
    kinds = ["image/png" if "data" in o else o["text"] for o in outputs["in a loop"]]
    assert kinds == ["image/png", "image/png", "end\n"]


def test_a_recorded_result_holds_the_line_and_the_number(
    outputs: dict[str, list[dict[str, Any]]],
) -> None:
    (output,) = outputs["record"]
    result = output["data"][RESULT]
    assert output["data"]["text/plain"] == "supervised: test accuracy 0.4251 (mini profile)"
    assert re.fullmatch("[0-9a-f]{64}", result.pop("model"))
    assert result == {"name": "supervised", "accuracy": 0.42512, "profile": "mini"}
