"""Traffic: clients that upload, submit, cancel, download and listen, and remember what was accepted."""

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from support.accounts import User
from support.platforms import NO_OP, PATIENT
from support.waiting import LIMIT_SECONDS

SHORT_SECONDS = 0.3
END_EVENTS = {"job_complete", "job_failed"}

_AWAY = {429, 502, 503, 504, 507}
"""Statuses with which a request is refused while something below the platform is away."""

_UPLOAD_BYTES = (1, 3_000, 200_000)
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload: its owner's name, and what was sent."""

    owner: str
    sha256: str
    size_bytes: int


@dataclass
class Ledger:
    """Ledger of what clients sent and what the platform answered.

    Attributes:
        uploads: accepted uploads by the id of their data.
        sent: (owner, SHA-256) of every upload that was tried.
        jobs: owners of accepted jobs by id.
        cancelled: jobs whose cancellation was tried.
        ends: number of last events that listeners received, by job.
        statuses: number of answers by status; 0 for requests without an answer.
        problems: answers that a client must never get.
    """

    uploads: dict[str, Upload] = field(default_factory=dict)
    sent: set[tuple[str, str]] = field(default_factory=set)
    jobs: dict[str, str] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Client:
    """A client of one user, with one thread that takes random steps, and one that listens to the user's events.

    Args:
        v1: address of the routes: that of a proxy which cuts connections.
        user: the user.
        ledger: where all clients write.
        chance: the random numbers of this client.
        jobs_left: jobs that all clients together have yet to submit.
    """

    def __init__(
        self, v1: str, user: User, ledger: Ledger, chance: random.Random, jobs_left: threading.Semaphore
    ) -> None:
        self._v1 = v1
        self._user = user
        self._ledger = ledger
        self._chance = chance
        self._jobs_left = jobs_left
        self._is_over = threading.Event()
        self._must_stop = threading.Event()
        self.is_listening = threading.Event()
        self._steps: list[tuple[int, Callable[[], object]]] = [
            (6, self._submit), (2, self._upload), (2, self._download), (1, self._cancel), (1, self._look_at_others),
        ]  # fmt: skip
        self.has_submitted = threading.Event()

    def run(self) -> None:
        """Take steps until `stop`."""
        weights = [weight for weight, _ in self._steps]
        while not self._must_stop.is_set():
            [(_, step)] = self._chance.choices(self._steps, weights)
            try:
                step()
            except requests.RequestException:  # cut, killed, or restarting
                self._ledger.statuses[0] += 1
                time.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """End the steps. Listening goes on until `close`."""
        self._must_stop.set()

    def close(self) -> None:
        """End listening."""
        self._is_over.set()

    def _request(self, method: str, path: str, **options: Any) -> requests.Response | None:
        """Return the answer; None if the platform was away. Note a failure of the platform itself."""
        answer = requests.request(method, self._v1 + path, headers=self._user.headers, timeout=LIMIT_SECONDS, **options)
        self._ledger.statuses[answer.status_code] += 1
        if answer.status_code in _AWAY:
            time.sleep(_PAUSE_SECONDS)
            return None
        if answer.status_code >= 500:
            self._note(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer

    def _note(self, problem: str) -> None:
        self._ledger.problems.append(f"{self._user.name}: {problem}")

    def _submit(self) -> None:
        if not self._jobs_left.acquire(blocking=False):
            self.has_submitted.set()
            time.sleep(_PAUSE_SECONDS)
            return
        analytic, parameters = self._chance.choice([(NO_OP, {}), (PATIENT, {"seconds": SHORT_SECONDS})])
        document: dict[str, object] = {"analytic": analytic, "inputs": {}, "parameters": parameters}
        own = [data_id for data_id, upload in [*self._ledger.uploads.items()] if upload.owner == self._user.name]
        if own and self._chance.random() < 0.5:
            document["inputs"] = {"video": {"data-id": self._chance.choice(own)}}
        files = {"file": ("job.json", json.dumps(document), "application/json")}
        job_id = None
        try:
            answer = self._request("POST", "/jobs", files=files, data={"job_name": "a job", "auto_start": "True"})
            if answer is not None and answer.status_code == 201:
                job_id = str(answer.json()["job"]["id"])
                self._ledger.jobs[job_id] = self._user.name
            elif answer is not None:
                self._note(f"a job was refused: {answer.status_code} {answer.text[:200]}")
        finally:
            if job_id is None:
                self._jobs_left.release()

    def _upload(self) -> None:
        content = self._chance.randbytes(self._chance.choice(_UPLOAD_BYTES))
        upload = Upload(self._user.name, hashlib.sha256(content).hexdigest(), len(content))
        self._ledger.sent.add((upload.owner, upload.sha256))
        answer = self._request("POST", "/data", files={"file": ("video.mp4", content, "video/mp4")})
        if answer is not None and answer.status_code == 201:
            self._ledger.uploads[str(answer.json()["data"]["id"])] = upload
        elif answer is not None:
            self._note(f"an upload was refused: {answer.status_code} {answer.text[:200]}")

    def _download(self) -> None:
        if not self._ledger.uploads:
            return
        data_id, upload = self._chance.choice([*self._ledger.uploads.items()])
        answer = self._request("GET", f"/data/{data_id}/download")
        if answer is None:
            return
        is_own = upload.owner == self._user.name
        if not is_own and answer.status_code != 404:
            self._note(f"data of another user: {answer.status_code}")
        if is_own and (answer.status_code, hashlib.sha256(answer.content).hexdigest()) != (200, upload.sha256):
            self._note(f"data {data_id}: {answer.status_code} with {len(answer.content)} of {upload.size_bytes} bytes")

    def _cancel(self) -> None:
        own = [job_id for job_id, owner in [*self._ledger.jobs.items()] if owner == self._user.name]
        if own and self._chance.random() < 0.3:
            job_id = self._chance.choice(own[-20:])
            self._ledger.cancelled.add(job_id)
            self._request("PUT", f"/jobs/{job_id}/kill")

    def _look_at_others(self) -> None:
        other = [job_id for job_id, owner in [*self._ledger.jobs.items()] if owner != self._user.name]
        if other:
            job_id = self._chance.choice(other)
            for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/output", f"/jobs/{job_id}/request"):
                answer = self._request("GET", path)
                if answer is not None and answer.status_code != 404:
                    self._note(f"{path} of another user: {answer.status_code}")

    def listen(self) -> None:
        """Follow the user's events until `close`; each connection goes on after the last event of the one before."""
        last_id: str | None = None
        while not self._is_over.is_set():
            try:
                headers = {**self._user.headers, **({"Last-Event-ID": last_id} if last_id else {})}
                with requests.get(f"{self._v1}/events", headers=headers, stream=True, timeout=(10, 60)) as stream:
                    if stream.status_code != 200:
                        time.sleep(_PAUSE_SECONDS)
                        continue
                    for event_id, name, data in _messages(stream.iter_lines(chunk_size=1, decode_unicode=True)):
                        last_id = event_id or last_id
                        self._hear(name, data)
                        if self._is_over.is_set():
                            return
            except requests.RequestException:
                time.sleep(_PAUSE_SECONDS)

    def _hear(self, name: str, data: str) -> None:
        self.is_listening.set()
        if name in END_EVENTS:
            self._ledger.ends[json.loads(data)["job_id"]] += 1
        elif name == "gap":
            self._note("a listener missed events")


def _messages(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (id, event, data) of the messages of an event stream. A message that was cut off is not yielded."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, text = line.partition(":")
            fields[name] = text.removeprefix(" ")
        elif fields:
            yield fields.get("id", ""), fields.get("event", ""), fields.get("data", "")
            fields = {}


@contextmanager
def traffic(v1: str, users: list[User], ledger: Ledger, seed: int, jobs: int) -> Iterator[list[Client]]:
    """Yield clients that take steps during the block, one for each user. Listeners go on until `Client.close`."""
    jobs_left = threading.Semaphore(jobs)
    clients = [
        Client(v1, user, ledger, random.Random(f"{seed} {number}"), jobs_left) for number, user in enumerate(users)
    ]
    for client in clients:
        threading.Thread(target=client.listen, daemon=True).start()
        assert client.is_listening.wait(LIMIT_SECONDS), "no event stream began"
    threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.stop()
        for thread in threads:
            thread.join(LIMIT_SECONDS)
