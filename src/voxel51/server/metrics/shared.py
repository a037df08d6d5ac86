"""Shared metrics: each process of a start with several exposes the sums of all of them.

A process writes its metrics to a file from time to time, and before it answers a scrape. What a scrape exposes comes
from these files alone, so no counter goes back when the next scrape is answered by another process. A process that is
started again continues the counters in the file of the one before.
"""

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from voxel51.server.errors import DatabaseAway

log = logging.getLogger(__name__)

_PUBLISH_SECONDS = 2.0
_OF_ONE_PROCESS = ("process_", "python_")
"""Beginnings of the names of metrics whose sum would mean nothing. They get the label ``process`` instead."""

_SUFFIX = ".json"


class SharedSample(msgspec.Struct, array_like=True):
    """One value with its labels."""

    name: str
    labels: dict[str, str]
    value: float

    @property
    def series(self) -> tuple[str, frozenset[tuple[str, str]]]:
        """Return what distinguishes the series of the sample from others."""
        return self.name, frozenset(self.labels.items())


class SharedFamily(msgspec.Struct, array_like=True):
    """A metric with its samples, as in the file of a process."""

    name: str
    help: str
    type: str
    samples: list[SharedSample]


_DECODER = msgspec.json.Decoder(list[SharedFamily])


class SharedMetrics(Collector):
    """Metrics of all processes of a start.

    Args:
        folder: folder of the files, which all processes of the start have.
        process: name of this process, unique among them.
        own: metrics of this process.
    """

    def __init__(self, folder: Path, process: str, own: CollectorRegistry) -> None:
        self._folder = folder
        self._path = folder / f"{process}{_SUFFIX}"
        self._process = process
        self._own = own
        # Counters of the process of this name that has died. Gauges of a dead process say nothing any more.
        self._before = [each for each in _read(self._path) if not each.name.startswith(_OF_ONE_PROCESS)]
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="metrics", daemon=True)

    def open(self) -> None:
        """Publish the metrics of this process from now on."""
        self.publish()
        self._thread.start()

    def close(self) -> None:
        """Publish them for the last time."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def publish(self) -> None:
        """Write the metrics of this process to its file, in one step."""
        with self._lock:
            families = _sums([*self._before, *self._present()])
            new = self._path.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(families))
            new.replace(self._path)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of all processes."""
        self.publish()
        files = sorted(self._folder.glob(f"*{_SUFFIX}"))
        for family in _sums(each for path in files for each in _read(path)):
            metric = Metric(family.name, family.help, family.type)
            for sample in family.samples:
                metric.add_sample(sample.name, sample.labels, sample.value)
            yield metric

    def _present(self) -> Iterator[SharedFamily]:
        for family in self._own.collect():
            label = {"process": self._process} if family.name.startswith(_OF_ONE_PROCESS) else {}
            samples = [SharedSample(each.name, {**each.labels, **label}, each.value) for each in family.samples]
            yield SharedFamily(family.name, family.documentation, family.type, samples)

    def _loop(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._closing.wait(_PUBLISH_SECONDS)
            try:
                self.publish()
            except DatabaseAway:  # logged by the database, once
                continue
            except Exception:
                log.exception("the metrics of this process could not be published; retrying in %g s", _PUBLISH_SECONDS)


def _sums(families: Iterable[SharedFamily]) -> list[SharedFamily]:
    """Return each family once, with the sums of the samples that have the same labels."""
    merged: dict[str, SharedFamily] = {}
    samples: dict[tuple[str, frozenset[tuple[str, str]]], SharedSample] = {}
    for family in families:
        into = merged.setdefault(family.name, SharedFamily(family.name, family.help, family.type, []))
        for sample in family.samples:
            known = samples.get(sample.series)
            if known is None:
                known = samples[sample.series] = SharedSample(sample.name, sample.labels, 0.0)
                into.samples.append(known)
            known.value += sample.value
    return list(merged.values())


def _read(path: Path) -> list[SharedFamily]:
    try:
        return _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the metrics in %s cannot be read: %s", os.fspath(path), error)
        return []
