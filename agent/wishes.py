"""The sounds people wish for, each tied to one problem, one aspect and the way it should move.

A wish is the one label that rules and trained heads agree on. Most are named by the problem whose
repair they ask for; the few that no problem stands for have names of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.agent.intents import Change
from mixmend.model.problems import Aspect, Problem


@dataclass(frozen=True)
class Wish:
    """What is wished for: `change` is what should happen to `aspect`."""

    name: str
    problem: Problem | None
    aspect: Aspect | None
    change: Change


_WISHES = (
    Wish("reverb", "reverb", "reverb", "less"),
    Wish("too_dry", "too_dry", "reverb", "more"),
    Wish("clipping", "clipping", "clipping", "less"),
    Wish("noise", "noise", "noise", "less"),
    Wish("hum", "hum", "hum", "less"),
    Wish("clicks", "clicks", "clicks", "less"),
    Wish("dc_offset", "dc_offset", None, "fix"),
    Wish("dropouts", "dropouts", None, "fix"),
    Wish("dull", "dull", "brightness", "more"),
    Wish("too_bright", "too_bright", "brightness", "less"),
    Wish("harsh", "harsh", "harshness", "less"),
    Wish("sibilant", "sibilant", "sibilance", "less"),
    Wish("airless", "airless", "air", "more"),
    Wish("air_less", None, "air", "less"),
    Wish("thin", "thin", "bass", "more"),
    Wish("boomy", "boomy", "bass", "less"),
    Wish("muddy", "muddy", "mud", "less"),
    Wish("boxy", "boxy", "mud", "less"),
    Wish("unclear", "unclear", "clarity", "more"),
    Wish("cold", "cold", "warmth", "more"),
    Wish("warmth_less", None, "warmth", "less"),
    Wish("vocals_buried", "vocals_buried", "vocals", "more"),
    Wish("vocals_loud", "vocals_loud", "vocals", "less"),
    Wish("unbalanced", "unbalanced", "tonal_balance", "fix"),
    Wish("mic_colored", "mic_colored", "tonal_balance", "fix"),
    Wish("squashed", "squashed", "compression", "less"),
    Wish("uneven_levels", "uneven_levels", "compression", "more"),
    Wish("flat_transients", "flat_transients", "punch", "more"),
    Wish("punch_less", None, "punch", "less"),
    Wish("too_quiet", "too_quiet", "loudness", "more"),
    Wish("too_loud", "too_loud", "loudness", "less"),
    Wish("narrow", "narrow", "width", "more"),
    Wish("too_wide", "too_wide", "width", "less"),
    Wish("mono_incompatible", "mono_incompatible", "width", "fix"),
    Wish("off_balance", "off_balance", "panning", "fix"),
    Wish("lossy_source", "lossy_source", "clarity", "fix"),
)

WISHES: dict[str, Wish] = {wish.name: wish for wish in _WISHES}

# The problem that a direction of an aspect repairs, when only those two were said.
_UNDIRECTED: tuple[tuple[Aspect, str], ...] = (
    ("reverb", "reverb"),
    ("clipping", "clipping"),
    ("noise", "noise"),
    ("hum", "hum"),
    ("clicks", "clicks"),
    ("mud", "muddy"),
    ("harshness", "harsh"),
    ("clarity", "unclear"),
    ("sibilance", "sibilant"),
    ("compression", "squashed"),
    ("punch", "flat_transients"),
    ("tonal_balance", "unbalanced"),
    ("panning", "off_balance"),
)
_BY_DIRECTION: dict[tuple[Aspect, Change], Wish] = {
    (wish.aspect, wish.change): wish for wish in reversed(_WISHES) if wish.aspect is not None
}
_BY_DIRECTION.update({(aspect, "fix"): WISHES[name] for aspect, name in _UNDIRECTED})


def wish_for(aspect: Aspect | None, change: Change | None) -> Wish | None:
    """The wish that moves `aspect` in the way of `change`; None when that says too little."""
    if aspect is None or change is None:
        return None
    return _BY_DIRECTION.get((aspect, change))
