"""The first visit of a new user: from the sign-up page to boxes on their own video."""

import re

import pytest
from playwright.sync_api import Browser, expect

from support.browsers import PASSWORD, visiting
from support.platforms import StartPlatform
from support.video_samples import footage

pytestmark = pytest.mark.slow

JOB_MILLISECONDS = 120_000
WITH_CARS = 160
"""A frame of bikes.mp4 in which several cars drive by."""

_DRAWN = """() => {
  const overlay = document.querySelector(".overlay");
  const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
  return data.some((value, index) => index % 4 === 3 && value > 128);
}"""


_IS_PICTURE_DRAWN = """() => [...document.querySelectorAll(".best canvas")].every((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, index) => index % 4 !== 3 && value > 40);
})"""


@pytest.mark.timeout(400)
def test_new_user_gets_from_the_first_page_to_boxes(browser: Browser, start_platform: StartPlatform) -> None:
    with visiting(browser, start_platform(), None) as visit:
        visit.expect("willReadFrequently")  # the test reads the canvas, which the console does not
        page = visit.open("/")
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()

        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload files").click()
        chooser.value.set_files(footage("bikes.mp4"))
        tray = page.get_by_role("region", name=re.compile("upload", re.IGNORECASE))
        tray.get_by_role("link", name="Run an analytic").click()
        card = page.locator(".card").filter(has=page.get_by_role("link", name="object-tracks"))
        card.get_by_role("link", name="Run").click()
        page.get_by_role("button", name="Start job").click()

        page.locator(".screen[data-frame]").wait_for(timeout=JOB_MILLISECONDS)
        page.get_by_label("Frame", exact=True).fill(str(WITH_CARS))
        page.keyboard.press("Enter")
        expect(page.locator(f'.screen[data-frame="{WITH_CARS}"]')).to_be_visible()
        page.wait_for_function(_DRAWN, timeout=JOB_MILLISECONDS)  # labels of this frame may follow
        expect(page.get_by_role("button", name=re.compile("^car"))).to_be_visible()
        visit.take_picture("result")


@pytest.mark.timeout(400)
def test_new_user_tries_the_sample_video_with_one_click(browser: Browser, start_platform: StartPlatform) -> None:
    with visiting(browser, start_platform(), None) as visit:
        page = visit.open("/")
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("button", name="Try a sample video").click()

        visit.expect("willReadFrequently")
        answer = page.get_by_role("region", name="Summary")
        cars = answer.get_by_role("button", name=re.compile(r"^Go to car \d+, frame \d+$"))
        cars.first.wait_for(timeout=JOB_MILLISECONDS)
        expect(page.get_by_role("heading", name="object-tracks · sample-street.mp4")).to_be_visible()
        expect(answer.get_by_role("button", name=re.compile(r"^\d+ car tracks?"))).to_be_visible()
        page.wait_for_function(_IS_PICTURE_DRAWN)
        picture = cars.last
        frame = int(str(picture.get_attribute("aria-label")).rpartition(" ")[2])
        picture.click()
        page.locator(f'.screen[data-frame="{frame}"]').wait_for()

        page.get_by_role("link", name="Docs").focus()  # outside of the viewer
        page.keyboard.press(",")
        page.locator(f'.screen[data-frame="{frame - 1}"]').wait_for()
        page.keyboard.press("ArrowRight")  # scrolls, as everywhere
        page.keyboard.press("n")
        page.locator(f'.screen[data-frame="{frame}"]').wait_for()
        visit.assert_accessible()
        visit.assert_fits()
