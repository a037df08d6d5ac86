"""Failure of the demo."""


class DemoFailed(Exception):
    """The demo cannot continue. The text is one line for the user."""
