"""The music corpus: unpacking, licences, split by artist, excerpts; on made-up packages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixmend.agent.bench.music import tabulate
from mixmend.model import corpus, corpus_fetch
from mixmend.model.licences import grant_of, parse_copyright
from mixmend.tools.errors import InputError

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: game

Files: *
Copyright: 2010 The Team <team@example.org>
License: GPL-2+

Files: data/music/*
Copyright: 2011-2012, Ada Composer (http://example.org)
License: CC-BY-SA-3.0

Files: data/music/other.ogg
 data/music/second.ogg
Copyright:
 Bo Player
License:
 CC-BY-3.0
 Text of the licence.

License: GPL-2+
 Text.
"""


def write_tone(path: Path, duration_s: float, rate_hz: int = 8000, channels: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    waves = [0.3 * np.sin(2 * np.pi * (220 + 110 * c) * time_s) for c in range(channels)]
    soundfile.write(path, np.stack(waves, axis=1), rate_hz)


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked" / "unknown-horizons"
    write_tone(folder / "usr/share/game/music/one.wav", 50)
    write_tone(folder / "usr/share/game/music/other.wav", 50, rate_hz=16000)
    write_tone(folder / "usr/share/game/music/short.wav", 20)
    write_tone(folder / "usr/share/game/sounds/rain.wav", 50)
    (folder / "usr/share/doc").mkdir(parents=True)
    text = COPYRIGHT.replace("other.ogg", "other.wav")
    (folder / "usr/share/doc/copyright").write_text(text)
    held = tmp_path / "unpacked" / "flare-game"
    write_tone(held / "usr/music/theme.wav", 60, channels=1)
    return tmp_path / "unpacked"


def test_index_keeps_licences_and_leaves_noises_and_short_pieces_out(
    unpacked: Path, tmp_path: Path
) -> None:
    found = corpus.fetch_music(
        tmp_path / "cache", ("unknown-horizons", "flare-game"), from_dir=unpacked
    )
    by_name = {song.path.name: song for song in found.songs}
    assert set(by_name) == {"one.wav", "other.wav", "theme.wav"}
    assert by_name["one.wav"].licence == "CC-BY-SA-3.0"
    assert by_name["one.wav"].artist == "Ada Composer"
    assert by_name["other.wav"].licence == "CC-BY-3.0"
    assert by_name["other.wav"].artist == "Bo Player"
    assert by_name["theme.wav"].licence == "CC-BY-SA-3.0", "the package's own, for want of a file"
    assert by_name["theme.wav"].mono
    assert not by_name["one.wav"].mono
    assert corpus.load_corpus(tmp_path / "cache") == found
    assert [s.path.name for s in corpus.songs("held_out", tmp_path / "cache")] == ["theme.wav"]
    again = corpus.fetch_music(tmp_path / "cache", ("flare-game",))
    assert again == found, "what is there is not fetched again, and the rest stays"
    table = tabulate(found)
    assert [row[:3] for row in table.rows] == [
        ("unknown-horizons", "train", 2.0),
        ("flare-game", "held_out", 1.0),
    ]


def test_training_songs_of_held_out_artists_are_used_nowhere() -> None:
    def song(name: str, artist: str | None, split: corpus.Split) -> corpus.Song:
        return corpus.Song(Path(name), "p", artist, 60, "CC0", split, False, False)

    split = corpus._without_shared_artists(
        [
            song("a", "Ann & Ben", "held_out"),
            song("b", "ben", "train"),
            song("c", "Cara", "train"),
            song("d", None, "train"),
            song("e", None, "held_out"),
        ]
    )
    assert [each.split for each in split] == ["held_out", None, "train", "train", "held_out"]


def test_excerpt_is_stereo_at_44100_and_starts_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    steps = np.repeat(np.arange(10) / 20, 48000)
    soundfile.write(path, steps, 48000)
    song = corpus.Song(path, "p", None, 10.0, "CC0", "train", False, True)
    heard = corpus.excerpt(song, 0.5, 2.0)  # a start may lie in 0..8 s: it begins at 4 s
    assert heard.samples.shape == (2, 88200)
    assert heard.sample_rate_hz == 44100
    assert np.allclose(heard.samples[:, 10000:30000], 4 / 20, atol=2e-3)
    assert np.allclose(heard.samples[:, 50000:80000], 5 / 20, atol=2e-3)
    assert corpus.excerpt(song, 1.0, 20.0).frames == 441000, "a short song is given whole"


def test_missing_music_is_one_sentence_to_act_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(corpus.CACHE_VARIABLE, str(tmp_path))
    assert corpus.default_cache_dir() == tmp_path
    with pytest.raises(InputError, match="make music"):
        corpus.songs("train")
    monkeypatch.setattr(corpus_fetch.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="apt-get and dpkg"):
        corpus.fetch_music(tmp_path, ("flare-game",))
    with pytest.raises(InputError, match="no music package called 'nothing'"):
        corpus.fetch_music(tmp_path, ("nothing",))
    assert list(tmp_path.iterdir()) == []


def test_copyright_paragraphs_the_last_that_names_a_file_wins() -> None:
    grants = parse_copyright(COPYRIGHT)
    assert [grant.licence for grant in grants] == ["GPL-2+", "CC-BY-SA-3.0", "CC-BY-3.0"]
    covering = grant_of("usr/share/games/x/music/second.ogg", grants)
    assert covering is not None
    assert covering.holder == "Bo Player"
    elsewhere = grant_of("usr/share/games/x/pictures/a.png", grants)
    assert elsewhere is not None
    assert not elsewhere.is_specific
    assert elsewhere.holder == "The Team"
    assert parse_copyright("This package was debianized by somebody.") == ()
