"""The agent working with engine `sonicmaster`, a tiny random model in the place of the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixmend.agent.doctor import examine
from mixmend.agent.mend import MendRequest, mend
from mixmend.agent.store import SessionStore
from mixmend.model.degrade import degrade
from mixmend.model.engines import get_engine
from mixmend.model.requests import sentence_for
from mixmend.model.sonic_config import tiny_config
from mixmend.tools.errors import UsageError
from mixmend.tools.reading import read_sound
from mixmend.tools.true_peak import true_peak_dbtp
from mixmend.tools.writing import write_sound
from tests.signals import music
from tests.sonic_files import write_weights


def _says(name: str) -> tuple[bool, str]:
    engines = next(section for section in examine().sections if section.title == "Engines")
    item = next(item for item in engines.items if item.name == name)
    return item.ready, item.says


def test_without_weights_it_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIXMEND_WEIGHTS", str(tmp_path))
    ready, says = _says("sonicmaster")
    assert not ready
    assert "mixmend weights get" in says
    with pytest.raises(UsageError, match="Weights are missing"):
        get_engine("sonicmaster")


def test_ready_it_works_on_a_song_under_the_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_weights(tmp_path / "weights", tiny_config(24, in_channels=4))
    monkeypatch.setenv("MIXMEND_WEIGHTS", str(tmp_path / "weights"))
    assert _says("sonicmaster")[0]
    damaged = degrade(music(4.0, seed=4), "bright", 1).audio
    write_sound(tmp_path / "damaged.wav", damaged)
    request = MendRequest(
        path=tmp_path / "damaged.wav", out=tmp_path / "mended.wav", engine="sonicmaster", steps=1,
        words="It is far too dull, please bring the treble back.", max_passes=2,
    )  # fmt: skip
    record = mend(request, SessionStore(tmp_path / "home"))
    tried = [done for done in record.passes if done.engine == "sonicmaster"]
    assert tried
    for done in tried:
        # As the model was taught: one to three short sentences, one fault each.
        sentences = [s for s in done.instruction.replace("!", ".").split(".") if s.strip()]
        assert 1 <= len(sentences) <= 3
        assert max(len(sentence.split()) for sentence in sentences) <= 12
        assert done.instruction == sentence_for(done.problem)
        assert done.steps == 1
    # A random model does no good, and what does no good is not kept.
    assert all(done.verdict == "rolled_back" or done.because for done in tried)
    mended = read_sound(tmp_path / "mended.wav").audio
    assert mended.samples.shape == damaged.samples.shape
    assert np.all(np.isfinite(mended.samples))
    assert true_peak_dbtp(mended) <= -1.0
