"""mistakes.toml: what is written in it is checked; what does not fit costs a hint and no grade."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from handed_in import PS, right
from shipped import basis

from autograder.authoring.audit import splice
from autograder.grading.basis import Basis
from autograder.grading.grade import Grader
from autograder.grading.mistakes import Patch, Patches, load_patches
from autograder.model import CourseError, QuestionResult
from autograder.parts import declare
from autograder.parts.declare import Part
from autograder.reading.answers import read_notebook

GOOD = """\
[[mistake]]
id = "half"
question = "double"
hint = "Twice,\\n   not once."
find = "2 * x"
replace = "x"
when = { colour = "red" }

[[variant]]
id = "sum"
question = "double"
edits = [["2 * x", "x + x"]]

[[equal]]
question = "double"
change = "line 1: 2 * x → x * 2"
reason = "A product\\n   is the same either way."
"""


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Part:
    monkeypatch.setattr(declare, "PARTS", tmp_path)
    made = Part("toy")
    made.option("colour", "red", "blue")
    made.question("double", "Doubling", 1, "double")
    made.folder.mkdir()
    return made


def test_a_file_is_read_into_patches(part: Part) -> None:
    (part.folder / "mistakes.toml").write_text(GOOD)
    patches = load_patches(part)
    (mistake,), (variant,) = patches.mistakes, patches.variants
    assert (mistake.id, mistake.hint) == ("half", "Twice, not once.")
    assert mistake.apply("return 2 * x") == "return x"
    assert variant.apply("return 2 * x") == "return x + x"
    (equal,) = patches.equal
    assert (equal.question, equal.change) == ("double", "line 1: 2 * x → x * 2")
    assert equal.reason == "A product is the same either way."
    assert patches.fitting({"colour": "blue"}).equal == patches.equal
    assert patches.fitting({"colour": "blue"}).mistakes == []
    assert patches.fitting({"colour": "red"}).mistakes == [mistake]


def test_a_part_may_have_none(part: Part) -> None:
    assert load_patches(part).mistakes == load_patches(part).variants == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hint =", "hnit =", "unknown key 'hnit'; there are id, question, hint"),
        ('hint = "Twice,\\n   not once."\n', "", "the hint is missing"),
        ('question = "double"\nhint', 'question = "duoble"\nhint', "the question is 'duoble'"),
        ('id = "half"\n', "", r"[[mistake]] ?: id is missing"),
        ("find =", "regex = 1\nfind =", "regex is 1, but has to be true or false"),
        ('find = "2 * x"\n', "", "find and replace have to stand together"),
        ('colour = "red"', 'color = "red"', "there is no option 'color', only colour"),
        ('colour = "red"', 'colour = "pink"', "the option colour is 'pink', but has to be 'red'"),
        ('colour = "red"', "colour = 3", "when of colour is 3, but has to be a text"),
        ('[["2 * x", "x + x"]]', '[["2 * x"]]', "edits holds ['2 * x'], which is not"),
        (
            "[[variant]]",
            "[[varaint]]",
            "unknown table 'varaint'; there are mistake, variant, equal",
        ),
        ("change =", "chagne =", "[[equal]]: unknown key 'chagne'; there are question, change"),
        ("reason =", "#", "[[equal]]: reason is missing"),
        (
            '"A product\\n   is the same either way."',
            '" "',
            "2 * x → x * 2': the reason is missing",
        ),
        ('double"\nchange', 'duoble"\nchange', "[[equal]]: the question is 'duoble', but has to"),
        ("[[mistake]]", "[[mistake]", "is not valid TOML"),
        ("[[mistake]]", "[mistake]", "each mistake stands below [[mistake]], in two brackets"),
        (GOOD, "variant = [3]", "[[variant]] ? = 3 belongs in a table"),
    ],
)
def test_says_what_is_wrong_and_where(part: Part, old: str, new: str, said: str) -> None:
    path = part.folder / "mistakes.toml"
    path.write_text(GOOD.replace(old, new))
    assert path.read_text() != GOOD
    with pytest.raises(CourseError) as error:
        load_patches(part)
    assert said in str(error.value) and str(path) in str(error.value)


def test_a_pattern_that_is_none_is_named() -> None:
    patch = Patch(id="p", question="q", find="x(", replace="", regex=True)
    with pytest.raises(CourseError, match=r"Patch 'p' of q: 'x\(' → '' is no pattern"):
        patch.apply("x(1)")
    group = Patch(id="p", question="q", find="x", replace=r"\2", regex=True)
    with pytest.raises(CourseError, match="is no pattern and replacement"):
        group.apply("x(1)")


def test_two_checks_of_one_name_are_refused(part: Part) -> None:
    def draw(rng: declare.Generator) -> dict[str, Any]:
        """It is right."""
        return {}

    part.check("double", "probe")(draw)
    with pytest.raises(CourseError, match="Two checks of double are named draw"):
        part.check("double", "probe")(draw)


def test_a_check_for_an_option_that_is_none_is_refused(part: Part) -> None:
    def draw(rng: declare.Generator) -> dict[str, Any]:
        """It is right."""
        return {}

    with pytest.raises(CourseError, match="Check draw of double: there is no option 'tint'"):
        part.check("double", "probe", when={"tint": "red"})(draw)


def with_mistakes(*patches: Patch) -> Basis:
    return replace(basis(PS), patches={"autoencoder": Patches(list(patches), [])})


def encoder_of(grader: Grader, notebook: dict[str, Any]) -> QuestionResult:
    report = grader.grade(read_notebook(notebook, grader.release, "student"))
    return report.questions[0]


NO_BIAS = Patch(
    id="no-bias",
    question="encoder",
    hint="Every convolution has a bias.",
    edits=[("nn.Conv2d(48, 24,", "nn.Conv2d(48, 24, bias=BIAS,")],
    cell="BIAS = False",
)


@pytest.mark.slow
def test_the_cell_of_a_mistake_reaches_its_run() -> None:
    with Grader(with_mistakes(NO_BIAS)) as grader:
        result = encoder_of(grader, splice(right(), NO_BIAS))
    assert result.score < 1 and result.mistake == "no-bias"


@pytest.mark.slow
def test_a_patch_that_does_not_fit_costs_its_hint_and_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stale = Patch(id="stale", question="encoder", hint="?", find="long gone", replace="")
    with caplog.at_level(logging.WARNING), Grader(with_mistakes(stale, NO_BIAS)) as grader:
        for _ in range(2):
            result = encoder_of(grader, splice(right(), NO_BIAS))
            assert result.mistake == "no-bias" and not result.fault
    (warning,) = caplog.records
    assert "Patch 'stale' of encoder: 'long gone' is in the solution's cell 0 times" in (
        warning.getMessage()
    )


@pytest.mark.slow
def test_nothing_is_read_midway(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is edited during a batch changes nothing: not even a mistake that is met late."""

    def refuse(self: Path, *args: Any, **options: Any) -> str:
        raise AssertionError(f"{self} was read midway")

    wrong = splice(right(), NO_BIAS)
    with Grader(with_mistakes(NO_BIAS)) as grader:
        assert encoder_of(grader, right()).score == 1  # starts the sandbox
        monkeypatch.setattr(Path, "read_text", refuse)
        monkeypatch.setattr(Path, "read_bytes", refuse)
        result = encoder_of(grader, wrong)
    assert result.mistake == "no-bias" and not result.fault
