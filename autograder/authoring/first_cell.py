"""The first code cell of a release: it brings `helpers` to machines that lack it."""

from autograder.authoring.wheel import printable, version, wheel
from autograder.course.table import DRIVE, Course

TITLE = "@title Install `helpers`, the course's package, where it is missing\n"

CELL = '''\
import subprocess
import sys
import tempfile
from importlib import invalidate_caches, metadata
from pathlib import Path

VERSION = "{version}"
{source}


def pip_install(*what):
    """Install packages; torch and torchvision stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        found = [d for name in ("torch", "torchvision") for d in metadata.distributions(name=name)]
        keep = Path(folder, "keep.txt")
        keep.write_text("".join(f"{{d.name}}=={{d.version}}\\n" for d in found))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "-c", keep, *what]
        if subprocess.run(command).returncode:
            raise RuntimeError("pip could not install `helpers`: what it says above tells why")
    invalidate_caches()


def get_helpers():
    """Install this version, where neither it nor its like from another place is there."""
    found = {{d.version for d in metadata.distributions(name="course-helpers")}}
    if found & {{VERSION, VERSION.partition("+")[0]}}:
        return
{bring}


get_helpers()
import helpers  # before torch, whose threads it keeps from waiting busily'''

INSIDE = """\
    import base64
    import bz2

    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder, f"course_helpers-{VERSION}-py3-none-any.whl")
        wheel.write_bytes(bz2.decompress(base64.b85decode("".join(WHEEL.split()))))
        pip_install(wheel)"""

FROM_DRIVE = """\
    try:
        import gdown
    except ModuleNotFoundError:
        pip_install("gdown")
        import gdown
    with tempfile.TemporaryDirectory() as folder:
        wheel = gdown.download(id=FILE, output=f"{folder}/", quiet=True)
        if not wheel:
            raise RuntimeError("Google Drive did not give the file of `helpers`: tell your course")
        pip_install(wheel)"""

NOWHERE = """\
from importlib import metadata

if not list(metadata.distributions(name="course-helpers")):
    raise ModuleNotFoundError("`helpers` is not installed: ask where your course keeps it")
import helpers  # before torch, whose threads it keeps from waiting busily"""


def first_cell(course: Course) -> str:
    """Its source after the ``#`` of its first line, by ``source`` under [helpers] in course.toml.

    Raises:
        CourseError: the wheel cannot be built.
    """
    source, declared = course.helpers.source, version().partition("+")[0]
    if not source:
        return TITLE + NOWHERE
    if source == "inside":
        data = f'WHEEL = """\n{printable(wheel())}\n"""'
        return TITLE + CELL.format(version=version(), source=data, bring=INSIDE)
    if drive := DRIVE.match(source):
        file = f'FILE = "{drive[1]}"'
        return TITLE + CELL.format(version=declared, source=file, bring=FROM_DRIVE)
    return TITLE + CELL.format(
        version=declared, source=f'WHEEL = "{source}"', bring="    pip_install(WHEEL)"
    )
