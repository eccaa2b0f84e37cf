"""Huge pages for what a zygote holds: a fork copies a table of pages, and they are fewer then."""

import ctypes
import re
from pathlib import Path

from autograder.sandbox.isolation import libc

SIZE = 2 << 20
MADV_HUGEPAGE, MADV_COLLAPSE = 14, 25
OWN = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0\s*(?:\[heap\])?")


def collapse() -> None:
    """Put this process's own memory into huge pages, as far as the kernel can (Linux 6.1).

    To fork a process that has torch, and to end the copy, then takes a fraction of the time. Where
    one writes, 4 KB are copied as before.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        if match := OWN.fullmatch(line):
            start, end = (int(text, 16) for text in match.groups())
            start, end = -(-start // SIZE) * SIZE, end // SIZE * SIZE
            for advice in (MADV_HUGEPAGE, MADV_COLLAPSE) if start < end else ():
                libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advice)
