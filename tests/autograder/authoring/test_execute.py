from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from toy_course import code, make, toy_cells, write_part

from autograder.authoring import execute as module
from autograder.authoring import fingerprint
from autograder.authoring.execute import execute
from autograder.authoring.reference import reference
from autograder.course.table import Course
from autograder.model import CourseError
from autograder.paths import ROOT
from helpers.handing.claims import Result, shown_results
from helpers.reading.cells import cells_of, outputs


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make(tmp_path, monkeypatch)


def toy_reference(root: Path) -> NotebookNode:
    course = Course(root)
    return reference(course.problem_set("ps_toy"), course)


def notebook(*sources: str) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=[code(f"cell-{i}", s) for i, s in enumerate(sources)])


def text(cell: NotebookNode) -> str:
    return "".join(o.get("text", "") for o in cell.outputs)


def test_the_reference_is_run_and_its_results_filled_in(root: Path) -> None:
    executed = toy_reference(root)
    nbformat.validate(executed)
    cells = {c.id: c for c in executed.cells}
    assert 'results_toy = {"toy": 0.2500}' in cells["report_toy"].source
    assert 'flags = {"toy": True}' in cells["report_toy"].source
    assert shown_results(outputs(cells_of(executed))) == {"toy": Result("toy", 0.25, "mini")}
    code_cells = [c for c in executed.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code_cells] == list(range(1, len(code_cells) + 1))


def test_the_kernel_has_the_profile_the_data_and_helpers(root: Path) -> None:
    nb = notebook(
        "import os\nprint(os.environ['HELPERS_PROFILE'])\nprint(os.environ['HELPERS_DATA'])",
        "import importlib.util\nprint(importlib.util.find_spec('helpers').origin)",
        "print(os.getcwd())",
    )
    first, second, third = execute(nb, "out", "full", root=root).cells
    assert text(first).split() == ["full", str(root / "build" / "data")]
    assert Path(text(second).strip()).parent == ROOT / "helpers"
    assert Path(text(third).strip()) == root


@pytest.fixture
def once(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[NotebookNode]:
    """The output of a first notebook; from then on none is run."""
    executed = execute(notebook("print('once')"), "out", root=root)

    def no_kernel(*args: object) -> None:
        raise AssertionError("was run again")

    monkeypatch.setattr(module, "_run", no_kernel)
    outputs: list[NotebookNode] = executed.cells[0].outputs
    return outputs


def test_the_same_code_is_run_once(root: Path, once: list[NotebookNode]) -> None:
    assert execute(notebook("print('once')"), "out", root=root).cells[0].outputs == once
    remarked = execute(notebook("# a remark\nprint('once')"), "out", root=root)
    assert remarked.cells[0].outputs == once
    assert remarked.cells[0].source.startswith("# a remark")


@pytest.mark.parametrize(
    ("source", "profile"), [("print('twice')", "mini"), ("print('once')", "full")]
)
def test_other_code_or_another_profile_is_run_anew(
    root: Path, once: list[NotebookNode], source: str, profile: str
) -> None:
    with pytest.raises(AssertionError, match="was run again"):
        execute(notebook(source), "out", profile, root=root)


@pytest.fixture
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    files = [name for name in fingerprint.DECISIVE if name.endswith(".py")]
    for name in (*files, "helpers/learning/rate.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("def rate():\n    return 1\n")
    return root


@pytest.mark.parametrize(
    ("place", "source", "same"),
    [
        ("helpers/learning/rate.py", 'def rate():\n    """Once."""\n    return 1  # once\n', True),
        ("helpers/learning/rate.py", "def rate():\n    return 2\n", False),
        ("helpers/learning/more.py", "1", False),
        ("helpers/figures/plots.py", "1", True),
    ],
)
def test_what_decides_numbers_decides_what_is_run(
    checkout: Path, place: str, source: str, same: bool
) -> None:
    before = fingerprint.of(notebook("1"), "mini", checkout)
    (checkout / place).parent.mkdir(exist_ok=True)
    (checkout / place).write_text(source)
    assert (fingerprint.of(notebook("1"), "mini", checkout) == before) is same


def test_a_cell_that_fails_is_named_and_nothing_is_written(root: Path) -> None:
    nb = notebook(
        "import os\nopen('pid', 'w').write(str(os.getpid()))",
        "raise ValueError('bad\\nworse')",
        "1",
    )
    with pytest.raises(CourseError, match=r"^out: cell 'cell-1' stopped with ValueError: bad$"):
        execute(nb, "out", root=root)
    assert not Path(f"/proc/{int((root / 'pid').read_text())}").exists()  # no kernel is left
    assert not list((root / "build" / "cache").glob("*.ipynb"))


def test_a_kernel_that_dies_is_named(root: Path) -> None:
    nb = notebook("import os\nos._exit(1)")
    with pytest.raises(CourseError, match="cell 'cell-0': the kernel died"):
        execute(nb, "out", root=root)


def test_an_error_in_an_answer_stops_the_reference(root: Path) -> None:
    cells = toy_cells()
    cells[4].source = "assert double(2) == 5, 'not five'"
    write_part(root, "toy", cells)
    with pytest.raises(CourseError, match="'test_double' stopped with AssertionError: not five"):
        toy_reference(root)
