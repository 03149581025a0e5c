"""Engine `dsp`: classical processing, told by the instruction which faults to repair.

Steps run in one fixed order: faults of transfer first, so that nothing later is misled by them,
then room, tone, dynamics, stereo. An empty instruction is automatic mode: only what measurements
show beyond doubt is touched, tone at half strength.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mixmend.model.dsp_automatic import plan_automatic
from mixmend.model.dsp_level import bring_down, bring_up, fitted
from mixmend.model.engine import OnProgress, Progress
from mixmend.model.problems import Problem
from mixmend.model.requests import problems_in
from mixmend.tools.audio import Audio
from mixmend.tools.process.faults import TONAL_PROBLEMS, TonalProblem
from mixmend.tools.region import Region

# What a processor is given: the sound, how much, where.
# An estimate that is often off does more good when only part of it is applied: on training music
# half of the microphone estimate improves more songs, and by more, than the whole.
# For reverberation the whole estimate dries dry music too, and fewer songs gain from it.
CAUTION: dict[Problem, float] = {"mic_colored": 0.5, "reverb": 0.6}

# How much wider (or narrower) a song gets that is not unusual, when it is asked for.
WIDER = 1.4

Process = Callable[[Audio, float, Region | None], Audio]


@dataclass(frozen=True)
class Step:
    """One repair: for which problem, a few words for people, and how."""

    problem: Problem
    label: str
    process: Process


def _dc(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dc import remove_dc

    return remove_dc(audio, strength=strength, region=region)


def _dropouts(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dropouts import fill_dropouts

    return fill_dropouts(audio, strength=strength, region=region)


def _clicks(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.declick import declick

    return declick(audio, strength=strength, region=region)


def _clipping(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.declip import declip

    rebuilt = declip(audio, strength=strength, region=region)
    # Songs mostly fill the range they have, and what is not asked for in one place moves no other.
    return fitted(rebuilt) if region is None and rebuilt is not audio else rebuilt


def _hum(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dehum import dehum

    return dehum(audio, strength=strength, region=region)


def _noise(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.denoise import denoise

    return denoise(audio, strength=strength, region=region)


def _reverb(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dereverb import dereverb

    return dereverb(audio, strength=strength * CAUTION["reverb"], region=region)


def _room(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.ambience import add_room

    return add_room(audio, strength=strength, region=region)


def _expand(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dynamics import expand

    return expand(audio, strength=strength, region=region)


def _sharpen(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dynamics import sharpen_transients

    return sharpen_transients(audio, strength=strength, region=region)


def _even(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.dynamics import even_levels

    return even_levels(audio, strength=strength, region=region)


def _widen(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.stereo import widen

    widened = widen(audio, strength=strength, region=region)
    width = _width(audio)
    if widened is not audio or not width:
        return widened
    # It is as wide as such music usually is, but was asked to be wider.
    return widen(audio, strength=strength, region=region, target_width=WIDER * width)


def _narrow(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.stereo import narrow

    narrowed = narrow(audio, strength=strength, region=region)
    width = _width(audio)
    if narrowed is not audio or not width:
        return narrowed
    return narrow(audio, strength=strength, region=region, target_width=width / WIDER)


def _width(audio: Audio) -> float | None:
    from mixmend.tools.stereo import measure_stereo

    return measure_stereo(audio).value.width


def _rebalance(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.stereo import rebalance

    return rebalance(audio, strength=strength, region=region)


def _mono(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.stereo import fix_mono_compatibility

    return fix_mono_compatibility(audio, strength=strength, region=region)


def _deess(audio: Audio, strength: float, region: Region | None) -> Audio:
    from mixmend.tools.process.deess import deess

    return deess(audio, strength=strength, region=region)


def _tone(problem: TonalProblem) -> Process:
    def process(audio: Audio, strength: float, region: Region | None) -> Audio:
        from mixmend.tools.process.tone import repair_tone

        amount = strength * CAUTION.get(problem, 1.0)
        return repair_tone(audio, problem, strength=amount, region=region)

    return process


def _lossy(audio: Audio, strength: float, region: Region | None) -> Audio:
    """What a codec dropped is gone; a little treble under its edge is all that is honest."""
    from mixmend.tools.process.tone import repair_tone

    return repair_tone(audio, "dull", strength=0.3 * strength, region=region)


STEPS: tuple[Step, ...] = (
    Step("too_quiet", "bringing the level up", bring_up),
    Step("dc_offset", "removing the constant offset", _dc),
    Step("dropouts", "filling gaps", _dropouts),
    Step("clicks", "removing clicks", _clicks),
    Step("clipping", "rebuilding clipped peaks", _clipping),
    Step("hum", "removing hum", _hum),
    Step("noise", "removing noise", _noise),
    Step("reverb", "drying the room", _reverb),
    *(Step(each, "restoring the tone", _tone(each)) for each in TONAL_PROBLEMS),
    Step("lossy_source", "lifting the treble a little", _lossy),
    Step("squashed", "giving back dynamics", _expand),
    Step("flat_transients", "sharpening attacks", _sharpen),
    Step("uneven_levels", "evening out the level", _even),
    Step("narrow", "widening", _widen),
    Step("too_wide", "narrowing", _narrow),
    Step("mono_incompatible", "making it safe for mono", _mono),
    Step("off_balance", "centring", _rebalance),
    Step("sibilant", "softening sibilants", _deess),
    Step("too_dry", "adding a room", _room),
    Step("too_loud", "bringing the level down", bring_down),
)


class DspEngine:
    """Classical processing behind the engine interface; see `mixmend.model.engine.Engine`."""

    name = "dsp"

    def restore(
        self,
        audio: Audio,
        instruction: str,
        *,
        region: Region | None = None,
        strength: float = 1.0,
        steps: int | None = None,  # noqa: ARG002 - nothing here is solved in steps
        seed: int = 0,  # noqa: ARG002 - nothing here is drawn
        on_progress: OnProgress | None = None,
    ) -> Audio:
        """Repair what `instruction` asks for; sound without any known wish in it comes back as is.

        `audio` (channels, frames); same shape, rate and alignment. Deterministic.
        """
        if strength == 0.0 or audio.frames == 0:
            return audio
        amounts = self._amounts(audio, instruction, region)
        chosen = [step for step in STEPS if step.problem in amounts]
        for done, step in enumerate(chosen):
            if on_progress is not None:
                on_progress(Progress(done / len(chosen), step.label))
            audio = step.process(audio, strength * amounts[step.problem], region)
        if on_progress is not None:
            on_progress(Progress(1.0, "done"))
        return audio

    def _amounts(
        self, audio: Audio, instruction: str, region: Region | None
    ) -> dict[Problem, float]:
        if instruction.strip():
            return dict.fromkeys(problems_in(instruction), 1.0)
        return plan_automatic(audio, region)
