"""Engine `sonicmaster`: the published flow model on songs of any length, rate and channel count.

Latents of the whole song are integrated together in overlapping windows, and the change is brought
into the recording by a renderer (`flow_render`). There is no noise in it: a seed changes nothing,
and the same sound and words give the same result on one device.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mixmend.model.channel_pairs import channel_pairs
from mixmend.model.engine import OnProgress
from mixmend.model.flow_render import RENDERS, Render
from mixmend.model.sonic_config import HOP, RATE_HZ
from mixmend.model.sonic_pass import (
    Clock,
    Joining,
    SonicParts,
    SonicPass,
    SonicSettings,
    copy_into,
)
from mixmend.tools.audio import Audio, allocate
from mixmend.tools.errors import UsageError
from mixmend.tools.region import Region, blend

if TYPE_CHECKING:
    from mixmend.model.sonic_load import Precision
    from mixmend.model.workers import Beat

_LEAST_CONTEXT_S = 5.0
JOININGS: tuple[Joining, ...] = ("together", "published")


class SonicEngine:
    """Restores sound as a sentence asks, with the parts that `load` gives on the first call.

    `load` is given a function to call now and then, which may raise Cancelled.
    """

    name = "sonicmaster"

    def __init__(
        self, load: Callable[[Beat], SonicParts], settings: SonicSettings | None = None
    ) -> None:
        self._load = load
        self._parts: SonicParts | None = None
        self.settings = settings or SonicSettings()
        _refuse_unknown("rendering", self.settings.render, RENDERS)
        _refuse_unknown("joining", self.settings.joining, JOININGS)

    @property
    def checkpoint_sha256(self) -> str | None:
        return None if self._parts is None else self._parts.checkpoint_sha256

    def restore(
        self,
        audio: Audio,
        instruction: str,
        *,
        region: Region | None = None,
        strength: float = 1.0,
        steps: int | None = None,
        seed: int = 0,  # noqa: ARG002 - the flow has no noise
        on_progress: OnProgress | None = None,
    ) -> Audio:
        if strength == 0.0 or audio.frames == 0:
            return audio
        channel_pairs(audio.channels)  # more than it can hear are refused before anything is loaded
        clock = Clock(on_progress)
        clock.tell("loading the model")
        if self._parts is None:
            self._parts = self._load(clock.beat)
        first, last = _piece(audio, region, self._window_s())
        piece = audio
        if (first, last) != (0, audio.frames):
            piece = Audio(audio.samples[:, first:last], audio.sample_rate_hz)
        flow = SonicPass(self._parts, self.settings, instruction.strip(), steps, clock)
        changed = flow.change_all(piece, strength)
        if piece is not audio:
            changed = _put_back(audio, changed, first)
        return blend(audio, changed, region=region)

    def _window_s(self) -> float:
        assert self._parts is not None
        return self._parts.model.config.window_frames * HOP / RATE_HZ


def _piece(audio: Audio, region: Region | None, window_s: float) -> tuple[int, int]:
    """Frames to work on: the region with at least 5 s around it, and at least a whole window."""
    if region is None:
        return 0, audio.frames
    length_s = region.end_s - region.start_s
    around_s = max(_LEAST_CONTEXT_S, (window_s - length_s) / 2)
    start_s, end_s = region.start_s - around_s, region.end_s + around_s
    if start_s < 0:
        start_s, end_s = 0.0, end_s - start_s
    if end_s > audio.duration_s:
        start_s, end_s = start_s - (end_s - audio.duration_s), audio.duration_s
    return audio.frame_at(max(0.0, start_s)), audio.frame_at(end_s)


def _put_back(audio: Audio, changed: Audio, first: int) -> Audio:
    """The song with a changed piece in its place; what lies outside is blended away anyway."""
    out = allocate(audio.channels, audio.frames)
    copy_into(out[:, first : first + changed.frames], changed.samples)
    return Audio(out, audio.sample_rate_hz)


def chosen_settings(render: str | None, joining: str | None) -> SonicSettings:
    """Settings with a rendering or joining by name; raises UsageError for an unknown one."""
    default = SonicSettings()
    render, joining = render or default.render, joining or default.joining
    _refuse_unknown("rendering", render, RENDERS)
    _refuse_unknown("joining", joining, JOININGS)
    return SonicSettings(render=cast(Render, render), joining=cast(Joining, joining))


def parts_from_weights(beat: Beat | None = None) -> SonicParts:
    """The published model and codec from the weights folder, on a GPU when there is one.

    The blocks run in bfloat16 where the machine computes with it. Loaded once and kept; `beat` is
    called between tensors. Raises FileError when weights are missing or do not fit.
    """
    from mixmend.model.weights import weights_root

    root = weights_root()
    if root not in _LOADED:
        parts = _read_parts(root, beat)
        _LOADED.clear()  # one model fills the memory
        _LOADED[root] = parts
    return _LOADED[root]


_LOADED: dict[Path, SonicParts] = {}


def _read_parts(root: Path, beat: Beat | None) -> SonicParts:
    import torch

    from mixmend.model.codec_oobleck import load_codec
    from mixmend.model.sonic_load import load_sonic
    from mixmend.model.weights import SONICMASTER, read_records

    device = "cuda" if torch.cuda.is_available() else "cpu"
    precision = quick_precision(device)
    model = load_sonic(
        root / "sonicmaster", text_folder=root / "flan-t5-large", device=device, dtype=precision,
        beat=beat,
    )  # fmt: skip
    codec = load_codec(root / "codec", device=device, dtype=precision, beat=beat)
    record = read_records(root).get(SONICMASTER.files[0].local)
    return SonicParts(model, codec, device, None if record is None else record.sha256)


def quick_precision(device: str) -> Precision:
    """`bf16` where the processor multiplies bfloat16 in hardware, else `fp32`."""
    import torch

    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    # Without such instructions bfloat16 is emulated, and slower than what it replaces.
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def _refuse_unknown(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UsageError(f"there is no {what} {name!r}; choose {' or '.join(known)}.")
