"""False claims in what was said, found without the session's own checker.

Numbers must be among the measurements of the files and of the passes; sentences that say what was
done must have a kept pass behind them; levels that are said must be those of the decoded file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mixmend.agent.explain import DOING, lineage
from mixmend.agent.plan import LEVEL
from mixmend.agent.records import SessionRecord
from mixmend.agent.truth_sources import unfounded_numbers
from mixmend.tools.measurement import BAND_EDGES_HZ, Measurement

_LEVEL = re.compile(r"plays at ([-\u2212]?\d+\.\d) LUFS")
_PEAK = re.compile(
    r"highest peaks reach ([-\u2212+]?\d+\.\d) dBTP|the peaks reach ([-\u2212+]?\d+\.\d)"
)
_GONE = re.compile(r"\b(hum|clicks?|clipping|gaps?)\b[^.;]*\b(?:is|are) (?:completely )?gone\b")
_WORDS_OF_SIGN: tuple[tuple[str, str, int], ...] = (
    (r"\b(?:it is|it's|now|sounds) (?:\d+\.\d dB )?louder\b", "loudness.integrated_lufs", 1),
    (r"\b(?:it is|it's|now|sounds) (?:\w+ )?brighter\b", "spectrum.bands_db.brilliance", 1),
    (r"\bstereo image is (?:\w+ )?wider\b", "stereo.width", 1),
)


def false_claims(
    text: str,
    record: SessionRecord,
    source: Measurement,
    written: Measurement | None,
    words: Sequence[str],
) -> list[str]:
    """What in `text` is not so; `source` and `written` are measured from the files themselves."""
    wrong = [f"number {number}" for number in unfounded_numbers(text, _sources(record, words))]
    if written is not None:
        wrong += _levels(text, written)
    wrong += _deeds(text, record)
    for match in _GONE.finditer(text):
        wrong.append(match[0])
    if written is not None:
        for pattern, key, sign in _WORDS_OF_SIGN:
            was, now = source.value(key), written.value(key)
            said = re.search(pattern, text)
            known = isinstance(was, float) and isinstance(now, float)
            if said and known and sign * (float(str(now)) - float(str(was))) <= 0:
                wrong.append(said[0])
    return wrong


def _sources(record: SessionRecord, words: Sequence[str]) -> list[str]:
    """Everything that was measured or said by the user, as texts with numbers in them."""
    measured = [record.source_measurement]
    measured += [p.before for p in record.passes] + [p.after for p in record.passes]
    texts = [m.model_dump_json() for m in measured]
    for m in measured:
        bands = [v for v in m.spectrum.deviation_db.values() if v is not None]
        rms = (sum(v * v for v in bands) / len(bands)) ** 0.5 if bands else 0.0
        texts.append(json.dumps([len(m.noise.dropouts), len(m.clipping.regions), rms]))
        texts.append(json.dumps([100.0 * (m.clipping.fraction or 0.0)]))
    texts += [p.because for p in record.passes]
    texts += [c.says for p in record.passes for c in p.checks]
    texts += [f.says for f in (*record.findings_before, *record.findings_after)]
    texts += [_clock(time) for p in record.passes if p.region for time in p.region]
    texts += [json.dumps([100.0 * p.strength for p in record.passes])]
    texts += [json.dumps(BAND_EDGES_HZ), "6 10 kHz -14 -14.0 250 500 2000 -1.0", *words]
    texts += [str(take.number) for take in record.takes]
    # Level-matched figures: what moves with plain gain, as it would be at the other's loudness.
    for a in measured:
        for b in measured:
            if a.noise.floor_dbfs is not None and b.noise.floor_dbfs is not None:
                louder = (b.loudness.integrated_lufs or 0) - (a.loudness.integrated_lufs or 0)
                texts.append(str(b.noise.floor_dbfs - louder))
            if a.noise.hum_db is not None and b.noise.hum_db is not None:
                louder = (b.loudness.integrated_lufs or 0) - (a.loudness.integrated_lufs or 0)
                texts.append(str(b.noise.hum_db - louder))
    return texts


def _clock(time_s: float) -> str:
    whole = round(time_s)
    return f"{whole // 60} {whole % 60:02}"


def _levels(text: str, written: Measurement) -> list[str]:
    wrong = []
    for pattern, now in (
        (_LEVEL, written.loudness.integrated_lufs),
        (_PEAK, written.loudness.true_peak_dbtp),
    ):
        for match in pattern.finditer(text):
            said = float(next(g for g in match.groups() if g).replace("\u2212", "-"))
            if now is None or abs(said - now) > 0.06:
                wrong.append(match[0])
    return wrong


def _deeds(text: str, record: SessionRecord) -> list[str]:
    """ "I brought the treble up" needs a kept pass on it in what is heard now."""
    here = {p.problem for p in lineage(record)}
    here |= {goal.problem for goal in record.goals if goal.problem in LEVEL}
    done = {DOING[problem][0] for problem in here if problem is not None}
    wrong = []
    for problem, (did, _) in DOING.items():
        if re.search(rf"\bI {re.escape(did)}\b", text) and did not in done:
            wrong.append(f"I {did} ({problem})")
    return wrong
