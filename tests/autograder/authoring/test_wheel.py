import base64
import bz2
import io
import os
import shutil
import zipfile
from pathlib import Path

from autograder.authoring import wheel
from autograder.paths import ROOT


def copy(folder: Path) -> Path:
    """The sources elsewhere, checked out by somebody with other dates and modes."""
    for name in ("LICENSE", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "helpers", folder / "helpers", copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o700)
    return folder


def test_it_holds_helpers_alone() -> None:
    archive = zipfile.ZipFile(io.BytesIO(wheel.wheel()))
    names = {n for n in archive.namelist() if ".dist-info/" not in n}
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "helpers").rglob("*.py")}
    assert names == modules | {"helpers/py.typed"}
    metadata = archive.read(f"course_helpers-{wheel.version()}.dist-info/METADATA").decode()
    assert f"\nVersion: {wheel.version()}\n" in metadata


def test_it_fits_into_a_cell() -> None:
    text = wheel.printable(wheel.wheel())
    data = base64.b85decode(text.replace("\n", ""))
    assert len(text) < 100_000 and bz2.decompress(data) == wheel.wheel()
    assert not set(text) & set("\"'\\")


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    assert wheel.wheel(copy(tmp_path)) == wheel.wheel()


def test_a_changed_line_gives_another_version(tmp_path: Path) -> None:
    changed = copy(tmp_path)
    with (changed / "helpers" / "errors.py").open("a") as file:
        file.write("# one more\n")
    before, after = wheel.version(), wheel.version(changed)
    assert before != after and before.split("+")[0] == after.split("+")[0]
