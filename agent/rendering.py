"""One run of an engine at any strength from 0 to 2."""

from __future__ import annotations

from mixmend.model.engine import Engine, OnProgress
from mixmend.tools.audio import Audio
from mixmend.tools.region import Region

MOST_STRENGTH = 2.0


def render(
    engine: Engine,
    audio: Audio,
    instruction: str,
    *,
    region: Region | None = None,
    strength: float = 1.0,
    steps: int | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Audio:
    """`engine.restore`, where a strength over 1 is a second helping within the same run.

    Engines know strengths of 0 to 1, and 1 is all they judge to be needed. Who still asks for
    more gets it from the same starting point, as one result that the guard judges as a whole.
    """
    done = engine.restore(
        audio,
        instruction,
        region=region,
        strength=min(1.0, strength),
        steps=steps,
        seed=seed,
        on_progress=on_progress,
    )
    if strength <= 1.0:
        return done
    return engine.restore(
        done,
        instruction,
        region=region,
        strength=min(MOST_STRENGTH, strength) - 1.0,
        steps=steps,
        seed=seed,
        on_progress=on_progress,
    )
