"""Everything that can go wrong for a user, as one tree.

    RemocapError
    |-- UsageError          the request itself is wrong                     exit 2
    |-- InputError          what was given cannot be used                   exit 3
    |-- NobodyFoundError    the video is fine, but shows no person          exit 4
    `-- OutputError         the result cannot be written                    exit 3

Each carries a stable `code` for programs, and a message for people that says the value, what was
expected, and the remedy, on one line. The fronts map classes to their own statuses; this module
knows none of them.
"""


class RemocapError(Exception):
    """Base of every error a user can cause or mend.

    Args:
        code: Stable machine-readable name, lower snake case, e.g. ``undecodable_video``.
        message: One line that names the value, what was expected and the remedy.
    """

    exit_status = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["RemocapError"], tuple[str, str]]:
        """Survive the way from a child process."""
        return type(self), (self.code, self.message)


class UsageError(RemocapError, ValueError):
    """An option, a setting or their combination makes no sense."""

    exit_status = 2


class InputError(RemocapError, ValueError):
    """A video, tracks file, checkpoint or body file that cannot be used."""

    exit_status = 3


class NobodyFoundError(RemocapError):
    """Decoding went well, and no person was found in any frame."""

    exit_status = 4


class OutputError(RemocapError, OSError):
    """The result cannot be written where, or in the form that, was asked for."""

    exit_status = 3
