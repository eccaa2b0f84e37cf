"""Wrong answers that behave alike are a group, whatever they look like; a name tells its hint."""

import ast
import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from handed_in import PS, cell, data, right
from shipped import COURSE, compose

from autograder.batch.groups import anonymous
from autograder.batch.naming import name_group
from autograder.batch.overview import read_groups, write_overview
from autograder.batch.run import grade_all
from autograder.batch.similar import similar
from autograder.model import CourseError
from autograder.parts import declare

pytestmark = pytest.mark.slow
SET = COURSE.problem_set(PS)

# The same mistake that no entry names, written in three ways: the features are negated.
NEGATED = [
    '''
class Encoder(nn.Module):
    """By Anna Secret."""
    def __init__(self, in_channels=3):
        super().__init__()
        c = [in_channels, 12, 24, 48, 24]
        self.encoder = nn.Sequential(*[
            layer for a, b in zip(c, c[1:]) for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())])

    def forward(self, x):
        return -self.encoder(x)  # Anna Secret was here
''',
    """
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(24, 48, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(48, 24, 4, stride=2, padding=1), nn.ReLU())

    def forward(self, x):
        return self.encoder(x).neg()
""",
]
HALVED = NEGATED[1].replace(".neg()", " / 2")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compose(PS)
    folder = tmp_path_factory.mktemp("class")
    (folder / "in").mkdir()
    answers = {"anna": NEGATED[0], "ben": NEGATED[1], "cleo": HALVED, "dora": None}
    for name, source in answers.items():
        notebook = right()
        if source:
            cell(notebook, "encoder")["source"] = source
        (folder / "in" / f"{name}.ipynb").write_bytes(data(notebook))
    grade_all([folder / "in"], SET, COURSE, folder / "out")
    return folder


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The parts, where mistakes.toml may be written."""
    shutil.copytree(declare.PARTS, tmp_path / "parts")
    monkeypatch.setattr(declare, "PARTS", tmp_path / "parts")
    yield tmp_path / "parts"


def test_those_who_gave_the_same_are_together(graded: Path) -> None:
    _, groups = read_groups(graded / "out", COURSE)
    assert [(g.question, g.members) for g in groups] == [
        ("encoder", ["anna", "ben"]),
        ("encoder", ["cleo"]),
    ]
    assert all(ast.parse(g.sample) and "Secret" not in g.sample for g in groups)


def test_the_page_shows_them_without_a_name(graded: Path) -> None:
    said = write_overview(graded / "out", graded / "class.html", COURSE)
    assert said.startswith("4 results")
    page = (graded / "class.html").read_text(encoding="utf-8")
    _, groups = read_groups(graded / "out", COURSE)
    assert "Wrong answers without a name" in page
    assert all(g.id in page for g in groups) and "Secret" not in page


def test_a_named_group_reads_its_hint_and_nobody_else_does(graded: Path, parts: Path) -> None:
    _, groups = read_groups(graded / "out", COURSE)
    out = graded / "named"
    shutil.copytree(graded / "out", out)
    hint = 'The features come out with the other sign: there is no "minus" in a ReLU.'
    said = name_group(out, groups[0].id, "encoder-negated", hint, COURSE)
    assert "tells the hint to 2 submissions" in said
    text = (parts / "autoencoder" / "mistakes.toml").read_text(encoding="utf-8")
    assert "encoder-negated" in text and "Secret" not in text
    done = grade_all([graded / "in"], SET, COURSE, out)
    assert done.graded == {"anna", "ben", "cleo"}  # who has full marks is not graded again
    assert not done.changes
    for name, told in (("anna", True), ("ben", True), ("cleo", False)):
        results = json.loads((out / name / "results.json").read_text(encoding="utf-8"))
        assert (results["tests"][0]["extra_data"]["mistake"] == "encoder-negated") is told
    _, left = read_groups(out, COURSE)
    assert [g.members for g in left] == [["cleo"]]


@pytest.mark.parametrize(
    ("group", "id", "hint", "says"),
    [
        ("encoder-000000", "x", "h", "has no group 'encoder-000000'; there are: encoder-"),
        ("", "Two Words", "h", "small letters, digits and - only"),
        ("", "x", " ", "--hint is empty"),
        ("", "encoder-no-last-relu", "h", "already"),
    ],
)
def test_what_cannot_be_named_says_why_and_changes_nothing(
    graded: Path, parts: Path, group: str, id: str, hint: str, says: str
) -> None:
    before = (parts / "autoencoder" / "mistakes.toml").read_bytes()
    _, groups = read_groups(graded / "out", COURSE)
    with pytest.raises(CourseError, match=says):
        name_group(graded / "out", group or groups[0].id, id, hint, COURSE)
    assert (parts / "autoencoder" / "mistakes.toml").read_bytes() == before


def test_anonymous_code_does_the_same() -> None:
    source = '"""Me."""\ndef f(x):\n    """Me."""\n    # me\n    return "me too" + x\n'
    assert anonymous(source) == "def f(x):\n    return 'me too' + x"
    assert anonymous("def f():\n    'only this'") == "def f():\n    pass"
    assert anonymous("def (") == ""


def body(i: int) -> str:
    """A program unlike that of any other i."""
    choose = random.Random(i)
    parts = ["a = a + {} * b[0]", "if a > {}: b = a - a", "for k in range({}): a -= k",
             "b = [a, b, {}][0]", "while b < {}: b += a", "a = f(a, b) if a else {}",
             "b, a = a ** {}, not b", "print(a, {}, sep=b)"]  # fmt: skip
    lines = [f"    {choose.choice(parts).format(choose.randrange(9))}" for _ in range(40)]
    return "\n".join([f"def f{i}(a, b):", *lines, "    return a, b"])


def test_copies_stand_out_of_a_class_and_nobody_else_does() -> None:
    answers = {f"s{i}": body(i) for i in range(30)}
    assert similar(answers, "")[0] == []
    answers["copy"] = re.sub(r"\ba\b", "alpha", answers["s3"].replace("f3", "mine"))
    (pair,), usual = similar(answers, "")
    assert set(pair.names) == {"s3", "copy"} and pair.share > 0.9 > usual
    assert similar(answers, answers["s3"])[0] == []  # what was handed out does not count


def test_a_class_that_writes_alike_is_no_suspicion() -> None:
    alike = {f"s{i}": body(1).replace("f1", f"g{i}") for i in range(20)}
    assert similar(alike, "")[0] == []
    assert similar(dict(list(alike.items())[:5]), "") == ([], 1.0)
