"""Log lines for people who use the client by hand."""

from logging import INFO, basicConfig

__all__ = ["setup_logging"]


def setup_logging(level: int = INFO, format: str = "%(message)s") -> None:  # noqa: A002  (the original's name for it)
    """Print log lines to stderr. The library never does so by itself; the command line does."""
    basicConfig(level=level, format=format)
