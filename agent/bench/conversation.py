"""Whole conversations on damaged songs: understood, goal reached, nothing false said, no harm done.

Every dialogue is led with the offline brain, and every other one also with a model behind an
OpenAI-compatible server on the loopback, whose words are its own and who boasts of what it did not
do.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mixmend.agent import takes
from mixmend.agent.bench import understanding
from mixmend.agent.bench.conversation_truth import false_claims
from mixmend.agent.bench.dialogues import Dialogue, Line, dialogues
from mixmend.agent.bench.material import Excerpt, held_out
from mixmend.agent.bench.model_engineer import BOASTS, TRUE_FOR, Engineer
from mixmend.agent.bench.model_server import ModelServer
from mixmend.agent.bench.table import Cell, Table
from mixmend.agent.brains import BrainChoice
from mixmend.agent.conversation import Conversation
from mixmend.agent.guard import judge
from mixmend.agent.mend import open_conversation
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Wanted
from mixmend.agent.understand import understand_by
from mixmend.agent.utterances import build_utterances
from mixmend.model.degrade import degrade
from mixmend.tools.measure import measure
from mixmend.tools.paper_error import paper_error
from mixmend.tools.reading import read_sound
from mixmend.tools.writing import write_sound

NAME = "conversation"
EXCERPT_S = 8.0
SONGS = 33
QUICK = (0, 12, 24, 36, 48, 60)  # six shapes of talk, six kinds of damage
OFFLINE, SERVER = "offline", "model on a server"


@dataclass(frozen=True)
class Outcome:
    """How one dialogue went with one brain."""

    dialogue: Dialogue
    brain: str
    reached: bool
    turns: int
    wrong_actions: int
    false_claims: tuple[str, ...]
    harm: tuple[str, ...]
    why_not: str


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """Understanding first, then every dialogue with both brains."""
    understood = _understood()
    chosen = [d for d in dialogues() if not quick or d.number in QUICK]
    songs = list(held_out(min(SONGS, max(6, len(chosen))), EXCERPT_S))
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="mixmend-talk-") as folder, _brains() as brains:
        for dialogue in chosen:
            song = songs[dialogue.number % len(songs)]
            # Every other dialogue is also led with the model on the server.
            for name, choice in brains if quick or dialogue.number % 2 == 0 else brains[:1]:
                outcome = _lead(dialogue, song, name, choice, Path(folder))
                outcomes.append(outcome)
                if on_progress:
                    on_progress(_line_of(outcome))
    rows = [_row(name, group) for name, group in _groups(outcomes)]
    facts: dict[str, float | str | bool] = {
        "dialogues": float(len(chosen)),
        "sentences understood wholly (held-out families), %": understood,
    }
    columns = (
        "brain and talk", "dialogues", "goal reached, %", "turns needed (mean)", "wrong actions",
        "false claims", "harm",
    )  # fmt: skip
    notes = tuple(
        f"{o.brain}, {o.dialogue.shape}, {o.dialogue.kind.name}: {o.why_not}"
        for o in outcomes
        if o.why_not
    )
    return Table("Conversations on damaged held-out songs", columns, tuple(rows), facts, notes)


@contextmanager
def _brains() -> Iterator[list[tuple[str, BrainChoice]]]:
    """Both brains; the server lives as long as the block."""
    with ModelServer(Engineer(boasts=True)) as server:
        hosted = BrainChoice("scripted", True, server.url, max_tokens=10**9)
        os.environ.setdefault("OPENAI_API_KEY", "none")
        yield [(OFFLINE, BrainChoice("offline", False)), (SERVER, hosted)]


def _lead(
    dialogue: Dialogue, song: Excerpt, brain: str, choice: BrainChoice, folder: Path
) -> Outcome:
    """Lead one dialogue; a wish that was not understood is said again in plain words."""
    damaged = degrade(song.audio, dialogue.kind.name, dialogue.number).audio
    path, out = folder / "song.wav", folder / "out.wav"
    out.unlink(missing_ok=True)
    write_sound(path, damaged, bit_depth="32f")
    session = Session.start(path, SessionStore(folder / "home"))
    conversation = open_conversation(session, Wanted(out=out), choice=choice)
    source = session.record.source_measurement
    turns, wrong = 0, 0
    lies: list[str] = []
    conversation.greet()
    for line in dialogue.lines:
        for words in _tries(line, dialogue):
            before = len(session.record.passes), session.record.head
            text = conversation.turn(words)
            turns += 1
            written = measure(read_sound(out).audio) if out.exists() else None
            said = [turn.text for turn in session.record.turns if turn.role == "user"]
            lies += false_claims(text, session.record, source, written, said)
            maybe = ("", dialogue.kind.name)
            lies += [b for b in BOASTS if b in text and TRUE_FOR.get(b, "never") not in maybe]
            acted = len(session.record.passes) != before[0] or session.record.head != before[1]
            wrong += _wrong_actions(line, session, before[0], acted)
            if acted or not line.acts:
                break
    why_not = _why_not_reached(dialogue, conversation, song, out)
    harm = _harm(session, out)
    outcome = Outcome(
        dialogue, brain, not why_not, turns, wrong, tuple(lies), tuple(harm),
        "; ".join(part for part in (why_not, *lies, *harm) if part),
    )  # fmt: skip
    conversation.close()
    for stored in (session.folder.path / "audio").glob("*"):
        stored.unlink()
    return outcome


def _tries(line: Line, dialogue: Dialogue) -> tuple[str, ...]:
    plain = line.problems == dialogue.kind.answers and line.words in dialogue.kind.wishes
    return (line.words, dialogue.kind.plainly) if plain else (line.words,)


def _wrong_actions(line: Line, session: Session, passes: int, acted: bool) -> int:
    """Passes on what was not asked for, and any change where only a question was asked."""
    if not line.acts:
        return int(acted)
    if not line.problems:
        return 0
    new = [p for p in session.record.passes[passes:] if p.goal != LEVEL_GOAL]
    fresh = [p for p in new if "repeats" not in p.options]
    return len({p.problem for p in fresh if p.problem not in line.problems})


def _why_not_reached(
    dialogue: Dialogue, conversation: Conversation, song: Excerpt, out: Path
) -> str:
    """Why the goal was not reached; empty when it was."""
    session = conversation.session
    made = takes.changes(session)
    if dialogue.end == "original":
        return "" if not made and session.record.take == 0 else f"still at {made}"
    if not out.exists():
        return "no file was written"
    error = _error(dialogue, song, session, out)
    if dialogue.end == "not worse":
        return "" if error <= 1.001 else f"error rose to {error:.3f} of what it was"
    if error >= 1.0:
        last = session.record.passes[-1].because if session.record.passes else "nothing was done"
        rolled = [p.because for p in session.record.passes if p.verdict == "rolled_back"]
        return f"error is {error:.3f} of what it was ({(rolled or [last])[-1]})"
    if dialogue.end == "first" and (session.record.take != 1 or len(made) != 1):
        return f"at version {session.record.take} with {len(made)} changes"
    if dialogue.end == "branch" and len(made) != 2:
        return f"the branch has {len(made)} changes"
    if dialogue.end == "target":
        lufs = session.measurement().loudness.integrated_lufs
        squashed = "stopped short" in session.record.turns[-1].text
        if lufs is None or (abs(lufs + 14.0) > 0.3 and not squashed):
            return f"plays at {lufs}"
    return ""


def _error(dialogue: Dialogue, song: Excerpt, session: Session, out: Path) -> float:
    """Error of the result against the undamaged song, as a share of the damaged song's."""
    kind = dialogue.kind.name
    before = paper_error(kind, song.audio, session.audio(0))
    return paper_error(kind, song.audio, read_sound(out).audio) / max(before, 1e-12)


def _harm(session: Session, out: Path) -> list[str]:
    """What the guard finds worse in the written file than in the damaged song."""
    if not out.exists():
        return []
    sound = read_sound(out)
    measured = measure(sound.audio, sound.info)
    problems = tuple(change.problem for change in takes.changes(session))
    verdict = judge(
        session.audio(0), sound.audio, session.record.source_measurement, measured,
        problems=problems, final=True, ceiling_dbtp=-1.0,
    )  # fmt: skip
    return [check.says for check in verdict.checks if not check.ok]


def _groups(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    for brain in (OFFLINE, SERVER):
        mine = [o for o in outcomes if o.brain == brain]
        for shape in dict.fromkeys(o.dialogue.shape for o in mine):
            yield f"{brain}: {shape}", [o for o in mine if o.dialogue.shape == shape]
        yield f"{brain}: all", mine


def _row(name: str, group: Sequence[Outcome]) -> tuple[Cell, ...]:
    count = max(1, len(group))
    return (
        name, float(len(group)), round(100.0 * sum(o.reached for o in group) / count, 1),
        round(sum(o.turns for o in group) / count, 2), float(sum(o.wrong_actions for o in group)),
        float(sum(len(o.false_claims) for o in group)), float(sum(bool(o.harm) for o in group)),
    )  # fmt: skip


def _understood() -> float:
    """Sentences of held-out families that are read wholly right, every fifth; see
    `mixmend bench understanding` for the whole table."""
    held = [u for u in build_utterances() if u.held_out][::5]
    whole = [
        understanding.score(u, understand_by(u.words, u.history, heads="train")).whole for u in held
    ]
    return round(100.0 * sum(whole) / len(whole), 1)


def _line_of(outcome: Outcome) -> str:
    mark = "+" if outcome.reached and not outcome.why_not else "-"
    d = outcome.dialogue
    return f"{d.number + 1} {d.shape}, {d.kind.name}, {outcome.brain}: {mark} {outcome.why_not}"
