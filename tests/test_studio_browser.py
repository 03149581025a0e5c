"""The studio in a real browser: upload, read, ask, hear and download."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mixmend.model.degrade import degrade
from mixmend.tools.reading import read_sound
from mixmend.tools.writing import write_sound
from tests.signals import music

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = Path(__file__).parents[1] / "ui" / "studio.py"
CHROMIUM = shutil.which("chromium")
WAIT_S = 240
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio of its own on a free port of the loopback."""
    folder = tmp_path_factory.mktemp("studio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")
    }
    environment |= {"MIXMEND_HOME": str(folder / "home"), "TMPDIR": str(folder)}
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(PAGE), "--server.port", str(port),
             "--server.address", "127.0.0.1", "--server.headless", "true",
             "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"],
            stdout=log, stderr=log, env=environment, cwd=folder,
        )  # fmt: skip
        try:
            for _ in range(WAIT_S * 4):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert server.poll() is None, (folder / "log.txt").read_text()
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        page.set_default_timeout(WAIT_S * 1000)
        page.goto(address)
        yield page
        browser.close()


def test_upload_ask_listen_download(page: Page, tmp_path: Path) -> None:
    song = tmp_path / "<b>x<b>.wav"
    write_sound(song, degrade(music(4.0, seed=4), "bright", 1).audio)
    page.get_by_text("3. You compare").wait_for()
    page.locator("input[type=file]").set_input_files(song)
    page.get_by_text("What I hear").wait_for()
    page.get_by_text("<b>x<b>.wav").wait_for()
    assert page.locator("b", has_text="x").count() == 0
    page.wait_for_function("document.querySelectorAll('audio').length == 1")
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill("It is <i>far too dull</i>, bring the treble back")
    field.press("Enter")
    page.get_by_text("The finished file plays at").wait_for()
    page.get_by_text("<i>far too dull</i>").first.wait_for()
    page.wait_for_function("document.querySelectorAll('audio').length == 2")
    playable = "[...document.querySelectorAll('audio')].every(a => a.duration > 3.9)"
    page.wait_for_function(playable)
    with page.expect_download() as result:
        page.get_by_role("button", name="Download the result").click()
    mended = tmp_path / "mended.wav"
    result.value.save_as(mended)
    assert read_sound(mended).audio.frames == read_sound(song).audio.frames
    with page.expect_download() as report:
        page.get_by_role("button", name="Download the report").click()
    report.value.save_as(tmp_path / "report.html")
    assert "Mixmend" in (tmp_path / "report.html").read_text("utf-8")
    assert page.get_by_test_id("stException").count() == 0


def test_a_phone_shows_all_of_it(page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    page.get_by_test_id("stChatInputTextArea").wait_for()
    wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
    page.wait_for_function(f"{wide} <= 420")
    inside = (
        "[...document.querySelectorAll('audio')]"
        ".map(e => e.getBoundingClientRect()).every(r => r.left >= 0 && r.right <= 420)"
    )
    page.wait_for_function(inside)


def test_a_bad_file_is_one_sentence(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    text = tmp_path / "letter.wav"
    text.write_text("Dear reader, this is no song.\n" * 40)
    page.get_by_text("3. You compare").wait_for()
    page.locator("input[type=file]").set_input_files(text)
    alert = page.get_by_test_id("stAlert")
    alert.wait_for()
    said = alert.inner_text()
    assert "letter.wav" in said
    assert said.count("\n") == 0
    assert page.locator("audio").count() == 0
