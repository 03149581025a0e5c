"""The words in which changes of a sound are claimed, and which measurements speak for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mixmend.model.problems import Problem

Sign = Literal[-1, 1]


@dataclass(frozen=True)
class Topic:
    """Something a sentence can be about.

    `words` find it; `keys` are its figures with the sign in which they follow it (+1: the figure
    rises with it); `fixed` is the direction that mending it means (0: it depends).
    """

    name: str
    words: re.Pattern[str]
    keys: tuple[tuple[str, Sign], ...]
    fixed: Literal[-1, 0, 1] = 0


def _topic(
    name: str, words: str, keys: tuple[tuple[str, Sign], ...], fixed: Literal[-1, 0, 1] = 0
) -> Topic:
    return Topic(name, re.compile(rf"\b(?:{words})", re.IGNORECASE), keys, fixed)


_BAND = "spectrum.bands_db."

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        _topic("clipping", r"clip(?:s|ped|ping)?\b|crackl|distort|cut.off peaks|flat.?topped|"
               r"cut flat|crunchy|overdriven|overload", (
                   ("clipping.events", 1), ("clipping.fraction", 1)), -1),
        _topic("hum", r"hum(?:s|ming)?\b|buzz|mains\b", (("noise.hum_db", 1),), -1),
        _topic("clicks", r"click|pops?\b|popping|ticks?\b", (("noise.clicks_count", 1),), -1),
        _topic("dropouts", r"gaps?\b|drop.?outs?|cuts?.?outs?\b", (("noise.dropouts", 1),), -1),
        _topic("noise", r"nois[ey]|noises?\b|hiss|background\b|static\b|rumble", (
            ("noise.floor_dbfs", 1), ("noise.snr_db", -1)), -1),
        _topic("dc_offset", r"(?:constant |dc )?offset", (("noise.dc_offset", 1),), -1),
        _topic("reverb", r"reverb|echo|room(?:y|iness| sound)?\b|wetness|ambien[ct]|distan(?:t|ce "
               r"to the)|direct sound|hall\b", (
                   ("reverb.reverberance", 1), ("reverb.drr_db", -1), ("reverb.rt60_s", 1)), -1),
        _topic("brightness", r"treble|bright|highs?\b|top.?end|brillian|dull|sparkl|high "
               r"frequenc|presence|muffle", (
                   (_BAND + "brilliance", 1), (_BAND + "presence", 1), (_BAND + "air", 1))),
        _topic("air", r"air\b|airy|airiness|very top", (
            (_BAND + "air", 1), (_BAND + "brilliance", 1)), 1),
        _topic("harshness", r"harsh|pierc|shrill|edg[ey]|stridenc|fizz", (
            (_BAND + "brilliance", 1), (_BAND + "presence", 1), (_BAND + "air", 1)), -1),
        _topic("sibilance", r"sibilan|s sounds|s range|esses\b|hissy s", (
            (_BAND + "brilliance", 1), (_BAND + "presence", 1)), -1),
        _topic("bass", r"bass|low.?end|lows\b|sub\b|boom", (
            (_BAND + "bass", 1), (_BAND + "sub", 1), (_BAND + "upper_bass", 1))),
        _topic("warmth", r"warm", (
            (_BAND + "upper_bass", 1), (_BAND + "low_mid", 1), (_BAND + "bass", 1)), 1),
        _topic("mud", r"mud|low.?mid|box(?:y|iness)", (
            (_BAND + "low_mid", 1), (_BAND + "upper_bass", 1)), -1),
        _topic("clarity", r"clarity|clear(?:er|ness)?\b|definition|intelligib|detail", (
            (_BAND + "presence", 1), (_BAND + "brilliance", 1), (_BAND + "low_mid", -1),
            ("noise.floor_dbfs", -1), ("reverb.drr_db", 1)), 1),
        _topic("vocals", r"vocal|voice|sing(?:er|ing)", (
            (_BAND + "mid", 1), (_BAND + "presence", 1), (_BAND + "low_mid", 1))),
        _topic("tone", r"ton(?:e|al)(?: balance| colou?r)?|microphone|colou?r|equali[sz]", (
            ("spectrum.deviation_db", -1),)),
        _topic("loudness", r"loud|quiet|volume|lufs", (("loudness.integrated_lufs", 1),)),
        _topic("peaks", r"(?:true |highest )?peaks?\b|dbtp|headroom", (
            ("loudness.true_peak_dbtp", 1), ("loudness.sample_peak_dbfs", 1))),
        _topic("dynamics", r"dynamic|squash|compress|breath|soft (?:and|to) loud|over the "
               r"loudest|soft passages|loudness range", (
                   ("dynamics.compression", -1), ("dynamics.dr", 1), ("loudness.range_lu", 1),
                   ("loudness.psr_lu", 1), ("loudness.plr_lu", 1), ("dynamics.crest_db", 1)), 1),
        # Said of the figure by its own name, which is the fault's.
        _topic("squashing", r"how squashed", (("dynamics.compression", 1),), -1),
        _topic("punch", r"punch|attack|transient|snap\b|impact|kick\b|height of peaks", (
            ("dynamics.punch", 1), ("dynamics.crest_db", 1), ("loudness.psr_lu", 1)), 1),
        _topic("width", r"stereo|wid(?:e|er|th)|narrow", (
            ("stereo.width", 1), ("stereo.correlation", -1))),
        _topic("mono", r"mono\b|one speaker|single speaker", (("stereo.mono_loss_db", 1),), -1),
        _topic("balance", r"lean|cent(?:re|er)|one side|left minus right|balance\b", (
            ("stereo.balance_db", 1),), -1),
        _topic("tempo", r"tempo|bpm|beats", (("music.tempo_bpm", 1),)),
        _topic("bandwidth", r"bandwidth|highest frequency|cut.?off\b", (
            ("spectrum.bandwidth_hz", 1), ("spectrum.lossy_cutoff_hz", 1),
            ("spectrum.centroid_hz", 1)), 1),
        _topic("length", r"length|long\b|duration|seconds? long|minutes? long", (
            ("duration_s", 1),)),
    )
}  # fmt: skip

# "The louder stretches" are places in the song, not a change of it.
_NOT_A_PLACE = (
    r"(?! (?:\w+ )?(?:stretch|part|passage|section|moment|ones|place|half|end|music|songs?\b|and "
    r"softer|and quieter|and louder))"
)

# Words that name a topic and its direction at once.
_SAID_AT_ONCE: tuple[tuple[str, tuple[tuple[str, Sign], ...]], ...] = (
    (
        r"brighter|crisper|sparklier|more (?:bright|sparkl\w+|crisp)|"
        r"less (?:dull|dark|muffled)",
        (("brightness", 1),),
    ),
    (r"duller|darker|less (?:bright)|more dull", (("brightness", -1),)),
    (r"airier|more open|less closed", (("air", 1),)),
    (
        r"smoother|silkier|less (?:harsh|sharp|piercing|shrill|edgy)|softer on the ears",
        (("harshness", -1),),
    ),
    (r"harsher|sharper|more (?:harsh|piercing|shrill)", (("harshness", 1),)),
    (r"louder", (("loudness", 1),)),
    (r"quieter|softer", (("loudness", -1), ("noise", -1), ("hum", -1), ("harshness", -1))),
    (r"warmer|cosier|cozier|less (?:cold|thin)", (("warmth", 1), ("bass", 1))),
    (r"colder|cooler", (("warmth", -1),)),
    (
        r"fuller|fatter|bassier|deeper|beefier|meatier|more (?:body|weight)",
        (("bass", 1), ("warmth", 1)),
    ),
    (r"thinner", (("bass", -1), ("warmth", -1))),
    (r"tighter|less boomy", (("bass", -1), ("mud", -1))),
    (r"boomier", (("bass", 1),)),
    (r"muddier", (("mud", 1),)),
    (
        r"clearer|more (?:clear|defined|intelligible|detailed)|less (?:muddy|muffled|unclear)",
        (("clarity", 1), ("mud", -1), ("brightness", 1)),
    ),
    (
        r"cleaner",
        (
            ("noise", -1),
            ("hum", -1),
            ("clicks", -1),
            ("clipping", -1),
            ("mud", -1),
            ("reverb", -1),
        ),
    ),
    (
        r"drier|dryer|closer|nearer|less (?:wet|roomy|echoey|distant|reverberant)",
        (("reverb", -1),),
    ),
    (r"wetter|roomier|more (?:spacious|distant)", (("reverb", 1), ("width", 1))),
    (r"wider|broader|less narrow", (("width", 1),)),
    (r"narrower|less wide", (("width", -1),)),
    (r"punchier|snappier|tightened attacks|more (?:punchy|impactful)", (("punch", 1),)),
    (
        r"more dynamic|livelier|less (?:squashed|compressed|flat)|"
        r"breathes?(?: again| more| now)",
        (("dynamics", 1), ("punch", 1)),
    ),
    (r"more (?:squashed|compressed)", (("dynamics", -1),)),
    (r"more (?:balanced|even|natural)|better balanced", (("tone", 1), ("balance", -1))),
    (r"more (?:centred|centered)", (("balance", -1),)),
)
COMPARATIVES = tuple(
    (re.compile(rf"\b(?:{words})\b{_NOT_A_PLACE}", re.IGNORECASE), meaning)
    for words, meaning in _SAID_AT_ONCE
)

_PAST_UP = (
    r"rose|risen|raised|lifted|boosted|increased|grew|grown|gained|added|more|higher|stronger|"
    r"up\b|brought (?:\w+ ){0,3}(?:up|out|forward)|opened|forward|restored|doubled|tripled|"
    r"enhanced|emphasi[sz]ed|gave (?:\w+ ){0,3}(?:back|room|more|life)|widened|sharpened|"
    r"bigger|greater|larger|extended"
)
_PAST_DOWN = (
    r"fell|fallen|dropped|lowered|reduced|decreased|cut(?! off| flat)|less(?! wrong)|fewer|"
    r"lower|weaker|"
    r"down\b|softened|tamed|shrank|shrunk|smaller|halved|attenuated|suppressed|narrowed|"
    r"tightened|set back|evened(?! (?:out )?the ton)|cleared|quieter|softer|shorter|"
    r"dried|turned down"
)
_PAST_FIX = (
    r"fixed|repaired|evened (?:out )?the ton|removed|rebuilt|eliminated|cleaned|cured|solved|"
    r"corrected|mended|"
    r"took (?:\w+ ){0,2}out|taken (?:\w+ ){0,2}out|taken care|got rid|gotten rid|dealt with|"
    r"took care|filled|healed|restored|centred|centered|stripped|erased|deleted|killed|addressed|"
    r"sorted|resolved|undone the|declipped|de-clipped|denoised|dereverbed|improved|cleaned up"
)
_NONE = (
    r"inaudible|zero\b|none (?:is |are )?left|nothing left|not a (?:single|trace)|no trace|"
    r"free of|-free\b|without any|perfectly (?:clean|silent|quiet|dry)"
)
_GONE = (
    r"gone\b|vanished|disappeared|no longer|no more|entirely out|"
    r"completely (?:removed|fixed|gone|repaired|out)|fully (?:removed|fixed|repaired)|"
    r"all (?:of )?(?:the|those)? ?\w* ?(?:are|is|were|have been) (?:gone|removed|fixed|repaired)|"
    r"totally (?:gone|removed|fixed)"
)
_NO_FAULT = (
    r"\bno (?:audible )?(?:hum|hiss|noise|clicks?|pops?|clipping|clipped|gaps?|echo|distortion)\b"
)
UP, DOWN, FIX, GONE, NONE = (
    re.compile(rf"\b(?:{words})|{extra}", re.IGNORECASE)
    for words, extra in ((_PAST_UP, "(?!)"), (_PAST_DOWN, "(?!)"), (_PAST_FIX, "(?!)"),
                         (_GONE, "(?!)"), (_NONE, _NO_FAULT))
)  # fmt: skip

# What the repair of each problem may be said to have done.
EFFECTS: dict[Problem, frozenset[tuple[str, Sign]]] = {
    "reverb": frozenset({("reverb", -1), ("clarity", 1)}),
    "clipping": frozenset({("clipping", -1), ("punch", 1), ("dynamics", 1)}),
    "noise": frozenset({("noise", -1), ("clarity", 1)}),
    "hum": frozenset({("hum", -1), ("noise", -1)}),
    "clicks": frozenset({("clicks", -1), ("noise", -1)}),
    "dc_offset": frozenset({("dc_offset", -1), ("balance", -1)}),
    "dropouts": frozenset({("dropouts", -1)}),
    "dull": frozenset({("brightness", 1), ("air", 1), ("clarity", 1), ("tone", 1)}),
    "harsh": frozenset({("harshness", -1), ("brightness", -1), ("tone", 1)}),
    "airless": frozenset({("air", 1), ("brightness", 1)}),
    "thin": frozenset({("bass", 1), ("warmth", 1)}),
    "boomy": frozenset({("bass", -1), ("mud", -1)}),
    "muddy": frozenset({("mud", -1), ("clarity", 1)}),
    "unclear": frozenset({("clarity", 1), ("brightness", 1), ("vocals", 1)}),
    "cold": frozenset({("warmth", 1), ("bass", 1)}),
    "vocals_buried": frozenset({("vocals", 1), ("clarity", 1)}),
    "vocals_loud": frozenset({("vocals", -1)}),
    "unbalanced": frozenset({("tone", 1), ("balance", -1)}),
    "mic_colored": frozenset({("tone", 1), ("tone", -1)}),
    "squashed": frozenset({("dynamics", 1), ("punch", 1)}),
    "flat_transients": frozenset({("punch", 1), ("dynamics", 1)}),
    "too_quiet": frozenset({("loudness", 1)}),
    "too_loud": frozenset({("loudness", -1)}),
    "narrow": frozenset({("width", 1)}),
    "too_wide": frozenset({("width", -1)}),
    "mono_incompatible": frozenset({("mono", -1), ("width", -1)}),
    "off_balance": frozenset({("balance", -1)}),
    "lossy_source": frozenset({("brightness", 1), ("harshness", -1)}),
    "sibilant": frozenset({("sibilance", -1), ("harshness", -1)}),
    "too_bright": frozenset({("brightness", -1), ("harshness", -1)}),
    "boxy": frozenset({("mud", -1)}),
    "uneven_levels": frozenset({("dynamics", -1)}),
    "too_dry": frozenset({("reverb", 1)}),
}
