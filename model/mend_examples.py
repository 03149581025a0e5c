"""What mendflow's flow learns from, in the form that `train_flow` takes.

The same pack of music (see `mend_pack`) and the same draws of damage and requests (see `mend_draw`)
as for the tone head; the trainer is the one that engine `sonicmaster` uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from mixmend.model.embed import DIMENSIONS
from mixmend.model.mend_draw import FLOW_SHARES, draw_plan, play
from mixmend.model.mend_mel import Mel
from mixmend.model.mend_net import to_state
from mixmend.model.mend_pack import FRAMES, Pack
from mixmend.model.mend_stats import SIZE, as_features, shift_db
from mixmend.model.mend_text import MOST_SENTENCES, sentence_vectors
from mixmend.model.train_flow import Batch, Example, StepRecord

MOST_UP_DB, MOST_DOWN_DB = 48.0, -30.0
EPOCH = 1 << 40  # examples are drawn by number, and never run out

if TYPE_CHECKING:
    OnStep = Callable[[StepRecord], None]


class DrawnExamples(Sequence[Example]):
    """Endless examples: number n is always the same clip, damage, request and window."""

    def __init__(self, pack: Pack, clips: Sequence[int], window_frames: int) -> None:
        self._pack, self._clips, self._window = pack, tuple(clips), window_frames

    def __len__(self) -> int:
        return EPOCH

    def __getitem__(self, number: int) -> Example:  # type: ignore[override]
        rng = np.random.default_rng(number)
        plan = draw_plan(self._pack, self._clips, rng, FLOW_SHARES)
        start = int(rng.integers(0, FRAMES - self._window + 1))
        drawn = play(self._pack, plan, start, self._window)
        shift = shift_db(drawn.stats)
        aim = aimed(drawn.degraded_db, drawn.aim_db)
        told = np.concatenate([as_features(drawn.stats), sentence_vectors(plan.request).ravel()])
        return Example(
            to_state(torch.from_numpy(drawn.degraded_db), shift),
            to_state(torch.from_numpy(aim), shift),
            plan.request,
            torch.from_numpy(told),
        )


def aimed(degraded_db: Mel, aim_db: Mel) -> Mel:
    """The aim, no further from the start than a gain may reach (-30 to +48 dB)."""
    change = np.clip(aim_db - degraded_db, MOST_DOWN_DB, MOST_UP_DB)
    return np.asarray(degraded_db + change, dtype=np.float32)


def mend_velocity(network: nn.Module, state: Tensor, time: Tensor, batch: Batch) -> Tensor:
    """The network's velocity for a drawn batch; in bfloat16 where the blocks are."""
    told = torch.stack([each for each in batch.carried if each is not None]).to(state.device)
    features = told[:, :SIZE]
    sentences = told[:, SIZE:].reshape(-1, MOST_SENTENCES, DIMENSIONS)
    with torch.autocast(state.device.type, dtype=torch.bfloat16):
        found: Tensor = network(state, time, features, sentences)
    return found.float()
