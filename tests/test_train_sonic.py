"""Training the SonicMaster network as a user does it: encode, train, evaluate, export."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mixmend.model.degrade import GROUPS
from mixmend.model.sonic_config import tiny_config
from mixmend.model.sonic_examples import draw_kinds
from mixmend.model.sonic_load import load_sonic
from mixmend.model.train_flow import Example
from mixmend.model.train_sonic import EncodedFolder, evaluate
from mixmend.model.train_sonic_main import main
from mixmend.tools.errors import UsageError
from mixmend.tools.writing import write_sound
from tests.signals import music
from tests.sonic_files import write_checkpoint, write_codec

WINDOW = 24


def test_faults_are_drawn_as_published() -> None:
    rng = np.random.default_rng(0)
    group_of = {kind: group for group, kinds in GROUPS.items() for kind in kinds}
    drawn = Counter(draw_kinds(rng, 1)[0] for _ in range(6000))
    groups = Counter()
    for kind, count in drawn.items():
        groups[group_of[kind]] += count / 6000
    assert groups["eq"] == pytest.approx(0.4, abs=0.03)
    assert groups["reverb"] == pytest.approx(0.225, abs=0.03)
    assert drawn["xband"] / 6000 == pytest.approx(0.4 * 7 / 35, abs=0.015)
    assert drawn["clip"] / 6000 == pytest.approx(0.125 * 0.75, abs=0.015)
    for _ in range(50):
        kinds = draw_kinds(rng, 3, leave=("stereo",))
        assert len({group_of[kind] for kind in kinds}) == 3
        assert "stereo" not in kinds
    with pytest.raises(UsageError, match="faults"):
        draw_kinds(rng, 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sonic-training")
    write_checkpoint(path / "start", tiny_config(WINDOW, in_channels=4))
    write_codec(path / "codec")
    (path / "music").mkdir()
    for seed in (1, 2):
        write_sound(path / "music" / f"{seed}.wav", music(10.0, seed=seed))
    return path


def test_from_music_to_a_model_in_the_published_layout(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("accelerate")
    monkeypatch.setattr("mixmend.model.corpus.SHORTEST_S", 1.0)
    start, examples = folder / "start", folder / "examples"
    main([
        "encode", str(folder / "music"), str(examples), "--codec", str(folder / "codec"),
        "--config", str(start), "--clips", "1",
    ])  # fmt: skip
    encoded = EncodedFolder(examples, WINDOW // 3)
    assert len(encoded) == 7
    assert len({example.prompt for example in encoded}) > 3
    for example in encoded:
        assert example.degraded.shape == example.clean.shape == (WINDOW, 4)
        assert not torch.equal(example.degraded, example.clean)

    def train(steps: int, out: str) -> None:
        main([
            "train", str(examples), str(folder / out), "--checkpoint", str(start), "--batch", "2",
            "--steps", str(steps), "--warmup", "1", "--save-every", "1",
        ])  # fmt: skip

    train(3, "run")
    trained = load_file(folder / "run" / "model.safetensors")
    before = load_file(start / "model.safetensors")
    assert trained.keys() == before.keys()
    assert not torch.equal(trained["fc_text.0.weight"], before["fc_text.0.weight"])
    assert torch.equal(trained["text_encoder.shared.weight"], before["text_encoder.shared.weight"])
    train(3, "run")  # there is nothing left to do, and nothing is undone
    again = load_file(folder / "run" / "model.safetensors")
    assert all(torch.equal(again[name], trained[name]) for name in trained)

    main(["export", str(folder / "run"), str(folder / "out"), "--checkpoint", str(start)])
    exported = load_file(folder / "out" / "model.safetensors")
    assert all(torch.equal(exported[name], trained[name]) for name in trained)

    capsys.readouterr()
    main([
        "evaluate", str(examples), "--checkpoint", str(folder / "out"),
        "--text", str(start / "text_encoder"),
    ])  # fmt: skip
    assert "7 examples: loss" in capsys.readouterr().out


def test_evaluation_knows_a_perfect_model_from_an_idle_one(folder: Path) -> None:
    model = load_sonic(folder / "start")
    model.net.transformer.proj_out.weight.data.zero_()
    model.net.transformer.proj_out.bias.data.zero_()
    degraded = torch.randn(WINDOW, 4, generator=torch.Generator().manual_seed(0))
    change = torch.tensor([0.5, -1.0, 2.0, 0.0])
    examples = [Example(degraded, degraded + change, "make it brighter")] * 2
    idle = evaluate(model, examples, steps=2)
    assert idle.left == pytest.approx(1.0, abs=1e-5)
    assert idle.improved == 0.0
    assert idle.loss == pytest.approx(float((change**2).mean()), rel=1e-4)
    model.net.transformer.proj_out.bias.data.copy_(change)  # the velocity is the change itself
    perfect = evaluate(model, examples, steps=2)
    assert perfect.left < 1e-5
    assert perfect.loss < 1e-9
    assert (perfect.examples, perfect.improved) == (2, 1.0)
