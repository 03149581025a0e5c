"""mendflow: its space, its draws, its weights, the engine around it, and its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from mixmend.model import mend_pack
from mixmend.model.corpus import Song, music_in
from mixmend.model.damage import rms
from mixmend.model.damage_tone import TONE_KINDS
from mixmend.model.degrade import degrade
from mixmend.model.flow_render import Gains
from mixmend.model.mend_change import sentences_for, with_known
from mixmend.model.mend_draw import (
    EQ_WEIGHTS,
    Plan,
    draw_plan,
    mean_change_db,
    play,
    played_stats,
    tone_response_db,
)
from mixmend.model.mend_engine import HEARD, MendEngine, _parts, bring_to_peak, width_of
from mixmend.model.mend_examples import DrawnExamples
from mixmend.model.mend_flow import MendFlow, load_flow, save_flow
from mixmend.model.mend_mel import BANDS, HOP, RATE_HZ, log_mel_db, song_mel_db, with_side_floor
from mixmend.model.mend_net import MendConfig, MendNet
from mixmend.model.mend_pack import Pack, decoded, encoded, make_pack
from mixmend.model.mend_stats import SIZE, as_features, level_of, shift_db, song_stats
from mixmend.model.mend_text import MOST_SENTENCES, sentence_vectors, sentences_of
from mixmend.model.mend_train import CHECKPOINT, read_config, train_from_config
from mixmend.tools.audio import Audio
from mixmend.tools.errors import FileError, InputError, UsageError
from mixmend.tools.region import Region

# Names no fault: no part answers, and no second opinion is heard.
PLAIN = "Please do your best."

TINY = MendConfig(window_frames=64, head_width=32, heads=1, head_dim=16, layers=1, single_layers=1)


def music(seconds: float, seed: int = 0, rate: int = RATE_HZ, channels: int = 2) -> Audio:
    """Chords with attacks over a bed of noise; sides that differ."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    out = 0.05 * rng.standard_normal((channels, frames))
    since = np.arange(round(1.2 * rate)) / rate
    phases = 2 * np.pi * np.outer(np.arange(1, 12), since)
    for channel in range(channels):
        for start in range(0, frames, round(0.4 * rate)):
            pitch = 110 * 2 ** (rng.integers(0, 30) / 12)
            note = np.exp(-4 * since) * (np.sin(pitch * phases) / np.arange(1, 12)[:, None]).sum(0)
            out[channel, start : start + note.size] += note[: frames - start]
    return Audio(np.asarray(0.7 * out / np.abs(out).max(), dtype=np.float32), rate)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three songs of 46 s on disk."""
    place = tmp_path_factory.mktemp("music")
    for number in range(3):
        sound = music(46, number)
        soundfile.write(place / f"song{number}.flac", sound.samples.T, sound.sample_rate_hz)
    return place


@pytest.fixture(scope="module")
def pack(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    place = tmp_path_factory.mktemp("pack")
    assert make_pack(music_in(folder), place, clips=2, seed=3) == 2
    return Pack(place)


def flow(seed: int = 0, *, push: float = 0.0) -> MendFlow:
    torch.manual_seed(seed)
    network = MendNet(TINY).eval().requires_grad_(False)
    for value in network.tone.answer.parameters():
        value.zero_()
    network.tone.answer.bias.fill_(push / 10)
    return MendFlow(network.tone, lambda: network, "0" * 64, {})


def test_levels_of_a_sine_and_of_a_long_song_in_blocks() -> None:
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    levels = log_mel_db(np.stack([tone, tone]))
    assert levels.shape == (2, 4 * RATE_HZ // HOP + 1, BANDS)
    assert levels[1].max() == pytest.approx(-160)
    assert -12 < levels[0, 20].max() < 0
    song = music(30)
    assert np.allclose(song_mel_db(song), log_mel_db(song.samples), atol=0.05)


def test_half_decibels_survive_the_pack() -> None:
    levels = np.array([-115.0, -60.5, -0.25, 5.0], dtype=np.float32)
    assert np.abs(decoded(encoded(levels)) - levels).max() <= 0.25


def test_a_pack_holds_every_version_of_a_clip(pack: Pack) -> None:
    assert len(pack.clips) == 2
    for number, clip in enumerate(pack.clips):
        kinds = [version.kinds for version in clip.versions]
        assert kinds[:3] == [(), ("comp",), ("punch",)]
        assert {kinds[3][-1], kinds[4][-1]} & {"real"}
        clean, squashed = pack.mel_db(number, 0), pack.mel_db(number, 1)
        assert clean.shape == (2, mend_pack.FRAMES, BANDS)
        frame_db = 10 * np.log10(np.power(10, clean[0] / 10).sum(1))
        squashed_db = 10 * np.log10(np.power(10, squashed[0] / 10).sum(1))
        assert squashed_db.std() < frame_db.std()
        from_levels = song_stats(with_side_floor(clean))
        assert np.abs(pack.stats(number, 0) - from_levels).mean() < 0.1


def test_a_pack_needs_music(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no song"):
        make_pack((), tmp_path, clips=1)
    with pytest.raises(InputError, match="no pack"):
        Pack(tmp_path)
    with pytest.raises(InputError, match="holds no music"):
        music_in(tmp_path)


@pytest.mark.parametrize("kind", sorted(EQ_WEIGHTS))
def test_a_filter_is_its_curve_in_the_mel_domain(kind: str) -> None:
    rng = np.random.default_rng(5)
    song = Audio(0.1 * rng.standard_normal((2, 6 * RATE_HZ)).astype(np.float32), RATE_HZ)
    curve = tone_response_db(kind, 7)
    parameters = TONE_KINDS[kind].draw(np.random.default_rng([7, 77]), song)
    damaged = TONE_KINDS[kind].apply(song, parameters)
    change = (song_mel_db(damaged) - song_mel_db(song))[0, 20:-20]
    assert np.median(np.abs(np.median(change, axis=0) - curve)) < 0.5


def test_statistics_follow_a_filter(pack: Pack) -> None:
    """What is added to statistics is what statistics of the filtered clip are."""
    curve = tone_response_db("bright", 3)
    plan = Plan(0, 0, "bright", False, ("bright",), ("bright",), "Brighter!", curve)
    drawn = play(pack, plan, 0, mend_pack.FRAMES)
    measured = song_stats(drawn.degraded_db)
    assert np.abs(measured - played_stats(pack, plan)).mean() < 0.2
    top = pack.clips[0].top_band
    aim = (drawn.aim_db - drawn.degraded_db)[:, :, :top]
    assert np.allclose(aim.mean(1), mean_change_db(pack, plan)[:, :top], atol=0.3)


@pytest.mark.parametrize("asked", [(), ("stereo",), ("warm",), ("warm", "stereo")])
def test_the_mean_of_the_aim_is_what_the_tone_head_learns(
    pack: Pack, asked: tuple[str, ...]
) -> None:
    curve = tone_response_db("warm", 3)
    plan = Plan(1, 0, "warm", True, ("warm", "stereo"), asked, "", curve)
    drawn = play(pack, plan, 0, mend_pack.FRAMES)
    change = (drawn.aim_db - drawn.degraded_db).mean(1)
    assert np.abs(change - mean_change_db(pack, plan)).max() < 0.6
    assert np.allclose(drawn.stats[0], drawn.degraded_db.mean(1), atol=0.3)


def test_draws_have_at_most_three_faults_and_ask_for_what_they_aim_at(pack: Pack) -> None:
    rng = np.random.default_rng(0)
    words = set()
    for _ in range(300):
        plan = draw_plan(pack, (0, 1), rng)
        assert len(plan.kinds) <= 3
        assert set(plan.asked) <= set(plan.kinds)
        drawn = play(pack, plan, 10, 32)
        if not plan.asked:
            assert np.array_equal(drawn.aim_db, drawn.degraded_db)
        words.add(plan.request)
    assert "" in words
    assert len(words) > 100


def test_examples_are_the_same_each_time(pack: Pack) -> None:
    examples = DrawnExamples(pack, (0, 1), 64)
    once, again, other = examples[5], examples[5], examples[6]
    assert torch.equal(once.degraded, again.degraded)
    assert once.prompt == again.prompt
    assert not torch.equal(once.degraded, other.degraded)
    assert once.carried is not None
    assert once.carried.shape == (SIZE + MOST_SENTENCES * 384,)


def test_features_do_not_depend_on_level() -> None:
    song = music(5)
    loud, soft = (
        song_stats(song_mel_db(Audio(song.samples * gain, RATE_HZ)))
        for gain in (np.float32(1), np.float32(0.05))
    )
    assert np.allclose(as_features(loud)[:-1], as_features(soft)[:-1], atol=0.05)
    assert level_of(loud) - level_of(soft) == pytest.approx(26.02, abs=0.05)
    assert shift_db(loud) + level_of(loud) == pytest.approx(-20)


def test_sentences_add_up() -> None:
    assert sentences_of("Make it brighter. Less echo, please!\nMore bass") == (
        "Make it brighter.", "Less echo, please!", "More bass",
    )  # fmt: skip
    assert not sentence_vectors("  ").any()
    one, two = sentence_vectors("Make it brighter."), sentence_vectors("Less echo, please!")
    both = sentence_vectors("Make it brighter. Less echo, please!")
    assert np.allclose(both.sum(0), one.sum(0) + two.sum(0), atol=1e-5)


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = MendNet(TINY)
    path = tmp_path / "a.safetensors"
    save_flow(network.state_dict(), TINY, {"steps": 3}, path)
    loaded = load_flow(path)
    assert loaded.network.config == TINY
    assert loaded.facts == {"steps": 3}
    assert len(loaded.sha256) == 64
    for name, value in network.state_dict().items():
        assert torch.allclose(loaded.network.state_dict()[name], value, rtol=1e-2, atol=1e-3)


def test_wrong_weights_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        load_flow(tmp_path / "none.safetensors")
    junk = tmp_path / "junk.safetensors"
    junk.write_bytes(b"not weights at all")
    with pytest.raises(FileError, match="no checkpoint"):
        load_flow(junk)
    part = tmp_path / "part.safetensors"
    tensors = MendNet(TINY).state_dict()
    tensors.pop("tone.hear.weight")
    save_flow(tensors, TINY, {}, part)
    with pytest.raises(FileError, match=r"tone\.hear\.weight"):
        load_flow(part)
    tensors = MendNet(TINY).state_dict()
    tensors["transformer.proj_out.weight"] = torch.zeros(3, 3)
    save_flow(tensors, TINY, {}, part)
    with pytest.raises(FileError, match=r"transformer\.proj_out\.weight"):
        _ = load_flow(part).network


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [22050, 44100, 96000])
def test_a_flow_that_does_nothing_gives_the_input(channels: int, rate: int) -> None:
    song = music(2.0, 1, rate, channels)
    out = MendEngine(flow).restore(song, PLAIN)
    assert out.samples.shape == song.samples.shape
    assert out.sample_rate_hz == rate
    assert np.abs(out.samples - song.samples).max() < 2e-6


@pytest.mark.parametrize("steps", [None, 1, 3])
@pytest.mark.parametrize("seconds", [0.1, 0.7, 3.3])
def test_a_flow_that_says_six_decibels_gives_six(seconds: float, steps: int | None) -> None:
    song = music(seconds, 2)
    engine = MendEngine(lambda: flow(push=6.0))
    out = engine.restore(song, PLAIN, steps=steps)
    ratio = np.sqrt(np.mean(out.samples**2) / np.mean(song.samples**2))
    assert 20 * np.log10(ratio) == pytest.approx(6.0, abs=0.3)
    half = engine.restore(song, PLAIN, strength=0.5, steps=steps)
    ratio = np.sqrt(np.mean(half.samples**2) / np.mean(song.samples**2))
    assert 20 * np.log10(ratio) == pytest.approx(3.0, abs=0.2)
    assert engine.restore(song, PLAIN, strength=0.0) is song


def test_only_the_region_changes() -> None:
    song = music(8, 3)
    out = MendEngine(lambda: flow(push=6.0)).restore(song, PLAIN, region=Region(3.0, 5.0))
    rate = song.sample_rate_hz
    same = np.all(out.samples == song.samples, axis=0)
    assert same[: int(2.8 * rate)].all()
    assert same[int(5.2 * rate) :].all()
    inside = slice(int(3.3 * rate), int(4.7 * rate))
    ratio = np.sqrt(np.mean(out.samples[:, inside] ** 2) / np.mean(song.samples[:, inside] ** 2))
    assert 20 * np.log10(ratio) == pytest.approx(6.0, abs=0.5)


def test_silence_stays_silence_and_nothing_faint_is_raised() -> None:
    still = Audio(np.zeros((2, RATE_HZ), dtype=np.float32), RATE_HZ)
    out = MendEngine(lambda: flow(push=20.0)).restore(still, PLAIN)
    assert not out.samples.any()


def test_parts_that_a_gain_cannot_do() -> None:
    song = music(4, 4)
    engine = MendEngine(flow)
    quiet = degrade(song, "volume", 1).audio
    louder = engine.restore(quiet, "Raise the overall volume.")
    assert np.abs(louder.samples).max() == pytest.approx(0.87, abs=0.1)
    assert bring_to_peak(song, 0.0, None).samples.max() == song.samples.max()
    clipped = degrade(song, "clip", 1).audio
    rebuilt = engine.restore(clipped, "Repair the clipped peaks.")
    # Peaks stand above the rest again, and the song fits into the range there is.
    assert np.abs(rebuilt.samples).max() == pytest.approx(1.0, abs=1e-4)
    assert rms(rebuilt) < 0.95 * rms(clipped)


def test_attacks_are_sought_where_their_switches_are_still_sharp() -> None:
    before, after = _parts({"flat_transients": 1.0, "narrow": 1.0, "clipping": 1.0})
    assert [step.problem for step in before] == ["clipping", "flat_transients"]
    before, after = _parts({"flat_transients": 1.0, "thin": 1.0, "squashed": 1.0})
    assert not before
    assert [step.problem for step in after] == ["squashed", "flat_transients"]
    before, after = _parts({"flat_transients": 1.0, "thin": 1.0, "reverb": 1.0})
    assert [step.problem for step in before] == ["flat_transients"]
    assert not after


def test_where_only_tone_is_asked_for_a_second_opinion_counts() -> None:
    song = degrade(music(12, 8), "boom", 2).audio
    nothing = np.zeros((2, 50, BANDS), dtype=np.float32)
    bass = with_known(nothing, song, ("thin",))
    assert bass[:, :, :4].mean() > 2.0
    assert np.abs(bass[:, :, 40:80]).max() < 1.0
    assert with_known(nothing, song, ("thin", "reverb")) is nothing
    assert with_known(nothing, song, ()) is nothing


def test_parts_and_flow_share_an_instruction() -> None:
    both = "Make it sound brighter. It is compressed to death; open it up again."
    assert sentences_for(both, HEARD) == "Make it sound brighter."
    assert sentences_for("Bring back the attack of the drums.", HEARD) == ""
    assert sentences_for("Please do something nice", HEARD) == "Please do something nice"
    assert sentences_for("", HEARD) == ""


def test_a_gain_that_was_asked_for_does_not_move_in_time() -> None:
    """The flow below wavers; asked for by name, every part of the song gets the same gain."""
    wavering = flow()
    torch.manual_seed(4)
    torch.nn.init.normal_(wavering.network.transformer.proj_out.weight, std=0.5)
    song = music(12, 9)
    out = MendEngine(lambda: wavering).restore(song, "Make it sound brighter.", steps=2)
    unasked = MendEngine(lambda: wavering).restore(song, "", steps=2)

    def spread(after: Audio) -> float:
        change = song_mel_db(after)[0, 5:-5] - song_mel_db(song)[0, 5:-5]
        return float(np.median(change.std(axis=0)))

    assert np.abs(out.samples - song.samples).max() > 1e-3
    assert spread(out) < 0.5 * spread(unasked)


def test_width_from_mono() -> None:
    network = flow()
    sides = network.network.tone.answer.bias.unflatten(0, (2, BANDS))
    sides[1] = 3.0  # the side from 40 dB to 10 dB under the middle
    one = music(4, 6).samples[:1]
    mono = Audio(np.repeat(one, 2, axis=0), RATE_HZ)
    out = MendEngine(lambda: network).restore(mono, "Make it wider.")
    middle, side = out.samples.mean(0), (out.samples[0] - out.samples[1]) / 2
    assert np.abs(middle - mono.samples[0]).max() < 1e-5
    assert 0.1 < np.sqrt(np.mean(side**2) / np.mean(middle**2)) < 0.6
    levels = np.full((2, 10, BANDS), -20.0, dtype=np.float32)
    levels[1] -= 6.0206
    assert width_of(levels) == pytest.approx(0.5, abs=1e-4)


def test_cancelling_stops_the_pass() -> None:
    class Stopped(Exception):
        pass

    def stop(_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        MendEngine(flow).restore(music(1), PLAIN, on_progress=stop)


def test_too_many_channels_are_refused() -> None:
    many = Audio(np.zeros((9, 1000), dtype=np.float32), RATE_HZ)
    with pytest.raises(UsageError, match="9 channels"):
        MendEngine(flow).restore(many, PLAIN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("music = ", "TOML"),
        ("music = 'a'", "output"),
        ("music = 'a'\noutput = 'b'\nspeed = 3", "speed"),
        ("music = 'a'\noutput = 'b'\nwindow_frames = 30", "window_frames"),
        ("music = 'a'\noutput = 'b'\nsteps = -3", "steps"),
    ],
)
def test_a_bad_configuration_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        read_config(path)


def test_training_on_a_folder_lowers_the_error_on_a_clip_never_heard(
    folder: Path, tmp_path: Path
) -> None:
    """Bass taken away from a song that was not in the folder: less of the error is left."""
    config = tmp_path / "tiny.toml"
    config.write_text(
        f"""
music = "{folder}"
output = "out"
clips = 6
steps = 30
tone_steps = 250
strength_steps = 60
room_steps = 6
rooms = 6
tone_batch = 32
batch = 4
window_frames = 64
heads = 1
layers = 1
single_layers = 1
head_width = 64
warmup_steps = 5
save_every = 10
""",
        encoding="utf-8",
    )
    told: list[float] = []
    checkpoint = train_from_config(config, lambda now: told.append(now.fraction))
    assert checkpoint == tmp_path / "out" / CHECKPOINT
    assert told == sorted(told)
    song = music(20, 99)
    damaged = degrade(song, "boom", 2).audio
    engine = MendEngine(lambda: load_flow(checkpoint))
    out = engine.restore(damaged, "Give it more bass.")
    clean, before, after = (song_mel_db(each)[0, :, 1:12].mean() for each in (song, damaged, out))
    assert abs(after - clean) < 0.7 * abs(before - clean)
    trained = load_flow(checkpoint)
    assert trained.room is not None
    assert trained.strengths is not None
    # What is done already is not done again, and a checkpoint is a start for another run.
    assert train_from_config(config) == checkpoint
    again = tmp_path / "more.toml"
    text = config.read_text(encoding="utf-8").replace('"out"', '"more"')
    for key in ("tone_steps = 250", "strength_steps = 60", "room_steps = 6"):
        text = text.replace(key, f"{key.split()[0]} = 0")
    text = text.replace("\nsteps = 30", "\nsteps = 2")
    again.write_text(text + 'init = "out/mendflow.safetensors"\n', encoding="utf-8")
    more = load_flow(train_from_config(again))
    assert more.room is not None
    assert torch.equal(more.room.hear.weight, trained.room.hear.weight)
    assert more.strengths is not None
    tuned = more.network.state_dict()
    first = load_flow(checkpoint).network.state_dict()
    assert torch.allclose(tuned["tone.hear.weight"], first["tone.hear.weight"], atol=1e-2)
    assert any(not torch.equal(tuned[name], first[name]) for name in first)


def test_gains_of_another_grid_are_read_at_their_times() -> None:
    assert Gains(0.0, np.zeros((2, 3, BANDS), dtype=np.float32), HOP).step == HOP


def test_songs_of_a_folder_are_listed(folder: Path) -> None:
    found = music_in(folder)
    assert len(found) == 3
    assert all(isinstance(song, Song) and song.duration_s == pytest.approx(46) for song in found)
