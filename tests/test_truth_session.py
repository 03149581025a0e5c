"""Each number and direction a brain says is held against the session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixmend.agent.explain import change_text, hardly_moved
from mixmend.agent.facts import Facts
from mixmend.agent.metrics import figure, telling_metric
from mixmend.agent.records import PassRecord
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Toolbox, Wanted
from mixmend.agent.truth import correct, lies_in
from mixmend.model.degrade import degrade
from mixmend.model.problems import PROBLEM_OF_KIND
from mixmend.tools.audio import Audio
from mixmend.tools.writing import write_sound
from tests.signals import music


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A dull, clipped song: the treble was brought up and kept, the reverb was taken back."""
    folder = tmp_path_factory.mktemp("truth")
    dull = degrade(music(8.0, seed=4), "bright", 1).audio
    ceiling = np.float32(0.6 * np.abs(dull.samples).max())
    damaged = Audio(np.clip(dull.samples, -ceiling, ceiling), dull.sample_rate_hz)
    write_sound(folder / "song.wav", damaged)
    session = Session.start(folder / "song.wav", SessionStore(folder / "home"))
    box = Toolbox(session, Wanted(out=folder / "out.wav"))
    box.begin_turn()
    box.restore("dull")
    kept = session.record.passes[-1]
    assert kept.verdict == "kept"
    _rolled_back(session, kept)
    box.finish()
    return session


def _rolled_back(session: Session, like: PassRecord) -> None:
    """A pass on the reverb that the guard took back."""
    session.add_pass(
        like.model_copy(
            update={
                "n": len(session.record.passes) + 1, "goal": "reverb", "problem": "reverb",
                "verdict": "rolled_back", "because": "Its level wavers by 3.3 dB against the "
                "song's.", "parent": session.record.head, "after": like.before, "version": None,
                "checks": [],
            }
        ),
        None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def facts(session: Session) -> Facts:
    return Facts(session, ["It is too dull, make it -9 LUFS if you can", "less echo"])


def _figures(session: Session) -> dict[str, str]:
    """Figures of the session as people write them."""
    done = next(p for p in session.record.passes if p.goal == "dull")
    metric = telling_metric("dull", done.before, done.after)
    was, now = figure(metric, done.before), figure(metric, done.after)
    assert was is not None
    assert now is not None
    source, out = session.record.source_measurement, session.measurement()
    assert source.clipping.events
    assert out.loudness.integrated_lufs is not None
    assert out.loudness.true_peak_dbtp is not None
    assert source.loudness.true_peak_dbtp is not None
    return {
        "was": f"{was:.1f}", "now": f"{now:.1f}", "rise": f"{now - was:.1f}",
        "lufs": f"{out.loudness.integrated_lufs:.1f}",
        "peak": f"{out.loudness.true_peak_dbtp:.1f}",
        "source_peak": f"{source.loudness.true_peak_dbtp:.1f}",
        "events": str(source.clipping.events), "left": str(out.clipping.events),
        "wrong_peak": f"{out.loudness.true_peak_dbtp + 0.4:.1f}",
        "wrong_lufs": f"{out.loudness.integrated_lufs + 3.0:.1f}",
        "wrong_now": f"{now + 1.5:.1f}", "wrong_events": str(source.clipping.events + 7),
        "wrong_rise": f"{now - was + 1.2:.1f}",
    }  # fmt: skip


LIES = [
    # Numbers that nothing measured, or that something else measured.
    "The finished file plays at {wrong_lufs} LUFS.",
    "The finished file now plays at -9.0 LUFS.",
    "Its peaks now reach {wrong_peak} dBTP.",
    "Its peaks now reach {lufs} dBTP.",
    "The loudness is {peak} LUFS now.",
    "The treble rose from {was} dB to {wrong_now} dB.",
    "The treble rose from {now} dB to {was} dB.",
    "I brought the treble up by {wrong_rise} dB.",
    "There were {wrong_events} clipped spots.",
    "Clipped spots fell from {events} to 3.",
    "Clipped spots fell from {wrong_events} to {left}.",
    "I removed 87 % of the echo.",
    "The reverb time is 0.31 s now.",
    "Your song has a tempo of 251 BPM.",
    "The noise floor dropped by 14.5 dB.",
    "The stereo width went from 0.11 to 0.97.",
    "The dynamic range is DR 43 now.",
    "There are twelve clicks left.",
    "The peaks sit at +{peak_abs} dBTP now.",
    "I lifted 12.3 kHz by {wrong_rise} dB.",
    # Directions that the measurements do not show.
    "The song is much drier now.",
    "I took down the reverb.",
    "There is less echo now.",
    "I removed the reverb and the singer sounds closer.",
    "I fixed the clipping.",
    "The clipping is gone.",
    "No clipping is left.",
    "All of the clipped peaks were repaired.",
    "I rebuilt the clipped peaks.",
    "I removed the hum.",
    "The mains hum has vanished.",
    "The hiss is gone, and the background is quieter.",
    "It is louder now.",
    "I made it quieter.",
    "The song is duller now.",
    "I brought the treble down.",
    "The bass is fuller now.",
    "I boosted the bass for you.",
    "The stereo image is wider.",
    "The stereo image is narrower.",
    "It is warmer now.",
    "It is colder now.",
    "I widened the stereo image.",
    "It has more punch now.",
    "The song is more dynamic now.",
    "I gave the dynamics room again.",
    "The clicks were taken out.",
    "I filled the gaps.",
    "I took out all the clicks and pops.",
    "You will hear that the echo is gone.",
    "I can confirm that the reverb is lower.",
    "As you asked, the echo is now reduced.",
    "I would say the hum is completely gone.",
    "Not only is it brighter, the reverb is lower too.",
    "I raised the treble and lowered the reverb.",
    "It sounds brighter, warmer, and has less room.",
    # Claims about passes and versions.
    "The reverb pass was kept.",
    "I kept the change on the echo.",
    "The reverb repair passed all checks.",
    "I took back the treble change.",
    "Go back to version 7 if you like that better.",
    "Pass 12 did the trick.",
    "The bass was left untouched while the treble was not changed.",
    # Measurements that do not exist.
    "The phase coherence is 0.93.",
    "I measured a PESQ of 3.9.",
    "The warmth score went up to 8.5.",
    "Its groove index is now 71 %.",
    "I measured the charisma of the chorus.",
    "The emotional score is 92 %.",
    "There is a strong hum in it.",
    "I found heavy hiss under the music.",
    "It has become fluffier.",
]

TRUTHS = [
    "The finished file plays at {lufs} LUFS, loudness as streaming services measure it.",
    "Its highest peaks reach {peak} dBTP.",
    "Peaks now reach {peak} dBTP, which is safe.",
    "The treble (6 to 10 kHz) rose from {was} dB to {now} dB.",
    "I brought the treble up by {rise} dB.",
    "The treble is {rise} dB stronger than before.",
    "There were {events} clipped spots in the song as it came.",
    "I brought the treble up.",
    "It is brighter now.",
    "The song sounds brighter, because you asked for more treble.",
    "I brought the treble up: it rose from {was} dB to {now} dB at 6 to 10 kHz.",
    "I tried to take down the reverb, but took it back, because its level wavered by 3.3 dB.",
    "I tried to take down the reverb, but it did not pass my checks.",
    "I first tried in another way, but that did not pass my checks: its level wavers by 3.3 dB.",
    "I first tried with more of it, but that did not pass my checks: its level wavers by 3.3 dB.",
    "I rolled back the reverb pass, because it would have harmed the song.",
    "The echo is as it was; I could not reduce it without harm.",
    "You asked for -9 LUFS, but more would have squashed it.",
    "Shall I take out the hum next?",
    "If you like, I can make it louder.",
    "Would you like more bass?",
    "I can reduce the echo a little if you want me to try again.",
    "Tell me if it is too bright now.",
    "Say undo, and you are back at version 0.",
    "This is version 1.",
    "I made 1 change.",
    "I work on the finished recording as a whole, so I cannot take out the guitar.",
    "The song as it came had {events} clipped spots.",
    "I measured the song, and its peaks came with {source_peak} dBTP.",
    "Do you want me to remove the clicks?",
    "You said it was too dull, so I brought the treble up.",
    "It sounds dull: there is less treble than usual.",
    "I will leave the bass alone.",
    "What I can change is tone, reverb, noise, clipping, dynamics, width and loudness.",
    "That is as good as I can make it without harming it.",
    "Tell me what bothers you, in your own words.",
    "A stem separation program can split off the voice.",
    "I took the louder stretches for the chorus.",
    "Next I would rebuild the clipped peaks; shall I?",
    "The treble change was kept.",
    "There are at most three things I would do.",
    "Nothing else got worse by measurement, so it stayed.",
    "**Done.** The treble is up, and the peaks reach {peak} dBTP.",
    "Of course! Let me look at the song first.",
    "I understand: the vocals feel far away to you.",
    "I only look after the sound of this song.",
    "Streaming services play most music at about -14 LUFS.",
    "The treble went up; the clipped peaks are still there.",
]


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught(lie: str, facts: Facts, session: Session) -> None:
    said = _fill(lie, session)
    assert lies_in(said, facts), said
    assert said not in correct(f"I have listened. {said} Tell me more.", facts).text


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_truth_is_let_by(truth: str, facts: Facts, session: Session) -> None:
    said = _fill(truth, session)
    assert lies_in(said, facts) == []


def _fill(text: str, session: Session) -> str:
    figures = _figures(session)
    return text.format(**figures, peak_abs=figures["peak"].lstrip("-"))


def test_only_the_false_sentence_is_taken_out(facts: Facts, session: Session) -> None:
    peak = _figures(session)["peak"]
    text = f"I brought the treble up. The hum is gone. Its peaks reach {peak} dBTP."
    checked = correct(text, facts)
    assert checked.text == f"I brought the treble up. Its peaks reach {peak} dBTP."
    assert checked.removed == ("The hum is gone.",)


def test_our_own_account_passes_its_own_check(facts: Facts, session: Session) -> None:
    box = Toolbox(session, Wanted(out=Path("unused.wav")))
    for text in (box.greet(), box.explain()["text"], box.compare()["text"], box.told()):
        wrong = {s: lies_in(s, facts) for s in correct(text, facts).removed}
        assert wrong == {}


def test_what_is_found_now_may_be_told_word_for_word(tmp_path: Path) -> None:
    gaps = degrade(music(12.0, seed=5), "dropout", 3).audio
    write_sound(tmp_path / "gaps.wav", gaps)
    session = Session.start(tmp_path / "gaps.wav", SessionStore(tmp_path / "home"))
    found = next(f for f in session.findings() if f.problem == "dropouts")
    facts = Facts(session)
    told = f"What I still measure: {found.says} Shall I work on the gaps next?"
    assert correct(told, facts).removed == ()
    assert correct("The sound cuts out in 99 places.", facts).removed


def test_a_change_too_small_to_count_is_told_as_one(session: Session) -> None:
    kept = next(p for p in session.record.passes if p.problem == "dull" and p.verdict == "kept")
    bands = kept.before.spectrum.bands_db
    assert bands is not None
    assert bands["brilliance"] is not None
    spectrum = kept.before.spectrum.model_copy(
        update={"bands_db": {**bands, "brilliance": bands["brilliance"] + 0.11}}
    )
    small = kept.model_copy(update={"after": kept.before.model_copy(update={"spectrum": spectrum})})
    assert hardly_moved(small)
    assert not hardly_moved(kept)
    text = change_text(small, [])
    assert "went from" in text
    assert "rose" not in text


@pytest.mark.parametrize("kind", ["comp", "xband", "mud", "punch", "stereo", "small"])
def test_no_account_of_ours_is_taken_back(kind: str, tmp_path: Path) -> None:
    write_sound(tmp_path / "song.wav", degrade(music(10.0, seed=7), kind, 2).audio)
    session = Session.start(tmp_path / "song.wav", SessionStore(tmp_path / "home"))
    box = Toolbox(session, Wanted(out=tmp_path / "out.wav"))
    box.begin_turn()
    box.restore(PROBLEM_OF_KIND[kind])
    box.finish()
    facts = Facts(session)
    for text in (box.told(), str(box.explain()["text"])):
        assert correct(text, facts).removed == ()


def test_what_was_mended_in_one_place_is_told_of_that_place_only(tmp_path: Path) -> None:
    write_sound(tmp_path / "song.wav", degrade(music(12.0, seed=7), "clip", 2).audio)
    session = Session.start(tmp_path / "song.wav", SessionStore(tmp_path / "home"))
    box = Toolbox(session, Wanted(out=tmp_path / "out.wav"))
    box.begin_turn()
    box.restore("clipping", start_s=2.0, end_s=6.0)
    box.finish()
    facts = Facts(session)
    told = str(box.explain()["text"])
    assert "from 0:02 to 0:06" in told
    assert "Shall I work on the cut-off peaks" in str(box.told())
    assert correct(told, facts).removed == ()
    for lie in (
        "I rebuilt the clipped peaks from 0:07 to 0:09.",
        "I rebuilt the clipped peaks.",
        "The clipping is gone.",
    ):
        assert correct(lie, facts).removed == (lie,)
