"""What the words of a wish speak of: patterns that vote for a problem, with their weights."""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.model.problems import Problem


@dataclass(frozen=True)
class Topic:
    """What a pattern speaks of; which problem it is when more, less or nothing special is asked."""

    pattern: str
    weight: float
    more: Problem | None
    less: Problem | None
    plain: Problem | None


def _always(problem: Problem, weight: float, pattern: str) -> Topic:
    return Topic(pattern, weight, problem, problem, problem)


TOPICS: tuple[Topic, ...] = (
    # Space
    Topic(
        r"reverb\w*|echo\w*|hall|ambien\w+|room\b(?! for)|room sound",
        3,
        more="too_dry",
        less="reverb",
        plain="reverb",
    ),
    _always(
        "reverb",
        4,
        r"dereverb\w*|de-reverb\w*|roomi\w+|washed[- ]out|drier|dryer|dry (?:it|this|up)"
        r"|(?:big|empty|huge) (?:hall|room|church|cathedral)|cave|cavernous|church|cathedral"
        r"|too wet|too far away|distant|(?:dry|direct) and|more (?:dry|direct)|spatial feel",
    ),
    _always(
        "too_dry",
        5,
        r"too dry|(?:less|not so) dry|wetter|sense of room|add\w* [\w ]*(?:room|reverb|hall)"
        r"|played in a|bone[- ]dry|(?:lacks?|needs?) (?:some )?(?:reverb|ambience|room)",
    ),
    # Faults of recording and transfer
    _always(
        "clipping",
        4,
        r"de-?clip\w*|clip(?:s|ped|ping)?\b|distort\w*|overload\w*|overdriven|crunchy|crushed"
        r"|gritty|fuzzy|(?:flattened|cut off|chopped|squared)[\w ]*(?:peaks?|tops?|waveform)"
        r"|peaks that were cut",
    ),
    _always(
        "noise",
        3,
        r"noise|noisy|noisiness|hiss(?:ing)?\b|de-?noise\w*|static\b|background(?! vocal)"
        r"|noise floor",
    ),
    _always(
        "hum",
        4.5,
        r"hum\b|humming|de-?hum\w*|buzz\w*|mains|ground[- ]loop|power[- ]line|[56]0 ?hz",
    ),
    _always(
        "clicks",
        4,
        r"clicks?\b|clicking|de-?click\w*|pops\b|popping|crackl\w+|ticks?\b|scratch\w*",
    ),
    _always(
        "clipping",
        6,
        r"loud (?:parts|bits|passages|peaks) (?:crackle|break up|distort)",
    ),
    _always(
        "dc_offset",
        5,
        r"dc\b|direct[- ]current|(?:around|off|back to the) zero(?: line)?|zero line"
        r"|constant offset|offset",
    ),
    _always(
        "dropouts",
        4,
        r"drop-?outs?|gaps?\b|cuts? out|missing (?:bits|pieces|parts)|interruptions?|holes?\b"
        r"|short silences|disappears? for|stutter\w*|skips?\b|skipping",
    ),
    _always(
        "lossy_source",
        6,
        r"lossy|mp3|codec|bit-?rate|data[- ]compression|swirl\w*|warbl\w*|low[- ]quality encoding"
        r"|encoding|(?:streaming|coding) artifacts?|artifacts?",
    ),
    # Treble
    Topic(
        r"bright(?:ness)?\b",
        3,
        more="dull",
        less="too_bright",
        plain="dull",
    ),
    _always(
        "dull",
        4,
        r"brighter|brighten\w*|dull\b|too dark|sparkl\w+|sheen|shine|shin(?:y|ier)\b|livelier"
        r"|vivid|crisp\w*|lackluster|(?:less|not so) dark",
    ),
    _always(
        "too_bright",
        5,
        r"too bright|overly bright|not so bright|darker|darken\w*|less bright\w*|more dark\w*"
        r"|brightness down|bright top",
    ),
    Topic(
        r"treble|highs|high[- ]end|high(?:er)? frequencies|top end|upper frequencies|the top\b",
        2.2,
        more="dull",
        less="too_bright",
        plain=None,
    ),
    _always(
        "harsh",
        5,
        r"harsh\w*|piercing|shrill\w*|strident|hurts?\b|grating|abrasive|too sharp|less sharp"
        r"|edgy|brittle|fatiguing|ice[- ]?pick",
    ),
    _always(
        "airless",
        4,
        r"air\b|airy|airier|airiness|breath(?:y|ier)|stuffy|top octave|fresh\w*|lift the top end",
    ),
    _always(
        "sibilant",
        6,
        r"sibilan\w*|de-?ess\w*|\bess(?:es)?\b|s['’]s|\bs sounds?|s and t|lisp\w*",
    ),
    # Bass and low mids
    Topic(
        r"bass\b|low[- ]end|bottom(?: end)?|low frequencies|lows\b|sub\b|sub-?bass|low register",
        2.4,
        more="thin",
        less="boomy",
        plain=None,
    ),
    _always(
        "thin",
        4,
        r"thin\b|thinner|bassy|bassier|make it boom|more boom\w*|weight\b"
        r"|(?:lacks?|needs?|more) low",
    ),
    _always(
        "boomy",
        4,
        r"too (?:boomy|bassy)|boominess|(?:less|reduce|tame|tighten|the) (?:the )?boom\w*|boom\w*"
        r"|rumbl\w*|overpowering|too bass",
    ),
    _always(
        "thin",
        7,
        r"make it boom|increase the boom\w*|more boom\w*|boomier",
    ),
    _always(
        "muddy",
        5,
        r"mud\b|muddy|muddier|muddiness|murk\w*|congested|low[- ]mid(?:range)? build-?up",
    ),
    Topic(
        r"low[- ]mids?\b|lower mid\w*",
        1.5,
        more="cold",
        less="muddy",
        plain=None,
    ),
    Topic(
        r"warm(?:th)?\b",
        4,
        more="cold",
        less="muddy",
        plain="cold",
    ),
    _always(
        "cold",
        4,
        r"warmer|warm (?:it|this|the \w+) up|cold\b|colder|sterile|body\b|analog(?:ue)?|clinical"
        r"|full body|fuller\b(?!$)",
    ),
    _always(
        "cold",
        1.4,
        r"fullness",
    ),
    _always(
        "boxy",
        6,
        r"box(?:y|ier|iness)\b|cardboard|in a box|hollow",
    ),
    # The middle
    _always(
        "unclear",
        4,
        r"sharpen the (?:overall )?sound|clear(?:er|ly)\b|clarity|muffl\w*|unmuffle|cloud\w*"
        r"|blanket|curtain|veil\w*|intelligib\w*|make it clear\b|more clear\b|defined"
        r"|articulat\w*|blurr\w*|foggy",
    ),
    Topic(
        r"details?\b|definition|focus(?:ed)?\b",
        2,
        more="unclear",
        less=None,
        plain="unclear",
    ),
    Topic(
        r"vocals?\b|vox|voices?\b|sing(?:er|ers|ing)\b|lyrics",
        5,
        more="vocals_buried",
        less="vocals_loud",
        plain="vocals_buried",
    ),
    _always(
        "vocals_buried",
        8,
        r"(?:vocals?|voices?|singer|singing) (?:is |are |\w+ )?too (?:quiet|low|soft|weak)",
    ),
    _always(
        "vocals_buried",
        3,
        r"buried|stand out|(?:barely|hardly|can't|cannot) hear the (?:sing|voc|voi|lyr)\w*"
        r"|easier to hear",
    ),
    _always(
        "vocals_loud",
        8,
        r"(?:drowns?|covers?) the (?:instruments|band|music)|into the mix"
        r"|(?:voice|vocals?|singer|singing) (?:is|are) too loud|further back",
    ),
    # The whole
    _always(
        "unbalanced",
        4,
        r"\beq\b|equali[sz](?:er|ation)|tonal(?:ity)?\b|tonal balance|spectrum|spectral"
        r"|frequency (?:balance|response|emphasis)|(?:sounds?|make\w*) [\w ]*balanced|lows, mids"
        r"|(?:balance|balanced)\b|stick out|resonan\w*",
    ),
    _always(
        "mic_colored",
        6,
        r"mic(?:rophone)?s?\b|(?:tele)?phone\b|smartphone|phone recording|tinny|colou?ration",
    ),
    # Dynamics
    Topic(
        r"compress(?:ion|ed|or|ive)?\b",
        4,
        more="uneven_levels",
        less="squashed",
        plain="squashed",
    ),
    Topic(
        r"dynamics?\b|dynamic range",
        4,
        more="squashed",
        less="uneven_levels",
        plain="squashed",
    ),
    _always(
        "squashed",
        5,
        r"de-?compress\w*|over-?compress\w*|squashed|squeezed|lifeless|brick-?walled|pumping"
        r"|let (?:it|the \w+|this) breathe(?! with)|flattened dynamics"
        r"|(?:contrast|difference)s? (?:in volume|between soft)|contrast",
    ),
    _always(
        "thin",
        5,
        r"bass (?:more )?(?:impact|punch)\w*",
    ),
    _always(
        "flat_transients",
        4,
        r"punch\w*|transients?|attacks?\b|snap\w*|hits?\b|hit harder|impact|percussi\w+"
        r"|percussive \w+|kick\b|drums?|beats?\b|slam\w*|knock\b",
    ),
    _always(
        "uneven_levels",
        6,
        r"(?:volume|loudness|levels?) (?:more )?(?:consistent|steady|even|jumps?|wanders?)"
        r"|(?:more )?consistent|levels? more even|level (?:changes|differences)|over the song"
        r"|(?:loud and quiet|quiet and loud|soft and loud) (?:passages|parts|sections)"
        r"|(?:it|loudness|volume|levels?) steady|wandering|stabili[sz]e|level out|up and down"
        r"|quiet (?:sections|parts|passages) up|loud ones|jumps around",
    ),
    # Level
    Topic(
        r"volume|loudness|amplitude|gain\b|level\b",
        2.2,
        more="too_quiet",
        less="too_loud",
        plain="too_quiet",
    ),
    _always(
        "too_quiet",
        2.6,
        r"louder|too (?:quiet|low|soft)|(?:barely|hardly|can't|cannot) hear (?:this|it)"
        r"|not loud enough|volume is low|more loud|powerful",
    ),
    _always(
        "too_loud",
        2.6,
        r"quieter|too loud|softer in volume|less loud|deafening|blasting",
    ),
    _always(
        "too_quiet",
        0.6,
        r"turn (?:it|this|the track|everything) up|bring (?:it|this) up",
    ),
    _always(
        "too_loud",
        0.6,
        r"turn (?:it|this|the track|everything) down|bring (?:it|this) down",
    ),
    # Stereo
    Topic(
        r"width\b|stereo\b|(?:the )?sides\b|wide\b",
        2.6,
        more="narrow",
        less="too_wide",
        plain="narrow",
    ),
    _always(
        "narrow",
        4,
        r"wider|widen\w*|narrow\b(?! the)|mono sound|(?:like|is|in) mono$|spacious\w*|immersive"
        r"|spread\w*|between left and right|separation|sense of space|dimension|depth and"
        r"|left and right channels|spatial feeling|3d\b",
    ),
    _always(
        "too_wide",
        5,
        r"too wide|overly wide|narrower|narrow the|toward the (?:cent\w+|middle)|less wide"
        r"|in the middle|exaggerated stereo|closer together|sides in",
    ),
    _always(
        "mono_incompatible",
        7,
        r"mono[- ]compatib\w*|compatib\w*|(?:in|for|to) mono\b|phase\b|out[- ]of[- ]phase"
        r"|polarity|inverted|cancel(?:lation|s)|mono playback",
    ),
    _always(
        "off_balance",
        7,
        r"left[- ]right balance|lopsided|leans?\b|(?:two|both) (?:channels|sides)"
        r"|(?:left|right)(?: side| channel)? is (?:too )?(?:loud|quiet)\w*|off[- ]cent\w+|panning"
        r"|cent(?:er|re) the (?:mix|image)|back to the cent\w+"
        r"|(?:level of|balance) (?:the )?left and right|to one side|even the channels",
    ),
)

# Words of direction; the nearest to a topic decides.
LESS = (
    r"less|reduc\w+|remov\w+|decreas\w+|lower(?:ing|ed)?|cut(?:ting)?|tam(?:e|ing)|suppress\w*"
    r"|soften\w*|clean\w*|clear (?:up|away|out|the)|take (?:out|down|away|off|some)|get rid"
    r"|eliminat\w+|kill|drop|too|excess\w*|fewer|down|dial(?:led)? back|attenuat\w+|calm|smooth"
    r"|fix|repair|undo|no more|minimi[sz]\w+|control\w*|strip|dry|tighten|tuck|back in\w*"
    r"|further back|quieter|ease|narrower|overpowering|heavy|pull|harsh\w*|hurts?|bring out of"
    r"|out of the|off"
)
MORE = (
    r"more|increas\w+|add\w*|boost\w*|rais\w+|up|giv\w+|restor\w+|enhanc\w+|emphasi\w+|lift\w*"
    r"|strengthen\w*|amplif\w+|reinforc\w*|extra|needs?|lacks?|lacking|missing|enough|improv\w+"
    r"|louder|open\w*|stronger|fuller|put|expand\w*|bring back|buried|forward|in front|present"
    r"|boosting|let"
)
# Weaker than any of the above: "bring the vocals down" asks for less.
WEAK_MORE = r"bring\w*|make\w*|want|create"
