"""RestoreBench: cases, rules, measures, cache, table, on songs of our own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixmend.agent.bench import (
    restore,
    restore_cache,
    restore_cases,
    restore_methods,
    restore_peers,
)
from mixmend.agent.bench.restore_cache import FaultError, Result, ResultCache, code_digest
from mixmend.agent.bench.restore_cases import Case, Material, draw_kinds, make_case, other_kind
from mixmend.agent.bench.restore_choice import choice_of
from mixmend.agent.bench.restore_methods import Method, get_method
from mixmend.agent.bench.restore_metrics import clean_mel, measure_result
from mixmend.agent.bench.restore_table import RestoreTable, costs, score_of, tabulate
from mixmend.agent.engine_choice import read_table
from mixmend.model.corpus import Song
from mixmend.model.degrade import GROUPS, PUBLISHED_KINDS
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.model.requests import problems_in
from mixmend.tools.audio import Audio
from mixmend.tools.errors import UsageError
from mixmend.tools.paper_error import paper_error
from mixmend.tools.sound_distance import log_spectral_distance_db
from mixmend.tools.writing import write_sound
from tests.signals import music

CLEAN = music(5.0, seed=3)


def song(name: str = "one") -> Song:
    return Song(
        Path(f"/nowhere/{name}.ogg"), "some-music", None, 60.0, "CC0", "held_out", False, False
    )


def made(audio: Audio = CLEAN, number: int = 0) -> Material:
    return Material(number, song(), audio)


def case(kind: str) -> Case:
    found = make_case(kind, made())
    assert found is not None
    return found


# Cases -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bright", "comp", "clip", "stereo", "volume"])
def test_a_case_is_the_same_every_time_and_its_error_is_the_papers(kind: str) -> None:
    first, second = case(kind), case(kind)
    assert np.array_equal(first.damaged.samples, second.damaged.samples)
    assert (first.request, first.wrong_request) == (second.request, second.wrong_request)
    assert first.errors == {kind: paper_error(kind, CLEAN, first.damaged)}
    assert PROBLEM_OF_KIND[kind] in problems_in(first.request)
    assert PROBLEM_OF_KIND[kind] not in problems_in(first.wrong_request)


def test_faults_that_make_no_sense_on_a_song_are_left_out() -> None:
    mono = Audio(np.repeat(CLEAN.samples[:1], 2, axis=0), CLEAN.sample_rate_hz)
    assert make_case("stereo", made(mono)) is None
    hot = Audio(np.clip(4 * CLEAN.samples, -0.9, 0.9), CLEAN.sample_rate_hz)
    assert make_case("clip", made(hot)) is None
    spectrum = np.fft.rfft(CLEAN.samples, axis=1)
    spectrum[:, np.fft.rfftfreq(CLEAN.frames, 1 / 44100) > 9000] = 0
    low = Audio(np.fft.irfft(spectrum, CLEAN.frames, axis=1).astype(np.float32), 44100)
    assert make_case("airy", made(low)) is None
    assert make_case("bright", made(low)) is not None
    silent = Audio(np.zeros_like(CLEAN.samples), CLEAN.sample_rate_hz)
    assert all(make_case(kind, made(silent)) is None for kind in ("bright", "volume", "double"))


def test_several_faults_are_of_different_groups_and_drawn_by_song() -> None:
    group_of = {kind: name for name, kinds in GROUPS.items() for kind in kinds}
    drawn = set()
    for number in range(40):
        kinds = draw_kinds(made(), 3, np.random.default_rng(number))
        assert len({group_of[kind] for kind in kinds}) == 3
        drawn |= set(kinds)
    assert len(drawn) > 12
    double = case("double")
    assert len(double.kinds) == 2
    assert set(double.errors) <= set(double.kinds)
    assert {PROBLEM_OF_KIND[kind] for kind in double.kinds} <= set(problems_in(double.request))


def test_another_faults_request_never_is_one_that_helps() -> None:
    for kind in PUBLISHED_KINDS:
        for seed in range(30):
            other = other_kind((kind,), np.random.default_rng(seed))
            assert PROBLEM_OF_KIND[other] != PROBLEM_OF_KIND[kind]
            if kind in ("xband", "mic"):
                assert other not in GROUPS["eq"]


def test_an_intact_song_is_to_be_left_alone() -> None:
    intact = case("intact")
    assert intact.damaged is CLEAN
    assert intact.kinds == ()
    assert problems_in(intact.request) == ()


# Methods -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["match", "half", "known", "loudness", "dsp", "dsp-auto", "dsp-wrong"]
)
def test_methods_keep_shape_and_are_deterministic(name: str) -> None:
    dull = case("bright")
    first, second = get_method(name).run(dull), get_method(name).run(dull)
    assert first.samples.shape == dull.damaged.samples.shape
    assert np.array_equal(first.samples, second.samples)
    assert np.all(np.isfinite(first.samples))


def test_known_undoes_more_than_it_spoils_and_dsp_obeys() -> None:
    dull = case("bright")
    before = dull.errors["bright"]
    assert paper_error("bright", CLEAN, get_method("known").run(dull)) < before
    asked = paper_error("bright", CLEAN, get_method("dsp").run(dull))
    wrong = paper_error("bright", CLEAN, get_method("dsp-wrong").run(dull))
    assert asked < 0.8 * before
    assert before - wrong < 0.5 * (before - asked)
    assert get_method("dsp").run(case("intact")) is CLEAN


@pytest.mark.parametrize("name", ["wpe", "hpss"])
def test_peers_run_on_their_own_kinds(name: str) -> None:
    wet = make_case("small", made(music(2.0, seed=3)))
    assert wet is not None
    method = get_method(name)
    assert method.fits(wet)
    assert not method.fits(case("bright"))
    out = method.run(wet)
    assert out.samples.shape == wet.damaged.samples.shape
    assert np.all(np.isfinite(out.samples))
    assert not np.array_equal(out.samples, wet.damaged.samples)


def test_matchering_takes_another_song_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def reference(chosen: Song, _start: float, _seconds: float) -> Audio:
        taken.append(chosen.path.stem)
        return music(5.0, seed=9)

    here = (song("one"), song("two"))
    monkeypatch.setattr(restore_peers, "songs", lambda _: here)
    monkeypatch.setattr(restore_peers, "excerpt", reference)
    out = get_method("matchering").run(case("bright"))
    assert taken == ["two"]
    assert out.samples.shape == CLEAN.samples.shape


def test_unknown_methods_and_kinds_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="choose from input"):
        get_method("magic")
    with pytest.raises(UsageError, match="choose from input"):
        get_method("dsp-loudly")
    with pytest.raises(UsageError, match="double, triple, intact"):
        restore.run(kinds=("bright", "nonsense"))
    with pytest.raises(UsageError, match="paper, all"):
        restore.run(metrics="some")


# Measures ----------------------------------------------------------------------------------


def test_measures_of_the_song_itself_are_perfect_and_of_others_as_defined() -> None:
    reference = clean_mel(CLEAN)
    same = measure_result(CLEAN, reference, CLEAN, CLEAN)
    assert same["ssim"] == pytest.approx(1.0, abs=1e-9)
    assert same["si_sdr_db"] == 100.0
    zero = ("log_spectral_distance_db", "added_onsets_percent", "level_wobble_db", "lag_frames")
    assert [same[name] for name in zero] == pytest.approx([0, 0, 0, 0], abs=1e-3)
    rng = np.random.default_rng(0)
    noisy = Audio(
        CLEAN.samples + (0.02 * rng.standard_normal(CLEAN.samples.shape)).astype(np.float32),
        CLEAN.sample_rate_hz,
    )
    worse = measure_result(CLEAN, reference, CLEAN, noisy)
    expected = log_spectral_distance_db(CLEAN, noisy)
    assert worse["log_spectral_distance_db"] == pytest.approx(expected, rel=1e-3)
    assert worse["ssim"] < 0.9
    late = Audio(np.roll(CLEAN.samples, 7, axis=1), CLEAN.sample_rate_hz)
    assert measure_result(CLEAN, reference, CLEAN, late)["lag_frames"] == 7.0
    # Where the damage is what delays, a result in time with it is not late.
    assert measure_result(CLEAN, reference, late, late)["lag_frames"] == 0.0


# Table -------------------------------------------------------------------------------------


def result(method: str, kind: str, name: str, *faults: tuple[str, float, float]) -> Result:
    errors = tuple(FaultError(*fault) for fault in faults)
    return Result("", method, kind, name, errors, 1.0, 20.0)


def test_recovered_is_of_the_means_and_improved_counts_faults() -> None:
    found = [
        result("dsp", "bright", "a", ("bright", 0.30, 0.10)),
        result("dsp", "bright", "b", ("bright", 0.10, 0.14)),
        result("dsp", "double", "a", ("bright", 2.0, 1.0), ("volume", 0.5, 0.4)),
        result("dsp", "double", "b", ("bright", 2.0, 2.0)),
    ]
    bright = score_of("bright", "dsp", found, costs(found))
    assert bright is not None
    assert bright.recovered == pytest.approx(40.0)
    assert bright.improved == 50.0
    assert bright.times_real_time == pytest.approx(20.0)
    double = score_of("double", "dsp", found, costs(found))
    assert double is not None
    # Bright costs 0.2 alone; volume, which is never alone here, 0.5.
    assert costs(found) == pytest.approx({"bright": 0.2, "volume": 0.5})
    assert double.recovered == pytest.approx(100 * (1 - (3.0 / 0.2 + 0.8) / (4.0 / 0.2 + 1.0)))
    assert double.improved == pytest.approx(200 / 3)
    assert double.before is None
    assert score_of("mud", "dsp", found, costs(found)) is None


def test_tiny_errors_are_not_swallowed_by_a_constant() -> None:
    found = [result("dsp", "clip", "a", ("clip", 4e-10, 1e-10))]
    score = score_of("clip", "dsp", found, costs(found))
    assert score is not None
    assert score.recovered == pytest.approx(75.0)


def method(name: str) -> Method:
    return Method(name, "for a test", lambda _: True, lambda case: case.damaged, "")


def test_facts_compare_automatic_wrong_and_several_with_asked() -> None:
    found = [
        result("flow", "bright", "a", ("bright", 1.0, 0.2)),
        result("flow-auto", "bright", "a", ("bright", 1.0, 0.4)),
        result("flow-wrong", "bright", "a", ("bright", 1.0, 0.9)),
        result("known", "bright", "a", ("bright", 1.0, 0.5)),
        result("flow", "double", "a", ("bright", 1.0, 0.4)),
    ]
    names = ("known", "flow", "flow-auto", "flow-wrong")
    table = tabulate(found, [method(name) for name in names], ("bright", "double"))
    assert table.facts["flow-auto: recovered as % of what flow recovers when asked"] == 75.0
    assert table.facts["flow-wrong: recovered as % of what flow recovers when asked"] == 12.5
    assert table.facts["flow: double faults, recovered as % of the single faults"] == 75.0
    assert table.facts["flow: kinds in which it recovers more than known"] == "1 of 1"
    text = table.to_markdown()
    assert "| bright | 1 | 50 (100) | 80 (100) | 60 (100) | 10 (100) |" in text
    assert "kind" in table.to_json_dict()["rows"][0]  # type: ignore[index]


# Running and resuming ----------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two made-up songs for the benchmark, and a list of the damages that were made."""
    here = [song("one"), song("two")]
    damaged: list[str] = []

    def cases(name: str, of: Material) -> Case | None:
        damaged.append(f"{name} {of.number}")
        return make_case(name, of)

    monkeypatch.setattr(restore, "held_out_songs", lambda count: here[:count])
    monkeypatch.setattr(restore, "material", lambda n, s: Material(n, s, music(3.0, seed=n)))
    monkeypatch.setattr(restore, "make_case", cases)
    restore._material.cache_clear()
    return damaged


def bench(folder: Path, methods: Sequence[str], **options: object) -> RestoreTable:
    return restore.run(
        methods=methods, kinds=("bright", "intact"), songs=2, cache=folder,
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_run_goes_on_from_what_is_kept(tmp_path: Path, held: list[str]) -> None:
    first = bench(tmp_path, ("input", "dsp"))
    assert held == ["bright 0", "intact 0", "bright 1", "intact 1"]
    again = bench(tmp_path, ("input", "dsp"))
    assert len(held) == 4
    assert again.to_json_dict() == first.to_json_dict()
    # A crash in the middle of a line costs that result alone.
    kept = tmp_path / "restore.jsonl"
    kept.write_text(kept.read_text()[:-40], encoding="utf-8")
    after = bench(tmp_path, ("input", "dsp"))
    assert held[4:] == ["intact 1"]
    columns = range(len(first.columns) - 1)  # all but speed
    assert [[row[i] for i in columns] for row in after.rows] == [
        [row[i] for i in columns] for row in first.rows
    ]
    bench(tmp_path, ("input", "half"))
    assert len(held) == 9


def test_results_without_measures_are_done_again_when_all_are_wanted(
    tmp_path: Path, held: list[str]
) -> None:
    plain = bench(tmp_path, ("dsp",), metrics="paper")
    assert plain.scores[0].measures == {}
    whole = bench(tmp_path, ("dsp",), metrics="all")
    assert whole.scores[0].measures["log_spectral_distance_db"] > 0
    assert len(held) == 8
    bench(tmp_path, ("dsp",), metrics="paper")
    assert len(held) == 8


def test_plots_and_choice_are_written(tmp_path: Path, held: list[str]) -> None:
    choice = tmp_path / "choice.json"
    table = bench(tmp_path, ("input", "dsp"), plots=tmp_path / "plots", write_choice=choice)
    assert held
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {"bright.png", "overview.png"}
    stored = read_table(choice)
    assert stored == choice_of(table)
    entry = stored.engines["dsp"].kinds["bright"]
    assert entry.songs == 2
    assert set(stored.engines) == {"dsp"}
    assert entry.recovered == table.rows[1][5]


def test_a_cache_counts_code_by_its_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mixmend_like.py"

    def digest_of(text: str) -> str:
        package.write_text(text, encoding="utf-8")
        restore_cache._code_digest.cache_clear()
        return code_digest(["mixmend.like"])

    monkeypatch.setattr(restore_cache, "_source", lambda _: package)
    plain = digest_of("x = 1\n")
    assert digest_of("# why\nx  =  1\n") == plain
    assert digest_of("x = 2\n") != plain
    restore_cache._code_digest.cache_clear()


def test_code_is_followed_through_imports() -> None:
    whole = code_digest(["mixmend.agent.bench.restore_cases"])
    assert whole != code_digest(["mixmend.agent.bench.restore_cases"], ["mixmend.model.request"])
    assert restore_cache._source("mixmend.tools.paper_error") is not None
    assert restore_cache._source("mixmend.tools.paper_error.paper_error") is None
    assert restore_cache._source("numpy") is None


def test_a_cache_keeps_the_fuller_result(tmp_path: Path) -> None:
    store = ResultCache(tmp_path)
    plain = Result("k", "dsp", "bright", "a", (), 1.0, 20.0)
    whole = Result("k", "dsp", "bright", "a", (), 1.0, 20.0, {"ssim": 0.5})
    for each in (whole, plain):
        store.add(each)
    again = ResultCache(tmp_path)
    assert again.find("k", measured=True) == whole
    assert again.find("other", measured=False) is None
    assert len((tmp_path / "restore.jsonl").read_text().splitlines()) == 2
    assert json.loads((tmp_path / "restore.jsonl").read_text().splitlines()[0])["key"] == "k"


def test_rules_name_what_the_code_does() -> None:
    for kind in restore_cases._REACH_HZ:
        assert f"`{kind}`" in restore_cases.RULES


def test_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    write_sound(path, music(21.0, seed=5))
    here = replace(song(), path=path, duration_s=21.0)
    tasks = [
        restore.Task(0, here, kind, ("loudness",), False, (kind,)) for kind in ("volume", "mud")
    ]
    one = [found for each in restore._work_all(tasks, 1) for found in each]
    two = [found for each in restore._work_all(tasks, 2) for found in each]
    assert len(one) == 2
    # Processor time is never the same twice.
    assert {r.key: r.faults for r in two} == {r.key: r.faults for r in one}
    assert all(fault.before > 0 for r in one for fault in r.faults)


def test_other_weights_are_another_method() -> None:
    class Flow:
        """Knows its weights only once it has worked, as flows do."""

        name = "flow"

        def __init__(self, sha256: str) -> None:
            self._sha256, self.checkpoint_sha256 = sha256, None

        def restore(self, audio: Audio, _words: str, **_options: object) -> Audio:
            self.checkpoint_sha256 = self._sha256  # type: ignore[assignment]
            return audio

    codes = [restore_methods._engine_method(Flow(sha), "flow", "").code for sha in ("a", "b", "a")]
    assert codes[0] == codes[2] != codes[1]
