"""Suggestions for misspelt names."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known names that are similar to ``name``; empty if none is."""
    candidates = [*known]
    short = {each.rpartition("/")[2]: each for each in candidates}
    similar = difflib.get_close_matches(name, candidates, n=2, cutoff=0.6)
    similar += [short[each] for each in difflib.get_close_matches(name.rpartition("/")[2], short, n=2, cutoff=0.6)]
    shown = " or ".join(f"'{each}'" for each in dict.fromkeys(similar[:3]))
    return f" Did you mean {shown}?" if shown else ""
