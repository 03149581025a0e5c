"""The checkpoint that the golden answers in `tests/data/parity` were computed with.

Its weights follow from their names alone: a frozen random stream (NumPy's legacy generator) seeded
by each name's checksum, so the answers can be stored without the weights. The answers are those of
the published class (Apache-2.0, code of arXiv 2508.03448) built at these sizes; the last layer of
`audio_cond`, whose width it fixes at 1024, was exchanged for one of the text encoder's width.
"""

from __future__ import annotations

import json
import math
import shutil
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from mixmend.model.sonic_config import SonicConfig, tiny_config
from mixmend.model.sonic_net import SonicNet
from tests.sonic_files import write_text_folder

ANSWERS = Path(__file__).parent / "data" / "parity"
CONFIG: SonicConfig = tiny_config(18)


def golden_weight(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor of that name: the same on every machine, of a size that keeps signals alive."""
    stream = np.random.RandomState(zlib.crc32(name.encode()))
    values = stream.standard_normal(shape)
    if len(shape) == 1 and "norm" in name and name.endswith("weight"):
        values = 1 + 0.2 * values
    elif len(shape) == 1 and not name.endswith(".weights"):
        values = 0.2 * values
    elif len(shape) > 1:
        values = values / math.sqrt(math.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32))


def write_golden_checkpoint(folder: Path) -> None:
    """Weights, configuration, text encoder and the stored answers, as `bench parity` wants them."""
    from transformers import T5EncoderModel

    text_config = write_text_folder(folder / "text_encoder", CONFIG.joint_attention_dim)
    with torch.device("meta"):
        net, encoder = SonicNet(CONFIG), T5EncoderModel(text_config)
    shapes = {name: tuple(value.shape) for name, value in net.named_parameters()}
    for name, value in encoder.named_parameters():
        shapes[f"text_encoder.{name}"] = tuple(value.shape)
    tensors = {name: golden_weight(name, shape) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model": asdict(CONFIG)}))
    for answers in ANSWERS.glob("cases.*"):
        shutil.copy(answers, folder)
