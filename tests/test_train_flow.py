"""The trainer: one iteration, one batch learnt by heart, and going on as if never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from mixmend.model.flow_solver import integrate
from mixmend.model.sonic_config import tiny_config
from mixmend.model.sonic_load import load_sonic
from mixmend.model.sonic_velocity import Asked, SonicVelocity
from mixmend.model.train_flow import (
    Batch,
    Example,
    FlowTrainer,
    TrainSettings,
    draw_batch,
    draw_u,
    learning_rate_at,
)
from mixmend.model.train_sonic import EncodedFolder, batch_velocity, export, trainable
from mixmend.tools.errors import FileError, UsageError
from tests.sonic_files import write_checkpoint

FEW = TrainSettings(
    steps=40, batch=4, learning_rate=2e-3, warmup_steps=5, seed=3, save_every=1000, drop_carried=0.5
)


class Toy(nn.Module):
    """A small network of state and time."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(5, 64), nn.SiLU(), nn.Linear(64, 4))

    def forward(self, state: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        moment = time[:, None, None].expand(*state.shape[:2], 1)
        return self.layers(torch.cat((state, moment), -1))


def _toy_velocity(network, state, time, batch):  # noqa: ARG001
    return network(state, time)


def _examples(count: int = 6) -> list[Example]:
    generator = torch.Generator().manual_seed(1)
    return [
        Example(
            torch.randn(8, 4, generator=generator), torch.randn(8, 4, generator=generator),
            f"request {i}", torch.randn(3, 4, generator=generator),
        )
        for i in range(count)
    ]  # fmt: skip


def test_u_has_the_published_density() -> None:
    u = draw_u(200_000, torch.Generator().manual_seed(0))
    # Half uniform, half with density 2 (1 - u): mean 5/12, a quarter's mass 0.5 / 4 + 0.5 * 7/16.
    assert float(u.mean()) == pytest.approx(5 / 12, abs=3e-3)
    assert float((u < 0.25).float().mean()) == pytest.approx(0.125 + 7 / 32, abs=4e-3)
    assert float(u.min()) >= 0
    assert float(u.max()) <= 1


def test_prompts_and_carried_sound_are_dropped_as_often_as_published() -> None:
    settings = TrainSettings(batch=20_000)
    batch = draw_batch(_examples(), settings, torch.Generator().manual_seed(0))
    empty = sum(prompt == "" for prompt in batch.prompts) / 20_000
    generic = sum(p != "" and not p.startswith("request") for p in batch.prompts) / 20_000
    dropped = sum(carried is None for carried in batch.carried) / 20_000
    assert (empty, generic) == (pytest.approx(0.1, abs=0.01), pytest.approx(0.1, abs=0.01))
    assert dropped == pytest.approx(0.75, abs=0.015)


def test_the_rate_rises_then_falls_to_zero() -> None:
    settings = TrainSettings(steps=100, warmup_steps=10, learning_rate=1.0)
    assert learning_rate_at(0, settings) == pytest.approx(0.1)
    assert learning_rate_at(9, settings) == pytest.approx(1.0)
    assert learning_rate_at(55, settings) == pytest.approx(0.5)
    assert learning_rate_at(100, settings) == 0.0


def test_stopping_and_going_on_is_not_stopping(tmp_path: Path) -> None:
    straight = [r.loss for r in FlowTrainer(Toy(), _toy_velocity, _examples(), FEW).train()]
    first = FlowTrainer(Toy(), _toy_velocity, _examples(), FEW, folder=tmp_path)
    losses = [record.loss for record in first.train(until=17)]
    torch.manual_seed(99)
    other = Toy()
    for value in other.parameters():
        value.data.normal_()  # whatever it starts from, the saved state counts
    second = FlowTrainer(other, _toy_velocity, _examples(), FEW, folder=tmp_path)
    assert second.step == 17
    losses += [record.loss for record in second.train()]
    assert losses == pytest.approx(straight, rel=1e-5)
    assert {p.name for p in tmp_path.iterdir()} == {"training.safetensors"}


def test_state_of_another_network_is_refused(tmp_path: Path) -> None:
    list(FlowTrainer(Toy(), _toy_velocity, _examples(), FEW, folder=tmp_path).train(until=1))
    with pytest.raises(FileError, match="another network"):
        FlowTrainer(nn.Linear(2, 2), _toy_velocity, _examples(), FEW, folder=tmp_path)
    with pytest.raises(UsageError, match="nothing to train on"):
        FlowTrainer(Toy(), _toy_velocity, [], FEW)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    write_checkpoint(folder, tiny_config(12, in_channels=4))
    return folder


def _sonic_examples() -> list[Example]:
    generator = torch.Generator().manual_seed(2)
    degraded, change = torch.randn(2, 12, 4, generator=generator)
    return [Example(degraded, degraded + change, "make it brighter", degraded[:4])]


def test_one_iteration_moves_every_part_of_the_network(checkpoint: Path) -> None:
    model = load_sonic(checkpoint)
    network = trainable(model.net.requires_grad_(True))
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    settings = replace(FEW, drop_carried=0.0, warmup_steps=1, drop_prompt=0.0, generic_prompt=0.0)
    velocity = batch_velocity(model.text, model.config)
    record = next(FlowTrainer(network, velocity, _sonic_examples(), settings).train())
    assert record.loss > 0
    still = [n for n, v in network.named_parameters() if torch.equal(v.detach(), before[n])]
    assert still == []


def test_every_parameter_has_a_gradient_when_no_sound_is_carried(checkpoint: Path) -> None:
    # Several processes wait for the gradients of all parameters.
    model = load_sonic(checkpoint)
    network = trainable(model.net.requires_grad_(True))
    velocity = batch_velocity(model.text, model.config)
    example = _sonic_examples()[0]
    batch = Batch(example.degraded[None], example.clean[None], ("wider",), (None,))
    velocity(network, batch.degraded, torch.ones(1), batch).square().sum().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []
    carried = model.net.audio_cond[0].weight.grad
    assert carried is not None
    assert not carried.any()


def test_one_batch_is_learnt_by_heart_exported_and_used(checkpoint: Path, tmp_path: Path) -> None:
    model = load_sonic(checkpoint)
    examples = _sonic_examples()
    settings = replace(
        FEW, steps=200, batch=2, drop_carried=1.0, drop_prompt=0.0, generic_prompt=0.0, ema=0.98,
        weight_decay=0.0, learning_rate=2e-3, warmup_steps=20,
    )  # fmt: skip
    network = trainable(model.net.requires_grad_(True))
    trainer = FlowTrainer(network, batch_velocity(model.text, model.config), examples, settings)
    losses = [record.loss for record in trainer.train()]
    assert losses[0] / (sum(losses[-5:]) / 5) > 100
    export(trainer, model.config, checkpoint / "model.safetensors", tmp_path)
    exported = load_sonic(tmp_path, text_folder=checkpoint / "text_encoder")
    velocity = SonicVelocity(exported, Asked("make it brighter"))
    restored = integrate(velocity, examples[0].degraded[None], steps=4)[0]
    clean = examples[0].clean
    left = float((restored - clean).norm() / (examples[0].degraded - clean).norm())
    assert left < 0.15


def test_an_empty_folder_of_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="pre-encoding"):
        EncodedFolder(tmp_path, 4)
