"""The sentence encoder: vectors of length one, like things close, like the reference to 1e-5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixmend.model.compat import allow_torchaudio
from mixmend.model.embed import EmbeddingError, SentenceEncoder, sentence_encoder, weights_folder

SENTENCES = ("make it brighter", "there is too much treble missing", "I baked a cake, it was good.")


def test_vectors_have_length_one_and_do_not_depend_on_company() -> None:
    vectors = sentence_encoder().encode(SENTENCES)
    alone = sentence_encoder().encode(SENTENCES[1:2])
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(vectors[1:2], alone, atol=1e-5)


def test_like_things_are_close() -> None:
    near, away = (
        sentence_encoder().encode(["far too much echo", "I ate soup"])
        @ sentence_encoder().encode(["too much reverb"])[0]
    )
    assert near > away + 0.1


def test_same_as_the_reference_implementation() -> None:
    torch = pytest.importorskip("torch")
    allow_torchaudio()
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(weights_folder())
    tokens = AutoTokenizer.from_pretrained(weights_folder())(
        list(SENTENCES), padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        states = model(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    mean = (states * mask).sum(1) / mask.sum(1)
    wanted = torch.nn.functional.normalize(mean).numpy()
    np.testing.assert_allclose(sentence_encoder().encode(SENTENCES), wanted, atol=1e-5)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(EmbeddingError, match="not the published encoder"):
        SentenceEncoder(tmp_path)
    with pytest.raises(EmbeddingError, match="cannot be read"):
        SentenceEncoder(tmp_path / "nowhere")
