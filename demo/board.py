"""What the demo says while it works: lines that change in place on a terminal, plain lines elsewhere."""

import sys
from typing import TextIO

BAR_WIDTH = 24
PLAIN_STEP = 0.25
"""Without a terminal, a bar is printed again whenever it has grown by this fraction."""


class Board:
    """One line for each thing that is going on, in the order in which they were first shown."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._in_place = stream.isatty()
        self._lines: dict[str, str] = {}
        self._milestones: dict[str, tuple[str, int]] = {}

    def show(self, name: str, stage: str, fraction: float | None, detail: str = "") -> None:
        """Say that ``name`` is in ``stage`` and done to ``fraction`` (0 to 1; None while unknown)."""
        line = f"  {name:<16} {stage:<9} {_bar(fraction)} {detail}".rstrip()
        if self._in_place:
            self._redraw(name, line)
        elif self._is_news(name, stage, fraction):
            self._print(line)

    def say(self, text: str = "") -> None:
        """Print ``text`` below what is shown; those lines no longer change."""
        self._lines.clear()
        self._print(text)

    def _redraw(self, name: str, line: str) -> None:
        if self._lines:
            self._stream.write(f"\x1b[{len(self._lines)}A")
        self._lines[name] = line
        for each in self._lines.values():
            self._stream.write(f"\r\x1b[2K{each}\n")
        self._stream.flush()

    def _is_news(self, name: str, stage: str, fraction: float | None) -> bool:
        milestone = (stage, int((fraction or 0.0) / PLAIN_STEP))
        known = self._milestones.get(name)
        self._milestones[name] = milestone
        return milestone != known

    def _print(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return " " * (BAR_WIDTH + 5)
    full = round(fraction * BAR_WIDTH)
    return f"{'█' * full}{'░' * (BAR_WIDTH - full)} {fraction:4.0%}"
