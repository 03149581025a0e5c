"""Automatic mode of engine `dsp`: which repairs the measurements call for beyond doubt."""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.model.problems import Problem
from mixmend.tools.audio import Audio
from mixmend.tools.measurement import Measurement
from mixmend.tools.region import Region
from mixmend.tools.targets import Deviation

TONE_AMOUNT = 0.5
# Standard deviations among songs of the same kind; three bands and more of this make `unbalanced`.
FAR = 2.3
LEAST_DB = 6.0
DC_LEAST = 0.003
CLIPPED_LEAST = 2e-5
CLIPPED_EVENTS = 20
CLICKS_LEAST = 3
HUM_LEAST_DB = -70.0


@dataclass(frozen=True)
class ToneRule:
    """A tonal problem is plain when all `bands` lie `sign` times FAR from the target."""

    problem: Problem
    bands: tuple[str, ...]
    sign: float


TONE_RULES = (
    ToneRule("dull", ("brilliance", "air"), -1),
    ToneRule("harsh", ("brilliance", "air"), 1),
    ToneRule("airless", ("air",), -1),
    ToneRule("thin", ("sub", "bass"), -1),
    ToneRule("boomy", ("sub", "bass"), 1),
    ToneRule("muddy", ("low_mid",), 1),
    ToneRule("vocals_buried", ("mid", "presence"), -1),
)


def plan_automatic(audio: Audio, region: Region | None = None) -> dict[Problem, float]:
    """Problem and amount 0..1 for what is measured beyond doubt; empty for a song in order.

    With a `region`, what is heard there decides.
    """
    from mixmend.tools.long_term import long_term
    from mixmend.tools.measure import measure
    from mixmend.tools.targets import deviation

    heard = audio
    if region is not None:
        start, stop = audio.frame_at(region.start_s), audio.frame_at(region.end_s)
        heard = Audio(audio.samples[:, start:stop], audio.sample_rate_hz)
    if heard.frames == 0:
        return {}
    measured = measure(heard, families=frozenset({"clipping", "noise"}))
    tone = plain_tone_problem(deviation(long_term(heard)))
    found: dict[Problem, float] = dict.fromkeys(plain_faults(measured), 1.0)
    if tone is not None:
        found[tone] = TONE_AMOUNT
    return found


def plain_faults(measured: Measurement) -> tuple[Problem, ...]:
    """Faults of transfer that the measurements show clearly."""
    noise, clipping = measured.noise, measured.clipping
    tests: dict[Problem, bool] = {
        "dc_offset": any(abs(offset) > DC_LEAST for offset in noise.dc_offset),
        "dropouts": bool(noise.dropouts),
        "clicks": (noise.clicks_count or 0) >= CLICKS_LEAST,
        "clipping": (clipping.fraction or 0.0) > CLIPPED_LEAST
        and (clipping.events or 0) >= CLIPPED_EVENTS,
        "hum": noise.hum_hz is not None
        and noise.hum_db is not None
        and noise.hum_db > HUM_LEAST_DB,
    }
    return tuple(problem for problem, plain in tests.items() if plain)


def plain_tone_problem(away: Deviation) -> Problem | None:
    """The one tonal problem that lies furthest outside the spread, if any does.

    One that shows in more bands explains more, and goes first.
    """
    found: list[tuple[int, float, Problem]] = []
    for rule in TONE_RULES:
        heard = [band for band in rule.bands if band in away.deviation_db]
        if len(heard) == len(rule.bands) and all(
            rule.sign * away.z(band) > FAR and rule.sign * away.deviation_db[band] > LEAST_DB
            for band in heard
        ):
            least = min(rule.sign * away.z(band) for band in heard)
            found.append((len(rule.bands), least, rule.problem))
    return max(found)[2] if found else None
