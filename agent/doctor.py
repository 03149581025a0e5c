"""What this machine has: engines, brains, decoders, devices; and how to get the rest."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform

from mixmend.agent.brains import choose_brain
from mixmend.model.engines import available_engines
from mixmend.tools.measurement import Record

_PACKAGES = ("numpy", "scipy", "torch", "transformers", "langchain", "openai", "streamlit",
             "librosa", "essentia", "pyloudnorm")  # fmt: skip
_LOSSY = {"mp3": "libmp3lame", "m4a": "aac", "opus": "libopus", "ogg": "libvorbis"}


class Item(Record):
    name: str
    ready: bool
    says: str


class Section(Record):
    title: str
    items: list[Item]


class Examined(Record):
    """All that `mixmend doctor` says; `healthy` when the main job can run."""

    healthy: bool
    sections: list[Section]


def examine() -> Examined:
    """Look at this machine; nothing is downloaded or changed."""
    engines = Section(
        title="Engines",
        items=[Item(name=e.name, ready=e.ready, says=e.why) for e in available_engines()],
    )
    sections = [engines, _brains(), _formats(), _devices(), _packages()]
    healthy = any(item.ready for item in engines.items) and sections[2].items[0].ready
    return Examined(healthy=healthy, sections=sections)


def _brains() -> Section:
    choice = choose_brain()
    hosted = (
        f"{choice.name} at {choice.base_url or 'the OpenAI service'} is configured"
        if choice.hosted
        else "not configured; set OPENAI_API_KEY, or OPENAI_BASE_URL for a local server, and "
        "MIXMEND_MODEL"
    )
    return Section(
        title="Brains",
        items=[
            Item(name="offline", ready=True, says="ships with Mixmend, needs nothing"),
            Item(name="hosted", ready=choice.hosted, says=hosted),
        ],
    )


def _formats() -> Section:
    import av
    import soundfile

    codecs = av.codecs_available
    items = [
        Item(
            name="libsndfile", ready=True,
            says=f"{soundfile.__libsndfile_version__}: wav, flac, aiff, ogg, mp3 and more",
        ),
        Item(name="FFmpeg", ready=True, says="through PyAV: m4a, opus, wma, sound of videos"),
    ]  # fmt: skip
    for name, encoder in _LOSSY.items():
        ready = encoder in codecs
        items.append(
            Item(name=f"write {name}", ready=ready, says=encoder if ready else "no encoder found")
        )
    return Section(title="Sound files", items=items)


def _devices() -> Section:
    import os

    cores = os.cpu_count() or 1
    items = [Item(name="CPU", ready=True, says=f"{cores} cores, {platform.machine()}")]
    if importlib.util.find_spec("torch") is None:
        items.append(Item(name="GPU", ready=False, says="torch is not installed"))
        return Section(title="Devices", items=items)
    import torch

    if torch.cuda.is_available():
        items.append(Item(name="GPU", ready=True, says=torch.cuda.get_device_name(0)))
    else:
        items.append(
            Item(name="GPU", ready=False, says="none found; everything runs on the CPU, slower")
        )
    return Section(title="Devices", items=items)


def _packages() -> Section:
    items = []
    for name in _PACKAGES:
        try:
            items.append(Item(name=name, ready=True, says=importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            items.append(Item(name=name, ready=False, says=f"missing; pip install {name}"))
    return Section(title="Packages", items=items)
