"""Engine `dsp` and the registry: order, words, strength, regions, progress, automatic mode."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model import dsp, dsp_automatic, dsp_level
from mixmend.model.degrade import degrade
from mixmend.model.dsp import STEPS, DspEngine, Step
from mixmend.model.engine import Engine, Progress
from mixmend.model.engines import available_engines, get_engine
from mixmend.model.problems import PROBLEMS
from mixmend.tools.audio import Audio
from mixmend.tools.errors import Cancelled, UsageError
from mixmend.tools.measurement import Clipping, Measurement, Noise
from mixmend.tools.paper_error import paper_error
from mixmend.tools.region import Region
from mixmend.tools.targets import Deviation
from tests.signals import music
from tests.test_targets import typical


def test_every_problem_has_exactly_one_step() -> None:
    assert sorted(step.problem for step in STEPS) == sorted(PROBLEMS)


def test_words_choose_the_repair() -> None:
    clean = typical()
    damaged = degrade(clean, "boom", seed=1)
    mended = DspEngine().restore(damaged.audio, damaged.damage.instruction)
    before, after = (paper_error("boom", clean, each) for each in (damaged.audio, mended))
    assert after < 0.5 * before


def test_nothing_asked_for_that_is_known_changes_nothing() -> None:
    audio = music(3.0)
    assert DspEngine().restore(audio, "Tell me a story about elephants.") is audio
    assert DspEngine().restore(audio, "Make it brighter.", strength=0.0) is audio


def test_outside_the_region_nothing_changes() -> None:
    audio = music(8.0)
    out = DspEngine().restore(audio, "Make it brighter.", region=Region(2.0, 6.0))
    start, stop = audio.frame_at(2.0), audio.frame_at(6.0)
    assert np.array_equal(out.samples[:, :start], audio.samples[:, :start])
    assert np.array_equal(out.samples[:, stop:], audio.samples[:, stop:])
    assert not np.array_equal(out.samples[:, start:stop], audio.samples[:, start:stop])


def test_steps_run_in_the_fixed_order_with_strength_and_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, float, Region | None]] = []

    def stand_in(name: str) -> dsp.Process:
        def process(audio: Audio, strength: float, region: Region | None) -> Audio:
            seen.append((name, strength, region))
            return audio

        return process

    steps = tuple(Step(step.problem, step.label, stand_in(step.problem)) for step in STEPS)
    monkeypatch.setattr(dsp, "STEPS", steps)
    monkeypatch.setattr(dsp, "problems_in", lambda _: ("too_loud", "dull", "clipping", "reverb"))
    heard: list[Progress] = []
    region = Region(0.0, 1.0)
    DspEngine().restore(music(1.0), "words", region=region, strength=0.7, on_progress=heard.append)
    assert [name for name, _, _ in seen] == ["clipping", "reverb", "dull", "too_loud"]
    assert {(strength, place) for _, strength, place in seen} == {(0.7, region)}
    fractions = [each.fraction for each in heard]
    assert fractions == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert heard[0].label == "rebuilding clipped peaks"


def test_cancelling_stops_the_pass() -> None:
    def stop(_: Progress) -> None:
        raise Cancelled("stopped.")

    with pytest.raises(Cancelled):
        DspEngine().restore(music(1.0), "Make it brighter.", on_progress=stop)


def test_automatic_mode_takes_what_is_plain_and_tone_at_half_strength(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        dsp, "plan_automatic", lambda *_: {"dull": dsp_automatic.TONE_AMOUNT, "dc_offset": 1.0}
    )
    seen = []
    steps = tuple(
        Step(step.problem, step.label, lambda a, s, _, p=step.problem: seen.append((p, s)) or a)
        for step in STEPS
    )
    monkeypatch.setattr(dsp, "STEPS", steps)
    DspEngine().restore(music(1.0), "  ")
    assert seen == [("dc_offset", 1.0), ("dull", 0.5)]


def test_plain_faults_follow_the_measurements() -> None:
    quiet = Measurement(duration_s=10, sample_rate_hz=44100, channels=2)
    assert dsp_automatic.plain_faults(quiet) == ()
    spoilt = quiet.model_copy(
        update={
            "noise": Noise(
                dc_offset=[0.02, 0.0], clicks_count=9, hum_hz=50.0, hum_db=-40.0,
                dropouts=[(1.0, 1.1)],
            ),
            "clipping": Clipping(fraction=0.01, events=400, level_dbfs=0.0),
        }
    )  # fmt: skip
    assert set(dsp_automatic.plain_faults(spoilt)) == {
        "dc_offset", "clicks", "hum", "dropouts", "clipping",
    }  # fmt: skip


def test_tone_is_plain_only_far_outside_the_spread() -> None:
    bands = ("sub", "bass", "upper_bass", "low_mid", "mid", "presence", "brilliance", "air")
    spread = dict.fromkeys(bands, 4.0)

    def away(**moved: float) -> Deviation:
        return Deviation("full", {**dict.fromkeys(bands, 0.0), **moved}, spread)

    assert dsp_automatic.plain_tone_problem(away()) is None
    assert dsp_automatic.plain_tone_problem(away(brilliance=-8.0, air=-9.0)) is None
    assert dsp_automatic.plain_tone_problem(away(brilliance=-12.0, air=-14.0)) == "dull"
    assert dsp_automatic.plain_tone_problem(away(low_mid=11.0)) == "muddy"
    assert dsp_automatic.plain_tone_problem(away(sub=-12.0, bass=-12.0, low_mid=10.0)) == "thin"


def test_level_goes_up_only_as_far_as_peak_and_loudness_allow() -> None:
    assert dsp_level.upward_gain_db(-40.0, -30.0) == pytest.approx(26.0)
    assert dsp_level.upward_gain_db(-40.0, -20.0) == pytest.approx(19.0)
    assert dsp_level.upward_gain_db(-10.0, -3.0) == 0.0
    assert dsp_level.upward_gain_db(None, -60.0) == pytest.approx(59.0)
    assert dsp_level.upward_gain_db(None, float("-inf")) == 0.0


def test_registry_names_engines_and_refuses_others() -> None:
    ready = {status.name: status for status in available_engines()}
    assert ready["dsp"].ready
    engine: Engine = get_engine("dsp")
    assert engine.name == "dsp"
    with pytest.raises(UsageError, match=r"no engine 'magic'; choose from .*dsp"):
        get_engine("magic")
