"""Everything a session has measured, in the form sentences are held against.

Figures are facts with a unit, a topic and a time (before or after); directions are answered from
the same measurements: a claim that something rose or fell is true when its figures did, or when a
kept pass was proven to have done it in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from mixmend.agent import takes
from mixmend.agent.claim_words import EFFECTS, TOPICS, Sign
from mixmend.agent.effects import fix_signs, own_effects, proven_effects, stands_for
from mixmend.agent.known_figures import (
    LEAST_CHANGE,
    WITH_LEVEL,
    Fact,
    constants,
    differences,
    figures_of,
    number_in,
    said_by_guard,
)
from mixmend.agent.records import PassRecord
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.tools.measurement import Measurement

_CLEARLY = 3.0
_FIRST_ONLY = frozenset({"punch", "dynamics", "reverb", "width"})
_SEVERITY = {"none": 0, "mild": 1, "moderate": 2, "severe": 3}


class Facts:
    """What can be said truthfully about a session now; `user_words` may be echoed as wishes."""

    def __init__(self, session: Session, user_words: Sequence[str] = ()) -> None:
        self._session = session
        self._record = session.record
        self.user_words = tuple(user_words)
        self._source = session.record.source_measurement
        self._now = session.measurement()
        self._line = [p for p in session.lineage() if p.goal != LEVEL_GOAL]
        self._last = self._last_heard()

    def _last_heard(self) -> Measurement:
        """What was heard before the current take."""
        now = takes.take(self._session)
        before = takes.take(self._session, now.before)
        return self._session.measurement(before.version)

    # Figures -------------------------------------------------------------------------------

    @cached_property
    def figures(self) -> tuple[Fact, ...]:
        """Every figure that may be said, with its differences."""
        return tuple(self._figures())

    def _figures(self) -> Iterator[Fact]:
        unchanged = self._record.head == 0
        yield from figures_of(self._source, "any" if unchanged else "before")
        yield from figures_of(self._now, "after")
        if self._record.output is not None:
            yield from figures_of(self._record.output.measurement, "after")
        yield from figures_of(self._last, "before")
        yield from differences(self._source, self._now)
        yield from differences(self._last, self._now)
        for known in self._record.takes:
            measured = self._session.measurement(known.version)
            yield from figures_of(measured, "any")
            yield from differences(self._last, measured)
            yield from differences(self._source, measured)
        for done in self._record.passes:
            kept = done in self._line
            yield from figures_of(done.before, "before")
            if kept:
                yield from figures_of(done.after, "after")
                yield from differences(done.before, done.after)
            yield from said_by_guard(done)
        yield from constants()

    @property
    def durations_s(self) -> list[float]:
        """Times that may be named: places that were worked on or found, and the song's length."""
        spans = [p.region for p in self._record.passes if p.region is not None]
        for finding in (*self._record.findings_before, *self._record.findings_after):
            spans += finding.where or []
        for measured in (self._source, self._now):
            spans += [*measured.clipping.regions, *measured.noise.dropouts]
            spans += [(at, at) for at in measured.noise.clicks]
        return [time for span in spans for time in span] + [self._source.duration_s]

    def exists(self, what: str, number: int) -> bool:
        """Whether there is a version, change or pass of that number."""
        if what == "version":
            return 0 <= number <= len(self._record.takes)
        if what == "change":
            return 1 <= number <= max(len(takes.changes(self._session)), 1)
        return 1 <= number <= len(self._record.passes)

    def without_names(self, sentence: str) -> str:
        """A sentence without the names of versions: "version 2 (treble up)" claims nothing."""
        for known in self._record.takes:
            sentence = sentence.replace(f" ({known.name})", "")
        return sentence

    def without_findings(self, sentence: str) -> str:
        """A sentence without what is found in the song now, where it is told word for word."""
        for finding in self._session.findings():
            sentence = sentence.replace(finding.says, "")
        return sentence

    # Directions ----------------------------------------------------------------------------

    def moved(self, topic: str, sign: Sign, *, lately: bool = False, much: bool = False) -> bool:
        """Whether a topic rose (+1) or fell (-1): by its figures, or by a kept pass's proof.

        `lately`: against the version before. `much`: said without a number, where nothing worked
        on the topic: then it must have moved clearly, against the song as it came.
        """
        if not lately and any((topic, sign) in proven_effects(p) for p in self._line):
            return True
        if self._only_failed(topic, sign):
            return False
        if lately:
            new = [p for p in self._line if p.after != p.before and self._is_new(p)]
            if any(
                (topic, sign) in proven_effects(p) and "instead_of" not in p.options for p in new
            ):
                return True
            return _rose(self._last, self._now, topic, sign)
        if much and not self.kept_on(topic):
            return _rose(self._source, self._now, topic, sign, times=_CLEARLY)
        pairs = [(self._source, self._now), (self._last, self._now)]
        pairs += [(p.before, p.after) for p in self._line]
        return any(_rose(before, after, topic, sign) for before, after in pairs)

    def _is_new(self, done: PassRecord) -> bool:
        before = takes.take(self._session, takes.take(self._session).before)
        return done not in self._session.lineage(before.version)

    def _only_failed(self, topic: str, sign: Sign) -> bool:
        """Whether this was tried and taken back, so that a stray reading proves nothing."""
        tried = [p for p in self._record.passes if (topic, sign) in own_effects(p)]
        return bool(tried) and all(p.verdict == "rolled_back" for p in tried)

    def fixed(self, topic: str) -> bool:
        """Whether a kept pass worked on a fault, and it is not found as bad as it was."""
        if not self.kept_on(topic):
            return False
        if not any(self.moved(topic, sign) for sign in fix_signs(topic)):
            return False
        was, now = self._severity(topic, 0), self._severity(topic, None)
        return now < 2 or now < was or was == 0

    def fixed_in(self, topic: str, start_s: float, end_s: float) -> bool:
        """Whether a kept pass proved its repair in that place, given to the second."""
        return any(
            max(abs(p.region[0] - start_s), abs(p.region[1] - end_s)) < 1.0
            and any((topic, sign) in proven_effects(p) for sign in fix_signs(topic))
            for p in self._line
            if p.region is not None
        )

    def gone(self, topic: str, *, ever_there: bool) -> bool:
        """Whether nothing of a fault is measured (any more, with `ever_there`)."""
        was, now = self._amount(topic, self._source), self._amount(topic, self._now)
        if was is None or now is None:
            return self.kept_on(topic) and self.fixed(topic) and self._severity(topic, None) == 0
        if now > 0.0:
            return False
        return self.kept_on(topic) if was > 0.0 else not ever_there

    def _amount(self, topic: str, measured: Measurement) -> float | None:
        """How much of a fault that can be counted there is; None for the others."""
        if topic == "hum":
            return 0.0 if measured.noise.hum_db is None else 1.0
        key = {"clipping": "clipping.events", "clicks": "noise.clicks_count",
               "dropouts": "noise.dropouts"}.get(topic)  # fmt: skip
        return None if key is None else number_in(measured.value(key)) or 0.0

    def unchanged(self, topic: str) -> bool:
        """Whether a topic's figures stayed as they were, to within twice what counts."""
        return not any((topic, s) in own_effects(p) for p in self._line for s in (-1, 1)) or all(
            not _rose(self._source, self._now, topic, s, times=2.0) for s in (-1, 1)
        )

    def kept_on(self, topic: str) -> bool:
        """Whether the current version holds a pass (or a level wish) on this topic."""
        problems = [p.problem for p in self._line if p.problem]
        problems += [goal.problem for goal in takes.level_goals(self._session)]
        return any(topic in {t for t, _ in EFFECTS[problem]} for problem in problems)

    def taken_back_on(self, topic: str) -> bool:
        """Whether a pass on this topic was rolled back, or is not in the current version."""
        return any(
            topic in {t for t, _ in EFFECTS[p.problem]}
            for p in self._record.passes
            if p.problem and p not in self._line
        ) or bool(self._record.undone_takes)

    @property
    def anything_done(self) -> bool:
        """Whether the current version differs from the song as it came by more than peaks held."""
        return bool(self._line or takes.level_goals(self._session)) or (
            self._record.target != "keep" or self._record.target_lufs is not None
        )

    @property
    def anything_failed(self) -> bool:
        return any(p.verdict == "rolled_back" for p in self._record.passes)

    def found(self, topic: str) -> bool:
        """Whether a fault of this topic was found in the song or is found now, however mild."""
        return self._severity(topic, 0) > 0 or self._severity(topic, None) > 0

    def _severity(self, topic: str, version: int | None) -> int:
        problems = {
            problem for problem, effects in EFFECTS.items() if stands_for(topic, problem, effects)
        }
        return max(
            (
                _SEVERITY[f.severity]
                for f in self._session.findings(version)
                if f.problem in problems
            ),
            default=0,
        )


def _rose(
    before: Measurement, after: Measurement, topic: str, sign: Sign, *, times: float = 1.0
) -> bool:
    louder = (after.loudness.integrated_lufs or 0.0) - (before.loudness.integrated_lufs or 0.0)
    keys = TOPICS[topic].keys
    if topic in _FIRST_ONLY:
        # Their other figures follow tone and level too, so alone they prove nothing.
        keys, times = keys[:1], 2.0 * times
    for key, way in keys:
        was, now = number_in(before.value(key)), number_in(after.value(key))
        if was is not None and now is None and key in ("noise.hum_db", "reverb.reverberance"):
            if sign * way < 0:
                return True
            continue
        if was is None or now is None:
            continue
        step = now - was - (louder if key in WITH_LEVEL else 0.0)
        if key in ("stereo.balance_db", "noise.dc_offset"):
            step = abs(now) - abs(was)
        if sign * way * step >= times * LEAST_CHANGE.get(key, 0.01):
            return True
    return False
