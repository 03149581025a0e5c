"""Plain words to intents: wishes, amounts, places, several wishes, things left alone, languages."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixmend.agent.bench.understanding import same_wish, score
from mixmend.agent.clause_reading import Way
from mixmend.agent.grammar_amount import find_amount
from mixmend.agent.grammar_place import take_places
from mixmend.agent.grammar_target import find_target
from mixmend.agent.intents import Intent, Turn
from mixmend.agent.languages import gloss, language_of
from mixmend.agent.understand import understand, understand_by
from mixmend.agent.utterances import HELD_OUT_FAMILIES, build_utterances
from mixmend.agent.wording import normalise


def fixes(words: str) -> list[Intent]:
    return list(understand(words).of_kind("fix"))


@pytest.mark.parametrize(
    ("words", "problem", "aspect", "change"),
    [
        ("make it brighter", "dull", "brightness", "more"),
        ("it's muddy", "muddy", "mud", "fix"),
        ("too much reverb", "reverb", "reverb", "less"),
        ("there's no bass", "thin", "bass", "fix"),
        ("no more hiss", "noise", "noise", "less"),
        ("not enough reverb", "too_dry", "reverb", "more"),
        ("the vocals are buried", "vocals_buried", "vocals", "fix"),
        ("turn the vocals down", "vocals_loud", "vocals", "less"),
        ("the cymbals hurt my ears", "harsh", "harshness", "fix"),
        ("it sounds like it was recorded in a church", "reverb", "reverb", "fix"),
        ("like a wet blanket over the speakers", "dull", "brightness", "fix"),
        ("sounds like I'm listening through a tin can", "mic_colored", "tonal_balance", "fix"),
        ("other songs are brighter than mine", "dull", "brightness", "fix"),
        ("mine is brighter than other songs", "too_bright", "brightness", "fix"),
        ("the left is louder than the right", "off_balance", "panning", "fix"),
    ],
)
def test_a_wish_is_named_by_problem_aspect_and_change(
    words: str, problem: str, aspect: str, change: str
) -> None:
    (intent,) = fixes(words)
    assert (intent.problem, intent.aspect, intent.change) == (problem, aspect, change)


@pytest.mark.parametrize(
    ("words", "strength"),
    [
        ("more bass", 0.5),
        ("a hair more bass", 0.2),
        ("a bit more bass", 0.35),
        ("a lot more bass", 0.8),
        ("it's way too boomy", 0.8),
        ("remove the hiss completely", 1.0),
        ("30% less reverb", 0.3),
    ],
)
def test_amounts(words: str, strength: float) -> None:
    (intent,) = fixes(words)
    assert intent.strength == pytest.approx(strength, abs=0.01)


def test_an_amount_said_afterwards_belongs_to_the_wish_before_it() -> None:
    (intent,) = fixes("make it brighter, but just a bit")
    assert intent.strength == pytest.approx(0.35)


def test_words_that_look_like_amounts_are_none() -> None:
    assert find_amount("it is a 16 bit file") is None
    assert find_amount("i really like it") is None
    assert find_amount("it sounds tiny") is None
    assert find_amount("too much power in the middle") is None
    assert find_amount("the host and the guest are 8 db apart") is None
    assert find_amount("a terrible hiss") is None


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("from 1:05 to 1:20", (65.0, 80.0)),
        ("at 1:20", (75.0, 85.0)),
        ("around 2 minutes 10", (125.0, 135.0)),
        ("at 0:03", (0.0, 8.0)),
        ("after 1:30", (90.0, None)),
        ("in the first 20 seconds", (0.0, 20.0)),
        ("in the last half minute", (-30.0, None)),
        ("before 0:40", (0.0, 40.0)),
        ("from 1m20s onwards", (80.0, None)),
    ],
)
def test_times_become_regions(place: str, region: tuple[float, float | None]) -> None:
    for words in (f"less reverb {place}", f"{place} there is too much reverb"):
        (intent,) = fixes(words)
        assert intent.region == region
        assert intent.section is None


def test_what_is_said_of_the_whole_song_borrows_no_place() -> None:
    found = fixes("in the chorus the vocals are too loud, and make the whole song brighter")
    assert [(i.problem, i.section) for i in found] == [("vocals_loud", "chorus"), ("dull", None)]


def test_named_parts_become_sections_and_no_region() -> None:
    (intent,) = fixes("less reverb in the second chorus")
    assert (intent.section, intent.section_n, intent.region) == ("chorus", 2, None)


@pytest.mark.parametrize(
    "words", ["an old 80s sound with too much treble", "the high end is harsh", "more 808s"]
)
def test_no_place_is_invented(words: str) -> None:
    assert all(
        intent.region is None and intent.section is None for intent in understand(words).intents
    )


@pytest.mark.parametrize(
    ("words", "section"),
    [
        ("the middle part is muddy", "middle"), ("middle bit is muddy", "middle"),
        ("the first half is too quiet", "first half"),
        ("it hums in the second half", "second half"),
        ("towards the end it is dull", "outro"), ("the loud bits distort", "loud parts"),
    ],
)  # fmt: skip
def test_parts_named_in_other_ways(words: str, section: str) -> None:
    (intent,) = fixes(words)
    assert (intent.section, intent.region) == (section, None)


def test_a_part_belongs_to_its_own_wish_and_a_loud_crackle_is_overload() -> None:
    found = fixes("It sounds dull in the second verse, and the loud parts crackle")
    assert [(i.problem, i.section, i.section_n) for i in found] == [
        ("dull", "verse", 2), ("clipping", "loud parts", None),
    ]  # fmt: skip


def test_what_is_said_of_one_thing_goes_on_in_the_next_place() -> None:
    found = fixes("in the bridge the vocals are too loud, in the chorus too quiet")
    assert [(i.problem, i.section) for i in found] == [
        ("vocals_loud", "bridge"), ("vocals_buried", "chorus"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("we would like to put it on a cd for the parish", "cd"),
        ("it needs to pass ebu r128", "broadcast"), ("it will be on the radio", "broadcast"),
        ("needs to be on spotify by friday", "streaming"), ("gain riding is audible", None),
        ("i heard it on the radio", None),
    ],
)  # fmt: skip
def test_where_it_is_going(words: str, target: str | None) -> None:
    found = find_target(words)
    assert (found.target if found else None) == target


def test_several_places_are_several_intents() -> None:
    found = fixes("there are clicks at 0:30 and 1:10")
    assert [intent.region for intent in found] == [(25.0, 35.0), (65.0, 75.0)]


def test_each_wish_keeps_its_own_place() -> None:
    found = fixes("less reverb in the chorus, more bass in the intro")
    assert [(i.problem, i.section) for i in found] == [("reverb", "chorus"), ("thin", "intro")]


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        ("more bass and air", ["thin", "airless"]),
        ("the vocals and the bass are too loud", ["vocals_loud", "boomy"]),
        ("remove the hiss and the hum", ["noise", "hum"]),
        ("it's dull, boomy and way too quiet", ["dull", "boomy", "too_quiet"]),
        ("get rid of the clicks and pops", ["clicks"]),
        ("make the vocals louder and reduce the reverb", ["vocals_buried", "reverb"]),
    ],
)
def test_several_wishes_in_one_sentence(words: str, problems: list[str]) -> None:
    assert [intent.problem for intent in fixes(words)] == problems


def test_what_is_to_be_left_alone() -> None:
    heard = understand("make it brighter but don't touch the bass or the vocals")
    assert [(i.kind, i.aspect) for i in heard.intents] == [
        ("fix", "brightness"), ("leave", "bass"), ("leave", "vocals"),
    ]  # fmt: skip
    assert "bass" not in heard.instruction.lower()


@pytest.mark.parametrize(
    "typed", ["the vocls are too quiet", "the vocals are too quite??", "teh vocals are too quiet"]
)
def test_typos_do_not_matter(typed: str) -> None:
    assert fixes(typed)[0].problem == "vocals_buried"


@pytest.mark.parametrize(
    ("words", "language", "problem"),
    [
        ("weniger Hall im Refrain, bitte", "de", "reverb"),
        ("la voix est trop faible", "fr", "vocals_buried"),
        ("quita el ruido por favor", "es", "noise"),
        ("più bassi per favore", "it", "thin"),
        ("mais graves por favor", "pt", "thin"),
        ("minder galm alsjeblieft", "nl", "reverb"),
    ],
)
def test_common_wishes_in_other_languages(words: str, language: str, problem: str) -> None:
    heard = understand(words)
    assert heard.language == language
    assert [intent.problem for intent in heard.of_kind("fix")] == [problem]
    assert heard.instruction.isascii()


def test_languages_are_told_apart() -> None:
    assert language_of("make it brighter") == "en"
    assert language_of("低音をもっと") == "ja"
    assert language_of("сделай погромче") == "ru"
    assert gloss("more bass please").text == "more bass please"


def test_nothing_said_is_automatic() -> None:
    assert [intent.kind for intent in understand("  ").intents] == ["auto"]


def test_json_has_the_published_names() -> None:
    (item,) = understand("undo pass 2").to_json_dict()["intents"]
    assert item["pass"] == 2
    names = "kind problem aspect change strength region section target target_lufs pass"
    keys = set(names.split())
    assert keys <= set(item)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_any_text_gives_at_least_one_intent(words: str) -> None:
    heard = understand_by(words, way="rules")
    assert heard.intents
    assert all(0.0 <= intent.strength <= 1.0 for intent in heard.intents)


def test_very_long_text_is_read_without_harm() -> None:
    assert understand_by("more bass and " * 5000, way="rules").of_kind("fix")


def test_places_are_marked_and_the_rest_is_kept() -> None:
    placed = take_places(normalise("At 1:20 it's boomy"))
    assert placed.text == "§0 it is boomy"
    assert placed.places[0][0].region == (75.0, 85.0)


@pytest.mark.parametrize(("way", "least"), [("rules", 0.6), ("fused", 0.7)])
def test_held_out_phrasings(way: Way, least: float) -> None:
    some = [u for u in build_utterances() if u.held_out][::6]
    whole = [score(u, understand_by(u.words, u.history, way=way)).whole for u in some]
    assert sum(whole) / len(whole) >= least


def test_the_data_set_is_large_labelled_and_split_by_family() -> None:
    utterances = build_utterances()
    held_out = [u for u in utterances if u.held_out]
    assert len(utterances) >= 3000
    assert len(held_out) >= 500
    families = [part for u in utterances if not u.held_out for part in u.family.split("+")]
    trained = {family.split(".")[-1] for family in families}
    assert not trained & HELD_OUT_FAMILIES


def test_same_wish_accepts_problem_or_aspect_with_direction() -> None:
    dull = Intent(kind="fix", problem="dull", aspect="brightness", change="fix")
    assert same_wish(dull, Intent(kind="fix", aspect="brightness", change="more"))
    assert not same_wish(dull, Intent(kind="fix", aspect="brightness", change="less"))


def test_history_gives_short_answers_their_meaning() -> None:
    history = (Turn(role="user", text="make it brighter"), Turn(role="assistant", text="Done."))
    (again,) = understand("the same for the chorus", history).intents
    assert (again.kind, again.problem, again.section) == ("fix", "dull", "chorus")
    (also,) = understand("and the bass", history).intents
    assert (also.kind, also.problem) == ("fix", "thin")


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        (
            "it sounds like it was recorded in a church and the vocals are buried",
            ["reverb", "vocals_buried"],
        ),
        (
            "it sounds like we played in a swimming pool and the vocals are buried",
            ["reverb", "vocals_buried"],
        ),
        ("it's thin, like a tin can, no weight at all", ["thin"]),
    ],
)
def test_and_with_a_subject_of_its_own_brings_another_wish(words: str, problems: list[str]) -> None:
    assert [intent.problem for intent in understand(words).intents] == problems


@pytest.mark.parametrize(
    ("words", "region"),
    [
        ("1:11 pop", (66.0, 76.0)),
        ("seventy seconds in, hiss", (65.0, 75.0)),
        ("after the first minute it is boxy", (60.0, None)),
        ("remove the hum from 2 to 3 minutes", (120.0, 180.0)),
        ("the last minute and a half is muddy", (-90.0, None)),
        ("20 seconds before the end it hisses", (-20.0, None)),
    ],
)
def test_times_at_the_start_and_units_that_are_lent(
    words: str, region: tuple[float, float | None]
) -> None:
    (intent,) = fixes(words)
    assert intent.region == region


@pytest.mark.parametrize(
    ("words", "sections"),
    [
        ("intro is hissy", ["intro"]),
        ("guitar solo sounds harsh", ["solo"]),
        ("intro louder, drop narrower", ["intro", "drop"]),
        ("intro: remove the hiss. outro: less bass.", ["intro", "outro"]),
        ("drop the bass a bit", [None]),
    ],
)
def test_a_part_named_first_needs_no_article(words: str, sections: list[str | None]) -> None:
    assert [intent.section for intent in fixes(words)] == sections


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        ("de-ess, de-hum", ["sibilant", "hum"]),
        ("vocals up and bass down", ["vocals_buried", "boomy"]),
        ("more reverb, less esses, vocals up a touch", ["too_dry", "sibilant", "vocals_buried"]),
        ("a hair wider, a hair warmer, much louder", ["narrow", "cold", "too_quiet"]),
    ],
)
def test_short_orders_in_a_list_are_all_kept(words: str, problems: list[str]) -> None:
    assert [intent.problem for intent in fixes(words)] == problems


def test_amounts_in_a_list_stay_with_their_own_wish() -> None:
    strengths = [i.strength for i in fixes("a hair wider, a hair warmer, much louder")]
    assert strengths == pytest.approx([0.2, 0.2, 0.8])


def test_an_order_beside_something_to_keep_is_heard() -> None:
    kept, wish = understand("keep my vocal level, reduce harshness").intents
    assert (kept.kind, kept.aspect) == ("leave", "vocals")
    assert (wish.kind, wish.problem) == ("fix", "harsh")
