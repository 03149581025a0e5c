"""The codec against the plain network: folded, in pieces, in tiles, the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mixmend.model.codec_oobleck import (
    PRECISIONS,
    WEIGHTS,
    OobleckCodec,
    build,
    load_codec,
    reach_of,
)
from mixmend.tools.audio import Audio
from mixmend.tools.errors import Cancelled, FileError
from tests.sonic_files import TINY_CODEC, write_codec

FRAMES = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codec")
    write_codec(folder)
    return folder


@pytest.fixture(scope="module")
def sound() -> Audio:
    rng = np.random.default_rng(0)
    return Audio((0.2 * rng.standard_normal((2, FRAMES * 2048))).astype(np.float32), 44100)


@pytest.fixture(scope="module")
def plain(folder: Path):
    model = build(TINY_CODEC).eval()
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model


def _worst(value: torch.Tensor, golden: torch.Tensor) -> float:
    return float((value - golden).abs().max() / golden.abs().max())


def test_tiles_equal_the_plain_network(folder: Path, sound: Audio, plain) -> None:
    codec = load_codec(folder)
    with torch.inference_mode():
        latents = plain.encode(torch.from_numpy(sound.samples)[None]).latent_dist.mode()[0].T
        wave = plain.decode(latents.T[None]).sample[0]
    for tile in (7, 25, 100):
        codec.tile = tile
        assert _worst(codec.encode(sound, FRAMES), latents) < 1e-5
        assert _worst(codec.decode(latents, 0, FRAMES), wave) < 1e-5
    part = codec.decode(latents, 20, 31)
    assert _worst(part, wave[:, 20 * 2048 : 31 * 2048]) < 1e-5


def test_the_stated_reach_is_needed_and_enough(folder: Path, sound: Audio) -> None:
    codec = load_codec(folder)
    reach = codec.reach
    assert reach == reach_of([2, 4, 4, 8, 8])
    latents = codec.encode(sound, FRAMES)
    near, far = latents.clone(), latents.clone()
    near[:30], far[: 30 - reach.decode] = 0, 0
    whole = codec.decode(latents, 30, 31)
    assert _worst(codec.decode(far, 30, 31), whole) < 1e-6
    assert _worst(codec.decode(near, 30, 31), whole) > 1e-4


def test_short_sound_is_followed_by_silence(folder: Path, sound: Audio) -> None:
    codec = load_codec(folder)
    short = Audio(sound.samples[:, :5000], 44100)
    padded = np.zeros((2, 10 * 2048), np.float32)
    padded[:, :5000] = short.samples
    assert torch.equal(codec.encode(short, 10), codec.encode(Audio(padded, 44100), 10))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_half_precision_is_used_only_where_it_holds(
    tmp_path: Path, sound: Audio, seed: int
) -> None:
    write_codec(tmp_path, seed)
    full, half = load_codec(tmp_path), load_codec(tmp_path, dtype="bf16")
    assert full.halves == "nothing"
    golden = full.encode(sound, FRAMES)
    wave = full.decode(golden, 0, FRAMES)
    # The limit for both ways; what runs in half precision is found out on another sound.
    assert float((half.encode(sound, FRAMES) - golden).norm() / golden.norm()) < 1e-2
    assert float((half.decode(golden, 0, FRAMES) - wave).norm() / wave.norm()) < 1e-2


def test_a_codec_that_half_precision_would_spoil_stays_in_full(tmp_path: Path) -> None:
    choices = set()
    for seed in range(4):
        write_codec(tmp_path, seed)
        choices.add(load_codec(tmp_path, dtype="bf16").halves)
    assert len(choices) > 1  # random codecs differ in what they bear
    assert choices <= {*PRECISIONS, "nothing"}


def test_more_cores_change_nothing(folder: Path, sound: Audio) -> None:
    codec = load_codec(folder)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            latents = codec.encode(sound, FRAMES)
            found.append((latents, codec.decode(latents, 0, FRAMES)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert _worst(found[1][0], found[0][0]) < 1e-5
    assert _worst(found[1][1], found[0][1]) < 1e-5


def test_work_can_be_stopped_between_layers(folder: Path, sound: Audio) -> None:
    codec: OobleckCodec = load_codec(folder)
    beats = 0

    def stop() -> None:
        nonlocal beats
        beats += 1
        if beats == 5:
            raise Cancelled("stopped.")

    codec.beat = stop
    with pytest.raises(Cancelled):
        codec.encode(sound, FRAMES)
    assert beats == 5


def test_what_does_not_fit_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"config\.json is missing"):
        load_codec(tmp_path)
    write_codec(tmp_path)
    tensors = load_file(folder / WEIGHTS)
    del tensors["decoder.conv2.weight_g"]
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(FileError, match=r"1 missing \(decoder\.conv2\.weight_g\)"):
        load_codec(tmp_path)
