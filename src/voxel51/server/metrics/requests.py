"""Request metrics: number and duration of the requests to each route."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_BOUNDS = (*map(str, _BOUNDS_SECONDS), "+Inf")


@dataclass(slots=True)
class _Durations:
    """Number of requests between each two bounds, and the sum of their durations."""

    numbers: list[int] = field(default_factory=lambda: [0] * len(_BOUNDS))
    seconds: float = 0.0


class RequestMetrics(Collector):
    """Counter and histogram of requests. Durations end where the response begins, so downloads are not in them.

    Every request is counted in the event loop, so the counts are plain numbers without a lock: the metric objects of
    the library take several microseconds per request.
    """

    def __init__(self) -> None:
        self._numbers: Counter[tuple[str, str, int]] = Counter()
        self._durations: dict[tuple[str, str], _Durations] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. ``route`` is the path with placeholders, of which there are few. For the event loop only."""
        self._numbers[method, route, status] += 1
        durations = self._durations.get((method, route))
        if durations is None:
            durations = self._durations[method, route] = _Durations()
        durations.numbers[bisect_left(_BOUNDS_SECONDS, seconds)] += 1
        durations.seconds += seconds

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Yield the counter and the histogram."""
        counter = CounterMetricFamily(
            "voxel51_requests", "Requests that were answered.", labels=("method", "route", "status")
        )
        for (method, route, status), number in self._numbers.copy().items():
            counter.add_metric((method, route, str(status)), number)
        yield counter
        histogram = HistogramMetricFamily(
            "voxel51_request_seconds",
            "Time from the head of a request to the beginning of its response.",
            labels=("method", "route"),
        )
        for labels, durations in self._durations.copy().items():
            buckets = [*zip(_BOUNDS, accumulate(durations.numbers), strict=True)]
            histogram.add_metric(labels, buckets, durations.seconds)
        yield histogram
