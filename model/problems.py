"""The names that everything shares: problems a song can have, and aspects of its sound."""

from __future__ import annotations

from typing import Literal, get_args

Problem = Literal[
    "reverb", "clipping", "noise", "hum", "clicks", "dc_offset", "dropouts", "dull", "harsh",
    "airless", "thin", "boomy", "muddy", "unclear", "cold", "vocals_buried", "vocals_loud",
    "unbalanced", "mic_colored", "squashed", "flat_transients", "too_quiet", "too_loud", "narrow",
    "too_wide", "mono_incompatible", "off_balance", "lossy_source", "sibilant", "too_bright",
    "boxy", "uneven_levels", "too_dry",
]  # fmt: skip

Aspect = Literal[
    "reverb", "clipping", "noise", "hum", "clicks", "brightness", "air", "clarity", "bass",
    "warmth", "mud", "vocals", "tonal_balance", "panning", "compression", "punch", "loudness",
    "width", "harshness", "sibilance",
]  # fmt: skip

PROBLEMS: tuple[Problem, ...] = get_args(Problem)
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

# What each published damage leaves a song with.
PROBLEM_OF_KIND: dict[str, Problem] = {
    "xband": "unbalanced",
    "mic": "mic_colored",
    "bright": "dull",
    "dark": "harsh",
    "airy": "airless",
    "boom": "thin",
    "clarity": "unclear",
    "mud": "muddy",
    "warm": "cold",
    "vocal": "vocals_buried",
    "comp": "squashed",
    "punch": "flat_transients",
    "small": "reverb",
    "big": "reverb",
    "mix": "reverb",
    "real": "reverb",
    "clip": "clipping",
    "volume": "too_quiet",
    "stereo": "narrow",
    "hiss": "noise",
    "hum": "hum",
    "clicks": "clicks",
    "dropout": "dropouts",
    "dc": "dc_offset",
    "lowbitrate": "lossy_source",
}
