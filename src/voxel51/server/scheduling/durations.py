"""Durations of jobs, predicted from the last complete jobs of their analytic and from their progress.

The time of a job is modelled as a start-up time, which every job of an analytic needs, and a time for each second of
media. Both are fitted to the last complete jobs. The slope is the median of the slopes between all pairs of jobs
(the estimator of Theil and Sen), so that a single job that ran beside many others does not decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

_LEAST_RATIO = 1.05
"""Ratio of two lengths of media below which the difference of their run times says nothing about the slope."""

_EARLY_FRACTION = 0.1
"""Progress up to which the measured speed of a job says little."""

_LIKE = 1.5
"""Factor between measured and predicted time up to which the model is believed. A job that is further away is of
another kind, with other parameters or on another machine: its own speed counts alone after the first tenth."""


@dataclass(frozen=True, slots=True)
class RunSample:
    """One complete job: seconds that it ran, and seconds of media that it analysed (None: it did not say)."""

    run_seconds: float
    media_seconds: float | None


@dataclass(frozen=True, slots=True)
class DurationModel:
    """Seconds that a job of an analytic runs.

    Attributes:
        startup_seconds: what a job needs however short its media is.
        per_second: run time for each second of media.
        typical_seconds: median run time, for a job whose media is of unknown length.
    """

    startup_seconds: float
    per_second: float
    typical_seconds: float

    def predict(self, media_seconds: float | None) -> float:
        """Return the seconds that a job on so much media will run."""
        if media_seconds is None:
            return self.typical_seconds
        return self.startup_seconds + self.per_second * media_seconds


def fit(samples: Sequence[RunSample]) -> DurationModel | None:
    """Return the model of these jobs; None without any."""
    if not samples:
        return None
    typical = median(sample.run_seconds for sample in samples)
    measured = [(sample.media_seconds, sample.run_seconds) for sample in samples if sample.media_seconds]
    if not measured:
        return DurationModel(typical, 0.0, typical)
    slopes = [
        (run - other_run) / (media - other_media)
        for (media, run), (other_media, other_run) in combinations(measured, 2)
        if max(media, other_media) > min(media, other_media) * _LEAST_RATIO
    ]
    # Jobs of one length do not tell the start-up time: it counts as a part of the time per second.
    per_second = max(0.0, median(slopes)) if slopes else median(run / media for media, run in measured)
    startup = max(0.0, median(run - per_second * media for media, run in measured))
    return DurationModel(startup, per_second, typical)


def remaining_seconds(
    elapsed: float, fraction: float | None, model: DurationModel | None, media_seconds: float | None
) -> float | None:
    """Return the seconds that a running job still needs; None while nothing is known.

    Args:
        elapsed: seconds since it started.
        fraction: the progress that it reported, from 0 to 1; None: none.
        model: the model of its analytic; None without earlier jobs.
        media_seconds: length of its media; None: unknown.
    """
    predicted = None if model is None else model.predict(media_seconds)
    total = predicted
    if fraction is not None and 0 < fraction <= 1:
        # The start-up was before the first progress, so it is not repeated for the rest.
        startup = 0.0 if model is None else min(model.startup_seconds, elapsed * (1 - fraction))
        measured = startup + (elapsed - startup) / fraction
        weight = 1.0 if predicted is None else _weight(fraction, measured, predicted)
        total = weight * measured + (1 - weight) * (predicted or 0.0)
    return None if total is None else max(0.0, total - elapsed)


def _weight(fraction: float, measured: float, predicted: float) -> float:
    """Return the weight of the measured time beside the predicted one, from 0 to 1.

    The measured time fluctuates with the load of the machine, more so while little is done; the model is an average.
    """
    if fraction < _EARLY_FRACTION or predicted / _LIKE <= measured <= predicted * _LIKE:
        return fraction
    return 1.0
