"""Trains a flow: the velocity from degraded to clean, by the published recipe; any network.

On x = (1-u) degraded + u clean, called with time 1 - u, the network learns clean - degraded. Every
step draws from its own seed, so a run that stopped and went on gives the same curve as one that
did not. State is saved as safetensors; nothing is pickled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.tools.errors import FileError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

GENERIC_PROMPTS = (
    "Make this sound better!",
    "Please improve the quality of this recording.",
    "Fix whatever is wrong with the sound.",
    "Polish this mix.",
)
_STATE = "training.safetensors"


@dataclass(frozen=True)
class TrainSettings:
    """The published recipe by default; `ema` 0 keeps no averaged copy of the weights.

    `balance` above 0 divides the square error of an example by `balance` plus the mean size of its
    change, so that large changes do not drown small ones.
    """

    steps: int = 100_000
    batch: int = 16
    learning_rate: float = 5e-4
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 1e-2
    warmup_steps: int = 1000
    uniform_share: float = 0.5
    drop_prompt: float = 0.1
    generic_prompt: float = 0.1
    drop_carried: float = 0.75
    clip_norm: float = 1.0
    balance: float = 0.0
    ema: float = 0.999
    seed: int = 0
    save_every: int = 1000


@dataclass(frozen=True, eq=False)
class Example:
    """Latents (frames, channels) before and after damage, the request, and the sound before."""

    degraded: Tensor
    clean: Tensor
    prompt: str
    carried: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples as drawn for one step: `degraded` and `clean` (batch, frames, channels), words."""

    degraded: Tensor
    clean: Tensor
    prompts: tuple[str, ...]
    carried: tuple[Tensor | None, ...]


# The network's velocity at states (batch, frames, channels) and times (batch,), for a batch.
BatchVelocity = Callable[["nn.Module", "Tensor", "Tensor", Batch], "Tensor"]


@dataclass(frozen=True)
class StepRecord:
    """One step: its number, its loss (mean square), and the learning rate it was taken with."""

    step: int
    loss: float
    learning_rate: float


def draw_u(count: int, generator: torch.Generator, uniform_share: float = 0.5) -> Tensor:
    """Places (count,) between degraded (0) and clean (1): uniform, mixed with density 2 (1 - u)."""
    import torch

    flat = torch.rand(count, generator=generator)
    falling = 1 - torch.sqrt(1 - torch.rand(count, generator=generator))
    chosen = torch.rand(count, generator=generator) < uniform_share
    return torch.where(chosen, flat, falling)


def learning_rate_at(step: int, settings: TrainSettings) -> float:
    """Rises for the warm-up steps, then falls in a straight line to zero at the last step."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    left = (settings.steps - step) / max(1, settings.steps - settings.warmup_steps)
    return settings.learning_rate * max(0.0, left)


class FlowTrainer:
    """Trains `network` on `examples`; `accelerator` (of `accelerate`) spreads it over GPUs.

    `folder` is where the state is saved and found again; without it nothing is saved.
    """

    def __init__(
        self,
        network: nn.Module,
        velocity: BatchVelocity,
        examples: Sequence[Example],
        settings: TrainSettings,
        *,
        folder: Path | None = None,
        accelerator: Any = None,
    ) -> None:
        import torch

        if not examples:
            raise UsageError("there is nothing to train on; give at least one example.")
        self.settings, self._velocity, self._examples = settings, velocity, examples
        self._folder, self._accelerator = folder, accelerator
        self.step = 0
        self.network = network
        self._names = [n for n, p in network.named_parameters() if p.requires_grad]
        parameters = [p for p in network.parameters() if p.requires_grad]
        self._optimizer: Any = torch.optim.AdamW(
            parameters, lr=settings.learning_rate, betas=settings.betas,
            weight_decay=settings.weight_decay,
        )  # fmt: skip
        self._parameters = parameters
        self._average = [p.detach().clone() for p in parameters] if settings.ema else []
        self._running: Any = network
        if accelerator is not None:
            self._running, self._optimizer = accelerator.prepare(network, self._optimizer)
        if folder is not None and (folder / _STATE).exists():
            self._resume(folder / _STATE)

    def train(self, until: int | None = None) -> Iterator[StepRecord]:
        """Take steps up to `until` (by default all); each is given as it is done."""
        until = self.settings.steps if until is None else min(until, self.settings.steps)
        while self.step < until:
            yield self._take_step()
            if self._folder is not None and (
                self.step % self.settings.save_every == 0 or self.step == until
            ):
                self.save(self._folder)

    def averaged(self) -> dict[str, Tensor]:
        """The weights to use: their running average, or themselves where none is kept."""
        values = self._average or [p.detach() for p in self._parameters]
        return {name: value.clone() for name, value in zip(self._names, values, strict=True)}

    def _take_step(self) -> StepRecord:
        import torch

        settings = self.settings
        rank = 0 if self._accelerator is None else int(self._accelerator.process_index)
        generator = torch.Generator().manual_seed(
            (settings.seed * 1_000_003 + self.step) * 1009 + rank
        )
        batch = draw_batch(self._examples, settings, generator)
        device = self._parameters[0].device
        degraded, clean = batch.degraded.to(device), batch.clean.to(device)
        u = draw_u(len(degraded), generator, settings.uniform_share).to(device)
        state = degraded + u[:, None, None] * (clean - degraded)
        rate = learning_rate_at(self.step, settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        found = self._velocity(self._running, state, 1 - u, batch)
        change = clean - degraded
        errors = torch.mean((found - change) ** 2, dim=(1, 2))
        if settings.balance:
            errors = errors / (settings.balance + change.abs().mean(dim=(1, 2)))
        loss = errors.mean()
        self._optimizer.zero_grad(set_to_none=True)
        if self._accelerator is None:
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self._parameters, settings.clip_norm)
        else:
            self._accelerator.backward(loss)
            self._accelerator.clip_grad_norm_(self._parameters, settings.clip_norm)
        self._optimizer.step()
        # The average follows quickly at first, when there is little to average.
        keep = min(settings.ema, (1 + self.step) / (10 + self.step))
        for average, value in zip(self._average, self._parameters, strict=False):
            average.lerp_(value.detach(), 1 - keep)
        self.step += 1
        return StepRecord(self.step, float(loss.detach()), rate)

    def save(self, folder: Path) -> None:
        """Write weights, their average and the optimizer's state, whole or not at all."""
        from safetensors.torch import save_file

        if self._accelerator is not None and not self._accelerator.is_main_process:
            return
        folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        for index, (name, value) in enumerate(zip(self._names, self._parameters, strict=True)):
            tensors[f"weight.{name}"] = value.detach()
            if self._average:
                tensors[f"average.{name}"] = self._average[index]
            for key, held in self._optimizer.state.get(value, {}).items():
                tensors[f"optimizer.{key}.{name}"] = held
        tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
        header = {"step": str(self.step), "settings": json.dumps(asdict(self.settings))}
        temporary = folder / f"{_STATE}.new"
        save_file(tensors, temporary, metadata=header)
        temporary.replace(folder / _STATE)

    def _resume(self, path: Path) -> None:
        from safetensors import safe_open

        with safe_open(path, framework="pt") as stored:
            header = stored.metadata()
            names = set(stored.keys())
            lacking = [name for name in self._names if f"weight.{name}" not in names]
            if lacking:
                raise FileError(f"{path} is of another network: it has no {lacking[0]}.")
            self.step = int(header["step"])
            for index, (name, value) in enumerate(zip(self._names, self._parameters, strict=True)):
                value.data.copy_(stored.get_tensor(f"weight.{name}"))
                if self._average and f"average.{name}" in names:
                    self._average[index].copy_(stored.get_tensor(f"average.{name}"))
                state = {
                    key: stored.get_tensor(f"optimizer.{key}.{name}")
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"optimizer.{key}.{name}" in names
                }
                # AdamW keeps its count on the CPU and its averages beside the weights.
                if state:
                    self._optimizer.state[value] = {
                        key: held if key == "step" else held.to(value.device)
                        for key, held in state.items()
                    }


def draw_batch(
    examples: Sequence[Example], settings: TrainSettings, generator: torch.Generator
) -> Batch:
    """Examples at random, prompts now and then emptied or made generic, carried sound dropped."""
    import torch

    chosen = torch.randint(len(examples), (settings.batch,), generator=generator).tolist()
    picked = [examples[index] for index in chosen]
    lots = torch.rand(settings.batch, 3, generator=generator).tolist()
    prompts, carried = [], []
    for example, (for_prompt, for_generic, for_carried) in zip(picked, lots, strict=True):
        prompt = example.prompt
        if for_prompt < settings.drop_prompt:
            prompt = ""
        elif for_prompt < settings.drop_prompt + settings.generic_prompt:
            prompt = GENERIC_PROMPTS[int(for_generic * len(GENERIC_PROMPTS))]
        prompts.append(prompt)
        carried.append(None if for_carried < settings.drop_carried else example.carried)
    return Batch(
        torch.stack([example.degraded for example in picked]),
        torch.stack([example.clean for example in picked]),
        tuple(prompts),
        tuple(carried),
    )
