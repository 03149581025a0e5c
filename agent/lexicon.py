"""The words people use for sound: nouns that need a direction, and sayings that carry their own.

Patterns are read against normalised text (`wording.normalise`). Nouns are things one can have more
or less of; sayings name a wish outright, with a weight for how telling they are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A thing in the sound: the wishes for more and for less of it, and for neither said.

    `unwanted` things are faults by their mere mention ("the hiss"), and "no hiss" asks for less,
    where "no bass" complains of too little.
    """

    pattern: str
    more: str | None
    less: str | None
    bare: str | None
    unwanted: bool = False
    weight: float = 2.0


@dataclass(frozen=True)
class Saying:
    """Words that name a wish by themselves; `directed` when they say which way to go."""

    pattern: str
    wish: str
    weight: float = 2.0
    directed: bool = False


_V = r"\b(?:vocals?|voices?|singers?|singing|lead vocals?|lyrics|words|rapper|rap|vocalists?|frontman|frontwoman|speech|narrator|speaker'?s voice|host|choir|harmonies|backing vocals|verse vocals|chorus vocals|she|he|her|him|my voice)\b"

VOICE = _V

NOUNS: tuple[Noun, ...] = (
    Noun(rf"\b(?:lead |main |backing |female |male |my |her |his )?(?:vocals?|voices?|singers?|singing|lyrics|rapper|raps?|vocalists?|choir|narrator|narration|speech|dialogue|harmonies|acapella|frontman)\b", "vocals_buried", "vocals_loud", None),
    Noun(r"\b(?:reverb(?:eration|s|ed)?|reverby|echo(?:es|e)?|ambien[ct]e|(?:room|hall|wet) ?(?:sound|tone|signal|ness)?|roominess|wetness|tails?|delay|echoing|church|cathedral|cave|spaciness)\b", "too_dry", "reverb", "reverb", unwanted=True),
    Noun(r"\b(?:clipping|distortion|distorting|overload(?:ing|s)?|overdrive|clipped (?:peaks|parts|bits|spots|samples)|peaking|saturation|crunch|digital overs|overs)\b", None, "clipping", "clipping", unwanted=True),
    Noun(r"\b(?:(?:background|tape|white|pink|surface|ambient|room|fan|wind|traffic|static|mic|preamp|constant|steady|noise)[ -])?(?:noise|noises|hiss(?:ing)?|static|noise floor|whoosh(?:ing)?|shh+|rushing|air ?con(?:ditioner|ditioning)?|fan|rumble|wind noise)\b", None, "noise", "noise", unwanted=True),
    Noun(r"\b(?:(?:mains|electrical|electric|ground|power|50 ?hz|60 ?hz|low|loop)[ -])*(?:hum(?:ming)?|buzz(?:ing)?|ground loop|mains|drone|droning)\b", None, "hum", "hum", unwanted=True, weight=2.2),
    Noun(r"\b(?:clicks?(?:ing)?|pops?(?!ular|star| music| song| track| rock| record| mix| sound|corn)|popping|crackl(?:es?|ing|y)|ticks?|ticking|clicky|scratch(?:es|ing)?|vinyl noise|pops and clicks|glitch(?:es)?|mouth (?:noises?|sounds?|clicks?)|plosives?)\b", None, "clicks", "clicks", unwanted=True),
    Noun(r"\b(?:dc(?: offset| bias| component| shift)?)\b", None, "dc_offset", "dc_offset", unwanted=True, weight=3.0),
    Noun(r"\b(?:drop-?\s?outs?|gaps?|skips?|skipping|holes|interruptions?|stutter(?:s|ing)?|missing (?:bits|pieces|parts|chunks))\b", None, "dropouts", "dropouts", unwanted=True),
    Noun(r"\b(?:sibilan(?:ce|t|ts)|ess(?:es|ing)|s-?sounds|s'?es|\"?s\"? sounds|letter s|sss+)\b", None, "sibilant", "sibilant", unwanted=True, weight=3.0),
    Noun(r"\b(?:harshness|shrillness|screech(?:ing|es)?|piercing(?:ness)?|ear fatigue|edge|bite|glare|sharpness|stridency)\b", None, "harsh", "harsh", unwanted=True),
    Noun(r"\b(?:mud(?:diness)?|murk(?:iness)?|low[ -]?mids?(?:range)?|lower mids?|mush)\b", "cold", "muddy", "muddy", unwanted=True, weight=2.2),
    Noun(r"\b(?:boom(?:iness)?|bass bloat|rumble)\b", None, "boomy", "boomy", unwanted=True),
    Noun(r"\b(?:boxiness|nasal(?:ity|ness)|honk(?:iness)?|cardboard)\b", None, "boxy", "boxy", unwanted=True),
    Noun(r"\b(?:sub-?\s?bass|subs?|808s?|bass(?:es)?(?: (?:frequencies|end|notes|line|guitar|drum|response|level|sound))?|bassline|low[ -]?(?:end|frequencies|freqs?|stuff|register|notes|tones)|lows|bottom(?: end)?|kick(?: drums?)?)\b", "thin", "boomy", None),
    Noun(r"\b(?:treble|trebles|high[ -]?(?:end|frequencies|freqs?|notes|tones|register|range)|highs|top[ -]?end|tops|cymbals?|hi-?hats?|hats|upper (?:end|range|frequencies)|brightness|brilliance|brights?)\b", "dull", "too_bright", None),
    Noun(r"\b(?:air(?:iness)?|sparkle|shimmer|sheen|openness|breath(?:iness)?|very top|ultra[ -]highs|silk(?:iness)?|sizzle)\b(?! ?con)", "airless", "air_less", "airless"),
    Noun(r"\b(?:clarity|definition|detail|details|intelligibility|articulation|separation|presence|transparency|crispness|focus|legibility)\b", "unclear", None, "unclear"),
    Noun(r"\b(?:warmth|body|cosiness|coziness|glow|roundness|warmness)\b", "cold", "warmth_less", None),
    Noun(r"\b(?:weight|fatness|thickness|fullness|heft|meat|beef|foundation|bottom weight|depth in the low)\b", "thin", "boomy", None),
    Noun(r"\b(?:punch(?:iness)?|attack(?:s)?|transients?|snap|impact|kick to it|slam|smack|oomph|drive|thump|bounce|groove|drums?(?: hits?)?|snares?|percussion|beats?|hits)\b", "flat_transients", "punch_less", None, weight=1.6),
    Noun(r"\b(?:dynamics?(?: range)?|dynamic contrast|dynamic variation|breathing room|headroom|life)\b", "squashed", "uneven_levels", None, weight=1.6),
    Noun(r"\b(?:compression|compressor|limiting|limiter|squash(?:ing)?|pumping|brickwall(?:ing)?)\b", "uneven_levels", "squashed", "squashed", unwanted=True),
    Noun(r"\b(?:loudness|volume|levels?|gain|lufs|output|loud)\b(?! out| of the (?:vocals?|voice))", "too_quiet", "too_loud", None, weight=1.5),
    Noun(r"\b(?:width|stereo(?: (?:image|width|field|feel|effect|spread|stage|picture|sound))?|wideness|spread|soundstage|panorama)\b", "narrow", "too_wide", None),
    Noun(r"\b(?:tonal balance|frequency (?:balance|response)|eq(?:uali[sz]ation)?(?: curve)?|spectrum|spectral balance|frequencies|tone balance|tonality|overall tone)\b", None, None, "unbalanced"),
    Noun(r"\b(?:midrange|mids|middle frequencies|mid frequencies|mid range)\b", "unbalanced", "boxy", "unbalanced", weight=1.6),
)  # fmt: skip

MORE = (
    r"\b(?:more|add|adds|adding|boost(?:ing|ed)?|raise|raising|increase|increasing|turn(?:ed|ing)? (?:it |them |the \w+ (?:\w+ )?)?up|up the|bring(?:ing)? (?:(?:out|up|forward)|(?:it|them|the|my|his|her|that)(?: \w+){0,3} (?:out|up|forward|back|to the front|closer|to life))|push(?: \w+){0,3} (?:up|forward|out)|crank(?:ed|ing)?|lift(?:ing)?|enhance|emphasi[sz]e|accentuate|"
    r"give (?:me|it|the|this|us|my|her|him)|extra|stronger|bigger|louder|higher|higher up|fatter|need(?:s|ed)?|want(?:s)?|could (?:use|do with|have)|would (?:love|like)|hear (?:it |them |the \w+ |him |her |my \w+ )?(?:better|clearly|more)|restore|bring back|put back|put some|throw in|inject|pump up|beef up|fatten|thicken|stand out|pop out|cut through|in front|upfront|up front|forward|on top of|"
    r"lacks?|lacking|missing|miss|not enough|too little|insufficient|too (?:low|quiet|weak|soft|thin|small|far)|(?:is|are|sounds?|feels?|seems?|so|very|really|pretty|a bit|kind of|bit|way|was|were|get|gets|got) (?:too )?(?:weak|low|quiet|thin|small|faint|gone|dead|limp|flat|soft|absent|lost|buried|hidden|missing|nowhere|distant|lifeless|swallowed|tiny|wimpy|anemic|anaemic|feeble|mushy|behind)|"
    r"buried|hidden|drown(?:ed|s|ing)? (?:out|by|in the (?:mix|music|band|guitars?))|swamped|masked|covered|overpowered|barely (?:hear|any|there|audible|notice)|hardly (?:hear|any|there|audible)|can not (?:\w+ )?(?:hear|feel|understand|make out|find|get)|could not (?:\w+ )?(?:hear|feel|understand|make out)|hard to (?:hear|understand|make out)|where (?:is|are|did)|no (?!more)|without any|without|has no|there is no|disappear(?:s|ed|ing)?|vanish(?:es|ed)?|recessed|inaudible|swallowed|"
    r"not (?:\w+ )?(?:loud|strong|prominent|audible|present|bright|wide|clear|punchy|powerful|big|heavy|deep) ?(?:enough)?|deeper|almost no|very little|little|stands? back|far away|far back|too far|behind)\b"
)  # fmt: skip

LESS = (
    r"\b(?:less|fewer|reduce|reducing|reduction|cut(?:ting)?(?! through)|lower(?:ing)?|turn(?:ed|ing)? (?:it |them |the \w+ (?:\w+ )?)?down|bring (?:it |them |the \w+ (?:\w+ )?)?down|remov(?:e|ing|al)|(?:get|getting|got) rid|rid of|kill|tam(?:e|ing)|take (?:it |them |the \w+ (?:\w+ )?|that \w+ |this \w+ |some \w+ |some of the \w+ |all (?:of )?the \w+ |away |out |off |down )+(?:out|away|off|down)?|strip|drop(?:ping)?(?! ?out)|soften|tone (?:\w+ ){0,3}down|pull (?:\w+ ){0,3}(?:back|down)|back off|calm|control|tuck|shave|trim|"
    r"clean(?:ing)?(?: \w+){0,3}(?: up| out| off)?|filter|suppress|attenuate|no more|stop|eliminat(?:e|ing)|delete|wipe|erase|dial (?:\w+ ){0,3}(?:back|down)|eas(?:e|ing)|quieter|weaker|smaller|too much|too many|excess(?:ive)?|over(?:power(?:s|ing)?|whelm(?:s|ing)?|bearing|done)|dominat(?:es?|ing)|too (?:strong|heavy|loud|big|prominent|high|hot|forward|up front|present|aggressive|intense|hard|much)|"
    r"(?:is|are|sounds?|feels?) (?:so |very |really |a bit |kind of )?(?:strong|heavy|loud|overpowering|overwhelming|everywhere|annoying|all over)|so (?:much|many)|a lot of|lots of|tons of|loads of|full of|in your face|stick(?:s|ing)? out|jumps? out|smother(?:s|ing)?|swallow(?:s|ing)? everything|shak(?:es|ing)|hurts?|hurting|drown(?:s|ing) everything|eats? everything|not (?:so|as|that|too) (?:much|loud|strong|heavy|many)|bit much|limit|mute|dampen|damp|duck|subtract|minimi[sz]e|decrease|diminish|scoop|roll off|roll (?:\w+ )?off|without|ditch|lose|banish|chill|out of hand|out of control|eating|not the)\b"
)  # fmt: skip

# "more", "not enough" in front of an unwanted thing turn its meaning: "more reverb" is a wish for it.
WANT_MORE = (
    r"\b(?:more|add|adding|some|extra|increase|boost|give (?:it|me|them|the \w+|this|her|him)|needs?|want|could (?:use|do with)|would like|put (?:it|them|this|the \w+|her|him) in(?:side)? an?|"
    r"lacks?|lacking|not enough|too little|sprinkle|throw in|put some|bring in|with)\b"
)  # fmt: skip

SAYINGS: tuple[Saying, ...] = (
    # room
    Saying(r"\b(?:drier|dryer|less wet|de-?reverb\w*|dry (?:it|this|that|them|the \w+) (?:up|out)|dry up|closer|more intimate|more direct|less distant|less roomy|less far)\b", "reverb", 2.5, True),
    Saying(r"\b(?:too wet|echo(?:e)?y|echoey|reverby|reverberant|roomy|washed[ -]?out|washy|(?:sounds?|seems?|feels?|so|too|very|is) (?:\w+ )?(?:distant|far away|far off|wet|cavernous|hollow and echo\w*)|swimming|swims|drenched|soaked|drowning in (?:reverb|echo)|bathroom|shower|stairwell|stair ?case|garage|gym(?:nasium)?|pool|tunnel|cathedral|church|cave|canyon|warehouse|hangar|sewer|big hall|empty (?:hall|room|house)|train station|parking (?:lot|garage)|basilica|well shaft|bottom of a well)\b", "reverb", 2.6),
    Saying(r"\b(?:wetter|too dry|(?:is|sounds?|so|very|bone|completely) (?:\w+ )?dry|more space(?:y|ious)?|more room(?:y)?|more ambien\w+|roomier|sterile|in a closet|anechoic|more distant|like a concert hall|feel of a (?:room|hall)|dead and dry|no space around|some space around|more depth)\b", "too_dry", 2.4),
    # faults
    Saying(r"\b(?:clip(?:s|ped)?|distort(?:ed|s|y)?|overdriven|overloaded|blown[ -]?out|blown (?:speakers?|up)|(?:in the )?red|redlin\w+|fuzzy|crunchy|fried|torn speaker|ripping|breaks? up|breaking up|broken speaker|crackles? (?:when|on) (?:it gets |the )?loud|de-?clip\w*|squared[ -]off|flat(?:tened)? (?:tops|peaks)|crush(?:ed|ing) the peaks|burnt|burned)\b", "clipping", 2.4),
    Saying(r"\b(?:noisy|hissy|hiss(?:es)?|staticky|de-?nois\w*|de-?hiss\w*|sounds? of (?:a )?(?:rain|wind|sea)|sand ?(?:paper)?|like (?:rain|a waterfall|frying|bacon)|grainy|snow on)\b", "noise", 2.4),
    Saying(r"\b(?:hums|hummy|buzzy|buzzes|de-?hum\w*|50 ?hz|60 ?hz|refrigerator|fridge|bee(?:s)? in|power ?lines?|electrical sound)\b", "hum", 2.4),
    Saying(r"\b(?:de-?click\w*|de-?crackl\w*|campfire|popcorn|clicky|cracks|old (?:vinyl|lp|record) (?:noise|crackle))\b", "clicks", 2.4),
    Saying(r"\b(?:off[ -]zero|waveform (?:is |sits )?(?:off|shifted|not cent\w+)|(?:re)?cent(?:er|re) the waveform|zero line)\b", "dc_offset", 3.0),
    Saying(r"\b(?:cuts? (?:out|in and out)|cutting (?:out|in and out)|drops out|goes silent|goes (?:dead|away) for|disappears for|skips|stutters|hiccups?|gone for a (?:moment|second|split)|holes in)\b", "dropouts", 2.6),
    Saying(r"\b(?:low (?:bit ?rate|quality mp3|kbps)|bad mp3|mp3 (?:artifacts?|artefacts?|compression|quality|sound|ish)|artifacts?|artefacts?|lossy|over-?compressed mp3|swirly|swirling|watery|warbl\w+|pixelat\w+|128 ?(?:k|kbps)?|64 ?kbps|youtube rip|ripped from|napster|limewire|codec|data compress\w+|bit ?crushed|gargl\w+|underwater mp3|robotic artifacts)\b", "lossy_source", 2.5),
    Saying(r"\b(?:sibilant|hiss(?:es|y|ing)? (?:on|at|with) (?:every|each|the) s(?:'s|es)?|de-?ess\w*|snake(?:s|y)?|lisp\w*|spitty|s's|(?:the )?(?:s|ess|s') (?:sounds?|es)|every s\b|\bs and t\b|t's|hisses on|letters? s)\b", "sibilant", 3.0),
    # tone: bright, dull
    Saying(r"\b(?:brighter|brighten\w*|more bright|livelier|more brilliant|less (?:dull|dark|muffled|dead)|shinier|sharper|open (?:it |this |the \w+ )?up|crispier|crisper top|more crisp|lighter)\b", "dull", 2.4, True),
    Saying(r"\b(?:dull(?:ness)?|dark|muffled|muffle|lifeless|blanket|pillows?|blunt|curtains?|behind a (?:door|wall|curtain)|through a (?:wall|door|pillow|duvet|sock)|next door|neighbou?r'?s?|under (?:a|the) (?:bed|blanket|duvet)|ear ?plugs?|cotton(?: wool)?|wool|socks?|stuffed|stuffy|scarf|mattress|another room|other room|ears (?:are )?(?:blocked|plugged|full)|hand over|sleepy|not bright|rolled[ -]off|lost its shine|dim|woolly|wooly|clogged)\b", "dull", 2.3),
    Saying(r"\b(?:darker|darken|less bright(?:ness)?|not (?:so|as|that) bright|mellow(?:er)?|softer (?:highs|top|treble))\b", "too_bright", 2.5, True),
    Saying(r"\b(?:too bright|over-?bright|(?:is|sounds?|so|very|really|way|bit|super) (?:too )?bright|trebly|top[ -]heavy|all treble|too (?:much )?(?:shiny|sparkly|trebly))\b", "too_bright", 2.4),
    Saying(r"\b(?:less harsh|less (?:sharp|piercing|shrill|edgy|aggressive|abrasive|brittle|metallic|scratchy)|smoother|smooth(?:en)? (?:it|this|the|out|down|that)|gentler on (?:the|my) ears|easier on (?:the|my) ears|softer on the ears|less fatiguing|silkier|take the edge)\b", "harsh", 2.8, True),
    Saying(r"\b(?:harsh|shrill|pierc(?:ing|es)|brittle|strident|screechy|scratchy|grating|abrasive|edgy|ear[ -]?(?:bleeding|splitting|piercing|fatigu\w*)|fatiguing|tiring|ice ?pick|nails on|chalk ?board|needles?|knives|knife|razor\w*|stings?|stabs?|stabbing|(?:hurts?|hurting|kill(?:s|ing)?|bleed(?:s|ing)?|cuts?) (?:\w+ )?(?:ears?|head)|in my ears?|(?:my )?ears (?:hurt|bleed|are bleeding|ring)|metallic|spiky|sizzling|aggressive|glassy|like glass|painful|pain)\b", "harsh", 2.4),
    Saying(r"\b(?:airier|more airy|more open|sparkl(?:ier|y)|shimmer(?:ier|y)|breathier|silky highs|open the top)\b", "airless", 2.4, True),
    Saying(r"\b(?:airless|no air|closed[ -]?in|suffocat\w*|can not breathe|does not breathe|breathe|choked|stuffed up at the top|lacks sparkle|closed)\b", "airless", 2.3),
    Saying(r"\b(?:less airy|less sizzl\w+|less sparkl\w+)\b", "air_less", 2.5, True),
    # tone: low
    Saying(r"\b(?:bassier|fuller|fatter|fatten|thicker|thicken|beefier|beef (?:it|this|the \w+) up|heavier|meatier|bigger bottom|deeper|chunkier|fill (?:it|this) out|more (?:full|fat|thick|bassy|beefy|deep)|less (?:thin|tinny))\b", "thin", 2.3, True),
    Saying(r"\b(?:thin|tinny|weedy|anemic|anaemic|bassless|skinny|weightless|lightweight|no balls|toothless|transistor|(?:laptop|phone|tiny|small|cheap) speakers?|no bottom|wimpy|puny|mosquito|wasp|gutless|hollow)\b", "thin", 2.3),
    Saying(r"\b(?:less (?:boomy|bassy|boom|heavy)|tighten (?:\w+ ){0,3}(?:bass|lows?|low end|bottom|up)|tighter|not (?:so|as|that) (?:boomy|bassy))\b", "boomy", 2.5, True),
    Saying(r"\b(?:boomy|booms|booming|bassy|bass[ -]heavy|rumbl(?:y|es|ing)|bloated|wooly bass|thumpy|subwoofer|(?:walls?|windows?|car|house|floor|furniture|trunk) (?:\w+ ){0,2}(?:shak|rattl|vibrat)\w+|(?:shak|rattl|vibrat)\w+ (?:\w+ ){0,2}(?:walls?|windows?|car|house|floor|furniture|trunk|speakers?)|one[ -]note bass|flabby|tubby)\b", "boomy", 2.5),
    Saying(r"\b(?:less (?:muddy|murky|cloudy|mushy|cluttered|congested|thick)|clean(?:er)? low[ -]?mids?|un-?mud|de-?mud)\b", "muddy", 2.7, True),
    Saying(r"\b(?:muddy|muddied|muddled|murky|mushy|swampy|swamp|soup(?:y)?|sludg\w+|cloudy|congested|cluttered|mudd?ier|porridge|mash|mashed potato\w*|gravy|mud|thick fog|bog|clay|mudbath|messy low)\b", "muddy", 2.5),
    Saying(r"\b(?:boxy|box|cardboard|nasal|honky|wooden|shoe ?box|like a box|inside a box|pinched nose|bucket|barrel)\b", "boxy", 2.5),
    Saying(r"\b(?:clearer|clarify|cleaner|crisper|crisp|more (?:clear|defined|intelligible|transparent|detailed|present|articulate|focused|legible)|sharpen|better (?:defined|definition)|less (?:blurry|blurred|fuzzy|foggy|hazy|smeared|unclear|veiled|vague))\b", "unclear", 2.3, True),
    Saying(r"\b(?:unclear|not clear|indistinct|blurr?(?:y|ed)|smear(?:ed|y)|veil(?:ed)?|foggy|hazy|fog|haze|vague|unintelligible|under ?water|underwater|submerged|mumbl\w+|undefined|unfocused|out of focus|(?:can not|could not|hard to|difficult to|struggle to) (?:\w+ )?(?:understand|make out|distinguish|tell (?:apart|the))|obscured|opaque|smudg\w+|garbled|dirty window|frosted|aquarium|fish tank|diving|ocean floor|telephone line)\b", "unclear", 2.3),
    Saying(r"\b(?:warmer|warm (?:it|this|things|them|that|the \w+) up|warm up|more (?:warm|analog|analogue|organic|cosy|cozy|vintage|round)|rounder|cosier|cozier|less (?:cold|clinical|sterile|digital|icy)|fireplace|tube[ -]like|analogue? feel)\b", "cold", 2.6, True),
    Saying(r"\b(?:cold|clinical|icy|chilly|sterile|digital[ -]?(?:sounding|ly)?|frozen|freezing|frosty|bloodless|soulless|no soul|robotic|plastic|heartless|hospital|lab(?:oratory)?)\b", "cold", 2.2),
    Saying(r"\b(?:less warm|not (?:so|as) warm|too warm)\b", "warmth_less", 2.8, True),
    Saying(r"\b(?:unbalanced|imbalanced?|uneven(?: tone| eq| frequenc\w+)?|out of balance|lopsided eq|all over the place|scooped|hollow mids?|weird eq|bad eq|eq (?:is|sounds) (?:\w+ )?(?:off|wrong|bad|weird)|tonally (?:off|weird|wrong|odd)|tonal balance|balance the (?:tone|frequenc\w+|eq|sound|spectrum|mix)|even (?:out|up) the (?:tone|frequenc\w+|eq|sound|spectrum|tonal \w+)|more balanced|better balanced?|flat(?:ter|ten) (?:the )?(?:eq|frequenc\w+|response|tone))\b", "unbalanced", 2.4),
    Saying(r"\b(?:phone (?:mic\w*|recording|call)|cell ?phone|recorded (?:on|with) (?:my|a|an|the) (?:\w+ )?(?:phone|iphone|smartphone|laptop|webcam|dictaphone|potato|toaster)|telephone|walkie[ -]?talkie|megaphone|bull ?horn|intercom|tin cans?|can on a string|(?:a|soup|inside a|metal) can|cheap mic\w*|bad mic\w*|old radio|am radio|transistor radio|voicemail|voice memo|gramophone|webcam|drive[ -]?thru|mic(?:rophone)? colou?r\w*|microphone|loudhailer|answering machine|pa system|potato|kazoo|headset|baby monitor|zoom call)\b", "mic_colored", 2.4),
    # vocals
    Saying(rf"\b(?:louder|more (?:prominent|audible|present|upfront|forward)) {_V}\b|\b{_V} (?:\w+ )?(?:louder|more (?:prominent|audible|present|upfront|forward)|clearer and louder)\b", "vocals_buried", 3.0, True),
    Saying(rf"\b(?:quieter|softer|less (?:prominent|loud|upfront)) {_V}\b|\b{_V} (?:\w+ )?(?:quieter|less (?:prominent|loud|upfront|in your face))\b", "vocals_loud", 3.0, True),
    Saying(r"\b(?:(?:understand|hear|make out|catch) (?:a |the |any |single |what |half (?:of )?(?:what )?(?:the )?)*(?:words?|lyrics|singer|singing|vocals?|voice|she|he|i am singing|i sing|is (?:being )?sung|is singing)|karaoke (?:version|track)? ?(?:like|feeling)|what (?:she|he|they) (?:is|are) (?:singing|saying))\b", "vocals_buried", 2.6),
    Saying(r"\b(?:louder|stronger|higher|more) than (?:the |my |his |her |our )?(?:singer|voice|vocals?|singing|lead)\b|\b(?:covers?|drowns?|masks?|buries|swallows?|hides?|overpowers?) (?:out )?(?:the |my |his |her )?(?:singer|voice|vocals?|singing|lead)\b", "vocals_buried", 6.0),
    Saying(r"\b(?:singer|voice|vocals?|singing) (?:is|are) (?:\w+ )?(?:louder|higher) than\b|\b(?:singer|voice|vocals?|singing) (?:covers?|drowns?|masks?|buries|overpowers?|swallows?)\b", "vocals_loud", 6.0),
    # dynamics
    Saying(r"\b(?:less (?:compressed|squashed|squished|flat|crushed|limited)|un-?squash|un-?compress|de-?compress|more (?:dynamics?|dynamic range|breathing)|let it breathe|(?:let|make) (?:it|the \w+|this) breathe|wider dynamic\w*|restore (?:the |some |its )?dynamic\w*|open up the dynamics)\b", "squashed", 2.9, True),
    Saying(r"\b(?:squash(?:ed)?|squished|over-?compressed|too compressed|compressed|over-?limited|crushed|brick ?wall(?:ed)?|sausage|no dynamics?|pump(?:s|ing|y)|flat ?lin\w+|steam ?rollered|pancake|loudness war\w*|suffocated|everything (?:is |at )?(?:the )?same (?:volume|level|loudness)|smashed|wall of (?:sound|noise)|monotonous level|lifeless dynamic\w*|relentless|limited to death|squeezed)\b", "squashed", 2.4),
    Saying(r"\b(?:(?:more |some )?(?:compress (?:it|this|the|a|more)|glue)|even (?:out|up) the (?:levels?|volume|loudness|dynamic\w*)|level (?:it|things|the \w+) out|less dynamic|too dynamic|more consistent|steadier|steady (?:level|volume)|more even (?:level|volume))\b", "uneven_levels", 2.8, True),
    Saying(r"\b(?:(?:volume|level|loudness) (?:\w+ ){0,3}(?:jumps?|goes up and down|all over|changes|varies|uneven|inconsistent|fluctuat\w+)|(?:reach|reaching|riding|ride|grab(?:bing)?|hand on) (?:for )?the (?:volume|remote)|(?:inconsistent|uneven|jumpy|unsteady|fluctuating) (?:volume|levels?|loudness)|(?:gets|goes) (?:suddenly )?(?:loud and (?:then )?(?:quiet|soft)|quiet and (?:then )?loud)|some (?:parts|bits) (?:are )?(?:\w+ )?(?:quiet|loud) (?:and|while|but) (?:some|others)|loud (?:then|and then) (?:too )?(?:quiet|soft))\b", "uneven_levels", 2.9),
    Saying(r"\b(?:punchier|snappier|more (?:punchy|snappy|impactful|energetic|powerful|aggressive drums)|hit(?:s|ting)? harder|kick(?:s)? harder|slap(?:s)? harder|knock(?:s)? harder|harder[ -]hitting|(?:make|let) (?:it|them|the \w+|this) (?:slap|bang|knock|hit|pop|thump|kick|smack|slam|bounce))\b", "flat_transients", 2.7, True),
    Saying(r"\b(?:limp|flabby drums|no punch|weak drums|wimpy drums|toothless|soft attacks?|flat transients|lazy|drums? (?:\w+ ){0,2}(?:flat|weak|limp|dead|lifeless|soft|wimpy|cardboard\w*|like (?:cardboard|wet)|tired|papery|mushy|tame)|wet noodle|energy|lacks? (?:energy|power|drive)|lost (?:its|the|all) (?:energy|power|drive|kick|punch)|flaccid|pillow[ -]fight|neutered)\b", "flat_transients", 2.4),
    Saying(r"\b(?:less (?:punchy|aggressive drums|snappy)|soften the (?:transients|attacks?|hits|drums|snare|kick)|too (?:punchy|snappy|clicky drums))\b", "punch_less", 2.8, True),
    # level and width
    Saying(r"\b(?:louder|turn (?:it|this|that|everything|the (?:song|track|whole thing|volume|music)) (?:\w+ )?up|crank (?:it|this)|raise the (?:volume|level)|up the volume|(?:volume|level) up|amplify|more loud|pump up the volume|normali[sz]e)\b", "too_quiet", 2.2, True),
    Saying(r"\b(?:quiet|too (?:low|soft|faint)|not loud|is (?:\w+ )?(?:low|faint)|whisper\w*|inaudible|volume (?:\w+ )?(?:low|down)|barely (?:hear|audible)|can not hear (?:it|anything|this|a thing|the (?:song|track|music))|(?:turn|crank) my (?:\w+ ){1,3}(?:up|all the way))\b", "too_quiet", 2.2),
    Saying(r"\b(?:quieter|softer|turn (?:it|this|that|everything|the (?:song|track|whole thing|volume|music)) (?:\w+ )?down|lower the (?:volume|level)|less loud|not (?:so|as|that) loud|(?:volume|level) down|decrease the volume)\b", "too_loud", 2.2, True),
    Saying(r"\b(?:too loud|(?:is|so|very|way|really|super) loud|deafening|blasting|blaring|ear[ -]?splittingly loud|blows? (?:my|the) (?:ears|head|speakers?|roof) off)\b", "too_loud", 2.2),
    Saying(r"\b(?:wider|widen|broader|more (?:stereo|wide|spread|spacious stereo|three[- ]dimensional|3d|immersive|panoramic)|spread (?:it|this|things|the \w+) (?:out|wider|apart)|stereo-?ize|bigger (?:stereo|image|soundstage)|surround)\b", "narrow", 2.7, True),
    Saying(r"\b(?:narrow|mono(?!t|l)|one[ -]dimensional|cramped|all in the (?:middle|cent(?:er|re))|stuck in the (?:middle|cent(?:er|re))|(?:no|lacks?|without) (?:stereo|width)|collapsed|flat image|squeezed in(?:to)? the (?:middle|cent)|both (?:ears|sides|speakers) the same|same (?:thing )?in both (?:ears|sides|speakers)|keyhole|pinhole|through a straw|tiny stage|small image)\b", "narrow", 2.3),
    Saying(r"\b(?:narrower|more (?:centered|centred|mono)|less (?:wide|stereo|spread)|tighter image|not (?:so|as) wide|pull (?:it|things|everything) (?:in|closer) (?:to|towards) the (?:middle|cent\w+)|reduce the (?:width|stereo))\b", "too_wide", 2.8, True),
    Saying(r"\b(?:too wide|(?:so|super|way|overly|unnaturally) wide|hole in the middle|phasey|phase-?y|falls apart|too (?:spread|stereo))\b", "too_wide", 2.6),
    Saying(r"\b(?:mono[ -]?(?:compatib\w+|fold\w*|speakers?|safe)|in mono|summed to mono|phase (?:problems?|issues?|cancel\w*)|out of phase|anti-?phase|(?:disappears|vanishes|goes away|cancels) (?:\w+ ){0,3}(?:mono|phone speaker)|play(?:s|ed)? in mono|bluetooth speaker)\b", "mono_incompatible", 3.0),
    Saying(r"\b(?:off[ -]?cent(?:er|re)|lopsided|(?:lean(?:s|ing)?|pull(?:s|ing|ed)?|shift(?:s|ed|ing)?|tilt(?:s|ed|ing)?|drift(?:s|ing|ed)?|skewed|sits?|hangs?|stuck|heavier|louder|more|all|only|weighted|mostly) (?:\w+ ){0,3}(?:left|right)(?: (?:side|ear|speaker|channel))?|(?:left|right) (?:side|ear|speaker|channel|earbud|earphone|headphone)?s? ?(?:\w+ ){0,2}(?:louder|quieter|weaker|stronger|dead|silent|softer|more|too)|only (?:in|from|on) (?:one|my|the) (?:left |right )?(?:ear|side|speaker)|one (?:ear|side|speaker|channel)|(?:left|right) (?:and|/|vs) (?:left|right)|panning|panned|balance (?:is )?(?:off|wrong|between (?:left|the left))|re-?cent(?:er|re) (?:it|the|this)|cent(?:er|re) (?:it|this|the (?:image|mix|sound|stereo|song|track)))\b", "off_balance", 2.7),
)  # fmt: skip
