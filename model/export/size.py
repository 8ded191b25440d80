"""How large a file may become that others have to read in one piece."""

from model.errors import OutputError

MAX_BYTES = 2**31 - 1
"""What browsers, and programs that count in 32 bits, can hold."""


def check_size(expected_bytes: int, kind: str) -> None:
    """Refuse a file that would be too large, before it is begun.

    Args:
        expected_bytes: An estimate.
        kind: What it is, for the message: `GLB`.

    Raises:
        OutputError: `too_large_for_format`.
    """
    if expected_bytes > MAX_BYTES:
        raise OutputError(
            "too_large_for_format",
            f"as {kind} this would be {expected_bytes / 2**30:.1f} GiB, and 2 GiB is the most it "
            "can be; write an .npz, or part of the video with --start and --end",
        )
