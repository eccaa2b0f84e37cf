"""``python -m data_scripts.flickr8k``: download, verify and unpack Flickr8k."""

import sys
from collections.abc import Sequence

from data_scripts.command import parser, run
from helpers.data.flickr8k_files import SOURCE, fetch_flickr8k


def main(argv: Sequence[str] | None = None) -> int:
    made = parser(
        "data_scripts.flickr8k",
        "Download Flickr8k (1.1 GB), verify and unpack it. Run again after an interruption, it "
        "continues; where the data are there, it does nothing.",
    )
    made.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="URL",
        help="an address of the archives' folder to try before the known one; may be repeated",
    )
    args = made.parse_args(argv)
    sources = [source.rstrip("/") + "/" for source in args.source]
    return run(lambda: fetch_flickr8k(args.data, sources=(*sources, SOURCE)))


if __name__ == "__main__":
    sys.exit(main())
