"""Trains mendflow on a folder of music: a pack, the heads, then the flow around the tone head.

`train_from_config` reads a TOML file, does what is still to be done in its output folder, and
leaves a checkpoint there that engine `mendflow` loads. A stopped run goes on where it was.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from mixmend.model.corpus import Song, music_in, songs
from mixmend.model.engine import OnProgress, Progress
from mixmend.model.mend_examples import DrawnExamples, mend_velocity
from mixmend.model.mend_flow import MendFlow, load_flow, save_flow
from mixmend.model.mend_net import MendConfig, MendNet
from mixmend.model.mend_pack import Pack, make_pack
from mixmend.model.mend_room import RoomConfig, RoomHead
from mixmend.model.mend_room_train import RoomSettings, joined, room_examples, train_room
from mixmend.model.mend_strength import StrengthConfig, StrengthHead
from mixmend.model.mend_strength_train import StrengthSettings, train_strength, with_ears_of
from mixmend.model.mend_tone import ToneSettings, train_tone
from mixmend.model.train_flow import FlowTrainer, TrainSettings
from mixmend.tools.errors import InputError, UsageError

CHECKPOINT = "mendflow.safetensors"
OUR_MUSIC = "corpus"
_TONE, _STRENGTHS, _ROOM = "tone.safetensors", "strengths.safetensors", "room.safetensors"


class TrainConfig(BaseModel):
    """What `mixmend train --config` reads; every key but `music` and `output` may be left out.

    `music` is a folder, or "corpus" for the training part of the music of `make music`. `init` is a
    checkpoint to go on from; with it, `tone_steps`, `strength_steps` or `room_steps` 0 keeps its
    head as it is. Without it, 0 steps for the strength or room head leave that head out.
    """

    model_config = ConfigDict(extra="forbid")

    music: str
    output: Path
    clips: int = Field(2500, ge=1)
    steps: int = Field(20_000, ge=0)
    tone_steps: int = Field(5000, ge=0)
    strength_steps: int = Field(2000, ge=0)
    room_steps: int = Field(1500, ge=0)
    rooms: int = Field(2500, ge=1)
    batch: int = Field(16, ge=1)
    tone_batch: int = Field(128, ge=1)
    learning_rate: float = Field(4e-4, gt=0)
    warmup_steps: int = Field(200, ge=0)
    save_every: int = Field(250, ge=1)
    seed: int = 0
    init: Path | None = None
    window_frames: int = Field(256, ge=8)
    layers: int = Field(2, ge=1)
    single_layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    head_width: int = Field(512, ge=8)

    def sizes(self) -> MendConfig:
        """The network that is asked for."""
        return MendConfig(
            window_frames=self.window_frames, layers=self.layers, heads=self.heads,
            single_layers=self.single_layers, head_width=self.head_width,
        )  # fmt: skip


def read_config(path: Path) -> TrainConfig:
    """The configuration in a TOML file; raises UsageError that says what is wrong with it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}.") from error
    try:
        config = TrainConfig.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{path}: {key}: {first['msg'].lower()}.") from error
    if config.window_frames % MendConfig().patch:
        raise UsageError(f"{path}: window_frames: must be a multiple of {MendConfig().patch}.")
    return config


def train_from_config(path: Path, on_progress: OnProgress | None = None) -> Path:
    """Train as the TOML file says; where the checkpoint is. Paths in it are relative to it."""
    config = read_config(path)
    tell = on_progress or (lambda _: None)
    output = _from(path, config.output)
    output.mkdir(parents=True, exist_ok=True)
    init = load_flow(_from(path, config.init)) if config.init else None
    run = _Run(config, output, tell, init)
    music = _music(config, path)
    pack = run.pack(music)
    network = run.network()
    run.tone(network, pack)
    return run.flow(network, pack, run.strengths(network, pack), run.room(music))


@dataclass(frozen=True, eq=False)
class _Run:
    config: TrainConfig
    output: Path
    tell: OnProgress
    init: MendFlow | None

    def pack(self, music: tuple[Song, ...]) -> Pack:
        folder = self.output / "pack"
        if not (folder / "done").is_file():
            made = make_pack(
                music, folder, clips=self.config.clips, seed=self.config.seed,
                on_clip=lambda n, of: self.tell(Progress(0.2 * n / of, f"clip {n} of {of}")),
            )  # fmt: skip
            if not made:
                raise InputError("the music has no clip of 30 s that could be learnt from.")
            (folder / "done").touch()
        return Pack(folder)

    def network(self) -> MendNet:
        torch.manual_seed(self.config.seed)
        if self.init is None:
            return MendNet(self.config.sizes())
        network = self.init.network
        network.requires_grad_(True)
        return network

    def tone(self, network: MendNet, pack: Pack) -> None:
        config = self.config
        if self._kept(_TONE, network.tone) or not config.tone_steps:
            network.tone.requires_grad_(False).eval()
            return
        settings = ToneSettings(steps=config.tone_steps, batch=config.tone_batch, seed=config.seed)
        start = network.tone if self.init else None
        clips = range(len(pack.clips))
        for record, head in train_tone(pack, clips, network.config, settings, start):
            share = record.step / config.tone_steps
            self.tell(Progress(0.2 + 0.1 * share, f"tone {record.step}: {record.loss:.3f}"))
            network.tone.load_state_dict(head.state_dict())
        self._keep(_TONE, network.tone)
        # The flow is trained around a head that stays as it is.
        network.tone.requires_grad_(False).eval()

    def strengths(self, network: MendNet, pack: Pack) -> StrengthHead | None:
        config = self.config
        old = None if self.init is None else self.init.strengths
        sizes = old.config if old else StrengthConfig(width=network.config.head_width)
        if not config.strength_steps:
            return old
        head = StrengthHead(sizes)
        if self._kept(_STRENGTHS, head):
            return head
        settings = StrengthSettings(
            steps=config.strength_steps, batch=config.tone_batch, seed=config.seed
        )
        start = old or with_ears_of(network.tone, sizes)
        clips = range(len(pack.clips))
        for record, found in train_strength(pack, clips, sizes, settings, start):
            share = record.step / config.strength_steps
            self.tell(Progress(0.3 + 0.1 * share, f"strengths {record.step}: {record.loss:.3f}"))
            head = found
        self._keep(_STRENGTHS, head)
        return head

    def room(self, music: tuple[Song, ...]) -> RoomHead | None:
        config = self.config
        if not config.room_steps:
            return None if self.init is None else self.init.room
        start = None if self.init is None else self.init.room
        head = RoomHead(start.config if start else RoomConfig())
        if self._kept(_ROOM, head):
            return head
        usable = [song for song in music if not song.clipped and not song.mono] or music
        found = []
        for number, example in enumerate(room_examples(usable, config.rooms, config.seed)):
            found.append(example)
            share = (number + 1) / config.rooms
            self.tell(Progress(0.4 + 0.05 * share, f"room {number + 1} of {config.rooms}"))
        settings = RoomSettings(steps=config.room_steps, seed=config.seed)
        for record, better in train_room(joined(found), head.config, settings, start):
            share = record.step / config.room_steps
            self.tell(Progress(0.45 + 0.05 * share, f"rooms {record.step}: {record.left:.2f}"))
            head = better
        self._keep(_ROOM, head)
        return head

    def _kept(self, name: str, head: nn.Module) -> bool:
        """Fill a head with what an earlier run kept of it; False where there is nothing."""
        from safetensors.torch import load_file

        kept = self.output / name
        if kept.is_file():
            head.load_state_dict(load_file(kept))
            head.eval()
        return kept.is_file()

    def _keep(self, name: str, head: nn.Module) -> None:
        from safetensors.torch import save_file

        # Every process of a run on several GPUs trains the same head and keeps it.
        part = self.output / f"{name}.{os.getpid()}.part"
        save_file(head.state_dict(), part)
        part.replace(self.output / name)

    def flow(
        self,
        network: MendNet,
        pack: Pack,
        strengths: StrengthHead | None,
        room: RoomHead | None,
    ) -> Path:
        config = self.config
        settings = TrainSettings(
            steps=config.steps, batch=config.batch, learning_rate=config.learning_rate,
            warmup_steps=config.warmup_steps, save_every=config.save_every, seed=config.seed,
            drop_prompt=0.0, generic_prompt=0.0, drop_carried=0.0, balance=0.2,
        )  # fmt: skip
        accelerator = _accelerator()
        if accelerator is not None:
            network.to(accelerator.device)
        examples = DrawnExamples(pack, range(len(pack.clips)), network.config.window_frames)
        trainer = FlowTrainer(
            network, mend_velocity, examples, settings, folder=self.output, accelerator=accelerator
        )
        checkpoint = self.output / CHECKPOINT
        losses: list[float] = []
        for record in trainer.train():
            losses = [*losses[-99:], record.loss]
            mean = sum(losses) / len(losses)
            share = record.step / max(1, config.steps)
            self.tell(Progress(0.5 + 0.5 * share, f"step {record.step}: {mean:.3f}"))
        if accelerator is None or accelerator.is_main_process:
            facts = {"steps": trainer.step, "clips": len(pack.clips), "seed": config.seed}
            weights = {**network.state_dict(), **trainer.averaged()}
            save_flow(weights, network.config, facts, checkpoint, room=room, strengths=strengths)
        return checkpoint


def _music(config: TrainConfig, path: Path) -> tuple[Song, ...]:
    if config.music == OUR_MUSIC:
        return songs("train")
    return music_in(_from(path, Path(config.music)))


def _from(config: Path, named: Path) -> Path:
    named = named.expanduser()
    return named if named.is_absolute() else config.resolve().parent / named


def _accelerator() -> Any:
    """The accelerator of `accelerate launch`; None in a plain run on a CPU."""
    if "LOCAL_RANK" not in os.environ and not torch.cuda.is_available():
        return None
    from accelerate import Accelerator

    return Accelerator()
