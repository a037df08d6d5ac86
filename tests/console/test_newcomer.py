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

        page.locator('.screen[data-frame="1"]').wait_for(timeout=JOB_MILLISECONDS)
        page.get_by_label("Frame", exact=True).fill(str(WITH_CARS))
        page.keyboard.press("Enter")
        expect(page.locator(f'.screen[data-frame="{WITH_CARS}"]')).to_be_visible()
        assert page.evaluate(_DRAWN), "no box is drawn"
        expect(page.get_by_role("button", name=re.compile("^car"))).to_be_visible()
        visit.take_picture("result")
