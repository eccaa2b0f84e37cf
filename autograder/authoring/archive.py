"""Zip archives with the same bytes whenever and wherever they are made."""

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)


def archive(
    files: Mapping[str, bytes],
    modes: Mapping[str, int] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A zip of files by their names, in the order of these.

    ``modes`` has the rights of those that are not readable by all and writable by their owner.
    What ``ZIP_DEFLATED`` makes differs between machines with other builds of zlib.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = (modes or {}).get(name, 0o644) << 16
            entry.create_system = 3  # Unix, for the modes
            file.writestr(entry, content, compression, 9)
    return made.getvalue()
