"""Fit the learnt part of the diagnosis: songs of the training packages, whole and damaged.

`python -m mixmend.agent.train_diagnosis FEATURES.npz` collects (slow, goes on where it was cut
off) and fits; the weights go to `agent/data/diagnosis.npz`. Held-out packages are never touched.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixmend.agent.diagnosis_features import NAMES, feature_vector
from mixmend.agent.diagnosis_model import LEARNT, Array
from mixmend.model.corpus import Song, excerpt, songs
from mixmend.model.degrade import degrade
from mixmend.model.problems import PROBLEM_OF_KIND

FAMILIES = frozenset({"loudness", "dynamics", "reverb", "stereo", "spectrum"})
EXCERPT_S = 20.0
KINDS = (
    "xband", "mic", "bright", "dark", "airy", "boom", "clarity", "mud", "warm", "vocal", "comp",
    "punch", "small", "big", "mix", "real", "clip", "volume", "stereo",
)  # fmt: skip
MEMBERS, HIDDEN, EPOCHS = 5, 48, 60


@dataclass(frozen=True, eq=False)
class Examples:
    """`features` (n, features), `labels` (n, problems) of 0 and 1, `package` and `kind` (n,)."""

    features: Array
    labels: Array
    package: np.ndarray
    kind: np.ndarray


def collect(path: Path, per_song: int = 1) -> Examples:
    """Measure every training song whole and with every kind of damage; saved as it goes."""
    from mixmend.tools.measure import measure

    rows: list[Array] = []
    names: list[tuple[str, str, str]] = []
    if path.exists():
        stored = np.load(path, allow_pickle=False)
        rows, names = list(stored["features"]), [tuple(row) for row in stored["names"]]
    done = {name[0] for name in names}
    for key, song, start in _wanted(per_song):
        if key in done:
            continue
        clean = excerpt(song, start, EXCERPT_S)
        seed = zlib.crc32(f"{song.path.name}{start}".encode()) % 100_000
        for kind in ("", *KINDS):
            audio = clean if not kind else degrade(clean, kind, seed).audio
            rows.append(feature_vector(measure(audio, families=FAMILIES)))
            names.append((key, song.package, kind))
        np.savez(path, features=np.array(rows), names=np.array(names))
        print(len(rows), key, flush=True)
    table = np.array(names)
    return Examples(np.array(rows), _labels(table[:, 2]), table[:, 1], table[:, 2])


def _wanted(per_song: int) -> Iterator[tuple[str, Song, float]]:
    usable = [song for song in songs("train") if not song.clipped and not song.mono]
    rng = np.random.default_rng(0)
    rng.shuffle(usable)
    for index in range(per_song):
        for song in usable:
            yield f"{song.path.name}#{index}", song, 0.25 + 0.4 * index


def _labels(kinds: np.ndarray) -> Array:
    labels = np.zeros((kinds.size, len(LEARNT)))
    for row, kind in enumerate(kinds):
        problem = PROBLEM_OF_KIND.get(str(kind))
        if problem in LEARNT:
            labels[row, LEARNT.index(problem)] = 1.0
    return labels


def fit(examples: Examples, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays of `diagnosis.npz`: an ensemble of small networks, thresholds from untouched songs."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    mean, scale = examples.features.mean(axis=0), examples.features.std(axis=0) + 1e-6
    x = torch.tensor(np.clip((examples.features - mean) / scale, -6, 6), dtype=torch.float32)
    y = torch.tensor(examples.labels, dtype=torch.float32)
    arrays: dict[str, np.ndarray] = {"mean": mean, "scale": scale}
    for member in range(MEMBERS):
        torch.manual_seed(seed + member)
        net = nn.Sequential(
            nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, y.shape[1])
        )
        optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        for _ in range(EPOCHS):
            for batch in torch.split(torch.randperm(len(x)), 64):
                noisy = x[batch] + 0.1 * torch.randn_like(x[batch])
                loss = nn.functional.binary_cross_entropy_with_logits(net(noisy), y[batch])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
        first, last = net[0], net[3]
        assert isinstance(first, nn.Linear)
        assert isinstance(last, nn.Linear)
        arrays[f"w1_{member}"] = first.weight.detach().numpy().T.astype(np.float32)
        arrays[f"b1_{member}"] = first.bias.detach().numpy().astype(np.float32)
        arrays[f"w2_{member}"] = last.weight.detach().numpy().T.astype(np.float32)
        arrays[f"b2_{member}"] = last.bias.detach().numpy().astype(np.float32)
    facts = {"features": NAMES, "problems": LEARNT, "members": MEMBERS}
    arrays["facts"] = np.array(json.dumps(facts))
    return arrays


def thresholds(clean: Array) -> tuple[Array, Array]:
    """Probabilities (problems,) that about 0.3 % and 4 % of untouched songs reach, from held-out
    folds; both at least as strict as plain sense."""
    severe = np.maximum(0.85, np.quantile(clean, 0.997, axis=0))
    sure = np.clip(np.quantile(clean, 0.96, axis=0), 0.5, 0.8)
    return severe, sure


def probabilities(arrays: dict[str, np.ndarray], features: Array) -> Array:
    """What the network says, before it has thresholds."""
    from mixmend.agent.diagnosis_model import Network

    members = tuple(
        (arrays[f"w1_{i}"], arrays[f"b1_{i}"], arrays[f"w2_{i}"], arrays[f"b2_{i}"])
        for i in range(MEMBERS)
    )
    empty = np.zeros(len(LEARNT))
    return Network(arrays["mean"], arrays["scale"], members, empty, empty).probabilities(features)


def main(arguments: list[str]) -> None:
    """Collect, judge in folds by package, fit on all, write."""
    examples = collect(Path(arguments[0]), per_song=int(arguments[1]) if arguments[1:] else 1)
    held = np.zeros(examples.labels.shape)
    for package in np.unique(examples.package):
        out = examples.package == package
        kept = Examples(
            examples.features[~out], examples.labels[~out], examples.package[~out],
            examples.kind[~out],
        )  # fmt: skip
        held[out] = probabilities(fit(kept), examples.features[out])
    for kind in KINDS:
        problem = PROBLEM_OF_KIND[kind]
        rows = examples.kind == kind
        if problem in LEARNT and rows.any():
            rank = (-held[rows]).argsort(axis=1).argsort(axis=1)[:, LEARNT.index(problem)]
            print(f"{kind:8} first {np.mean(rank == 0):.2f}  in three {np.mean(rank < 3):.2f}")
    arrays = fit(examples)
    severe, sure = thresholds(held[examples.kind == ""])
    arrays["severe_at"], arrays["sure_at"] = severe, sure
    print("severe at", np.round(severe, 2), "sure at", np.round(sure, 2))
    with (Path(__file__).parent / "data" / "diagnosis.npz").open("wb") as out:
        np.savez_compressed(out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
