"""How far a version has drifted from the song as it came, and when to say so.

Each pass leaves traces beside what it was asked for; many passes add up. The distance is taken
at matched level, so that loudness does not count as drift.
"""

from __future__ import annotations

import numpy as np

from mixmend.agent.records import Drift
from mixmend.tools.audio import Audio
from mixmend.tools.pair import make_pair

# A band this far under the loudest one at a moment is masked: what happens there is not heard.
_MASKED_DB = 45.0
_MOST_STEP_DB = 24.0
# Single repairs of badly damaged songs stay under these; see docs/conversation.md.
WARN_TEXTURE_DB = 4.5
MOST_TEXTURE_DB = 6.5


def measure_drift(source: Audio, version: Audio) -> Drift:
    """Level-matched distance of `version` (channels, frames) from `source`, in dB."""
    pair = make_pair(source, version)
    if not pair.active.any():
        return Drift(distance_db=0.0, tone_db=0.0, texture_db=0.0)
    was = pair.before.decibels()[:, pair.active].astype(np.float64)
    now = pair.after.decibels()[:, pair.active].astype(np.float64)
    heard = was > was.max(axis=0) - _MASKED_DB
    step = now - was
    step -= float(np.median(step[heard]))
    step = np.clip(step, -_MOST_STEP_DB, _MOST_STEP_DB)
    tone = np.array(
        [
            np.median(row[there]) if there.any() else 0.0
            for row, there in zip(step, heard, strict=True)
        ]
    )
    rest = step - tone[:, None]
    shares = heard.sum(axis=1) / heard.sum()
    return Drift(
        distance_db=_rms(step[heard]),
        tone_db=float(np.sqrt(np.sum(shares * tone**2))),
        texture_db=_rms(rest[heard]),
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0
