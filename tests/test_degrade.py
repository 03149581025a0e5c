"""Damage: every kind keeps the shape and does what it says, by seed."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.model.damage_rooms import Hall, Shoebox, hall_responses, shoebox_response
from mixmend.model.damage_tone import PHONE_MICROPHONES, phone_microphone
from mixmend.model.degrade import KINDS, PUBLISHED_KINDS, degrade, degrade_many
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.model.requests import problems_in
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError
from tests.signals import music, sine

RATE = 44100


def _noise(duration_s: float = 2.0, rate_hz: int = RATE, channels: int = 2) -> Audio:
    rng = np.random.default_rng(7)
    shape = (channels, round(duration_s * rate_hz))
    return Audio((0.1 * rng.standard_normal(shape)).astype(np.float32), rate_hz)


def _change_db(before: Audio, after: Audio, freq_hz: float) -> float:
    """Level change around a frequency, by averaged spectra of the first channel."""
    from scipy.signal import welch

    powers = []
    for audio in (before, after):
        freqs, power = welch(audio.samples[0], audio.sample_rate_hz, nperseg=4096)
        near = np.abs(freqs - freq_hz) <= max(0.06 * freq_hz, 12)
        powers.append(float(np.mean(power[near])))
    return 10 * float(np.log10(powers[1] / powers[0]))


def _rms_db(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64))))


def test_kinds_are_the_published_and_ours() -> None:
    assert len(PUBLISHED_KINDS) == 19
    assert set(KINDS) - set(PUBLISHED_KINDS) == {
        "hiss", "hum", "clicks", "dropout", "dc", "lowbitrate",
    }  # fmt: skip
    assert set(KINDS) == set(PROBLEM_OF_KIND)


@pytest.mark.parametrize("kind", KINDS)
def test_shape_seed_and_request(kind: str) -> None:
    song = music(3.0)
    first, again, other = degrade(song, kind, 1), degrade(song, kind, 1), degrade(song, kind, 2)
    assert first.audio.samples.shape == song.samples.shape
    assert first.audio.samples.dtype == np.float32
    assert first.audio.sample_rate_hz == song.sample_rate_hz
    assert np.array_equal(first.audio.samples, again.audio.samples)
    assert first.damage == again.damage
    assert np.isfinite(first.audio.samples).all()
    assert not np.array_equal(first.audio.samples, song.samples)
    assert problems_in(first.damage.instruction) == (PROBLEM_OF_KIND[kind],)
    if kind not in ("punch", "stereo"):  # these two have nothing to draw
        assert first.damage.parameters != other.damage.parameters
    assert np.max(np.abs(first.audio.samples)) <= 1.0 + 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_alone_repeat_the_damage(kind: str) -> None:
    song = music(1.5)
    first = degrade(song, kind, 5)
    again = degrade(song, kind, 6, parameters=first.damage.parameters)
    assert np.array_equal(first.audio.samples, again.audio.samples)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 2), (48000, 1), (96000, 3)])
def test_any_rate_and_channels(kind: str, rate_hz: int, channels: int) -> None:
    if kind == "stereo" and channels == 1:
        pytest.skip("mono is refused, see below")
    song = _noise(0.1 if rate_hz == 96000 else 0.5, rate_hz, channels)
    damaged = degrade(song, kind, 3).audio
    assert damaged.samples.shape == song.samples.shape
    assert np.isfinite(damaged.samples).all()


@pytest.mark.parametrize("kind", KINDS)
def test_silence_stays_finite(kind: str) -> None:
    silent = Audio(np.zeros((2, 9000), dtype=np.float32), RATE)
    assert np.isfinite(degrade(silent, kind, 1).audio.samples).all()


def test_bad_requests_are_refused() -> None:
    song = _noise(0.2)
    with pytest.raises(UsageError, match="choose from"):
        degrade(song, "melted")
    with pytest.raises(UsageError, match="no parameter"):
        degrade(song, "bright", parameters={"gain": 3})
    with pytest.raises(UsageError, match="mono already"):
        degrade(_noise(0.2, channels=1), "stereo")
    with pytest.raises(UsageError, match="no sound"):
        degrade(Audio(np.zeros((2, 0), dtype=np.float32), RATE), "bright")
    with pytest.raises(UsageError, match="no kind"):
        degrade_many(song, [])


@pytest.mark.parametrize(
    ("kind", "parameters", "freq_hz", "expected_db"),
    [
        ("bright", {"gain_db": -12}, 16000, -12),
        ("bright", {"gain_db": -12}, 500, 0),
        ("dark", {"gain_db": 12}, 16000, 12),
        ("airy", {"gain_db": -20}, 20000, -20),
        ("boom", {"gain_db": -15}, 30, -15),
        ("warm", {"gain_db": -10}, 60, -10),
        ("warm", {"gain_db": -10}, 4000, 0),
        ("clarity", {"order": 4}, 5500, -12),
        ("vocal", {"attenuation_db": 15}, 1100, -15),
        ("vocal", {"attenuation_db": 15}, 60, 0),
        ("mud", {"attenuation_db": 12}, 316, 0),
        ("mud", {"attenuation_db": 12}, 6000, -12),
    ],
)
@pytest.mark.parametrize("rate_hz", [44100, 96000])
def test_filters_reach_their_gain(
    kind: str, parameters: dict[str, int], freq_hz: float, expected_db: float, rate_hz: int
) -> None:
    quiet = Audio(_noise(4.0, rate_hz).samples * np.float32(0.1), rate_hz)
    damaged = degrade(quiet, kind, parameters=parameters).audio
    assert _change_db(quiet, damaged, freq_hz) == pytest.approx(expected_db, abs=1.5)


def test_xband_gains_are_decibels() -> None:
    quiet = Audio(_noise(4.0).samples * np.float32(0.1), RATE)
    gains = [0.0] * 10
    gains[5] = 6.0
    damaged = degrade(quiet, "xband", parameters={"gains_db": gains}).audio
    centre_hz = float(np.geomspace(40, 16000, 10)[5])
    assert _change_db(quiet, damaged, centre_hz) == pytest.approx(6, abs=0.7)
    assert _change_db(quiet, damaged, 60) == pytest.approx(0, abs=0.5)


def test_phone_microphones_differ() -> None:
    assert len(set(PHONE_MICROPHONES)) == 20
    probe = _noise(0.1)
    assert all(
        np.isfinite(phone_microphone(index, probe)).all() for index in range(len(PHONE_MICROPHONES))
    )


def test_compression_evens_levels() -> None:
    time_s = np.arange(4 * RATE) / RATE
    wave = np.where(time_s < 2, 0.02, 0.5) * np.sin(2 * np.pi * 440 * time_s)
    song = Audio(np.stack([wave, wave]).astype(np.float32), RATE)
    parameters = {
        "threshold_db": -40, "ratio": 20, "attack_ms": 10, "release_ms": 100, "makeup_db": 18,
    }  # fmt: skip
    out = degrade(song, "comp", parameters=parameters).audio.samples[0]
    soft_db = _rms_db(out[RATE : 2 * RATE])
    loud_db = _rms_db(out[3 * RATE :])
    assert loud_db - soft_db == pytest.approx((28 - 0) / 20, abs=0.6)
    script = degrade(song, "comp", parameters={**parameters, "arithmetic": "script"})
    turned = script.audio.samples[0]
    assert _rms_db(turned[3 * RATE :]) < _rms_db(turned[RATE : 2 * RATE]) + 28 - 6


def test_punch_cuts_where_it_is_loud() -> None:
    song = music(4.0)
    damaged = degrade(song, "punch").audio
    gains = np.abs(damaged.samples) / np.maximum(np.abs(song.samples), 1e-6)
    strong = np.abs(song.samples) > 0.5
    gain_db = 20 * np.log10(np.median(gains[strong]) + 1e-9)
    assert -15.5 <= gain_db <= -7.5
    assert np.mean(gains[np.abs(song.samples) > 1e-3] > 0.99) > 0.3


@pytest.mark.parametrize("gain", [2, 3, 5])
def test_clip_cuts_at_full_scale(gain: int) -> None:
    song = music(2.0)
    clean = song.samples - song.samples.mean(axis=1, keepdims=True)
    out = degrade(song, "clip", parameters={"gain": gain}).audio.samples
    assert np.max(np.abs(out)) == 1.0
    expected = np.clip(gain * clean / np.max(np.abs(clean)), -1, 1)
    assert np.allclose(out, expected, atol=1e-5)


def test_volume_sets_the_peak() -> None:
    out = degrade(music(2.0), "volume", parameters={"gain": 0.01}).audio.samples
    assert np.max(np.abs(out)) == pytest.approx(0.01, rel=1e-4)


def test_stereo_makes_both_channels_the_sum() -> None:
    song = music(2.0)
    out = degrade(song, "stereo").audio.samples
    assert np.array_equal(out[0], out[1])
    total = song.samples.sum(axis=0)
    assert np.corrcoef(out[0], total)[0, 1] > 0.99999


def test_published_kinds_take_out_dc() -> None:
    song = music(2.0)
    offset = Audio(song.samples + np.float32(0.05), song.sample_rate_hz)
    out = degrade(offset, "mud", 1).audio.samples
    assert np.max(np.abs(out.mean(axis=1))) < 1e-5


def test_shoebox_reflection_arrives_in_time_with_its_loss() -> None:
    # Source and microphone on one line far from all walls but one: the first echo is that wall's.
    size = np.array([40.0, 40.0, 40.0])
    source, microphone = np.array([4.0, 20.0, 20.0]), np.array([10.0, 20.0, 20.0])
    room = Shoebox(size, source, microphone, np.full((6, 1), 0.19))
    response = shoebox_response(room, RATE)
    assert response[0] == pytest.approx(1.0, abs=1e-6)
    delay = round((14.0 - 6.0) / 343 * RATE)
    echo = response[delay - 2 : delay + 3]
    assert np.max(echo) == pytest.approx(np.sqrt(0.81) * 6 / 14, rel=0.35)
    assert np.max(np.abs(response[30 : delay - 30])) < 1e-6


def test_hall_decays_as_asked() -> None:
    hall = Hall(1.5, 1.0, 1.0, 0.0, 0.01, 8, 3)
    tail = hall_responses(hall, 1, RATE)[0][round(0.15 * RATE) :]
    energy_db = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1])
    at = round(0.5 * RATE)
    assert energy_db[at] - energy_db[0] == pytest.approx(-20, abs=1.5)


@pytest.mark.parametrize("kind", ["small", "big", "mix", "real"])
def test_rooms_keep_the_direct_sound_in_place(kind: str) -> None:
    samples = np.zeros((2, RATE), dtype=np.float32)
    samples[:, 5000] = 0.1
    out = degrade(Audio(samples, RATE), kind, 2).audio.samples[0]
    assert out[5000] == pytest.approx(0.1, rel=0.02)
    assert np.max(np.abs(out[:4990])) < 1e-3
    assert np.max(np.abs(out[5001:])) > 1e-3


def test_long_sound_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    import mixmend.model.damage as damage
    import mixmend.model.damage_dynamics as dynamics

    song = music(4.0)
    kinds = ("bright", "comp", "punch", "small")
    whole = {kind: degrade(song, kind, 4).audio.samples for kind in kinds}
    monkeypatch.setattr(damage, "BLOCK_S", 0.7)
    monkeypatch.setattr(dynamics, "BLOCK_S", 0.7)
    for kind in kinds:
        assert np.allclose(degrade(song, kind, 4).audio.samples, whole[kind], atol=2e-6), kind


def test_hiss_reaches_its_ratio() -> None:
    song = music(3.0)
    out = degrade(song, "hiss", parameters={"snr_db": 20.0}).audio.samples
    noise = out - song.samples
    assert _rms_db(song.samples) - _rms_db(noise) == pytest.approx(20, abs=0.3)


def test_hum_sits_on_its_harmonics() -> None:
    song = music(3.0)
    out = degrade(song, "hum", parameters={"freq_hz": 60, "level_db": -20.0}).audio.samples
    hum = out[0] - song.samples[0]
    assert _rms_db(song.samples) - _rms_db(hum) == pytest.approx(20, abs=0.5)
    spectrum = np.abs(np.fft.rfft(hum * np.hanning(hum.size)))
    strongest_hz = np.argmax(spectrum) * RATE / hum.size
    assert strongest_hz % 60 == pytest.approx(0, abs=0.5)


def test_clicks_are_short_and_counted() -> None:
    song = sine(200, -20, 4.0, RATE)
    out = degrade(song, "clicks", parameters={"per_s": 2.0}).audio.samples
    changed = np.abs(out[0] - song.samples[0]) > 1e-6
    assert 4 <= np.count_nonzero(np.diff(np.flatnonzero(changed)) > 200) + 1 <= 8
    assert np.mean(changed) < 0.01


def test_dropouts_are_silent_where_named() -> None:
    song = music(5.0)
    damage = degrade(song, "dropout", 2)
    starts, lengths = (damage.damage.parameters[name] for name in ("starts_s", "lengths_s"))
    assert isinstance(starts, list)
    assert isinstance(lengths, list)
    for start_s, length_s in zip(starts, lengths, strict=True):
        first, last = round(start_s * RATE) + 2, round((start_s + length_s) * RATE) - 2
        assert not damage.audio.samples[:, first:last].any()


def test_dc_moves_the_mean() -> None:
    song = sine(100, -12, 1.0, RATE)
    out = degrade(song, "dc", parameters={"offsets": [0.05, -0.04]}).audio.samples
    assert np.allclose(out.mean(axis=1), [0.05, -0.04], atol=1e-4)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 96000])
def test_low_bit_rate_keeps_time_and_loses_treble(rate_hz: int) -> None:
    song = music(3.0, rate_hz)
    out = degrade(song, "lowbitrate", parameters={"kbit_s": 48}).audio.samples
    left, reference = out[0], song.samples[0]
    middle = slice(rate_hz, 2 * rate_hz)
    lags = range(-50, 51)
    products = [
        float(np.dot(reference[middle], left[rate_hz + lag : 2 * rate_hz + lag])) for lag in lags
    ]
    assert list(lags)[int(np.argmax(products))] == 0
    assert 0.001 < np.sqrt(np.mean((left - reference)[middle] ** 2)) / np.std(reference) < 0.5


def test_many_follow_the_published_order() -> None:
    song = music(3.0)
    many = degrade_many(song, ["volume", "bright", "comp"], 3)
    assert [damage.kind for damage in many.damages] == ["comp", "bright", "volume"]
    assert problems_in(many.instruction) == ("too_quiet", "dull", "squashed")
    first = degrade(song, "comp", 3).damage
    assert many.damages[0].parameters == first.parameters
    gain = many.damages[2].parameters["gain"]
    assert np.max(np.abs(many.audio.samples)) == pytest.approx(gain, rel=1e-4)


def test_hidden_clipping_happens_in_its_share() -> None:
    song = _noise(0.1)
    hidden = [
        degrade_many(song, ["comp"], seed, hidden_clipping=True).hidden_clipping
        for seed in range(200)
    ]
    assert 0.09 <= np.mean(hidden) <= 0.21
    assert not degrade_many(song, ["bright"], 1, hidden_clipping=True).hidden_clipping
