"""The studio without a browser: upload, findings, a wish, an answer, players and downloads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from mixmend.model.degrade import degrade
from tests.signals import music

PAGE = Path(__file__).parents[1] / "ui" / "studio.py"
NASTY = "<b>x</b> [a](http://evil) *y*.wav"


@pytest.fixture(scope="module")
def song() -> bytes:
    audio = degrade(music(4.0, seed=4), "bright", 1).audio
    out = io.BytesIO()
    soundfile.write(out, audio.samples.T, audio.sample_rate_hz, "PCM_24", format="WAV")
    return out.getvalue()


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("MIXMEND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MIXMEND_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return AppTest.from_file(str(PAGE), default_timeout=300).run()


def _said(page: AppTest) -> str:
    return "\n".join(text.value for message in page.chat_message for text in message.text)


def _upload(page: AppTest, content: bytes, name: str = NASTY) -> AppTest:
    page.file_uploader[0].set_value((name, content, "audio/wav"))
    return page.run()


def test_the_page_opens_and_invites(page: AppTest) -> None:
    assert not page.exception
    assert page.title[0].value == "Mixmend"
    assert not page.chat_message
    assert any("what bothers you" in caption.value for caption in page.caption)


@pytest.mark.parametrize("button", [True, False])
def test_a_song_is_heard_mended_and_offered(page: AppTest, song: bytes, button: bool) -> None:
    _upload(page, song)
    assert not page.exception
    assert [item.value for item in page.subheader] == ["Listen", "What I hear"]
    assert "I have listened" in _said(page)
    assert len(page.get("audio")) == 1
    assert len(page.metric) == 3
    assert not page.get("download_button")
    if button:
        page.button[0].click().run()
        words = "Just make it better"
    else:
        words = "It is <i>too dull</i>, bring the treble back"
        page.chat_input[0].set_value(words).run()
    assert not page.exception
    assert not page.error
    assert words in _said(page)
    assert "The finished file plays at" in _said(page)
    assert len(page.get("audio")) == 2
    downloads = page.get("download_button")
    assert len(downloads) == 2
    assert not any("<b>" in item.value or "<i>" in item.value for item in page.markdown)


def test_a_second_song_starts_anew(page: AppTest, song: bytes, tmp_path: Path) -> None:
    _upload(page, song)
    folders = list(tmp_path.glob("mixmend-studio-*"))
    assert len(folders) == 1
    page.file_uploader[0].set_value(("other.wav", song, "audio/wav")).run()
    assert not page.exception
    assert len(list(tmp_path.glob("mixmend-studio-*"))) == 1
    assert not folders[0].exists()


def test_an_earlier_song_is_taken_up_again(page: AppTest, song: bytes) -> None:
    _upload(page, song)
    page.chat_input[0].set_value("It is too dull, bring the treble back").run()
    assert not page.exception
    said = _said(page)
    page.file_uploader[0].set_value(None).run()
    assert not page.chat_message
    page.button[0].click().run()
    assert not page.exception
    assert _said(page) == said
    assert len(page.get("audio")) == 2
    page.chat_input[0].set_value("undo that").run()
    assert "version 0, the song as it came" in _said(page)


@pytest.mark.parametrize("content", [b"", b"Dear reader, this is no song." * 40])
def test_a_bad_file_is_one_sentence(page: AppTest, content: bytes, tmp_path: Path) -> None:
    _upload(page, content)
    assert not page.exception
    assert len(page.error) == 1
    said = page.error[0].value
    assert "\\<b\\>x" in said
    assert said.endswith(".")
    assert str(tmp_path) not in said
    assert not page.chat_message
