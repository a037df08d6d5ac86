"""``voxel51 run``: which outputs are skipped, computed again, named and kept."""

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cli.conftest import Voxel51
from support.video_samples import footage, numbered_video
from voxel51.users.api import API

SHOTS = "voxel51/shot-detection"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return numbered_video(tmp_path / "a.mp4", frames=5)


def threshold_of(path: Path) -> float:
    labels = json.loads(path.read_text(encoding="utf-8"))
    return float(labels["provenance"]["parameters"]["threshold"])


def test_an_equal_run_is_skipped_and_named(voxel51: Voxel51, api: API, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    default = api.get_analytic_doc(api.get_analytic_id(SHOTS))["parameters"]
    threshold = next(each["default"] for each in default if each["name"] == "threshold")

    voxel51("run", SHOTS, video, "--out", out)
    again = voxel51("run", SHOTS, video, "--out", out, "--param", f"threshold={float(threshold)}")

    [job] = api.iter_jobs()
    assert f"already done: {video} -> {out / 'a.shot-detection.json'} (job {job['id']})" in again.out
    assert again.status == 0


def test_a_run_with_other_parameters_is_new_and_overwrites_nothing(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first, second, third = (
        voxel51("run", SHOTS, video, "--param", f"threshold={value}", "--out", out, "--json").document[str(video)]
        for value in (20, 30, 20)
    )

    assert first == third == str(out / "a.shot-detection.json")
    assert threshold_of(Path(first)) == 20
    assert threshold_of(Path(second)) == 30
    assert len([*api.iter_jobs()]) == 2


def interrupt_submission(monkeypatch: pytest.MonkeyPatch, voxel51: Voxel51, *command: object) -> None:
    """Run a command that is interrupted after the platform created its job and before the answer arrived."""

    def submit_and_be_interrupted(self: API, *arguments: Any, **options: Any) -> NoReturn:
        submit(self, *arguments, **options)
        raise KeyboardInterrupt

    submit = API.upload_job_request
    with monkeypatch.context() as interrupted:
        interrupted.setattr(API, "upload_job_request", submit_and_be_interrupted)
        assert voxel51(*command).status == 130


def test_a_command_interrupted_while_it_submits_makes_no_second_job(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", SHOTS, video, "--out", tmp_path / "out")
    interrupt_submission(monkeypatch, voxel51, *command)

    again = voxel51(*command)

    assert again.status == 0
    [_] = api.iter_jobs()
    assert (tmp_path / "out/a.shot-detection.json").is_file()


def test_an_interrupted_submission_with_other_options_is_not_used(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", SHOTS, video, "--out", tmp_path / "out")
    interrupt_submission(monkeypatch, voxel51, *command)

    again = voxel51(*command, "--priority", 5)

    assert again.status == 0
    assert len([*api.iter_jobs()]) == 2
    assert (tmp_path / "out/a.shot-detection.json").is_file()


def test_the_reason_for_another_name_is_printed(voxel51: Voxel51, video: Path, tmp_path: Path) -> None:
    voxel51("run", SHOTS, video, "--param", "threshold=20", "--out", tmp_path)

    other = voxel51("run", SHOTS, video, "--param", "threshold=30", "--out", tmp_path)

    assert "'a.shot-detection.json' was kept: it is the output of another run (threshold 20 instead of 30)" in other.out


def test_an_invalid_value_is_an_error_although_an_output_exists(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    voxel51("run", SHOTS, video, "--out", tmp_path)

    invalid = voxel51("run", SHOTS, video, "--param", "threshold=much", "--out", tmp_path)

    assert (invalid.status, len([*api.iter_jobs()])) == (1, 1)
    assert "parameter 'threshold' takes a Number, not 'much'" in invalid.err


def test_a_changed_video_is_a_new_run_even_with_the_same_size_and_time(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    voxel51("run", SHOTS, video, "--out", tmp_path / "out")
    before, content = video.stat(), bytearray(video.read_bytes())
    content[-1] ^= 1
    video.write_bytes(content)
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))

    voxel51("run", SHOTS, video, "--out", tmp_path / "out")

    assert len([*api.iter_jobs()]) == 2


def test_a_moved_video_is_an_equal_run(voxel51: Voxel51, api: API, video: Path, tmp_path: Path) -> None:
    voxel51("run", SHOTS, video, "--out", tmp_path / "out")
    moved = tmp_path / "elsewhere" / video.name
    moved.parent.mkdir()
    video.rename(moved)

    again = voxel51("run", SHOTS, moved, "--out", tmp_path / "out")

    assert "already done" in again.out
    assert len([*api.iter_jobs()]) == 1


def test_fresh_computes_again_and_replaces_only_the_output_of_an_equal_run(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    output = tmp_path / "a.shot-detection.json"
    voxel51("run", SHOTS, video, "--out", tmp_path)

    fresh = voxel51("run", SHOTS, video, "--out", tmp_path, "--fresh")
    output.write_text("corrected by hand", encoding="utf-8")
    after_edit = voxel51("run", SHOTS, video, "--out", tmp_path, "--fresh", "--json")

    assert f"{output} (replaced)" in fresh.out
    assert output.read_text(encoding="utf-8") == "corrected by hand"
    assert after_edit.document[str(video)] != str(output)
    assert len([*api.iter_jobs()]) == 3
    assert len([*api.iter_data()]) == 1


def test_a_file_that_no_run_wrote_is_kept_and_not_taken_for_a_result(
    voxel51: Voxel51, video: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "a.shot-detection.json"
    foreign.write_text("{}", encoding="utf-8")

    ran = voxel51("run", SHOTS, video, "--out", tmp_path)

    [written] = tmp_path.glob("a.shot-detection.*.json")
    assert foreign.read_text(encoding="utf-8") == "{}"
    assert f"{written}. 'a.shot-detection.json' was kept" in ran.out


def test_a_deleted_output_is_downloaded_again_from_its_job(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    output = tmp_path / "a.shot-detection.json"
    voxel51("run", SHOTS, video, "--out", tmp_path)
    output.unlink()

    voxel51("run", SHOTS, video, "--out", tmp_path)

    assert output.is_file()
    assert len([*api.iter_jobs()]) == 1


def test_a_damaged_record_costs_a_computation_and_no_result(voxel51: Voxel51, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    voxel51("run", SHOTS, video, "--out", out)
    (out / ".voxel51-run.json").write_text('{"an": "old record"}\n{"file": "a.shot', encoding="utf-8")

    voxel51("run", SHOTS, video, "--out", out)
    third = voxel51("run", SHOTS, video, "--out", out)

    assert len([*out.glob("*.json")]) == 3  # the record, the output of unknown origin, and the new one
    assert "already done" in third.out


def test_videos_of_one_name_have_an_output_each(voxel51: Voxel51, tmp_path: Path) -> None:
    for folder, frames in (("one", 3), ("two", 4)):
        (tmp_path / folder).mkdir()
        numbered_video(tmp_path / folder / "a.mp4", frames=frames)
    videos = [tmp_path / "one" / "a.mp4", tmp_path / "two" / "a.mp4"]

    ran = voxel51("run", SHOTS, *videos, "--out", tmp_path / "out", "--json")

    counts = [json.loads(Path(ran.document[str(each)]).read_text())["metadata"]["total_frame_count"] for each in videos]
    assert counts == [3, 4]


def test_the_extension_comes_from_the_output(voxel51: Voxel51, video: Path, tmp_path: Path) -> None:
    ran = voxel51("run", "voxel51/face-redaction", video, "--out", tmp_path / "out", "--json")

    output = tmp_path / "out" / "a.face-redaction.mp4"
    assert ran.document == {str(video): str(output)}
    assert output.read_bytes()[4:8] == b"ftyp"


def test_a_format_of_labels_is_refused_for_other_outputs(voxel51: Voxel51, video: Path, tmp_path: Path) -> None:
    refused = voxel51("run", "voxel51/face-redaction", video, "--out", tmp_path / "out", "--format", "coco")
    unknown = voxel51("run", SHOTS, video, "--out", tmp_path / "out", "--format", "koko")

    assert "--format coco converts labels of a video, but the output of voxel51/face-redaction is" in refused.err
    assert "unknown format 'koko'. Formats: coco, yolo" in unknown.err


def test_folders_and_patterns_are_expanded_and_other_files_skipped(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    numbered_video(videos / "one.mp4", frames=2)
    numbered_video(videos / "two.MP4", frames=3)
    (videos / "notes.txt").write_text("no video")
    (videos / "labels.json").write_text("{}")

    ran = voxel51("run", SHOTS, videos, videos / "*.txt", videos / "one.mp4", "--out", videos)

    assert ran.status == 0
    assert "Skipped 2 files that are not videos" in ran.out
    assert sorted(each["name"].partition(" · ")[2] for each in api.iter_jobs()) == ["one.mp4", "two.MP4"]


def test_outputs_in_the_folder_of_the_videos_are_not_taken_for_videos(
    voxel51: Voxel51, api: API, video: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        ran = voxel51("run", "voxel51/face-redaction", tmp_path, "--out", tmp_path)

    assert "already done" in ran.out
    assert [each["name"].partition(" · ")[2] for each in api.iter_jobs()] == [video.name]


def test_nothing_to_run_is_an_error(voxel51: Voxel51, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert "no video found in" in voxel51("run", SHOTS, tmp_path / "empty").err
    assert "file not found: " in voxel51("run", SHOTS, tmp_path / "*.mp4").err


def test_a_misspelt_analytic_or_command_is_answered_with_a_suggestion(voxel51: Voxel51, video: Path) -> None:
    analytic = voxel51("run", "voxel51/object-track", video)
    command = voxel51("jbos", "list")

    assert "Analytic 'voxel51/object-track' not found. Did you mean 'voxel51/object-tracks'?" in analytic.err
    assert "Did you mean 'jobs'?" in command.err
    assert (analytic.status, command.status) == (1, 2)


def test_a_number_is_passed_as_text_where_text_is_declared(voxel51: Voxel51, video: Path, tmp_path: Path) -> None:
    ran = voxel51("run", "voxel51/face-redaction", video, "--out", tmp_path, "--param", "style=5")

    assert "takes one of" in ran.err
    assert "given twice" in voxel51("run", SHOTS, video, "--param", "threshold=1", "--param", "threshold=2").err


def test_a_long_film_is_hashed_once(voxel51: Voxel51, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = footage("bikes.mp4")
    voxel51("run", SHOTS, film, "--out", tmp_path)
    hashed: list[Path] = []
    monkeypatch.setattr("voxel51.cli.run_record._sha256", lambda path: hashed.append(path) or "")

    voxel51("run", SHOTS, film, "--out", tmp_path, "--param", "threshold=much")
    voxel51("run", SHOTS, film, "--out", tmp_path / "other", "--param", "threshold=much")

    assert film not in hashed
