"""Decorator: the manifest that a function declares, its values in a job, and errors that name the line and the fix."""

import enum
import inspect
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from support.video_samples import numbered_video
from voxel51.platform import (
    Frame,
    InputFile,
    InvalidInput,
    Job,
    OutputFile,
    ParameterGroup,
    Range,
    Secret,
    Video,
    VideoLabels,
    VideoLabelsWriter,
    analytic,
)
from voxel51.platform.errors import InvalidAnalytic
from voxel51.platform.local import run


class Side(enum.StrEnum):
    LEFT = "left"
    RIGHT = "right"


@analytic(version="1.2.0", parameter_groups=[ParameterGroup.FPS], licence="MIT", limitations=["Only samples."])
def halves(
    video: Video,
    threshold: Annotated[float, Range(0, 1)] = 0.5,
    count: Annotated[int, Range(minimum=1)] = 2,
    side: Side = Side.LEFT,
    mode: Literal["fast", "exact"] = "fast",
    names: list[str] | None = None,
    *,
    strictly: bool = False,
    title: str,
) -> VideoLabels:
    """Label one half of each frame.

    The text goes on in a second paragraph,
    over two lines.

    Args:
        video: the video to label.
        threshold: confidence of the
            boxes.
        count: number of boxes.
        side: half of the frame.
        mode: way of working.
        names: names of the boxes.
        strictly: whether to be strict.
        title: title of the video.

    Returns:
        one box per frame.
    """
    labels = VideoLabels()
    labels.add_attributes(kinds=repr([type(each).__name__ for each in (threshold, count, side, mode, names, strictly)]))
    for frame in video:
        left = 0 if side is Side.LEFT else frame.size[0] / 2
        box = (left, 0, left + frame.size[0] / 2, frame.size[1])
        labels.add_box(frame, title, box, confidence=threshold, index=count)
    return labels


def parameters_of(document: Any) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in document["parameters"]}


def test_the_manifest_is_read_from_the_function() -> None:
    document = halves.document

    assert document["info"] == {
        "name": "halves",
        "version": "1.2.0",
        "description": "Label one half of each frame.\nThe text goes on in a second paragraph, over two lines.",
        "supports_cpu": True,
        "supports_gpu": False,
    }
    assert document["inputs"] == [
        {"name": "video", "type": "types.Video", "description": "The video to label.", "required": True}
    ]
    assert document["outputs"] == [
        {
            "name": "labels",
            "type": "types.VideoLabels",
            "description": "One box per frame.",
            "filename": "labels.json",
            "post_as_data": False,
            "schema": None,
        }
    ]
    assert document["zip_outputs"] is False
    assert document["extensions"] == {
        "licence": "MIT",
        "limitations": ["Only samples."],
        "parameters": {
            "threshold": {"minimum": 0, "maximum": 1},
            "count": {"minimum": 1},
            "side": {"choices": ["left", "right"]},
            "mode": {"choices": ["fast", "exact"]},
            "fps": {"minimum": 0.001, "maximum": 1000},
        },
    }


def test_each_parameter_has_its_type_and_default() -> None:
    parameters = parameters_of(halves.document)

    assert {name: each["type"] for name, each in parameters.items()} == {
        "threshold": "types.Number",
        "count": "types.Integer",
        "side": "types.String",
        "mode": "types.String",
        "names": "types.Array",
        "strictly": "types.Boolean",
        "title": "types.String",
        "fps": "types.Number",
    }
    defaults = {name: each["default"] for name, each in parameters.items() if "default" in each}
    assert defaults == {"threshold": 0.5, "count": 2, "side": "left", "mode": "fast", "strictly": False}
    assert [name for name, each in parameters.items() if each["required"]] == ["title"]
    assert parameters["threshold"]["description"] == "Confidence of the boxes."


def test_the_function_gets_values_of_the_annotated_types(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4")

    result = run(halves, {"video": video}, {"title": "half", "side": "right", "threshold": 1, "fps": 5}, tmp_path / "o")

    labels = VideoLabels.from_file(result.outputs["labels"])
    assert sorted(labels.frames) == [1, 6, 11, 16, 21, 26]
    box = labels.frames[6].objects[0].bounding_box
    assert box is not None
    assert (box.left, box.top, box.right, box.bottom) == (0.5, 0, 1, 1)
    kinds = {each.name: each.value for each in labels.attributes}["kinds"]
    assert kinds == repr(["float", "int", "Side", "str", "NoneType", "bool"])
    assert labels.filename == "in.mp4"
    assert labels.metadata is not None
    assert labels.metadata.total_frame_count == 30
    assert labels.provenance is not None
    assert labels.provenance["analytic"] == "halves"
    assert labels.provenance["parameters"]["title"] == "half"


def test_boxes_of_a_region_have_coordinates_of_the_whole_frame(tmp_path: Path) -> None:
    @analytic(version="1")
    def whole(video: Video) -> VideoLabels:
        """Label the region.

        Args:
            video: the video.
        """
        labels = VideoLabels()
        for frame in video:
            assert frame.image().shape[:2] == frame.size[::-1]
            labels.add_box(frame, "region", (0, 0, *frame.size))
        return labels

    region = [0.5, 0.25, 0.25, 0.5]
    result = run(whole, {"video": numbered_video(tmp_path / "in.mp4")}, {"region": region}, tmp_path / "o")

    box = VideoLabels.from_file(result.outputs["labels"]).frames[1].objects[0].bounding_box
    assert box is not None
    assert (box.left, box.top, box.right, box.bottom) == (0.5, 0.25, 0.75, 0.75)


def test_a_class_is_set_up_before_it_processes(tmp_path: Path) -> None:
    @analytic(version="2.0")
    class FrameCounter:
        """Count frames."""

        def setup(self) -> None:
            self.first = 100

        def process(self, video: Video, job: Job, labels: VideoLabelsWriter, plan: Path | None = None) -> None:
            """Count the frames of one video.

            Args:
                video: the video.
                plan: a plan.
            """
            assert plan is None
            for frame in video:
                labels.add_frame_attributes(frame, count=self.first + frame.number)
            job.message("counted")

    document = FrameCounter.document
    result = run(FrameCounter, {"video": numbered_video(tmp_path / "in.mp4")}, {}, tmp_path / "o")

    assert document["info"]["name"] == "frame-counter"
    assert document["info"]["description"] == "Count frames."
    assert [(each["name"], each["type"], each["required"]) for each in document["inputs"]] == [
        ("video", "types.Video", True),
        ("plan", "types.File", False),
    ]
    labels = VideoLabels.from_file(result.outputs["labels"])
    assert labels.frames[30].attributes[0].value == 130
    assert labels.metadata is not None
    assert result.messages == ["counted"]


def test_labels_are_an_optional_input(tmp_path: Path) -> None:
    @analytic(version="1", name="count")
    def count(video: Video, seen: VideoLabels | None = None) -> dict:
        """Count frames.

        Args:
            video: the video.
            seen: labels of the video.
        """
        return {"frames": sum(1 for _ in video), "labelled": None if seen is None else len(seen.frames)}

    video = numbered_video(tmp_path / "in.mp4")
    (tmp_path / "bad.json").write_text("[]")
    VideoLabels().to_file(tmp_path / "labels.json")
    results = [
        json.loads(run(count, {"video": video, **given}, {}, tmp_path / folder).outputs["result"].read_text())
        for folder, given in (("without", {}), ("with", {"seen": tmp_path / "labels.json"}))
    ]

    assert [each["labelled"] for each in results] == [None, 0]
    assert [(each["name"], each["type"], each["required"]) for each in count.document["inputs"]] == [
        ("video", "types.Video", True),
        ("seen", "types.VideoLabels", False),
    ]
    with pytest.raises(InvalidInput, match=r"input 'seen': 'bad.json' is not labels of a video"):
        run(count, {"video": video, "seen": tmp_path / "bad.json"}, {}, tmp_path / "o")


def test_files_and_documents_are_outputs(tmp_path: Path) -> None:
    @analytic(version="1", name="sizes")
    def measure(
        plan: Annotated[Path, InputFile("types.JSONFile")],
        copy: Annotated[Path, OutputFile("copy.json", "types.JSONFile", as_data=True)],
    ) -> dict:
        """Measure a file.

        Args:
            plan: the file.
            copy: a copy of it.
        """
        copy.write_bytes(plan.read_bytes())
        return {"bytes": plan.stat().st_size}

    (tmp_path / "plan.json").write_text("{}")
    result = run(measure, {"plan": tmp_path / "plan.json"}, {}, tmp_path / "o")

    assert json.loads(result.outputs["result"].read_text()) == {"bytes": 2}
    assert result.outputs["copy"].read_text() == "{}"
    assert [(each["name"], each["post_as_data"]) for each in measure.document["outputs"]] == [
        ("result", False),
        ("copy", True),
    ]
    assert parameters_of(measure.document) == {}


def test_frames_come_in_batches_as_one_array(tmp_path: Path) -> None:
    seen: list[tuple[list[int], tuple[int, ...]]] = []

    @analytic(version="1")
    def batches(video: Video) -> VideoLabels:
        """See batches.

        Args:
            video: the video.
        """
        for frames, images in video.batches(8):
            seen.append(([frame.number for frame in frames], images.shape))
        return VideoLabels()

    run(batches, {"video": numbered_video(tmp_path / "in.mp4")}, {"first_frame": 11}, tmp_path / "o")

    assert [numbers for numbers, _ in seen] == [[*range(11, 19)], [*range(19, 27)], [*range(27, 31)]]
    assert [shape[0] for _, shape in seen] == [8, 8, 4]


def undocumented(video: Video) -> VideoLabels:
    raise NotImplementedError


def without_annotation(video: Video, threshold=0.5) -> VideoLabels:  # type: ignore[no-untyped-def]
    """Find.

    Args:
        video: the video.
        threshold: the threshold.
    """
    raise NotImplementedError


def without_description(video: Video, threshold: float = 0.5) -> VideoLabels:
    """Find.

    Args:
        video: the video.
    """
    raise NotImplementedError


def with_frames(frames: list[Frame], other: complex) -> VideoLabels:
    """Find.

    Args:
        frames: a list.
        other: a number.
    """
    raise NotImplementedError


def with_result(video: Video) -> Frame:
    """Find.

    Args:
        video: the video.
    """
    raise NotImplementedError


def with_bad_default(video: Video, threshold: Annotated[float, Range(0, 1)] = 7) -> VideoLabels:
    """Find.

    Args:
        video: the video.
        threshold: the threshold.
    """
    raise NotImplementedError


def with_bad_defaults_below(
    video: Video,
    threshold: Annotated[float, Range(0, 1)] = 0.5,
    area: Annotated[int, Range(1, 9)] = 0,
) -> VideoLabels:
    """Find.

    Args:
        video: the video.
        threshold: the threshold.
        area: the area.
    """
    raise NotImplementedError


def with_common_parameter(video: Video, fps: float = 5) -> VideoLabels:
    """Find.

    Args:
        video: the video.
        fps: the rate.
    """
    raise NotImplementedError


async def asynchronous(video: Video) -> VideoLabels:
    """Find.

    Args:
        video: the video.
    """
    raise NotImplementedError


def with_bad_choice(video: Video, size: Literal["small", "large"] = "huge") -> VideoLabels:  # type: ignore[assignment]
    """Find.

    Args:
        video: the video.
        size: the size.
    """
    raise NotImplementedError


def with_range_of_text(video: Video, word: Annotated[str, Range(0, 1)] = "any") -> VideoLabels:
    """Find.

    Args:
        video: the video.
        word: the word.
    """
    raise NotImplementedError


class WithoutProcess:
    """Find."""


class WithArguments:
    """Find."""

    def __init__(self, model: str) -> None:
        raise NotImplementedError

    def process(self, video: Video) -> VideoLabels:
        """Find.

        Args:
            video: the video.
        """
        raise NotImplementedError


@pytest.mark.parametrize(
    ("decorated", "place", "text"),
    [
        (undocumented, undocumented, "the docstring is missing"),
        (without_annotation, without_annotation, "'threshold' has no annotation. Add one, such as 'threshold: float"),
        (without_description, without_description, "'threshold' is not described. Add 'threshold: …' to the section"),
        (with_frames, with_frames, "'other' has the annotation complex, which no parameter can have. Use Video,"),
        (with_result, with_result, "returns Frame, which cannot become an output. Return VideoLabels"),
        (with_bad_default, with_bad_default, "the default 7 is not from 0 to 1"),
        (
            with_common_parameter,
            with_common_parameter,
            "'fps' is a parameter of all video analytics, which Video applies",
        ),
        (asynchronous, asynchronous, "'asynchronous' is async. Write 'def' instead of 'async def'"),
        (with_bad_choice, with_bad_choice, "the default 'huge' is not one of 'small', 'large'"),
        (with_range_of_text, with_range_of_text, "'word' has a Range, which only numbers and lists of them can have"),
        (WithoutProcess, WithoutProcess, "class WithoutProcess: the method 'process' is missing. Add one"),
        (WithArguments, WithArguments, "class WithArguments: __init__ has required arguments"),
    ],
)
def test_an_error_names_the_line_and_the_fix(decorated: Any, place: Any, text: str) -> None:
    with pytest.raises(InvalidAnalytic) as raised:
        analytic(version="1")(decorated)

    assert text in str(raised.value)
    is_class = isinstance(place, type)
    line = inspect.getsourcelines(place)[1] if is_class else place.__code__.co_firstlineno
    assert str(raised.value).startswith(f"test_decorator.py:{line}: ")


def test_an_invalid_manifest_names_the_field_and_the_line_of_its_argument() -> None:
    with pytest.raises(InvalidAnalytic) as raised:
        analytic(version="1")(with_bad_defaults_below)

    assert raised.value.field == "extensions.parameters.area"
    line = with_bad_defaults_below.__code__.co_firstlineno + 3
    assert str(raised.value).startswith(f"test_decorator.py:{line}: ")


def test_a_wrong_result_is_the_fault_of_the_analytic(tmp_path: Path) -> None:
    @analytic(version="1")
    def nothing(video: Video) -> VideoLabels:
        """Return nothing.

        Args:
            video: the video.
        """
        for _ in video:
            pass
        return None  # type: ignore[return-value]

    with pytest.raises(TypeError, match="must return VideoLabels, as annotated; it returned None"):
        run(nothing, {"video": numbered_video(tmp_path / "in.mp4")}, {}, tmp_path / "o")


@analytic(version="1")
def signed_in(video: Video, hub_token: Secret) -> VideoLabels:
    """Use a hub.

    Args:
        video: the video.
        hub_token: token of the hub.
    """
    labels = VideoLabels()
    labels.add_attributes(token=hub_token, frames=sum(1 for _ in video))
    return labels


def test_a_secret_is_declared_apart_from_the_parameters(tmp_path: Path) -> None:
    document = signed_in.document
    assert document["extensions"]["secrets"] == {"hub_token": "Token of the hub."}
    assert "hub_token" not in parameters_of(document)
    video = numbered_video(tmp_path / "in.mp4")

    result = run(signed_in, {"video": video}, {}, tmp_path / "o", secrets={"hub_token": "abc"})

    assert '"abc"' in result.outputs["labels"].read_text()
    with pytest.raises(InvalidInput, match="secret 'hub_token' is not available"):
        run(signed_in, {"video": video}, {}, tmp_path / "without")


def test_a_secret_has_no_default() -> None:
    def careless(hub_token: Secret = "abc") -> VideoLabels:
        """Use a hub.

        Args:
            hub_token: token of the hub.
        """
        raise NotImplementedError(hub_token)

    with pytest.raises(InvalidAnalytic, match="secret 'hub_token' must not have a default"):
        analytic(version="1")(careless)


def test_what_a_class_sets_up_may_be_kept(tmp_path: Path) -> None:
    made = []

    @analytic(version="1", warm=True)
    class Loaded:
        """Use a model."""

        def setup(self) -> None:
            made.append("model")

        def process(self) -> dict:  # type: ignore[type-arg]  # as authors write it
            """Process one job."""
            return {"models": len(made)}

    assert Loaded.document["extensions"]["warm"]
    assert Loaded.setup is not None
    Loaded.setup()

    after_setup = run(Loaded, {}, {}, tmp_path / "first").outputs
    without = run(Loaded, {}, {}, tmp_path / "second").outputs

    assert [json.loads(next(iter(each.values())).read_text()) for each in (after_setup, without)] == [
        {"models": 1},
        {"models": 2},
    ]


class WithSetup:
    """Use a model."""

    def setup(self) -> None:
        """Load it."""

    def process(self) -> dict:  # type: ignore[type-arg]  # as authors write it
        """Process one job."""
        raise NotImplementedError


def test_analytics_keep_nothing_unless_they_say_so() -> None:
    usual = analytic(version="1")(WithSetup)

    assert usual.setup is None
    assert "warm" not in usual.document["extensions"]


@pytest.mark.parametrize(
    ("decorated", "options", "text"),
    [
        (with_bad_default, {}, "there is no setup() whose result could be kept. Use a class with the methods setup()"),
        (WithSetup, {"supports_gpu": True}, "a GPU context cannot be kept for the next job. Leave out warm=True"),
    ],
)
def test_only_what_setup_makes_can_be_kept(decorated: Any, options: dict[str, bool], text: str) -> None:
    with pytest.raises(InvalidAnalytic) as raised:
        analytic(version="1", warm=True, **options)(decorated)

    assert text in str(raised.value)


def test_network_hosts_are_declared_and_checked() -> None:
    @analytic(version="1", network=["api.example.org:443"])
    def asks_a_service(video: Video) -> VideoLabels:
        """Find.

        Args:
            video: the video.
        """
        return VideoLabels()

    assert asks_a_service.document["extensions"]["network"] == ["api.example.org:443"]
    with pytest.raises(InvalidAnalytic, match=r"extensions\.network\[0\]: 'https://a\.b/' is a URL or a part of one"):

        @analytic(version="1", network="https://a.b/")
        def asks_a_url(video: Video) -> VideoLabels:
            """Find.

            Args:
                video: the video.
            """
            return VideoLabels()
