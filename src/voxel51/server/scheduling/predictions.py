"""Predictions of run times: the model of each analytic, and the length of the media that a job analyses."""

import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, select

from voxel51.server.data.tables import data
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.scheduling.durations import DurationModel, RunSample, fit

SAMPLES = 20
"""Complete jobs of an analytic from which its model is fitted."""

_MODEL_SECONDS = 30.0
"""Time for which a model is used again. New samples change it little."""


class Predictor:
    """Predicts run times from the complete jobs of the same version of an analytic. Safe from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._models: dict[str, tuple[float, DurationModel | None]] = {}

    def model(self, connection: Connection, analytic_id: str) -> DurationModel | None:
        """Return the model of a version of an analytic; None if none of its jobs is complete."""
        now = self._clock()
        known = self._models.get(analytic_id)
        if known is None or known[0] < now:
            known = self._models[analytic_id] = now + _MODEL_SECONDS, fit(_samples(connection, analytic_id))
        return known[1]

    def run_seconds(self, connection: Connection, rows: Sequence[DatabaseRecord]) -> dict[str, float | None]:
        """Return the seconds that each of these jobs, which have not started, will run, by job id; None if unknown."""
        lengths = media_seconds(connection, rows)
        models = {row["id"]: self.model(connection, row["analytic_id"]) for row in rows}
        return {each: None if model is None else model.predict(lengths[each]) for each, model in models.items()}


def media_seconds(connection: Connection, rows: Sequence[DatabaseRecord]) -> Mapping[str, float | None]:
    """Return the seconds of media that each of these jobs analyses, by job id; None where that is unknown."""
    inputs = {row["id"]: files_of(row["request"])["inputs"].values() for row in rows}
    ids = {file.data_id for files in inputs.values() for file in files if file.data_id is not None}
    known = select(data.c.id, data.c.duration_seconds, data.c.frame_rate).where(data.c.id.in_(ids))
    lengths = {row.id: (row.duration_seconds, row.frame_rate) for row in connection.execute(known)} if ids else {}
    found: dict[str, float | None] = {}
    for row in rows:
        parts = [
            _selected_seconds(row["request"]["parameters"], *lengths.get(file.data_id, (None, None)))
            for file in inputs[row["id"]]
        ]
        known_parts = [part for part in parts if part is not None]
        found[row["id"]] = sum(known_parts) if known_parts and len(known_parts) == len(parts) else None
    return found


def _samples(connection: Connection, analytic_id: str) -> list[RunSample]:
    ran = jobs.c.completion_date.is_not(None) & jobs.c.reused.is_(None)
    newest = (
        select(jobs.c.start_date, jobs.c.completion_date, jobs.c.duration_seconds)
        .where(jobs.c.analytic_id == analytic_id, ran, user_submitted)
        .order_by(jobs.c.completion_date.desc())
        .limit(SAMPLES)
    )
    return [
        RunSample((row.completion_date - row.start_date).total_seconds(), row.duration_seconds)
        for row in connection.execute(newest)
    ]


def _selected_seconds(
    parameters: Mapping[str, object], duration: float | None, frame_rate: float | None
) -> float | None:
    """Return the length of the part of a video that the parameters select."""
    if duration is None:
        return None
    begin, end = _number(parameters.get("start_seconds")) or 0.0, _number(parameters.get("end_seconds"))
    if frame_rate:
        first, last = _number(parameters.get("first_frame")), _number(parameters.get("last_frame"))
        begin = max(begin, 0.0 if first is None else (first - 1) / frame_rate)
        end = end if last is None else min(duration if end is None else end, last / frame_rate)
    return max(0.0, min(duration, duration if end is None else end) - begin)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
