"""Loads the published checkpoint layout: every name and size is checked before memory is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mixmend.model.sonic_config import SonicConfig, read_sonic_config
from mixmend.tools.errors import FileError

if TYPE_CHECKING:
    import torch
    from torch import nn

    from mixmend.model.sonic_net import SonicNet
    from mixmend.model.sonic_text import SonicText
    from mixmend.model.workers import Beat

Precision = Literal["fp32", "bf16"]

CHECKPOINT = "model.safetensors"
_TEXT = "text_encoder."
# The shared embedding is stored once; safetensors keeps either of its two names.
_EMBEDDING = ("shared.weight", "encoder.embed_tokens.weight")
_NAMED = 4


@dataclass(frozen=True, eq=False)
class SonicModel:
    """The whole model: configuration, network and text encoder, ready to be asked."""

    config: SonicConfig
    net: SonicNet
    text: SonicText


def load_sonic(
    folder: Path,
    *,
    text_folder: Path | None = None,
    device: str = "cpu",
    dtype: Precision = "fp32",
    beat: Beat | None = None,
) -> SonicModel:
    """The model in `folder` (`model.safetensors`, `config.json` when it is not the published size).

    `text_folder` holds the text encoder's `config.json` and `tokenizer.json`; by default it is the
    folder beside the checkpoint that the configuration names. `beat` is called between tensors.
    Raises FileError when a file is missing, a key is unknown or missing (it is named), or a size is
    wrong.
    """
    from mixmend.model.sonic_net import SonicNet, is_block, run_blocks_as
    from mixmend.model.sonic_text import SonicText, build_encoder, read_tokenizer, same_width

    config = read_sonic_config(folder)
    text_folder = text_folder or folder / config.text_encoder_name
    path = folder / CHECKPOINT
    if not path.exists():
        raise FileError(f"there is no {CHECKPOINT} in {folder}; see `mixmend weights list`.")
    tokenizer = read_tokenizer(text_folder)
    encoder = build_encoder(text_folder)
    same_width(encoder, config.joint_attention_dim)
    import torch

    with torch.device("meta"):
        net = SonicNet(config)
    with opened(path, device) as stored:
        sizes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
        wanted = _wanted(net, encoder, sizes)
        check_names(wanted, sizes, path)
        work = torch.bfloat16 if dtype == "bf16" else torch.float32
        fill(net, stored, "", lambda name: work if is_block(name) else torch.float32, beat)
        # The text encoder stays in full precision: it runs once an instruction.
        fill(encoder, stored, _TEXT, lambda _name: torch.float32, beat)
    if dtype == "bf16":
        run_blocks_as(net, torch.bfloat16)
    net.eval().requires_grad_(False)
    encoder.eval().requires_grad_(False)
    return SonicModel(config, net, SonicText(encoder, tokenizer, encoder.config.pad_token_id))


def check_names(
    wanted: Mapping[str, tuple[int, ...]], stored: Mapping[str, tuple[int, ...]], path: Path
) -> None:
    """Compare names and shapes; raises FileError that names what is missing, unknown or wrong."""
    missing, unknown = sorted(set(wanted) - set(stored)), sorted(set(stored) - set(wanted))
    if missing or unknown:
        parts = [
            f"{len(names)} {word} ({_some(names)})"
            for names, word in ((missing, "missing"), (unknown, "unknown"))
            if names
        ]
        raise FileError(f"{path} does not fit the model: keys {' and '.join(parts)}.")
    wrong = [name for name in sorted(wanted) if wanted[name] != stored[name]]
    if wrong:
        says = _some(f"{n} is {list(stored[n])}, not {list(wanted[n])}" for n in wrong)
        raise FileError(f"{path} does not fit the model: {len(wrong)} wrong sizes ({says}).")


def fill(
    module: nn.Module,
    stored: Any,
    prefix: str,
    dtype_of: Callable[[str], torch.dtype],
    beat: Beat | None = None,
) -> None:
    """Put the stored tensors in place of `module`'s empty ones, one by one, in their precision."""
    from torch import nn

    shared: dict[str, nn.Parameter] = {}
    names = set(stored.keys())
    for name, _ in list(module.named_parameters(remove_duplicate=False)):
        key = _spelling(prefix + name, prefix, names)
        if beat is not None:
            beat()
        if key not in shared:
            shared[key] = nn.Parameter(
                stored.get_tensor(key).to(dtype_of(name)), requires_grad=False
            )
        owner, _, leaf = name.rpartition(".")
        setattr(module.get_submodule(owner), leaf, shared[key])


def _wanted(
    net: nn.Module, encoder: nn.Module, stored: Iterable[str]
) -> dict[str, tuple[int, ...]]:
    """Names and shapes the checkpoint must have, in the spelling that it uses itself."""
    names = set(stored)
    wanted = {name: tuple(value.shape) for name, value in net.named_parameters()}
    for name, value in encoder.named_parameters(remove_duplicate=False):
        wanted[_spelling(_TEXT + name, _TEXT, names)] = tuple(value.shape)
    return wanted


def _spelling(key: str, prefix: str, names: set[str]) -> str:
    """The other name of the shared embedding when only that one is stored."""
    first, second = (prefix + name for name in _EMBEDDING)
    if not prefix or key not in (first, second):
        return key
    if first in names and second in names:
        return key
    return first if first in names else second


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def opened(path: Path, device: str) -> Any:
    """A safetensors file, read tensor by tensor; raises FileError when it is not a sound one."""
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, framework="pt", device=device)
    except (SafetensorError, OSError) as error:
        raise FileError(
            f"{path} is not a sound safetensors file; check it with `mixmend weights verify`."
        ) from error
