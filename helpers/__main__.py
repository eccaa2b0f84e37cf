"""``python -m helpers``: what students do from a command line."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.errors import HelpersError


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m helpers", description="Hand-in tools.")
    commands = parser.add_subparsers(dest="command", required=True)
    pdf = _command(commands, "pdf", "write a saved notebook, with its outputs, to a PDF beside it")
    pdf.add_argument("--out", type=Path, metavar="FILE.pdf", help="write here instead")
    _command(
        commands, "hand-in", "check a saved notebook, and write its PDF and the zip to hand in"
    )
    args = parser.parse_args(argv)
    if args.command == "hand-in":
        from helpers.handing.handing_in import attempt

        return 0 if attempt(args.notebook) else 1
    from helpers.pdf.document import notebook_to_pdf

    try:
        print(notebook_to_pdf(args.notebook, args.out))
    except HelpersError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _command(commands: Any, name: str, does: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=does, description=f"{does[0].upper()}{does[1:]}."
    )
    parser.add_argument("notebook", type=Path, metavar="FILE.ipynb")
    return parser


if __name__ == "__main__":
    sys.exit(main())
