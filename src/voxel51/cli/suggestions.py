"""Suggestions for misspelt names."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name that is most similar to ``name``; empty if none is similar.

    An owner's prefix, as in ``voxel51/object-tracks``, may be missing or wrong.
    """
    import difflib  # not needed unless something is misspelt

    candidates = [*known]
    short = {each.rpartition("/")[2]: each for each in candidates}
    similar = difflib.get_close_matches(name, candidates, n=1)
    similar += [short[each] for each in difflib.get_close_matches(name.rpartition("/")[2], short, n=1)]
    return f" Did you mean '{similar[0]}'?" if similar else ""
