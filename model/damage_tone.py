"""Damage to the tone: shelves, bands, many-band equalisers and phone microphones (10 kinds).

Filters are causal, as in the published set. Frequencies beyond what the rate can hold are brought
just inside it, so that every kind does something at every rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mixmend.model.damage import DoubleArray, Kind, Parameters, Value, filtered, number, numbers
from mixmend.tools.audio import Audio

if TYPE_CHECKING:
    from numpy.random import Generator

SHELF_Q = 0.707

# Behaviour of phone microphones as commonly published: a high-pass of the port and the wind
# protection, a Helmholtz resonance of the sound port, a fall above it, and uneven mids.
# (low cut Hz, mid Hz, mid dB, resonance Hz, resonance dB, resonance Q, high cut Hz)
PHONE_MICROPHONES: tuple[tuple[float, ...], ...] = (
    (90, 600, -2, 5200, 5, 2.0, 13000), (120, 900, -3, 6500, 6, 2.5, 14000),
    (150, 1200, -2, 4200, 7, 2.0, 11000), (180, 700, -4, 3600, 6, 1.6, 9000),
    (220, 1000, -3, 3000, 8, 1.8, 8000), (260, 1500, -4, 2800, 7, 1.4, 7200),
    (300, 900, 3, 2400, 6, 1.4, 5500), (340, 1300, 4, 2200, 8, 1.6, 4500),
    (110, 400, 3, 7500, 8, 3.0, 15000), (140, 500, -5, 8500, 7, 3.0, 15500),
    (200, 650, 4, 5600, 9, 3.5, 12000), (240, 1600, -5, 4800, 6, 2.2, 10000),
    (280, 800, -3, 3900, 9, 2.6, 8500), (320, 1100, 5, 3300, 5, 1.2, 6500),
    (100, 2000, -4, 9500, 9, 4.0, 15000), (160, 1800, 3, 6000, 4, 1.2, 9500),
    (210, 550, -4, 4500, 5, 1.0, 7800), (270, 1400, 5, 2700, 9, 2.8, 6000),
    (190, 300, 5, 5000, 6, 1.8, 7000), (350, 1000, -2, 3500, 10, 3.0, 5000),
)  # fmt: skip


def _inside(freq_hz: float, rate_hz: int) -> float:
    return min(freq_hz, 0.45 * rate_hz)


def shelf(freq_hz: float, gain_db: float, rate_hz: int, *, high: bool) -> DoubleArray:
    """One second-order shelf (1, 6), after the Audio EQ Cookbook."""
    root = 10 ** (gain_db / 40)
    angle = 2 * np.pi * _inside(freq_hz, rate_hz) / rate_hz
    # The high shelf is the low one with the sign of the cosine turned.
    cosine = -np.cos(angle) if high else np.cos(angle)
    sign = -1.0 if high else 1.0
    slope = 2 * np.sqrt(root) * np.sin(angle) / (2 * SHELF_Q)
    b0 = root * ((root + 1) - (root - 1) * cosine + slope)
    b1 = sign * 2 * root * ((root - 1) - (root + 1) * cosine)
    b2 = root * ((root + 1) - (root - 1) * cosine - slope)
    a0 = (root + 1) + (root - 1) * cosine + slope
    a1 = sign * -2 * ((root - 1) + (root + 1) * cosine)
    a2 = (root + 1) + (root - 1) * cosine - slope
    return np.asarray(np.array([[b0, b1, b2, a0, a1, a2]]) / a0)


def peaking(freq_hz: float, gain_db: float, q: float, rate_hz: int) -> DoubleArray:
    """One second-order peaking filter (1, 6), after the Audio EQ Cookbook."""
    root = 10 ** (gain_db / 40)
    angle = 2 * np.pi * _inside(freq_hz, rate_hz) / rate_hz
    alpha = np.sin(angle) / (2 * q)
    middle = -2 * np.cos(angle)
    section = [1 + alpha * root, middle, 1 - alpha * root, 1 + alpha / root, middle]
    return np.asarray(np.array([[*section, 1 - alpha / root]]) / (1 + alpha / root))


def _shelf_kind(freq_hz: float, least_db: int, most_db: int, sign: int, *, high: bool) -> Kind:
    def draw(rng: Generator, _: Audio) -> dict[str, Value]:
        return {"gain_db": sign * int(rng.integers(least_db, most_db + 1))}

    def apply(audio: Audio, parameters: Parameters) -> Audio:
        gain_db = number(parameters, "gain_db")
        return filtered(audio, shelf(freq_hz, gain_db, audio.sample_rate_hz, high=high))

    return Kind(draw, apply)


def _draw_xband(rng: Generator, _: Audio) -> dict[str, Value]:
    gains = rng.integers(-6, 7, int(rng.integers(8, 13)))
    return {"gains_db": [float(gain) for gain in gains]}


def _apply_xband(audio: Audio, parameters: Parameters) -> Audio:
    gains_db = numbers(parameters, "gains_db")
    rate = audio.sample_rate_hz
    centres = np.geomspace(40, 16000, len(gains_db))
    q = 0.5 * centres[-1] / (centres[-1] - centres[-2]) if len(gains_db) > 1 else 1.0
    sections = [
        peaking(float(centre), gain_db, q, rate)
        for centre, gain_db in zip(centres, gains_db, strict=True)
        if centre < 0.49 * rate
    ]
    return filtered(audio, np.concatenate(sections))


def _draw_mic(rng: Generator, _: Audio) -> dict[str, Value]:
    return {"microphone": int(rng.integers(len(PHONE_MICROPHONES)))}


def _apply_mic(audio: Audio, parameters: Parameters) -> Audio:
    return filtered(audio, phone_microphone(int(number(parameters, "microphone")), audio))


def phone_microphone(index: int, audio: Audio) -> DoubleArray:
    """Sections (n, 6) of one of the 20 phone microphones at the rate of `audio`."""
    from scipy.signal import butter

    rate = audio.sample_rate_hz
    low, mid, mid_db, port, port_db, port_q, high = PHONE_MICROPHONES[index]
    parts = [
        np.asarray(butter(2, low, "highpass", fs=rate, output="sos")),
        peaking(mid, mid_db, 0.8, rate),
        peaking(port, port_db, port_q, rate),
        np.asarray(butter(2, _inside(high, rate), "lowpass", fs=rate, output="sos")),
    ]
    return np.concatenate(parts)


def _draw_clarity(rng: Generator, _: Audio) -> dict[str, Value]:
    return {"order": int(rng.integers(3, 6))}


def _apply_clarity(audio: Audio, parameters: Parameters) -> Audio:
    from scipy.signal import butter

    rate = audio.sample_rate_hz
    order = int(number(parameters, "order"))
    return filtered(audio, np.asarray(butter(order, _inside(4000, rate), fs=rate, output="sos")))


def _chebyshev_kind(
    low_hz: float,
    high_hz: float,
    least_db: int,
    most_db: int,
    form: Literal["bandpass", "bandstop"],
) -> Kind:
    def draw(rng: Generator, _: Audio) -> dict[str, Value]:
        return {"attenuation_db": int(rng.integers(least_db, most_db + 1))}

    def apply(audio: Audio, parameters: Parameters) -> Audio:
        from scipy.signal import cheby2

        rate = audio.sample_rate_hz
        edges = [low_hz, _inside(high_hz, rate)]
        attenuation_db = number(parameters, "attenuation_db")
        sections = cheby2(2, attenuation_db, edges, btype=form, fs=rate, output="sos")
        return filtered(audio, np.asarray(sections))

    return Kind(draw, apply)


TONE_KINDS: dict[str, Kind] = {
    "xband": Kind(_draw_xband, _apply_xband),
    "mic": Kind(_draw_mic, _apply_mic),
    "bright": _shelf_kind(6000, 6, 15, -1, high=True),
    "dark": _shelf_kind(6000, 6, 15, 1, high=True),
    "airy": _shelf_kind(10000, 10, 20, -1, high=True),
    "boom": _shelf_kind(120, 10, 20, -1, high=False),
    "clarity": Kind(_draw_clarity, _apply_clarity),
    "mud": _chebyshev_kind(200, 500, 6, 15, "bandpass"),
    "warm": _shelf_kind(400, 6, 20, -1, high=False),
    "vocal": _chebyshev_kind(350, 3500, 6, 20, "bandstop"),
}
