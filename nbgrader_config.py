"""nbgrader on this course: its folders, and our sandboxed grading in the place of its own."""

import os
import sys
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root))  # for `autograder`, from whatever folder nbgrader is called
# nbgrader calls `alembic` by name, which lies beside it even where the environment is not active.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

c = get_config()  # noqa: F821 (traitlets provides it)

c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"

# The releases are committed, and all generated: `generate_assignment` has to replace them.
c.GenerateAssignment.force = True
c.ClearSolutions.code_stub = {"python": "# TODO: your code here\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "*Write here.*"

# Student code runs in the sandbox only, and what it prints is never a verdict. A submission that
# lost its metadata or a cell gets them back, so that nbgrader finds where to put the scores.
graded = Autograde.autograde_preprocessors.default()
sanitized = Autograde.sanitize_preprocessors.default()
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader.SandboxGrade" if p is Execute else p for p in graded
]
c.Autograde.sanitize_preprocessors = ["autograder.nbgrader.MendCells", *sanitized]
c.OverwriteCells.add_missing_cells = True

# `nbgrader validate` runs the whole notebook, training and all.
c.Execute.timeout = 3600
