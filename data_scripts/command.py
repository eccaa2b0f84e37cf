"""What the commands share: the data folder, and errors told in a sentence."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from helpers._session import data_folder
from helpers.errors import HelpersError


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """A parser that knows ``--data``."""
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    made.add_argument(
        "--data",
        type=Path,
        default=data_folder(),
        metavar="FOLDER",
        help="the data folder; else $HELPERS_DATA; else ~/.cache/course-helpers",
    )
    return made


def run(prepare: Callable[[], Path]) -> int:
    """Do the work and say where the data are; the exit status."""
    try:
        print(f"Ready: {prepare()}")
    except HelpersError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the same command continues from here.", file=sys.stderr)
        return 130
    return 0
