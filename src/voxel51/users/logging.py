"""Logging for interactive use of the client."""

from logging import INFO, basicConfig

__all__ = ["setup_logging"]


def setup_logging(level: int = INFO, format: str = "%(message)s") -> None:  # noqa: A002  (the original's name for it)
    """Print log lines to standard error. The command line calls this; the library never does so by itself."""
    basicConfig(level=level, format=format)
