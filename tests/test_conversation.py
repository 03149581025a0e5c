"""Many turns: versions by number and name, undo, branches, other strengths, a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mixmend.agent import takes
from mixmend.agent.brains import BrainChoice
from mixmend.agent.checkpoints import open_checkpoints
from mixmend.agent.conversation import Conversation
from mixmend.agent.drift import measure_drift
from mixmend.agent.limits import Limits
from mixmend.agent.mend import open_conversation
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Toolbox, Wanted
from mixmend.model.degrade import degrade
from mixmend.tools.audio import Audio
from mixmend.tools.errors import InputError, UsageError
from mixmend.tools.reading import Sound, read_sound
from mixmend.tools.writing import write_sound
from tests.signals import music

OFFLINE = BrainChoice("offline", False)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "song.wav"
    write_sound(path, degrade(music(4.0, seed=4), "bright", 1).audio)
    return path


@pytest.fixture(scope="module")
def sound(song: Path) -> Sound:
    return read_sound(song)


def _talk(song: Path, sound: Sound, home: Path, limits: Limits | None = None) -> Conversation:
    session = Session.start(song, SessionStore(home), sound=sound)
    return open_conversation(
        session, Wanted(out=home.parent / "out.wav"), choice=OFFLINE, limits=limits
    )


@pytest.fixture(scope="module")
def talked(
    song: Path, sound: Sound, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Conversation]:
    """Brighter, then warmer, then back to the first and more of it."""
    conversation = _talk(song, sound, tmp_path_factory.mktemp("talked") / "home")
    conversation.greet()
    conversation.turn("make it brighter please")
    conversation.turn("and warmer")
    yield conversation
    conversation.close()


def _file(conversation: Conversation) -> np.ndarray:
    return read_sound(conversation.toolbox.wanted.out).audio.samples


def test_versions_have_numbers_and_names(talked: Conversation) -> None:
    record = talked.session.record
    assert [(take.number, take.before) for take in record.takes[:2]] == [(1, 0), (2, 1)]
    assert record.takes[0].name == "treble up"
    assert record.takes[1].name == "treble up, warmth up"
    assert "version 2" in next(t.text for t in record.turns if "warmer:" in t.text).lower()


def test_undo_redo_and_going_back_change_the_file_too(talked: Conversation) -> None:
    second = _file(talked)
    assert "version 1 (treble up)" in talked.turn("undo that")
    first = _file(talked)
    assert not np.array_equal(first, second)
    talked.turn("redo")
    assert np.array_equal(_file(talked), second)
    talked.turn("go back to the first version")
    assert np.array_equal(_file(talked), first)
    talked.turn("go back to the original")
    assert talked.session.record.take == 0
    assert takes.changes(talked.session) == []
    talked.turn("back to version 2")
    assert np.array_equal(_file(talked), second)


def test_a_branch_keeps_what_it_came_from(talked: Conversation) -> None:
    talked.turn("back to version 2")
    talked.turn("like the first version but with more bass")
    record = talked.session.record
    assert [c.problem for c in takes.changes(talked.session)] == ["dull", "thin"]
    assert record.takes[record.take - 1].number == record.take > 2
    talked.turn("go back to version 2")
    assert [c.problem for c in takes.changes(talked.session)] == ["dull", "cold"]


def test_another_strength_replaces_the_change_and_keeps_the_later_ones(
    talked: Conversation,
) -> None:
    talked.turn("back to version 2")
    was = takes.changes(talked.session)
    talked.toolbox.begin_turn()
    talked.toolbox.again(0.5, n=1)
    talked.toolbox.finish()
    now = takes.changes(talked.session)
    assert [c.problem for c in now] == [c.problem for c in was]
    assert now[0].strength == pytest.approx(0.5 * was[0].strength)
    assert now[1].strength == was[1].strength
    talked.turn("undo")
    assert talked.session.record.take == 2


def test_stronger_goes_beyond_what_was_judged_needed_without_stacking(
    talked: Conversation,
) -> None:
    talked.turn("go back to the first version")
    text = talked.turn("a bit stronger please")
    made = takes.changes(talked.session)
    assert len(made) == 1
    assert made[0].strength > 1.0 or "as good as I can make it" in text
    talked.turn("even brighter")
    assert len(takes.changes(talked.session)) == 1
    talked.turn("undo the first one")
    assert takes.changes(talked.session) == []


def test_one_change_can_be_left_out(talked: Conversation) -> None:
    talked.turn("back to version 2")
    talked.turn("undo the first one")
    assert [c.problem for c in takes.changes(talked.session)] == ["cold"]


def test_level_wishes_are_undone_with_their_version(talked: Conversation) -> None:
    talked.turn("back to version 1")
    before = talked.session.measurement().loudness.integrated_lufs
    talked.turn("make it louder")
    louder = talked.session.measurement().loudness.integrated_lufs
    assert louder is not None
    assert before is not None
    assert louder > before + 0.5
    talked.turn("undo that")
    assert talked.session.measurement().loudness.integrated_lufs == pytest.approx(before, abs=0.1)
    talked.turn("make it ready for Spotify")
    assert talked.session.measurement().loudness.integrated_lufs == pytest.approx(-14.0, abs=0.2)
    talked.turn("undo")
    assert talked.session.record.target == "keep"


def test_questions_change_nothing(talked: Conversation) -> None:
    talked.turn("back to version 2")
    before = len(talked.session.record.passes), talked.session.record.head
    for words in ("why?", "which is better?", "how loud is it?", "remove the drums", "thanks!"):
        assert talked.turn(words)
    assert (len(talked.session.record.passes), talked.session.record.head) == before
    assert not any("no measurement" in note for note in talked.session.record.notes)


def test_a_version_that_is_not_there_is_said(talked: Conversation) -> None:
    assert "no version 99" in talked.turn("go back to version 99")
    with pytest.raises(InputError, match="no version 99"):
        talked.toolbox.go_to(99)


def test_changes_on_top_of_each_other_are_bounded(song: Path, sound: Sound, tmp_path: Path) -> None:
    session = Session.start(song, SessionStore(tmp_path / "home"), sound=sound)
    box = Toolbox(session, Wanted(out=tmp_path / "out.wav"), Limits(max_passes=2))
    for problem in ("dull", "cold"):
        box.begin_turn()
        box.restore(problem, 0.3)
    assert len(takes.changes(session)) == 2
    box.begin_turn()
    with pytest.raises(UsageError, match="2 changes on top of each other"):
        box.restore("thin", 0.3)
    session.close()


def test_drift_grows_with_what_is_done_and_ignores_level() -> None:
    source = music(3.0, seed=2)
    louder = Audio(source.samples * np.float32(1.7), source.sample_rate_hz)
    assert measure_drift(source, louder).distance_db < 0.05
    noise = np.random.default_rng(1).normal(0, 0.01, source.samples.shape).astype(np.float32)
    some = measure_drift(source, Audio(source.samples + noise, source.sample_rate_hz))
    more = measure_drift(source, Audio(source.samples + 4 * noise, source.sample_rate_hz))
    assert 0.05 < some.texture_db < more.texture_db


def test_every_kept_pass_has_its_drift(talked: Conversation) -> None:
    kept = [v for v in talked.session.record.versions if v.number > 0]
    assert all(version.drift is not None for version in kept)


_CHILD = """
import os, signal, sys
from pathlib import Path
from mixmend.agent.brains import BrainChoice
from mixmend.agent.mend import Listeners, open_conversation
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Wanted

song, home, out, when = sys.argv[1:]
session = Session.start(Path(song), SessionStore(Path(home)))
print(session.record.session.id, flush=True)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

wanted, choice = Wanted(out=Path(out)), BrainChoice("offline", False)
conversation = open_conversation(session, wanted, choice=choice)
conversation.greet()
conversation.turn("make it brighter please")
if when == "inside":
    conversation.toolbox.on_pass = die
    conversation.turn("and warmer")
die()
"""


@pytest.mark.parametrize("when", ["between", "inside"])
def test_a_killed_conversation_goes_on(song: Path, tmp_path: Path, when: str) -> None:
    home, out = tmp_path / "home", tmp_path / "out.wav"
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(song), str(home), str(out), when],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    session = Session.resume(child.stdout.strip(), SessionStore(home))
    conversation = open_conversation(session, Wanted(out=out), choice=OFFLINE)
    said = [str(message.text) for message in conversation.messages]
    if when == "inside":
        assert conversation.cut_off == "and warmer"
        assert "warm" in conversation.go_on()
        assert [c.problem for c in takes.changes(session)] == ["dull", "cold"]
    else:
        assert conversation.cut_off is None
        assert said[1] == "make it brighter please", "the checkpointer has the conversation"
        assert said == [turn.text for turn in session.record.turns]
    assert session.record.takes[0].number == 1
    conversation.turn("undo that")
    conversation.turn("go back to version 1")
    assert [c.problem for c in takes.changes(session)] == ["dull"]
    conversation.close()


def test_databases_are_chosen_by_url(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="postgresql://"):
        open_checkpoints(tmp_path, {"MIXMEND_DATABASE_URL": "mysql://x"})
    url = "postgresql://user:hidden-word@127.0.0.1:9/none"
    with pytest.raises(UsageError, match=r"cannot be reached|not installed") as caught:
        open_checkpoints(tmp_path, {"MIXMEND_DATABASE_URL": url})
    assert "hidden-word" not in str(caught.value)
    open_checkpoints(tmp_path, {})
    assert (tmp_path / "conversation.sqlite").exists()
