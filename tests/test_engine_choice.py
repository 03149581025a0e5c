"""The loop takes the engine that the benchmark finds best, `dsp` where none is clearly better."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixmend.agent import engine_choice
from mixmend.agent.engine_choice import (
    ChoiceTable,
    EngineEntries,
    Entry,
    check_engine,
    engine_for,
    merged,
    named_or_best,
    read_table,
    write_table,
)
from mixmend.agent.mend import MendRequest, mend
from mixmend.agent.store import SessionStore
from mixmend.model import engines
from mixmend.model.degrade import degrade
from mixmend.model.dsp import DspEngine
from mixmend.model.engines import EngineStatus, available_engines
from mixmend.model.problems import PROBLEMS
from mixmend.tools.errors import FileError, UsageError
from mixmend.tools.writing import write_sound
from tests.signals import music

READY = ("dsp", "flow")


def table(**kinds: tuple[tuple[float, float], tuple[float, float]]) -> ChoiceTable:
    """(recovered, improved) of dsp and of flow by kind, over 32 songs."""
    return ChoiceTable(
        {
            name: EngineEntries("", {kind: Entry(32, *both[place]) for kind, both in kinds.items()})
            for place, name in enumerate(READY)
        }
    )


@pytest.mark.parametrize(
    ("dsp", "flow", "best"),
    [
        ((50, 90), (70, 95), "flow"),
        ((50, 90), (51, 95), "dsp"),  # better, but not clearly
        ((50, 90), (70, 85), "dsp"),  # more on average, while more songs get worse
        ((50, 95), (70, 93), "flow"),
        ((50, 90), (30, 99), "dsp"),
        ((-40, 20), (-20, 30), "dsp"),  # both harm: nothing is let loose instead
        ((-40, 20), (1, 80), "dsp"),
        ((-40, 20), (6, 80), "flow"),
        ((2, 60), (20, 70), "dsp"),  # three songs in ten get worse
        ((70, 95), (70, 95), "dsp"),
    ],
)
def test_only_what_is_clearly_better_takes_the_place_of_dsp(
    dsp: tuple[float, float], flow: tuple[float, float], best: str
) -> None:
    assert engine_for("dull", table=table(bright=(dsp, flow)), ready=READY) == best


def test_each_goal_is_judged_by_its_own_kinds() -> None:
    known = table(bright=((50, 90), (80, 99)), mud=((80, 99), (50, 90)))
    assert engine_for("dull", table=known, ready=READY) == "flow"
    assert engine_for("muddy", table=known, ready=READY) == "dsp"
    assert engine_for("hum", table=known, ready=READY) == "dsp"


def test_reverb_is_the_mean_of_its_four_kinds_and_needs_all_of_them() -> None:
    rooms = dict.fromkeys(("small", "big", "mix"), ((2.0, 80.0), (40.0, 95.0)))
    assert engine_for("reverb", table=table(**rooms), ready=READY) == "dsp"
    assert (
        engine_for("reverb", table=table(**rooms, real=((2, 80), (40, 95))), ready=READY) == "flow"
    )
    bad = table(**rooms, real=((2, 80), (-150, 60)))
    assert engine_for("reverb", table=bad, ready=READY) == "dsp"


def test_an_engine_that_cannot_run_or_was_tried_on_few_songs_is_not_chosen() -> None:
    known = table(bright=((50, 90), (80, 99)))
    assert engine_for("dull", table=known, ready=("dsp",)) == "dsp"
    few = ChoiceTable(
        {**known.engines, "flow": EngineEntries("", {"bright": Entry(3, 90.0, 100.0)})}
    )
    assert engine_for("dull", table=few, ready=READY) == "dsp"


def test_without_a_table_it_is_dsp_for_every_goal(tmp_path: Path) -> None:
    nothing = read_table(tmp_path / "none.json")
    assert {engine_for(problem, table=nothing, ready=READY) for problem in PROBLEMS} == {"dsp"}


def test_a_table_is_read_as_written_and_a_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    known = table(bright=((50.1, 90), (80.2, 99)))
    write_table(known, path)
    assert read_table(path) == known
    for text in ("{oops", "[]", '{"version": 1}', '{"version": 9, "engines": {}}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileError, match="write it anew"):
            read_table(path)
        path.unlink()


def test_new_entries_replace_old_ones_and_other_weights_drop_them() -> None:
    old = ChoiceTable(
        {
            "dsp": EngineEntries("", {"bright": Entry(6, 1, 1), "mud": Entry(6, 2, 2)}),
            "flow": EngineEntries("aa", {"bright": Entry(6, 3, 3)}),
        }
    )
    new = ChoiceTable(
        {
            "dsp": EngineEntries("", {"bright": Entry(32, 9, 9)}),
            "flow": EngineEntries("bb", {"mud": Entry(32, 8, 8)}),
        }
    )
    both = merged(old, new)
    assert both.engines["dsp"].kinds == {"bright": Entry(32, 9, 9), "mud": Entry(6, 2, 2)}
    assert both.engines["flow"] == EngineEntries("bb", {"mud": Entry(32, 8, 8)})


def test_a_named_engine_is_used_and_an_unknown_one_refused() -> None:
    assert named_or_best("sonicmaster", "dull") == "sonicmaster"
    check_engine("auto")
    with pytest.raises(UsageError, match="auto"):
        check_engine("magic")


def test_the_installed_table_fits_the_installed_engines() -> None:
    names = {status.name for status in available_engines()}
    assert set(read_table().engines) <= names


def test_the_loop_takes_the_engine_the_table_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Flow(DspEngine):
        name = "flow"

    status = EngineStatus("flow", True, "a stand-in")
    entry = engines._Entry(lambda: status, Flow)
    monkeypatch.setitem(engines._ENGINES, "flow", entry)
    path = tmp_path / "table.json"
    write_table(table(bright=((50, 90), (80, 99))), path)
    monkeypatch.setattr(engine_choice, "table_path", lambda: path)
    damaged = tmp_path / "damaged.wav"
    write_sound(damaged, degrade(music(6.0, seed=4), "bright", 1).audio)
    words = "It is far too dull, please bring the treble back."
    used = {}
    for engine in (None, "auto", "dsp"):
        request = MendRequest(
            path=damaged, out=tmp_path / f"{engine}.wav", words=words, engine=engine
        )
        record = mend(request, SessionStore(tmp_path / "home"))
        used[engine] = next(done.engine for done in record.passes if done.problem == "dull")
    assert used == {None: "flow", "auto": "flow", "dsp": "dsp"}
