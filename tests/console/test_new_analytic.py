"""New analytic: written in the browser, uploaded as a file or folder; its build, its errors, and its first run."""

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from console.asking import assert_usable
from support.browsers import Person, Visit, visiting
from support.platforms import new_platform, running
from voxel51.server.console.files import console_files

pytestmark = pytest.mark.slow

EDITOR = "Python code of the analytic"
DRAFT = "Object.entries(localStorage).find(([key]) => key.startsWith('voxel51.analytic-draft.'))?.[1]"
SITE = Path(__file__).resolve().parents[2] / "src" / "voxel51" / "server" / "console" / "site"
RED = (SITE / "templates" / "red_regions.py").read_text(encoding="utf-8")


def test_analytic_is_written_built_and_run_on_the_sample(visit: Visit, person: Person) -> None:
    page = visit.open("/analytics/new")
    write(page, RED)
    assert_usable(visit)
    page.keyboard.press("ControlOrMeta+Home")
    visit.take_picture("new-analytic")
    page.get_by_role("button", name="Deploy").click()

    build = page.get_by_role("region", name="Build", exact=True)
    expect(build.get_by_role("status")).to_have_text("Ready to run")
    expect(page.get_by_role("region", name="Build log")).not_to_be_empty()
    assert_usable(visit)
    page.get_by_role("button", name="Run on the sample video").click()

    expect(page.get_by_role("heading", name="red-regions · sample-street.mp4")).to_be_visible()
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true")
    page.locator('.screen[data-frame="1"]').wait_for()

    page = visit.open("/analytics?kind=own")
    page.get_by_role("article").get_by_role("link", name="red-regions", exact=True).click()
    expect(page.get_by_role("heading", name=f"{person.name}/red-regions")).to_be_visible()
    expect(build.get_by_role("status")).to_have_text("Ready to run")
    expect(page.get_by_role("link", name="Run", exact=True)).to_be_visible()


def test_error_is_shown_at_its_line_and_the_draft_is_kept(visit: Visit) -> None:
    visit.expect("400")
    page = visit.open("/analytics/new")
    write(page, RED.replace("video: Video,", "video: Video,,"))
    page.get_by_role("button", name="Deploy").click()

    line = 1 + RED[: RED.index("video: Video,")].count("\n")
    expect(page.locator(".place")).to_have_text(re.compile(rf"^\w+\.py, line {line}$"))
    assert_usable(visit)
    page.reload()
    expect(page.get_by_text("video: Video,,").or_(page.get_by_label(EDITOR))).not_to_have_count(0)
    assert "video: Video,," in code(page)


def test_error_of_the_build_is_shown_at_its_line_and_with_its_log(visit: Visit) -> None:
    page = visit.open("/analytics/new")
    text = RED.replace("import cv2\n", "import cv2\nimport no_such_package\n")
    write(page, text)
    page.get_by_role("button", name="Deploy").click()

    build = page.get_by_role("region", name="Build", exact=True)
    expect(build.get_by_role("status")).to_have_text("Build failed")
    expect(build.get_by_role("heading", name="The analytic could not be built")).to_be_visible()
    line = 1 + text[: text.index("import no_such_package")].count("\n")
    expect(build.locator(".place")).to_have_text(re.compile(rf"^\w+\.py, line {line}$"))
    expect(page.get_by_role("region", name="Build log")).to_contain_text("no_such_package")
    if console_files().is_bundled:
        expect(page.locator(".cm-lintRange-error")).to_have_text("import no_such_package")
    else:
        expect(page.locator(".code-editor .wrong")).to_have_text(str(line))
    assert_usable(visit)


def test_project_folder_is_packed_and_deployed(visit: Visit, person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "dark-scenes"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("[core]\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    text = (SITE / "templates" / "dark_scenes.py").read_text(encoding="utf-8")
    (folder / "dark_scenes.py").write_text(text, encoding="utf-8")
    page = visit.open("/analytics/new?way=upload")
    assert_usable(visit)
    page.get_by_label("Choose a folder").set_input_files(folder)

    expect(page.get_by_role("region", name="Build", exact=True).get_by_role("status")).to_have_text("Ready to run")
    listed = requests.get(f"{person.v1}/analytics", params={"search": "scope:user"}, headers=person.headers).json()
    assert [each["name"] for each in listed["analytics"]] == [f"{person.name}/dark-scenes"]


def test_file_that_is_no_analytic_is_refused(visit: Visit, tmp_path: Path) -> None:
    visit.expect("400")
    (tmp_path / "hello.py").write_text("print('hello')\n", encoding="utf-8")
    page = visit.open("/analytics/new?way=upload")
    page.get_by_label("Choose a file").set_input_files(tmp_path / "hello.py")

    expect(page.get_by_role("heading", name="The upload cannot be deployed")).to_be_visible()
    expect(page.get_by_text("no function or class with the decorator @analytic")).to_be_visible()


@pytest.mark.parametrize("name", ["dark_scenes", "frame_brightness"])
def test_template_replaces_the_code(visit: Visit, name: str) -> None:
    page = visit.open("/analytics/new")
    code(page)
    page.get_by_label("Template").select_option(name)
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_text(f"def {name}").or_(page.get_by_label(EDITOR)).first.wait_for()
    visit.wait_until(f"{DRAFT}?.includes('def {name}')")
    assert f"def {name}" in code(page)


def test_user_who_may_not_deploy_is_told_so(browser: Browser, tmp_path: Path) -> None:
    environment = {"VOXEL51_SERVER_SIGN_UP": "open", "VOXEL51_SERVER_BUNDLE_DEPLOYERS": "operators"}
    with running(new_platform(tmp_path / "data", environment=environment)) as strict:
        olivia, mike = Person.sign_up(strict, "olivia"), Person.sign_up(strict, "mike")
        with visiting(browser, strict, mike) as visit:
            page = visit.open("/analytics/new")
            expect(page.get_by_text("Only operators may deploy code")).to_be_visible()
            expect(page.get_by_role("tab", name="Container image")).to_be_visible()
            visit.assert_accessible()
        with visiting(browser, strict, olivia) as visit:
            expect(visit.open("/analytics/new").get_by_role("button", name="Deploy")).to_be_visible()


def write(page: Page, text: str) -> None:
    """Replace the code in the editor, as a person does."""
    page.get_by_label(EDITOR).click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)
    assert code(page).strip() == text.strip()


def code(page: Page) -> str:
    """Return the code in the editor; CodeMirror holds the lines in view only, so that of the draft if there is one."""
    page.get_by_label(EDITOR).wait_for()
    draft: str | None = page.evaluate(DRAFT)
    return draft or page.get_by_label(EDITOR).inner_text()


def test_bundled_console_has_the_editor_and_plain_modules_a_text_area(visit: Visit) -> None:
    page = visit.open("/analytics/new")
    page.get_by_label(EDITOR).wait_for()

    assert page.locator(".cm-editor").count() == int(console_files().is_bundled)
