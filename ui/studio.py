"""The studio: drop a song, read what was found, say what bothers you, hear before and after.

A face only: everything it does goes through the same session, loop and guard as the command line.
Words from people and files are shown as text, never as markup.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from mixmend.agent.mend import Listeners, open_conversation
from mixmend.agent.preview import Previews, make_previews
from mixmend.agent.records import Finding, PassRecord
from mixmend.agent.report import write_report
from mixmend.agent.session import Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Wanted
from mixmend.model.engine import Progress
from mixmend.tools.errors import MixmendError

if TYPE_CHECKING:
    from mixmend.agent.mend import Conversation

_TYPES = ["wav", "flac", "aiff", "aif", "mp3", "ogg", "opus", "m4a", "aac", "wma", "mp4", "mov"]
_COLORS = {"mild": "orange", "moderate": "orange", "severe": "red"}
_AUTO = "Just make it better"


def main() -> None:
    """Draw the page once; Streamlit calls this again after every action."""
    st.set_page_config(page_title="Mixmend", page_icon="🎚️", layout="wide")
    st.title("Mixmend")
    st.caption("Drop in a finished song and say what bothers you. It never leaves this computer.")
    upload = st.file_uploader("Your song", type=_TYPES)
    if upload is None:
        _forget()
        st.info("Nothing is changed in your file; you get a new one to compare and keep.")
        return
    conversation = _conversation(upload.file_id, upload.name, upload.getvalue())
    if conversation is None:
        return
    chat, song = st.columns([3, 2], gap="large")
    with chat:
        _chat(conversation)
    with song:
        _findings(conversation.session.findings())
        _listen(conversation)


def _conversation(file_id: str, name: str, content: bytes) -> Conversation | None:
    """The conversation on this upload; measured once, then kept while the page is open."""
    if st.session_state.get("file_id") != file_id:
        _forget()
        folder = Path(tempfile.mkdtemp(prefix="mixmend-studio-"))
        # Only the ending of the user's file name is used: a name is not to be trusted as a path.
        song = folder / f"song{Path(name).suffix.lower()}"
        song.write_bytes(content)
        try:
            with st.spinner("Listening to the song..."):
                session = Session.start(song, SessionStore())
        except MixmendError as error:
            st.error(_plain(str(error).replace(str(song), name)))
            return None
        st.session_state.file_id = file_id
        st.session_state.conversation = open_conversation(
            session, Wanted(out=folder / "mended.wav")
        )
        st.session_state.folder = folder
        st.session_state.name = name
    conversation: Conversation = st.session_state.conversation
    return conversation


def _forget() -> None:
    """Close the session of the song that was here before."""
    conversation = st.session_state.pop("conversation", None)
    if conversation is not None:
        conversation.session.close()
    st.session_state.pop("file_id", None)


def _chat(conversation: Conversation) -> None:
    record = conversation.session.record
    with st.chat_message("assistant"):
        st.text(
            "I have listened to your song; what I measured is on the right. Tell me what bothers "
            "you about it, in your own words."
        )
    for turn in record.turns:
        with st.chat_message(turn.role):
            st.text(turn.text)
    pressed = st.button(_AUTO, disabled=bool(record.turns), type="primary")
    words = st.chat_input("For example: it sounds like a church and the vocals are buried")
    if pressed or words:
        said = words or _AUTO
        with st.chat_message("user"):
            st.text(said)
        _work(conversation, said)
        st.rerun()


def _work(conversation: Conversation, words: str) -> None:
    with st.chat_message("assistant"), st.status("Working on it...", expanded=True) as status:
        bar = st.progress(0.0)

        def on_progress(now: Progress) -> None:
            bar.progress(min(1.0, max(0.0, now.fraction)), text=_plain(now.label))

        def on_pass(done: PassRecord) -> None:
            mark = "kept" if done.verdict == "kept" else "taken back"
            st.text(f"{done.goal.replace('_', ' ')}: {mark}. {done.because}")

        heard = Listeners(on_progress=on_progress, on_pass=on_pass)
        conversation.toolbox.on_progress = heard.on_progress
        conversation.toolbox.on_pass = heard.on_pass
        try:
            conversation.turn(words)
        except MixmendError as error:
            st.error(_plain(str(error)))
        status.update(label="Done", state="complete")


def _findings(findings: list[Finding]) -> None:
    st.subheader("What I measure")
    shown = [finding for finding in findings if finding.severity != "none"]
    if not shown:
        st.success("Nothing that clearly needs mending.")
    for finding in shown[:5]:
        color = _COLORS[finding.severity]
        st.markdown(f":{color}-badge[{finding.severity}] {_plain(finding.says)}")


def _listen(conversation: Conversation) -> None:
    st.subheader("Listen")
    record = conversation.session.record
    key = (record.session.id, record.head)
    if st.session_state.get("previews_of") != key:
        with st.spinner("Preparing the players..."):
            st.session_state.previews = make_previews(conversation.session, st.session_state.folder)
        st.session_state.previews_of = key
    previews: Previews = st.session_state.previews
    st.caption("Before")
    st.audio(str(previews.before))
    if previews.after is None or record.output is None:
        return
    st.caption("After, played at the same loudness so that the comparison is fair")
    st.audio(str(previews.after))
    stem = Path(st.session_state.name).stem
    st.download_button(
        "Download the result",
        Path(record.output.path).read_bytes(),
        file_name=f"{stem} (mended){Path(record.output.path).suffix}",
    )
    report = Path(st.session_state.folder) / "report.html"
    if st.session_state.get("report_of") != key:
        write_report(record, report)
        st.session_state.report_of = key
    st.download_button("Download the report", report.read_bytes(), file_name=f"{stem} report.html")


def _plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+!|~$:&" else c for c in text)


main()
