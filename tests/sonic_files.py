"""A tiny checkpoint in the published layout, written with random weights for tests."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from mixmend.model.compat import allow_torchaudio
from mixmend.model.sonic_config import SonicConfig, tiny_config
from mixmend.model.sonic_net import SonicNet

SENTENCE = "make it brighter less reverb please remove the noise muddy wider vocals and"


def write_checkpoint(
    folder: Path, config: SonicConfig | None = None, *, seed: int = 0, embedding: str = "shared"
) -> SonicConfig:
    """`model.safetensors`, `config.json` and `text_encoder/`; returns the configuration.

    `embedding` chooses the spelling of the shared embedding: "shared" or "tokens".
    """
    from safetensors.torch import save_file

    allow_torchaudio()
    from transformers import T5EncoderModel

    config = config or tiny_config()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    net = SonicNet(config)
    with torch.no_grad():
        for value in net.parameters():
            value.add_(0.1 * torch.randn_like(value))  # nothing is left at zero
    text = folder / "text_encoder"
    text_config = write_text_folder(text, config.joint_attention_dim)
    encoder = T5EncoderModel(text_config)
    tensors = {name: value.detach().contiguous() for name, value in net.named_parameters()}
    for name, value in encoder.named_parameters():
        spelt = "encoder.embed_tokens.weight" if embedding == "tokens" else "shared.weight"
        name = spelt if name in ("shared.weight", "encoder.embed_tokens.weight") else name
        tensors[f"text_encoder.{name}"] = value.detach().contiguous()
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model": asdict(config)}))
    return config


def write_text_folder(folder: Path, width: int):
    """`config.json` and `tokenizer.json` of a one-layer encoder; returns its configuration."""
    allow_torchaudio()
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import T5Config

    folder.mkdir(parents=True, exist_ok=True)
    vocab = {
        word: index for index, word in enumerate(["<pad>", "</s>", "<unk>", *SENTENCE.split(" ")])
    }
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = T5Config(
        vocab_size=len(vocab), d_model=width, d_kv=8, d_ff=16, num_layers=1, num_heads=2,
        feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    config.save_pretrained(folder)
    return config


TINY_CODEC = {
    "encoder_hidden_size": 8,
    "downsampling_ratios": [2, 4, 4, 8, 8],
    "channel_multiples": [1, 1, 1, 1, 1],
    "decoder_channels": 8,
    "decoder_input_channels": 4,
    "audio_channels": 2,
    "sampling_rate": 44100,
}


def write_codec(folder: Path, seed: int = 0) -> None:
    """`config.json` and weights of a tiny codec in the published (weight norm) form."""
    from safetensors.torch import save_file

    from mixmend.model.codec_oobleck import WEIGHTS, build

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = build(TINY_CODEC)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith(("alpha", "beta")):
                value.normal_(0, 0.3)
    tensors = {name: value.detach().contiguous() for name, value in model.named_parameters()}
    save_file(tensors, folder / WEIGHTS)
    (folder / "config.json").write_text(json.dumps({"_class_name": "Oobleck", **TINY_CODEC}))


def write_weights(root: Path, config: SonicConfig) -> None:
    """A weights folder as `mixmend weights get` leaves it, with a tiny random model in it."""
    write_checkpoint(root / "sonicmaster", config)
    (root / "sonicmaster" / "text_encoder").rename(root / "flan-t5-large")
    write_codec(root / "codec")
