"""How long work on a video says how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int | None], None]
"""Told after every frame: how many are done, and of how many if that is known."""
