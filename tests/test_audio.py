"""Blocks: a walk through long sound must be the same as touching it as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.tools import audio as audio_module
from mixmend.tools.audio import Audio, Block, FloatArray, allocate, blocks, map_blocks
from tests.signals import music


def test_blocks_cover_everything_once_with_context() -> None:
    sound = music(2.0)
    cores = [block.core(block.samples) for block in blocks(sound, 10_000, 500)]
    assert np.array_equal(np.concatenate(cores, axis=1), sound.samples)
    second = list(blocks(sound, 10_000, 500))[1]
    assert (second.before, second.after) == (500, 500)


def test_map_blocks_equals_the_whole() -> None:
    sound = music(3.0)

    def smooth(samples: FloatArray, _block: Block) -> FloatArray:
        kernel = np.ones(101, dtype=np.float32) / 101
        return np.stack([np.convolve(row, kernel, mode="same") for row in samples]).astype("f4")

    whole = map_blocks(sound, smooth, block_s=100.0)
    pieces = map_blocks(sound, smooth, block_s=0.5, context_s=0.1)
    assert np.allclose(whole.samples, pieces.samples, atol=1e-6)


def test_long_sound_lives_in_a_scratch_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_module, "IN_MEMORY_SAMPLES", 1000)
    samples = allocate(2, 5000)
    samples[:] = np.arange(5000, dtype=np.float32)
    sound = Audio(samples, 8000)
    assert isinstance(samples.base, np.memmap) or isinstance(samples, np.memmap)
    audio_module.release(samples)
    doubled = map_blocks(sound, lambda x, _b: 2 * x, block_s=0.1, context_s=0.01)
    assert np.array_equal(doubled.samples[0], 2 * np.arange(5000, dtype=np.float32))
