"""The secret that seeds the inputs of a problem set for a term."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from autograder.model import CourseError

PUBLIC_SECRET = b"public: the demo and the tests grade with inputs that anybody can compute"
"""For the demo and the tests. Inputs drawn from it are no secret from students."""


def secret(ps_id: str, root: Path, create: bool = False) -> bytes:
    """The secret that seeds the inputs of a problem set; with ``create``, made when there is none.

    It comes from the variable ``COURSE_SECRET_<PS>``, else from ``secrets/<ps>`` (0600, ignored
    by git). ``COURSE_PUBLIC_SECRET=1`` stands for the public one.

    Making it writes its SHA-256 to ``notebooks/<ps>.secret.sha256``, to be committed with the
    release. So a secret that is lost, in this checkout or in a clone of it, is told apart from
    one that was never made, and is reported, not remade: other inputs would make regrades
    disagree. It lies beside the release and not in it because the release must have the same
    bytes everywhere, and ``nbgrader generate_assignment`` empties ``notebooks/<ps>/``.

    Raises:
        CourseError: the secret is lost, is another one, or was not made yet.
    """
    if os.environ.get("COURSE_PUBLIC_SECRET", "0") not in ("", "0"):
        return PUBLIC_SECRET
    path, mark = root / "secrets" / ps_id, root / "notebooks" / f"{ps_id}.secret.sha256"
    variable = f"COURSE_SECRET_{ps_id.upper()}"
    expected = mark.read_text(encoding="ascii").strip() if mark.is_file() else ""
    value, where = _found(path, variable)
    if not value:
        if expected:
            raise CourseError(
                f"The secret of {ps_id} is lost: {mark} says that it was made, but {path} is "
                f"missing. Restore it from a backup or set {variable}; to begin a new term with "
                f"other inputs, delete {mark.name} and release again."
            )
        if not create:
            raise CourseError(
                f"{ps_id} has no secret yet: run `python -m autograder release {ps_id}`, which "
                f"makes {path}, or choose the public one with COURSE_PUBLIC_SECRET=1."
            )
        value = _make(path)
    digest = hashlib.sha256(value).hexdigest()
    if expected and digest != expected:
        raise CourseError(
            f"{where} is not the secret that {ps_id} was released with ({mark} says): restore "
            f"that one, or, to begin a new term, delete {mark.name} and release again."
        )
    if create and not expected:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(digest + "\n", encoding="ascii")
    return value


def _found(path: Path, variable: str) -> tuple[bytes, str]:
    """The secret that is there, and where; empty where there is none."""
    value = os.environ.get(variable, "").strip().encode()
    if value or not path.is_file():
        return value, variable
    with contextlib.suppress(OSError):  # another user's file: they may have made it readable
        path.chmod(0o600)
    value = path.read_bytes().strip()
    if not value:
        raise CourseError(f"{path} is empty: restore the secret from a backup.")
    return value, str(path)


def _make(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    value = secrets.token_hex(32).encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(value + b"\n")
    return value
