"""One pass of engine `sonicmaster`: a piece of sound through encoding, flow and rendering.

Latents of the whole piece are integrated together in overlapping windows, and the change is brought
into the recording by a renderer (`flow_render`). There is no noise in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixmend.model.channel_pairs import channel_pairs
from mixmend.model.engine import OnProgress, Progress
from mixmend.model.flow_render import Render, render
from mixmend.model.sonic_config import HOP, RATE_HZ
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, FloatArray, allocate, release
from mixmend.tools.resample import resample

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.codec_oobleck import OobleckCodec
    from mixmend.model.flow_solver import Method
    from mixmend.model.sonic_load import SonicModel

Joining = Literal["together", "published"]
STEPS = 10
_BEAT_S = 0.1
# Shares of the time of a pass: encoding, flow, rendering (two decodings).
_ENCODED, _FLOWN = 0.2, 0.6
_COPIED = 1 << 20  # frames at a time


@dataclass(frozen=True)
class SonicSettings:
    """How the flow is followed and rendered; the defaults are the published ones where there are.

    `overlap_frames` None is half a window, `batch` None is chosen from the free memory.
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


class SonicPass:
    """One pass: a piece of sound through encoding, flow and rendering, pair of channels by pair."""

    def __init__(
        self,
        parts: SonicParts,
        settings: SonicSettings,
        instruction: str,
        steps: int | None,
        clock: Clock,
    ) -> None:
        self.parts, self.settings, self.clock = parts, settings, clock
        self.instruction = instruction
        self.steps = steps or settings.steps

    def change_all(self, piece: Audio, strength: float) -> Audio:
        """Every pair of channels changed; a channel that is in no pair is copied."""
        pairs = channel_pairs(piece.channels)
        if len(pairs) == 1:
            return self.change(piece, strength)
        out = allocate(piece.channels, piece.frames)
        copy_into(out, piece.samples)
        for index, pair in enumerate(pairs):
            self.clock.part(index, len(pairs))
            # Channels of a pair are neighbours: a view, nothing is copied.
            some = slice(pair[0], pair[1] + 1)
            changed = self.change(Audio(piece.samples[some], piece.sample_rate_hz), strength)
            copy_into(out[some], changed.samples)
        return Audio(out, piece.sample_rate_hz)

    def change(self, pair: Audio, strength: float) -> Audio:
        """One or two channels, changed; same shape and rate."""
        with self._watched():
            return self._change(pair, strength)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Reach the clock from within: between pieces of the codec and blocks of the network."""
        self.parts.codec.beat = self.clock.beat
        net = self.parts.model.net.transformer
        blocks = [
            *net.transformer_blocks, *net.single_transformer_blocks, *self.parts.model.text.blocks,
        ]  # fmt: skip
        hooks = [block.register_forward_pre_hook(lambda *_: self.clock.beat()) for block in blocks]
        try:
            yield
        finally:
            self.parts.codec.beat = None
            for hook in hooks:
                hook.remove()

    def _change(self, pair: Audio, strength: float) -> Audio:
        codec, window = self.parts.codec, self.parts.model.config.window_frames
        sound = resample(pair, RATE_HZ, on_block=self.clock.beat)
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
        overlap = settings.overlap_frames or config.window_frames // 2
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

        self.clock.tell(f"step 1 of {self.steps}", _ENCODED)
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


class Clock:
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


def copy_into(out: FloatArray, samples: FloatArray) -> None:
    """Copy (channels, frames) stretch by stretch, letting go of what lies in scratch files."""
    frames = samples.shape[1]
    for start in range(0, frames, _COPIED):
        out[:, start : start + _COPIED] = samples[:, start : start + _COPIED]
        if frames > _COPIED:
            release(out)
            release(samples)


def _decoded(codec: OobleckCodec, latents: Tensor, first: int, last: int) -> FloatArray:
    """Samples [first, last) of decoded latents (frames, channels)."""
    start, stop = first // HOP, -(-last // HOP)
    wave = codec.decode(latents, start, stop)
    return np.asarray(wave[:, first - start * HOP : last - start * HOP].numpy())
