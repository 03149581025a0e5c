"""Any smooth tone curve on a song of any length, as one filter with no delay.

Two phases: `minimum` behaves as the analogue-style filters that spoil a song's tone do, so the
inverse of such a filter restores its phase as well; `zero` keeps every phase as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixmend.tools.audio import Audio, FloatArray, map_blocks
from mixmend.tools.long_term import Array
from mixmend.tools.region import Region, blend

Phase = Literal["minimum", "zero"]

# Long enough to resolve a shelf at 60 Hz.
_RESPONSE_S = 0.35


@dataclass(frozen=True)
class Curve:
    """Gain in dB at rising frequencies; straight lines over log frequency between, level beyond."""

    freq_hz: tuple[float, ...]
    gain_db: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.freq_hz) != len(self.gain_db) or not self.freq_hz:
            raise ValueError("a curve needs one gain for each frequency")
        if min(self.freq_hz) <= 0 or any(np.diff(self.freq_hz) <= 0):
            raise ValueError("the frequencies of a curve must be positive and rise")

    def at(self, freq_hz: Array) -> Array:
        """Gain in dB at any frequencies."""
        logs = np.log(np.maximum(freq_hz, 1e-3))
        return np.asarray(np.interp(logs, np.log(self.freq_hz), self.gain_db))

    def scaled(self, strength: float) -> Curve:
        """The same curve with every gain times `strength`."""
        return Curve(self.freq_hz, tuple(strength * gain for gain in self.gain_db))


def equalize(
    audio: Audio,
    curve: Curve,
    *,
    strength: float = 1.0,
    region: Region | None = None,
    phase: Phase = "minimum",
) -> Audio:
    """Apply `curve`, its gains times `strength`, to all channels alike; the length stays.

    A curve that is level at 0 dB, or strength 0, gives `audio` itself.
    """
    if strength == 0.0 or max(abs(gain) for gain in curve.gain_db) < 1e-6:
        return audio
    taps = impulse_response(curve.scaled(strength), audio.sample_rate_hz, phase)
    delay = taps.size // 2 if phase == "zero" else 0

    def filtered(samples: FloatArray, _: object) -> FloatArray:
        from scipy.signal import oaconvolve

        wet = oaconvolve(samples, taps[None], axes=1)
        return np.asarray(wet[:, delay : delay + samples.shape[1]], dtype=np.float32)

    context_s = (taps.size + 1) / audio.sample_rate_hz
    changed = map_blocks(audio, filtered, block_s=30.0, context_s=context_s)
    return blend(audio, changed, region=region)


def impulse_response(curve: Curve, rate_hz: int, phase: Phase) -> FloatArray:
    """Taps (odd or even count) of the filter; for `zero` the middle tap is time zero."""
    size = 2 ** math.ceil(math.log2(2 * _RESPONSE_S * rate_hz))
    freq_hz = np.arange(size // 2 + 1) * (rate_hz / size)
    log_gain = curve.at(freq_hz) * (math.log(10) / 20)
    if phase == "zero":
        taps = np.fft.fftshift(np.fft.irfft(np.exp(log_gain)))
        window = np.hanning(size + 1)[:-1]
        return np.asarray(taps * window, dtype=np.float32)
    cepstrum = np.fft.irfft(log_gain)
    fold = np.zeros(size)
    fold[0], fold[size // 2] = 1.0, 1.0
    fold[1 : size // 2] = 2.0
    taps = np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold)))[: size // 2]
    fade = size // 8
    taps[-fade:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fade))
    return np.asarray(taps, dtype=np.float32)
