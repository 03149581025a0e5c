"""The trained flow of mendflow: its weights, and what it does to the levels of a song."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mixmend.model.flow_solver import integrate
from mixmend.model.flow_windows import JointVelocity, plan_windows
from mixmend.model.mend_mel import BANDS, SIDES, Mel, as_heard
from mixmend.model.mend_net import DB, MendConfig, MendNet, ToneHead, to_state
from mixmend.model.mend_room import RoomConfig, RoomHead
from mixmend.model.mend_stats import as_features, shift_db, song_stats
from mixmend.model.mend_strength import StrengthConfig, StrengthHead
from mixmend.model.mend_text import sentence_vectors
from mixmend.tools.errors import FileError

_CONFIG, _FACTS = "config", "training"
_TONE = "tone."
# Heads that a checkpoint may be without; their sizes are in the header under these names.
_ROOM, _STRENGTHS = "room", "strengths"
_BATCH = 4


@dataclass(frozen=True, eq=False)
class MendFlow:
    """The heads, ready to run; how the whole network is built; what is known of them.

    The transformer is built when it is first asked for: its library takes seconds to import. A
    checkpoint may be without a room head or a strength head.
    """

    tone: ToneHead
    build: Callable[[], MendNet]
    sha256: str
    facts: Mapping[str, object]
    room: RoomHead | None = None
    strengths: StrengthHead | None = None

    @cached_property
    def network(self) -> MendNet:
        """The tone head and the flow around it; raises FileError when the weights do not fit."""
        return self.build()

    def tone_db(self, mel_db: Mel, request: str) -> Mel:
        """The gain (2, 1, 96) in dB that the tone head alone gives the whole of a song."""
        features = torch.from_numpy(as_features(song_stats(as_heard(mel_db))))[None]
        text = torch.from_numpy(sentence_vectors(request).sum(axis=0))[None]
        with torch.inference_mode():
            gains = self.tone(features, text)[0][0]
        return np.asarray(gains.numpy()[:, None] * np.float32(DB), dtype=np.float32)

    def change_db(
        self, mel_db: Mel, request: str, steps: int, on_share: Callable[[float], None] | None = None
    ) -> Mel:
        """What the request does to levels (2, frames, 96): the change in dB, same shape.

        Without `steps` it is what the tone head says, the same in every frame.
        """
        if steps < 1:
            return np.repeat(self.tone_db(mel_db, request), mel_db.shape[1], axis=1)
        heard = as_heard(mel_db)
        stats = song_stats(heard)
        start = to_state(torch.from_numpy(heard), shift_db(stats))[None]
        frames = start.shape[1]
        window, patch = self.network.config.window_frames, self.network.config.patch
        # A short sound, or one that is no whole number of tokens, goes on as it ended.
        missing = max(patch, min(window, -(-frames // patch) * patch)) - frames
        if frames > window:
            missing = 0
        if missing > 0:
            start = torch.cat([start, start[:, -1:].expand(-1, missing, -1)], dim=1)
        features = torch.from_numpy(as_features(stats))[None]
        sentences = torch.from_numpy(sentence_vectors(request))[None]
        done = 0

        def velocity(windows: Tensor, time: float) -> Tensor:
            count = windows.shape[0]
            found: Tensor = self.network(
                windows, torch.full((count,), time),
                features.expand(count, -1), sentences.expand(count, -1, -1),
            )  # fmt: skip
            return found

        def tell(windows: int, of: int) -> None:
            if on_share is not None:
                on_share((done + windows / of) / steps)

        joint = JointVelocity(
            velocity,
            plan_windows(start.shape[1], window, window // 4),
            batch=_BATCH,
            on_window=tell,
        )

        def counted(state: Tensor, time: float) -> Tensor:
            nonlocal done
            found = joint(state, time)
            done += 1
            return found

        with torch.inference_mode():
            change = integrate(counted, start, steps=steps) - start
        moved = change[0, :frames].reshape(frames, SIDES, BANDS).permute(1, 0, 2)
        return np.ascontiguousarray(moved.numpy() * np.float32(DB))


def save_flow(
    tensors: Mapping[str, Tensor],
    config: MendConfig,
    facts: Mapping[str, object],
    path: Path,
    *,
    room: RoomHead | None = None,
    strengths: StrengthHead | None = None,
) -> None:
    """Write bfloat16 weights with sizes and training facts in the header, whole or not at all.

    `tensors` are those of the network; `room` and `strengths` are heads beside it.
    """
    from safetensors.torch import save_file

    header = {_CONFIG: json.dumps(asdict(config)), _FACTS: json.dumps(dict(facts))}
    held = dict(tensors)
    for name, head in ((_ROOM, room), (_STRENGTHS, strengths)):
        if head is not None:
            header[name] = json.dumps(asdict(head.config))
            held |= {f"{name}.{key}": value for key, value in head.state_dict().items()}
    rounded = {name: value.to(torch.bfloat16).contiguous() for name, value in held.items()}
    part = path.with_name(path.name + ".part")
    save_file(rounded, part, metadata=header)
    part.replace(path)


def load_flow(path: Path) -> MendFlow:
    """The flow in a checkpoint; raises FileError for a file that is none, naming what is wrong."""
    from safetensors import SafetensorError, safe_open

    try:
        data = path.read_bytes()
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
    except OSError as error:
        raise FileError(f"the weights of mendflow cannot be read: {path}.") from error
    except SafetensorError as error:
        raise FileError(f"{path} is no checkpoint of mendflow: {error}.") from error
    if _CONFIG not in header:
        raise FileError(f"{path} is no checkpoint of mendflow: its header names no sizes.")
    config = MendConfig(**json.loads(header[_CONFIG]))
    room = strengths = None
    if _ROOM in header:
        room = RoomHead(RoomConfig(**json.loads(header[_ROOM])))
        _fill(room, _taken(_ROOM, tensors), path, f"{_ROOM}.")
    if _STRENGTHS in header:
        strengths = StrengthHead(StrengthConfig(**json.loads(header[_STRENGTHS])))
        _fill(strengths, _taken(_STRENGTHS, tensors), path, f"{_STRENGTHS}.")

    def build() -> MendNet:
        network = MendNet(config)
        _fill(network, tensors, path)
        return network

    tone = ToneHead(config)
    mine = {name.removeprefix(_TONE): tensors[name] for name in tensors if name.startswith(_TONE)}
    _fill(tone, mine, path, _TONE)
    return MendFlow(
        tone,
        build,
        hashlib.sha256(data).hexdigest(),
        json.loads(header.get(_FACTS, "{}")),
        room,
        strengths,
    )


def _taken(head: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a head, taken out of those of the network, under their own names."""
    prefix = f"{head}."
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensors.pop(name) for name in names}


def _fill(part: nn.Module, tensors: Mapping[str, Tensor], path: Path, prefix: str = "") -> None:
    expected = {name: value.shape for name, value in part.state_dict().items()}
    wrong = [name for name in expected if tensors.get(name, torch.empty(0)).shape != expected[name]]
    wrong += [name for name in tensors if name not in expected]
    if wrong:
        raise FileError(
            f"{path} does not fit mendflow: {prefix}{wrong[0]} is missing or of another size."
        )
    part.load_state_dict(dict(tensors))
    part.eval().requires_grad_(False)
