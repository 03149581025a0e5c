"""Everything a session has measured, in the form sentences are held against.

Figures are facts with a unit, a topic and a time (before or after); directions are answered from
the same measurements: a claim that something rose or fell is true when its figures did, or when a
kept pass was proven to have done it in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mixmend.agent import takes
from mixmend.agent.claim_words import EFFECTS, TOPICS, Sign
from mixmend.agent.metrics import METRICS
from mixmend.agent.plan import LEVEL
from mixmend.agent.records import PassRecord
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.agent.targets import TARGETS
from mixmend.model.problems import Problem
from mixmend.tools.measurement import BAND_EDGES_HZ, Measurement

When = Literal["before", "after", "any"]

_UNITS: tuple[tuple[str, str], ...] = (
    ("_lufs", "LUFS"), ("_dbtp", "dBTP"), ("_dbfs", "dBFS"), ("hum_db", "dBFS"), ("_lu", "LU"),
    ("_db", "dB"), ("_hz", "Hz"), ("_s", "s"), ("_bpm", "BPM"), ("_per_octave", "dB"),
)  # fmt: skip
_WITH_LEVEL = frozenset({"noise.floor_dbfs", "noise.hum_db", "clipping.level_dbfs"})
_LEVEL_UNITS = frozenset({"LUFS", "dBTP", "dBFS", "LU", "dB"})
_LEAST: dict[str, float] = {metric.key: metric.least_change for metric in METRICS.values()}
_LEAST |= {
    "clipping.events": 1.0, "loudness.integrated_lufs": 0.3, "loudness.true_peak_dbtp": 0.3,
    "loudness.sample_peak_dbfs": 0.3, "noise.snr_db": 0.5, "reverb.drr_db": 0.5,
    "reverb.rt60_s": 0.03, "dynamics.dr": 1.0, "dynamics.crest_db": 0.3, "loudness.psr_lu": 0.3,
    "loudness.plr_lu": 0.3, "loudness.range_lu": 0.3, "stereo.correlation": 0.02,
    "spectrum.bands_db.sub": 0.3, "spectrum.bands_db.presence": 0.3, "duration_s": 0.1,
    "spectrum.centroid_hz": 100.0, "spectrum.lossy_cutoff_hz": 100.0, "music.tempo_bpm": 1.0,
}  # fmt: skip
_CLEARLY = 3.0
_FIRST_ONLY = frozenset({"punch", "dynamics", "reverb", "width"})
_NUMBER = re.compile(r"(?<![\w.])[-\u2212+]?\d+(?:\.\d+)?")
_SEVERITY = {"none": 0, "mild": 1, "moderate": 2, "severe": 3}


@dataclass(frozen=True)
class Fact:
    """One figure: its value, unit ("" for counts and shares), what it is about, when it held.

    `change` marks a difference or a share of one, which is said without its sign.
    """

    value: float
    unit: str
    key: str
    when: When
    change: bool = False


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
        yield from _of(self._source, "any" if unchanged else "before")
        yield from _of(self._now, "after")
        if self._record.output is not None:
            yield from _of(self._record.output.measurement, "after")
        yield from _of(self._last, "before")
        yield from _differences(self._source, self._now)
        yield from _differences(self._last, self._now)
        for known in self._record.takes:
            measured = self._session.measurement(known.version)
            yield from _of(measured, "any")
            yield from _differences(self._last, measured)
            yield from _differences(self._source, measured)
        for done in self._record.passes:
            kept = done in self._line
            yield from _of(done.before, "before")
            if kept:
                yield from _of(done.after, "after")
                yield from _differences(done.before, done.after)
            yield from _said(done)
        yield from _constants()

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

    # Directions ----------------------------------------------------------------------------

    def moved(self, topic: str, sign: Sign, *, lately: bool = False, much: bool = False) -> bool:
        """Whether a topic rose (+1) or fell (-1): by its figures, or by a kept pass's proof.

        `lately`: against the version before. `much`: said without a number, where nothing worked
        on the topic: then it must have moved clearly, against the song as it came.
        """
        if not lately and any((topic, sign) in _effects(p) for p in self._line):
            return True
        if self._only_failed(topic, sign):
            return False
        if lately:
            new = [p for p in self._line if p.after != p.before and self._is_new(p)]
            if any((topic, sign) in _effects(p) and "instead_of" not in p.options for p in new):
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
        tried = [p for p in self._record.passes if (topic, sign) in _own_effects(p)]
        return bool(tried) and all(p.verdict == "rolled_back" for p in tried)

    def fixed(self, topic: str) -> bool:
        """Whether a kept pass worked on a fault, and it is not found as bad as it was."""
        if not self.kept_on(topic):
            return False
        if not any(self.moved(topic, sign) for sign in _fix_signs(topic)):
            return False
        was, now = self._severity(topic, 0), self._severity(topic, None)
        return now < 2 or now < was or was == 0

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
        return None if key is None else _number(measured.value(key)) or 0.0

    def unchanged(self, topic: str) -> bool:
        """Whether a topic's figures stayed as they were, to within twice what counts."""
        return not any((topic, s) in _own_effects(p) for p in self._line for s in (-1, 1)) or all(
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
            problem for problem, effects in EFFECTS.items() if _stands_for(topic, problem, effects)
        }
        return max(
            (
                _SEVERITY[f.severity]
                for f in self._session.findings(version)
                if f.problem in problems
            ),
            default=0,
        )


def _stands_for(topic: str, problem: Problem, effects: frozenset[tuple[str, Sign]]) -> bool:
    return problem == topic or (
        any(t == topic for t, _ in effects) and topic in _FAULT_OF.get(problem, (topic,))
    )


# Where a repair has side effects, the topics that its own fault is called by.
_FAULT_OF: dict[Problem, tuple[str, ...]] = {
    "reverb": ("reverb",), "clipping": ("clipping",), "noise": ("noise",), "hum": ("hum",),
    "clicks": ("clicks",), "dull": ("brightness",), "squashed": ("dynamics",),
    "flat_transients": ("punch",), "muddy": ("mud",), "boomy": ("bass",),
    "unclear": ("clarity", "brightness"), "sibilant": ("sibilance",), "thin": ("bass",),
    "cold": ("warmth",), "unbalanced": ("tone",), "lossy_source": ("bandwidth",),
    "dc_offset": ("dc_offset",), "mono_incompatible": ("mono",), "vocals_buried": ("vocals",),
    "airless": ("air",), "harsh": ("harshness",), "too_bright": ("brightness", "harshness"),
}  # fmt: skip


def _effects(done: PassRecord) -> frozenset[tuple[str, Sign]]:
    """What a kept pass proves: its own topics in the direction of its repair."""
    if done.problem is None or done.problem in LEVEL:
        return frozenset()
    # With nothing measured there is no proof.
    proven = any(c.name == "target_moved" and c.value is not None for c in done.checks)
    if not proven:
        return frozenset()
    return _own_effects(done)


def _own_effects(done: PassRecord) -> frozenset[tuple[str, Sign]]:
    if done.problem is None:
        return frozenset()
    own = _FAULT_OF.get(done.problem)
    effects = EFFECTS[done.problem]
    if own is None:
        return effects
    return frozenset(effect for effect in effects if effect[0] in own) or effects


def _fix_signs(topic: str) -> tuple[Sign, ...]:
    sign = TOPICS[topic].fixed
    return (1, -1) if sign == 0 else (sign,)


def _rose(
    before: Measurement, after: Measurement, topic: str, sign: Sign, *, times: float = 1.0
) -> bool:
    louder = (after.loudness.integrated_lufs or 0.0) - (before.loudness.integrated_lufs or 0.0)
    keys = TOPICS[topic].keys
    if topic in _FIRST_ONLY:
        # Their other figures follow tone and level too, so alone they prove nothing.
        keys, times = keys[:1], 2.0 * times
    for key, way in keys:
        was, now = _number(before.value(key)), _number(after.value(key))
        if was is not None and now is None and key in ("noise.hum_db", "reverb.reverberance"):
            if sign * way < 0:
                return True
            continue
        if was is None or now is None:
            continue
        step = now - was - (louder if key in _WITH_LEVEL else 0.0)
        if key in ("stereo.balance_db", "noise.dc_offset"):
            step = abs(now) - abs(was)
        if sign * way * step >= times * _LEAST.get(key, 0.01):
            return True
    return False


def _of(measured: Measurement, when: When) -> Iterator[Fact]:
    for key, value in _leaves(measured.model_dump(exclude={"notes"}), ""):
        yield Fact(value, _unit(key), key, when)
        if _unit(key) == "" and abs(value) <= 1.0:
            yield Fact(100.0 * value, "%", key, when)
    yield Fact(float(len(measured.noise.dropouts)), "", "noise.dropouts", when)
    yield Fact(float(len(measured.clipping.regions)), "", "clipping.regions", when)
    for key in ("noise.dc_offset", "spectrum.deviation_db"):
        if (number := _number(measured.value(key))) is not None:
            yield Fact(number, _unit(key), key, when)


def _leaves(tree: object, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(tree, bool) or tree is None or isinstance(tree, str):
        return
    if isinstance(tree, int | float):
        yield key, float(tree)
    elif isinstance(tree, dict):
        for name, item in tree.items():
            if name != "timeline":
                yield from _leaves(item, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _leaves(item, key)


def _unit(key: str) -> str:
    if key.startswith(("spectrum.bands_db", "spectrum.deviation_db", "spectrum.third_octave_db")):
        return "dB"
    return next((unit for ending, unit in _UNITS if key.endswith(ending)), "")


def _differences(before: Measurement, after: Measurement) -> Iterator[Fact]:
    louder = (after.loudness.integrated_lufs or 0.0) - (before.loudness.integrated_lufs or 0.0)
    keys = {key for topic in TOPICS.values() for key, _ in topic.keys} | set(_LEAST)
    for key in sorted(keys):
        was, now = _number(before.value(key)), _number(after.value(key))
        if was is None or now is None:
            continue
        unit = _unit(key)
        steps = {now - was, now - was - louder} if key in _WITH_LEVEL else {now - was}
        for step in steps:
            yield Fact(step, "dB" if unit in _LEVEL_UNITS else unit, key, "any", change=True)
            if key in _WITH_LEVEL:
                yield Fact(was + step, unit, key, "any")
        if was and unit not in _LEVEL_UNITS:
            yield Fact(100.0 * (now - was) / abs(was), "%", key, "any", change=True)


def _said(done: PassRecord) -> Iterator[Fact]:
    """Figures in the guard's own sentences: those of a place, and why something was taken back."""
    key = "tried"
    if done.problem is not None and done.verdict == "kept":
        key = METRICS[done.problem].key
    for text in (done.because, *(check.says for check in done.checks)):
        for match in _NUMBER.finditer(text):
            value = float(match.group().replace("\u2212", "-"))
            unit = re.match(r"\s*(dBFS|dBTP|dB|LUFS|LU|Hz|kHz|ms|s|%)?", text[match.end() :])
            when: When = "any"
            if re.search(r"\bfrom $", text[: match.start()]):
                when = "before"
            elif re.search(r"\bto $", text[: match.start()]):
                when = "after"
            yield Fact(value, (unit[1] or "") if unit else "", key, when)
    yield Fact(done.strength, "", "strength", "any")
    yield Fact(100.0 * done.strength, "%", "strength", "any")


def _constants() -> Iterator[Fact]:
    for low, high in BAND_EDGES_HZ.values():
        yield Fact(low, "Hz", "band", "any")
        yield Fact(high, "Hz", "band", "any")
    for target in TARGETS.values():
        yield Fact(target.ceiling_dbtp, "dBTP", "target", "any")
        if target.lufs is not None:
            yield Fact(target.lufs, "LUFS", "target", "any")


def _number(value: object) -> float | None:
    if value is None or isinstance(value, bool | str):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list):
        if value and all(isinstance(item, float) for item in value):
            return float(max(abs(item) for item in value))
        return float(len(value))
    if isinstance(value, dict):
        bands = [item for item in value.values() if item is not None]
        return float((sum(item * item for item in bands) / len(bands)) ** 0.5) if bands else None
    return None
