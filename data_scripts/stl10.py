"""``python -m data_scripts.stl10``: download, verify and unpack STL-10."""

import sys
from collections.abc import Sequence

from data_scripts.command import parser, run
from helpers.data.stl10_files import MIRRORS, fetch_stl10


def main(argv: Sequence[str] | None = None) -> int:
    made = parser(
        "data_scripts.stl10",
        "Download STL-10 (2.6 GB), verify and unpack it (3.2 GB). Run again after an "
        "interruption, it continues; where the data are there and right, it does nothing.",
    )
    made.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="an address of the archive to try before the known one; may be repeated",
    )
    made.add_argument("--keep-archive", action="store_true", help="do not delete the archive")
    args = made.parse_args(argv)
    mirrors = (*args.mirror, *MIRRORS)
    return run(lambda: fetch_stl10(args.data, mirrors=mirrors, keep_archive=args.keep_archive))


if __name__ == "__main__":
    sys.exit(main())
