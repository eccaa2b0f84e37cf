"""``python -m data_scripts.mini``: make the mini data, without a download."""

import sys
from collections.abc import Sequence

from data_scripts.command import parser, run
from helpers.mini_data import make_mini


def main(argv: Sequence[str] | None = None) -> int:
    made = parser(
        "data_scripts.mini",
        "Cut ten photographs of the installed packages into a small data set in STL-10's own "
        "layout. It takes seconds; where the data are there already, it does nothing.",
    )
    args = made.parse_args(argv)
    return run(lambda: make_mini(args.data))


if __name__ == "__main__":
    sys.exit(main())
