"""How the demo fails."""


class DemoFailed(Exception):  # noqa: N818  (reads as what it is where it is caught)
    """The demo cannot go on; the text is one line for the person who started it."""
