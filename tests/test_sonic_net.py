"""The network against a plain re-computation, and its loader against broken checkpoints."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mixmend.agent.bench import parity
from mixmend.model.flow_solver import integrate
from mixmend.model.sonic_load import SonicModel, load_sonic
from mixmend.model.sonic_velocity import Asked, SonicVelocity
from mixmend.tools.errors import FileError, UsageError
from tests import plain_flux
from tests.golden_sonic import write_golden_checkpoint
from tests.sonic_files import write_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sonic")
    write_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> SonicModel:
    return load_sonic(folder)


def _states(folder: Path, ids: list[int], words: int) -> torch.Tensor:
    """The text encoder run from its stored weights without our loader."""
    from transformers import T5Config, T5EncoderModel

    encoder = T5EncoderModel(T5Config.from_pretrained(folder / "text_encoder")).eval()
    stored = {
        name.removeprefix("text_encoder."): value
        for name, value in load_file(folder / "model.safetensors").items()
        if name.startswith("text_encoder.")
    }
    stored["encoder.embed_tokens.weight"] = stored["shared.weight"]
    encoder.load_state_dict(stored)
    mask = torch.tensor([[1] * words + [0] * (len(ids) - words)])
    with torch.inference_mode():
        return encoder(input_ids=torch.tensor([ids]), attention_mask=mask)[0][0]


def _relative(value: torch.Tensor, golden: torch.Tensor) -> float:
    return float((value - golden).norm() / golden.norm())


@pytest.mark.parametrize("carried_frames", [0, 11, 40])
def test_every_velocity_step_is_the_plain_computation(
    folder: Path, model: SonicModel, carried_frames: int
) -> None:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(40, 64, generator=generator)
    carried = torch.randn(carried_frames, 64, generator=generator) if carried_frames else None
    third = None if carried is None else carried[: 48 // 3]
    weights = load_file(folder / "model.safetensors")
    # "less reverb please" and the end token, as the vocabulary has them.
    tokens, pooled = plain_flux.condition(weights, _states(folder, [6, 7, 8, 1], 4), 4, 12.5, third)
    asked = Asked("less reverb please", duration_s=12.5)
    ours = SonicVelocity(model, asked, None if carried is None else carried[None])
    state = latents
    for step in range(5):
        time = 1 - step / 5
        golden = plain_flux.velocity(weights, state, time, tokens, pooled)
        assert _relative(ours(state[None], time)[0], golden) < 1e-4
        state = state + golden / 5
    whole = integrate(ours, latents[None], steps=5)[0]
    assert _relative(whole, state) < 1e-4
    assert _relative(whole, latents) > 1e-2  # the network does something at all


def test_guidance_fills_the_empty_prompt_up_and_drops_the_carried_sound(
    folder: Path, model: SonicModel
) -> None:
    generator = torch.Generator().manual_seed(2)
    latents, carried = torch.randn(2, 20, 64, generator=generator)
    carried = carried[:12]
    weights = load_file(folder / "model.safetensors")
    asked = plain_flux.condition(weights, _states(folder, [3, 4, 5, 1], 4), 4, 30.0, carried)
    empty = plain_flux.condition(weights, _states(folder, [1, 0, 0, 0], 1), 1, 30.0, None)
    for_text = plain_flux.velocity(weights, latents, 0.7, *asked)
    for_empty = plain_flux.velocity(weights, latents, 0.7, *empty)
    ours = SonicVelocity(model, Asked("make it brighter", guidance=3.0), carried[None])
    golden = for_empty + 3 * (for_text - for_empty)
    assert _relative(ours(latents[None], 0.7)[0], golden) < 1e-4


def test_a_batch_of_windows_is_the_windows_one_by_one(model: SonicModel) -> None:
    windows = torch.randn(3, 16, 64, generator=torch.Generator().manual_seed(3))
    ours = SonicVelocity(model, Asked("wider vocals", guidance=2.0))
    batched = ours(windows, 0.4)
    for index in range(3):
        assert _relative(batched[index], ours(windows[index : index + 1], 0.4)[0]) < 1e-5


def test_half_precision_blocks_stay_near(folder: Path, model: SonicModel) -> None:
    half = load_sonic(folder, dtype="bf16")
    latents = torch.randn(1, 32, 64, generator=torch.Generator().manual_seed(4))
    full = integrate(SonicVelocity(model, Asked("less noise")), latents, steps=4)
    near = integrate(SonicVelocity(half, Asked("less noise")), latents, steps=4)
    assert near.dtype == torch.float32
    assert _relative(near, full) < 1e-2


def test_both_spellings_of_the_embedding_load(tmp_path: Path, model: SonicModel) -> None:
    write_checkpoint(tmp_path, embedding="tokens")
    other = load_sonic(tmp_path)
    asked = "make it less muddy"
    assert torch.equal(other.text.encode(asked).states, model.text.encode(asked).states)


def test_long_instructions_are_cut_at_64_tokens_and_still_end(model: SonicModel) -> None:
    long = " ".join(["reverb"] * 100)
    exact = " ".join(["reverb"] * 63)
    assert model.text.encode(long).states.shape[1] == 64
    assert torch.equal(model.text.encode(long).states, model.text.encode(exact).states)
    assert model.text.encode("").states.shape[1] == 1


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: t.pop("fc_text.0.bias"), "1 missing (fc_text.0.bias)"),
        (lambda t: t.update(surplus=torch.zeros(1)), "1 unknown (surplus)"),
        (
            lambda t: t.update({"fc_text.0.bias": torch.zeros(7)}),
            "fc_text.0.bias is [7], not [32]",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_name(
    folder: Path, tmp_path: Path, spoil, says: str
) -> None:
    write_checkpoint(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    spoil(tensors)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(FileError) as error:
        load_sonic(tmp_path)
    assert says in str(error.value)


def test_broken_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="not a sound safetensors file"):
        load_sonic(tmp_path)
    (tmp_path / "config.json").write_text('{"model": {"num_layers": "many"}}')
    with pytest.raises(FileError, match="num_layers is 'many'"):
        load_sonic(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FileError, match="JSON"):
        load_sonic(tmp_path)


def test_parity_bench_sees_agreement_and_disagreement(folder: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json", "text_encoder"):
        (tmp_path / name).symlink_to(folder / name)
    weights = load_file(folder / "model.safetensors")
    condition = plain_flux.condition(weights, _states(folder, [6, 7, 1], 3), 3, 30.0, None)
    start = torch.randn(24, 64, generator=torch.Generator().manual_seed(5))
    golden = start + plain_flux.velocity(weights, start, 1.0, *condition)
    settings = {
        "prompt": "less reverb", "num_inference_steps": 1, "guidance_scale": 1, "duration": 30,
        "solver": "Euler", "cond": False,
    }  # fmt: skip
    (tmp_path / "cases.json").write_text(json.dumps({"good": settings, "bad": settings}))
    arrays = {"latents": start[None], "out.good": golden[None], "out.bad": 1.01 * golden[None]}
    save_file(arrays, tmp_path / "cases.safetensors")
    cases = parity.run(checkpoint=tmp_path).to_json_dict()["cases"]
    assert cases["good"] < 1e-4
    assert cases["bad"] == pytest.approx(0.01 / 1.01, rel=1e-2)


def test_parity_bench_asks_for_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--checkpoint"):
        parity.run()
    with pytest.raises(FileError, match=r"cases\.json"):
        parity.run(checkpoint=tmp_path)


def test_stored_answers_of_the_published_class(tmp_path: Path) -> None:
    write_golden_checkpoint(tmp_path)
    table = parity.run(checkpoint=tmp_path).to_json_dict()
    assert len(table["cases"]) == 8
    for row in table["rows"]:
        assert row["relative error"] < 1e-4, row
        assert row["of the change made"] < 1e-4, row
        assert row["worst step"] < 1e-4, row


@pytest.mark.skipif(
    "MIXMEND_PARITY" not in os.environ, reason="a folder of more answers was not given"
)
def test_answers_in_a_folder_of_your_own() -> None:
    table = parity.run(checkpoint=Path(os.environ["MIXMEND_PARITY"])).to_json_dict()
    assert max(table["cases"].values()) < 1e-4
