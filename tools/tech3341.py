"""The synthetic test signals of EBU Tech 3341 (1-6, 9-23) and Tech 3342 (1-4), made afresh.

Cases 7 and 8 (and 5 and 6 of Tech 3342) are recordings of broadcasts and cannot be synthesised.
Signals are 48 kHz by default, 1 kHz sines in phase in both channels unless a case says otherwise;
levels are peak levels of the sine in dBFS. Each `Case` says what to read and within what limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio

Reading = Literal[
    "integrated", "short_term", "max_short_term", "momentary", "max_momentary", "true_peak", "range"
]
TONE_HZ = 1000.0

Steps = Sequence[tuple[float | None, float]]  # level (None: silence) and how long, s


@dataclass(frozen=True)
class Case:
    """One test signal: what a meter must read, between `expected - below` and `expected + above`.

    `part` numbers the files or segments of a case; `settle_s` is when a constant reading begins;
    `start_s` and `end_s` bound the segment whose maximum is read (None: to the end).
    """

    document: str
    number: int
    reading: Reading
    expected: float
    below: float
    above: float
    build: Callable[[int], Audio]
    part: int = 1
    settle_s: float = 0.0
    start_s: float = 0.0
    end_s: float | None = None

    @property
    def name(self) -> str:
        several = self.number in (10, 11, 13, 14) and self.document == "Tech 3341"
        return f"{self.document} case {self.number}" + (f"-{self.part}" if several else "")

    def accepts(self, read: float) -> bool:
        """Whether a reading lies within the tolerance (with room for float rounding)."""
        return self.expected - self.below - 1e-9 <= read <= self.expected + self.above + 1e-9


def cases() -> Iterator[Case]:
    """Every case in order; signals are built only when `case.build(rate_hz)` is called."""
    yield from _integrated_cases()
    yield from _short_term_cases()
    yield from _momentary_cases()
    yield from _true_peak_cases()
    yield from _range_cases()


def _integrated_cases() -> Iterator[Case]:
    programmes = (
        (1, -23.0, [(-23.0, 20.0)]),
        (2, -33.0, [(-33.0, 20.0)]),
        (3, -23.0, [(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)]),
        (4, -23.0, [(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)]),
        (5, -23.0, [(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)]),
    )
    for number, expected, steps in programmes:
        yield _case(number, "integrated", expected, _stereo_steps(steps))
    yield _case(6, "integrated", -23.0, _surround)


def _short_term_cases() -> Iterator[Case]:
    swing = [(-20.0, 1.34), (-30.0, 1.66)] * 5
    yield _case(9, "short_term", -23.0, _stereo_steps(swing), settle_s=3.0)
    for part in range(1, 21):
        steps = [(None, part * 0.15), (-23.0, 3.0), (None, 1.0)]
        yield _case(10, "max_short_term", -23.0, _stereo_steps(steps), part=part)
    live = _stereo_steps(_segments(3.0, 0.15))
    for part in range(1, 21):
        yield _case(
            11,
            "max_short_term",
            -39.0 + part,
            live,
            part=part,
            start_s=(part - 1) * 6.0,
            end_s=part * 6.0,
        )


def _momentary_cases() -> Iterator[Case]:
    swing = [(-20.0, 0.18), (-30.0, 0.22)] * 25
    yield _case(12, "momentary", -23.0, _stereo_steps(swing), settle_s=1.0)
    for part in range(1, 21):
        steps = [(None, part * 0.02), (-23.0, 0.4), (None, 1.0)]
        yield _case(13, "max_momentary", -23.0, _stereo_steps(steps), part=part)
    live = _stereo_steps(_segments(0.4, 0.02))
    for part in range(1, 21):
        yield _case(
            14,
            "max_momentary",
            -39.0 + part,
            live,
            part=part,
            start_s=(part - 1) * 0.8,
            end_s=part * 0.8,
        )


def _segments(tone_s: float, delay_s: float) -> Steps:
    """Twenty segments of silence, tone and silence, each of twice `tone_s`, a decibel louder."""
    steps: list[tuple[float | None, float]] = []
    for part in range(1, 21):
        steps += [(None, part * delay_s), (-39.0 + part, tone_s), (None, tone_s - part * delay_s)]
    return steps


def _true_peak_cases() -> Iterator[Case]:
    tones = ((15, 4, 0.50, 0.0), (16, 4, 0.50, 45.0), (17, 6, 0.50, 60.0), (18, 8, 0.50, 67.5))
    for number, period, amplitude, phase in (*tones, (19, 4, 1.41, 45.0)):
        expected = 3.0 if number == 19 else -6.0
        yield _case(number, "true_peak", expected, _tone(period, amplitude, phase))
    for offset in range(4):
        yield _case(20 + offset, "true_peak", 0.0, _hidden_crest(offset))


def _range_cases() -> Iterator[Case]:
    programmes = (
        (1, 10.0, [-20.0, -30.0]),
        (2, 5.0, [-20.0, -15.0]),
        (3, 20.0, [-40.0, -20.0]),
        (4, 15.0, [-50.0, -35.0, -20.0, -35.0, -50.0]),
    )
    for number, expected, levels in programmes:
        build = _stereo_steps([(level, 20.0) for level in levels])
        yield Case("Tech 3342", number, "range", expected, 1.0, 1.0, build)


def _case(
    number: int,
    reading: Reading,
    expected: float,
    build: Callable[[int], Audio],
    *,
    part: int = 1,
    settle_s: float = 0.0,
    start_s: float = 0.0,
    end_s: float | None = None,
) -> Case:
    below, above = (0.4, 0.2) if reading == "true_peak" else (0.1, 0.1)
    return Case(
        "Tech 3341",
        number,
        reading,
        expected,
        below,
        above,
        build,
        part=part,
        settle_s=settle_s,
        start_s=start_s,
        end_s=end_s,
    )


def _stereo_steps(steps: Steps) -> Callable[[int], Audio]:
    """A sine whose level changes at the given times, phase running on; None is silence."""

    def build(rate_hz: int) -> Audio:
        ends = np.round(np.cumsum([length for _, length in steps]) * rate_hz).astype(int)
        gain = np.zeros(int(ends[-1]))
        start = 0
        for (level, _), end in zip(steps, ends.tolist(), strict=True):
            gain[start:end] = 0.0 if level is None else 10 ** (level / 20)
            start = end
        wave = gain * np.sin(2 * np.pi * TONE_HZ / rate_hz * np.arange(gain.size))
        return Audio(np.stack([wave, wave]).astype(np.float32), rate_hz)

    return build


def _surround(rate_hz: int) -> Audio:
    """Case 6: 5.0 sound, -28 dBFS left and right, -24 centre, -30 surrounds, 20 s."""
    wave = np.sin(2 * np.pi * TONE_HZ / rate_hz * np.arange(20 * rate_hz))
    levels = np.array([-28.0, -28.0, -24.0, -30.0, -30.0])
    gains = 10 ** (levels / 20)
    return Audio((gains[:, None] * wave).astype(np.float32), rate_hz)


def _tone(period: int, amplitude: float, phase_deg: float) -> Callable[[int], Audio]:
    """Cases 15-19: a sine of `period` samples, whose samples miss the crest, faded at the ends."""

    def build(rate_hz: int) -> Audio:
        angle = 2 * np.pi * np.arange(rate_hz) / period + np.deg2rad(phase_deg)
        wave = amplitude * np.sin(angle) * _fades(rate_hz, round(0.01 * rate_hz))
        return Audio(np.stack([wave, wave]).astype(np.float32), rate_hz)

    return build


def _hidden_crest(offset: int) -> Callable[[int], Audio]:
    """Cases 20-23: one louder, faster period in a sine, made at four times the rate.

    A sine of a sixth of the rate and amplitude 0.5 holds one period of a quarter of the rate and
    amplitude 1, phase running on; delayed by `offset` samples of the fourfold rate, it is
    low-passed and every fourth sample kept.
    """

    def build(rate_hz: int) -> Audio:
        from scipy.signal import firwin, upfirdn

        slow, fast = 24, 16  # periods in samples of the fourfold rate
        before = slow * (rate_hz // 12)
        total = 4 * rate_hz
        angle = np.full(total, 2 * np.pi / slow)
        angle[before : before + fast] = 2 * np.pi / fast
        gain = np.full(total, 0.5)
        gain[before : before + fast] = 1.0
        wave = gain * np.sin(np.cumsum(angle) - angle[0]) * _fades(total, round(0.04 * rate_hz))
        wave = np.concatenate([np.zeros(offset), wave])
        taps = firwin(4 * 64 + 1, 0.25, window=("kaiser", 8.0))
        low = upfirdn(taps, wave, up=1, down=4)[32:]
        return Audio(np.stack([low, low]).astype(np.float32), rate_hz)

    return build


def _fades(frames: int, fade_frames: int) -> NDArray[np.float64]:
    ramp = np.arange(frames) / fade_frames
    return np.asarray(np.clip(np.minimum(ramp, ramp[::-1]), 0.0, 1.0))
