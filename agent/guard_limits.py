"""How far a result may go in each check, widened for the repairs that must go further.

The plain limits were set so that planted harms are caught and untouched or rightly equalised music
passes; `mixmend bench guard` shows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.plan import TONAL
from mixmend.model.problems import Problem

LOUD_BAND_LOSS_DB = 9.0


@dataclass(frozen=True)
class BandAllowance:
    """Bands between `low_hz` and `high_hz` may fall `loss_db` behind the rest."""

    low_hz: float
    high_hz: float
    loss_db: float


@dataclass(frozen=True)
class Allowance:
    """Limits for one judgement. dB unless the name says otherwise."""

    loudness_jump_db: float = 6.0
    mono_loss_db: float = 1.5
    added_onsets_share: float = 0.04
    level_wobble_db: float = 1.2
    balance_db: float = 1.5
    least_width_ratio: float = 0.5
    most_width_ratio: float = 2.2
    silence: float = 1e-3
    new_clipping: float = 2e-5
    dynamics: bool = False  # the repair is meant to change levels by level
    bursts: bool = False  # it does so at once, so a burst of bass proves nothing
    stereo: bool = False  # the repair is meant to change the stereo image
    tonal_shift: bool = False  # narrow gains may tip the balance of instruments, each in its place
    gaps: bool = False
    bandwidth: bool = False  # what reached highest may have been the fault itself
    bands: tuple[BandAllowance, ...] = field(default=())

    def band_loss_db(self, centre_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """The most each band may lose against the rest, dB."""
        limit = np.full(centre_hz.shape, LOUD_BAND_LOSS_DB)
        for band in self.bands:
            inside = (centre_hz >= band.low_hz) & (centre_hz <= band.high_hz)
            limit[inside] = np.maximum(limit[inside], band.loss_db)
        return limit


def _bands(*spans: tuple[float, float, float]) -> tuple[BandAllowance, ...]:
    return tuple(BandAllowance(*span) for span in spans)


_ALL = (0.0, 1e9)
_FOR: dict[Problem, Allowance] = {
    "harsh": Allowance(bands=_bands((3000, 1e9, 20))),
    "too_bright": Allowance(bands=_bands((3000, 1e9, 20))),
    "sibilant": Allowance(bands=_bands((3000, 1e9, 14)), level_wobble_db=1.5),
    "boomy": Allowance(bands=_bands((0, 250, 20))),
    "muddy": Allowance(
        bands=_bands((0, 1000, 18)), level_wobble_db=1.6, dynamics=True, bursts=True
    ),
    "boxy": Allowance(bands=_bands((150, 1200, 14))),
    "vocals_loud": Allowance(bands=_bands((250, 5000, 14))),
    # A lift elsewhere is the same as a loss here, once the levels are matched.
    # Treble that comes back brings attacks that could not be seen in the source.
    "dull": Allowance(bands=_bands((0, 2000, 16)), added_onsets_share=0.15),
    "airless": Allowance(bands=_bands((0, 2000, 16)), added_onsets_share=0.15),
    "unclear": Allowance(bands=_bands((0, 1500, 24)), added_onsets_share=0.15),
    "thin": Allowance(bands=_bands((400, 1e9, 16))),
    "cold": Allowance(bands=_bands((1000, 1e9, 18))),
    "vocals_buried": Allowance(bands=_bands((0, 340, 22), (3400, 1e9, 22))),
    "unbalanced": Allowance(bands=_bands((*_ALL, 12))),
    "mic_colored": Allowance(bands=_bands((*_ALL, 16))),
    # What is taken off lies under the song, so soft parts lose more than loud ones.
    "noise": Allowance(
        bandwidth=True,
        bands=_bands((0, 60, 30), (2000, 1e9, 30), (*_ALL, 12)),
        level_wobble_db=1.5,
        dynamics=True,
        loudness_jump_db=12.0,
    ),
    "hum": Allowance(
        bands=_bands((0, 1000, 30)), level_wobble_db=1.5, dynamics=True, loudness_jump_db=15.0
    ),
    "clicks": Allowance(
        bandwidth=True, bands=_bands((*_ALL, 20)), level_wobble_db=1.5, loudness_jump_db=12.0
    ),
    "clipping": Allowance(
        bandwidth=True,
        bands=_bands((*_ALL, 18)),
        level_wobble_db=1.5,
        dynamics=True,
        bursts=True,
        loudness_jump_db=8.0,
        mono_loss_db=2.5,
        least_width_ratio=0.3,
    ),
    "dropouts": Allowance(
        bandwidth=True,
        silence=2.0,
        level_wobble_db=1.5,
        dynamics=True,
        loudness_jump_db=15.0,
        added_onsets_share=0.1,
    ),
    "dc_offset": Allowance(bands=_bands((0, 40, 40))),
    # A room builds up its lowest resonances by 20 dB and more, where most music has little.
    "reverb": Allowance(
        bands=_bands((0, 60, 30), (60, 120, 20), (*_ALL, 12)),
        level_wobble_db=1.4,
        loudness_jump_db=8.0,
        least_width_ratio=0.3,
        mono_loss_db=2.0,
        dynamics=True,
        tonal_shift=True,
    ),
    "too_dry": Allowance(silence=0.1, level_wobble_db=1.5, most_width_ratio=4.0),
    "squashed": Allowance(
        dynamics=True,
        bursts=True,
        level_wobble_db=1.5,
        loudness_jump_db=20.0,
        bands=_bands((*_ALL, 12)),
        most_width_ratio=3.0,
        added_onsets_share=0.25,
        new_clipping=8e-3,
    ),
    "flat_transients": Allowance(
        dynamics=True,
        bursts=True,
        level_wobble_db=2.0,
        loudness_jump_db=8.0,
        added_onsets_share=0.25,
        new_clipping=8e-3,
    ),
    "uneven_levels": Allowance(
        dynamics=True, bursts=True, level_wobble_db=5.0, loudness_jump_db=15.0
    ),
    "narrow": Allowance(stereo=True, mono_loss_db=3.0, bands=_bands((*_ALL, 10))),
    "too_wide": Allowance(stereo=True),
    "mono_incompatible": Allowance(stereo=True, balance_db=3.0, bands=_bands((*_ALL, 14))),
    "off_balance": Allowance(stereo=True, balance_db=40.0, mono_loss_db=3.0),
    "lossy_source": Allowance(bands=_bands((0, 2000, 14))),
}


# Bands differ in width and place, so a change of tone moves both for the song as a whole.
_TONE_LIKE = Allowance(
    least_width_ratio=0.3, most_width_ratio=3.5, balance_db=5.0, mono_loss_db=3.0
)


def allowance(problems: Sequence[Problem], *, final: bool = False) -> Allowance:
    """Limits for a result in which `problems` were worked on: the widest of each.

    The finished song (`final`) also went through level and limiter, which move levels a little.
    """
    joined = Allowance()
    for problem in problems:
        joined = _widest(joined, _FOR.get(problem, Allowance()))
        if problem in TONAL:
            joined = _widest(joined, _TONE_LIKE)
    if final:
        joined = replace(
            joined,
            level_wobble_db=joined.level_wobble_db + 0.5,
            dynamics=True,
            bursts=True,
        )
    return joined


def _widest(a: Allowance, b: Allowance) -> Allowance:
    return Allowance(
        loudness_jump_db=max(a.loudness_jump_db, b.loudness_jump_db),
        mono_loss_db=max(a.mono_loss_db, b.mono_loss_db),
        added_onsets_share=max(a.added_onsets_share, b.added_onsets_share),
        level_wobble_db=max(a.level_wobble_db, b.level_wobble_db),
        balance_db=max(a.balance_db, b.balance_db),
        least_width_ratio=min(a.least_width_ratio, b.least_width_ratio),
        most_width_ratio=max(a.most_width_ratio, b.most_width_ratio),
        silence=max(a.silence, b.silence),
        new_clipping=max(a.new_clipping, b.new_clipping),
        dynamics=a.dynamics or b.dynamics,
        bursts=a.bursts or b.bursts,
        stereo=a.stereo or b.stereo,
        tonal_shift=a.tonal_shift or b.tonal_shift,
        gaps=a.gaps or b.gaps,
        bandwidth=a.bandwidth or b.bandwidth,
        bands=a.bands + b.bands,
    )
