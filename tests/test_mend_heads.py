"""mendflow's heads for rooms and for the strength of tonal faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from mixmend.model.degrade import degrade
from mixmend.model.flow_render import band_centres_hz
from mixmend.model.mend_change import planned_change_db
from mixmend.model.mend_descent import Descent, descend
from mixmend.model.mend_draw import draw_broad
from mixmend.model.mend_engine import MendEngine
from mixmend.model.mend_flow import MendFlow, load_flow, save_flow
from mixmend.model.mend_mel import BANDS, as_heard, song_mel_db
from mixmend.model.mend_net import MendConfig, MendNet
from mixmend.model.mend_room import RoomConfig, RoomHead, pieces_of, room_curve
from mixmend.model.mend_room_stats import (
    BINS,
    FIGURES,
    FRAMING,
    RATE_HZ,
    narrow_power,
    room_figures,
)
from mixmend.model.mend_room_train import (
    RoomExamples,
    RoomSettings,
    _modulation,
    distances,
    train_room,
)
from mixmend.model.mend_stats import as_features, song_stats
from mixmend.model.mend_strength import (
    MOST,
    PROBLEMS,
    StrengthConfig,
    StrengthHead,
    band_response_db,
    strength_problem,
    strength_repair_db,
)
from mixmend.model.mend_strength_train import draw_strength, with_ears_of
from mixmend.model.mend_weights import shipped_weights
from mixmend.model.request_sentences import LEAVE_REQUESTS
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.long_term import long_term
from mixmend.tools.paper_error import paper_error
from mixmend.tools.process.faults import FAMILIES
from mixmend.tools.process.tone import candidates
from tests.signals import music


def _song(seconds: float, rate_hz: int, channels: int) -> Audio:
    stereo = music(seconds, rate_hz)
    return Audio(np.resize(stereo.samples, (channels, stereo.frames)), rate_hz)


TINY = MendConfig(window_frames=64, head_width=32, heads=1, head_dim=16, layers=1, single_layers=1)


@pytest.fixture(scope="module")
def shipped() -> MendFlow:
    return load_flow(shipped_weights())


def room_head(*, push_db: float = 0.0, at: int = 100) -> RoomHead:
    """A head that says the same of everything: `push_db` at 11 Hz bins around `at`."""

    class Same(RoomHead):
        def forward(self, normal: torch.Tensor) -> torch.Tensor:
            gains = torch.zeros(len(normal), BINS)
            gains[:, at - 2 : at + 3] = push_db
            return gains

    return Same(RoomConfig(width=8)).eval()


def test_figures_of_a_room_do_not_depend_on_level() -> None:
    sound = _song(8.0, 44100, 2)
    loud, soft = (
        room_figures(narrow_power(Audio(sound.samples * np.float32(gain), 44100)))
        for gain in (1.0, 0.03)
    )
    assert loud.shape == (FIGURES, BINS)
    assert np.isfinite(loud).all()
    assert np.allclose(loud, soft, atol=0.02)


def test_a_ringing_bin_stands_out_in_its_figures() -> None:
    """A resonance that the room adds shows against its neighbours and by how long it lasts."""
    sound = _song(12.0, 44100, 1)
    at = 80
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    ring = np.exp(-3 * time_s) * np.sin(2 * np.pi * at * RATE_HZ / FRAMING.size * time_s)
    wet = fftconvolve(sound.samples[0], ring)[: sound.frames] * 0.02 + sound.samples[0]
    before = room_figures(narrow_power(sound))
    after = room_figures(narrow_power(Audio(wet[None].astype(np.float32), RATE_HZ)))
    against_third = 4
    assert after[against_third, at] > before[against_third, at] + 3
    lasting = slice(-9, -2)
    assert after[lasting, at].mean() > before[lasting, at].mean()


def test_too_little_sound_has_no_figures() -> None:
    with pytest.raises(ValueError, match="too little"):
        room_figures(narrow_power(Audio(np.zeros((1, 44100), dtype=np.float32), 44100)))
    with pytest.raises(ValueError, match="too little"):
        room_figures(narrow_power(_song(1.0, 44100, 1)))
    assert room_curve(room_head(), _song(1.0, 44100, 2)) is None
    assert room_curve(room_head(), Audio(np.zeros((2, 44100 * 5), dtype=np.float32), 44100)) is None


def test_pieces_are_spread_over_the__song() -> None:
    rate = 8000
    count = np.arange(rate * 3600, dtype=np.float32)[None]
    pieces = pieces_of(Audio(count, rate))
    assert len(pieces) == 18
    assert pieces[0].samples[0, 0] == 0
    assert pieces[-1].samples[0, -1] == count[0, -1]
    assert all(piece.duration_s == 20 for piece in pieces)
    assert [piece.frames for piece in pieces_of(Audio(count[:, : rate * 7], rate))] == [rate * 7]


@pytest.mark.parametrize("rate", [22050, 44100, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_room_gain_is_what_the_sound_gets(rate: int, channels: int) -> None:
    """The level of the song stays, the narrow band moves against it, nothing is shifted."""
    sound = _song(6.0, rate, channels)
    heard = room_curve(room_head(push_db=-9.0), sound)
    assert heard is not None
    curve = heard.curve
    centre_hz = 100 * RATE_HZ / FRAMING.size
    far = curve.at(np.array([300.0, 3000.0]))
    assert curve.at(np.array([centre_hz]))[0] - far[0] == pytest.approx(-9.0, abs=0.01)
    assert far[0] == pytest.approx(far[1], abs=0.01)
    torch.manual_seed(0)
    network = MendNet(TINY).eval().requires_grad_(False)
    still, moved = (
        MendEngine(
            lambda head=head: MendFlow(network.tone, lambda: network, "0" * 64, {}, head)  # type: ignore[misc]
        ).restore(sound, "Reduce the room echo.")
        for head in (room_head(), room_head(push_db=-9.0))
    )
    assert moved.samples.shape == sound.samples.shape
    assert np.isfinite(moved.samples).all()
    at, beside = (
        20 * np.log10(_amplitude_at(moved, hz) / _amplitude_at(still, hz))
        for hz in (centre_hz, 1.5 * centre_hz)
    )
    assert at - beside == pytest.approx(-9.0, abs=1.5)


def _amplitude_at(audio: Audio, hz: float) -> float:
    """RMS amplitude of all channels within 11 Hz of a frequency."""
    spectra = np.abs(np.fft.rfft(audio.samples * np.hanning(audio.frames), axis=1))
    freq_hz = np.fft.rfftfreq(audio.frames, 1 / audio.sample_rate_hz)
    near = np.abs(freq_hz - hz) < RATE_HZ / FRAMING.size
    return float(np.sqrt(np.mean(np.square(spectra[:, near]))))


def test_a_room_head_that_says_nothing_leaves_only_the_part(shipped: MendFlow) -> None:
    """Where the head is silent, the same comes out as from the part that dries rooms."""
    from mixmend.model.dsp import DspEngine

    sound = _song(6.0, 44100, 2)
    still = replace(shipped, room=room_head())
    out = MendEngine(lambda: still).restore(sound, "Reduce the room echo.")
    part = DspEngine().restore(sound, "Reduce the room echo.")
    assert np.abs(out.samples - part.samples).max() < 1e-5


def _in_a_room() -> tuple[RoomExamples, NDArray[np.float32]]:
    """One example, and what the room did to each bin, dB."""
    rng = np.random.default_rng(2)
    frames = int(20 * RATE_HZ) // (FRAMING.hop * 4)
    envelope = np.abs(rng.standard_normal((1, frames, BINS))).astype(np.float32)
    room_db = rng.normal(0, 6, BINS).astype(np.float32)
    wet = envelope * 10 ** (room_db / 20)
    examples = RoomExamples(
        np.zeros((1, FIGURES, BINS), dtype=np.float16),
        wet.astype(np.float16),
        -room_db[None],
        np.zeros((1, BINS // 4, 20), dtype=np.float32),
        np.array(["small"]),
    )
    power = torch.from_numpy(envelope.astype(np.float16)).float().square()
    return replace(examples, dry=_modulation(power).numpy()), room_db


def test_distances_fall_when_the_room_is_undone() -> None:
    examples, room_db = _in_a_room()
    before, after = distances(examples, np.array([0]), torch.from_numpy(-room_db[None]))
    assert float(before) > 0.1
    assert float(after) < 0.01


def test_a_room_head_goes_on_from_another() -> None:
    examples, _ = _in_a_room()
    settings = RoomSettings(steps=1, batch=1, learning_rate=1e-7, weight_decay=0.0)
    start = RoomHead(RoomConfig(width=8))
    start.mean.fill_(0.5)
    ((_, further),) = train_room(examples, start.config, settings, start)
    for name, value in start.state_dict().items():
        assert torch.allclose(further.state_dict()[name], value, atol=1e-4), name
    ((_, anew),) = train_room(examples, start.config, settings)
    assert not torch.allclose(anew.mean, start.mean)


def test_the_shipped_room_head_helps_in_a_room_and_leaves_dry_music(shipped: MendFlow) -> None:
    assert shipped.room is not None
    dry = _song(14.0, 44100, 2)
    engine = MendEngine(lambda: shipped)
    fell = 0
    for seed in range(3):
        wet = degrade(dry, "mix", seed).audio
        out = engine.restore(wet, "Take the room out of the recording.")
        fell += paper_error("mix", dry, out) < paper_error("mix", dry, wet)
    assert fell >= 2
    heard = room_curve(shipped.room, dry)
    in_room = room_curve(shipped.room, degrade(dry, "mix", 0).audio)
    assert heard is not None
    assert in_room is not None
    assert heard.colour_db < 0.5 * in_room.colour_db


def test_a_strength_head_knows_only_the_amounts_of_a_family() -> None:
    torch.manual_seed(3)
    head = StrengthHead(StrengthConfig(width=16)).eval()
    logits = head(torch.zeros(len(PROBLEMS), 1729), torch.arange(len(PROBLEMS)))
    assert logits.shape == (len(PROBLEMS), MOST)
    for row, problem in zip(torch.softmax(logits, 1), PROBLEMS, strict=True):
        own = len(FAMILIES[problem].amounts)
        assert float(row[:own].detach().sum()) == pytest.approx(1.0)


def test_problems_that_are_families() -> None:
    assert strength_problem("too_bright") == "harsh"
    assert strength_problem("dull") == "dull"
    assert strength_problem("unbalanced") is None
    assert strength_problem("reverb") is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_sure_head_decides_the_strength(problem: str) -> None:
    """A head that is certain moves the repair towards its filter, whatever `known` would say."""
    number = next(i for i, each in enumerate(PROBLEMS) if each == problem)
    family = FAMILIES[PROBLEMS[number]]
    index = len(family.amounts) // 2

    class Sure(StrengthHead):
        def forward(self, features: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
            logits = torch.full((len(features), MOST), -40.0)
            logits[:, index] = 40.0
            return logits

    sound = _song(8.0, 44100, 2)
    spectrum = long_term(sound)
    features = as_features(song_stats(as_heard(song_mel_db(sound))))
    repair = strength_repair_db(Sure(StrengthConfig(width=8)), features, spectrum, PROBLEMS[number])
    known = candidates(spectrum, PROBLEMS[number])
    assert known.chances.sum() == pytest.approx(1.0)
    assert known.losses.shape == (len(family.amounts), len(family.amounts))
    tried = [
        family.repair_db(band_response_db(PROBLEMS[number], each).astype(np.float64), each)
        for each in range(len(family.amounts))
    ]
    found, alone = (
        int(np.argmin([np.abs(each - said).sum() for each in tried]))
        for said in (repair, tried[int(np.argmin(known.losses @ known.chances))])
    )
    assert abs(found - index) <= abs(alone - index)


def test_two_faults_are_told_with_the_other_undone(shipped: MendFlow) -> None:
    clean = _song(14.0, 44100, 2)
    bad = degrade(degrade(clean, "bright", 2).audio, "boom", 3).audio
    mel = song_mel_db(bad)
    change = planned_change_db(shipped, mel, bad, "Make it brighter. Give it more bass.", 0)
    assert change.shape == mel.shape
    assert np.ptp(change, axis=1).max() < 1e-4
    low, high = (band_centres_hz(BANDS) < 90), (band_centres_hz(BANDS) > 9000)
    assert change[0, 0, low].mean() > 2
    assert change[0, 0, high].mean() > 2
    middle = (band_centres_hz(BANDS) > 600) & (band_centres_hz(BANDS) < 2500)
    assert abs(change[0, 0, middle].mean()) < change[0, 0, low].mean()


def test_heads_come_back_as_they_were_saved(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = MendNet(TINY)
    room, strengths = RoomHead(RoomConfig(width=8)), StrengthHead(StrengthConfig(width=16))
    path = tmp_path / "a.safetensors"
    save_flow(network.state_dict(), TINY, {}, path, room=room, strengths=strengths)
    loaded = load_flow(path)
    assert loaded.room is not None
    assert loaded.strengths is not None
    assert loaded.room.config == room.config
    assert torch.allclose(loaded.room.answer.weight, room.answer.weight, rtol=1e-2, atol=1e-3)
    assert torch.allclose(loaded.strengths.hear.weight, strengths.hear.weight, rtol=1e-2, atol=1e-3)
    save_flow(network.state_dict(), TINY, {}, path)
    assert load_flow(path).room is None
    room.answer = torch.nn.Conv1d(3, 1, 1)
    save_flow(network.state_dict(), TINY, {}, path, room=room)
    with pytest.raises(FileError, match=r"room\.answer\.weight"):
        load_flow(path)


def test_a_strength_head_begins_with_the_ears_of_the_tone_head() -> None:
    torch.manual_seed(5)
    network = MendNet(TINY)
    head = with_ears_of(network.tone, StrengthConfig(width=TINY.head_width))
    assert torch.equal(head.hear.weight, network.tone.hear.weight)
    assert not torch.equal(head.ask_scale.weight[0], head.ask_scale.weight[1])


def test_draws_of_strengths_cover_the_families() -> None:
    class OneClip:
        clips = (type("Clip", (), {"versions": (0, 1, 2)})(),)

    rng = np.random.default_rng(0)
    drawn = [draw_strength(OneClip(), (0,), rng) for _ in range(600)]  # type: ignore[arg-type]
    assert {number for number, _, _ in drawn} == set(range(len(PROBLEMS)))
    for number, index, plan in drawn:
        assert index < len(FAMILIES[PROBLEMS[number]].amounts)
        assert plan.asked == plan.kinds
    dull = [i for n, i, _ in drawn if PROBLEMS[n] == "dull"]
    amounts = np.array(FAMILIES["dull"].amounts)[dull]
    assert ((amounts >= 6) & (amounts <= 15)).mean() > 0.6


def test_descent_finds_a_line_and_the_average_follows() -> None:
    torch.manual_seed(0)
    head, average = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    x = torch.linspace(-1, 1, 20)[:, None]

    def loss_of() -> tuple[torch.Tensor, torch.Tensor]:
        off = (head(x) - (2 * x + 1)).square().mean()
        return off, off * 10

    steps = list(descend(head, average, Descent(400, 0.05, 0.0, warmup=10), loss_of))
    assert [step.step for step in steps] == list(range(1, 401))
    assert steps[-1].loss < 1e-3 < steps[0].loss
    assert steps[0].told == pytest.approx(10 * steps[0].loss, rel=1e-5)
    assert float(average.weight.detach()) == pytest.approx(2.0, abs=0.1)
    with pytest.raises(UsageError, match="at least one step"):
        next(descend(head, average, Descent(0, 0.1, 0.0), loss_of))


def test_uneven_balance_and_microphones_are_drawn_alone_for_the_tone_head() -> None:
    rng = np.random.default_rng(2)
    plans = [draw_broad(range(5), rng) for _ in range(60)]
    assert {plan.tone for plan in plans} == {"xband", "mic"}
    assert all(plan.version == 0 and plan.asked == (plan.tone,) and plan.request for plan in plans)
    assert all(np.ptp(plan.curve_db) > 1 for plan in plans)


def test_a_song_that_is_to_be_left_alone_comes_back_as_it_was(shipped: MendFlow) -> None:
    song = music(10.0)
    for words in LEAVE_REQUESTS:
        out = MendEngine(lambda: shipped).restore(song, words)
        assert np.array_equal(out.samples, song.samples)
