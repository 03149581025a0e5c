"""Before and after for listening: same loudness, so that louder does not pass for better."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixmend.agent.session import Session
from mixmend.tools.audio import Audio, Block, FloatArray, map_blocks


@dataclass(frozen=True)
class Previews:
    """Files to play; `after` is None while nothing was changed."""

    before: Path
    after: Path | None


def make_previews(session: Session, folder: Path) -> Previews:
    """Write FLAC previews of the source and the head, the louder one turned down to the other."""
    from mixmend.tools.writing import write_sound

    source, head = session.measurement(0).loudness, session.measurement().loudness
    number = session.version().number
    # Both are turned down alike until neither peak is over full scale.
    room_db = -max(0.0, source.true_peak_dbtp or 0.0, head.true_peak_dbtp or 0.0)
    was, now = source.integrated_lufs, head.integrated_lufs
    quieter = min(x for x in (was, now, 0.0) if x is not None)
    before = folder / f"before-{number}.flac"
    write_sound(before, _turned(session.audio(0), _down_db(was, quieter) + room_db))
    if number == 0:
        return Previews(before, None)
    after = folder / f"after-{number}.flac"
    write_sound(after, _turned(session.audio(), _down_db(now, quieter) + room_db))
    return Previews(before, after)


def _down_db(lufs: float | None, wanted: float) -> float:
    return 0.0 if lufs is None else wanted - lufs


def _turned(audio: Audio, gain_db: float) -> Audio:
    if gain_db == 0.0:
        return audio
    gain = np.float32(10 ** (gain_db / 20))

    def scale(samples: FloatArray, _block: Block) -> FloatArray:
        return samples * gain

    return map_blocks(audio, scale, context_s=0.0)
