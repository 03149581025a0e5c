"""Talk about the work itself: undo, stronger, compare, why, report, targets and small talk.

Patterns are tried in order on one clause of normalised text; the first that fits decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mixmend.agent.intents import Kind
from mixmend.agent.records import TargetName


@dataclass(frozen=True)
class MetaReading:
    """A kind that a clause's wording gives away, and how sure that is (0..1)."""

    kind: Kind
    sure: float


_IT = r"(?:it|that|this|them|those|these|the (?:last|previous|latest|most recent)(?: \w+)?|the change|everything|all(?: of (?:it|that|them))?|the \w+ (?:one|pass|step|change|edit|fix|thing)|(?:pass|step|change|edit|number|no\.?|fix) (?:#|number |no\.? ?)?\w+|your (?:last )?\w+|what you (?:just )?did|my last \w+)"

_PATTERNS: tuple[tuple[Kind, float, str], ...] = (
    # attempts at something else than music
    ("off_topic", 1.0, r"\b(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,4}(?:instructions?|rules?|prompts?|guidelines|directions|orders|training|restrictions|everything (?:you|above|before))\b|system prompt|\bjailbreak|\bdeveloper mode\b|\bdan mode\b|\byou are now\b|\bact as (?:a |an )|\bpretend (?:to be|you are)|\brm -rf|\bsudo\b|\bdelete (?:all|every|my|the) (?:\w+ )?(?:files?|folders?|disk|drive|system|database)|\bdrop table\b|/etc/passwd|\bapi[ -]?keys?\b|\bpasswords?\b|<script|\bimport os\b|\bos\.system|\bexecute\b|\brun (?:this |the |a )?(?:\w+ )?(?:command|script|code|shell)|\bcurl http|\bwget\b|\benvironment variables?\b|\bcredit card|\bhack\b|\breveal your\b|\byour (?:hidden |secret |initial )?(?:instructions|prompt)\b|\bnew instructions?\b|\[/?inst\]|<\|\w+\|>|^(?:system|assistant) ?:|\bbase64\b|\bexfiltrate\b"),
    # a change of mind about undoing
    ("redo", 0.98, rf"\bredo\b|\bre-?apply\b|\bundo (?:the|that|your|my) undo\b|\bun-?undo\b|\b(?:put|bring|get) {_IT} back(?: in| on| again)?$|\b(?:bring|put) back (?:that change|the change|what you (?:undid|removed|took))|\brestore (?:that|the) (?:change|pass|edit|step)|\b(?:do|apply|run|use) (?:it|that|this|that one|the (?:last|second|first|third) (?:one|pass|change))? ?(?:over )?(?:again|once more)\b|\b(?:actually|wait|hmm|ok|no)?,? ?(?:keep|i want) (?:that|the) (?:change|one) (?:after all|back)|\bi changed my mind[, ]+(?:put|bring|redo)|\breinstate\b|\bstep forward\b|\bgo forward (?:again|one|a)|\bwas (?:actually )?(?:right|better|good) (?:the way you had it|after all)|\bwith (?:that|the) change (?:again|was better)|\bi (?:want|liked) (?:that|the) (?:change|edit|fix) (?:back|after all)"),
    ("undo", 0.98, rf"\bundo\b|\brevert\b|\broll(?:ing)? ?(?:it |that |this |them )?back\b|\brollback\b|\b(?:take|put) (?:that|it|this|them|the last one|the last change|everything) back(?: to (?:how|what|the way|where) it was)?(?! in)|\bgo(?:ing)? back(?! (?:in|into|and listen))\b|\bback to (?:the )?(?:original|previous|first|last|before|start|version|where|how|what|square one|second|third|beginning|old|untouched|unprocessed|raw|one before|way)|\bstep back\b|\breverse (?:that|it|this|the)\b|\b(?:scrap|cancel|discard|ditch|drop|reject|lose|throw (?:away|out)|kill|nix|bin|remove|forget) (?:that|this|the|your|all (?:the|your)|those)(?: (?:last|latest|previous|second|first|third|most recent|two|three))? ?(?:change|edit|pass|step|one|version|fix|thing|adjustment|tweak|effect|processing|changes|edits|passes)s?\b|\b(?:it|that|this|the (?:song|track|original|old one|first (?:one|version)|previous (?:one|version)|one before)) (?:was|sounded) (?:\w+ )?(?:better|nicer|fine|good|best|perfect) (?:before|earlier|without|as it was|originally|the way it was|how it was)|\b(?:i )?(?:liked?|preferr?e?d?|want(?:ed)?|loved?) (?:it |the )(?:\w+ )?(?:better |more )?(?:before|original|the way it was|how it was|previous (?:one|version)|old (?:one|version)|as it was|without (?:it|that))|\b(?:restore|return to|reset to|back to|give me back|i want|bring back|load|use|keep) (?:the |my )(?:\w+ )?(?:original|previous version|old version|version before|untouched|first version)|\breset\b|\bstart (?:over|again|fresh|from scratch)\b|\b(?:made|makes|making|makes?) (?:it|that|things|everything|my song|the (?:song|track|sound)) (?:\w+ )?(?:worse|terrible|horrible|awful)|\b(?:that|this|it|now it) (?:is|was|sounds?|got|has gotten|has got) (?:\w+ ){{0,2}}worse\b|\bi (?:hate|do not like|dislike|did not like) (?:it|that|this|what you did|the change|the last)(?: one| change)?(?: now)?$|\bnever ?mind (?:that|the|about)|\bas it was(?: before)?\b|\bhow it was\b|\bctrl[ -+]?z\b|\b(?:return|give back|go to) (?:me )?(?:the )?(?:before|previous|old|earlier) (?:version|one)|\b(?:scrap|undo|forget|cancel|throw away) (?:everything|all)\b|\bstart from the original\b|\b(?:do not|did not) (?:like|want) (?:that|the|this) (?:last )?(?:change|one|edit|pass)\b"),
    ("compare", 0.97, r"\bcompar(?:e|ing|ison)\b|\bwhich (?:one |version |of (?:them|the two|these) |is |do you |sounds? |was |take |pass )?(?:\w+ ){0,3}(?:better|best|nicer|prefer|louder|closer|good|favou?rite)|\bwhich (?:one|version)\b|\ba ?/ ?b\b|\bab test\b|\b(?:play|hear|listen to|let me hear|show) (?:me )?(?:them )?(?:one after|both|the two|the original|the (?:old|previous|first) (?:one|version)|before and after|(?:it|one) (?:and|then) the other|the difference|the before|what it (?:was|sounded)|how it (?:was|sounded))|\bbefore (?:and|vs\.?|versus|/|&) after\b|\bside by side\b|\b(?:is|was|does|did|sounds?) (?:it|this|that|the (?:new|first|second|last) (?:one|version)|version \w+) (?:now )?(?:really |actually |any |sound |sounding |get |gotten )?(?:better|improved|worse)(?: (?:now|than|or|before))?|\b(?:better|worse) than (?:before|the original|version|it was|the (?:first|last|old|previous))\b.*\?|\bdifference (?:between|to the|from the)\b|\bswitch between\b|\b(?:old|new|first|original) (?:one )?(?:vs\.?|versus|or|against) (?:the )?(?:old|new|second|original)|\bversion \w+ (?:or|vs\.?|versus|against) (?:version )?\w+|\bhow (?:does|do) (?:it|they|this|that|the \w+) (?:differ|stack up|measure up)"),
    ("report", 0.97, r"\breport\b(?! (?:a bug|an issue))|\b(?:as|in|a) (?:a )?pdf\b|\b(?:show|give|send) (?:to )?my (?:client|boss|band|customer|label)\b|\bfor my client\b|\b(?:pdf|html) (?:of|with|about|summary|file of)|\bwrite (?:it |this |that |everything |all |me )?(?:up|down|a summary)|\bsummar(?:y|ise|ize)\b|\bdocument(?:ation)? (?:of |what|the|this|everything)|\b(?:list|log|overview|record|protocol|paperwork|write-?up) of (?:the |all |your |every |what)|\bin writing\b|\bchange ?log\b|\bprint(?:able)? (?:out|version|summary|the (?:results|numbers|findings))|\bsession notes\b"),
    ("export", 0.97, r"\bexport\b|\bdownload\b|\bbounce (?:it|this|that|the|to|a|an|me|down)|\brender (?:it|this|the|out|a|to)|\b(?:save|store|write|convert|give me|send me|get me|make me|want|output|need|as|in|to|hand me|send)\b.{0,32}\b(?:mp3|wav(?:e)?|flac|ogg|m4a|aac|aiff?|24[ -]?bit|16[ -]?bit|320)\b|\bsave (?:it|this|that|the (?:file|song|track|result|mix|master|final|new)|my)\b|^save$|\bsave (?:as|to)\b|\b(?:give|send|hand|email) (?:me|it|us)(?: to me)? ?(?:the |a |my )?(?:final |finished |new |resulting |mastered |fixed )?(?:file|song|track|result|version|mp3|wav|master|copy|audio)\b|\bwhere (?:(?:can|do) i (?:get|find|download|pick up)|is) (?:the |my )?(?:finished )?(?:file|track|song|finished|result|output|final)|\b(?:wav|mp3|flac) (?:please|file)|\bi (?:want|need|would like) (?:the|a|my) (?:file|wav|mp3|flac|final (?:file|version)|master file)"),
    ("explain", 0.97, r"^(?:but |so |and |ok |hmm )?(?:why|how come|how so|what for|wtf|huh|why not|why is that|why so|why that|why though|why this)(?: (?:that|this|though|not|so|exactly|please))?[ ?!.]*$|\bexplain\b|\bwhat (?:exactly )?(?:did|have|has) (?:you|it|been|that|the (?:\w+ )?(?:pass|step|one)|pass \w+|step \w+|changed|happened)|\bwhat (?:were|are) you (?:doing|up to|changing|trying)|\bwhat(?: all)? (?:changed|got changed|was (?:changed|done|wrong|that|the (?:reason|idea|point))|is different|just happened|happened)|\bwhy (?:did|have|are|were|would|do) (?:you|we|not)|\bwhy (?:was|were) (?:it|that|this|the|pass|step)|\bwhy (?:only|just|pass|this|that|the (?:first|second|third|last)|roll|keep|kept|not)|\bhow did you\b|\bhow (?:does|do) (?:that|this|it|you) (?:work|do)|\b(?:walk|talk|take|run) me through\b|\breason(?:ing)? (?:for|behind|why)|\btell me (?:what|why|how) (?:you|it|that|the)|\bjustify\b|\bwhat is the (?:reason|idea|logic|point|thinking)|\bwhat (?:does|did) (?:the )?(?:\w+ )?(?:pass|step|change|edit|one)(?: \w+)? (?:do|change)|\bhow (?:have|did) you (?:\w+ )?(?:do|done|fix|fixed|change|changed|get)|\bon what basis\b|\bwhat made you\b|\bhow come (?:you|the|it (?:was|got))|\bwhy did (?:the|it|that|this)\b.*\b(?:fail|pass|roll|change|step)|\belaborate\b|\bmore detail about what you\b"),
    ("approve", 0.96, r"^(?:(?:oh|ah|um|well|hmm|ok|okay|and|so|wow) ?,? ?)*(?:yes+|yep|yeah+|yea|yup|ya|sure(?: thing)?|ok(?:ay|ey)?|k|kk|alright|all right|perfect(?:o|ly)?|great|lovely|fine|cool|nice|sweet|awesome|amazing|brilliant|excellent|fantastic|wonderful|superb|beautiful|good|neat|dope|sick|lit|fire|done|agreed|correct|exactly|absolutely|definitely|indeed|bingo|deal|ta|cheers|thanks?(?: you)?(?: (?:so|very) much| a (?:lot|million|bunch))?|thank you|much appreciated|bravo|well done|good (?:job|work)|nice (?:job|work|one)|nailed it|spot on|go (?:ahead|for it|on)|do it|do that|please do|sounds good|looks good|lgtm|proceed|continue|carry on|keep (?:it|that|this)(?: (?:like that|that way|as is|as it is))?|leave it (?:there|like that|at that|as it is now)|that(?: is|'s)? (?:it|all|perfect|great|good|better|fine|enough|lovely|nice|the one|right|exactly it|what i wanted|much better|so much better|what i meant|how i want it)|(?:i |we )?(?:love|like|adore|dig) (?:it|that|this|what you did)|it is (?:perfect|great|good|lovely|fine|done)|(?:i am|we are) (?:happy|done|satisfied|good|pleased)(?: with (?:it|this|that))?|happy with (?:it|this|that)|(?:no|nothing)(?: more| else),? ?(?:thanks|thank you|changes)?|let us (?:do it|go|do that)|why not|by all means|make it so|works for me|good enough|all good|much better|way better|better)(?:[ ,!.]+(?:thanks?(?: you)?|please|now|so much|very much|a lot|yes|it|man|go|do it|do that|go ahead|perfect|great|then|good|that is (?:it|all|great|good|perfect)|i (?:love|like) (?:it|that)|sounds good|keep it|it is (?:perfect|great)|sure|to me|for me|again|like that|much better|works|really|job|work|everyone|indeed|my friend|buddy|honey|dear|exactly|for (?:that|this|everything|your help|the help)))*[ .!]*$"),
    ("greeting", 0.96, r"^(?:hi+|hey+|hello+|hallo|howdy|yo|sup|greetings|hiya|good (?:morning|afternoon|evening|day)|g'?day|what is up|wassup|how are you|how do you do|nice to meet you|hi there|hello there|hey there|who are you|what are you|what can you do|what (?:do|can) you (?:do|help)|can you help(?: me)?|help(?: me)?(?: please)?|are you (?:there|a (?:robot|bot|human|person|computer)|real|an ai)|bye+|goodbye|good night|see you|morning|evening)(?:[ ,!.?]+(?:there|mate|everyone|mixmend|again|how are you|friend|today|doing|with|for me|later|please|buddy|all|to you|then|now|how is it going|nice to meet you|who are you|what can you do|it going|i am \w+))*[ .!?]*$"),
)  # fmt: skip

_STRONGER = r"^(?:(?:and|but|ok|okay|hmm|well|no|yes|please|now|can you|could you|would you|i want|i would like|i need|just|let us|try|make|do|go|a|the|nice|good|better)[ ,]+)*(?:it |that |this |them |is |was |the effect |(?:pass|step) \w+ |the (?:first|second|third|last|previous) (?:one|pass|step|change) )*(?:still )?(?:(?:even |a bit |a little |a touch |a tad |a hair |slightly |much |a lot |way |far |some |lots |quite a bit |loads |tons |a little bit |still |go |push |make |be |do |needs |to be |bit |one notch |twice as |twice |a smidge |a whole lot |more )*)(?:more|stronger|harder|further|farther|heavier|more intense|more aggressive|extreme|not enough|(?:is )?not (?:quite )?(?:enough|strong enough|far enough|much)|too (?:subtle|little|weak|timid|gentle|mild|light|careful|shy|cautious)|keep going|double (?:it|that)|crank (?:it|that)(?: up)?(?: more)?|intensify(?: it)?|do more|full (?:strength|power|blast)|max(?:imum)?(?: it out)?|bolder|the full amount|again but (?:stronger|more|harder)|twice (?:as (?:much|hard|strong)|that))(?:[ ,]+(?:please|of (?:that|it|this|the same)|like (?:that|this)|than that|yet|now|still|it|that|on (?:pass|step|the) .*|with (?:that|it|the .*)|for me|in that direction|so|then|though|again|and more|more|further|for (?:pass|step|the (?:first|second|third|last)).*))*[ .!]*$"
_WEAKER = r"^(?:(?:and|but|ok|okay|hmm|well|no|yes|please|now|can you|could you|would you|i want|i would like|i need|just|let us|try|make|do|go|maybe|nice|good|better|whoa|oh|oof|ouch|woah|hey|sorry)[ ,]+)*(?:it |that |this |them |is |was |the effect |now |(?:pass|step) \w+ |the (?:first|second|third|last|previous) (?:one|pass|step|change) )*(?:(?:even |a bit |a little |a touch |a tad |a hair |slightly |much |a lot |way |far |some |lots |quite a bit |loads |a little bit |still |go |make |be |do |needs |to be |bit |one notch |half as |only half |with half |a smidge |a whole lot )*)(?:less|weaker|gentler|lighter|milder|subtler|more (?:subtle|gentle|subtly|gently|careful)|too (?:much|strong|far|heavy|extreme|hard|intense|aggressive|drastic)|over ?the ?top|over ?done|over ?cooked|over ?did it|(?:you )?(?:over ?did|over ?do|over ?cooked) (?:it|that|a bit)|(?:tone|dial|scale|turn|pull|bring|take|rein|back|ease|water) (?:it|that|this) (?:down|back|off|in)(?: a (?:bit|little|notch|touch|tad))?|(?:tone|dial|scale|back|ease) (?:down|back|off)(?: (?:on )?(?:it|that))?|back (?:it )?off|ease (?:up|off)(?: on (?:it|that))?|half (?:of )?(?:that|it|the (?:amount|strength|effect))|(?:by )?half|not (?:so|that|as|quite so|quite that) (?:much|strong|far|hard|heavy|extreme)|not so much|(?:you )?(?:went|took it|gone|go|pushed it) too far|easy(?: there| now| tiger)?|lighter touch|chill|calm down|a bit much|a little much|softer touch|go easy(?: on it)?|took it (?:a bit )?too far|exaggerated|the same but (?:weaker|gentler|less)|halve (?:it|that)|half it)(?:[ ,]+(?:please|of (?:that|it|this)|like (?:that|this)|than that|now|now it is|it|that|on (?:pass|step|the) .*|with (?:that|it|the .*)|for me|so|then|though|a (?:bit|little|notch|touch|tad)|there|this time|again|less|i think|for (?:pass|step|the (?:first|second|third|last)).*))*[ .!]*$"

_QUESTION = re.compile(
    r"^(?:(?:and|so|but|ok|okay|hey|hi|hmm|well|um|just wondering|i wonder|do you know|can you tell me|could you tell me|tell me|please tell me|i would like to know|i want to know|any idea|can you check|could you check|check|can you see|show me|give me)[ ,]+)*"
    r"(?:how (?:loud|quiet|much|many|long|is|are|does|wide|bad|good|compressed|bright|dynamic|noisy|fast|big|come|hot|clean|far|high|low|would you rate|do you)|what(?: (?:is|are|was|were|does|do|key|tempo|bpm|lufs|level|loudness|kind|about|sample|bit|frequency|format|problems?|faults?|would|else|sort|genre|should|note|time|else is))?\b|"
    r"is (?:it|this|that|there|the|my|anything|everything|any|one)\b|are (?:there|the|my|any|we|those|these|you sure)\b|does (?:it|this|that|the|my|anything)\b|do (?:the|my|you (?:hear|think|find|notice|see|detect))\b|did you (?:find|notice|hear|see|detect|measure)|has (?:it|this|the|my)\b|have (?:the|you (?:found|noticed|heard|measured))\b|where (?:is|are|does|do|exactly|in)\b|when (?:does|do|is)\b|which (?:parts?|key|frequenc\w+|channel|instrument|section|bits?|problems?|places?|note|side)\b|why (?:is|does|do|are|am|can)\b|who\b|will (?:it|this|that|spotify|the|they|people|my)\b|would (?:it|this|that|spotify)\b|should i\b|can (?:it|this|the|that) (?:be|go)|whether|if (?:it|there|the) (?:is|are|has)|"
    r"the (?:lufs|loudness|peak|true peak|tempo|bpm|key|dynamic range|numbers|measurements|stats|values|rt60|crest)|numbers|stats|measurements|lufs|bpm|tempo)\b"
)  # fmt: skip
_ASKS_FOR_DOING = re.compile(
    r"^(?:\w+[ ,]+){0,3}(?:can|could|would|will) (?:you|we|u|it|this|the \w+|that) (?!tell|check|measure|hear|see|show|explain)|^how about\b|^what about (?:some |a bit |making|adding|less|more)|^(?:is|would) (?:it|there) (?:be )?(?:possible|any (?:chance|way))|^what if (?:you|we)|^any (?:chance|way)|^do you (?:think you|mind)|^would you mind|^why (?:do not|not) (?:you|we|make|add|try)|^how (?:do|can|could|would) (?:i|we|you) (?:make|get|fix|remove)|^can (?:it|this|the \w+) (?:be|sound) \w+er\b|^(?:can|could) i (?:have|get) "
)  # fmt: skip

_LEAVE = re.compile(
    r"\b(?:do not|dont|never|please not|without|not to|no) (?:you )?(?:\w+ )?(?:touch(?:ing)?|chang(?:e|ing)|alter(?:ing)?|mess(?:ing)?(?: with| up)?|mak(?:e|ing) (?:it |the \w+ |them )?(?:any |too )?(?:louder|quieter|brighter|darker|harsh\w*|muddy|thin\w*|boomy|duller|worse|distort\w*|wider|narrower|bass\w+|dull|warm\w*|cold\w*|bright|loud|quiet)|los(?:e|ing)|kill(?:ing)?|remov(?:e|ing)|affect(?:ing)?|ruin(?:ing)?|break(?:ing)?|hurt(?:ing)?|los(?:e|ing)|destroy(?:ing)?|squash(?:ing)?|crush(?:ing)?|compress(?:ing)?|add(?:ing)?|boost(?:ing)?|cut(?:ting)?|rais(?:e|ing)|lower(?:ing)?|tamper(?:ing)?|modif(?:y|ying)|mov(?:e|ing)|flatten(?:ing)?|tweak(?:ing)?|play(?:ing)? with|fiddl\w+|turn(?:ing)?|process(?:ing)?|sacrific\w+|go(?:ing)? near|harm(?:ing)?|adjust(?:ing)?|eq(?:ing)?|widen(?:ing)?|brighten(?:ing)?|darken(?:ing)?|reduc(?:e|ing)|take away|taking away|overdo(?:ing)? the|do anything (?:to|with|about))\b"
    r"|\b(?:leave|keep|preserve|maintain|retain|protect|respect|spare) (?!it (?:up|going)|going|adding)(?:\w+[ ,]+){1,5}(?:alone|as (?:it|they|is|are)\b|as-is|untouched|intact|unchanged|the same|the way|like (?:it|that|they)|how (?:it|they)|be\b|out of (?:it|this)|where)|\b(?:leave|keep|preserve|maintain|retain|protect|spare) (?:the|my|all|its|his|her|that|those|every)\b(?! (?:volume )?(?:down|up|lower|higher|in check|under control|level))"
    r"|\bhands off\b|\b(?:off limits|sacred|do not go near|stays? (?:as|the same|put|where|exactly|untouched)|should (?:stay|remain|not (?:change|be touched|be changed))|must (?:stay|remain|not (?:change|be touched|be changed))|(?:is|are|sounds?|was|were) (?:\w+ )?(?:perfect|fine|great|good|ok|okay|lovely|nice|spot on|just right|already (?:good|great|fine|perfect))(?: as (?:it|they) (?:is|are)| already| the way (?:it|they) (?:is|are)| now)?(?:[ ,.]|$))|\bi (?:really )?(?:like|love|adore|enjoy) (?:the|how the|my|that|its|his|her)\b|\bnothing wrong with\b"
)  # fmt: skip

_AUTO = re.compile(
    r"\b(?:make|get|have) (?:it|this|that|my (?:song|track|mix|recording|music|tune|demo)|the (?:song|track|mix|recording|whole thing|music|audio|sound)|everything|me) (?:to )?(?:just )?(?:sound(?:ing)? )?(?:\w+ ){0,2}(?:good|great|better|nice|nicer|awesome|amazing|professional|pro|right|perfect|best|like a (?:pro|hit|real|professional|proper|finished)\w*|radio[ -]ready|release[ -]ready|polished|finished|presentable|decent|commercial|listenable|beautiful|acceptable|the best it can be|as good as (?:you can|possible)|expensive|studio quality|like it was (?:made|recorded) in a (?:real |proper |professional )?studio)\b"
    r"|\b(?:master|remaster|polish|enhance|improve|optimi[sz]e|restore|mend|repair|fix|clean|sort|tidy|touch|rescue|save|help|upgrade|beautify|perfect|finish|process|heal|magic|freshen|spruce|better) (?:up )?(?:it|this|that|this for me|my (?:\w+ )?(?:song|track|mix|recording|music|tune|demo|file|audio|voice memo|podcast|album|record)|the (?:\w+ )?(?:song|track|mix|recording|music|tune|demo|file|audio|sound|whole thing|sound quality|quality|lot)|everything|anything|whatever|what(?:ever)? (?:is|you|needs))\b"
    r"|\b(?:do|work) (?:your|the|some) (?:thing|magic|best|job|stuff|usual)|\b(?:you decide|up to you|your call|surprise me|auto(?:matic|matically|pilot)?(?: mode)?|just fix|fix it|whatever you (?:think|want|like|feel|suggest|recommend|find)|trust you|you are the (?:expert|engineer|boss|pro)|use your (?:judge?ment|ears)|as you see fit|just master|anything (?:you|that)|what you think|the works|full treatment|one[ -]click|do everything|give it (?:a |the )?(?:\w+ )?(?:polish|once[ -]over|treatment|master\w*|makeover|tlc|love|clean)|needs? (?:a |some )?(?:\w+ )?(?:mastering|polish(?:ing)?|tlc|love|help|fixing|work|clean[ -]?up)|(?:sounds?|is|it is) (?:\w+ )?(?:bad|terrible|awful|horrible|crap(?:py)?|like (?:crap|shit|garbage|trash|rubbish)|shit(?:ty)?|amateur(?:ish)?|rubbish|garbage|trash|poor|off|weird|wrong|unprofessional|home[ -]?made|not right|not good|dreadful|ugly)|sounds? like a demo|something (?:is )?(?:off|wrong|not right)|mastering)\b"
)  # fmt: skip

_CANNOT = re.compile(
    r"\b(?:remove|take out|take away|get rid of|delete|mute|isolate|extract|separate|solo|kill|cut(?: out)?|drop|lose|strip(?: out)?|without|replace|swap|silence|erase|no more|eliminate|split|turn (?:down|up)|louder|quieter|bring (?:up|out|down)|lower|raise|boost|more|less|want|hear|only|just|bury) (?:\w+ ){0,3}(?:guitars?|piano|synths?|keyboards?|keys|strings|violins?|trumpets?|horns?|sax(?:ophone)?|flutes?|organ|banjo|ukulele|harmonica|accordion|cello|tambourine|cowbell|instruments?|stems?|solo guitar|bagpipes?|clarinet|mandolin|pads?|harp|brass|claps?|shaker|bongos|backing track)\b"
    r"|\b(?:guitars?|piano|synths?|keyboards?|strings|violins?|trumpets?|horns?|sax(?:ophone)?|flutes?|organ|banjo|brass|pads?) (?:\w+ ){0,2}(?:louder|quieter|gone|removed|out|up|down|off|muted|too (?:loud|quiet)|is (?:too )?(?:loud|quiet)|are (?:too )?(?:loud|quiet))\b"
    r"|\b(?:remove|delete|isolate|extract|separate|mute|solo|strip|take out|get rid of|without|kill|cut out|erase|silence) (?:all )?(?:the |my |his |her )?(?:lead )?(?:drums?|vocals?|voice|singer|singing|bass ?guitar|bass ?line|kick|snare|hi-?hats?|cymbals?|drummer|bassist|guitarist|backing vocals|choir|rapper|acapella|a cappella|lyrics)\b(?! (?:noise|hiss|reverb|echo|mud|boom|hum))"
    r"|\b(?:instrumental version|karaoke(?: version| track)?|a ?cappella|acapella|stems|midi|sheet music|chords?|tabs?|transcri\w+|notation)\b(?! like)"
    r"|\b(?:faster|slower|speed (?:it |this |the \w+ )?up|slow (?:it |this |the \w+ )?down|change (?:the )?(?:tempo|key|pitch|speed|lyrics|words|melody|chords|rhythm|genre|bpm|singer|ending|beat|structure)|(?:different|new|another|higher|lower) (?:key|tempo|melody|singer|voice|beat|chord|rhythm|lyrics|pitch)|tempo|transpose|pitch[ -]?(?:correct\w*|shift\w*|it|up|down)?|auto-?tune\w*|out of tune|off[ -]key|off[ -]pitch|in tune|tuning|flat notes?|wrong notes?|sings? (?:\w+ )?(?:flat|sharp|wrong)|semitones?|octaves?|nightcore|quanti[sz]e|(?:fix|correct|tighten) the timing|timing|off[ -]?beat|out of time|off the beat|late notes?|rush(?:es|ing)|drags?|metronome)\b"
    r"|\b(?:add|write|compose|create|generate|record|insert|put in|give it|give me|make up|play|sing|want)\b.{0,24}\b(?:a |an |some |more )?(?:guitar|drum ?(?:s|beat|fill|track|kit)?|piano|solo|strings|synth|verse|chorus|bridge|intro|outro|harmony|harmonies|backing vocals|choir|melody|beat|lyrics|rap|bassline|saxophone|violin|trumpet|orchestra|cowbell|claps?|remix|new song|second voice|trap beat|drop|sample|sound effects?)\b(?! (?:more|less|louder|quieter|punch|space|room))"
    r"|\b(?:mash-?up|remix|loop it|shorten|make it (?:\w+ )?(?:shorter|longer)|cut (?:it|the song|the track|the (?:first|last)) (?:to|down|at|off|by)|trim|crop|splice|merge|combine|join|fade (?:it )?(?:out|in)|cross-?fade|edit out|bleep|censor|swear ?words?|cuss\w*|reorder|rearrange|extend the|make (?:him|her|me|them|the singer) (?:sound like|sing|a (?:woman|man|girl|child))|male voice|female voice|sound like (?:freddie|adele|elvis|taylor|beyonc\w+|drake|a (?:man|woman|girl|boy|robot|child))|translate the|re-?record|voice (?:clone|change\w*)|clone|reverse the (?:song|track|audio)|play it backwards|backwards|8d|dolby atmos|atmos|5\.1|surround mix|two songs|album art|cover art|music video|replace the)\b"
)  # fmt: skip

_TARGETS: tuple[tuple[TargetName, str], ...] = (
    ("apple", r"apple music|itunes|apple"),
    ("podcast", r"podcasts?|audiobooks?|audible|acx"),
    ("broadcast", r"radio(?: (?:play|airplay|broadcast|station))?|tv|television|broadcast(?:ing)?|ebu(?: r ?128)?|r ?128|netflix|airplay|the telly|fm|film|cinema"),
    ("cd", r"cds?|compact discs?|red ?book"),
    ("vinyl", r"vinyl|lps?|(?:a )?record pressing|lacquer|12-?inch|7-?inch|turntables?"),
    ("club", r"(?:the )?(?:clubs?|dance ?floors?|djs?|dj (?:sets?|use)|festivals?|nightclubs?|part(?:y|ies)|discos?|raves?|big (?:pa|rig)s?)"),
    ("streaming", r"spotify|you ?tube|tidal|deezer|amazon(?: music)?|sound ?cloud|tik ?tok|instagram|insta|reels?|shorts|facebook|bandcamp|streaming(?: (?:services?|platforms?))?|streams?|the (?:web|internet|net)|online|social media|pandora|qobuz|netlabel|platforms|twitch"),
)  # fmt: skip
_TARGET_LEAD = (
    r"(?:(?:ready |suitable |good |fit |optimi[sz]ed? |right |set |prepared? |loud enough |mastered? |level(?:led)? |meant |destined |made |normali[sz]ed? |okay |ok |perfect |great |safe )?(?:for|to)|(?:upload|release|put|publish|post|out|going|live|drop|play|air|stream|share|get)(?:ed|ing|s)?(?: (?:it|this|that|up|out|live|played|the song|the track|my song|be|go))? (?:on|to|onto)|onto|meets?|conform(?:s|ing)? to|comply with|according to|match(?:es|ing)?|hit|by|target(?:ing)?|want|is) "
    r"(?:be )?(?:(?:the|a|an|my|our|local|national|college|some|use on|use in|playing (?:on|in|at)|play in|playback on|upload(?:ing)? to|release on|an upload to|listening on|broadcast on|printing on|pressing (?:on|to)|cutting to|burning (?:to|a|on)(?: a)?|putting (?:on|it on)|mastered for)(?: the| a)? )?"
)
_TARGET_TAIL = r"(?:'s)?(?:[ -](?:ready|levels?|loudness|standards?|specs?|targets?|master|version|friendly|normali[sz]ation|compliant|compatible|requirements|playback|preset|release|volume|delivery|safe))"

_LUFS = re.compile(r"(?<![\d.])(-|minus |negative )?\s?(\d{1,2}(?:\.\d+)?)\s*(?:lufs|lkfs|lu\b)")
_LUFS_DB = re.compile(
    r"\b(?:to|at|target|around|of|about|hit|reach) (?:about |around |exactly )?(?:-|minus )\s?(\d{1,2}(?:\.\d+)?)\s*(?:db|integrated|loudness)\b(?!\s*(?:tp|true|peak))"
)
_ORDINALS = {"first": 1, "1st": 1, "one": 1, "second": 2, "2nd": 2, "two": 2, "third": 3, "3rd": 3, "three": 3,
             "fourth": 4, "4th": 4, "four": 4, "fifth": 5, "5th": 5, "five": 5, "sixth": 6, "six": 6, "seventh": 7, "seven": 7, "eighth": 8, "eight": 8}  # fmt: skip
_NTH = "|".join(_ORDINALS)
_PASS = re.compile(
    rf"\b(?:pass|step|change|edit|fix|move|number|no\.?|adjustment|tweak|#) ?(?:#|number |no\.? ?|nr\.? ?)?(\d{{1,2}}|{_NTH})\b|\b({_NTH}|\d{{1,2}}(?:st|nd|rd|th)) (?:pass|step|change|edit|fix|one|thing|move|adjustment|tweak)\b|#(\d{{1,2}})\b"
)
_VERSION = re.compile(
    rf"\b(?:version|take|v) ?(?:#|number |no\.? ?)?(\d{{1,2}}|{_NTH})\b|\b({_NTH}|\d{{1,2}}(?:st|nd|rd|th)|original|untouched) (?:version|take|mix|master)\b|\b(original)\b"
)
_FORMAT = re.compile(r"\b(wav|wave|flac|mp3|ogg|m4a|aac|aiff?)\b")


def read_meta(text: str, has_history: bool) -> MetaReading | None:
    """The kind that the wording of a clause gives away; None when it is about the sound."""
    clause = text.strip(" .,;:!")
    bare = clause.rstrip("? ")
    for kind, sure, pattern in _PATTERNS:
        if re.search(pattern, clause) or (
            kind in ("explain", "approve") and re.search(pattern, bare)
        ):
            return MetaReading(kind, sure)
    if re.search(_WEAKER, bare):
        return MetaReading("weaker", 0.95)
    if re.search(_STRONGER, bare):
        return MetaReading("stronger", 0.95)
    if has_history and re.search(
        r"^(?:no|nope|nah|not good|wrong|bad|stop|worse|yuck|ew+|ugh)(?:[ ,!.]+(?:no|please|that is (?:bad|wrong)|thanks?))*$",
        bare,
    ):
        return MetaReading("undo", 0.7)
    return None


def is_question(text: str) -> bool:
    """Whether a clause asks about the song rather than for a change of it."""
    clause = text.strip(" .,;:!")
    if _ASKS_FOR_DOING.search(clause):
        return False
    return _QUESTION.search(clause) is not None


def is_leave(text: str) -> bool:
    """Whether a clause forbids a change: "don't touch the bass"."""
    return _LEAVE.search(text) is not None


def is_auto(text: str) -> bool:
    """Whether a clause asks for "just make it good"."""
    return _AUTO.search(text) is not None


def is_cannot(text: str) -> bool:
    """Whether a clause asks for what no mastering can do: other notes, parts, instruments."""
    return _CANNOT.search(text) is not None


def number_of_pass(text: str) -> int | None:
    """The pass that is spoken of ("the second one", "pass 3"); None when none is."""
    return _number(_PASS.search(text))


def number_of_version(text: str) -> int | None:
    """The version spoken of; 0 is the original."""
    match = _VERSION.search(text)
    if match and "original" in match[0] or match and "untouched" in match[0]:
        return 0
    return _number(match)


def _number(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    said = next(group for group in match.groups() if group)
    if said in _ORDINALS:
        return _ORDINALS[said]
    digits = re.match(r"\d+", said)
    return int(digits[0]) if digits else None


def format_of(text: str) -> str | None:
    """The file format an export names."""
    match = _FORMAT.search(text)
    return {"wave": "wav", "aif": "aiff", "aac": "m4a"}.get(match[1], match[1]) if match else None


@dataclass(frozen=True)
class TargetReading:
    """A delivery target and/or loudness found in the words, and the span it was said in."""

    target: TargetName | None
    lufs: float | None
    start: int
    end: int


def find_target(text: str) -> TargetReading | None:
    """A delivery target: "for Spotify", "radio-ready", "-9 LUFS"; not "like an old radio"."""
    lufs = None
    span: tuple[int, int] | None = None
    match = _LUFS.search(text) or _LUFS_DB.search(text)
    if match:
        lufs = -abs(float(match.groups()[-1]))
        lead = re.search(
            r"(?:\b(?:to|at|of|target(?:ing)?|around|about|for|hit|aim(?:ing)? for)\s)+$",
            text[: match.start()],
        )
        span = (lead.start() if lead else match.start(), match.end())
    for name, words in _TARGETS:
        said = re.search(
            rf"\b{_TARGET_LEAD}(?:{words})\b{_TARGET_TAIL}?|\b(?:{words}){_TARGET_TAIL}\b", text
        )
        if said is None or re.search(
            r"\b(?:like|from|off|through|sounds?)(?: (?:it|an?|the|is|being|played|playing|on|off|from|old|my|to))* ?$",
            text[: said.start()],
        ):
            continue
        start = min(said.start(), span[0]) if span else said.start()
        end = max(said.end(), span[1]) if span else said.end()
        return TargetReading(name, lufs, start, end)
    return TargetReading(None, lufs, *span) if span else None
