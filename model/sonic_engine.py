"""Engine `sonicmaster`: the published flow model on songs of any length, rate and channel count.

Latents of the whole song are integrated together in overlapping windows, and the change is brought
into the recording by a renderer (`flow_render`). There is no noise in it: a seed changes nothing,
and the same sound and words give the same result on one device.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from mixmend.model.engine import OnProgress, Progress
from mixmend.model.flow_render import RENDERS, Render, render
from mixmend.model.sonic_config import HOP, RATE_HZ
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, allocate, release
from mixmend.tools.errors import UsageError
from mixmend.tools.region import Region, blend
from mixmend.tools.resample import resample

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.codec_oobleck import OobleckCodec
    from mixmend.model.flow_solver import Method
    from mixmend.model.sonic_load import Precision, SonicModel

Joining = Literal["together", "published"]
JOININGS: tuple[Joining, ...] = ("together", "published")
STEPS = 10
_LEAST_CONTEXT_S = 5.0
_BEAT_S = 0.1
# Shares of the time of a pass: encoding, flow, rendering (two decodings).
_ENCODED, _FLOWN = 0.2, 0.6

# Pairs of channels the stereo model hears; a channel twice is heard as both sides. The channel for
# low effects of 5.1 and 7.1 is left alone: the model never met one.
_PAIRS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 0),),
    2: ((0, 1),),
    3: ((0, 1), (2, 2)),
    4: ((0, 1), (2, 3)),
    5: ((0, 1), (2, 2), (3, 4)),
    6: ((0, 1), (2, 2), (4, 5)),
    7: ((0, 1), (2, 2), (4, 4), (5, 6)),
    8: ((0, 1), (2, 2), (4, 5), (6, 7)),
}


@dataclass(frozen=True)
class SonicSettings:
    """How the flow is followed and rendered; the defaults are the published ones where there are.

    `overlap_frames` None is a third of a window, `batch` None is chosen from the free memory.
    """

    render: Render = "faithful"
    joining: Joining = "together"
    steps: int = STEPS
    guidance: float = 1.0
    method: Method = "euler"
    overlap_frames: int | None = None
    batch: int | None = None


@dataclass(frozen=True, eq=False)
class SonicParts:
    """The loaded model and codec, where they run, and the checkpoint's SHA-256 if it is known."""

    model: SonicModel
    codec: OobleckCodec
    device: str = "cpu"
    checkpoint_sha256: str | None = None


class SonicEngine:
    """Restores sound as a sentence asks, with the parts that `load` gives on the first call."""

    name = "sonicmaster"

    def __init__(
        self, load: Callable[[], SonicParts], settings: SonicSettings | None = None
    ) -> None:
        self._load = load
        self._parts: SonicParts | None = None
        self.settings = settings or SonicSettings()
        _refuse_unknown("rendering", self.settings.render, RENDERS)
        _refuse_unknown("joining", self.settings.joining, JOININGS)

    @property
    def checkpoint_sha256(self) -> str | None:
        return None if self._parts is None else self._parts.checkpoint_sha256

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
        if strength == 0.0 or audio.frames == 0:
            return audio
        if audio.channels not in _PAIRS:
            raise UsageError(f"{audio.channels} channels are too many; the engine takes up to 8.")
        clock = _Clock(on_progress)
        clock.tell("loading the model")
        if self._parts is None:
            self._parts = self._load()
        first, last = _piece(audio, region, self._window_s())
        piece = audio
        if (first, last) != (0, audio.frames):
            piece = Audio(audio.samples[:, first:last], audio.sample_rate_hz)
        flow = _Flow(self._parts, self.settings, instruction.strip(), steps, clock)
        changed = flow.change_all(piece, strength)
        if piece is not audio:
            changed = _put_back(audio, changed, first)
        return blend(audio, changed, region=region)

    def _window_s(self) -> float:
        assert self._parts is not None
        return self._parts.model.config.window_frames * HOP / RATE_HZ


class _Flow:
    """One pass: a piece of sound through encoding, flow and rendering, pair of channels by pair."""

    def __init__(
        self,
        parts: SonicParts,
        settings: SonicSettings,
        instruction: str,
        steps: int | None,
        clock: _Clock,
    ) -> None:
        self.parts, self.settings, self.clock = parts, settings, clock
        self.instruction = instruction
        self.steps = steps or settings.steps

    def change_all(self, piece: Audio, strength: float) -> Audio:
        pairs = _PAIRS[piece.channels]
        if len(pairs) == 1:
            return self.change(piece, strength)
        out = allocate(piece.channels, piece.frames)
        out[:] = piece.samples
        for index, pair in enumerate(pairs):
            self.clock.part(index, len(pairs))
            # Channels of a pair are neighbours: a view, nothing is copied.
            some = slice(pair[0], pair[1] + 1)
            changed = self.change(Audio(piece.samples[some], piece.sample_rate_hz), strength)
            out[some] = changed.samples
        return Audio(out, piece.sample_rate_hz)

    def change(self, pair: Audio, strength: float) -> Audio:
        """One or two channels, changed; same shape and rate."""
        self.parts.codec.beat = self.clock.beat
        watched = [
            block.register_forward_pre_hook(lambda *_: self.clock.beat())
            for block in (
                *self.parts.model.net.transformer.transformer_blocks,
                *self.parts.model.net.transformer.single_transformer_blocks,
            )
        ]
        try:
            return self._change(pair, strength)
        finally:
            self.parts.codec.beat = None
            for hook in watched:
                hook.remove()

    def _change(self, pair: Audio, strength: float) -> Audio:
        codec, window = self.parts.codec, self.parts.model.config.window_frames
        sound = resample(pair, RATE_HZ)
        if sound.channels == 1:
            sound = Audio(np.broadcast_to(sound.samples, (2, sound.frames)), RATE_HZ)
        self.clock.tell("encoding", 0.0)
        samples = -(-sound.frames // HOP) * HOP
        frames = max(window, samples // HOP)  # a short sound is followed by silence, as published
        start = codec.encode(sound, frames)
        how = self.settings.render

        def before(a: int, b: int) -> FloatArray:
            return _decoded(codec, start, a, b)

        if self.settings.joining == "published":
            song = self._one_after_the_other(sound)

            def after(a: int, b: int) -> FloatArray:
                return np.asarray(song[:, a:b])
        else:
            end = self._together(start)
            if how == "generative":
                end = start + strength * (end - start)

            def after(a: int, b: int) -> FloatArray:
                return _decoded(codec, end, a, b)

        in_latents = how == "generative" and self.settings.joining == "together"
        return render(
            pair, before, after, samples=samples, how=how,
            strength=1.0 if in_latents else strength,
            on_part=lambda share: self.clock.tell("rendering", _FLOWN + share * (1 - _FLOWN)),
        )  # fmt: skip

    def _together(self, start: Tensor) -> Tensor:
        """Latents (frames, channels) followed to the clean end, all windows at every step."""
        from mixmend.model.flow_solver import evaluations, integrate
        from mixmend.model.flow_windows import JointVelocity, plan_windows
        from mixmend.model.sonic_velocity import Asked, SonicVelocity

        config, settings = self.parts.model.config, self.settings
        overlap = settings.overlap_frames or config.carry_frames
        plan = plan_windows(start.shape[0], config.window_frames, overlap)
        asked = Asked(self.instruction, settings.guidance, config.max_duration)
        calls = evaluations(self.steps, settings.method)
        done = 0

        def tell(windows: int, of: int) -> None:
            share = (done + windows / of) / calls
            label = f"step {1 + done * self.steps // calls} of {self.steps}"
            if of > 1:
                label += f", window {windows} of {of}"
            self.clock.tell(label, _ENCODED + share * (_FLOWN - _ENCODED))

        velocity = JointVelocity(
            SonicVelocity(self.parts.model, asked), plan,
            batch=settings.batch or fitting_batch(self.parts, len(plan.starts)), on_window=tell,
        )  # fmt: skip

        def counted(state: Tensor, moment: float) -> Tensor:
            nonlocal done
            found = velocity(state, moment)
            done += 1
            return found

        state = start[None].to(self.parts.device)
        end = integrate(counted, state, steps=self.steps, method=settings.method)
        return end[0].cpu()

    def _one_after_the_other(self, sound: Audio) -> FloatArray:
        """The published way: decoded sound (2, samples), chunk by chunk with a carry-over."""
        import torch

        from mixmend.model.flow_solver import integrate
        from mixmend.model.flow_windows import crossfade_into, published_chunks
        from mixmend.model.sonic_velocity import Asked, SonicVelocity

        config, settings, codec = self.parts.model.config, self.settings, self.parts.codec
        size, carry = config.window_frames * HOP, config.carry_frames * HOP
        samples = -(-sound.frames // HOP) * HOP
        song = allocate(2, samples)
        asked = Asked(self.instruction, settings.guidance, config.max_duration)
        carried: Tensor | None = None
        for chunk in published_chunks(sound.frames, size, carry):
            share = chunk.start / sound.frames
            self.clock.tell(
                f"chunk at {chunk.start / RATE_HZ:.0f} s", _ENCODED + share * (_FLOWN - _ENCODED)
            )
            some = Audio(sound.samples[:, chunk.start : chunk.start + size], RATE_HZ)
            latents = codec.encode(some, config.window_frames)[None].to(self.parts.device)
            velocity = SonicVelocity(self.parts.model, asked, carried)
            end = integrate(velocity, latents, steps=self.steps, method=settings.method)[0].cpu()
            decoded = codec.decode(end, 0, config.window_frames)
            crossfade_into(torch.from_numpy(song), decoded, chunk)
            tail = Audio(decoded[:, -carry:].numpy(), RATE_HZ)
            carried = codec.encode(tail, config.carry_frames)[None]
            if song.size > IN_MEMORY_SAMPLES:
                release(song)
        return song


class _Clock:
    """Tells progress: shares of one pair of channels become shares of all, with time left."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._start_s = time.monotonic()
        self._told_s = -1.0
        self._low, self._width = 0.0, 1.0
        self._last = Progress(0.0, "starting")

    def part(self, index: int, of: int) -> None:
        self._low, self._width = index / of, 1 / of

    def tell(self, label: str, fraction: float = 0.0) -> None:
        fraction = self._low + self._width * fraction
        spent_s = time.monotonic() - self._start_s
        left_s = spent_s * (1 - fraction) / fraction if fraction > 0.02 else None
        self._last = Progress(fraction, label, left_s)
        self._told_s = -1.0
        self.beat()

    def beat(self) -> None:
        """Between layers: a chance to stop for whoever listens."""
        now_s = time.monotonic()
        if self._on_progress is not None and now_s - self._told_s >= _BEAT_S:
            self._told_s = now_s
            self._on_progress(self._last)


def fitting_batch(parts: SonicParts, windows: int) -> int:
    """How many windows fit in a third of the free memory, at most 16; on a CPU at most 2.

    More at once saves nothing on a CPU, where one window already fills every core.
    """
    config = parts.model.config
    width = config.num_attention_heads * config.attention_head_dim
    # Some twenty activations of a token's width live at a time, four bytes each.
    one_bytes = (config.window_frames + 65) * width * 4 * 20
    if parts.device == "cpu":
        return max(1, min(2, windows))
    import torch

    free_bytes, _ = torch.cuda.mem_get_info()
    return int(max(1, min(16, windows, free_bytes // 3 // one_bytes)))


def _decoded(codec: OobleckCodec, latents: Tensor, first: int, last: int) -> FloatArray:
    """Samples [first, last) of decoded latents (frames, channels)."""
    start, stop = first // HOP, -(-last // HOP)
    wave = codec.decode(latents, start, stop)
    return np.asarray(wave[:, first - start * HOP : last - start * HOP].numpy())


def _piece(audio: Audio, region: Region | None, window_s: float) -> tuple[int, int]:
    """Frames to work on: the region with at least 5 s around it, and at least a whole window."""
    if region is None:
        return 0, audio.frames
    length_s = region.end_s - region.start_s
    around_s = max(_LEAST_CONTEXT_S, (window_s - length_s) / 2)
    start_s, end_s = region.start_s - around_s, region.end_s + around_s
    if start_s < 0:
        start_s, end_s = 0.0, end_s - start_s
    if end_s > audio.duration_s:
        start_s, end_s = start_s - (end_s - audio.duration_s), audio.duration_s
    return audio.frame_at(max(0.0, start_s)), audio.frame_at(end_s)


def _put_back(audio: Audio, changed: Audio, first: int) -> Audio:
    """The song with a changed piece in its place; what lies outside is blended away anyway."""
    out = allocate(audio.channels, audio.frames)
    out[:, first : first + changed.frames] = changed.samples
    return Audio(out, audio.sample_rate_hz)


def chosen_settings(render: str | None, joining: str | None) -> SonicSettings:
    """Settings with a rendering or joining by name; raises UsageError for an unknown one."""
    default = SonicSettings()
    render, joining = render or default.render, joining or default.joining
    _refuse_unknown("rendering", render, RENDERS)
    _refuse_unknown("joining", joining, JOININGS)
    return SonicSettings(render=cast(Render, render), joining=cast(Joining, joining))


def parts_from_weights() -> SonicParts:
    """The published model and codec from the weights folder, on a GPU when there is one.

    The blocks run in bfloat16 where the machine computes with it. Loaded once and kept. Raises
    FileError when weights are missing or do not fit.
    """
    from mixmend.model.weights import weights_root

    return _loaded(weights_root())


@lru_cache(maxsize=1)
def _loaded(root: Path) -> SonicParts:
    import torch

    from mixmend.model.codec_oobleck import load_codec
    from mixmend.model.sonic_load import load_sonic
    from mixmend.model.weights import SONICMASTER, read_records

    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = quick_precision(device)
    model = load_sonic(
        root / "sonicmaster", text_folder=root / "flan-t5-large", device=device, dtype=precision
    )
    codec = load_codec(root / "codec", device=device, dtype=precision)
    record = read_records(root).get(SONICMASTER.files[0].local)
    return SonicParts(model, codec, device, None if record is None else record.sha256)


def quick_precision(device: str) -> Precision:
    """`bf16` where the processor multiplies bfloat16 in hardware, else `fp32`."""
    import torch

    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    # Without such instructions bfloat16 is emulated, and slower than what it replaces.
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def _refuse_unknown(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UsageError(f"there is no {what} {name!r}; choose {' or '.join(known)}.")
