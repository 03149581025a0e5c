"""One engine pass, or one damage, from file to file: no agent and no verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixmend.agent.finish import file_sha256
from mixmend.agent.outputs import check_holds, check_out
from mixmend.model.engine import OnProgress
from mixmend.model.engines import get_engine
from mixmend.tools.audio import Audio, blocks
from mixmend.tools.measurement import Record, Span
from mixmend.tools.region import Region, region_within

if TYPE_CHECKING:
    from mixmend.tools.writing import BitDepth


class Restored(Record):
    """What one pass was; `limited` says that peaks had to be held to fit into the file."""

    path: str
    sha256: str
    engine: str
    instruction: str
    region: Span | None
    strength: float
    seed: int
    limited: bool


def restore_file(
    file: Path,
    out: Path,
    *,
    instruction: str,
    engine: str,
    region: Span | None = None,
    strength: float = 1.0,
    steps: int | None = None,
    seed: int = 0,
    bit_depth: BitDepth = "24",
    render: str | None = None,
    joining: str | None = None,
    on_progress: OnProgress | None = None,
) -> Restored:
    """Run one engine over a file. Raises InputError for bad files, engines or regions."""
    from mixmend.tools.process.limiter import limit
    from mixmend.tools.reading import read_sound
    from mixmend.tools.writing import write_sound

    chosen = get_engine(engine, render=render, joining=joining)
    check_out(file, out)
    sound = read_sound(file)
    check_holds(out, sound.audio, bit_depth)
    place = None if region is None else region_within(Region(*region), sound.audio.duration_s)
    audio = chosen.restore(
        sound.audio, instruction, region=place, strength=strength, steps=steps, seed=seed,
        on_progress=on_progress,
    )  # fmt: skip
    # A file cannot hold more than full scale: better limited than cut flat.
    limited = bit_depth != "32f" and _peak(audio) > 1.0
    if limited:
        audio = limit(audio, ceiling_dbtp=-1.0)
    write_sound(out, audio, like=sound.info, bit_depth=bit_depth, seed=seed)
    return Restored(
        path=str(out.resolve()), sha256=file_sha256(out), engine=engine, instruction=instruction,
        region=region, strength=strength, seed=seed, limited=limited,
    )  # fmt: skip


def degrade_file(
    file: Path, out: Path, *, kind: str, seed: int = 0, bit_depth: BitDepth = "24"
) -> dict[str, Any]:
    """Damage a file; returns kind, seed, parameters and the request that asks for its repair."""
    from mixmend.model.degrade import KINDS, degrade
    from mixmend.tools.errors import UsageError
    from mixmend.tools.reading import read_sound
    from mixmend.tools.writing import write_sound

    if kind not in KINDS:
        raise UsageError(f"there is no damage {kind!r}; choose one of {', '.join(KINDS)}.")
    check_out(file, out)
    sound = read_sound(file)
    check_holds(out, sound.audio, bit_depth)
    degraded = degrade(sound.audio, kind, seed)
    write_sound(out, degraded.audio, like=sound.info, bit_depth=bit_depth, seed=seed)
    damage = degraded.damage
    return {
        "kind": damage.kind,
        "seed": damage.seed,
        "parameters": dict(damage.parameters),
        "instruction": damage.instruction,
        "path": str(out.resolve()),
    }


def _peak(audio: Audio) -> float:
    return max(
        (float(np.max(np.abs(block.samples))) for block in blocks(audio, 1 << 20)), default=0.0
    )
