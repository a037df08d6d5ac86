"""How the demo fails."""


class DemoFailed(Exception):
    """The demo cannot go on; the text is one line for the person who started it."""
