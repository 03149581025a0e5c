"""Engine `mendflow`: our own small flow, whose weights come with the package; made for two cores.

The flow moves log mel levels of middle and side towards what the request asks for, and the change
becomes a filter where it lasts and a smooth gain where it moves: where the model does nothing the
output is the input, and nothing can be added that was not in the song. Rooms are heard by a head of
their own, in narrow bands. What a gain cannot do has its own part: clipped peaks are rebuilt before
the flow, a missing side is made from the middle about as wide as such music is, and faults that it
was never taught (hum, clicks, ...) go to `dsp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixmend.model.channel_pairs import channel_pairs
from mixmend.model.damage import peak, rms
from mixmend.model.dsp import STEPS as DSP_STEPS
from mixmend.model.dsp import Step
from mixmend.model.dsp_automatic import plan_automatic
from mixmend.model.engine import OnProgress, Progress
from mixmend.model.mend_change import planned_change_db, sentences_for
from mixmend.model.mend_mel import Mel, level_db, song_mel_db, with_side_floor
from mixmend.model.mend_render import rendered
from mixmend.model.problems import PROBLEM_OF_KIND, Problem
from mixmend.model.requests import problems_in
from mixmend.tools.audio import Audio
from mixmend.tools.process.equalize import Curve, equalize
from mixmend.tools.process.faults import TONAL_PROBLEMS
from mixmend.tools.region import Region, blend

if TYPE_CHECKING:
    from mixmend.model.mend_flow import MendFlow
    from mixmend.model.mend_room import RoomHead

# On songs kept out of training the tone head alone recovers more than with the flow around it, so
# the flow is followed only when steps are asked for.
STEPS = 0
# A song that was made quiet is brought up until its highest sample is where most songs have it:
# at -1.2 dB, and higher the denser it is below a crest factor of 14 dB (fitted on 400 songs).
_USUAL_PEAK_DB, _USUAL_CREST_DB, _PEAK_OVER_CREST, _MOST_PEAK_DB = -1.2, 14.0, 0.3, -0.3
# What the flow was taught, but for what a part does better on the training music: frames of 23 ms
# are too long for attacks, and too short for what a compressor did to a whole song.
_OWN_PARTS: tuple[Problem, ...] = (
    "clipping", "too_quiet", "narrow", "squashed", "flat_transients",
)  # fmt: skip
TAUGHT = frozenset(PROBLEM_OF_KIND[kind] for kind in list(PROBLEM_OF_KIND)[:19]) - set(_OWN_PARTS)
HEARD = TAUGHT | {"narrow"}
_ROOM: Problem = "reverb"
_DRYING = next(step for step in DSP_STEPS if step.problem == _ROOM)
_ATTACKS: Problem = "flat_transients"
_LEVEL: Problem = "too_quiet"

_SILENT_DB = -90.0
_FAINTEST_PEAK = 10 ** (-90 / 20)
_LEAST_HEARD_S = 10.0
# On music of packages that neither had heard 59 % of the width came back at 0.5, 62 % at 0.8.
_USUAL_WIDTH_SHARE = 0.8
# Of dry songs the room head says 0.02 dB in the median, of rooms 3 to 6.
_ROOM_HEARD_DB = 1.5


class MendEngine:
    """mendflow behind the engine interface; see `mixmend.model.engine.Engine`."""

    name = "mendflow"

    def __init__(self, load: Callable[[], MendFlow]) -> None:
        self._load = load
        self._flow: MendFlow | None = None

    @property
    def checkpoint_sha256(self) -> str | None:
        return None if self._flow is None else self._flow.sha256

    def restore(
        self,
        audio: Audio,
        instruction: str,
        *,
        region: Region | None = None,
        strength: float = 1.0,
        steps: int | None = None,
        seed: int = 0,  # noqa: ARG002 - the flow has no noise
        on_progress: OnProgress | None = None,
    ) -> Audio:
        """Repair what `instruction` asks for; "" is automatic mode. Same shape, rate, alignment.

        `steps` is how many steps the flow takes; with none, as by default, the heads answer.
        Deterministic on one machine.
        """
        if strength == 0.0 or audio.frames == 0:
            return audio
        channel_pairs(audio.channels)  # more than it can hear are refused before anything is loaded
        tell = on_progress or (lambda _: None)
        tell(Progress(0.0, "loading the model"))
        if self._flow is None:
            self._flow = self._load()
        amounts = _amounts(audio, instruction, region)
        asked = bool(instruction.strip())
        before, after = _parts(amounts)

        def worked(step: Step, audio: Audio, share: float) -> Audio:
            tell(Progress(share, step.label))
            return step.process(audio, strength * amounts[step.problem], region)

        for step in before:
            audio = worked(step, audio, 0.03)
        room = None
        if self._flow.room is not None and (_ROOM in amounts or not asked):
            tell(Progress(0.05, "hearing the room"))
            room = _room_in(audio, self._flow.room, region, _ROOM in amounts)
        if _ROOM in amounts:
            audio = worked(_DRYING, audio, 0.08)
        if room is not None:
            audio = equalize(audio, room, strength=strength, region=region)
        request = self._for_flow(instruction)
        told = self._told(audio, request, region, steps, tell) if request or not asked else None
        if told is not None:
            audio = told.rendered(audio, region, strength, tell)
        for step in after:
            if step.problem == _ATTACKS:
                audio = worked(step, audio, 0.9)
        if told is not None and ("narrow" in amounts or not asked):
            audio = told.widened(audio, region, strength)
        for step in after:
            if step.problem != _ATTACKS:
                audio = worked(step, audio, 0.9)
        if _LEVEL in amounts:
            audio = bring_to_peak(audio, strength * amounts[_LEVEL], region)
        tell(Progress(1.0, "done"))
        return audio

    def _for_flow(self, instruction: str) -> str:
        """The sentences that the flow is asked: not those for parts, or for the room head."""
        assert self._flow is not None
        own = HEARD if self._flow.room is None else HEARD - {_ROOM}
        return sentences_for(instruction, own)

    def _told(
        self,
        audio: Audio,
        request: str,
        region: Region | None,
        steps: int | None,
        tell: OnProgress,
    ) -> _Told | None:
        """What the flow wants of the song; None of silence."""
        assert self._flow is not None
        first, last = heard_frames(audio, region)
        front = Audio(audio.samples[: min(2, audio.channels), first:last], audio.sample_rate_hz)
        tell(Progress(0.1, "listening"))
        mel = song_mel_db(front)
        if level_db(mel) < _SILENT_DB:
            return None
        change_db = planned_change_db(
            self._flow,
            mel,
            front,
            request,
            STEPS if steps is None else steps,
            lambda share: tell(Progress(0.15 + 0.45 * share, "flow")),
        )
        return _Told(mel, change_db, (first, last))


@dataclass(frozen=True, eq=False)
class _Told:
    """Levels (2, frames, 96) of the frames in `span`, and the change that the flow wants, dB."""

    mel_db: Mel
    change_db: Mel
    span: tuple[int, int]

    def rendered(
        self, audio: Audio, region: Region | None, strength: float, tell: OnProgress
    ) -> Audio:
        out = rendered(
            audio, self.mel_db, self.change_db, self.span, strength,
            lambda share: tell(Progress(0.6 + 0.3 * share, "rendering")),
        )  # fmt: skip
        return blend(audio, out, region=region)

    def widened(self, audio: Audio, region: Region | None, strength: float) -> Audio:
        if audio.channels < 2:
            return audio
        aim_db = with_side_floor(self.mel_db) + self.change_db
        return _as_wide(audio, aim_db, self.mel_db, region, strength)


def _room_in(audio: Audio, head: RoomHead, region: Region | None, asked: bool) -> Curve | None:
    """What undoes the room's colour, as heard before anything dries the song; None of no room.

    What it built up is lowered, what it cancelled raised. Unasked, it must be more than a little.
    """
    from mixmend.model.mend_room import room_curve

    first, last = heard_frames(audio, region)
    heard = room_curve(head, Audio(audio.samples[:, first:last], audio.sample_rate_hz))
    least_db = 0.0 if asked else _ROOM_HEARD_DB
    return None if heard is None or heard.colour_db < least_db else heard.curve


def heard_frames(audio: Audio, region: Region | None) -> tuple[int, int]:
    """What the flow listens to: the whole song, or a region with at least 10 s around it."""
    if region is None:
        return 0, audio.frames
    spare_s = max(1.0, (_LEAST_HEARD_S - (region.end_s - region.start_s)) / 2)
    return audio.frame_at(region.start_s - spare_s), audio.frame_at(region.end_s + spare_s)


def bring_to_peak(audio: Audio, strength: float, region: Region | None) -> Audio:
    """Gain that brings the highest sample up to where such songs have it; never down."""
    from mixmend.tools.process.level import apply_gain

    highest = peak(audio)
    if highest < _FAINTEST_PEAK:
        return audio
    missing_db = usual_peak_db(highest, rms(audio)) - 20 * math.log10(highest)
    return apply_gain(audio, strength * missing_db, region=region) if missing_db > 0 else audio


def usual_peak_db(highest: float, mean: float) -> float:
    """Where a song with this highest sample and RMS would usually have its peak, dB."""
    crest_db = 20 * math.log10(highest / mean)
    denser_db = max(0.0, _USUAL_CREST_DB - crest_db)
    return min(_MOST_PEAK_DB, _USUAL_PEAK_DB + _PEAK_OVER_CREST * denser_db)


def _amounts(audio: Audio, instruction: str, region: Region | None) -> dict[Problem, float]:
    if instruction.strip():
        return dict.fromkeys(problems_in(instruction), 1.0)
    # Unasked, the flow itself judges what it was taught; measurements judge the rest.
    return {
        problem: amount
        for problem, amount in plan_automatic(audio, region).items()
        if problem not in TAUGHT
    }


def _parts(amounts: dict[Problem, float]) -> tuple[Sequence[Step], Sequence[Step]]:
    """`dsp` steps for what the flow was not taught: those before it and those after it."""
    places = [step.problem for step in DSP_STEPS]
    first = set(places[: places.index(_ROOM)])
    # Drying a room blurs the switches by which cut attacks are found, so does a changed side; only
    # a tone that is off hides them more.
    if _ROOM in amounts or not set(TONAL_PROBLEMS).intersection(amounts):
        first.add(_ATTACKS)
    own = HEARD | {_LEVEL}
    chosen = [step for step in DSP_STEPS if step.problem in amounts and step.problem not in own]
    before = [step for step in chosen if step.problem in first]
    return before, [step for step in chosen if step not in before]


def _as_wide(
    audio: Audio, aim_db: Mel, before_db: Mel, region: Region | None, strength: float
) -> Audio:
    """A side made from the middle where the flow wants more than a gain on the old one gives.

    Between the width that the flow wants and the one that such music usually has.
    """
    from mixmend.tools.process.stereo import usual_width, widen

    wanted, had = width_of(aim_db), width_of(before_db)
    if wanted <= had * 1.05:
        return audio
    usual = usual_width(audio, region)
    if usual is not None:
        wanted += _USUAL_WIDTH_SHARE * (usual - wanted)
    return widen(audio, strength=strength, region=region, target_width=wanted)


def width_of(mel_db: Mel) -> float:
    """RMS of side over middle, from levels (2, frames, 96)."""
    from mixmend.model.flow_render import band_filters

    weight = band_filters(mel_db.shape[2]).sum(axis=0)
    power: NDArray[np.float64] = np.power(10.0, mel_db.astype(np.float64) / 10) @ weight
    middle, side = power.mean(axis=1)
    return float(np.sqrt(side / max(middle, 1e-12)))
