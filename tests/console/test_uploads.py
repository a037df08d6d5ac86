"""Uploads in a real browser: many files, large files, and resuming after every kind of interruption."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from demo.platform_process import PlatformProcess
from support.browser_uploads import (
    BrowserProcesses,
    Network,
    Sent,
    choose,
    cut,
    drop,
    entry,
    expect_state,
    kept,
    offset_of,
    sha256,
    tray,
    unfinished,
    wait_until_some_is_sent,
)
from support.browsers import PASSWORD, PHONE, Person, Visit, visiting
from support.hostile_hosts import HostileHost, saying
from support.loopback_server import Loopback, Reply
from support.platforms import StartPlatform, new_platform, running
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS
from voxel51.wire import uploads as tus

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
PIECE_BYTES = 16 * MEGABYTE
LARGE_BYTES = 40 * MEGABYTE
MUCH_MEGABYTES = 768
MEMORY_MEGABYTES = 250
"""Memory that the browser may use to upload ``MUCH_MEGABYTES``."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three chunks."""
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(LARGE_BYTES))
    return path


@pytest.fixture(scope="module")
def reaching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A platform that may read from loopback addresses."""
    allowing = {"VOXEL51_SERVER_SIGN_UP": "open", "VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1"}
    with running(new_platform(tmp_path_factory.mktemp("reaching") / "data", environment=allowing)) as platform:
        yield platform


def wait_for_a_piece(visit: Visit, person: Person, sent: Sent) -> str:
    """Wait until the platform has a chunk of the only active upload, and return the id of the upload."""
    visit.page.wait_for_event("request", lambda request: request.method == "PATCH" and len(sent.offsets) > 1)
    [upload] = unfinished(person)
    return str(upload["id"])


def test_all_of_many_chosen_files_are_uploaded(visit: Visit, person: Person, tmp_path: Path) -> None:
    paths = [tmp_path / f"clip {number}.bin" for number in range(13)]
    for number, path in enumerate(paths):
        path.write_bytes(os.urandom(1000 + number))
    paths += [numbered_video(tmp_path / f"video {number}.mp4", frames=number) for number in (5, 6)]
    page = visit.open("/data")
    choose(page, *paths)

    expect(tray(page).get_by_role("heading", name="15 files uploaded")).to_be_visible(timeout=LIMIT_MS)
    expect(page.locator("tbody").get_by_role("row")).to_have_count(15)
    assert {name: data["sha256"] for name, data in kept(person).items()} == {path.name: sha256(path) for path in paths}
    expect(tray(page).get_by_role("link", name="Run an analytic on all 2")).to_be_visible()
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    tray(page).get_by_role("button", name="Clear finished").click()
    expect(tray(page)).to_be_hidden()


def test_files_can_be_dropped_on_any_page(visit: Visit, person: Person) -> None:
    page = visit.open("/jobs")
    files = [{"name": f"{name}.json", "type": "application/json", "text": name} for name in ("one", "two", "three")]
    drop(page, files, "dragenter")
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    drop(page, files)

    expect(page.get_by_text("Drop to upload")).to_be_hidden()
    expect(tray(page).get_by_role("heading", name="3 files uploaded")).to_be_visible()
    assert {name: data["type"] for name, data in kept(person).items()} == {
        each["name"]: "application/json" for each in files
    }


def test_folder_is_uploaded_without_hidden_files(visit: Visit, person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "footage"
    for name in ("a.mp4", "inner/b.mp4", "inner/.DS_Store"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    page = visit.open("/data")
    page.get_by_role("button", name="More upload options").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload folder…").click()
    chooser.value.set_files(folder)

    expect(tray(page).get_by_role("heading", name="2 files uploaded")).to_be_visible()
    assert sorted(kept(person)) == ["a.mp4", "b.mp4"]


def test_paused_upload_resumes_at_its_offset(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    sent = Sent.watch(page)
    network = Network(page)
    network.slow_down()
    choose(page, large)
    upload_id = wait_for_a_piece(visit, person, sent)
    entry(page, "large.bin").get_by_role("button", name="Pause large.bin").click()

    expect_state(page, "large.bin", "paused")
    visit.assert_accessible()
    offset, pieces = offset_of(person, upload_id), len(sent.offsets)
    assert PIECE_BYTES <= offset < LARGE_BYTES
    network.speed_up()
    entry(page, "large.bin").get_by_role("button", name="Resume large.bin").click()
    expect_state(page, "large.bin", "done")
    assert sent.offsets[pieces] >= offset
    assert sent.begun == 1
    assert kept(person)["large.bin"]["sha256"] == sha256(large)


def test_cancelled_upload_is_discarded_by_the_platform(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    Network(page).slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        entry(page, "large.bin").get_by_role("button", name="Cancel large.bin").click()

    expect(tray(page)).to_be_hidden()
    assert unfinished(person) == []
    assert requests.get(f"{person.v1}/account/usage", headers=person.headers, timeout=20).json()["bytes"] == 0
    page.reload()
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    expect(tray(page)).to_be_hidden()


def test_upload_survives_a_lost_network(visit: Visit, person: Person, large: Path) -> None:
    visit.expect("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED", "ERR_FAILED")
    page = visit.open("/data")
    sent = Sent.watch(page)
    network = Network(page)
    network.slow_down()
    choose(page, large)
    upload_id = wait_for_a_piece(visit, person, sent)
    network.cut_off()

    expect_state(page, "large.bin", "retrying")
    expect(entry(page, "large.bin")).to_contain_text("No network connection")
    visit.take_picture("upload-away")
    offset, pieces = offset_of(person, upload_id), len(sent.offsets)
    assert offset >= PIECE_BYTES
    network.speed_up()
    expect_state(page, "large.bin", "done")
    assert sent.offsets[pieces] >= offset
    assert sent.begun == 1
    assert kept(person)["large.bin"]["sha256"] == sha256(large)


def test_upload_survives_reset_connections(visit: Visit, person: Person, large: Path) -> None:
    visit.expect("ERR_CONNECTION_RESET")
    page = visit.open("/data")
    page.route("**/v1/data/uploads/*", cut, times=2)
    choose(page, large)
    expect_state(page, "large.bin", "retrying")

    expect_state(page, "large.bin", "done")
    assert kept(person)["large.bin"]["sha256"] == sha256(large)


def test_upload_survives_a_restart_of_the_platform(
    browser: Browser, start_platform: StartPlatform, large: Path
) -> None:
    platform = start_platform()
    person = Person.sign_up(platform, "ada")
    with visiting(browser, platform, person) as visit:
        visit.expect("ERR_", "503")
        page = visit.open("/data")
        sent = Sent.watch(page)
        Network(page).slow_down()
        choose(page, large)
        wait_for_a_piece(visit, person, sent)
        platform.stop()
        expect_state(page, "large.bin", "retrying")
        platform.start()

        expect_state(page, "large.bin", "done")
        assert sent.begun == 1
        assert kept(person)["large.bin"]["sha256"] == sha256(large)


def test_same_file_resumes_at_its_offset_after_a_reload(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    sent = Sent.watch(page)
    Network(page).slow_down()
    choose(page, large)
    upload_id = wait_for_a_piece(visit, person, sent)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()

    expect_state(page, "large.bin", "interrupted")
    visit.assert_accessible()
    offset, pieces = offset_of(person, upload_id), len(sent.offsets)
    assert PIECE_BYTES <= offset < LARGE_BYTES
    choose(page, large)
    expect_state(page, "large.bin", "done")
    assert sent.offsets[pieces] == offset
    assert sent.begun == 1
    assert kept(person)["large.bin"]["sha256"] == sha256(large)
    assert unfinished(person) == []


def test_interrupted_upload_can_be_discarded(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    Network(page).slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect_state(page, "large.bin", "interrupted")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        entry(page, "large.bin").get_by_role("button", name="Discard large.bin").click()

    expect(tray(page)).to_be_hidden()
    assert unfinished(person) == []


def test_next_user_of_the_browser_sees_no_uploads_of_others(
    visit: Visit, operator: Person, person: Person, large: Path
) -> None:
    page = visit.open("/data")
    Network(page).slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    page.get_by_role("button", name=f"Account of {person.name}").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").fill(operator.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("button", name=f"Account of {operator.name}")).to_be_visible()
    expect(tray(page)).to_be_hidden()


def test_expired_session_is_renewed_with_the_password(visit: Visit, person: Person, large: Path) -> None:
    visit.expect("401", "ERR_CONNECTION_RESET")
    page = visit.open("/data")
    sent = Sent.watch(page)
    Network(page).slow_down()
    choose(page, large)
    wait_for_a_piece(visit, person, sent)
    [session] = requests.get(f"{person.v1}/account/sessions", headers=person.headers, timeout=20).json()["sessions"]
    requests.delete(f"{person.v1}/account/sessions/{session['id']}", headers=person.headers, timeout=20)

    dialog = page.get_by_role("dialog", name="Your session has expired")
    expect(dialog).to_be_visible(timeout=LIMIT_MS)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect_state(page, "large.bin", "done")
    assert sent.begun == 1
    again = requests.post(f"{person.v1}/sign-in", json={"username": person.name, "password": PASSWORD}, timeout=20)
    signed_in = Person(person.name, person.v1, again.cookies[person.cookie])
    assert kept(signed_in)["large.bin"]["sha256"] == sha256(large)


def test_exceeded_quota_is_reported_and_upload_succeeds_after_a_raise(
    visit: Visit, operator: Person, person: Person, tmp_path: Path
) -> None:
    visit.expect("507")
    quota = f"{operator.v1}/admin/users/{person.name}/quota"
    requests.put(quota, json={"bytes": 1000}, headers=operator.headers, timeout=20).raise_for_status()
    path = tmp_path / "night.mp4"
    path.write_bytes(os.urandom(2000))
    page = visit.open("/data")
    choose(page, path)

    expect_state(page, "night.mp4", "failed")
    expect(entry(page, "night.mp4")).to_contain_text("2000 bytes needed")
    expect(tray(page).get_by_role("heading", name="1 file failed to upload")).to_be_visible()
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    requests.put(quota, json={"bytes": 5000}, headers=operator.headers, timeout=20).raise_for_status()
    entry(page, "night.mp4").get_by_role("button", name="Retry night.mp4").click()
    expect_state(page, "night.mp4", "done")


def test_empty_file_is_uploaded(visit: Visit, person: Person, tmp_path: Path) -> None:
    path = tmp_path / "nothing.txt"
    path.touch()
    page = visit.open("/data")
    choose(page, path)

    expect_state(page, "nothing.txt", "done")
    assert kept(person)["nothing.txt"]["size"] == 0


def test_same_file_is_not_uploaded_twice_at_a_time(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    sent = Sent.watch(page)
    network = Network(page)
    network.slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    choose(page, large)

    expect(page.get_by_text("This file is already being uploaded")).to_be_visible()
    expect(tray(page).get_by_role("listitem")).to_have_count(1)
    network.speed_up()
    expect_state(page, "large.bin", "done")
    assert sent.begun == 1
    choose(page, large)
    expect(page.locator("tbody").get_by_role("row")).to_have_count(2, timeout=LIMIT_MS)


def test_file_that_changes_during_the_upload_is_reported(visit: Visit, person: Person, large: Path) -> None:
    visit.expect("ERR_UPLOAD_FILE_CHANGED")
    page = visit.open("/data")
    Network(page).slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    entry(page, "large.bin").get_by_role("button", name="Pause large.bin").click()
    large.write_bytes(b"something else")
    entry(page, "large.bin").get_by_role("button", name="Resume large.bin").click()

    expect_state(page, "large.bin", "failed")
    expect(entry(page, "large.bin")).to_contain_text("cannot be read")
    assert kept(person) == {}


def test_upload_that_the_platform_discarded_starts_again(visit: Visit, person: Person, large: Path) -> None:
    visit.expect("404")
    page = visit.open("/data")
    sent = Sent.watch(page)
    network = Network(page)
    network.slow_down()
    choose(page, large)
    upload_id = wait_for_a_piece(visit, person, sent)
    entry(page, "large.bin").get_by_role("button", name="Pause large.bin").click()
    headers = {**person.headers, tus.RESUMABLE: tus.VERSION}
    requests.delete(f"{person.v1}/data/uploads/{upload_id}", headers=headers, timeout=20).raise_for_status()
    network.speed_up()
    entry(page, "large.bin").get_by_role("button", name="Resume large.bin").click()

    expect_state(page, "large.bin", "done")
    assert sent.begun == 2
    assert kept(person)["large.bin"]["sha256"] == sha256(large)


def test_uploads_continue_on_other_pages_and_leaving_asks(visit: Visit, person: Person, large: Path) -> None:
    page = visit.open("/data")
    Network(page).slow_down()
    choose(page, large)
    wait_until_some_is_sent(page, "large.bin")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    expect(entry(page, "large.bin")).to_be_visible()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("location.reload()")

    expect_state(page, "large.bin", "done")
    assert asked == ["beforeunload"]
    entry(page, "large.bin").get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="large.bin")).to_be_visible()
    page.reload()  # no upload is active, so the browser does not ask
    expect(page.get_by_role("heading", name="large.bin")).to_be_visible()
    visit.expect("400")  # the file is not a video


def test_large_file_is_uploaded_in_little_browser_memory(
    browser: Browser, visit: Visit, person: Person, tmp_path: Path
) -> None:
    path = tmp_path / "much larger than the memory that may be used.bin"
    with path.open("wb") as file:
        file.truncate(MUCH_MEGABYTES * MEGABYTE)
    page = visit.open("/data")
    processes = BrowserProcesses(browser)
    before = most = processes.private_bytes()
    began = time.monotonic()
    choose(page, path)
    done = tray(page).get_by_role("heading", name="1 file uploaded")
    while not done.is_visible():
        assert time.monotonic() - began < 600, entry(page, path.name).inner_text()
        most = max(most, processes.private_bytes())
        page.wait_for_timeout(200)  # how often the memory is looked at

    seconds, grown = time.monotonic() - began, (most - before) // MEGABYTE
    print(f"{MUCH_MEGABYTES / seconds:.0f} MiB/s; memory grew by {grown} MiB at most")
    data = kept(person)[path.name]
    assert (data["size"], data["sha256"]) == (MUCH_MEGABYTES * MEGABYTE, sha256(path))
    assert grown < MEMORY_MEGABYTES
    path.unlink()  # what tests leave is kept for a while
    requests.delete(f"{person.v1}/data/{data['id']}", headers=person.headers, timeout=60).raise_for_status()


def test_uploads_expire_after_the_chosen_period(visit: Visit, person: Person, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    page = visit.open("/data")
    page.get_by_role("combobox", name="Keep uploads for").select_option("1 week")
    drop(page, [{"name": "a.json", "type": "application/json", "text": "{}"}])

    expect_state(page, "a.json", "done")
    expect(page.locator("tbody")).to_contain_text("in 7 days")
    page.reload()
    expect(page.get_by_role("combobox", name="Keep uploads for")).to_have_value("7")


HOSTILE_NAMES = {
    "<img src=x onerror=alert(1)>.mp4": "<img src=x onerror=alert(1)>.mp4",
    "night\u202e4pm.exe.json": "night_4pm.exe.json",
    "n" * 251 + ".txt": "n" * 251 + ".txt",
    "../../etc/passwd": "passwd",
    "100% & \"quoted\" 'name'.json": "100% & \"quoted\" 'name'.json",
    "夜の街.json": "夜の街.json",
}
"""Names of uploaded files, and the names that the platform stores."""


def test_hostile_file_names_are_shown_as_text(visit: Visit, person: Person) -> None:
    page = visit.open("/data")
    drop(page, [{"name": name, "type": "application/json", "text": name} for name in HOSTILE_NAMES])
    expect(tray(page).get_by_role("heading", name=f"{len(HOSTILE_NAMES)} files uploaded")).to_be_visible()

    assert set(kept(person)) == set(HOSTILE_NAMES.values())
    expect(page.locator("tbody").get_by_role("row")).to_have_count(len(HOSTILE_NAMES))
    visit.assert_fits()
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    tray(page).get_by_role("button", name="Clear finished").click()
    for stored in HOSTILE_NAMES.values():
        page.locator("tbody").get_by_role("link", name=stored).click()
        expect(page.get_by_role("heading", name=stored)).to_be_visible()
        visit.assert_fits()
        assert page.locator("main img").count() == 0
        page.go_back()


def test_too_long_file_name_is_reported(visit: Visit, person: Person) -> None:
    visit.expect("400")
    page = visit.open("/data")
    drop(page, [{"name": "é" * 200, "type": "", "text": "x"}])

    expect(tray(page)).to_contain_text("The file name has 400 bytes; shorten it to 255 or fewer")
    assert kept(person) == {}


def test_viewers_have_no_upload_controls(browser: Browser, visit: Visit, operator: Person, person: Person) -> None:
    changed = requests.patch(
        f"{operator.v1}/admin/users/{person.name}", json={"role": "viewer"}, headers=operator.headers, timeout=20
    )
    assert changed.ok, changed.text
    for path, heading in (("/", f"Hello, {person.name}"), ("/data", "Videos")):
        page = visit.open(path)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.get_by_text("Videos appear here.").or_(page.get_by_text("No videos."))).to_be_visible()
        expect(page.get_by_role("button", name="Upload")).to_have_count(0)
        expect(page.get_by_role("button", name="Upload files")).to_have_count(0)
        drop(page, [{"name": "a.json", "type": "application/json", "text": "{}"}])
        expect(tray(page)).to_be_hidden()
        visit.assert_accessible()
    assert kept(person) == {}


def test_file_on_another_host_is_added_by_url(browser: Browser, reaching: PlatformProcess, tmp_path: Path) -> None:
    person = Person.sign_up(reaching, "ada")
    content = numbered_video(tmp_path / "numbered.mp4").read_bytes()
    elsewhere = Loopback()
    elsewhere.reply(Reply(body=content))
    with visiting(browser, reaching, person) as visit:
        page = visit.open("/")
        page.get_by_role("button", name="Add from URL").click()
        dialog = page.get_by_role("dialog", name="Add from URL")
        dialog.get_by_label("URL").fill(f"{elsewhere.url}/folder/night%20street.mp4?signature=secret")
        expect(dialog.get_by_label("Name")).to_have_value("night street.mp4")
        visit.assert_accessible()
        dialog.get_by_role("button", name="Add").click()
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Open").click()

        expect(page.get_by_role("heading", name="night street.mp4")).to_be_visible()
        expect(page.get_by_text("On another host")).to_be_visible()
        expect(page.locator("video")).to_be_visible(timeout=LIMIT_MS)
        assert kept(person)["night street.mp4"]["size"] == len(content)
    elsewhere.close()


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "does not say how large"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "424", "403"),
        (b"nonsense", "502", "does not respond"),
    ],
    ids=["no-size", "refused", "no-http"],
)
def test_error_of_the_other_host_is_reported_in_the_dialog(
    browser: Browser, reaching: PlatformProcess, answer: bytes, status: str, message: str
) -> None:
    person = Person.sign_up(reaching, f"grace-{status}")
    with HostileHost(saying(answer)) as host, visiting(browser, reaching, person) as visit:
        visit.expect(status)
        page = visit.open("/data")
        page.get_by_role("button", name="Add from URL").click()
        dialog = page.get_by_role("dialog", name="Add from URL")
        dialog.get_by_label("URL").fill(f"{host.url}/a.mp4")
        dialog.get_by_role("button", name="Add").click()

        expect(dialog.get_by_role("alert")).to_contain_text(message)
        visit.assert_accessible()
        assert kept(person) == {}
