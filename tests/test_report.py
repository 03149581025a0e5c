"""Reports: every format holds the story; nothing a user or a file says becomes markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mixmend.agent.records import (
    Check,
    Evidence,
    Finding,
    PassRecord,
    SessionRecord,
    SessionRef,
    SourceRecord,
    Version,
)
from mixmend.agent.report import write_report
from mixmend.agent.store import SessionStore
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.measurement import Clipping, Loudness, Measurement, Reverb, Spectrum, Timeline
from tests.signals import music

NASTY = '<script>alert("x")</script> & **bold** | [a](http://evil) \u00e4\u4f60'


def _measured(reverberance: float, peak: float) -> Measurement:
    return Measurement(
        duration_s=3.0, sample_rate_hz=44100, channels=2,
        loudness=Loudness(integrated_lufs=-15.0, true_peak_dbtp=peak),
        clipping=Clipping(fraction=0.001, events=3, level_dbfs=-0.1, regions=[(1.0, 1.2)]),
        reverb=Reverb(reverberance=reverberance),
        spectrum=Spectrum(third_octave_db={"100": -10.0, "1000": -6.0, "10000": -20.0}),
        timeline=Timeline(time_s=[0.0, 1.0, 2.0], short_term_lufs=[None, -15.0, -15.5]),
    )  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    folder = SessionStore(tmp_path / "home").create()
    digest = folder.put_audio(music(3.0))
    after = folder.put_audio(music(3.0, seed=1))
    folder.close()
    was, now = _measured(0.6, 0.4), _measured(0.4, -1.0)
    finding = Finding(
        problem="reverb", severity="moderate", confidence=0.8, says=f"It is echoey. {NASTY}",
        evidence=[Evidence(key="reverb.reverberance", value=0.6, expected="under 0.4")],
    )  # fmt: skip
    common = {"instruction": "Reduce the echo.", "engine": "dsp", "before": was, "after": now}
    kept = PassRecord(
        n=1, goal="reverb", problem="reverb", strength=1.0, verdict="kept", because="It moved.",
        checks=[Check(name="target_moved", ok=True, value=0.2, limit=0.01)], version=1,
        audio_sha256=after, **common,
    )  # fmt: skip
    failed = PassRecord(
        n=2, goal="dull", problem="dull", strength=0.5, verdict="rolled_back",
        because="It added 9 hits that are not in the song.", parent=1,
        checks=[Check(name="added_onsets", ok=False, value=0.09, limit=0.02)], **common,
    )  # fmt: skip
    return SessionRecord(
        session=SessionRef(id="s1", path=str(folder.path)), created="2026-01-01",
        source=SourceRecord(
            path=f"/music/{NASTY.replace('/', '')}.wav", sha256="a" * 64, size_bytes=9,
            container="wav", codec="pcm_s16le", bit_depth=16, sample_rate_hz=44100, channels=2,
            duration_s=3.0,
        ),
        words=NASTY, source_measurement=was, passes=[kept, failed],
        versions=[
            Version(number=0, parent=None, made_by=None, audio_sha256=digest),
            Version(number=1, parent=0, made_by=1, audio_sha256=after),
        ],
        head=1, findings_before=[finding], explanation=f"I took down the reverb. {NASTY}",
    )  # fmt: skip


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_file_without_network_or_foreign_markup(
    record: SessionRecord, tmp_path: Path
) -> None:
    page = _Page()
    page.feed(write_report(record, tmp_path / "r.html").read_text("utf-8"))
    assert "script" not in page.tags
    assert len(page.sources) == page.tags.count("img") == 4
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert NASTY in page.text
    assert "taken back" in page.text
    assert "It added 9 hits" in page.text


def test_markdown_keeps_words_as_text(record: SessionRecord, tmp_path: Path) -> None:
    text = write_report(record, tmp_path / "r.md").read_text("utf-8")
    assert "<script>" not in text
    assert "\\*\\*bold\\*\\*" in text
    assert "| 2 | bring the treble up |" in text


def test_pdf_holds_pages_and_pictures(record: SessionRecord, tmp_path: Path) -> None:
    content = write_report(record, tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Subtype /Image") >= 4


def test_json_is_the_session(record: SessionRecord, tmp_path: Path) -> None:
    loaded = json.loads(write_report(record, tmp_path / "r.json").read_text("utf-8"))
    assert SessionRecord.model_validate(loaded) == record


def test_unknown_ending_and_missing_folder_are_sentences(
    record: SessionRecord, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"\.html"):
        write_report(record, tmp_path / "r.doc")
    with pytest.raises(FileError, match="does not exist"):
        write_report(record, tmp_path / "no" / "r.html")


def test_lost_sound_leaves_a_report_without_plots(record: SessionRecord, tmp_path: Path) -> None:
    for path in (Path(record.session.path) / "audio").iterdir():
        path.unlink()
    text = write_report(record, tmp_path / "r.html").read_text("utf-8")
    assert "<img" not in text
    assert "There are no plots" in text
