"""Metrics of several processes: sums that never go back, whichever process answers and whichever dies."""

import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from voxel51.server.metrics.requests import RequestMetrics
from voxel51.server.metrics.shared import SharedMetrics

ASKED = 'voxel51_requests_total{method="GET",route="/jobs",status="200"}'
TOOK = 'voxel51_request_seconds_bucket{le="0.001",method="GET",route="/jobs"}'


class Process:
    """A process of a start, with the metrics that it exposes."""

    def __init__(self, folder: Path, name: str) -> None:
        own, exposed = CollectorRegistry(), CollectorRegistry()
        self.requests = RequestMetrics()
        own.register(self.requests)
        Gauge("process_open_fds", "Descriptors.", registry=own).set(7)
        self.shared = SharedMetrics(folder, name, own)
        exposed.register(self.shared)
        self._exposed = exposed

    def serve(self, count: int) -> None:
        for _ in range(count):
            self.requests.observe("GET", "/jobs", 200, 0.0001)

    def scrape(self) -> dict[str, float]:
        families = text_string_to_metric_families(generate_latest(self._exposed).decode())
        return {f"{each.name}{{{_text(each.labels)}}}": each.value for family in families for each in family.samples}


def _text(labels: dict[str, str]) -> str:
    return ",".join(f'{key}="{text}"' for key, text in sorted(labels.items()))


def test_each_scrape_has_the_sums_of_all_processes(tmp_path: Path) -> None:
    first, second = Process(tmp_path, "api-1"), Process(tmp_path, "api-2")
    first.serve(3)
    second.serve(4)
    second.shared.publish()

    assert first.scrape()[ASKED] == first.scrape()[TOOK] == 7
    assert second.scrape()[ASKED] == 7
    assert first.scrape()['voxel51_request_seconds_count{method="GET",route="/jobs"}'] == 7
    assert first.scrape()['process_open_fds{process="api-2"}'] == 7


def test_no_counter_goes_back_between_scrapes_of_different_processes(tmp_path: Path) -> None:
    processes = [Process(tmp_path, name) for name in ("api-1", "api-2")]
    last = 0.0
    for number in range(6):
        processes[number % 2].serve(1)
        seen = processes[(number // 2) % 2].scrape()[ASKED]
        assert seen >= last
        last = seen


def test_process_that_is_started_again_continues_the_counters(tmp_path: Path) -> None:
    survivor, dead = Process(tmp_path, "api-1"), Process(tmp_path, "api-2")
    dead.serve(5)
    dead.shared.publish()
    again = Process(tmp_path, "api-2")
    again.serve(1)
    again.shared.publish()

    assert survivor.scrape()[ASKED] == 6
    assert survivor.scrape()['process_open_fds{process="api-2"}'] == 7, "the value of the dead process was added"


def test_metrics_are_published_without_a_scrape_until_the_end(tmp_path: Path) -> None:
    running, other = Process(tmp_path, "api-1"), Process(tmp_path, "api-2")
    before = threading.active_count()
    running.shared.open()
    running.serve(2)
    running.shared.close()

    assert other.scrape()[ASKED] == 2
    assert threading.active_count() == before


def test_damaged_file_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = Process(tmp_path, "api-1")
    process.serve(2)
    (tmp_path / "api-2.json").write_bytes(b'[["half')

    assert process.scrape()[ASKED] == 2
    assert "api-2.json cannot be read" in caplog.text
