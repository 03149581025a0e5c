"""Instructions as the text encoder's states: read once, remembered, the same on every call."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.model.sonic_config import MAX_TOKENS
from mixmend.tools.errors import FileError

if TYPE_CHECKING:
    from mixmend.model.sonic_net import TextStates

_REMEMBERED = 64


class SonicText:
    """A T5 encoder with its tokenizer; `encode` remembers the last instructions.

    `encoder` is a `transformers` T5EncoderModel, `tokenizer` a `tokenizers` Tokenizer.
    """

    def __init__(self, encoder: Any, tokenizer: Any, pad_id: int = 0) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._pad_id = pad_id
        self._known: OrderedDict[tuple[str, int], TextStates] = OrderedDict()

    @property
    def blocks(self) -> list[Any]:
        """The encoder's layers, in order."""
        return list(self._encoder.encoder.block)

    def encode(self, instruction: str, padded_to: int = 0) -> TextStates:
        """States (1, tokens, width) of at most 64 tokens, and their mask (1, tokens).

        The empty instruction is one end token. Fewer tokens than `padded_to` are filled up.
        """
        key = (instruction, padded_to)
        if key not in self._known:
            self._known[key] = self._encode(instruction, padded_to)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _encode(self, instruction: str, padded_to: int) -> TextStates:
        import torch

        from mixmend.model.sonic_net import TextStates

        ids = list(self._tokenizer.encode(instruction).ids)[:MAX_TOKENS]
        end_id = int(self._encoder.config.eos_token_id)
        if len(ids) == MAX_TOKENS:
            ids[-1] = end_id  # a long instruction is cut, and still ends
        elif not ids or ids[-1] != end_id:
            ids.append(end_id)
        mask = [1] * len(ids) + [0] * (padded_to - len(ids))
        ids += [self._pad_id] * (padded_to - len(ids))
        device = next(self._encoder.parameters()).device
        mask_row = torch.tensor([mask], device=device)
        with torch.inference_mode():
            states = self._encoder(
                input_ids=torch.tensor([ids], device=device), attention_mask=mask_row
            )[0]
        return TextStates(states.clone(), mask_row.clone())


def read_tokenizer(folder: Path) -> Any:
    """The tokenizer in `folder/tokenizer.json`; raises FileError when it is not there."""
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.exists():
        raise FileError(f"the text encoder's tokenizer is missing: {path}.")
    tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def build_encoder(folder: Path) -> Any:
    """An empty T5 encoder (meta device) of the sizes in `folder/config.json`.

    Raises FileError when the configuration is missing.
    """
    import torch

    from mixmend.model.compat import allow_torchaudio

    allow_torchaudio()
    from transformers import T5Config, T5EncoderModel

    path = folder / "config.json"
    if not path.exists():
        raise FileError(f"the text encoder's configuration is missing: {path}.")
    config = T5Config.from_json_file(str(path))
    with torch.device("meta"):
        return T5EncoderModel(config)


def same_width(encoder: Any, width: int) -> None:
    """Refuse a text encoder that does not fit the transformer; raises FileError."""
    if encoder.config.d_model != width:
        raise FileError(
            f"the text encoder gives vectors of {encoder.config.d_model} numbers and the model "
            f"wants {width}; they do not belong together."
        )
