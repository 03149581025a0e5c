"""Sizes of the SonicMaster model and of its parts, as the published configuration names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from mixmend.tools.errors import FileError

RATE_HZ = 44100
HOP = 2048  # samples of 44.1 kHz sound in one latent frame


@dataclass(frozen=True)
class SonicConfig:
    """What has to be known to build the model; the defaults are the published large variant.

    `audio_seq_len` is the window in latent frames (645 are 30 s); `max_duration` in seconds;
    `text_encoder_name` is a folder beside the checkpoint or the name of a model on the hub.
    """

    num_layers: int = 6
    num_single_layers: int = 18
    in_channels: int = 64
    attention_head_dim: int = 128
    num_attention_heads: int = 8
    joint_attention_dim: int = 1024
    audio_seq_len: int = 645
    max_duration: float = 30.0
    text_encoder_name: str = "google/flan-t5-large"

    @property
    def window_frames(self) -> int:
        return self.audio_seq_len

    @property
    def carry_frames(self) -> int:
        """Frames of the chunk before that the published joining hands on: a third of a window."""
        return self.audio_seq_len // 3


SMALL = SonicConfig(num_layers=2, num_single_layers=6)

# Tokens an instruction may have, and the width of the vectors that the text encoder gives.
MAX_TOKENS = 64


def read_sonic_config(folder: Path) -> SonicConfig:
    """The configuration in `folder/config.json`, or the published one when there is no such file.

    Raises FileError when the file is not JSON, a known key has a value that makes no sense, or
    the model is of a kind that this class does not build.
    """
    path = folder / "config.json"
    if not path.exists():
        return SonicConfig()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read as JSON; fetch it again.") from error
    model = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(model, dict):
        raise FileError(f"{path} holds no settings of a model; fetch it again.")
    return _from_mapping(model, path)


def _from_mapping(model: Mapping[str, object], path: Path) -> SonicConfig:
    values: dict[str, object] = {}
    for field in fields(SonicConfig):
        if field.name not in model:
            continue
        value = model[field.name]
        if field.name == "text_encoder_name":
            good = isinstance(value, str) and bool(value)
        else:
            whole = field.name != "max_duration"
            good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            good = good and (not whole or isinstance(value, int))
        if not good:
            raise FileError(f"{path}: {field.name} is {value!r}, which makes no sense.")
        values[field.name] = value
    config = SonicConfig(**values)  # type: ignore[arg-type]
    if config.attention_head_dim != 128:
        raise FileError(f"{path}: attention_head_dim is {config.attention_head_dim}, not 128.")
    if min(config.num_attention_heads, config.audio_seq_len, config.max_duration) <= 0:
        raise FileError(f"{path}: heads, window and duration must be above zero.")
    return config


def tiny_config(window_frames: int = 48, in_channels: int = 64) -> SonicConfig:
    """The smallest model that has every part: for tests and for timing code, not for music."""
    return SonicConfig(
        in_channels=in_channels,
        num_layers=1,
        num_single_layers=1,
        num_attention_heads=1,
        joint_attention_dim=32,
        audio_seq_len=window_frames,
        text_encoder_name="text_encoder",
    )
