"""``python -m data_scripts.mini``: make the mini data, without a download."""

import sys
from collections.abc import Sequence
from pathlib import Path

from data_scripts.command import parser, run
from helpers.data.mini_captions import make_mini_captions
from helpers.data.mini_data import make_mini
from helpers.data.mini_labeled import make_mini_cifar100, make_mini_folders


def main(argv: Sequence[str] | None = None) -> int:
    made = parser(
        "data_scripts.mini",
        "Cut ten photographs of the installed packages into four small data sets, in the layouts "
        "of STL-10, Flickr8k, CIFAR-100 and Hymenoptera. It takes seconds; what is there already "
        "is left alone.",
    )
    args = made.parse_args(argv)

    def make() -> Path:
        make_mini_captions(args.data)
        make_mini_cifar100(args.data)
        make_mini_folders(args.data)
        return make_mini(args.data).parent

    return run(make)


if __name__ == "__main__":
    sys.exit(main())
