"""A change of levels brought into a song: a filter for what lasts, gains for what does not."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.damage import rms
from mixmend.model.degrade import degrade
from mixmend.model.flow_render import Gains, apply_gains
from mixmend.model.mend_mel import BANDS, HOP, RATE_HZ, Mel, song_mel_db
from mixmend.model.mend_render import allowed_db, lasting_db, quantised_bits, rendered
from mixmend.tools.audio import Audio
from mixmend.tools.sound_distance import si_sdr_db
from tests.signals import music


def done(song: Audio, mel: Mel, change: Mel) -> Audio:
    return rendered(song, mel, change, (0, song.frames), 1.0, lambda _: None)


@pytest.mark.parametrize("kind", ["boom", "warm"])
def test_what_a_filter_did_is_undone_with_its_phase(kind: str) -> None:
    song = music(6)
    spoiled = degrade(song, kind, 3).audio
    mel = song_mel_db(spoiled)
    level = np.power(10.0, (song_mel_db(song) - mel) / 10)
    change = np.repeat(10 * np.log10(level.mean(axis=1, keepdims=True)), mel.shape[1], axis=1)
    change[1] = change[0]
    mended = done(spoiled, mel, change.astype(np.float32))
    gains = Gains(0.0, (change * (np.log(10) / 20)).astype(np.float32), HOP)
    own_phase = Audio(apply_gains(spoiled.samples, 0, RATE_HZ, gains, 1.0), RATE_HZ)
    better = si_sdr_db(song, mended)
    assert better > si_sdr_db(song, spoiled) + 12
    assert better > si_sdr_db(song, own_phase) + 12


def test_nothing_is_raised_where_there_is_nothing() -> None:
    levels = np.array([[[-160.0, -120.0, -60.0]]], dtype=np.float32)
    ten = np.full_like(levels, 10.0)
    assert allowed_db(levels, ten, 24).tolist() == [[[0.0, 10.0, 10.0]]]
    assert allowed_db(levels, ten, 16).tolist() == [[[0.0, 0.0, 10.0]]]
    assert lasting_db(ten, allowed_db(levels, ten, 16)).tolist() == [0.0, 0.0, 10.0]


def test_a_quiet_end_keeps_its_noise_of_quantisation() -> None:
    song = music(8)
    fading = song.samples.copy()
    fading[:, 4 * RATE_HZ :] = 0
    rng = np.random.default_rng(1)
    fading[:, 4 * RATE_HZ :] = rng.integers(-1, 2, fading[:, 4 * RATE_HZ :].shape) / 32768
    coarse = Audio((np.rint(fading * 32768) / 32768).astype(np.float32), RATE_HZ)
    mel = song_mel_db(coarse)
    change = np.zeros_like(mel)
    change[:, :, 60:] = 20.0
    louder = done(coarse, mel, change)
    end = slice(5 * RATE_HZ, 7 * RATE_HZ)
    was, now = (Audio(each.samples[:, end], RATE_HZ) for each in (coarse, louder))
    assert rms(now) < 3 * rms(was)
    assert rms(Audio(louder.samples[:, : 4 * RATE_HZ], RATE_HZ)) > 0.9 * rms(song)


def test_no_change_is_the_song_itself() -> None:
    song = music(4)
    mel = song_mel_db(song)
    assert done(song, mel, np.zeros_like(mel)) is song


def test_what_moves_and_what_the_side_alone_needs_is_no_filter() -> None:
    # A bed of noise, so that there is something to raise everywhere.
    bed = np.random.default_rng(3).standard_normal((2, 4 * RATE_HZ))
    song = Audio((music(4).samples + 1e-4 * bed).astype(np.float32), RATE_HZ)
    mel = song_mel_db(song)
    moving = np.zeros_like(mel)
    half = mel.shape[1] // 2
    moving[:, :half], moving[:, half : 2 * half] = 4.0, -4.0
    assert lasting_db(moving, moving).tolist() == [0.0] * BANDS
    gains = Gains(0.0, (moving * (np.log(10) / 20)).astype(np.float32), HOP)
    own_phase = apply_gains(song.samples, 0, RATE_HZ, gains, 1.0)
    assert np.allclose(done(song, mel, moving).samples, own_phase, atol=1e-5)
    side_only = np.zeros_like(mel)
    side_only[1] = 6.0
    wider = done(song, mel, side_only).samples
    assert np.abs(wider.mean(axis=0) - song.samples.mean(axis=0)).max() < 1e-4
    sides = (0.5 * (each[0] - each[1]) for each in (song.samples, wider))
    was, now = (float(np.sqrt(np.mean(np.square(side)))) for side in sides)
    assert 20 * np.log10(now / was) == pytest.approx(6.0, abs=0.3)


def test_sixteen_bits_are_seen() -> None:
    song = music(1)
    assert quantised_bits(song) == 24
    coarse = np.rint(song.samples * 32768) / np.float32(32768)
    assert quantised_bits(Audio(coarse.astype(np.float32), RATE_HZ)) == 16
