"""How far up a song reaches, and whether a lossy codec cut it off.

MP3, AAC and Vorbis encoders drop everything above an edge that follows the bit rate (LAME: about
11 kHz at 64 kbit/s, 17 at 128, 19 at 192). Such an edge falls by tens of decibels within a few
hundred hertz and nothing comes back above it; instruments, filters and dull recordings fall over
octaves. Edges near the top of the range are those of ordinary converters and are not claimed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mixmend.tools.long_term import FINE_STEP_HZ, FLOOR_DB, Array, LongTerm

# Contents this far under the strongest 100 Hz band are taken for nothing.
CONTENT_RANGE_DB = 90.0
_LOWEST_EDGE_HZ = 3000.0
_HIGHEST_EDGE_HZ = 20300.0
_HIGHEST_SHARE = 0.925
# Low edges are steep in hertz even when a plain filter made them.
_LEAST_DROP_DB = 16.0
_LEAST_LOW_DROP_DB = 26.0
_LOW_HZ = 9000.0
# The fall across the edge must stand out from the slope just under it by this factor.
_STEEPNESS = 3.0
_GOES_ON = 0.4
# The level of 16-bit dither in 100 Hz, with some room: flat noise under it is no content.
_DITHER_DB = -104.0


@dataclass(frozen=True)
class Bandwidth:
    """`bandwidth_hz`: highest frequency with content; `lossy_cutoff_hz`: a codec's edge, if seen.

    `drop_db` is how far the level falls there. `signal_hz` is where sound ends and the file's own
    noise floor begins, however faint that sound is: what a filter hid may still lie there.
    """

    bandwidth_hz: float | None
    lossy_cutoff_hz: float | None
    drop_db: float | None = None
    signal_hz: float = math.inf


def measure_bandwidth(spectrum: LongTerm) -> Bandwidth:
    """Bandwidth and codec edge from the long-term statistics; all None for silence."""
    levels = spectrum.fine_log_db[:-1]
    if spectrum.is_silent or levels.size < 8:
        return Bandwidth(None, None)
    edge = _edge(levels, spectrum.sample_rate_hz)
    floor_db = _floor_db(levels)
    signal_hz = _reach_hz(levels, floor_db)
    reach_hz = _reach_hz(levels, max(float(np.max(levels)) - CONTENT_RANGE_DB, floor_db))
    if edge is None:
        return Bandwidth(reach_hz, None, None, signal_hz)
    cutoff_hz, drop_db = edge
    return Bandwidth(min(reach_hz, cutoff_hz), cutoff_hz, drop_db, min(signal_hz, cutoff_hz))


def _floor_db(levels: Array) -> float:
    """What a band must exceed to hold sound: a flat, faint top of the spectrum is dither."""
    top = levels[-max(4, levels.size // 16) :]
    if np.ptp(top) < 6.0 and np.mean(top) < _DITHER_DB:
        return max(float(np.mean(top)) + 6.0, FLOOR_DB + 10)
    return FLOOR_DB + 10


def _reach_hz(levels: Array, threshold_db: float) -> float:
    above = np.flatnonzero(levels > threshold_db)
    return float((above[-1] + 1) * FINE_STEP_HZ) if above.size else FINE_STEP_HZ


def _edge(levels: Array, rate_hz: int) -> tuple[float, float] | None:
    """Frequency of the steepest fall and its depth, if it looks like a codec's."""
    highest = min(_HIGHEST_EDGE_HZ, _HIGHEST_SHARE * rate_hz / 2)
    best: tuple[float, float] | None = None
    for index in range(int(_LOWEST_EDGE_HZ / FINE_STEP_HZ), int(highest / FINE_STEP_HZ)):
        drop = _drop(levels, index)
        if drop is not None and (best is None or drop > best[1]):
            best = (index * FINE_STEP_HZ, drop)
    if best is None:
        return None
    return _refined(levels, best)


def _drop(levels: Array, index: int) -> float | None:
    """How far the level falls across `index`, or None when it does not look like an edge."""
    above = levels[index + 3 : index + 13]
    if above.size < 5:
        return None
    near = float(np.median(levels[index - 7 : index - 2]))
    far = float(np.median(levels[index - 17 : index - 12]))
    drop = near - float(np.median(above))
    slope_drop = max(0.0, far - near)  # over 1 kHz under the edge, as the fall across it is
    at_once = float(
        np.median(levels[index - 5 : index - 2]) - np.median(levels[index + 3 : index + 6])
    )
    comes_back = float(np.max(_smooth(levels[index + 3 :])))
    least = _LEAST_LOW_DROP_DB if index * FINE_STEP_HZ < _LOW_HZ else _LEAST_DROP_DB
    if drop < least or drop < _STEEPNESS * slope_drop or comes_back > near - 0.7 * drop:
        return None
    # A filter goes on falling where a codec has nothing left to lose.
    goes_on = float(np.median(above[:3]) - np.median(above[-3:]))
    return drop if at_once > 0.7 * drop and goes_on < _GOES_ON * drop else None


def _refined(levels: Array, edge: tuple[float, float]) -> tuple[float, float]:
    """The edge moved to where the level is half-way down."""
    index = round(edge[0] / FINE_STEP_HZ)
    near = float(np.median(levels[index - 7 : index - 2]))
    half = near - edge[1] / 2
    around = levels[index - 5 : index + 6]
    under = np.flatnonzero(around < half)
    first = index - 5 + int(under[0]) if under.size else index
    return first * FINE_STEP_HZ, edge[1]


def _smooth(levels: Array) -> Array:
    if levels.size < 5:
        return levels
    return np.convolve(levels, np.ones(5) / 5, mode="valid")
