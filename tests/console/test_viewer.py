"""The viewer: the picture, the labels drawn over it and the frame number always belong to the same frame."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from console.asking import submit
from demo.platform_process import PlatformProcess
from support.browsers import PHONE, Person, Visit, visiting
from support.platforms import DICTATED, NUMBERS
from support.video_samples import KINDS, VARIABLE_TIMES_MS, footage, numbered_image, numbered_video, remuxed
from support.waiting import wait_until
from voxel51.labels.masks import encode

pytestmark = pytest.mark.slow

MAKING_MILLISECONDS = 120_000

_READING = """
window.readFrame = (isTurned) => {
  const [picture, overlay, screen] = [".picture", ".overlay", ".screen"].map((name) => document.querySelector(name));
  const bits = (isSet) => Array.from({ length: 10 }, (_, bit) => (isSet(bit) ? 1 << bit : 0)).reduce((a, b) => a + b);
  const isWhite = (pen, width, height) => (bit) => {
    const [x, y] = [(bit + 0.5) / 10, 1 / 8];
    const [r, g, b] = pen.getImageData((isTurned ? 1 - x : x) * width, (isTurned ? 1 - y : y) * height, 1, 1).data;
    return r + g + b > 384;
  };
  const fit = Math.min(overlay.width / picture.width, overlay.height / picture.height);
  const [left, top] = [(overlay.width - picture.width * fit) / 2, (overlay.height - picture.height * fit) / 2];
  const pen = overlay.getContext("2d");
  const isBoxed = (bit) => {
    const [x, y] = [left + ((bit + 0.5) / 10) * picture.width * fit, top + 0.95 * picture.height * fit];
    const { data } = pen.getImageData(Math.round(x), Math.round(y) - 2, 1, 5);
    return data.some((value, index) => index % 4 === 3 && value > 128);
  };
  return {
    said: Number(screen.dataset.frame),
    picture: bits(isWhite(picture.getContext("2d"), picture.width, picture.height)),
    boxes: bits(isBoxed),
    video: () => {
      const video = document.querySelector("video");
      const copy = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext("2d");
      copy.drawImage(video, 0, 0);
      return bits(isWhite(copy, video.videoWidth, video.videoHeight));
    },
  };
};
window.record = (isTurned) => {
  window.recorded = [];
  new MutationObserver(() => {
    const { said, picture, boxes } = readFrame(isTurned);
    recorded.push([said, picture, boxes]);
  }).observe(document.querySelector(".screen"), { attributes: true, attributeFilter: ["data-frame"] });
};
null;
"""


@dataclass
class Maker:
    """Uploads data and runs jobs of one user."""

    person: Person

    def upload(self, path: Path) -> str:
        with path.open("rb") as file:
            answer = requests.post(f"{self.person.v1}/data", headers=self.person.headers, files={"file": file})
        assert answer.status_code == 201, answer.text
        data_id: str = answer.json()["data"]["id"]
        return data_id

    def run(self, analytic: str, data_id: str, **parameters: Any) -> str:
        """Run a job, wait until it is complete, and return its id."""
        job_id = submit(self.person, analytic, f"{analytic} of a video", data=data_id, **parameters)
        wait_until(lambda: self._state(job_id) == "COMPLETE", f"{job_id} is not complete")
        return job_id

    def _state(self, job_id: str) -> str:
        state: str = requests.get(f"{self.person.v1}/jobs/{job_id}", headers=self.person.headers).json()["job"]["state"]
        assert state != "FAILED"
        return state


@pytest.fixture
def maker(person: Person) -> Maker:
    return Maker(person)


@dataclass
class Film:
    """A video of a user whom tests that change neither share, and a complete job on it."""

    maker: Maker
    job_id: str


@pytest.fixture(scope="session")
def bikes(platform: PlatformProcess, operator: Person) -> Film:
    """A real video in which objects were tracked."""
    maker = Maker(Person.sign_up(platform, "cyclist"))
    return Film(maker, maker.run("voxel51/object-tracks", maker.upload(footage("bikes.mp4")), last_frame=120))


@pytest.fixture
def bikes_visit(browser: Browser, platform: PlatformProcess, bikes: Film) -> Iterator[Visit]:
    with visiting(browser, platform, bikes.maker.person) as one:
        yield one


@pytest.fixture(scope="session")
def numbers(platform: PlatformProcess, operator: Person, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """A video of 100 frames that show their numbers, which its labels show as well."""
    maker = Maker(Person.sign_up(platform, "counter"))
    path = numbered_video(tmp_path_factory.mktemp("numbers") / "a.mp4", frames=100)
    return Film(maker, maker.run(NUMBERS, maker.upload(path), frames=100))


@pytest.fixture
def numbers_visit(browser: Browser, platform: PlatformProcess, numbers: Film) -> Iterator[Visit]:
    with visiting(browser, platform, numbers.maker.person) as one:
        yield one


def look_at(visit: Visit, path: str, frame: int = 1) -> Page:
    visit.expect("willReadFrequently")  # the tests read canvases, which the console does not
    page = visit.open(path)
    page.locator(f'.screen[data-frame="{frame}"]').wait_for(timeout=MAKING_MILLISECONDS)
    page.evaluate(_READING)
    return page


def assert_all_agree(page: Page, frame: int, *, is_turned: bool = False) -> None:
    """Assert that the picture, the boxes, the video element and the frame number show ``frame``."""
    page.locator(f'.screen[data-frame="{frame}"]').wait_for()
    read = page.evaluate(
        "turned => { const read = readFrame(turned); return {...read, video: read.video()}; }", is_turned
    )
    assert read == dict.fromkeys(("said", "picture", "boxes", "video"), frame)
    expect(page.get_by_label("Frame number")).to_have_value(str(frame))


def turned_round(folder: Path) -> Path:
    return numbered_video(folder / "turned.mp4", rotation=180)


def cut_by_edit_list(folder: Path) -> Path:
    """Return a video whose first frames are decoded but not shown; each frame has its number in the uncut video."""
    return remuxed(numbered_video(folder / "whole.mp4", codec_options={"g": "5"}), folder / "cut.mp4", start_ms=-480)


# Others are played as a copy, as `avi-mpeg4` is; tests/labels/media/test_playable.py looks at each frame of those.
PLAYED: dict[str, Callable[[Path], Path]] = {
    **{
        kind: KINDS[kind]
        for kind in ("constant", "variable-rate", "b-frames", "fragmented", "avi-mpeg4", "late-start", "with-sound",
                     "transport-stream")
    },
    "turned-round": turned_round,
}  # fmt: skip


@pytest.mark.parametrize("kind", PLAYED)
def test_picture_and_boxes_belong_to_the_shown_frame_number(
    visit: Visit, maker: Maker, tmp_path: Path, kind: str
) -> None:
    data_id = maker.upload(PLAYED[kind](tmp_path))
    turned = kind == "turned-round"
    count = len(VARIABLE_TIMES_MS) if kind == "variable-rate" else 30
    page = look_at(visit, f"/jobs/{maker.run(NUMBERS, data_id)}")
    page.evaluate("turned => record(turned)", turned)
    assert_all_agree(page, 1, is_turned=turned)

    picture = page.get_by_role("group", name="Picture of")
    picture.focus()
    for frame in range(2, count + 1):
        page.keyboard.press("ArrowRight")
        page.locator(f'.screen[data-frame="{frame}"]').wait_for()
    for key, frame in [("ArrowRight", count), ("Home", 1), ("End", count), ("ArrowLeft", count - 1),
                       (",", count - 2), (".", count - 1)]:  # fmt: skip
        page.keyboard.press(key)
        assert_all_agree(page, frame, is_turned=turned)
    field = page.get_by_label("Frame number")
    for frame in (7, count, 2, 13, 12, 1):
        field.fill(str(frame))
        field.press("Enter")
        assert_all_agree(page, frame, is_turned=turned)

    page.get_by_role("button", name="Play", exact=True).click()
    page.locator(f'.screen[data-frame="{count}"]').wait_for()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert_all_agree(page, count, is_turned=turned)
    recorded = page.evaluate("recorded")
    assert {said for said, *_ in recorded} == set(range(1, count + 1))
    assert [each for each in recorded if len(set(each)) > 1] == []


def test_frames_cut_by_an_edit_list_have_no_number(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    data_id = maker.upload(cut_by_edit_list(tmp_path))
    page = look_at(visit, f"/jobs/{maker.run(NUMBERS, data_id)}")
    count = int(page.get_by_label("Frame number").get_attribute("max") or 0)
    assert 0 < count < 30

    page.get_by_role("group", name="Picture of").focus()
    for frame in range(1, count + 1):
        page.locator(f'.screen[data-frame="{frame}"]').wait_for()
        read = page.evaluate("readFrame(false)")
        assert (read["said"], read["boxes"], read["picture"]) == (frame, frame, frame + 30 - count)
        page.keyboard.press("ArrowRight")


def test_frames_agree_while_dragging_and_at_any_speed(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    data_id = maker.upload(numbered_video(tmp_path / "long.mp4", frames=200))
    page = look_at(visit, f"/jobs/{maker.run(NUMBERS, data_id, frames=200)}")
    page.evaluate("record(false)")

    way = page.get_by_role("slider", name="Frame")
    box = way.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, middle)
    page.mouse.down()
    for share in (0.3, 0.9, 0.2, 0.6, 0.61, 0.62, 0.4, 0.75):
        page.mouse.move(box["x"] + share * box["width"], middle, steps=6)
    page.mouse.up()
    arrived = int(way.input_value())
    assert_all_agree(page, arrived)

    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Play", exact=True).click()
    page.locator('.screen[data-frame="200"]').wait_for()
    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("group", name="Picture of").focus()
    page.keyboard.press("Home")
    page.locator('.screen[data-frame="1"]').wait_for()
    page.keyboard.press("k")
    page.wait_for_function("() => Number(document.querySelector('.screen').dataset.frame) > 8")
    # A slow machine shows few of the 200 frames at the high speed.
    page.wait_for_function("() => new Set(recorded.map(([said]) => said)).size > 40")
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    recorded = page.evaluate("recorded")
    assert [each for each in recorded if len(set(each)) > 1] == []


def test_loop_is_played_repeatedly(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}?frame=20", frame=20)
    picture = page.get_by_role("group", name="Picture of")
    picture.focus()
    page.keyboard.press("[")
    page.get_by_label("Frame number").fill("30")
    page.get_by_label("Frame number").press("Enter")
    assert_all_agree(page, 30)
    picture.focus()
    page.keyboard.press("]")
    expect(page.get_by_role("button", name="20\N{EN DASH}30")).to_be_visible()

    page.evaluate("record(false)")
    page.keyboard.press("k")
    page.wait_for_function("() => recorded.filter(([said]) => said === 20).length > 1")
    page.keyboard.press("k")
    recorded = page.evaluate("recorded")
    assert {said for said, *_ in recorded} <= set(range(20, 31))
    assert [each for each in recorded if len(set(each)) > 1] == []


def test_link_opens_the_frame_and_the_url_follows(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}?frame=17", frame=17)
    assert_all_agree(page, 17)

    page.get_by_role("button", name="Next frame").click()
    page.wait_for_url("**/jobs/*?frame=18")
    expect(page.locator(".stage [role=status]")).to_contain_text("Frame 18 of 100")


def test_video_is_shown_without_a_job(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    data_id = maker.upload(numbered_video(tmp_path / "a.avi", codec="mpeg4"))
    page = look_at(visit, f"/data/{data_id}?frame=9", frame=9)
    read = page.evaluate("readFrame(false)")

    assert (read["said"], read["picture"], read["boxes"]) == (9, 9, 0)
    expect(page.get_by_role("button", name="Playable video")).to_be_visible()
    visit.assert_accessible()


def test_image_is_shown_as_a_video_of_one_frame(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), numbered_image(21))
    page = look_at(visit, f"/data/{maker.upload(path)}")

    assert page.evaluate("readFrame(false).picture") == 21
    expect(page.get_by_role("button", name="Original file")).to_be_visible()
    visit.assert_accessible()


def labels_of(maker: Maker, job_id: str) -> dict[str, Any]:
    answer = requests.get(f"{maker.person.v1}/jobs/{job_id}/output", headers=maker.person.headers)
    labels: dict[str, Any] = answer.json()
    return labels


def boxes_drawn(page: Page) -> int:
    """Return the number of overlay pixels that are not transparent."""
    pixels: int = page.evaluate(
        """() => {
          const overlay = document.querySelector(".overlay");
          const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
          return data.filter((value, index) => index % 4 === 3 && value > 0).length;
        }"""
    )
    return pixels


def row(page: Page) -> Locator:
    return page.get_by_role("list", name="Tracks and events").get_by_role("button")


def test_tracks_are_listed_selected_and_filtered(bikes_visit: Visit, bikes: Film) -> None:
    page = look_at(bikes_visit, f"/jobs/{bikes.job_id}?frame=60", frame=60)
    frames_of: dict[tuple[str, int], list[int]] = {}
    for number, said in labels_of(bikes.maker, bikes.job_id)["frames"].items():
        for each in said.get("objects", {}).get("objects", []):
            frames_of.setdefault((each["label"], each["index"]), []).append(int(number))
    page.get_by_role("tab", name="Tracks and events").click()
    expect(page.get_by_text(f"{len(frames_of)} tracks and events")).to_be_visible()
    for _ in bikes_visit.in_both_looks():
        bikes_visit.assert_accessible()
    bikes_visit.take_picture("viewer")

    row(page).first.click()
    card = page.get_by_role("region", name="Selected")
    expect(card).to_be_visible()
    # The list begins with the track that begins first. Tracks may share that frame, so each of their ends is right.
    first = min(min(frames) for frames in frames_of.values())
    lasts = [max(frames) for frames in frames_of.values() if min(frames) == first]
    page.locator(f'.screen[data-frame="{first}"]').wait_for()
    card.get_by_role("button", name="Last frame").click()
    page.locator(", ".join(f'.screen[data-frame="{last}"]' for last in lasts)).wait_for()
    page.get_by_label("Filter tracks and events").fill("nothing of the kind")
    expect(page.get_by_text("No results")).to_be_visible()


def test_labels_are_shown_and_hidden(bikes_visit: Visit, bikes: Film) -> None:
    labels = labels_of(bikes.maker, bikes.job_id)
    frame = next(int(number) for number, said in labels["frames"].items() if said.get("objects"))
    page = look_at(bikes_visit, f"/jobs/{bikes.job_id}?frame={frame}", frame=frame)
    before = boxes_drawn(page)
    assert before > 100

    page.get_by_role("button", name="Hide all").click()
    page.wait_for_function("() => document.querySelector('.chips [aria-pressed=true]') === null")
    assert boxes_drawn(page) == 0
    page.get_by_role("button", name="Show all", exact=True).click()
    page.get_by_label("Min. confidence").fill("1")
    expect(page.get_by_text("100%", exact=True)).to_be_visible()
    assert boxes_drawn(page) == 0
    page.get_by_label("Min. confidence").fill("0")
    page.get_by_label("Boxes").uncheck()
    assert 0 < boxes_drawn(page) < before


def test_click_selects_a_box_and_keys_find_its_frames(bikes_visit: Visit, bikes: Film) -> None:
    frames = labels_of(bikes.maker, bikes.job_id)["frames"]
    number, thing = next(
        (int(each), said["objects"]["objects"][0]) for each, said in frames.items() if said.get("objects")
    )
    page = look_at(bikes_visit, f"/jobs/{bikes.job_id}?frame=1")
    page.get_by_role("tab", name="Display").focus()  # keys work wherever the focus is
    page.keyboard.press("n")
    page.locator(f'.screen[data-frame="{number}"]').wait_for()

    box, place = thing["bounding_box"], page.locator(".overlay").bounding_box()
    assert place is not None
    x, y = ((box["top_left"][axis] + box["bottom_right"][axis]) / 2 for axis in ("x", "y"))
    page.locator(".overlay").click(position={"x": x * place["width"], "y": y * place["height"]})
    expect(page.get_by_role("region", name="Selected")).to_contain_text(f"{thing['label']} {thing['index']}")
    page.keyboard.press("p")
    expect(page.get_by_text("No boxes before this frame")).to_be_visible()


def test_click_on_the_timeline_goes_to_the_frame(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}")
    lanes = page.locator(".lanes")
    place = lanes.bounding_box()
    assert place is not None
    across = place["width"] - 132

    lanes.click(position={"x": 132 + across * 0.505, "y": 10})
    assert_all_agree(page, 51)
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    lanes.click(position={"x": 132 + across * 0.5, "y": 10})
    page.wait_for_function("() => Math.abs(Number(document.querySelector('.screen').dataset.frame) - 51) <= 2")
    lanes.hover(position={"x": 400, "y": 50})
    expect(page.locator(".tip")).to_contain_text("frame")
    expect(page.locator(".tip canvas")).to_be_visible(timeout=MAKING_MILLISECONDS)


def test_click_on_the_counts_chart_goes_to_the_frame(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}")
    plot = page.get_by_role("img", name="Objects per frame")
    place = plot.bounding_box()
    assert place is not None

    plot.click(position={"x": place["width"] - 10, "y": 40})
    assert_all_agree(page, 100)


def test_raw_labels_belong_to_the_frame(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}?frame=12", frame=12)
    page.get_by_role("tab", name="Raw labels").click()
    page.get_by_role("button", name="Plain text").click()

    shown = page.locator(".raw pre")
    expect(shown).to_contain_text('"frame_number": 12')
    assert json.loads(shown.inner_text()) == labels_of(numbers.maker, numbers.job_id)["frames"]["12"]
    numbers_visit.assert_accessible()
    page.get_by_role("button", name="Whole file").click()
    expect(page.locator(".raw")).to_contain_text("frames")
    numbers_visit.assert_accessible()


def test_all_downloads_work(bikes_visit: Visit, bikes: Film) -> None:
    page = look_at(bikes_visit, f"/jobs/{bikes.job_id}?frame=1")
    page.get_by_role("group", name="Picture of").focus()
    page.get_by_role("tab", name="Downloads").click()
    bikes_visit.assert_accessible()
    expected = {
        "Native JSON": ".json", "COCO": ".coco.json", "YOLO": ".yolo.zip", "MOT": ".mot.zip", "CVAT": ".cvat.xml",
        "Pascal VOC": ".voc.zip", "CSV": ".csv", "Parquet": ".parquet", "Contact sheet": "sheet.jpg",
        "Annotated video": "annotated.mp4", "Playable video": "playable.mp4",
        "Original file": "bikes.mp4",
    }  # fmt: skip
    for title, ending in expected.items():
        with page.expect_download(timeout=MAKING_MILLISECONDS) as started:
            page.locator(".downloads").get_by_role("button", name=title).click()
        assert started.value.suggested_filename.endswith(ending)

    for key, frame in (("[", "10"), ("]", "20")):
        page.get_by_label("Frame number").fill(frame)
        page.get_by_label("Frame number").press("Enter")
        page.get_by_role("group", name="Picture of").focus()
        page.keyboard.press(key)
    with page.expect_download(timeout=MAKING_MILLISECONDS) as started:
        page.get_by_role("button", name="Frames 10 to 20").click()
    assert started.value.suggested_filename == "clip.mp4"
    with page.expect_download() as started:
        page.get_by_role("button", name="Save frame as image").click()
    assert started.value.suggested_filename == "bikes-frame-20.png"


def test_download_that_is_being_prepared_is_cancelled(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    data_id = maker.upload(numbered_video(tmp_path / "a.mp4", frames=300))
    job_id = maker.run(NUMBERS, data_id)
    page = look_at(visit, f"/jobs/{job_id}")
    renditions = f"{maker.person.v1}/data/{data_id}/renditions"
    for last in range(250, 300):  # they keep the slots busy, so that the next one waits
        clip = requests.get(f"{renditions}/clip", {"first": 1, "last": last}, headers=maker.person.headers)
        assert clip.status_code in {200, 202}

    page.get_by_role("tab", name="Downloads").click()
    page.get_by_role("button", name="Annotated video").click()
    cancel = page.get_by_role("button", name="Cancel: Annotated video")
    cancel.click(timeout=MAKING_MILLISECONDS)

    expect(cancel).to_be_hidden()

    def is_cancelled() -> bool:
        of_job = requests.get(f"{maker.person.v1}/jobs/{job_id}/renditions", headers=maker.person.headers).json()
        return "annotated" not in {each["rendition"] for each in of_job["renditions"]}

    wait_until(is_cancelled)
    requests.delete(renditions, headers=maker.person.headers)


def test_result_is_shared_and_the_link_revoked(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}")
    page.get_by_role("tab", name="Share").click()
    expect(page.get_by_text("No share links yet.")).to_be_visible()
    page.get_by_label("Valid for").select_option("1")
    page.get_by_role("button", name="Create link").click()
    api_url = page.locator(".fresh-link code").inner_text().replace("/shared#", "/v1/shared/")  # the page asks there
    assert requests.get(api_url).json()["job"]["state"] == "COMPLETE"
    page.evaluate("scrollTo(0, 0)")  # the sticky header must not cover a part of the controls
    numbers_visit.assert_accessible()

    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke link").click()
    expect(page.get_by_text("No share links yet.")).to_be_visible()
    assert requests.get(api_url).status_code == 404


def test_shortcuts_are_listed_and_inputs_keep_their_keys(numbers_visit: Visit, numbers: Film) -> None:
    page = look_at(numbers_visit, f"/jobs/{numbers.job_id}")
    page.get_by_role("group", name="Picture of").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    numbers_visit.assert_accessible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.get_by_role("tab", name="Tracks and events").click()
    search = page.get_by_label("Filter tracks and events")
    search.press_sequentially("k .np")
    expect(search).to_have_value("k .np")
    assert_all_agree(page, 1)
    page.get_by_role("heading", level=1).focus()
    page.keyboard.press("ArrowRight")
    assert_all_agree(page, 1)


def test_labels_are_shown_without_a_deleted_video(visit: Visit, maker: Maker, person: Person, tmp_path: Path) -> None:
    data_id = maker.upload(numbered_video(tmp_path / "a.mp4"))
    job_id = maker.run(NUMBERS, data_id)
    requests.delete(f"{person.v1}/data/{data_id}", headers=person.headers)
    visit.expect("404")
    page = look_at(visit, f"/jobs/{job_id}")

    expect(page.get_by_text("The labels are shown without the video.")).to_be_visible()
    page.get_by_role("group", name="Picture of").focus()
    page.keyboard.press("ArrowRight")
    page.locator('.screen[data-frame="2"]').wait_for()
    assert page.evaluate("readFrame(false).boxes") == 2
    page.keyboard.press("k")
    page.locator('.screen[data-frame="30"]').wait_for()
    assert page.evaluate("readFrame(false).boxes") == 30
    visit.assert_accessible()


def test_masks_polylines_keypoints_events_attributes_and_trails_are_drawn(
    visit: Visit, maker: Maker, tmp_path: Path
) -> None:
    def box(left: float) -> dict[str, Any]:
        return {"top_left": {"x": left, "y": 0.5}, "bottom_right": {"x": left + 0.2, "y": 0.9}}

    mask = encode(np.array([[0, 1, 0], [1, 1, 0]], np.uint8))
    frames = {
        str(number): {
            "objects": {"objects": [{"label": "car", "index": 1, "bounding_box": box(number / 20), "mask": mask,
                                     "attrs": {"attrs": [{"type": "x", "name": "speed", "value": 3.25}]}}]},
            "polylines": {"polylines": [{"label": "lane", "points": [[[0.1, 0.3], [0.9, 0.3]]]}]},
            "keypoints": {"keypoints": [{"label": "lamp", "points": [[0.5, 0.2]]}]},
        }
        for number in range(1, 11)
    }  # fmt: skip
    events = {"events": [{"label": "rain", "support": {"ranges": "1-10"}, "confidence": 0.5}]}
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"frames": frames, "events": events}), encoding="utf-8")
    visit.expect("400", "Failed to load")  # the labels are not a video
    page = look_at(visit, f"/jobs/{maker.run(DICTATED, maker.upload(path))}?frame=10", frame=10)

    def drawn_after(name: str, *, is_wanted: bool) -> int:
        page.get_by_label(name, exact=True).set_checked(is_wanted)
        return boxes_drawn(page)

    page.wait_for_function("() => document.querySelectorAll('.chips .chip').length === 2")
    everything = boxes_drawn(page)
    assert drawn_after("Attributes", is_wanted=True) > everything
    assert drawn_after("Trails", is_wanted=True) > everything
    fewer = [drawn_after(name, is_wanted=False) for name in ("Trails", "Masks", "Events", "Boxes", "Labels")]
    assert fewer == sorted(set(fewer), reverse=True)
    assert drawn_after("Attributes", is_wanted=False) > 0  # the line and the point
    page.reload()
    page.locator('.screen[data-frame="10"]').wait_for(timeout=MAKING_MILLISECONDS)
    expect(page.get_by_label("Masks")).not_to_be_checked()


@pytest.mark.parametrize(
    ("content", "expected"),
    [('{"rows": [1, 2], "title": "a report"}', "a report"), ("[1, 2, 3]", "3"), ("not JSON", "not valid JSON")],
)
def test_output_that_is_not_labels_gets_a_preview(
    visit: Visit, maker: Maker, tmp_path: Path, content: str, expected: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    visit.expect("400", "Failed to load")  # the text is not a video
    page = visit.open(f"/jobs/{maker.run(DICTATED, maker.upload(path))}")

    expect(page.get_by_role("region", name="Output")).to_contain_text(expected, timeout=MAKING_MILLISECONDS)
    visit.assert_accessible()


def test_redacted_video_is_played(visit: Visit, maker: Maker, tmp_path: Path) -> None:
    data_id = maker.upload(numbered_video(tmp_path / "a.mp4"))
    page = visit.open(f"/jobs/{maker.run('voxel51/face-redaction', data_id)}")
    page.wait_for_function("() => document.querySelector('.output-video')?.readyState >= 1")
    visit.assert_accessible()


def test_viewer_fits_on_a_phone(bikes_visit: Visit, bikes: Film) -> None:
    bikes_visit.page.set_viewport_size(PHONE)
    page = look_at(bikes_visit, f"/jobs/{bikes.job_id}?frame=60", frame=60)
    bikes_visit.assert_fits()
    bikes_visit.take_picture("viewer-on-a-phone")
    for name in ("Tracks and events", "This frame", "Downloads", "Raw labels", "Share"):
        page.get_by_role("tab", name=name).click()
        bikes_visit.assert_fits()
    page.evaluate("scrollTo(0, 0)")  # the sticky header must not cover a part of the controls
    for _ in bikes_visit.in_both_looks():
        bikes_visit.assert_accessible()
