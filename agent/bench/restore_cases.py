"""What RestoreBench plays: excerpts of held-out songs, each with its faults, all drawn by seed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mixmend.model.corpus import Song, excerpt
from mixmend.model.damage import rms, without_dc
from mixmend.model.degrade import GROUPS, PUBLISHED_KINDS, degrade_many
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.model.request_sentences import LEAVE_REQUESTS
from mixmend.model.requests import join_requests
from mixmend.tools.audio import Audio
from mixmend.tools.bandwidth import measure_bandwidth
from mixmend.tools.long_term import long_term
from mixmend.tools.paper_error import paper_error, width

SECONDS = 20.0
START = 0.35
SEED = 40_000
INTACT = "intact"
MANY: Mapping[str, int] = {"double": 2, "triple": 3}
CASES: tuple[str, ...] = (*PUBLISHED_KINDS, *MANY, INTACT)

# Published chances of the groups.
_GROUP_CHANCE = {"eq": 0.4, "dynamics": 0.125, "reverb": 0.225, "amplitude": 0.125, "stereo": 0.125}
# A song must reach this high for the fault to have something to take away.
_REACH_HZ = {"airy": 12000.0, "bright": 8000.0, "dark": 8000.0, "clarity": 6000.0}
_LEAST_WIDTH = 0.05
_CLIPPED_SHARE = 2e-4
_SILENT_RMS = 1e-3
# Faults scored by one statistic of the song: one that moves it by less is not seen by the error.
_STATISTIC_KINDS = frozenset(
    {"bright", "dark", "airy", "boom", "clarity", "mud", "warm", "vocal", "comp", "punch", "volume",
     "stereo"}
)  # fmt: skip
_MOVED_LEAST = 0.01
# Requests that can repair one another are never "another fault's request".
_NEAR = (
    frozenset({"bright", "airy", "clarity"}),
    frozenset({"boom", "warm"}),
    frozenset({"comp", "punch"}),
    frozenset(GROUPS["reverb"]),
)

RULES = (
    "`stereo` only on songs whose side is at least 5 % of their middle; `clip` only on songs that "
    "are not clipped already (no more than 0.02 % of samples within 2 % of the peak); `airy` only "
    "where the song reaches 12 kHz, `bright` and `dark` 8 kHz, `clarity` 6 kHz; silent excerpts "
    "not at all. A fault that moves the statistic it is scored by less than 1 % is left out: its "
    "repair could not be seen (not for `clip`, the reverb kinds, `xband` and `mic`, which are "
    "distances or too small to say)."
)


@dataclass(frozen=True, eq=False)
class Material:
    """A song's clean excerpt (2, frames) at 44.1 kHz without constant offset, and its number."""

    number: int
    song: Song
    clean: Audio

    @property
    def name(self) -> str:
        return f"{self.song.package}/{self.song.path.stem}"

    @cached_property
    def sha256(self) -> str:
        """Of the clean samples."""
        return hashlib.sha256(self.clean.samples.tobytes()).hexdigest()

    @cached_property
    def reach_hz(self) -> float:
        """Highest frequency with content."""
        return measure_bandwidth(long_term(self.clean)).signal_hz

    @cached_property
    def silence(self) -> Audio:
        return Audio(np.zeros_like(self.clean.samples), self.clean.sample_rate_hz)

    def can_have(self, kind: str) -> bool:
        """Whether the fault makes sense on this song; see RULES."""
        if rms(self.clean) < _SILENT_RMS:
            return False
        if kind == "stereo":
            return width(self.clean) >= _LEAST_WIDTH
        if kind == "clip":
            samples = np.abs(self.clean.samples)
            return float(np.mean(samples > 0.98 * np.max(samples))) <= _CLIPPED_SHARE
        return kind not in _REACH_HZ or self.reach_hz >= _REACH_HZ[kind]


@dataclass(frozen=True, eq=False)
class Case:
    """A song with faults: sound before repair, the true request, and another fault's request.

    `kinds` is empty for an intact song, whose request is to leave it. `errors` are the paper's of
    the damaged song, by kind, for the faults that its errors can see.
    """

    name: str
    material: Material
    kinds: tuple[str, ...]
    damaged: Audio
    request: str
    wrong_request: str
    errors: Mapping[str, float]


def material(number: int, song: Song, seconds: float = SECONDS) -> Material:
    """The excerpt of a song: always the same one."""
    return Material(number, song, without_dc(excerpt(song, START, seconds)))


def make_case(name: str, of: Material) -> Case | None:
    """The damaged song, or None where the fault makes no sense on it."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), SEED + of.number])
    if name == INTACT:
        request = LEAVE_REQUESTS[int(rng.integers(len(LEAVE_REQUESTS)))]
        return Case(name, of, (), of.clean, request, "", {})
    kinds = (name,) if name in PUBLISHED_KINDS else draw_kinds(of, MANY[name], rng)
    if not kinds or not all(of.can_have(kind) for kind in kinds):
        return None
    damaged = degrade_many(of.clean, kinds, SEED + of.number)
    errors = {kind: paper_error(kind, of.clean, damaged.audio) for kind in kinds}
    seen = {kind: error for kind, error in errors.items() if _is_seen(kind, error, of)}
    if not seen:
        return None
    wrong = join_requests([PROBLEM_OF_KIND[other_kind(kinds, rng)]], of.number)
    return Case(name, of, kinds, damaged.audio, damaged.instruction, wrong, seen)


def draw_kinds(of: Material, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """That many faults that make sense on this song, of different groups, by published chance."""
    names = list(_GROUP_CHANCE)
    chances = np.array(list(_GROUP_CHANCE.values()))
    drawn: list[str] = []
    for at in rng.choice(len(names), len(names), replace=False, p=chances):
        able = [kind for kind in GROUPS[names[int(at)]] if of.can_have(kind)]
        if able and len(drawn) < count:
            drawn.append(able[int(rng.integers(len(able)))])
    return tuple(drawn) if len(drawn) == count else ()


def other_kind(kinds: Sequence[str], rng: np.random.Generator) -> str:
    """A fault whose request asks for something else than the repair of any of `kinds`."""
    able = [other for other in PUBLISHED_KINDS if not any(_is_near(kind, other) for kind in kinds)]
    return able[int(rng.integers(len(able)))]


def _is_near(kind: str, other: str) -> bool:
    broad = {"xband", "mic"}
    if kind == other or (broad & {kind, other} and {kind, other} <= set(GROUPS["eq"])):
        return True
    return any({kind, other} <= group for group in _NEAR)


def _is_seen(kind: str, error: float, of: Material) -> bool:
    if kind not in _STATISTIC_KINDS:
        return error > 0
    # The statistic of silence is 0, so this error is the clean song's statistic itself.
    return error >= _MOVED_LEAST * paper_error(kind, of.clean, of.silence)
