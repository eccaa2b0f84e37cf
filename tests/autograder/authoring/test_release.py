import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from shipped import COURSE
from toy_course import (
    DOUBLE,
    ESSAY,
    TOML,
    code,
    make,
    more_cells,
    study_cells,
    text,
    toy_cells,
    write_part,
)

from autograder.authoring import release as module
from autograder.authoring.compose import composed
from autograder.authoring.release import stripped
from autograder.course.secret import PUBLIC_SECRET
from autograder.course.table import Course
from autograder.model import CourseError

WHEELS = """source = first_summand = x
    return "hand_in(" in source"""
"""With a line of helpers, which students get."""
BLANK = """\
# Question: double
def double(x):
    \"\"\"Twice x.\"\"\"
    # TODO: your code here
    raise NotImplementedError()"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COURSE_PUBLIC_SECRET", raising=False)
    return make(tmp_path, monkeypatch)


def release(root: Path, secret: bytes | None = None) -> Path:
    course = Course(root, secret)
    return module.release(course.problem_set("ps_toy"), course)


def files(root: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def released(root: Path) -> tuple[NotebookNode, dict[str, NotebookNode]]:
    notebook = nbformat.read(release(root), as_version=4)
    nbformat.validate(notebook)
    return notebook, {c.id: c for c in notebook.cells}


@pytest.mark.parametrize("colour", ["red", "blue"])
def test_cells_and_placeholders_follow_the_options(root: Path, colour: str) -> None:
    text = TOML.replace("number = 7", f"number = 7\noptions = {{colour = '{colour}'}}")
    (root / "course.toml").write_text(text)
    both = [
        code("paint", "colour = '{{colour}}'", tags=["raises-exception"]),
        code("only-red", "red = True", tags=["colour=red"]),
        code("only-blue", "blue = True", tags=["colour=blue", "raises-exception"]),
    ]
    write_part(root, "toy", toy_cells() + both)
    _, cells = released(root)
    assert cells["paint"].source == f"colour = '{colour}'"
    assert [id for id in cells if id.startswith("only")] == [f"only-{colour}"]
    assert cells[f"only-{colour}"].metadata.get("tags", []) == ["raises-exception"] * (
        colour == "blue"
    )


def test_a_release_is_blank(root: Path) -> None:
    notebook, cells = released(root)
    assert list(cells) == [
        "title",
        "setup",
        "double-text",
        "double",
        "test_double",
        "run",
        "report_toy",
        "test_report_toy",
        "hand-in",
    ]
    assert cells["double"].source == BLANK
    assert cells["test_double"].source == "assert double(2) == 4"
    assert cells["title"].source == "# Toy 7: 3.5 points"
    assert cells["double-text"].source == "Due 26 October 2026, worth 2."
    assert cells["hand-in"].source == "Hand in at the letter box."
    questions = ["double", "report_toy"]
    names = {"double": ["double"], "report_toy": ["flags", "results_toy"]}
    course = {
        "problem_set": "ps_toy", "questions": questions, "names": names, "bonus": [], "by_hand": [],
    }  # fmt: skip
    assert notebook.metadata.course == course
    assert cells["setup"].metadata == {}
    assert cells["double"].metadata.deletable is False
    marks = cells["double"].metadata.nbgrader
    assert (marks.grade, marks.solution, marks.locked, marks.grade_id) == (
        False,
        True,
        False,
        "double",
    )
    marks = cells["test_report_toy"].metadata.nbgrader
    assert (marks.grade, marks.solution, marks.locked, marks.points) == (True, False, True, 1.5)


def test_outputs_of_the_solution_stay_behind(root: Path) -> None:
    path = root / "solutions" / "toy.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count = 3
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="0.4321")]
    nbformat.write(notebook, path)
    assert "0.4321" not in release(root).read_text()
    assert "0.4321" not in (root / "solutions" / "ps_toy" / "ps_toy.ipynb").read_text()


def test_releasing_again_changes_nothing(root: Path) -> None:
    release(root)
    before = files(root)
    release(root)
    assert files(root) == before


def test_releasing_elsewhere_gives_the_same_bytes(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make(tmp_path_factory.mktemp("other"), monkeypatch)
    assert release(root).read_bytes() == release(other).read_bytes()
    secrets = [(r / "secrets" / "ps_toy").read_bytes() for r in (root, other)]
    assert secrets[0] != secrets[1]


@pytest.mark.slow
def test_nbgrader_makes_the_same_bytes_of_it(root: Path) -> None:
    path = release(root)
    ours = path.read_bytes()
    path.write_text("to be replaced")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "ps_toy"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert path.read_bytes() == ours
    assert (root / "gradebook.db").is_file()


def test_without_a_secret_none_is_made(root: Path) -> None:
    release(root, PUBLIC_SECRET)
    assert not (root / "secrets").exists()


def test_a_release_makes_the_secret_once(root: Path) -> None:
    release(root)
    made = Course(root).secret("ps_toy")
    release(root)
    assert Course(root).secret("ps_toy") == made
    (root / "secrets" / "ps_toy").unlink()
    with pytest.raises(CourseError, match="lost"):
        release(root)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("color=red", "no option 'color', only colour"),
        ("colour = red", "no option 'colour ', only colour"),
        ("colour=pink", "the option colour is 'pink', but has to be 'red' or 'blue'"),
    ],
)
def test_a_tag_that_names_no_option_or_value_is_refused(root: Path, tag: str, said: str) -> None:
    write_part(root, "toy", [*toy_cells(), code("paint", "1", tags=[tag])])
    with pytest.raises(CourseError, match=f"the tags of cell 'paint': there is {said}|{said}"):
        release(root)


def test_parts_share_cells_and_the_hand_in_comes_last(root: Path) -> None:
    write_part(root, "more", more_cells())
    (root / "course.toml").write_text(TOML.replace('["toy"]', '["toy", "more"]'))
    _, cells = released(root)
    assert list(cells)[:3] == ["title", "setup", "double-text"]
    assert list(cells)[-3:] == ["triple", "test_triple", "hand-in"]
    assert cells["hand-in"].source == "Hand in at the letter box."
    assert len(cells) == 11


def test_parts_may_not_have_the_same_cell_unshared(root: Path) -> None:
    write_part(root, "more", [*more_cells(), code("run", "1")])
    (root / "course.toml").write_text(TOML.replace('["toy"]', '["toy", "more"]'))
    with pytest.raises(CourseError, match=r"more\.ipynb: another cell has the id 'run' too"):
        release(root)


def with_study(root: Path, cells: list[NotebookNode] | None = None) -> None:
    """The toy problem set with a question that a person grades."""
    write_part(root, "study", study_cells() if cells is None else cells)
    (root / "course.toml").write_text(TOML.replace('["toy"]', '["toy", "study"]'))


def test_a_question_graded_by_hand_is_blank_and_marked_for_nbgrader(root: Path) -> None:
    with_study(root)
    notebook, cells = released(root)
    assert cells["title"].source == "# Toy 7: 4 points"  # all that a student can earn
    assert cells["essay-text"].source == "What is twice? 0.5 of 4 points, by hand."
    assert cells["essay"].source == "<!-- Question: essay -->\n*Write here.*"
    marks = cells["essay"].metadata.nbgrader
    assert (marks.grade, marks.solution, marks.locked) == (True, True, False)
    assert (marks.grade_id, marks.points) == ("essay", 0.5)
    assert notebook.metadata.course.by_hand == ["essay"]
    ps = Course(root).problem_set("ps_toy")
    assert ps.points == 3.5 and [q.id for q in ps.questions] == ["double", "report_toy"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], "0 text cells begin with `<!-- Question: essay -->`, not one"),
        ([*study_cells(), text("again", ESSAY)], "2 text cells begin with"),
        ([text("written", "<!-- Question: essay -->\nSo.")], "essay has no lines between"),
        ([*study_cells(), text("told", "Twice is once and once again, as everybody knows.")],
         "a line removed from cell 'essay'"),
    ],
)  # fmt: skip
def test_a_question_by_hand_that_is_not_as_it_should_be_is_named(
    root: Path, cells: list[NotebookNode], said: str
) -> None:
    with_study(root, cells)
    with pytest.raises(CourseError, match=said):
        release(root)


def test_its_points_can_be_chosen(root: Path) -> None:
    with_study(root)
    toml = (root / "course.toml").read_text() + "points = { essay = 3 }\n"
    (root / "course.toml").write_text(toml)
    assert released(root)[1]["essay"].metadata.nbgrader.points == 3


def change(root: Path, index: int, **attributes: Any) -> None:
    cells = toy_cells()
    for name, value in attributes.items():
        cells[index][name] = value
    write_part(root, "toy", cells)


LEAKS: dict[str, tuple[int, dict[str, Any], str]] = {
    "in markdown": (2, {"source": "Write `first_summand = x`."}, "double-text"),
    "in the test": (4, {"source": "assert double(2) == 4\nfirst_summand=x"}, "test_double"),
    "in a given cell": (1, {"source": "    return first_summand + x"}, "setup"),
    "as metadata": (2, {"metadata": {"tags": ["first_summand = x"]}}, "double-text"),
    "as an attachment": (
        2,
        {"attachments": {"a.txt": {"text/plain": "first_summand = x"}}},
        "double-text",
    ),
    "in the wheel beside it": (
        3,
        {"source": DOUBLE.replace("first_summand = x", WHEELS)},
        r"helpers/notebook\.py",
    ),
    "the literals": (5, {"source": 'results_toy = {"toy": 0.0}'}, "run"),
    "a marker": (2, {"source": "### BEGIN  SOLUTION"}, "double-text"),
    "an end alone": (4, {"source": "assert True\n### END HIDDEN TESTS"}, "test_double"),
    "a region elsewhere": (
        1,
        {"source": "### BEGIN SOLUTION\nimport math\n### END SOLUTION"},
        "solution cells",
    ),
}


def test_the_wheel_is_looked_at_wherever_the_notebook_takes_it_from(root: Path) -> None:
    """student.zip has it beside the notebook."""
    change(root, *LEAKS["in the wheel beside it"][:1], **LEAKS["in the wheel beside it"][1])
    path = root / "course.toml"
    path.write_text(f'{path.read_text()}\n[helpers]\nsource = ""\n')
    with pytest.raises(CourseError, match=r"helpers/notebook\.py"):
        release(root)


def test_hints_are_there_unless_the_course_wants_none(root: Path) -> None:
    cells = toy_cells()
    hint = nbformat.v4.new_markdown_cell("<details>Think</details>", id="hints-double")
    hint.metadata.tags = ["hints"]
    write_part(root, "toy", [*cells[:3], hint, *cells[3:]])
    assert "Think" in release(root).read_text()
    text = (root / "course.toml").read_text()
    (root / "course.toml").write_text(text + "hints = false\n")
    assert "Think" not in release(root).read_text()


def test_how_to_use_hints_is_told_where_there_are_some(root: Path) -> None:
    cells = toy_cells()
    how = nbformat.v4.new_markdown_cell("Hints are folded", id="hints-text")
    how.metadata.tags = ["shared", "hints"]
    write_part(root, "toy", [cells[0], how, *cells[1:]])
    assert "Hints are folded" not in release(root).read_text()
    hint = nbformat.v4.new_markdown_cell("<details>Think</details>", id="hints-double")
    hint.metadata.tags = ["hints"]
    write_part(root, "toy", [cells[0], how, *cells[1:3], hint, *cells[3:]])
    assert "Hints are folded" in release(root).read_text()


def test_a_picture_is_put_into_its_text_cell(root: Path) -> None:
    cells = toy_cells()
    cells[2].source += "\n\n![a square](picture:square)"
    write_part(root, "toy", cells)
    with pytest.raises(CourseError, match=r"There is no .*square\.png, which a text cell shows"):
        release(root)
    pictures = root / "solutions" / "pictures"
    pictures.mkdir()
    (pictures / "square.png").write_bytes(b"\x89PNG")
    assert "![a square](data:image/png;base64,iVBORw==)" in release(root).read_text()


def test_lines_left_to_students_in_a_given_cell_go_where_its_tag_says_so(root: Path) -> None:
    cells = toy_cells()
    cells[1].source += "\n### BEGIN SOLUTION\nflag = 1\n### END SOLUTION\nprint(flag)"
    cells[1].metadata.tags = ["todo"]
    write_part(root, "toy", cells)
    made = nbformat.read(release(root), as_version=4)
    cell = next(c for c in made.cells if c.id == cells[1].id)
    assert (
        "raise NotImplementedError()\nprint(flag)" in cell.source and "flag = 1" not in cell.source
    )
    assert cell.metadata.nbgrader.solution and not cell.metadata.nbgrader.grade


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_refused_and_nothing_is_written(root: Path, leak: str) -> None:
    release(root)
    index, attributes, where = LEAKS[leak]
    change(root, index, **attributes)
    before = files(root)
    with pytest.raises(CourseError, match=where):
        release(root)
    assert files(root) == before


def test_a_leak_by_configuration_is_refused(root: Path) -> None:
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.ClearSolutions.enabled = False\n")
    with pytest.raises(CourseError, match=r"not released: cell 'double' has the marker"):
        release(root)
    assert not (root / "notebooks").exists()
    assert not (root / "secrets").exists()


def test_outputs_that_come_with_a_header_are_refused(root: Path) -> None:
    header = nbformat.v4.new_notebook(cells=[code("head", "1")])
    header.cells[0].outputs = [nbformat.v4.new_output("stream", text="x")]
    nbformat.write(header, root / "head.ipynb")
    config = root / "nbgrader_config.py"
    config.write_text(
        config.read_text()
        + "\nc.IncludeHeaderFooter.header = 'head.ipynb'\nc.ClearOutput.enabled = False\n"
    )
    with pytest.raises(CourseError, match="cell 'head' has an output"):
        release(root)


BROKEN: dict[str, tuple[int, dict[str, Any], str]] = {
    "no answer": (3, {"source": "1"}, "no cell begins with `# Question: double`"),
    "two answers": (5, {"source": "# Question: double"}, "two cells are marked"),
    "an unknown question": (5, {"source": "# Question: dobule"}, "the questions are double, rep"),
    "no test below": (4, {"id": "other"}, "with the id 'test_double', but is 'other'"),
    "no region": (
        3,
        {"source": "# Question: double\ndef double(x):\n    pass"},
        "no lines between",
    ),
    "another name": (
        3,
        {"source": toy_cells()[3].source.replace("def double", "def doble")},
        "defines doble, but has to define double",
    ),
    "a given name": (
        3,
        {"source": toy_cells()[3].source + "\nimport numpy as np"},
        "defines double, np, but",
    ),
    "no def line": (
        3,
        {
            "source": "# Question: double\n### BEGIN SOLUTION\ndef double(x):\n"
            "    return x + x + 0\n### END SOLUTION"
        },
        r"lost `def double\(x\):`",
    ),
    "no Python": (3, {"source": "# Question: double\ndef double(x:"}, "no lines between"),
    "a placeholder": (2, {"source": "{{deu}}"}, r"has \{\{deu\}\}, which nothing fills in"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_contract_is_named(root: Path, fault: str) -> None:
    index, attributes, said = BROKEN[fault]
    change(root, index, **attributes)
    with pytest.raises(CourseError, match=said):
        release(root)
    assert not (root / "notebooks").exists()
    assert not (root / "solutions" / "ps_toy").exists()


def test_a_missing_or_broken_solution_is_named(root: Path) -> None:
    path = root / "solutions" / "toy.ipynb"
    path.write_text("{")
    with pytest.raises(CourseError, match=r"toy\.ipynb cannot be read as a notebook"):
        composed(Course(root).problem_set("ps_toy"), Course(root))
    path.unlink()
    with pytest.raises(CourseError, match=r"There is no .*toy\.ipynb"):
        composed(Course(root).problem_set("ps_toy"), Course(root))


@pytest.mark.slow
def test_the_shipped_release_is_what_release_makes() -> None:
    for ps in map(COURSE.problem_set, COURSE.ids):
        made = stripped(composed(ps, COURSE), ps, COURSE)
        assert COURSE.release_path(ps.id).read_text() == made
