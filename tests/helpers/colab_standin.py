"""A stand-in for ``google.colab`` with the signatures of the real one."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest


def install(monkeypatch: pytest.MonkeyPatch, notebook: dict[str, Any], refuses: str = "") -> Any:
    """Put the stand-in where imports find it; what was asked of it is in its attributes."""
    asked = types.SimpleNamespace(mounted=[], downloaded=[])

    def mount(
        mountpoint: str,
        force_remount: bool = False,
        timeout_ms: int = 120000,
        readonly: bool = False,
    ) -> None:
        if " " in mountpoint:
            raise ValueError("Mountpoint must not contain a space.")
        if refuses:
            raise ValueError(refuses)
        asked.mounted.append(mountpoint)

    def blocking_request(
        request_type: str, request: Any = "", timeout_sec: int | None = 5, parent: Any = None
    ) -> Any:
        return {"ipynb": notebook} if request_type == "get_ipynb" else None

    def download(filename: str) -> None:
        if not Path(filename).exists():
            raise FileNotFoundError(f"Cannot find file: {filename}")
        asked.downloaded.append(filename)

    colab = types.ModuleType("google.colab")
    colab.__spec__ = types.SimpleNamespace(name="google.colab")  # type: ignore[assignment]
    modules: dict[str, dict[str, Any]] = {
        "drive": {"mount": mount},
        "_message": {"blocking_request": blocking_request},
        "files": {"download": download},
    }
    for name, members in modules.items():
        module = types.ModuleType(f"google.colab.{name}")
        vars(module).update(members)
        setattr(colab, name, module)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    google = types.ModuleType("google")
    google.__path__ = []
    google.colab = colab  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", google)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    return asked
