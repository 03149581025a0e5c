"""The engine on tiny stand-ins: any sound in, the same shape out, and nothing where asked."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mixmend.model.channel_pairs import channel_pairs
from mixmend.model.codec_oobleck import load_codec
from mixmend.model.engine import Progress
from mixmend.model.flow_solver import integrate
from mixmend.model.sonic_config import HOP, tiny_config
from mixmend.model.sonic_engine import SonicEngine, parts_from_weights
from mixmend.model.sonic_load import load_sonic
from mixmend.model.sonic_pass import SonicParts, SonicSettings
from mixmend.model.sonic_velocity import Asked, SonicVelocity
from mixmend.tools.audio import Audio
from mixmend.tools.errors import Cancelled, UsageError
from mixmend.tools.region import Region
from mixmend.tools.resample import resample
from tests.signals import music
from tests.sonic_files import write_checkpoint, write_codec, write_weights

WINDOW = 24  # frames: 1.1 s


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> SonicParts:
    folder: Path = tmp_path_factory.mktemp("parts")
    write_checkpoint(folder, tiny_config(WINDOW, in_channels=4))
    write_codec(folder / "codec")
    return SonicParts(load_sonic(folder), load_codec(folder / "codec"))


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> SonicParts:
    """Parts with two blocks of each kind."""
    folder: Path = tmp_path_factory.mktemp("deep")
    config = replace(tiny_config(WINDOW, in_channels=4), num_layers=2, num_single_layers=2)
    write_checkpoint(folder, config)
    write_codec(folder / "codec")
    return SonicParts(load_sonic(folder), load_codec(folder / "codec"))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> SonicParts:
    """Parts whose velocity is zero everywhere."""
    folder: Path = tmp_path_factory.mktemp("still")
    write_checkpoint(folder, tiny_config(WINDOW, in_channels=4))
    write_codec(folder / "codec")
    parts = SonicParts(load_sonic(folder), load_codec(folder / "codec"))
    parts.model.net.transformer.proj_out.weight.data.zero_()
    parts.model.net.transformer.proj_out.bias.data.zero_()
    return parts


def _engine(parts: SonicParts, **settings) -> SonicEngine:
    return SonicEngine(lambda _beat: parts, SonicSettings(**{"steps": 2, **settings}))


@pytest.mark.parametrize("render", ["faithful", "delta", "generative"])
@pytest.mark.parametrize(
    ("channels", "rate_hz", "length_s"),
    [(1, 8000, 0.1), (2, 44100, 3.0), (2, 96000, 0.7), (6, 48000, 0.6), (8, 22050, 0.3)],
)
def test_any_sound_keeps_its_shape(
    parts: SonicParts, render, channels: int, rate_hz: int, length_s: float
) -> None:
    rng = np.random.default_rng(0)
    frames = round(length_s * rate_hz)
    audio = Audio((0.1 * rng.standard_normal((channels, frames))).astype(np.float32), rate_hz)
    done = _engine(parts, render=render).restore(audio, "make it brighter")
    assert done.samples.shape == audio.samples.shape
    assert done.sample_rate_hz == rate_hz
    assert np.all(np.isfinite(done.samples))
    assert not np.array_equal(done.samples, audio.samples)
    if channels == 6:
        assert np.array_equal(done.samples[3], audio.samples[3])  # low effects are left alone


@pytest.mark.parametrize("render", ["faithful", "delta"])
def test_a_flow_that_does_nothing_returns_the_recording(still: SonicParts, render) -> None:
    audio = resample(music(3.0), 48000)
    done = _engine(still, render=render).restore(audio, "wider")
    assert np.array_equal(done.samples, audio.samples)


def test_silence_gives_no_nonsense(parts: SonicParts) -> None:
    silence = Audio(np.zeros((2, 20000), np.float32), 44100)
    done = _engine(parts).restore(silence, "")
    assert not np.any(done.samples)


def test_strength_and_region_bound_the_change(parts: SonicParts) -> None:
    audio = music(4.0)
    engine = _engine(parts)
    assert engine.restore(audio, "less reverb", strength=0.0) is audio
    region = Region(1.5, 2.5)
    done = engine.restore(audio, "less reverb", region=region)
    inside = slice(round(1.6 * 44100), round(2.4 * 44100))
    outside = np.ones(audio.frames, bool)
    outside[round(1.5 * 44100) : round(2.5 * 44100) + 1] = False
    assert np.array_equal(done.samples[:, outside], audio.samples[:, outside])
    assert not np.array_equal(done.samples[:, inside], audio.samples[:, inside])
    full = engine.restore(audio, "less reverb")
    slight = engine.restore(audio, "less reverb", strength=0.1)
    assert np.std(slight.samples - audio.samples) < 0.3 * np.std(full.samples - audio.samples)


def test_delta_is_the_recording_plus_the_decoded_change(parts: SonicParts) -> None:
    audio = music(1.0)  # within one window
    codec, config = parts.codec, parts.model.config
    start = codec.encode(audio, config.window_frames)
    velocity = SonicVelocity(parts.model, Asked("less noise"))
    end = integrate(velocity, start[None], steps=3)[0]
    change = codec.decode(end, 0, WINDOW) - codec.decode(start, 0, WINDOW)
    golden = audio.samples + change[:, : audio.frames].numpy()
    done = _engine(parts, render="delta", steps=3).restore(audio, "less noise")
    assert np.max(np.abs(done.samples - golden)) < 1e-5
    decoded = _engine(parts, render="generative", steps=3).restore(audio, "less noise")
    assert (
        np.max(np.abs(decoded.samples - codec.decode(end, 0, WINDOW)[:, : audio.frames].numpy()))
        < 1e-5
    )


def test_published_joining_is_the_plain_loop(parts: SonicParts) -> None:
    audio = music(3.0)
    codec, config = parts.codec, parts.model.config
    size, carry = WINDOW * HOP, config.carry_frames * HOP
    golden = np.zeros((2, audio.frames + 2 * size), np.float32)
    carried = None
    for start in range(0, audio.frames - carry, size - carry):
        chunk = np.zeros((2, size), np.float32)
        piece = audio.samples[:, start : start + size]
        chunk[:, : piece.shape[1]] = piece
        latents = codec.encode(Audio(chunk, 44100), WINDOW)
        velocity = SonicVelocity(parts.model, Asked("wider"), carried)
        wave = codec.decode(integrate(velocity, latents[None], steps=2)[0], 0, WINDOW).numpy()
        ramp = np.linspace(0, 1, carry) if start else np.ones(carry)
        mixed = golden[:, start : start + carry] * (1 - ramp) + wave[:, :carry] * ramp
        golden[:, start : start + carry] = mixed
        golden[:, start + carry : start + size] = wave[:, carry:]
        carried = codec.encode(Audio(wave[:, -carry:], 44100), config.carry_frames)[None]
    done = _engine(parts, render="generative", joining="published").restore(audio, "wider")
    assert np.max(np.abs(done.samples - golden[:, : audio.frames])) < 1e-4


def test_same_sound_and_words_same_result_whatever_the_batch(parts: SonicParts) -> None:
    audio = music(3.0)
    first = _engine(parts, batch=1).restore(audio, "brighter", seed=1)
    again = _engine(parts, batch=1).restore(audio, "brighter", seed=2)
    batched = _engine(parts, batch=8).restore(audio, "brighter")
    assert np.array_equal(first.samples, again.samples)
    assert np.max(np.abs(first.samples - batched.samples)) < 1e-4


def test_progress_grows_and_names_steps_and_windows(parts: SonicParts) -> None:
    told: list[Progress] = []
    _engine(parts).restore(music(3.0), "brighter", on_progress=told.append)
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0.0
    assert fractions[-1] <= 1.0
    labels = " ".join(progress.label for progress in told)
    assert "step 2 of 2, window" in labels
    assert "encoding" in labels
    assert "rendering" in labels


@pytest.mark.parametrize("when", ["loading", "encoding", "step 2", "rendering"])
def test_work_can_be_cancelled_everywhere(parts: SonicParts, when: str) -> None:
    def stop(progress: Progress) -> None:
        if progress.label.startswith(when):
            raise Cancelled("stopped.")

    audio = music(2.5)
    engine = _engine(parts)
    with pytest.raises(Cancelled):
        engine.restore(audio, "brighter", on_progress=stop)
    # The engine is as good as new afterwards.
    assert np.all(np.isfinite(engine.restore(audio, "brighter").samples))
    block = parts.model.net.transformer.transformer_blocks[0]
    assert not block._forward_pre_hooks
    assert parts.codec.beat is None


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_cancelling_reaches_between_the_blocks_of_one_velocity(
    deep: SonicParts, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("mixmend.model.sonic_pass._BEAT_S", 0.0)
    net = deep.model.net.transformer
    done: list[int] = []
    hooks = [
        one.register_forward_hook(lambda *_: done.append(1))
        for one in (*net.transformer_blocks, *net.single_transformer_blocks)
    ]
    beats = 0

    def stop(progress: Progress) -> None:
        nonlocal beats
        beats += progress.label == "step 1 of 2"
        if beats == 1 + block:  # the first beat is the news of the step itself
            raise Cancelled("stopped.")

    try:
        with pytest.raises(Cancelled):
            _engine(deep).restore(music(1.0), "brighter", on_progress=stop)
    finally:
        for hook in hooks:
            hook.remove()
    assert len(done) == block - 1


def test_reading_the_words_can_be_cancelled(
    parts: SonicParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixmend.model.sonic_pass._BEAT_S", 0.0)
    where: list[str] = []

    def stop(_progress: Progress) -> None:
        names = {frame.function for frame in inspect.stack()}
        if "_encode" in names and "_together" in names:
            where.append("text")
            raise Cancelled("stopped.")

    with pytest.raises(Cancelled):
        _engine(parts).restore(music(1.0), "vocals and please", on_progress=stop)
    assert where == ["text"]


def test_loading_can_be_cancelled_and_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixmend.model.sonic_pass._BEAT_S", 0.0)
    write_weights(tmp_path, tiny_config(WINDOW, in_channels=4))
    monkeypatch.setenv("MIXMEND_WEIGHTS", str(tmp_path))
    engine = SonicEngine(parts_from_weights, SonicSettings(steps=1))
    audio = music(0.5)
    for beats in (5, 100):  # within the network's weights, and within the codec's
        left = beats

        def stop(_progress: Progress) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Cancelled("stopped.")

        with pytest.raises(Cancelled):
            engine.restore(audio, "brighter", on_progress=stop)
        assert engine._parts is None
    assert np.all(np.isfinite(engine.restore(audio, "brighter").samples))


@pytest.mark.parametrize("channels", [3, 4, 5, 6, 7, 8])
def test_pairs_of_a_surround_sound_are_changed_each_for_itself(
    parts: SonicParts, channels: int
) -> None:
    rng = np.random.default_rng(channels)
    noise = (0.1 * rng.standard_normal((channels, 9000))).astype(np.float32)
    engine = _engine(parts, steps=1, render="delta")
    done = engine.restore(Audio(noise, 48000), "brighter").samples
    heard: set[int] = set()
    for first, last in channel_pairs(channels):
        some = slice(first, last + 1)
        alone = engine.restore(Audio(noise[some], 48000), "brighter").samples
        assert np.array_equal(done[some], alone)
        assert not np.array_equal(alone, noise[some])
        heard |= {first, last}
    for channel in set(range(channels)) - heard:
        assert np.array_equal(done[channel], noise[channel])
    # Only the channel for low effects of 5.1 and 7.1 (and of 6.1) is left alone.
    assert set(range(channels)) - heard == ({3} if channels >= 6 else set())


def test_nonsense_is_refused(parts: SonicParts) -> None:
    with pytest.raises(UsageError, match="no rendering"):
        _engine(parts, render="magic")
    nine = Audio(np.zeros((9, 100), np.float32), 44100)
    with pytest.raises(UsageError, match="9 channels"):
        _engine(parts).restore(nine, "")


def test_settings_of_half_precision_hold_parity(parts: SonicParts, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tiny_config(WINDOW, in_channels=4))
    half = load_sonic(tmp_path, dtype="bf16")
    start = parts.codec.encode(music(1.0), WINDOW)
    full = integrate(SonicVelocity(parts.model, Asked("")), start[None], steps=2)
    near = integrate(SonicVelocity(half, Asked("")), start[None], steps=2)
    assert float((near - full).norm() / full.norm()) < 1e-2
    assert torch.isfinite(near).all()
