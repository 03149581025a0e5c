"""Windows together and one after the other, against sums written out plainly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mixmend.model.flow_windows import (
    JointVelocity,
    crossfade_into,
    plan_windows,
    published_chunks,
    window_weight,
)
from mixmend.tools.errors import MixmendError


@pytest.mark.parametrize("frames", [1, 47, 48, 49, 60, 95, 96, 97, 500])
@pytest.mark.parametrize("overlap", [1, 16, 40])
def test_windows_cover_the_song_and_share_the_overlap(frames: int, overlap: int) -> None:
    plan = plan_windows(frames, 48, overlap)
    assert plan.starts[0] == 0
    assert plan.starts[-1] + plan.window == frames
    for left, right in zip(plan.starts, plan.starts[1:], strict=False):
        assert 0 < right - left <= 48 - overlap


def test_velocities_are_averaged_by_the_weight() -> None:
    plan = plan_windows(100, 48, 16)
    field = torch.Generator().manual_seed(0)
    state = torch.randn(1, 100, 3, generator=field)

    def velocity(windows: torch.Tensor, time: float) -> torch.Tensor:
        # Depends on the place in the window, as a network's answer does.
        return windows * time + torch.arange(windows.shape[1])[:, None]

    weight = window_weight(plan)
    golden = torch.zeros(100, 3)
    for frame in range(100):
        parts = [
            (weight[frame - s], state[0, frame] * 0.3 + (frame - s))
            for s in plan.starts
            if s <= frame < s + 48
        ]
        golden[frame] = sum(w * v for w, v in parts) / sum(w for w, _ in parts)
    for batch in (1, 2, 7):
        found = JointVelocity(velocity, plan, batch=batch)(state, 0.3)
        assert torch.allclose(found[0], golden, atol=1e-5)


def test_a_song_of_one_window_is_the_window() -> None:
    plan = plan_windows(30, 48, 16)
    state = torch.randn(1, 30, 2)
    assert torch.allclose(JointVelocity(lambda w, _t: 2 * w, plan)(state, 1.0), 2 * state)


def test_batches_shrink_when_memory_runs_out() -> None:
    plan = plan_windows(300, 48, 16)
    tried: list[int] = []

    def velocity(windows: torch.Tensor, _time: float) -> torch.Tensor:
        tried.append(windows.shape[0])
        if windows.shape[0] > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return windows

    joint = JointVelocity(velocity, plan, batch=8)
    state = torch.randn(1, 300, 2)
    assert torch.allclose(joint(state, 1.0), state, atol=1e-6)
    assert tried[:3] == [8, 4, 2]
    joint(state, 0.9)
    assert max(tried[3:]) == 2  # what was learnt is kept


def test_memory_for_not_even_one_window_is_a_sentence_and_other_errors_pass() -> None:
    plan = plan_windows(100, 48, 16)

    def full(_windows: torch.Tensor, _time: float) -> torch.Tensor:
        raise MemoryError

    with pytest.raises(MixmendError, match="memory ran out"):
        JointVelocity(full, plan, batch=4)(torch.zeros(1, 100, 2), 1.0)

    def broken(_windows: torch.Tensor, _time: float) -> torch.Tensor:
        raise RuntimeError("sizes do not match")

    with pytest.raises(RuntimeError, match="sizes"):
        JointVelocity(broken, plan, batch=4)(torch.zeros(1, 100, 2), 1.0)


@pytest.mark.parametrize("samples", [1, 90, 100, 101, 161, 400])
def test_published_chunks_add_up_to_the_song(samples: int) -> None:
    song = np.sin(np.arange(samples + 200) / 7).astype(np.float32)
    out = torch.zeros(1, samples)
    chunks = list(published_chunks(samples, 90, 30))
    assert [chunk.start for chunk in chunks] == [60 * i for i in range(len(chunks))]
    assert chunks[-1].start + 90 >= samples
    for chunk in chunks:
        piece = torch.from_numpy(song[chunk.start : chunk.start + 90])[None]
        crossfade_into(out, piece, chunk)
    assert np.allclose(out[0].numpy(), song[:samples], atol=1e-6)


def test_the_published_crossfade_is_linear() -> None:
    out = torch.zeros(1, 160)
    first, second = published_chunks(150, 90, 30)
    crossfade_into(out, torch.ones(1, 90), first)
    crossfade_into(out, torch.zeros(1, 90), second)
    assert torch.allclose(out[0, 60:90], torch.linspace(1, 0, 30), atol=1e-6)
    assert torch.all(out[0, :60] == 1)
    assert torch.all(out[0, 90:] == 0)
