"""Learning to understand: the same lessons give the same weights, in the shape that is read."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from mixmend.agent.intents import Intent, Turn
from mixmend.agent.lessons import (
    CLASSES,
    ONE,
    SEVERAL,
    Diet,
    epoch,
    lesson_of,
    lessons_from,
    quiet_lessons,
    targets_of,
)
from mixmend.agent.sentence_model import BEFORE, HEAD_KINDS, REMARK, WISH_NAMES, stored
from mixmend.agent.train_understanding import (
    CHOSEN_BY,
    ONE_IN,
    STAGES,
    kept_apart,
    lessons_for,
)
from mixmend.agent.utterances import Utterance, build_utterances, remarks, stranger_utterances

BASS = Intent(kind="fix", problem="thin", aspect="bass", change="more")
HISS = Intent(kind="fix", problem="noise", aspect="noise", change="less")
DIET = Diet(composed=1.0, plain=1.0, joined=4, remarked=4)


def test_learning_is_repeatable_goes_on_and_is_named_as_it_is_read() -> None:
    pytest.importorskip("torch")
    from mixmend.agent.train_encoder import learn

    lessons = [*lessons_from(build_utterances()[:16]), *quiet_lessons()[:4]]

    def once(start: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
        return learn(
            lambda rng: epoch(lessons, rng, DIET), CLASSES, epochs=1, rate=1e-3, start=start
        )

    first, second = once(), once()
    assert {name: part.shape for name, part in first.items()} == {
        name: part.shape for name, part in stored().items()
    }
    assert all(np.array_equal(first[name], second[name]) for name in first)
    further = once(first)
    moved = np.abs(further["kind.weight"] - first["kind.weight"]).max()
    assert 0 < moved < np.abs(first["kind.weight"]).max()


def test_lessons_hold_every_wish_and_kind_and_remarks_are_no_wish() -> None:
    own = [u for u in build_utterances() if not u.held_out]
    lessons = [*lessons_from(own), *quiet_lessons()]
    assert {name for lesson in lessons for name in lesson.targets["wish"]} == set(
        range(len(WISH_NAMES))
    )
    assert {lesson.kind for lesson in lessons} == set(HEAD_KINDS)
    quiet = [lesson for lesson in lessons if lesson.kind == REMARK]
    assert len(quiet) >= 0.9 * len(remarks())
    assert not any(lesson.targets["wish"] for lesson in quiet)


def test_several_wishes_teach_in_shares_and_that_they_are_several() -> None:
    both = targets_of([BASS, HISS])
    assert both["one"] == {SEVERAL: 1.0}
    assert sorted(both["wish"].values()) == [0.5, 0.5]
    assert both["kind"] == {HEAD_KINDS.index("fix"): 1.0}
    # The same wish in two places is one thing said.
    twice = targets_of([BASS, BASS.model_copy(update={"section": "chorus"})])
    assert twice["one"] == {ONE: 1.0}


def test_an_epoch_joins_clauses_and_says_what_they_came_after() -> None:
    history = (Turn(role="user", text="more bass"), Turn(role="assistant", text="Done."))
    undo = Utterance("take that back", (Intent(kind="undo"),), "strangers.x", history)
    leans = Utterance("the same there", (BASS,), "strangers.x", history)
    assert lesson_of(leans) is None
    lessons = [
        *lessons_from([undo], times=2),
        *lessons_from(
            [
                Utterance("more bass", (BASS,), "sound.x"),
                Utterance("remove the hiss", (HISS,), "sound.x"),
                Utterance("redo", (Intent(kind="redo"),), "redo.x"),
            ]
        ),
        *quiet_lessons()[:3],
    ]
    examples = epoch(lessons, random.Random(0), Diet(1.0, 1.0, joined=20, remarked=5))
    undone = [e for e in examples if e.targets["kind"] == {HEAD_KINDS.index("undo"): 1.0}]
    assert len(undone) == 2
    assert all(example.words.startswith(BEFORE["account"]) for example in undone)
    joined = [example for example in examples if example.targets["one"] == {SEVERAL: 1.0}]
    assert joined
    assert all(sum(example.targets["kind"].values()) == pytest.approx(1.0) for example in joined)


def test_what_the_last_stages_were_chosen_by_was_kept_apart_before() -> None:
    stage = next(stage for stage in STAGES if stage.apart)
    spared = lessons_for(stage, [])
    rest = lessons_for(replace(stage, apart=False), [])
    held = [u for u in stranger_utterances() if kept_apart(u)]
    strangers = [u for u in stranger_utterances() if u.family[10:] in CHOSEN_BY]
    assert 0.8 < len(held) / (len(strangers) / ONE_IN) < 1.2
    assert len(rest) - len(spared) == len(lessons_from(held))


def test_the_lots_that_measure_are_never_learnt_from() -> None:
    learnt = {lot for stage in STAGES for lot in stage.lots}
    assert not learnt & {"second", "third", "s7", "s8", "s9"}
