"""Bandwidth and codec edges: found for real MP3s, not claimed for filters or full-band sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from mixmend.tools.audio import Audio
from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import long_term
from tests.signals import music


def pink(duration_s: float, rate_hz: int = 44100, seed: int = 0) -> Audio:
    frames = round(duration_s * rate_hz)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((2, frames)), axis=1)
    wave = np.fft.irfft(spectrum / np.sqrt(1 + np.arange(spectrum.shape[1])), frames, axis=1)
    return Audio((0.3 * wave / np.max(np.abs(wave))).astype(np.float32), rate_hz)


def through_mp3(audio: Audio, kbit: int) -> Audio:
    """Encode with LAME and decode again, in memory."""
    import av

    store = io.BytesIO()
    with av.open(store, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=audio.sample_rate_hz)
        stream.layout = "stereo"
        stream.bit_rate = kbit * 1000
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(audio.samples), format="fltp", layout="stereo"
        )
        frame.sample_rate = audio.sample_rate_hz
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    store.seek(0)
    with av.open(store) as source:
        pieces = [frame.to_ndarray() for frame in source.decode(audio=0)]
    return Audio(np.concatenate(pieces, axis=1).astype(np.float32), audio.sample_rate_hz)


@pytest.mark.parametrize(("kbit", "edge_hz"), [(64, 11000), (128, 16800), (192, 18900)])
@pytest.mark.parametrize("source", [music(6.0), pink(5.0)], ids=["band", "pink"])
def test_edge_of_real_mp3_within_500_hz(source: Audio, kbit: int, edge_hz: float) -> None:
    found = measure_bandwidth(long_term(through_mp3(source, kbit)))
    assert found.lossy_cutoff_hz == pytest.approx(edge_hz, abs=500)
    assert found.bandwidth_hz == pytest.approx(edge_hz, abs=600)


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
def test_full_band_sound_has_no_edge(rate_hz: int) -> None:
    for audio in (music(5.0, rate_hz), pink(4.0, rate_hz)):
        found = measure_bandwidth(long_term(audio))
        assert found.lossy_cutoff_hz is None
    assert found.bandwidth_hz is not None
    assert found.bandwidth_hz > 0.95 * rate_hz / 2


@pytest.mark.parametrize(("order", "corner_hz"), [(1, 2000), (2, 4000), (4, 3000), (8, 6000)])
def test_dull_sound_is_not_called_lossy(order: int, corner_hz: float) -> None:
    bright = pink(5.0)
    sections = butter(order, corner_hz, fs=44100, output="sos")
    dull = Audio(sosfilt(sections, bright.samples).astype(np.float32), 44100)
    assert measure_bandwidth(long_term(dull)).lossy_cutoff_hz is None


def test_dither_is_no_content() -> None:
    rng = np.random.default_rng(0)
    bright = pink(5.0)
    sections = butter(8, 5000, fs=44100, output="sos")
    dull = sosfilt(sections, bright.samples)
    coarse = np.round(dull * 32767 + rng.uniform(-1, 1, dull.shape)) / 32767
    found = measure_bandwidth(long_term(Audio(coarse.astype(np.float32), 44100)))
    assert found.bandwidth_hz is not None
    assert 8000 < found.bandwidth_hz < 15000
    assert found.signal_hz < 15000


def test_silence_has_neither() -> None:
    found = measure_bandwidth(long_term(Audio(np.zeros((2, 44100), np.float32), 44100)))
    assert found.bandwidth_hz is None
    assert found.lossy_cutoff_hz is None
