from pathlib import Path

import nbformat
import pytest
from toy_course import code, make, toy_cells, write_part

from autograder.authoring import execute as module
from autograder.authoring.execute import execute, reference
from autograder.course.table import problem_set
from autograder.model import CourseError
from autograder.reading.cells import cells_of, recorded


@pytest.fixture
def root(tmp_path, monkeypatch):
    return make(tmp_path, monkeypatch)


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[code(f"cell-{i}", s) for i, s in enumerate(sources)])


def text(cell):
    return "".join(o.get("text", "") for o in cell.outputs)


def test_the_reference_is_run_and_its_results_filled_in(root):
    path = reference(problem_set("ps_toy", root), root)
    executed = nbformat.read(path, as_version=4)
    nbformat.validate(executed)
    cells = {c.id: c for c in executed.cells}
    assert 'results_toy = {"toy": 0.2500}' in cells["report_toy"].source
    assert 'flags = {"toy": True}' in cells["report_toy"].source
    assert recorded(cells_of(executed)) == [{"name": "toy", "accuracy": 0.25, "profile": "mini"}]
    code_cells = [c for c in executed.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code_cells] == list(range(1, len(code_cells) + 1))


def test_the_kernel_has_the_profile_the_data_and_helpers(root):
    nb = notebook(
        "import os\nprint(os.environ['HELPERS_PROFILE'])\nprint(os.environ['HELPERS_DATA'])",
        "import importlib.util\nprint(importlib.util.find_spec('helpers.training').origin)",
        "print(os.getcwd())",
    )
    first, second, third = nbformat.read(
        execute(nb, root / "out.ipynb", "full", root=root), as_version=4
    ).cells
    assert text(first).split() == ["full", str(root / "build" / "data")]
    assert Path(text(second).strip()).parent == module.ROOT / "helpers"
    assert Path(text(third).strip()) == root


def test_the_same_notebook_is_run_once(root, monkeypatch):
    out = execute(notebook("print('once')"), root / "a" / "out.ipynb", root=root)
    first = out.read_bytes()

    def no_kernel(*args):
        raise AssertionError("was run again")

    monkeypatch.setattr(module, "_run", no_kernel)
    out.unlink()
    assert execute(notebook("print('once')"), out, root=root).read_bytes() == first
    for changed in (
        lambda: execute(notebook("print('twice')"), out, root=root),
        lambda: execute(notebook("print('once')"), out, "full", root=root),
    ):
        with pytest.raises(AssertionError, match="was run again"):
            changed()


def test_other_helpers_run_it_again(root, tmp_path_factory, monkeypatch):
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / "helpers").mkdir()
    helper = checkout / "helpers" / "training.py"
    helper.write_text("rate = 1")
    monkeypatch.setattr(module, "ROOT", checkout)
    before = module._content(notebook("1"), "mini", True)
    helper.write_text("rate = 2")
    assert module._content(notebook("1"), "mini", True) != before


def test_a_cell_that_fails_is_named_and_nothing_is_written(root):
    nb = notebook("import os\nprint(os.getpid())", "raise ValueError('bad\\nworse')", "1")
    with pytest.raises(CourseError, match=r"^out: cell 'cell-1' stopped with ValueError: bad$"):
        execute(nb, root / "out.ipynb", root=root)
    assert not (root / "out.ipynb").exists()
    assert not Path(f"/proc/{int(text(nb.cells[0]))}").exists()  # no stale kernel is left
    assert not (root / "build" / "cache").exists()


def test_a_kernel_that_dies_is_named(root):
    nb = notebook("import os\nos._exit(1)")
    with pytest.raises(CourseError, match="cell 'cell-0': the kernel died"):
        execute(nb, root / "out.ipynb", root=root)


def test_an_error_in_an_answer_stops_the_reference(root):
    cells = toy_cells()
    cells[4].source = "assert double(2) == 5, 'not five'"
    write_part(root, "toy", cells)
    with pytest.raises(CourseError, match="'test_double' stopped with AssertionError: not five"):
        reference(problem_set("ps_toy", root), root)
