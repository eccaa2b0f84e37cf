"""``python -m data_scripts.labeled``: download, verify and unpack CIFAR-100 and Hymenoptera."""

import sys
from collections.abc import Sequence
from pathlib import Path

from data_scripts.command import parser, run
from helpers.data.labeled import CIFAR_MIRRORS, fetch_cifar100, fetch_hymenoptera


def main(argv: Sequence[str] | None = None) -> int:
    made = parser(
        "data_scripts.labeled",
        "Download CIFAR-100 (169 MB) and Hymenoptera (47 MB), verify and unpack them. Run again "
        "after an interruption, it continues; what is there and right is left alone.",
    )
    made.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="an address of cifar-100-python.tar.gz to try before the known ones; may be repeated",
    )
    args = made.parse_args(argv)

    def fetch() -> Path:
        fetch_hymenoptera(args.data)
        return fetch_cifar100(args.data, mirrors=(*args.mirror, *CIFAR_MIRRORS)).parent

    return run(fetch)


if __name__ == "__main__":
    sys.exit(main())
