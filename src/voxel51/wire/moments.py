"""Moments: the parts of videos in which labels are seen."""

from typing import TypedDict


class Moment(TypedDict):
    """Part of a video in which a label is seen, without an interruption of more than a second.

    It is of one track if that was asked for.

    Attributes:
        video_id: id of the video; null if the job had none.
        video: name of the video, or of the job if the video was deleted.
        job_id: job that found the best box.
        label: the label; all of them, joined by commas, if they were searched together.
        first_frame, last_frame: frames of the video, counted from 1.
        seconds: duration by the mean frame rate.
        best_frame: frame in which the label is seen best.
        box: left, top, right and bottom of the best box there, relative to the frame; null for events.
        confidence: confidence of that box or event; null if it is not known.
        most_at_once: greatest number of boxes and events in one frame.
    """

    video_id: str | None
    video: str
    job_id: str
    label: str
    first_frame: int
    last_frame: int
    seconds: float
    best_frame: int
    box: list[float] | None
    confidence: float | None
    most_at_once: int


class MomentTotals(TypedDict):
    """Totals of one label: number of moments and of videos with it, and seconds of video in which it is seen."""

    label: str
    moments: int
    videos: int
    seconds: float


class LabelMoments(TypedDict):
    """Response of ``GET labels/moments``.

    Attributes:
        moments: the first moments in the order that was asked for.
        count: number of all moments.
        videos: number of videos with at least one.
        seconds: seconds of video in which any of the labels is seen; several at the same time count once.
        labels: totals by label, the longest first.
        results_left_out: number of results that were not read, because there are more than one query reads. The
            newest are read.
    """

    moments: list[Moment]
    count: int
    videos: int
    seconds: float
    labels: list[MomentTotals]
    results_left_out: int
