"""Splits: assign whole videos to the parts of a dataset, so that no part has frames of another part's videos."""

import hashlib
from collections.abc import Mapping, Sequence


def split_videos(keys: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Return key of a video -> name of its part. The same keys, shares and seed give the same parts, in any order.

    Each part gets its share of the videos, rounded by the largest remainder; one video at least, while videos suffice.

    Args:
        keys: what identifies each video, without repetition.
        shares: name of a part -> its share, which add up to 1.
        seed: another seed gives other parts.
    """
    shuffled = sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
    parts: dict[str, str] = {}
    for name, count in _counts(len(keys), shares).items():
        parts |= dict.fromkeys(shuffled[len(parts) : len(parts) + count], name)
    return parts


def _counts(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    # Videos that guarantee one to each part come first; the others are shared out by the largest remainder.
    names = sorted(shares, key=lambda name: -shares[name])
    counts = {name: int(total * share + 1e-9) for name, share in shares.items()}
    for name in sorted(names, key=lambda name: counts[name] - total * shares[name])[: total - sum(counts.values())]:
        counts[name] += 1
    for name in names:
        largest = max(names, key=lambda each: counts[each])
        if counts[name] == 0 and counts[largest] > 1:
            counts[name], counts[largest] = 1, counts[largest] - 1
    return counts
