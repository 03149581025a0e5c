"""Instructions for an engine: one to three short English sentences, one fault each.

The sentences are those the flow model was taught with (`mixmend.model.requests`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mixmend.agent.intents import Intent
from mixmend.agent.records import GoalRecord
from mixmend.agent.wishes import wish_for
from mixmend.model.problems import Problem
from mixmend.model.requests import sentence_for

MOST_SENTENCES = 3
_AUTO = "Improve the sound of this track."

# Wishes no problem stands for still get a sentence in the same manner.
_OTHER: dict[tuple[str, str], str] = {
    ("air", "less"): "Take some of the air off the top.",
    ("warmth", "less"): "Make this less warm.",
    ("punch", "less"): "Soften the attacks a little.",
}


def problem_of(intent: Intent) -> Problem | None:
    """The problem whose repair meets the wish; None when no repair does."""
    if intent.problem is not None:
        return intent.problem
    wish = wish_for(intent.aspect, intent.change)
    return wish.problem if wish else None


def sentence_for_goal(problem: Problem) -> str:
    """The sentence that asks an engine to repair one problem."""
    return sentence_for(problem)


def compose_instruction(goals: Sequence[GoalRecord]) -> str:
    """One short sentence a goal for the first three problems; what the user asked for comes first.

    Goals are expected most certain first; the order among the asked and the found ones is kept.
    """
    ordered = [goal for goal in goals if goal.asked] + [goal for goal in goals if not goal.asked]
    problems = list(dict.fromkeys(goal.problem for goal in ordered))[:MOST_SENTENCES]
    return " ".join(sentence_for(problem) for problem in problems)


def instruction_for(intents: Sequence[Intent]) -> str:
    """What all `intents` ask of the sound, most certain first; a general request for `auto`."""
    wishes = sorted(
        (intent for intent in intents if intent.kind == "fix"), key=lambda i: -i.confidence
    )
    sentences = list(dict.fromkeys(filter(None, map(_sentence, wishes))))
    if sentences:
        return " ".join(sentences)
    if not intents or any(intent.kind == "auto" for intent in intents):
        return _AUTO
    return ""


def _sentence(intent: Intent) -> str | None:
    problem = problem_of(intent)
    if problem is not None:
        return sentence_for(problem)
    return _OTHER.get((intent.aspect or "", intent.change or ""))
