"""The paper's errors: the statistics are the published ones, and damage shows in its own."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.degrade import KINDS, PUBLISHED_KINDS, degrade
from mixmend.tools import frames
from mixmend.tools import paper_error as errors
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError
from mixmend.tools.paper_error import (
    log_spectral_distance_db,
    paper_error,
    recovered_percent,
    share_cosine_distance,
    si_sdr_db,
)
from mixmend.tools.sound_distance import hum_distance, quiet_distance_db
from tests.signals import music

RATE = 44100


@pytest.fixture(scope="module")
def song() -> Audio:
    whole = music(4.3, RATE, seed=3)
    return Audio(whole.samples[:, : 4 * RATE + 777], RATE)


@pytest.fixture(scope="module")
def middle(song: Audio) -> np.ndarray:
    return np.asarray(song.samples.astype(np.float64).mean(axis=0))


def test_band_shares_are_those_of_librosa(song: Audio, middle: np.ndarray) -> None:
    import librosa

    power = np.abs(librosa.stft(middle, n_fft=2048, hop_length=512)) ** 2
    freqs = librosa.fft_frequencies(sr=RATE, n_fft=2048)
    dark = degrade(song, "dark", 1).audio
    dark_power = np.abs(librosa.stft(dark.samples.astype(np.float64).mean(axis=0), n_fft=2048)) ** 2
    high = (freqs >= 6000) & (freqs < RATE / 2)
    expected = abs(power[high].sum() / power.sum() - dark_power[high].sum() / dark_power.sum())
    assert paper_error("dark", song, dark) == pytest.approx(expected, rel=1e-6)


def test_statistics_are_the_published_ones(song: Audio, middle: np.ndarray) -> None:
    import librosa

    power = np.abs(librosa.stft(middle, n_fft=2048, hop_length=512)) ** 2
    flatness = np.mean(librosa.feature.spectral_flatness(S=power))
    assert errors.flatness(song) == pytest.approx(flatness, rel=1e-6)
    cut = librosa.util.frame(middle, frame_length=2048, hop_length=1024)
    spread = np.std(np.sqrt(np.mean(cut**2, axis=0)))
    assert errors.level_spread(song) == pytest.approx(spread, rel=1e-9)
    onsets = np.mean(librosa.onset.onset_strength(y=middle, sr=RATE))
    assert errors.onset_strength(song) == pytest.approx(onsets, rel=1e-6)
    assert errors.level(song) == pytest.approx(np.sqrt(np.mean(middle**2)), rel=1e-9)
    left, right = song.samples.astype(np.float64)
    ratio = np.sqrt(np.mean((left - right) ** 2) / np.mean((left + right) ** 2))
    assert errors.width(song) == pytest.approx(ratio, rel=1e-6)


def test_modulation_spectrum_is_the_published_one(song: Audio, middle: np.ndarray) -> None:
    from scipy.signal import stft

    _, _, spectrum = stft(middle, fs=RATE, nperseg=1024, noverlap=512)
    bands = np.abs(spectrum)
    bins = np.abs(np.fft.fft(bands - bands.mean(axis=1, keepdims=True), axis=1))[:, :20]
    assert np.allclose(errors.modulation_spectrum(song), bins / np.linalg.norm(bins), atol=1e-9)


def test_statistics_do_not_depend_on_blocks(song: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = (errors.flatness, errors.level_spread, errors.onset_strength, errors.width)
    whole = [figure(song) for figure in figures]
    modulation = errors.modulation_spectrum(song)
    monkeypatch.setattr(frames, "_FRAMES_AT_ONCE", 7)
    assert [figure(song) for figure in figures] == pytest.approx(whole, rel=1e-9)
    assert np.allclose(errors.modulation_spectrum(song), modulation, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_no_error_against_itself_and_some_after_damage(kind: str, song: Audio) -> None:
    damaged = degrade(song, kind, 1).audio
    assert paper_error(kind, song, song) == 0
    assert paper_error(kind, song, damaged) > 0


@pytest.mark.parametrize("kind", ["bright", "boom", "vocal", "dark", "warm"])
def test_half_the_damage_has_less_error(kind: str, song: Audio) -> None:
    name = "attenuation_db" if kind == "vocal" else "gain_db"
    sign = 1 if kind in ("vocal", "dark") else -1
    small, large = (
        paper_error(kind, song, degrade(song, kind, parameters={name: sign * size}).audio)
        for size in (6, 14)
    )
    assert small < large


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (48000, 2)])
def test_short_silent_and_other_rates_are_finite(kind: str, rate_hz: int, channels: int) -> None:
    silent = Audio(np.zeros((channels, rate_hz // 10), dtype=np.float32), rate_hz)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(silent.samples.shape).astype(np.float32)
    loud = Audio(np.float32(0.1) * noise, rate_hz)
    for clean, other in ((silent, loud), (loud, silent), (silent, silent)):
        assert np.isfinite(paper_error(kind, clean, other)), (kind, rate_hz)


def test_unknown_kind_is_refused(song: Audio) -> None:
    with pytest.raises(UsageError, match="choose from"):
        paper_error("melted", song, song)


def test_every_published_kind_has_an_error(song: Audio) -> None:
    short = Audio(song.samples[:, :RATE], RATE)
    assert len(PUBLISHED_KINDS) == 19
    assert all(paper_error(kind, short, short) == 0 for kind in PUBLISHED_KINDS)


def test_recovered_percent() -> None:
    assert recovered_percent(0.0, 2.0) == pytest.approx(100)
    assert recovered_percent(2.0, 2.0) == pytest.approx(0, abs=1e-6)
    assert recovered_percent(3.0, 2.0) == pytest.approx(-50)


def test_cosine_distance_ignores_nothing_but_level(song: Audio) -> None:
    quieter = Audio(song.samples * np.float32(0.1), RATE)
    assert share_cosine_distance(song, quieter) == pytest.approx(0, abs=1e-9)
    assert share_cosine_distance(song, degrade(song, "boom", 1).audio) > 1e-3


@pytest.mark.parametrize("snr_db", [0, 20, 60])
def test_si_sdr_of_known_noise(snr_db: int, song: Audio) -> None:
    rng = np.random.default_rng(2)
    clean = song.samples.astype(np.float64)
    noise = rng.standard_normal(clean.shape)
    noise -= clean * (np.sum(noise * clean) / np.sum(clean**2))
    noise *= np.sqrt(np.sum(clean**2) / np.sum(noise**2)) * 10 ** (-snr_db / 20)
    mixed = Audio((0.5 * (clean + noise)).astype(np.float32), RATE)
    assert si_sdr_db(song, mixed) == pytest.approx(snr_db, abs=0.05)
    assert si_sdr_db(song, song) == float("inf")


def test_log_spectral_distance_of_a_gain(song: Audio) -> None:
    quieter = Audio(song.samples * np.float32(10 ** (-6 / 20)), RATE)
    # Bands at the floor do not move, so the distance stays a little under the gain.
    assert 4.5 < log_spectral_distance_db(song, quieter) <= 6.0
    assert log_spectral_distance_db(song, song) == 0


def test_noise_shows_in_quiet_frames_and_hum_in_its_lines(song: Audio) -> None:
    hiss = degrade(song, "hiss", 1).audio
    assert quiet_distance_db(song, hiss) > log_spectral_distance_db(song, hiss)
    hum = degrade(song, "hum", parameters={"level_db": -20.0}).audio
    assert hum_distance(song, hiss) < 0.5 * hum_distance(song, hum)


def test_hum_distance_is_its_amplitude_re_the_song() -> None:
    rng = np.random.default_rng(3)
    noise = Audio((0.1 * rng.standard_normal((2, 8 * RATE))).astype(np.float32), RATE)
    hum = degrade(noise, "hum", parameters={"level_db": -20.0}).audio
    # The mean of two unlike channels is 3 dB lower than each, the hum in it is not.
    assert hum_distance(noise, hum) == pytest.approx(np.sqrt(2) * 0.1, rel=0.1)
