"""A song being mended: its versions, passes and conversation, saved after every change.

Version 0 is the source. A kept pass makes a version whose parent is the one it started from, so
undo, redo and branches are only a matter of which version is the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.agent.records import (
    Drift,
    Finding,
    GoalRecord,
    PassRecord,
    SessionRecord,
    SessionRef,
    SourceRecord,
    TurnRecord,
    Version,
)
from mixmend.agent.store import SessionFolder, SessionStore
from mixmend.tools.audio import Audio
from mixmend.tools.errors import InputError
from mixmend.tools.measurement import Measurement

if TYPE_CHECKING:
    from mixmend.tools.reading import Sound, SourceInfo

LEVEL_GOAL = "level"


class Session:
    """One song, its versions and everything that was done; open and locked until `close`."""

    def __init__(self, folder: SessionFolder, record: SessionRecord, store: SessionStore) -> None:
        self.record = record
        self.folder = folder
        self._store = store
        self._audio: dict[str, Audio] = {}
        self._findings: dict[int, list[Finding]] = {}
        self._info: SourceInfo | None = None

    # Beginning and end ---------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        path: Path,
        store: SessionStore,
        *,
        words: str = "",
        engine: str = "auto",
        seed: int = 0,
        sound: Sound | None = None,
    ) -> Session:
        """Read (unless `sound` is what was read already) and measure a song and open a new session
        for it. Raises FileError."""
        from mixmend.agent.diagnose import diagnose
        from mixmend.tools.measure import measure
        from mixmend.tools.reading import read_sound

        sound = sound or read_sound(path)
        measurement = measure(sound.audio, sound.info)
        findings = diagnose(measurement)
        folder = store.create()
        digest = folder.put_audio(sound.audio)
        record = SessionRecord(
            session=SessionRef(id=folder.path.name, path=str(folder.path)),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            source=_source_record(sound.info),
            words=words,
            engine=engine,
            seed=seed,
            source_measurement=measurement,
            versions=[
                Version(number=0, parent=None, made_by=None, audio_sha256=digest, name="original")
            ],
            findings_before=findings,
        )
        session = cls(folder, record, store)
        session._audio[digest] = sound.audio
        session._info = sound.info
        session.save()
        store.index(record)
        return session

    @classmethod
    def resume(cls, name: str, store: SessionStore) -> Session:
        """Open a saved session; a pass that a crash cut off is open again, its halves deleted."""
        folder, record = store.open(name)
        session = cls(folder, record, store)
        folder.keep_only({version.audio_sha256 for version in record.versions})
        goals = [
            goal.model_copy(update={"state": "open"}) if goal.state == "in_flight" else goal
            for goal in record.goals
        ]
        session.update(goals=goals)
        return session

    def close(self) -> None:
        """Give the session back to other processes."""
        self.folder.close()

    def save(self) -> None:
        self.folder.save(self.record)

    def update(self, **changes: Any) -> None:
        """Change fields of the record and save it at once."""
        self.record = self.record.model_copy(update=changes)
        self.save()

    # Versions ------------------------------------------------------------------------------

    def version(self, number: int | None = None) -> Version:
        """A version by number (the head when None); InputError when there is none."""
        wanted = self.record.head if number is None else number
        for version in self.record.versions:
            if version.number == wanted:
                return version
        raise InputError(f"there is no version {wanted}; there are 0 to {self.newest}.")

    @property
    def newest(self) -> int:
        return max(version.number for version in self.record.versions)

    def working_version(self) -> Version:
        """The version new passes start from: the head without its closing level step."""
        version = self.version()
        made_by = self.pass_of(version)
        if made_by is not None and made_by.goal == LEVEL_GOAL and version.parent is not None:
            return self.version(version.parent)
        return version

    def pass_of(self, version: Version) -> PassRecord | None:
        """The pass that made a version; None for the source."""
        return None if version.made_by is None else self.pass_record(version.made_by)

    def pass_record(self, n: int) -> PassRecord:
        """A pass by its number; InputError when there is none."""
        for record in self.record.passes:
            if record.n == n:
                return record
        raise InputError(f"there is no pass {n}; there have been {len(self.record.passes)}.")

    def audio(self, number: int | None = None) -> Audio:
        """The sound of a version (channels, frames); only the last few are kept in memory."""
        digest = self.version(number).audio_sha256
        if digest not in self._audio:
            self._remember(digest, self.folder.get_audio(digest))
        return self._audio[digest]

    def measurement(self, number: int | None = None) -> Measurement:
        """The measurement of a version, taken when it was made."""
        made_by = self.pass_of(self.version(number))
        return self.record.source_measurement if made_by is None else made_by.after

    def findings(self, number: int | None = None) -> list[Finding]:
        """What is wrong with a version, worst first."""
        from mixmend.agent.diagnose import diagnose

        version = self.version(number)
        if version.number == 0:
            return list(self.record.findings_before)
        if version.number not in self._findings:
            self._findings[version.number] = diagnose(self.measurement(version.number))
        return self._findings[version.number]

    def source_info(self) -> SourceInfo | None:
        """The source file's facts and tags; None when the file is gone or was changed since."""
        from mixmend.tools.reading import read_sound

        if self._info is None and Path(self.record.source.path).is_file():
            info = read_sound(Path(self.record.source.path)).info
            self._info = info if info.sha256 == self.record.source.sha256 else None
        return self._info

    def lineage(self, number: int | None = None) -> list[PassRecord]:
        """The kept passes that lead from the source to a version, in order."""
        chain: list[PassRecord] = []
        version = self.version(number)
        while (made_by := self.pass_of(version)) is not None:
            chain.append(made_by)
            version = self.version(made_by.parent)
        return chain[::-1]

    # Changes -------------------------------------------------------------------------------

    def add_pass(self, record: PassRecord, audio: Audio | None) -> PassRecord:
        """Enter a finished pass; a kept one (`audio` given) becomes a new version and the head."""
        if audio is None:
            self.update(passes=[*self.record.passes, record])
            return record
        digest = self.folder.put_audio(audio)
        number = self.newest + 1
        entered = record.model_copy(update={"version": number, "audio_sha256": digest})
        version = Version(
            number=number, parent=record.parent, made_by=record.n, audio_sha256=digest,
            name=record.goal,
        )  # fmt: skip
        self._remember(digest, audio)
        self.update(
            passes=[*self.record.passes, entered],
            versions=[*self.record.versions, version],
            head=number,
            undone=[],
        )
        return entered

    def set_options(self, n: int, **options: float | str | bool | None) -> PassRecord:
        """Enter something more about a pass that was made."""
        changed = self.pass_record(n)
        changed = changed.model_copy(update={"options": {**changed.options, **options}})
        self.update(passes=[changed if p.n == n else p for p in self.record.passes])
        return changed

    def set_drift(self, number: int, drift: Drift) -> None:
        """Enter how far a version is from the source."""
        versions = [
            version.model_copy(update={"drift": drift}) if version.number == number else version
            for version in self.record.versions
        ]
        self.update(versions=versions)

    def set_goals(self, goals: Sequence[GoalRecord]) -> None:
        self.update(goals=list(goals))

    def set_goal(self, index: int, **changes: Any) -> None:
        """Change one goal by its place in the list."""
        goals = list(self.record.goals)
        goals[index] = goals[index].model_copy(update=changes)
        self.update(goals=goals)

    def say(self, role: str, text: str) -> None:
        """Enter one message of the conversation."""
        turn = TurnRecord.model_validate({"role": role, "text": text})
        self.update(turns=[*self.record.turns, turn])

    def undo(self) -> Version:
        """Go back one version (a closing level step goes with the pass before it)."""
        current = self.version()
        before = self.working_version()
        if before.parent is None:
            raise InputError("there is nothing to undo; this is the song as it came.")
        self.update(head=before.parent, undone=[*self.record.undone, current.number])
        return self.version()

    def redo(self) -> Version:
        """Take the last undo back."""
        if not self.record.undone:
            raise InputError("there is nothing to redo.")
        self.update(head=self.record.undone[-1], undone=self.record.undone[:-1])
        return self.version()

    def go_to(self, number: int) -> Version:
        """Make any version the head; later passes branch from it."""
        version = self.version(number)
        self.update(head=version.number, undone=[])
        return version

    def _remember(self, digest: str, audio: Audio) -> None:
        # Source, the version before and the one after: what a pass needs, and no more.
        while len(self._audio) >= 3:
            self._audio.pop(next(iter(self._audio)))
        self._audio[digest] = audio


def _source_record(info: SourceInfo) -> SourceRecord:
    return SourceRecord(
        path=str(info.path.resolve()),
        sha256=info.sha256,
        size_bytes=info.size_bytes,
        container=info.container,
        codec=info.codec,
        bit_depth=info.bit_depth,
        sample_rate_hz=info.sample_rate_hz,
        channels=info.channels,
        duration_s=info.duration_s,
    )
