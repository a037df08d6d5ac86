"""Metrics of test platforms, as Prometheus reads them."""

import json
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

from demo.platform_process import PlatformProcess
from support.waiting import LIMIT_SECONDS

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def monitor_headers(platform: PlatformProcess, folder: Path) -> dict[str, str]:
    token = folder / "prometheus.json"
    arguments = ("--role", "operator", "--scope", "monitor", "--token", str(token))
    platform.run_command("server", "user", "create", "prometheus", *arguments)
    return {"Authorization": f"Bearer {json.loads(token.read_text())['access_token']['private_key']}"}


def scrape(platform: PlatformProcess, headers: dict[str, str]) -> Samples:
    answer = requests.get(f"{platform.url}/v1/metrics", headers=headers, timeout=LIMIT_SECONDS)
    answer.raise_for_status()
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)
