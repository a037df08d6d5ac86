import pytest

from samples.documents import a_document, a_parameter, an_input, an_output
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidInput
from voxel51.platform.local import run
from voxel51.platform.outputs import MissingOutput


def count_bytes(job):
    data = job.inputs["video"].read_bytes()
    if not data:
        raise InvalidInput("the video is empty")
    job.record_input("video", {"size_bytes": len(data)})
    job.record_amount(1, 0.5, len(data))
    job.message("counted")
    job.warn("the count is approximate")
    job.progress(1, 1)
    job.output("count").write_text(str(len(data) * job.parameters["factor"]))


COUNTER = Analytic(
    a_document(
        "counter",
        inputs=[an_input("video")],
        parameters=[a_parameter("factor", default=2)],
        outputs=[an_output("count", "count.txt")],
    ),
    count_bytes,
)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(b"12345")
    return path


def test_number_of_warnings_is_limited(video, tmp_path):
    def warn(job):
        for number in range(10_000):
            job.warn(f"frame {number} is damaged")
            job.warn("frame 0 is damaged")

    result = run(Analytic(a_document("warn", inputs=[an_input("video")]), warn), {"video": video}, {}, tmp_path / "run")

    assert result.warnings == [
        *(f"frame {number} is damaged" for number in range(100)),
        "further warnings are left out",
    ]


def test_a_local_run_returns_the_outputs_and_all_reports(video, tmp_path):
    result = run(COUNTER, {"video": video}, {"factor": 3}, tmp_path / "run")

    assert result.outputs["count"].read_text() == "15"
    assert result.inputs == {"video": {"size_bytes": 5}}
    assert result.amount == {"frame_count": 1, "duration_seconds": 0.5, "size_bytes": 5}
    assert result.messages == ["counted"]
    assert result.warnings == ["the count is approximate"]
    assert result.progress == [{"frames_done": 1, "frames_total": 1, "fraction": 1.0}]


def test_a_missing_parameter_has_the_default_of_the_manifest(video, tmp_path):
    assert run(COUNTER, {"video": video}, {}, tmp_path / "run").outputs["count"].read_text() == "10"


def test_invalid_input_reaches_the_caller(tmp_path):
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(InvalidInput, match="the video is empty"):
        run(COUNTER, {"video": tmp_path / "empty.mp4"}, {}, tmp_path / "run")


def test_a_missing_output_is_an_error_of_the_analytic(video, tmp_path):
    forgetful = Analytic(COUNTER.document, lambda _job: None)

    with pytest.raises(MissingOutput, match=r"'count' \(count.txt\)"):
        run(forgetful, {"video": video}, {}, tmp_path / "run")


@pytest.mark.parametrize(
    ("inputs", "parameters", "text"),
    [
        pytest.param({}, {}, "needs the input 'video'", id="required-input-missing"),
        pytest.param({"video": "v.mp4", "audio": "v.mp4"}, {}, "no input 'audio'", id="unknown-input"),
        pytest.param({"video": "v.mp4"}, {"speed": 1}, "no parameter 'speed'", id="unknown-parameter"),
    ],
)
def test_names_that_the_manifest_does_not_declare_are_rejected(inputs, parameters, text, video, tmp_path):
    inputs = {name: tmp_path / path for name, path in inputs.items()}

    with pytest.raises(ValueError, match=text):
        run(COUNTER, inputs, parameters, tmp_path / "run")


def test_the_error_names_a_missing_input(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.mp4"):
        run(COUNTER, {"video": tmp_path / "nothing.mp4"}, {}, tmp_path / "run")
