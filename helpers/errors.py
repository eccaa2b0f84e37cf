"""What can go wrong in helpers, as one tree: ``except HelpersError`` catches all of it."""


class HelpersError(Exception):
    """Something that the person at the notebook can mend; the message says how."""


class SessionError(HelpersError):
    """``helpers.start()`` was not called yet, or was asked for something that does not exist."""


class DataError(HelpersError):
    """Data are missing, damaged, or not in the layout that they should have."""


class DownloadError(DataError):
    """No mirror gave the file, or what came is not the right file."""


class CheckpointError(HelpersError):
    """A checkpoint cannot be read, or does not fit the model that it should continue."""


class NotebookError(HelpersError):
    """A file is no notebook, or is not there."""


class PdfError(HelpersError):
    """The notebook cannot be turned into a PDF."""


class HandInError(HelpersError):
    """It is not clear which notebook to hand in, or its files cannot be written."""
