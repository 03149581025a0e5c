"""Answers to questions about the song: the figure that was asked for, and what it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Measured = Mapping[str, Any]


def answer(words: str, measured: Measured, findings: str) -> str:
    """The answer to a question, from a summary of measurements; else what was found."""
    asked = words.lower()
    for pattern, tell in _QUESTIONS:
        if re.search(pattern, asked):
            said = tell(measured)
            if said:
                return said
    return findings


def _loudness(measured: Measured) -> str:
    lufs, peak = measured.get("loudness.integrated_lufs"), measured.get("loudness.true_peak_dbtp")
    if lufs is None:
        return "It is too quiet or too short for the loudness meter."
    text = (
        f"It plays at {_db(lufs)} LUFS, loudness as streaming services measure it (their target is "
        "about \N{MINUS SIGN}14 LUFS)."
    )
    if peak is not None:
        text += f" Its highest peaks reach {_db(peak)} dBTP."
    return text


def _peaks(measured: Measured) -> str:
    peak = measured.get("loudness.true_peak_dbtp")
    if peak is None:
        return ""
    safe = "which is safe on any player" if peak <= -0.95 else "which may crackle on some players"
    return f"Its highest peaks reach {_db(peak)} dBTP, {safe}."


def _clipping(measured: Measured) -> str:
    events = measured.get("clipping.events")
    if events is None:
        return ""
    if events == 0:
        return "No, I measure no clipped spots: no peaks are cut off flat."
    return f"Yes, I count {events} clipped spots, where peaks are cut off flat. I can rebuild them."


def _tempo(measured: Measured) -> str:
    tempo = measured.get("music.tempo_bpm")
    if tempo is None:
        return "I cannot make out a steady tempo in it."
    return f"The tempo is about {tempo:.0f} BPM by my estimate."


def _key(measured: Measured) -> str:
    key = measured.get("music.key")
    return f"By my estimate it is in {key}." if key else "I cannot make out a key in it."


def _length(measured: Measured) -> str:
    seconds = float(measured["duration_s"])
    if seconds < 60:
        return f"It is {seconds:.1f} s long."
    return f"It is {int(seconds) // 60}:{int(seconds) % 60:02} long."


def _dynamics(measured: Measured) -> str:
    dr, range_lu = measured.get("dynamics.dr"), measured.get("loudness.range_lu")
    parts = []
    if dr is not None:
        parts.append(
            f"the dynamic range is DR {dr:.0f} (peaks over the loud passages; small is squashed)"
        )
    if range_lu is not None:
        parts.append(f"soft and loud parts are {range_lu:.1f} LU apart")
    text = ", and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _stereo(measured: Measured) -> str:
    if measured.get("stereo.is_mono"):
        return "It is mono: both sides are the same."
    width = measured.get("stereo.width")
    if width is None:
        return ""
    return f"The stereo width is {width:.2f} (side against middle; 0 is mono)."


def _noise(measured: Measured) -> str:
    floor = measured.get("noise.floor_dbfs")
    if floor is None:
        return "There is no quiet place in which I could measure the noise."
    return f"The noise in quiet places lies at {_db(floor)} dBFS, where 0 is the loudest possible."


def _hum(measured: Measured) -> str:
    hum, level = measured.get("noise.hum_hz"), measured.get("noise.hum_db")
    if hum is None or level is None:
        return "No, I measure no mains hum."
    return f"Yes, there is a mains hum at {hum:.0f} Hz, at {_db(level)} dBFS."


def _clicks(measured: Measured) -> str:
    count = measured.get("noise.clicks_count")
    if count is None:
        return ""
    return "I count no clicks." if count == 0 else f"I count {count} clicks."


def _reverb(measured: Measured) -> str:
    wet, time = measured.get("reverb.reverberance"), measured.get("reverb.rt60_s")
    if wet is None:
        return "The music leaves no free decay, so I cannot measure the room."
    text = f"The measured reverberance is {wet:.2f}, where 0 is dry and 1 is a church"
    return f"{text}; it dies away in about {time:.1f} s." if time is not None else f"{text}."


def _bass(measured: Measured) -> str:
    bass = measured.get("spectrum.bands_db.bass")
    if bass is None:
        return ""
    return f"The bass (60 to 120 Hz) lies at {_db(bass)} dB against the whole song."


def _treble(measured: Measured) -> str:
    treble = measured.get("spectrum.bands_db.brilliance")
    if treble is None:
        return ""
    return f"The treble (6 to 10 kHz) lies at {_db(treble)} dB against the whole song."


def _vocals(measured: Measured) -> str:
    vocals = measured.get("music.vocals")
    if vocals is None:
        return ""
    return "I think there is singing in it." if vocals else "I think there is no singing in it."


_QUESTIONS: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    (r"\b(?:clip\w*|distort\w*|crackl\w*)\b", _clipping),
    (r"\b(?:true )?peaks?\b|headroom", _peaks),
    (r"\bloud|lufs|quiet|volume|spotify|youtube|streaming|apple music|\blevel\b", _loudness),
    (r"\btempo|bpm|how fast", _tempo),
    (r"\bkey\b|scale\b", _key),
    (r"how long|length|duration|minutes", _length),
    (r"dynamic|compress|squash", _dynamics),
    (r"stereo|wide|width|mono\b", _stereo),
    (r"\bhum\b|buzz|mains", _hum),
    (r"click|pops?\b", _clicks),
    (r"nois|hiss", _noise),
    (r"reverb|echo|\broom\b", _reverb),
    (r"bass|low end", _bass),
    (r"treble|bright|highs", _treble),
    (r"vocal|voice|sing", _vocals),
)


def _db(value: float) -> str:
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
