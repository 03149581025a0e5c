"""Clipped, limited and coded versions of a song, and what measuring and repair make of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixmend.model.damage_codec import through_mp3
from mixmend.tools.audio import Audio, FloatArray
from mixmend.tools.clipping import find_clipping
from mixmend.tools.paper_error import paper_error, recovered_percent
from mixmend.tools.process.declip import declip
from mixmend.tools.process.limiter import limit
from mixmend.tools.resample import resample

# A frame counts as clipped when this many samples in a row were cut in one channel.
CUT_IN_A_ROW = 3
FORMS = ("16 bit", "24 bit", "MP3 128k", "Opus 96k")
BANDS_DB = ((1.0, 3.0), (3.0, 6.0), (6.0, 9.0), (9.0, 12.0))
DECLIP_GAINS = (2, 3, 5)
FRAME_S = 0.1

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """Frames of one case: rightly, wrongly and not found; `form` and `over_db` say of what."""

    form: str
    over_db: tuple[float, float]
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True)
class Innocent:
    """An unclipped version of a song and the share of its frames said to be clipped."""

    kind: str
    form: str
    share: float


@dataclass(frozen=True)
class Repaired:
    """Declipping after a gain of `gain`: change of SDR, share of the flatness error taken away."""

    gain: int
    sdr_gain_db: float
    recovered: float


def normalised(song: Audio) -> FloatArray:
    """The song at unit peak."""
    return np.asarray(song.samples / max(float(np.abs(song.samples).max()), 1e-9), np.float32)


def already_clipped(song: Audio) -> bool:
    """Whether two samples in a row sit at the peak: no ground truth can be had of it."""
    top = np.abs(normalised(song)) >= 0.9999
    return bool((top[:, 1:] & top[:, :-1]).any())


def clipped_cases(song: Audio, seed: int) -> Iterator[Found]:
    """One strength of each band, then a gain of -20 to 0 dB, in every form."""
    rng = np.random.default_rng(seed)
    for band in BANDS_DB:
        loud = normalised(song) * np.float32(10 ** (rng.uniform(*band) / 20))
        truth = cut_frames(loud, song.sample_rate_hz)
        later = 10 ** (rng.uniform(-20.0, 0.0) / 20)
        clipped = Audio((np.clip(loud, -1, 1) * later).astype(np.float32), song.sample_rate_hz)
        for form in FORMS:
            found = find_clipping(as_form(clipped, form)).clipped
            shared = min(found.size, truth.size)
            said, true = found[:shared], truth[:shared]
            counts = (said & true, said & ~true, ~said & true)
            yield Found(form, band, *(int(np.count_nonzero(flags)) for flags in counts))


def innocent_cases(song: Audio, seed: int) -> Iterator[Innocent]:
    """The song itself and loud limited masters of it, none of them clipped, in every form."""
    rng = np.random.default_rng(seed)
    whole = Audio(normalised(song) * np.float32(0.8), song.sample_rate_hz)
    loud = Audio(
        normalised(song) * np.float32(10 ** (rng.uniform(3, 12) / 20)), whole.sample_rate_hz
    )
    fast = limit(loud, ceiling_dbtp=-0.3, release_s=0.01, lookahead_s=0.001)
    for kind, master in (
        ("untouched", whole),
        ("limited", limit(loud, ceiling_dbtp=-1.0)),
        ("limited hard and fast", fast),
    ):
        for form in FORMS[1:]:
            found = find_clipping(as_form(master, form)).clipped
            yield Innocent(kind, form, float(np.mean(found)))


def repaired_cases(song: Audio) -> Iterator[Repaired]:
    """The published damage (gain, hard clip at 1) repaired, scored as the paper does."""
    for gain in DECLIP_GAINS:
        wanted = normalised(song) * np.float32(gain)
        damaged = np.clip(wanted, -1, 1)
        got = declip(Audio(damaged, song.sample_rate_hz)).samples
        clean = Audio(wanted, song.sample_rate_hz)
        before = paper_error("clip", clean, Audio(damaged, song.sample_rate_hz))
        after = paper_error("clip", clean, Audio(got, song.sample_rate_hz))
        yield Repaired(
            gain,
            _sdr_db(wanted, got) - _sdr_db(wanted, damaged),
            recovered_percent(after, before) / 100,
        )


def cut_frames(loud: FloatArray, rate_hz: int) -> Flags:
    """Which 100 ms frames of (channels, frames) have CUT_IN_A_ROW samples in a row over 1."""
    over = np.abs(loud) >= 1
    run = over[:, CUT_IN_A_ROW - 1 :].copy()
    for back in range(1, CUT_IN_A_ROW):
        run &= over[:, CUT_IN_A_ROW - 1 - back : over.shape[1] - back]
    frame = round(FRAME_S * rate_hz)
    ends = np.flatnonzero(run.any(axis=0))
    truth = np.zeros(-(-loud.shape[1] // frame), dtype=bool)
    truth[ends // frame] = True
    return truth


def as_form(audio: Audio, form: str) -> Audio:
    """`audio` as a 16 or 24-bit file or after lossy coding would give it."""
    if form == "MP3 128k":
        return through_mp3(audio, 128)
    if form == "Opus 96k":
        return through_opus(audio, 96)
    steps = np.float32(2 ** (int(form.split()[0]) - 1))
    return Audio(np.rint(audio.samples * steps) / steps, audio.sample_rate_hz)


def through_opus(audio: Audio, kbit_s: int) -> Audio:
    """Encoded to Opus and decoded, at 48 kHz, stereo or mono."""
    import av

    source = resample(audio, 48000)
    layout = "mono" if source.channels == 1 else "stereo"
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        track: Any = container.add_stream("libopus", rate=48000)
        track.layout = layout
        track.bit_rate = kbit_s * 1000
        packed = np.ascontiguousarray(np.clip(source.samples, -1, 1).T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    file.seek(0)
    with av.open(file, "r", format="ogg") as container:
        pieces = []
        for heard in container.decode(audio=0):
            array = np.asarray(heard.to_ndarray(), dtype=np.float32)
            planar = array.shape[0] == source.channels
            pieces.append(array if planar else array.reshape(-1, source.channels).T)
    samples = np.concatenate(pieces, axis=1)[:, : source.frames]
    return Audio(np.ascontiguousarray(samples), 48000)


def _sdr_db(wanted: FloatArray, got: FloatArray) -> float:
    error = float(np.sum(np.square(wanted - got, dtype=np.float64)))
    return float(10 * np.log10(np.sum(np.square(wanted, dtype=np.float64)) / max(error, 1e-12)))
