"""The studio: drop a song, read what was found, say what bothers you, hear before and after.

A face only: everything it does goes through the same session, loop and guard as the command line.
Words from people and files are shown as text, never as markup.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from mixmend.agent.mend import open_conversation
from mixmend.agent.preview import Previews, make_previews
from mixmend.agent.records import Finding, PassRecord, SessionRecord
from mixmend.agent.report import write_report
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Wanted
from mixmend.model.engine import Progress
from mixmend.tools.errors import MixmendError
from mixmend.tools.measurement import Measurement

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from mixmend.agent.mend import Conversation

_TYPES = ["wav", "flac", "aiff", "aif", "mp3", "ogg", "opus", "m4a", "aac", "wma", "mp4", "mov"]
_COLORS = {"mild": "blue", "moderate": "orange", "severe": "red"}
_FACES = {"assistant": ":material/graphic_eq:", "user": ":material/person:"}
_AUTO = "Just make it better"
_MOST = 20  # earlier songs that are offered
# Streamlit leaves six empty lines on top of every page; the players must not be cut off.
_STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding-top: 2.2rem; padding-bottom: 3rem; max-width: 76rem}
[data-testid="stHeader"] {background: transparent}
[data-testid="stText"] {white-space: pre-wrap; overflow-wrap: anywhere}
[data-testid="stMetricValue"] {font-size: 1.25rem}
audio {width: 100%; min-width: 0}
</style>"""


def main() -> None:
    """Draw the page once; Streamlit calls this again after every action."""
    st.set_page_config(page_title="Mixmend", page_icon="🎚️", layout="wide")
    st.html(_STYLE)
    st.title("Mixmend", anchor=False)
    st.caption("Drop in a finished song and say what bothers you. It never leaves this computer.")
    upload = st.file_uploader("Your song", type=_TYPES)
    conversation = _taken_up() if upload is None else _conversation(upload)
    if conversation is None:
        if upload is None:
            _forget()
            _invite()
            _earlier()
        return
    chat, song = st.columns([3, 2], gap="large")
    with chat:
        _chat(conversation)
    with song:
        _listen(conversation)
        changed = conversation.session.record.head != 0
        _findings(
            "What I still hear" if changed else "What I hear", conversation.session.findings()
        )


def _invite() -> None:
    """What will happen, for someone who is here for the first time."""
    steps = (
        ("1. I listen", "The song is measured, and you read in plain words what I found."),
        ("2. You say what bothers you", "“It sounds like a church and the vocals are buried.”"),
        ("3. You compare", "Hear before and after at the same loudness, and keep the better one."),
    )
    for column, (title, text) in zip(st.columns(3, gap="medium"), steps, strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{title}**")
            st.text(text)
    st.caption("Your file is not changed; you get a new one.")


def _earlier() -> None:
    """Songs that were talked about before, to go on with."""
    rows = [row for row in SessionStore().rows() if (row.path / "session.json").is_file()][:_MOST]
    if not rows:
        return
    names = {
        row.id: f"{Path(row.source).stem}, {row.created[:16].replace('T', ' ')}" for row in rows
    }
    with st.expander("Go on with an earlier song"):
        chosen = st.selectbox("Which one", list(names), format_func=lambda name: names[name])
        if st.button("Open it", icon=":material/history:"):
            st.session_state.resumed = chosen
            st.rerun()


def _taken_up() -> Conversation | None:
    """The conversation of an earlier session that was chosen; opened once, then kept."""
    name = st.session_state.get("resumed")
    if name is None:
        return None
    if "conversation" not in st.session_state:
        folder = Path(tempfile.mkdtemp(prefix="mixmend-studio-"))
        try:
            session = Session.resume(name, SessionStore())
        except MixmendError as error:
            shutil.rmtree(folder, ignore_errors=True)
            del st.session_state.resumed
            st.error(_plain(str(error)))
            return None
        _keep(session, folder, Path(session.record.source.path).name)
        if session.record.output is not None:
            st.session_state.conversation.toolbox.finish()
    conversation: Conversation = st.session_state.conversation
    return conversation


def _keep(session: Session, folder: Path, name: str) -> None:
    """Keep a conversation on this session while the page is open."""
    st.session_state.conversation = open_conversation(session, Wanted(out=folder / "mended.wav"))
    st.session_state.conversation.greet()
    st.session_state.folder = folder
    st.session_state.name = name


def _conversation(upload: UploadedFile) -> Conversation | None:
    """The conversation on this upload; measured once, then kept while the page is open."""
    if st.session_state.get("file_id") != upload.file_id:
        _forget()
        folder = Path(tempfile.mkdtemp(prefix="mixmend-studio-"))
        # Only the ending of the user's file name is used: a name is not to be trusted as a path.
        song = folder / f"song{Path(upload.name).suffix.lower()}"
        with song.open("wb") as out:
            shutil.copyfileobj(upload, out)
        try:
            with st.spinner("Listening to the song..."):
                session = Session.start(song, SessionStore())
        except MixmendError as error:
            shutil.rmtree(folder, ignore_errors=True)
            said = str(error).replace(str(song), upload.name).replace(song.name, upload.name)
            st.error(_plain(said[:1].upper() + said[1:]))
            return None
        st.session_state.file_id = upload.file_id
        _keep(session, folder, upload.name)
    conversation: Conversation = st.session_state.conversation
    return conversation


def _forget() -> None:
    """Close the session of the song that was here before, and delete its copies."""
    conversation = st.session_state.pop("conversation", None)
    if conversation is not None:
        conversation.close()
        shutil.rmtree(st.session_state.folder, ignore_errors=True)
    for name in ("file_id", "previews_of", "report_of", "resumed"):
        st.session_state.pop(name, None)


def _chat(conversation: Conversation) -> None:
    record = conversation.session.record
    # What is said while a wish is worked on goes above the field it was typed into.
    talk = st.container()
    with talk:
        for turn in record.turns:
            with _message(turn.role):
                st.text(turn.text)
    spoken = any(turn.role == "user" for turn in record.turns)
    pressed = False
    if not spoken:
        pressed = st.button(_AUTO, type="primary", icon=":material/auto_fix_high:")
    words = st.chat_input(
        "Anything else? For example: a bit less of that"
        if spoken
        else "For example: it sounds like a church and the vocals are buried"
    )
    said = words or (_AUTO if pressed else conversation.cut_off)
    if said:
        with talk:
            with _message("user"):
                st.text(said)
            done = _work(conversation, said)
        if done:
            st.rerun()


def _message(role: str) -> st.delta_generator.DeltaGenerator:
    return st.chat_message(role, avatar=_FACES[role])


def _work(conversation: Conversation, words: str) -> bool:
    """One turn, shown while it goes on; False when it failed and said so."""
    page = get_script_run_ctx()
    with _message("assistant"), st.status("Working on it...", expanded=True) as status:
        bar = st.progress(0.0)
        answer, said = st.empty(), [""]

        # Tools run in threads of their own, which must be told to which page they belong.
        def on_progress(now: Progress) -> None:
            add_script_run_ctx(threading.current_thread(), page)
            bar.progress(min(1.0, max(0.0, now.fraction)), text=_plain(now.label))

        def on_pass(done: PassRecord) -> None:
            add_script_run_ctx(threading.current_thread(), page)
            mark = "kept" if done.verdict == "kept" else "taken back"
            status.text(f"{done.goal.replace('_', ' ')}: {mark}. {done.because}")

        def on_step(step: str) -> None:
            add_script_run_ctx(threading.current_thread(), page)
            status.update(label=f"{step}...")

        def on_text(piece: str) -> None:
            said[0] += piece
            answer.text(said[0])

        conversation.toolbox.on_progress = on_progress
        conversation.toolbox.on_pass = on_pass
        conversation.toolbox.on_step = on_step
        conversation.on_text = on_text
        try:
            conversation.turn(words)
        except MixmendError as error:
            status.update(label="That did not work", state="error")
            st.error(_plain(str(error)))
            return False
        status.update(label="Done", state="complete")
    return True


def _findings(title: str, findings: list[Finding]) -> None:
    st.subheader(title, anchor=False)
    shown = [finding for finding in findings if finding.severity != "none"]
    if not shown:
        st.success("Nothing that clearly needs mending.")
    for finding in shown[:5]:
        color = _COLORS[finding.severity]
        st.markdown(f":{color}-badge[{finding.severity}] {_plain(finding.says)}")


def _listen(conversation: Conversation) -> None:
    st.subheader("Listen", anchor=False)
    record = conversation.session.record
    key = (record.session.id, record.head)
    if st.session_state.get("previews_of") != key:
        with st.spinner("Preparing the players..."):
            st.session_state.previews = make_previews(conversation.session, st.session_state.folder)
        st.session_state.previews_of = key
    previews: Previews = st.session_state.previews
    st.caption("Before")
    st.audio(str(previews.before))
    if previews.after is not None and record.output is not None:
        st.caption("After, played at the same loudness so that the comparison is fair")
        st.audio(str(previews.after))
    _figures(record.source_measurement, conversation.session.measurement(), record)
    if previews.after is not None and record.output is not None:
        _downloads(record, Path(record.output.path), key)


def _figures(before: Measurement, now: Measurement, record: SessionRecord) -> None:
    """Loudness, peak and dynamics as they are now, and how far they moved."""
    changed = record.head != 0
    shown = (
        ("Loudness", "loudness.integrated_lufs", "LUFS", 1),
        ("True peak", "loudness.true_peak_dbtp", "dBTP", 1),
        ("Dynamics", "dynamics.dr", "DR", 0),
    )
    for column, (label, key, unit, digits) in zip(st.columns(3), shown, strict=True):
        was, value = before.value(key), now.value(key)
        moved = None
        if changed and isinstance(was, float) and isinstance(value, float):
            moved = f"{value - was:+.{digits}f}"
            moved = None if float(moved) == 0.0 else moved
        text = f"{value:.{digits}f} {unit}" if isinstance(value, float) else "\N{EM DASH}"
        text = text.replace("-", "\N{MINUS SIGN}")
        column.metric(label, text, moved, delta_color="off")


def _downloads(record: SessionRecord, result: Path, key: tuple[str, int]) -> None:
    report = Path(st.session_state.folder) / "report.html"
    if st.session_state.get("report_of") != key:
        with st.spinner("Writing the report..."):
            write_report(record, report)
        st.session_state.report_of = key
    stem = Path(st.session_state.name).stem
    # Read when asked for: an hour of sound is not to be held for every open page.
    st.download_button(
        "Download the result", result.read_bytes, file_name=f"{stem} (mended){result.suffix}",
        type="primary", icon=":material/download:", on_click="ignore", width="stretch",
    )  # fmt: skip
    st.download_button(
        "Download the report", report.read_bytes, file_name=f"{stem} report.html",
        icon=":material/description:", on_click="ignore", width="stretch",
    )  # fmt: skip


def _plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+!|~$:&" else c for c in text)


main()
