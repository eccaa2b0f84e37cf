"""``python -m helpers``: what students do from a command line."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.errors import HelpersError


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m helpers", description="Hand-in tools.")
    commands = parser.add_subparsers(dest="command", required=True)
    pdf = commands.add_parser(
        "pdf",
        help="write a saved notebook, with its outputs, to a PDF beside it",
        description="Write a saved notebook, with its outputs, to a PDF beside it.",
    )
    pdf.add_argument("notebook", type=Path, metavar="FILE.ipynb")
    pdf.add_argument("--out", type=Path, metavar="FILE.pdf", help="write here instead")
    args = parser.parse_args(argv)
    from helpers.pdf import notebook_to_pdf

    try:
        print(notebook_to_pdf(args.notebook, args.out))
    except HelpersError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
