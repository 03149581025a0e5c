"""Whole songs through a model that hears one window at a time.

Together (ours): every window takes each solver step at once and velocities are averaged where
windows overlap, so there is one song all the way and nothing to join. One after the other (as
published): each chunk is told the end of the one before, and overlaps are crossfaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixmend.tools.errors import MixmendError

if TYPE_CHECKING:
    from torch import Tensor

_STEEPNESS = 1.5  # of the raised cosine where windows overlap; found with `mixmend bench joins`

# Velocities of windows (batch, frames, channels) at a time.
WindowVelocity = Callable[["Tensor", float], "Tensor"]

# Told how many windows of how many have been computed in this step.
OnWindow = Callable[[int, int], None]


@dataclass(frozen=True)
class WindowPlan:
    """Windows of `window` frames at `starts` that cover `frames`; neighbours share `overlap`."""

    frames: int
    window: int
    overlap: int
    starts: tuple[int, ...]


def plan_windows(frames: int, window: int, overlap: int) -> WindowPlan:
    """Windows spread evenly, the first at the start and the last at the end.

    Neighbours share at least `overlap` frames; a song no longer than a window is one window of its
    own length.
    """
    if frames <= window:
        return WindowPlan(frames, frames, 0, (0,))
    overlap = min(max(overlap, 1), window - 1)
    count = 1 + -(-(frames - window) // (window - overlap))
    last = frames - window
    return WindowPlan(
        frames, window, overlap, tuple(round(i * last / (count - 1)) for i in range(count))
    )


def window_weight(plan: WindowPlan) -> Tensor:
    """How much a window counts at each of its frames: smooth, steep flanks, never zero.

    Near its ends a window lacks the sound around it, so there it counts for next to nothing while
    the neighbour, which hears both sides, counts for all.
    """
    import torch

    edge = torch.arange(plan.window, dtype=torch.float32) + 0.5
    near = torch.minimum(edge, edge.flip(0)) / max(plan.overlap, 1)
    rise = (0.5 - 0.5 * torch.cos(torch.pi * near.clamp(max=1.0))) ** _STEEPNESS
    fall = (0.5 + 0.5 * torch.cos(torch.pi * near.clamp(max=1.0))) ** _STEEPNESS
    return (rise / (rise + fall)).clamp(min=1e-4)


class JointVelocity:
    """The velocity of a whole song (1, frames, channels) from that of its windows.

    `batch` windows are computed at once; when memory runs out the batch is halved, and only when
    one window alone does not fit is a MixmendError raised.
    """

    def __init__(
        self,
        velocity: WindowVelocity,
        plan: WindowPlan,
        *,
        batch: int = 1,
        on_window: OnWindow | None = None,
    ) -> None:
        self._velocity = velocity
        self._plan = plan
        self._on_window = on_window
        self.batch = max(1, batch)

    def __call__(self, state: Tensor, time: float) -> Tensor:
        import torch

        plan = self._plan
        total = torch.zeros_like(state)
        weight = window_weight(plan).to(state.device)[:, None]
        heard = torch.zeros(state.shape[1], 1, device=state.device)
        at = 0
        while at < len(plan.starts):
            starts = plan.starts[at : at + self.batch]
            windows = torch.cat([state[:, s : s + plan.window] for s in starts])
            try:
                velocities = self._velocity(windows, time)
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
                self.batch = smaller_batch(len(starts), error)
                continue
            for start, found in zip(starts, velocities, strict=True):
                total[0, start : start + plan.window] += weight * found
                heard[start : start + plan.window] += weight
            at += len(starts)
            if self._on_window is not None:
                self._on_window(at, len(plan.starts))
        return total / heard


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the error is that of an allocator, on the CPU or a GPU."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    says = str(error).lower()
    return "out of memory" in says or "can't allocate memory" in says


def smaller_batch(batch: int, error: BaseException) -> int:
    """Half of a batch that did not fit; raises MixmendError when it was one window already."""
    import torch

    if batch <= 1:
        raise MixmendError(
            "memory ran out on a single window; close other programs or use engine dsp."
        ) from error
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return batch // 2


@dataclass(frozen=True)
class Chunk:
    """Samples [start, start + size) of a song in the published joining; `carry` are shared."""

    start: int
    size: int
    carry: int


def published_chunks(samples: int, size: int, carry: int) -> Iterator[Chunk]:
    """Chunks at a stride of `size - carry` until all `samples` are covered."""
    start = 0
    while True:
        yield Chunk(start, size, carry)
        if start + size >= samples:
            return
        start += size - carry


def crossfade_into(out: Tensor, piece: Tensor, chunk: Chunk) -> None:
    """Add `piece` (channels, size) to `out` (channels, samples) with a linear fade over the carry.

    What lies past the end of `out` is dropped.
    """
    import torch

    stop = min(chunk.start + chunk.size, out.shape[-1])
    piece = piece[:, : stop - chunk.start]
    fade = min(chunk.carry, piece.shape[-1]) if chunk.start else 0
    ramp = torch.linspace(0.0, 1.0, chunk.carry)[:fade]
    head = out[:, chunk.start : chunk.start + fade]
    out[:, chunk.start : chunk.start + fade] = head * (1 - ramp) + piece[:, :fade] * ramp
    out[:, chunk.start + fade : stop] = piece[:, fade:]
