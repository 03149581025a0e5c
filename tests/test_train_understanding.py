"""Learning to understand: the same lessons give the same weights, in the shape that is read."""

from __future__ import annotations

import numpy as np
import pytest

from mixmend.agent.sentence_model import HEAD_KINDS, WISH_NAMES, stored
from mixmend.agent.train_understanding import CLASSES, fit, lessons_from, varied
from mixmend.agent.utterances import build_utterances, remarks


def test_learning_is_repeatable_and_named_as_it_is_read() -> None:
    pytest.importorskip("torch")
    from mixmend.agent.train_encoder import learn

    lessons = lessons_from(build_utterances()[:24])[:24]
    first, second = (learn(lessons, CLASSES, vary=varied, epochs=1) for _ in range(2))
    assert {name: part.shape for name, part in first.items()} == {
        name: part.shape for name, part in stored().items()
    }
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_heads_learn_what_can_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    vectors = (np.eye(8, dtype=np.float32)[labels] + rng.normal(0, 0.05, (60, 8))).astype("f4")
    weight, bias = fit(vectors, labels, 3)
    assert np.array_equal((vectors @ weight + bias).argmax(axis=1), labels)


def test_lessons_hold_every_wish_and_kind_and_remarks_are_no_wish() -> None:
    lessons = lessons_from([u for u in build_utterances() if not u.held_out])
    assert {lesson.labels["wish"] for lesson in lessons} - {None} == set(range(len(WISH_NAMES)))
    assert {lesson.labels["kind"] for lesson in lessons} == set(range(len(HEAD_KINDS)))
    quiet = [lesson for lesson in lessons if lesson.labels["kind"] == HEAD_KINDS.index("remark")]
    assert len(quiet) >= 0.9 * len(remarks())
    assert all(lesson.labels["wish"] is None for lesson in quiet)
