"""The fonts of a PDF: the same on every machine, and a machine's own where these lack a sign."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

SCRIPTS = (
    "Arabic", "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi",
    "Hebrew", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Symbols",
    "Tamil", "Telugu", "Thai",
)  # fmt: skip
# Named in full, or Typst takes of all fonts that have a sign the one with the shortest name: with
# Debian's fonts-unifont that is one of empty glyphs, for which Unifont stands last here.
NAMED = ("Noto Emoji", *(f"Noto Sans {script}" for script in SCRIPTS), "Unifont", "Unifont Upper")
TEXT = ("Libertinus Serif", "DejaVu Sans", "Noto Sans CJK SC", *NAMED)
CODE = ("DejaVu Sans Mono", "Noto Sans Mono CJK SC", "DejaVu Sans", *NAMED)
PACKAGES = ("manimgx_fonts", "noto_cjk_sans_otc")


def families(names: tuple[str, ...]) -> str:
    """Names of fonts as a Typst array, the first that has a sign to draw it."""
    return "(" + ", ".join(f'"{name}"' for name in names) + ")"


def folders(scratch: Path) -> list[str]:
    """Where Typst finds fonts besides its own and the machine's.

    Of Matplotlib's, a copy of those with Greek, mathematical and other signs: beside them lies one
    that draws a box for any sign, before a font of the machine that has it.
    """
    import matplotlib

    copies = scratch / "fonts"
    if not copies.is_dir():
        copies.mkdir()
        for font in Path(matplotlib.get_data_path(), "fonts", "ttf").iterdir():
            if font.name.startswith(("DejaVuSans", "STIXGeneral")):
                shutil.copyfile(font, copies / font.name)
    found = [str(copies)]
    for package in PACKAGES:
        spec = find_spec(package)
        found += spec.submodule_search_locations or [] if spec else []
    return found
