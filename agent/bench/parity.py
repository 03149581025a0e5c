"""The engine `sonicmaster` against answers of the published model, for any checkpoint folder.

The folder holds the published layout (`model.safetensors`, `config.json`, the text encoder's
folder), `cases.json` (settings by name) and `cases.safetensors` (`latents`, `cond_latents`,
`out.NAME`; `velocity.NAME` with one entry a step is compared too where it is there).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.agent.bench.table import Cell, Table
from mixmend.tools.errors import FileError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.sonic_load import SonicModel

NAME = "parity"
LIMIT = 1e-4


@dataclass(frozen=True)
class CaseResult:
    """Relative errors (Euclidean) of one case: of the whole run, and the worst of its steps."""

    name: str
    error: float
    change_error: float
    worst_step: float | None


def run(
    *,
    quick: bool = False,
    on_progress: Callable[[str], None] | None = None,
    checkpoint: Path | None = None,
) -> Table:
    """Every case of `checkpoint`; raises UsageError without a folder, FileError for a bad one."""
    if checkpoint is None:
        raise UsageError("bench parity needs a folder: `mixmend bench parity --checkpoint DIR`.")
    from mixmend.model.sonic_load import load_sonic

    cases, arrays = _read(checkpoint)
    model = load_sonic(checkpoint)
    results = []
    for name, settings in list(cases.items())[: 2 if quick else None]:
        if on_progress is not None:
            on_progress(name)
        results.append(_run_case(model, name, settings, arrays))
    return _table(results)


def _table(results: list[CaseResult]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (r.name, r.error, r.change_error, r.worst_step, r.error <= LIMIT) for r in results
    ]
    errors = {result.name: result.error for result in results}
    return Table(
        title="SonicMaster: difference from the published model's answers",
        columns=("case", "relative error", "of the change made", "worst step", "within 1e-4"),
        rows=tuple(rows),
        facts={"worst": max(errors.values()), "within 1e-4": max(errors.values()) <= LIMIT},
        also={"cases": errors},
    )


def _run_case(
    model: SonicModel, name: str, settings: Mapping[str, Any], arrays: Mapping[str, Tensor]
) -> CaseResult:
    import torch

    from mixmend.model.flow_solver import integrate
    from mixmend.model.sonic_velocity import Asked, SonicVelocity

    asked = Asked(
        settings["prompt"],
        float(settings.get("guidance_scale", 1.0)),
        float(settings.get("duration", 30.0)),
    )
    carried = arrays["cond_latents"] if settings.get("cond") else None
    velocity = SonicVelocity(model, asked, carried)
    start, golden = arrays["latents"], arrays[f"out.{name}"]
    steps = int(settings["num_inference_steps"])
    heard: list[Tensor] = []

    def listen(state: Tensor, time: float) -> Tensor:
        heard.append(velocity(state, time))
        return heard[-1]

    out = integrate(
        listen, start, steps=steps, method="rk4" if settings["solver"].lower() == "rk4" else "euler"
    )
    stored = arrays.get(f"velocity.{name}")
    if stored is None and len(heard) == 1:
        stored = (golden - start)[None]  # one step shows its velocity
    worst = None
    if stored is not None:
        shape = torch.stack(heard).shape
        worst = max(relative(a, b) for a, b in zip(heard, stored.reshape(shape), strict=True))
    return CaseResult(name, relative(out, golden), relative(out - start, golden - start), worst)


def relative(value: Tensor, golden: Tensor) -> float:
    """Euclidean norm of the difference over that of `golden`."""
    return float((value - golden).norm() / golden.norm().clamp(min=1e-30))


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors.torch import load_file

    for name in ("cases.json", "cases.safetensors"):
        if not (folder / name).exists():
            raise FileError(f"there is no {name} in {folder}; bench parity compares with it.")
    try:
        cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileError(f"{folder / 'cases.json'} is not JSON.") from error
    arrays = load_file(folder / "cases.safetensors")
    lacking = [name for name in cases if f"out.{name}" not in arrays]
    if lacking:
        raise FileError(f"{folder / 'cases.safetensors'} has no answer for {', '.join(lacking)}.")
    return cases, arrays
