"""The command line as users and scripts meet it: exit codes, one line of error, one JSON document.

The real commands run in this process on small songs of our own.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mixmend.model.degrade import degrade
from mixmend.tools.audio import Audio
from mixmend.tools.reading import read_sound
from mixmend.tools.true_peak import true_peak_dbtp
from mixmend.tools.writing import write_sound
from mixmend.ui.cli import run
from tests.signals import music

CLEAN = music(6.0, seed=4)
WORDS = "It is far too dull, please bring the treble back."
MEASURED = {
    "loudness": ("integrated_lufs", "range_lu", "max_momentary_lufs", "max_short_term_lufs",
                 "true_peak_dbtp", "sample_peak_dbfs", "plr_lu", "psr_lu"),
    "dynamics": ("crest_db", "dr", "compression", "punch"),
    "clipping": ("fraction", "events", "level_dbfs", "regions"),
    "reverb": ("rt60_s", "drr_db", "reverberance", "confidence"),
    "stereo": ("correlation", "width", "balance_db", "mono_loss_db", "is_mono"),
    "spectrum": ("bands_db", "third_octave_db", "tilt_db_per_octave", "centroid_hz",
                 "bandwidth_hz", "lossy_cutoff_hz", "deviation_db"),
    "noise": ("floor_dbfs", "snr_db", "hum_hz", "hum_db", "clicks", "clicks_count", "dc_offset",
              "dropouts"),
    "music": ("tempo_bpm", "tempo_bpm_confidence", "key", "key_confidence", "vocals",
              "vocals_confidence"),
    "timeline": ("time_s", "short_term_lufs", "true_peak_dbtp", "clipped_samples", "width",
                 "centroid_hz"),
}  # fmt: skip
BANDS = ["sub", "bass", "upper_bass", "low_mid", "mid", "presence", "brilliance", "air"]


@dataclass(frozen=True)
class Ran:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        assert self.code == 0, self.err
        assert self.err == ""
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_sound(folder / "song.wav", degrade(CLEAN, "bright", 1).audio)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def cli(
    place: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    monkeypatch.chdir(place)
    monkeypatch.setenv("MIXMEND_HOME", str(home))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MIXMEND_MODEL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


def _is_measurement(measured: dict[str, Any]) -> None:
    assert isinstance(measured["duration_s"], float)
    assert isinstance(measured["sample_rate_hz"], int)
    assert isinstance(measured["channels"], int)
    assert {"bit_depth", "codec", "notes"} <= set(measured)
    for family, keys in MEASURED.items():
        assert set(keys) <= set(measured[family]), family
    assert list(measured["spectrum"]["bands_db"]) == BANDS
    assert list(measured["spectrum"]["deviation_db"]) in (BANDS, [])
    lengths = {len(measured["timeline"][key]) for key in MEASURED["timeline"]}
    assert lengths == {6}


def test_measure(cli: Cli) -> None:
    measured = cli("measure", "song.wav", "--json").document
    _is_measurement(measured)
    assert measured["sample_rate_hz"] == 44100
    assert measured["bit_depth"] == 24
    assert isinstance(measured["loudness"]["integrated_lufs"], float)
    shown = cli("measure", "song.wav")
    assert shown.code == 0
    assert "loudness.true_peak_dbtp" in shown.out
    assert "{" not in shown.out
    assert shown.err == ""


def test_check(cli: Cli) -> None:
    checked = cli("check", "song.wav", "--json").document
    assert set(checked) == {"findings", "measurement"}
    _is_measurement(checked["measurement"])
    for finding in checked["findings"]:
        assert finding["severity"] in ("none", "mild", "moderate", "severe")
        assert 0.0 <= finding["confidence"] <= 1.0
        assert finding["where"] is None or all(len(span) == 2 for span in finding["where"])
        assert all({"key", "value", "expected"} <= set(item) for item in finding["evidence"])
        assert finding["says"].endswith(".")


@pytest.fixture(scope="module")
def mended(place: Path, home: Path) -> dict[str, Any]:
    """One song mended by the command line, with its JSON."""
    patch = pytest.MonkeyPatch()
    patch.chdir(place)
    patch.setenv("MIXMEND_HOME", str(home))
    before = (place / "song.wav").read_bytes()
    try:
        assert run(["mend", "song.wav", WORDS, "-o", "mended.wav", "--report", "r.html"]) == 0
    finally:
        patch.undo()
    assert (place / "song.wav").read_bytes() == before
    session = max((home / "sessions").iterdir())
    record: dict[str, Any] = json.loads((session / "session.json").read_text("utf-8"))
    return record


def test_mend_speaks_to_people(cli: Cli) -> None:
    ran = cli("mend", "song.wav", WORDS, "-o", "spoken.flac", "--max-passes", 1)
    assert ran.code == 0
    assert ran.err == ""
    assert "spoken.flac" in ran.out
    assert f"You: {WORDS}" in ran.out
    assert "treble" in ran.out
    assert "{" not in ran.out
    greeting = next(line for line in ran.out.splitlines() if line.startswith("Mixmend: "))
    assert ran.out.count(greeting.removeprefix("Mixmend: ")) == 1


def test_mend_as_json_has_the_whole_session(cli: Cli, place: Path) -> None:
    session = cli(
        "mend", "song.wav", WORDS, "-o", "json.wav", "--region", "1:4", "--strength", "0.6",
        "--seed", 7, "--json",
    ).document  # fmt: skip
    assert {"id", "path"} <= set(session["session"])
    assert len(session["source"]["sha256"]) == 64
    assert session["words"] == WORDS
    assert session["engine"]
    assert session["explanation"]
    kept = [done for done in session["passes"] if done["verdict"] == "kept"]
    assert [done["n"] for done in session["passes"]] == list(range(1, len(session["passes"]) + 1))
    assert kept[-1]["engine"] == "process"
    tonal = [done for done in session["passes"] if done["engine"] != "process"]
    assert tonal
    for done in tonal:
        assert done["region"] == [1.0, 4.0]
        assert done["seed"] == 7
        assert 0.0 < done["strength"] <= 0.6
        assert "checkpoint_sha256" in done
        assert done["instruction"]
        assert done["because"].endswith(".")
        assert all({"name", "ok", "value", "limit"} <= set(c) for c in done["checks"])
        _is_measurement(done["before"])
        _is_measurement(done["after"])
    assert isinstance(session["findings_before"], list)
    assert isinstance(session["findings_after"], list)
    assert Path(session["output"]["path"]) == (place / "json.wav").resolve()
    _is_measurement(session["output"]["measurement"])
    assert all({"key", "value", "pass"} <= set(claim) for claim in session["claims"])
    assert Path(session["report"]).is_file()


def test_report_and_replay_of_a_saved_session(
    cli: Cli, mended: dict[str, Any], place: Path
) -> None:
    name = mended["session"]["id"]
    for ending in ("html", "pdf", "md", "json"):
        assert cli("report", name, "-o", f"again.{ending}").code == 0
        assert (place / f"again.{ending}").stat().st_size > 500
    assert json.loads((place / "again.json").read_text("utf-8"))["session"]["id"] == name
    replayed = cli("replay", name, "-o", "replayed.wav", "--json").document
    assert replayed["identical"] is True
    first, again = read_sound(place / "mended.wav"), read_sound(place / "replayed.wav")
    assert np.array_equal(first.audio.samples, again.audio.samples)
    listed = cli("sessions", "--json").document
    assert name in {row["id"] for row in listed}
    assert name in cli("sessions").out


def test_resume_of_a_finished_session_is_harmless(cli: Cli, mended: dict[str, Any]) -> None:
    resumed = cli("resume", mended["session"]["id"], "-o", "resumed.wav", "--json").document
    assert resumed["passes"] == mended["passes"]


def test_restore_runs_one_pass(cli: Cli, place: Path) -> None:
    restored = cli(
        "restore", "song.wav", "--instruction", "Make it brighter.", "--engine", "dsp",
        "--region", "2:4", "-o", "restored.wav", "--bit-depth", "32f", "--json",
    ).document  # fmt: skip
    assert restored["engine"] == "dsp"
    before, after = read_sound(place / "song.wav").audio, read_sound(place / "restored.wav").audio
    assert np.array_equal(before.samples[:, :88200], after.samples[:, :88200])
    assert not np.array_equal(before.samples, after.samples)


def test_degrade_says_what_it_did_and_is_seeded(cli: Cli, place: Path) -> None:
    arguments = ("degrade", "song.wav", "--kind", "dark", "--seed", "3", "--json", "-o")
    first = cli(*arguments, "worse.wav").document
    second = cli(*arguments, "worse2.wav").document
    assert first["kind"] == "dark"
    assert first["seed"] == 3
    assert isinstance(first["parameters"], dict)
    assert first["instruction"]
    assert first["parameters"] == second["parameters"]
    assert (place / "worse.wav").read_bytes() == (place / "worse2.wav").read_bytes()


def test_compare_is_level_matched(cli: Cli, place: Path) -> None:
    song = read_sound(place / "song.wav").audio
    write_sound(place / "softer.wav", Audio(song.samples * np.float32(0.5), song.sample_rate_hz))
    compared = cli("compare", "song.wav", "softer.wav", "--json").document
    _is_measurement(compared["a"])
    _is_measurement(compared["b"])
    assert compared["level_difference_lu"] == pytest.approx(-6.02, abs=0.05)
    assert compared["text"].startswith("B plays 6.0 LU quieter")
    assert not any(change["counts"] for change in compared["changes"])


def test_understand(cli: Cli, place: Path) -> None:
    understood = cli("understand", "far too much echo, and leave the bass alone", "--json").document
    kinds = {intent["kind"] for intent in understood["intents"]}
    assert kinds == {"fix", "leave"}
    assert {"instruction", "language"} <= set(understood)
    lines = place / "lines.txt"
    history = [{"role": "user", "text": "more treble"}, {"role": "assistant", "text": "Done."}]
    lines.write_text(
        "too boomy\n\n" + json.dumps({"words": "a bit less", "history": history}) + "\n{oops\n",
        encoding="utf-8",
    )
    ran = cli("understand", "--file", lines)
    assert ran.code == 0
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert len(answers) == 3
    assert answers[1]["intents"][0]["kind"] == "weaker"
    (place / "history.json").write_text(json.dumps(history), encoding="utf-8")
    follow = cli("understand", "a bit less", "--history", place / "history.json", "--json").document
    assert follow["intents"][0]["kind"] == "weaker"
    assert "{" not in cli("understand", "too boomy").out


def test_doctor_and_bench_list(cli: Cli) -> None:
    examined = cli("doctor", "--json").document
    assert examined["healthy"] is True
    engines = {item["name"]: item["ready"] for item in examined["sections"][0]["items"]}
    assert engines["dsp"] is True
    assert "dsp" in cli("doctor").out
    names = {item["name"] for item in cli("bench", "list", "--json").document}
    assert {"meters", "mend", "guard", "diagnose"} <= names
    assert "meters" in cli("bench", "list").out


def test_help_is_whole(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.code == 0
    assert "..." not in ran.out.partition("Commands:")[2]
    for command in ("measure", "check", "mend", "chat", "ui", "restore", "degrade", "understand",
                    "compare", "report", "replay", "bench", "doctor"):  # fmt: skip
        assert f"\n  {command} " in ran.out
        assert cli(command, "--help").code == 0


# Refusals ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that are no usable sound."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("Dear reader, this is no song.\n" * 50)
    (folder / "sub").mkdir()
    rate = 44100
    holed = CLEAN.samples.copy()
    holed[0, 1000] = np.nan
    write_sound(folder / "nan.wav", Audio(holed, rate), bit_depth="32f")
    short = Audio(CLEAN.samples[:, 4000 : 4000 + rate // 50], rate)
    write_sound(folder / "short.wav", short)
    with wave.open(str(folder / "silent.wav"), "wb") as silent:
        silent.setnchannels(2)
        silent.setsampwidth(2)
        silent.setframerate(rate)
        silent.writeframes(bytes(4 * rate))
    write_sound(folder / "song.wav", Audio(CLEAN.samples[:, : 2 * rate], rate))
    write_sound(folder / "fast.wav", Audio(CLEAN.samples[:, : 2 * rate], 96000))
    (folder / "link.wav").symlink_to(folder / "song.wav")
    (folder / "notes.json").write_text('{"role": "user"}')
    return folder


REFUSED = {
    "unknown command": ("sing", "song.wav"),
    "no -o": ("mend", "song.wav"),
    "no file": ("measure",),
    "unknown option": ("check", "song.wav", "--loud"),
    "strength 2": ("mend", "song.wav", "x", "-o", "o.wav", "--strength", "2"),
    "strength of restore": (
        "restore", "song.wav", "--instruction", "x", "--engine", "dsp", "-o", "o.wav",
        "--strength", "-1",
    ),
    "unknown engine": ("mend", "song.wav", "dull", "-o", "o.wav", "--engine", "magic"),
    "unknown engine of restore": (
        "restore", "song.wav", "--instruction", "x", "--engine", "magic", "-o", "o.wav",
    ),
    "unknown kind": ("degrade", "song.wav", "--kind", "ugly", "-o", "o.wav"),
    "unknown target": ("mend", "song.wav", "dull", "-o", "o.wav", "--target", "moon"),
    "unclear region": ("mend", "song.wav", "dull", "-o", "o.wav", "--region", "1:20:1:50"),
    "reversed region": ("mend", "song.wav", "dull", "-o", "o.wav", "--region", "2:1"),
    "region beyond": ("mend", "song.wav", "dull", "-o", "o.wav", "--region", "60:70"),
    "region of restore": (
        "restore", "song.wav", "--instruction", "x", "--engine", "dsp", "-o", "o.wav",
        "--region", "60:70",
    ),
    "missing file": ("measure", "nothing.wav"),
    "folder": ("check", "sub"),
    "empty": ("mend", "empty.wav", "-o", "o.wav"),
    "text": ("measure", "text.wav", "--json"),
    "nan": ("mend", "nan.wav", "-o", "o.wav", "--json"),
    "silent": ("mend", "silent.wav", "-o", "o.wav"),
    "20 ms": ("degrade", "short.wav", "--kind", "dark", "-o", "o.wav"),
    "second of compare": ("compare", "song.wav", "empty.wav"),
    "missing folder": ("mend", "song.wav", "dull", "-o", "nowhere/o.wav"),
    "missing folder of degrade": ("degrade", "song.wav", "--kind", "dark", "-o", "nowhere/o.wav"),
    "unknown ending": ("mend", "song.wav", "dull", "-o", "o.xyz"),
    "no ending": ("restore", "song.wav", "--instruction", "x", "--engine", "dsp", "-o", "o"),
    "a folder as result": ("mend", "song.wav", "dull", "-o", "sub"),
    "the input itself": ("mend", "song.wav", "dull", "-o", "song.wav"),
    "the input by another name": ("mend", "song.wav", "dull", "-o", "link.wav"),
    "the linked input": ("degrade", "link.wav", "--kind", "dark", "-o", "song.wav"),
    "rate no mp3 has": ("mend", "fast.wav", "dull", "-o", "o.mp3"),
    "float flac": ("mend", "song.wav", "dull", "-o", "o.flac", "--bit-depth", "32f"),
    "unknown depth": ("mend", "song.wav", "dull", "-o", "o.wav", "--bit-depth", "8"),
    "report ending": ("mend", "song.wav", "dull", "-o", "o.wav", "--report", "r.doc"),
    "report folder": ("mend", "song.wav", "dull", "-o", "o.wav", "--report", "nowhere/r.html"),
    "no session to report": ("report", "20200101-000000-abcdef", "-o", "r.html"),
    "no session to replay": ("replay", "20200101-000000-abcdef", "-o", "o.wav"),
    "no session to resume": ("resume", "20200101-000000-abcdef", "-o", "o.wav"),
    "no words": ("understand", "  "),
    "no such list": ("understand", "--file", "none.txt"),
    "history that is none": ("understand", "less", "--history", "notes.json"),
    "unknown benchmark": ("bench", "speed-of-light"),
    "chat with nothing": ("chat", "nothing.wav"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_usage_is_one_line_and_leaves_nothing(
    case: str, cli: Cli, bad: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lies_there() -> dict[str, bytes]:
        files = sorted(path for path in bad.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    def saved() -> list[Path]:
        return sorted((home / "sessions").glob("*"))

    monkeypatch.chdir(bad)
    before, sessions = lies_there(), saved()
    ran = cli(*REFUSED[case])
    assert ran.code == 2, ran
    assert ran.out == ""
    assert ran.err.startswith("mixmend: ")
    assert ran.err.count("\n") == 1
    assert ran.err.endswith((".\n", ".` \n", "`.\n"))
    assert "Traceback" not in ran.err
    assert "Error" not in ran.err
    assert lies_there() == before
    assert saved() == sessions


def test_a_failure_in_the_closing_step_leaves_no_half_file(
    cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> float:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mixmend.tools.true_peak.true_peak_dbtp", full)
    before = {path.name for path in place.iterdir()}
    ran = cli("mend", "song.wav", WORDS, "-o", "half.wav", "--max-passes", 1)
    assert ran.code == 1
    assert ran.err.startswith("mixmend: ")
    assert ran.err.count("\n") == 1
    assert {path.name for path in place.iterdir()} == before


# Formats -----------------------------------------------------------------------------------


def _auto(cli: Cli, source: str, out: str) -> None:
    ran = cli("mend", source, "a touch brighter", "-o", out, "--max-passes", 1)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("ending", ["mp3", "m4a", "ogg"])
def test_peaks_hold_in_the_decoded_file_of_a_lossy_format(
    cli: Cli, place: Path, ending: str
) -> None:
    hot = Audio(np.clip(CLEAN.samples * 1.6, -1, 1)[:, :132300], 44100)
    write_sound(place / "hot.wav", hot)
    _auto(cli, "hot.wav", f"hot.{ending}")
    decoded = read_sound(place / f"hot.{ending}")
    assert true_peak_dbtp(decoded.audio) <= -1.0
    assert decoded.info.sample_rate_hz == 44100
    assert decoded.audio.samples.shape == hot.samples.shape


@pytest.mark.parametrize(("channels", "rate_hz"), [(1, 44100), (8, 44100), (2, 22050), (2, 96000)])
def test_shapes_and_rates_are_kept(cli: Cli, place: Path, channels: int, rate_hz: int) -> None:
    song = music(3.0, rate_hz, seed=6).samples
    many = np.concatenate([song] * 4)[:channels] * np.linspace(1, 0.5, channels)[:, None]
    write_sound(place / "shape.wav", Audio(many.astype(np.float32), rate_hz))
    _auto(cli, "shape.wav", "shaped.wav")
    result = read_sound(place / "shaped.wav")
    assert result.audio.samples.shape == many.shape
    assert result.info.sample_rate_hz == rate_hz
    assert result.info.bit_depth == 24
    assert true_peak_dbtp(result.audio) <= -1.0


PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa35\x81\x84\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)


@pytest.mark.parametrize("ending", ["flac", "mp3"])
def test_tags_and_cover_survive(cli: Cli, place: Path, ending: str) -> None:
    import mutagen.flac
    import mutagen.id3

    song = place / f"tagged.{ending}"
    write_sound(song, Audio(CLEAN.samples[:, :132300], 44100))
    if ending == "flac":
        flac = mutagen.flac.FLAC(song)
        flac["title"], flac["artist"] = ["A <b>Song</b>"], ["Someone"]
        picture = mutagen.flac.Picture()
        picture.type, picture.mime, picture.data = 3, "image/png", PIXEL
        flac.add_picture(picture)
        flac.save()
    else:
        id3 = mutagen.id3.ID3()
        id3.add(mutagen.id3.TIT2(encoding=3, text="A <b>Song</b>"))
        id3.add(mutagen.id3.TPE1(encoding=3, text="Someone"))
        id3.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=PIXEL))
        id3.save(song)
    _auto(cli, song.name, f"kept.{ending}")
    tags = read_sound(place / f"kept.{ending}").info.tags
    assert tags == read_sound(song).info.tags
    assert tags.fields
    assert tags.cover is not None
