"""Pipelines on a real platform, by the client: from steps in Python to the files with the results."""

import asyncio
import json
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.documentation_pages import ROOT
from support.platforms import NO_OP
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.labels.video import VideoLabels
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.pipeline_documents import Parameter, Step, pipeline_document

STEPS = [
    Step("shots", "voxel51/shot-detection", parameters={"threshold": Parameter("threshold", default=27)}),
    Step("best", "voxel51/best-frames", {"video": "video", "shots": "shots"}),
]


@pytest.fixture(scope="module")
def api(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> API:
    user = User.create(platform, tmp_path_factory.mktemp("pipelines"))
    return API(token=Token.from_json(str(user.token)))


def test_steps_in_python_become_files_with_results(api: API, tmp_path: Path) -> None:
    seen: list[str] = []
    run = api.pipeline(
        STEPS,
        footage("bikes.mp4"),
        {"threshold": 30},
        name="Keyframes",
        wait=True,
        timeout=LIMIT_SECONDS,
        progress=lambda each: seen.append(each["state"]),
    )

    assert (run["state"], run["progress"], run["parameters"]) == ("COMPLETE", 1, {"threshold": 30})
    assert seen[-1] == "COMPLETE"
    paths = api.download_pipeline_outputs(run["id"], tmp_path, all_steps=True)
    assert paths == {"shots": tmp_path / "shots.json", "best": tmp_path / "best.json"}
    best = VideoLabels.from_file(paths["best"])
    assert best.frames
    assert [*api.download_pipeline_outputs(run["id"], tmp_path / "outputs")] == ["best"]
    assert [each["id"] for each in api.iter_pipeline_runs("Keyframes")] == [run["id"]]
    with pytest.raises(APIError, match="No job of run"):
        api.retry_pipeline_run(run["id"])
    api.delete_pipeline_run(run["id"])
    assert [*api.iter_pipeline_runs()] == []


def test_example_looks_at_keyframes_only(api: API, tmp_path: Path) -> None:
    pipeline = api.save_pipeline(ROOT / "examples" / "pipelines" / "keyframe-search.json")
    paths = {}
    for name in ("bikes.mp4", "carphone_pristine.mp4"):
        run = api.run_pipeline(pipeline, footage(name), wait=True, timeout=LIMIT_SECONDS)
        assert run["state"] == "COMPLETE", run["steps"]
        paths[name] = api.download_pipeline_outputs(run["id"], tmp_path / name, all_steps=True)

    for found in paths.values():
        labels = {step: VideoLabels.from_file(path) for step, path in found.items()}
        assert 1 <= len(labels["keyframes"].frames) <= len(labels["shots"].events)
        assert {*labels["text"].frames} <= {*labels["keyframes"].frames}
        assert {*labels["faces"].frames} <= {*labels["keyframes"].frames}
    faces = VideoLabels.from_file(paths["carphone_pristine.mp4"]["faces"])
    assert [len(frame.objects) for frame in faces.frames.values()] == [1]


def test_document_is_stored_in_versions_and_exported(api: API, tmp_path: Path) -> None:
    document = pipeline_document(STEPS, name="Shared", description="To be shared")
    (tmp_path / "shared.json").write_text(json.dumps(document), encoding="utf-8")

    pipeline = api.save_pipeline(tmp_path / "shared.json")
    changed = api.save_pipeline({**document, "description": "Changed"})

    assert pipeline["document"] == document
    assert (pipeline["version"], changed["version"], changed["id"]) == (1, 2, pipeline["id"])
    assert api.get_pipeline(pipeline["id"], version=1)["document"] == document
    assert [each["version"] for each in api.list_pipeline_versions(pipeline["id"])] == [2, 1]
    assert "Shared" in [each["name"] for each in api.list_pipelines()]
    api.delete_pipeline(api.find_pipeline("Shared"))
    with pytest.raises(ValueError, match="you have no pipeline 'Shared'"):
        api.run_pipeline("Shared", "none")


def test_failed_step_says_why_and_an_ended_run_is_not_cancelled(api: API) -> None:
    data = api.upload_data(str(footage("bikes.mp4")))
    empty = Step("empty", NO_OP, {"video": "film"})
    run = api.pipeline(
        [empty, Step("best", "voxel51/best-frames", {"video": "film", "shots": "empty"})], {"film": data}
    )
    first, second = api.wait_for_pipeline_run(run["id"], timeout=LIMIT_SECONDS)["steps"]

    assert (first["state"], second["state"]) == ("COMPLETE", "FAILED")
    assert "shot" in (second["message"] or "")
    with pytest.raises(APIError, match="only a run that has not ended can be cancelled"):
        api.cancel_pipeline_run(run["id"])


def test_repeated_request_starts_one_run(api: API, platform: PlatformProcess, tmp_path: Path) -> None:
    user = User.create(platform, tmp_path)
    document = {"name": "Once", "steps": [{"name": "only", "analytic": NO_OP}]}
    answer = requests.post(f"{user.v1}/pipelines", json={"document": document}, headers=user.headers, timeout=20)
    url = f"{user.v1}/pipelines/{answer.json()['pipeline']['id']}/runs"
    headers = {**user.headers, "Idempotency-Key": "once"}
    runs = {requests.post(url, json={}, headers=headers, timeout=20).json()["run"]["id"] for _ in range(3)}

    assert len(runs) == 1
    listed = requests.get(f"{user.v1}/pipeline-runs", headers=user.headers, timeout=20).json()["runs"]
    assert {run["id"] for run in listed} == runs
    exported = requests.get(f"{user.v1}/account/export", headers=user.headers, timeout=20).json()
    assert (len(exported["pipelines"]), len(exported["pipeline_runs"])) == (1, 1)


def test_users_of_applications_have_pipelines_of_their_own(platform: PlatformProcess, tmp_path: Path) -> None:
    application = Application.create(platform, tmp_path)
    for name in ("ann", "ben"):
        requests.post(
            f"{application.v1}/apps/users", json={"username": name}, headers=application.headers(), timeout=20
        ).raise_for_status()
    document = {"name": "Theirs", "steps": [{"name": "only", "analytic": NO_OP}]}
    url = f"{application.v1}/pipelines"
    requests.post(url, json={"document": document}, headers=application.headers("ann"), timeout=20).raise_for_status()

    found = {
        name: len(requests.get(url, headers=application.headers(name), timeout=20).json()["pipelines"])
        for name in ("ann", "ben")
    }
    assert found == {"ann": 1, "ben": 0}


def test_shared_pipeline_runs_with_the_rights_and_data_of_the_other_user(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    users = [User.create(platform, tmp_path) for _ in range(3)]
    ann, ben, cat = (API(token=Token.from_json(str(user.token))) for user in users)
    document = pipeline_document([Step("only", NO_OP, {})], name="Theirs")
    pipeline = ann.save_pipeline(document)
    ann.share_pipeline(pipeline["id"], users[1].name)

    [listed] = ben.list_pipelines()
    assert (listed["id"], listed["owner"], listed["is_own"]) == (pipeline["id"], users[0].name, False)
    run = ben.run_pipeline("Theirs", {}, wait=True, timeout=LIMIT_SECONDS)
    assert (run["state"], run["pipeline_id"]) == ("COMPLETE", pipeline["id"])
    assert [*ann.iter_pipeline_runs()] == []
    of_ann = ann.upload_data(str(footage("bikes.mp4")))
    shots = ann.save_pipeline(pipeline_document([Step("shots", "voxel51/shot-detection")], name="Theirs"))
    with pytest.raises(APIError, match=f"Step 'shots': .*{of_ann['id']}"):
        ben.run_pipeline("Theirs", of_ann["id"])

    other = cat.save_pipeline({**document, "description": "of cat"})
    cat.share_pipeline(other["id"], users[1].name)
    first, second = sorted([users[0].name, users[2].name])
    with pytest.raises(ValueError, match=f"'{first}/Theirs', '{second}/Theirs'"):
        ben.find_pipeline("Theirs")
    assert ben.find_pipeline(f"{users[2].name}/Theirs") == other["id"]
    disguised = cat.save_pipeline({**document, "name": f"{users[0].name}/Theirs"})
    cat.share_pipeline(disguised["id"], users[1].name)
    assert ben.find_pipeline(f"{users[0].name}/Theirs") == pipeline["id"]
    own = ben.save_pipeline(ben.get_pipeline(other["id"])["document"])
    assert ben.find_pipeline("Theirs") == own["id"]

    assert ann.list_pipeline_shares(pipeline["id"]) == [{"username": users[1].name}]
    ann.unshare_pipeline(pipeline["id"], users[1].name)
    with pytest.raises(ValueError, match=f"you have no pipeline '{users[0].name}/Theirs'"):
        ben.find_pipeline(f"{users[0].name}/Theirs")
    with pytest.raises(APIError, match=r"Pipeline 'Theirs' .* is no longer shared with you"):
        ben.run_pipeline(shots, {})
    assert ben.get_pipeline_run(run["id"])["state"] == "COMPLETE"


def test_async_client_runs_a_pipeline(api: API) -> None:
    async def run() -> str:
        async with AsyncAPI(token=api.token) as client:
            made = await client.pipeline([Step("only", NO_OP, {})], {}, name="Async", wait=True, timeout=LIMIT_SECONDS)
            assert [each["id"] async for each in client.iter_pipeline_runs("Async")] == [made["id"]]
            return made["state"]

    assert asyncio.run(run()) == "COMPLETE"
