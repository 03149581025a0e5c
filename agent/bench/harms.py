"""Harms to plant in music, each as an engine gone wrong would do it, and passes that are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixmend.model.degrade import degrade
from mixmend.model.engines import get_engine
from mixmend.model.problems import PROBLEM_OF_KIND, Problem
from mixmend.tools.audio import Audio, FloatArray
from mixmend.tools.resample import resample


@dataclass(frozen=True, eq=False)
class Case:
    """What the guard gets: before, after, and the problem the pass was for (None: any)."""

    name: str
    before: Audio
    after: Audio
    problem: Problem | None


def centred(song: Audio) -> Audio:
    """The song without its constant offset, which the published damages remove first."""
    return Audio(song.samples - song.samples.mean(axis=1, keepdims=True), song.sample_rate_hz)


def harms(song: Audio, seed: int) -> list[Case]:
    """Every harm on its own, and riding on passes that repair the tone or a room rightly."""
    damaged = degrade(song, "bright", seed).audio
    room = _out_of_room(song, seed)
    cases = []
    for name, harm in HARMS.items():
        cases.append(Case(name, song, harm(song, seed), None))
        cases.append(Case(f"{name}, in a right pass", damaged, harm(song, seed), "dull"))
        dried = harm(room.after, seed)
        cases.append(Case(f"{name}, out of a room", room.before, dried, room.problem))
    return cases


def _out_of_room(song: Audio, seed: int) -> Case:
    """A room as the engine takes it out; nobody could do it so that the dry song came back."""
    degraded = degrade(song, "mix", seed)
    dried = get_engine("mendflow").restore(degraded.audio, degraded.damage.instruction)
    return Case("room taken out", degraded.audio, dried, PROBLEM_OF_KIND["mix"])


def good_passes(song: Audio, seed: int) -> list[Case]:
    """Right equalising, right declipping, right level: what must be let through."""
    cases = [Case("nothing", song, song, None)]
    for kind in ("bright", "dark", "boom", "warm", "mud", "vocal", "clarity", "airy", "xband"):
        damaged = degrade(song, kind, seed).audio
        cases.append(Case(f"right EQ ({kind})", damaged, song, PROBLEM_OF_KIND[kind]))
    clipped = degrade(song, "clip", seed).audio
    # The clip damage also raises the level; the right repair is the song at that level.
    gain = float(np.linalg.norm(clipped.samples)) / max(1e-9, float(np.linalg.norm(song.samples)))
    cases.append(Case("right declip", clipped, _scaled(song, gain * 1.1), PROBLEM_OF_KIND["clip"]))
    cases.append(_out_of_room(song, seed))
    cases += [Case(f"level {db:+d} dB", song, _scaled(song, 10 ** (db / 20)), None)
              for db in (-12, -3)]  # fmt: skip
    return cases


def _scaled(audio: Audio, gain: float) -> Audio:
    return Audio(audio.samples * np.float32(gain), audio.sample_rate_hz)


def _kicks(audio: Audio, seed: int) -> Audio:
    rate = audio.sample_rate_hz
    time_s = np.arange(round(0.18 * rate)) / rate
    sweep = 2 * np.pi * np.cumsum(50 + 90 * np.exp(-time_s * 35)) / rate
    kick = np.sin(sweep) * np.exp(-time_s * 22)
    samples = audio.samples.copy()
    level = 0.6 * float(np.percentile(np.abs(samples), 99.9))
    rng = np.random.default_rng(seed)
    for start in np.arange(0.3, audio.duration_s - 0.3, 0.55):
        at = round((start + rng.uniform(0, 0.1)) * rate)
        samples[:, at : at + kick.size] += (level * kick).astype(np.float32)
    return Audio(samples, rate)


def _no_voice_band(audio: Audio, _seed: int) -> Audio:
    spectrum = np.fft.rfft(audio.samples.astype(np.float64), axis=1)
    hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate_hz)
    gain = np.where((hz > 350) & (hz < 3500), 10 ** (-30 / 20), 1.0)
    samples = np.fft.irfft(spectrum * gain, audio.frames, axis=1)
    return Audio(samples.astype(np.float32), audio.sample_rate_hz)


def _wobble(audio: Audio, seed: int) -> Audio:
    rng = np.random.default_rng(seed)
    time_s = np.arange(audio.frames) / audio.sample_rate_hz
    wave = np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * time_s + rng.uniform(0, 6))
    gain = 10 ** (3.0 * wave / 20)
    return Audio((audio.samples * gain).astype(np.float32), audio.sample_rate_hz)


def _delay(audio: Audio, _seed: int) -> Audio:
    frames = round(0.01 * audio.sample_rate_hz)
    samples = np.zeros_like(audio.samples)
    samples[:, frames:] = audio.samples[:, :-frames]
    return Audio(samples, audio.sample_rate_hz)


def _mono(audio: Audio, _seed: int) -> Audio:
    mean = audio.samples.mean(axis=0, keepdims=True)
    return Audio(np.repeat(mean, audio.channels, axis=0), audio.sample_rate_hz)


def _clip(audio: Audio, _seed: int) -> Audio:
    level = float(np.max(np.abs(audio.samples))) * 10 ** (-4 / 20)
    return Audio(np.clip(audio.samples, -level, level), audio.sample_rate_hz)


def _dc(audio: Audio, _seed: int) -> Audio:
    return Audio(audio.samples + np.float32(0.02), audio.sample_rate_hz)


def _gap(audio: Audio, _seed: int) -> Audio:
    size = round(0.12 * audio.sample_rate_hz)
    power = np.convolve(np.mean(audio.samples**2, axis=0), np.ones(size), mode="valid")
    at = int(np.argmax(power))
    samples: FloatArray = audio.samples.copy()
    samples[:, at : at + size] = 0.0
    return Audio(samples, audio.sample_rate_hz)


def _swap(audio: Audio, _seed: int) -> Audio:
    return Audio(audio.samples[::-1].copy(), audio.sample_rate_hz)


def _lower_rate(audio: Audio, _seed: int) -> Audio:
    return resample(audio, audio.sample_rate_hz // 2)


def _lost_top(audio: Audio, _seed: int) -> Audio:
    """Through half the sample rate and back: the file's rate is kept, its upper half is not."""
    back = resample(resample(audio, audio.sample_rate_hz // 4), audio.sample_rate_hz)
    samples = np.zeros_like(audio.samples)
    size = min(audio.frames, back.frames)
    samples[:, :size] = back.samples[:, :size]
    return Audio(samples, audio.sample_rate_hz)


HARMS: dict[str, Callable[[Audio, int], Audio]] = {
    "added kicks": _kicks,
    "voice band gone": _no_voice_band,
    "level wobble": _wobble,
    "10 ms delay": _delay,
    "mono collapse": _mono,
    "clipping": _clip,
    "DC offset": _dc,
    "a gap": _gap,
    "channels swapped": _swap,
    "lower sample rate": _lower_rate,
    "lost upper half": _lost_top,
}
