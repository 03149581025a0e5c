"""The report's pictures, drawn from the sound and its measurements: before and after, one scale."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixmend.tools.audio import Audio, blocks, release
from mixmend.tools.measurement import Measurement

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 1200
_BEFORE, _AFTER, _CLIPPED = "#8a8f98", "#0f6fb8", "#d1242f"
_DPI = 110


@dataclass(frozen=True)
class Plot:
    """One picture as PNG, with a title and a sentence that says how to read it."""

    title: str
    caption: str
    png: bytes


def draw_plots(before: Audio, after: Audio, was: Measurement, now: Measurement) -> tuple[Plot, ...]:
    """Waveform with clipped places, spectrogram, third octaves, loudness over time."""
    clipped = len(was.clipping.regions)
    return (
        Plot(
            "Waveform",
            "Above the song as it came, below the result. "
            + (f"Red: {clipped} places that were cut flat." if clipped else
               "No place was found cut flat."),
            _png(lambda figure: _waveform(figure, before, after, was, now), 4.2),
        ),
        Plot(
            "Spectrogram",
            "Low notes below, high ones above; bright is loud. Both on the same scale.",
            _png(lambda figure: _spectrograms(figure, before, after), 5.0),
        ),
        Plot(
            "Tone balance",
            "Average level in each third of an octave, against the whole sound.",
            _png(lambda figure: _third_octaves(figure, was, now), 3.2),
        ),
        Plot(
            "Loudness over time",
            "Short-term loudness (3 s) of both.",
            _png(lambda figure: _loudness(figure, was, now), 3.0),
        ),
    )  # fmt: skip


def _png(draw: Callable[[Figure], None], height_in: float) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _waveform(
    figure: Figure, before: Audio, after: Audio, was: Measurement, now: Measurement
) -> None:
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    for axis, audio, measured, color, name in (
        (axes[0], before, was, _BEFORE, "before"),
        (axes[1], after, now, _AFTER, "after"),
    ):
        low, high = envelope(audio)
        time_s = np.linspace(0, audio.duration_s, low.size)
        axis.fill_between(time_s, low, high, color=color, linewidth=0)
        for start, end in measured.clipping.regions:
            axis.axvspan(
                start, max(end, start + audio.duration_s / 800), color=_CLIPPED, alpha=0.45
            )
        axis.set_ylabel(name)
        axis.axhline(1, color="#cccccc", linewidth=0.6)
        axis.axhline(-1, color="#cccccc", linewidth=0.6)
        _clean(axis)
    axes[1].set_xlabel("time, s")


def envelope(audio: Audio) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest sample (over channels) in each of at most 1200 equal pieces."""
    piece = max(1, -(-audio.frames // _COLUMNS))
    low, high = [], []
    for block in blocks(audio, piece * 64):
        size = block.samples.shape[1]
        starts = np.arange(0, size, piece)
        low.append(np.minimum.reduceat(block.samples.min(axis=0), starts))
        high.append(np.maximum.reduceat(block.samples.max(axis=0), starts))
    return np.concatenate(low), np.concatenate(high)


def _spectrograms(figure: Figure, before: Audio, after: Audio) -> None:
    axes = figure.subplots(2, 1, sharex=True)
    pictures = [spectrogram_db(before), spectrogram_db(after)]
    top = max(float(np.percentile(picture, 99.8)) for picture in pictures)
    for axis, picture, audio, name in zip(
        axes, pictures, (before, after), ("before", "after"), strict=True
    ):
        highest = min(20000.0, audio.sample_rate_hz / 2)
        image = axis.imshow(
            picture, origin="lower", aspect="auto", cmap="magma", vmin=top - 80, vmax=top,
            extent=(0, audio.duration_s, 0, picture.shape[0]), interpolation="nearest",
        )  # fmt: skip
        ticks = [hz for hz in (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000) if hz <= highest]
        rows = picture.shape[0] * np.log(np.array(ticks) / 30.0) / np.log(highest / 30.0)
        axis.set_yticks(rows, [f"{hz / 1000:g}k" if hz >= 1000 else f"{hz}" for hz in ticks])
        axis.set_ylabel(f"{name}, Hz")
    axes[1].set_xlabel("time, s")
    figure.colorbar(image, ax=list(axes), label="dB", shrink=0.8)


def spectrogram_db(audio: Audio, rows: int = 200, columns: int = 900) -> NDArray[np.float32]:
    """Log-frequency spectrogram (rows, columns) in dB, 30 Hz up to 20 kHz or Nyquist."""
    from scipy.fft import rfft

    rate, size = audio.sample_rate_hz, 2048 if audio.sample_rate_hz <= 48000 else 4096
    if audio.frames < size:
        size = max(16, 1 << int(np.log2(max(16, audio.frames))))
    window = np.hanning(size).astype(np.float32)
    centres = np.linspace(0, max(0, audio.frames - size), columns).astype(int)
    power = np.empty((size // 2 + 1, columns), dtype=np.float32)
    for column, start in enumerate(centres):
        piece = np.asarray(audio.samples[:, start : start + size], dtype=np.float32)
        piece = np.pad(piece, ((0, 0), (0, size - piece.shape[1])))
        power[:, column] = (np.abs(rfft(piece * window, axis=1)) ** 2).mean(axis=0)
        if column % 20 == 19:
            # Looking here and there would keep all of a long song resident.
            release(audio.samples)
    release(audio.samples)
    highest = min(20000.0, rate / 2)
    edges = 30.0 * (highest / 30.0) ** (np.arange(rows + 1) / rows) / (rate / size)
    first = np.clip(edges[:-1].astype(int), 0, size // 2)
    last = np.maximum(first + 1, np.clip(edges[1:].astype(int), 0, size // 2 + 1))
    sums = np.concatenate([np.zeros((1, columns), np.float64), np.cumsum(power, axis=0)])
    mean = (sums[last] - sums[first]) / (last - first)[:, None]
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-10)), dtype=np.float32)


def _third_octaves(figure: Figure, was: Measurement, now: Measurement) -> None:
    axis = figure.subplots()
    for measured, color, name in ((was, _BEFORE, "before"), (now, _AFTER, "after")):
        pairs = [
            (float(hz), level)
            for hz, level in measured.spectrum.third_octave_db.items()
            if level is not None
        ]
        if pairs:
            hz, level = zip(*pairs, strict=True)
            axis.semilogx(hz, level, color=color, marker="o", markersize=3, label=name)
    axis.set_xticks(
        [31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000],
        ["31", "63", "125", "250", "500", "1k", "2k", "4k", "8k", "16k"],
    )
    axis.set_xlabel("frequency, Hz")
    axis.set_ylabel("dB re whole")
    axis.legend(frameon=False)
    _clean(axis)


def _loudness(figure: Figure, was: Measurement, now: Measurement) -> None:
    axis = figure.subplots()
    for measured, color, name in ((was, _BEFORE, "before"), (now, _AFTER, "after")):
        series = [np.nan if value is None else value for value in measured.timeline.short_term_lufs]
        axis.plot(measured.timeline.time_s, series, color=color, label=name)
    axis.set_xlabel("time, s")
    axis.set_ylabel("LUFS")
    axis.legend(frameon=False)
    _clean(axis)


def _clean(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.grid(visible=True, alpha=0.25)
