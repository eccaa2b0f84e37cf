"""What setup.sh asks of uv and apt, recorded by stubs: nothing is installed here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.gradescope import build
from autograder.reading.newer import NEWEST

pytestmark = pytest.mark.slow

COLAB = "3.13"
"""The line of Colab's Python: no answer from there may need a newer one than Gradescope has."""

# Each stub writes down how it was called, and leaves what the next call needs.
STUB = f"""\
#!/bin/bash
said="${{0##*/}} $*"
echo "$said [$UV_PYTHON_INSTALL_DIR]" >>"$CALLS"
case $said in
    *venv*env) python={sys.executable} ;;
    python3*venv*) python=$0 ;;
    *"pip install"*uv==*) cp "$0" "${{0%/*}}/uv" ;;
esac
if [ -n "$python" ]; then mkdir -p "${{!#}}/bin" && ln -s "$python" "${{!#}}/bin/python"; fi
"""
SYSTEM = ("bash", "mkdir", "ln", "cp", "chmod", "dirname")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base folder with what setup.sh touches in its source, and stubs of apt and python3."""
    source = tmp_path / "source"
    (source / "helpers").mkdir(parents=True)
    (source / "autograder").mkdir()
    (source / "autograder" / "secret.py").write_text("x = 1")
    (source / "requirements.txt").write_text("torch==0\n")
    shutil.copy(Path(build.__file__).parent / "setup.sh", source)
    (tmp_path / "bin").mkdir()
    for name in SYSTEM:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    for name in ("apt-get", "python3"):
        stub(tmp_path / "bin" / name)
    return tmp_path


def stub(path: Path) -> None:
    path.write_text(STUB)
    path.chmod(0o755)


def calls(base: Path, **more: str) -> list[str]:
    """Run setup.sh with the stubs alone on its PATH: the calls that it made."""
    environment = {"PATH": str(base / "bin"), "CALLS": str(base / "calls"), **more}
    subprocess.run(["bash", base / "source" / "setup.sh"], check=True, env=environment)
    record = base / "calls"
    return record.read_text().splitlines() if record.exists() else []


def test_uv_brings_colabs_python_where_other_users_can_read_it(base: Path) -> None:
    stub(base / "bin" / "uv")
    made, installed = calls(base)
    assert made == f"uv venv -q --clear --python {COLAB} {base}/env [{base}/python]"
    assert f"--python {base}/env/bin/python" in installed
    assert f"-r {base}/source/requirements.txt" in installed
    assert "--index-strategy unsafe-best-match" in installed


def test_uv_itself_comes_by_pip_whatever_python_the_image_has(base: Path) -> None:
    done = calls(base)
    assert [c.split(" ")[0] for c in done] == ["apt-get"] * 2 + ["python3", "python", "uv", "uv"]
    assert "python3-venv" in done[1]
    assert done[2].startswith(f"python3 -m venv {base}/uv ")  # Ubuntu's own takes no packages
    assert (base / "uv" / "bin" / "uv").exists()


def test_a_python_that_is_given_is_taken_and_nothing_installed(base: Path) -> None:
    assert calls(base, COURSE_PYTHON=sys.executable) == []
    assert not (base / "env").exists()
    assert (base / "source" / "autograder").stat().st_mode & 0o077 == 0
    assert (base / "source" / "helpers").stat().st_mode & 0o005 == 0o005


def test_what_fails_stops_the_image(base: Path) -> None:
    stub(base / "bin" / "uv")
    (base / "bin" / "uv").write_text("#!/bin/bash\nexit 3\n")
    with pytest.raises(subprocess.CalledProcessError):
        calls(base)


def test_a_newer_python_than_this_is_one_that_the_kit_knows() -> None:
    assert tuple(map(int, COLAB.split("."))) <= NEWEST
