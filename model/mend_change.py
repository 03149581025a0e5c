"""What mendflow does to the levels of a song for a request: heads, flow and second opinions.

Tonal faults that are families of filters go to the strength head, each told with the others undone;
everything else to the tone head, or to the flow around it when steps are asked for. Where that is
tone only, its mean over time meets the estimate of `dsp`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixmend.model.flow_render import band_centres_hz, band_filters
from mixmend.model.mend_mel import Mel, as_heard
from mixmend.model.mend_stats import as_features, song_stats
from mixmend.model.mend_strength import strength_problem, strength_repair_db
from mixmend.model.mend_text import sentences_of
from mixmend.model.problems import Problem
from mixmend.model.requests import problems_in
from mixmend.tools.audio import Audio
from mixmend.tools.long_term import LongTerm, long_term
from mixmend.tools.process.faults import TonalProblem
from mixmend.tools.process.tone import estimate_tone

if TYPE_CHECKING:
    from mixmend.model.mend_flow import MendFlow

# How much the second opinion of `dsp` counts, by what is asked for; found on training music.
_SECOND_OPINION: dict[TonalProblem, float] = {
    "unbalanced": 0.5,
    "mic_colored": 0.25,
    "dull": 0.4,
    "harsh": 0.75,
    "airless": 0.5,
    "thin": 0.5,
    "unclear": 0.4,
    "muddy": 0.5,
    "cold": 0.25,
    "vocals_buried": 0.5,
}
# How much the strength head counts against the tone head, which errs on other songs; found on
# music of packages that neither had heard.
_STRENGTH_SHARE: dict[TonalProblem, float] = {
    "dull": 1.0, "harsh": 1.0, "airless": 1.0, "thin": 0.7,
    "unclear": 1.0, "muddy": 0.5, "cold": 1.0, "vocals_buried": 0.5,
}  # fmt: skip
# From which size on, dB, an unasked change is made, and from which on all of it: of tone, of the
# level, and of the side against the middle.
_TONE_FROM_TO_DB = (2.0, 3.2)
_LEVEL_FROM_TO_DB = (12.0, 16.0)
_ASKED_LEVEL_FROM_TO_DB = (1.0, 2.0)
_SIDE_FROM_TO_DB = (2.5, 4.5)
# Each of several faults is told again once the others are known.
_ROUNDS = 2


def planned_change_db(
    flow: MendFlow,
    mel: Mel,
    heard: Audio,
    request: str,
    steps: int,
    on_share: Callable[[float], None] | None = None,
) -> Mel:
    """The change in dB, shaped as `mel` (2, frames, 96), which are the levels of `heard`.

    `request` has sentences; "" is automatic mode. With `steps` the flow answers, not the heads.
    """
    problems = problems_in(request)
    families = {} if steps else _families(flow, problems)
    rest = sentences_for(request, set(problems) - set(families)) if families else request
    change_db = np.zeros_like(mel)
    if rest or not request:
        change_db = flow.change_db(mel, rest, steps, on_share)
    if not problems:  # no words, or words that name no fault, as "leave it as it is"
        change_db = cautious(change_db, mel, asked=bool(request))
    if problems:
        # What was asked for lies in the whole song alike: its gain does not move in time.
        change_db = np.repeat(change_db.mean(axis=1, keepdims=True), mel.shape[1], axis=1)
        change_db = with_known(
            change_db, heard, [each for each in problems if each not in families]
        )
    if families:
        told_db = _strengths_db(flow, mel, change_db, heard, list(dict.fromkeys(families.values())))
        for family, repair_db in told_db.items():
            share = _STRENGTH_SHARE[family]
            change_db = change_db + np.float32(share) * repair_db.astype(np.float32)
            if share < 1:
                same = [each for each, known in families.items() if known == family]
                tone_db = flow.tone_db(mel, sentences_for(request, same))
                change_db = change_db + (1 - share) * tone_db
    return np.asarray(change_db, dtype=np.float32)


def cautious(change_db: Mel, mel: Mel, *, asked: bool = False) -> Mel:
    """A change (2, frames, 96) that no fault asked for, without what is small of it.

    Small changes of level, tone and width are as often the song's own as a fault. Where words asked
    for something, only small changes of level count as such.
    """
    share = np.power(10.0, mel[0].astype(np.float64) / 10).mean(axis=0) * _band_widths(mel.shape[2])
    middle = change_db[0].mean(axis=0)
    level = 10 * np.log10((share / share.sum()) @ np.power(10.0, middle / 10))
    away = _rms(middle - middle.mean())
    kept = (change_db - np.float32(level)) * np.float32(_ramp(away, *_TONE_FROM_TO_DB))
    level_from_to = _ASKED_LEVEL_FROM_TO_DB if asked else _LEVEL_FROM_TO_DB
    kept += np.float32(level * _ramp(abs(level), *level_from_to))
    beside = change_db[1] - change_db[0]
    wider = _rms(beside.mean(axis=0))
    kept[1] = kept[0] + beside * np.float32(_ramp(wider, *_SIDE_FROM_TO_DB))
    return np.asarray(kept, dtype=np.float32)


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _band_widths(bands: int) -> NDArray[np.float64]:
    return np.asarray(band_filters(bands).sum(axis=0))


def sentences_for(instruction: str, problems: Collection[str]) -> str:
    """The sentences of an instruction that ask for any of the problems.

    An instruction in which no fault is recognised stays as it is.
    """
    if not problems_in(instruction):
        return instruction.strip()
    sentences = sentences_of(instruction)
    return " ".join(each for each in sentences if set(problems_in(each)).intersection(problems))


def with_known(change_db: Mel, heard: Audio, problems: Sequence[Problem]) -> Mel:
    """The change where all that is asked for is tone: its mean over time meets a second opinion.

    `dsp` knows a fault as a family of filters, the flow as music it has heard; each errs on songs
    where the other does not, and what both say together recovers more than either.
    """
    tonal = [problem for problem in problems if problem in _SECOND_OPINION]
    if not tonal or len(tonal) < len(problems):
        return change_db
    spectrum = long_term(heard)
    if spectrum.is_silent:
        return change_db
    centres_hz = band_centres_hz(change_db.shape[2])
    known_db = np.zeros(centres_hz.size)
    weight = 0.0
    for problem in tonal:
        known_db += estimate_tone(spectrum, problem).curve.at(centres_hz)
        weight += _SECOND_OPINION[problem] / len(tonal)
    away_db = known_db - change_db.mean(axis=1)
    return np.asarray(change_db + weight * away_db[:, None], dtype=np.float32)


def _families(flow: MendFlow, problems: Sequence[Problem]) -> Mapping[Problem, TonalProblem]:
    """Which of the problems are families of filters whose strength the head can tell."""
    if flow.strengths is None:
        return {}
    found = ((problem, strength_problem(problem)) for problem in problems)
    return {problem: family for problem, family in found if family is not None}


def _strengths_db(
    flow: MendFlow, mel: Mel, change_db: Mel, heard: Audio, families: Sequence[TonalProblem]
) -> Mapping[TonalProblem, NDArray[np.float64]]:
    """What undoes each of these families in every band (96,), dB, on top of the change so far."""
    nothing = np.zeros(mel.shape[2])
    spectrum = long_term(heard)
    repairs = dict.fromkeys(families, nothing)
    if flow.strengths is None or spectrum.is_silent:
        return repairs
    so_far_db = change_db.mean(axis=(0, 1)).astype(np.float64)
    for _ in range(_ROUNDS if len(families) > 1 else 1):
        for family in families:
            others = so_far_db + sum(
                (repairs[each] for each in families if each != family), nothing
            )
            features = as_features(song_stats(as_heard(mel + others.astype(np.float32))))
            repairs[family] = strength_repair_db(
                flow.strengths, features, _with_gain(spectrum, others), family
            )
    return repairs


def _with_gain(spectrum: LongTerm, gain_db: NDArray[np.float64]) -> LongTerm:
    """The spectrum after gains (96,) on the bands."""
    if not gain_db.any():
        return spectrum
    at_bins = np.interp(spectrum.freq_hz, band_centres_hz(gain_db.size), gain_db)
    return replace(spectrum, power=spectrum.power * np.power(10.0, at_bins / 10))
