"""The labelled sentences: balanced, split without overlap, and generated without a word of the test in training."""

import random
from collections import Counter

import pytest

from components.lm.fine_tuning.samples import FEELINGS, read_feelings, reads_as_well, swap_two
from components.lm.fine_tuning.scores import f1, wilson
from components.lm.fine_tuning.sentences import (
    TAGS,
    TEMPLATES,
    Side,
    exchanged,
    fill,
    first_tags,
    generate,
    joined,
    written_tags,
)
from components.lm.fine_tuning.stories import (
    first_replies,
    first_stories,
    replies,
    stories,
    written_replies,
    written_stories,
)
from components.lm.fine_tuning.transfer import SEEDS, sentences, swap_pairs, written_pairs
from tests.lm.fine_tuning.labelled import labelled_words


def test_the_feelings_are_balanced_and_written_once() -> None:
    rows = read_feelings()
    assert len({text.lower() for text, _ in rows}) == len(rows) == 200
    assert {label: sum(own == label for _, own in rows) for label in FEELINGS} == {"sad": 100, "happy": 100}
    assert not any(word in text.lower().split() for text, _ in rows for word in FEELINGS)


def test_as_many_are_written_by_hand_as_is_said() -> None:
    tags, told, pairs = written_tags(), written_stories(), written_replies()
    assert (len(tags), len(told), len(pairs)) == (150, 100, 100)
    assert len({s.text.lower() for s in tags}) == 150
    assert len({(s.text, s.question) for s in told}) == 100
    assert len({(p.question, p.reply) for p in pairs}) == 100
    assert {tag for s in tags for tag in s.tags} == set(TAGS)


def test_fifty_of_each_to_learn_from_are_written_by_hand() -> None:
    tags, told, pairs = first_tags(), first_stories(), first_replies()
    assert len({s.text.lower() for s in tags}) == len(tags) == 50
    assert len({s.text for s in told}) == len(told) == 50
    assert len({(p.question, p.reply) for p in pairs}) == len(pairs) == 50
    tagged = Counter(tag for s in tags for tag in s.tags if tag != "O")
    assert min(tagged[tag] for tag in TAGS[1:]) >= 20
    for story in told:
        assert story.answer in story.text


def test_the_words_before_do_not_give_the_tag_away() -> None:
    """Of the first fifty: behind the commonest words stand persons, animals, places and words without a tag in turns."""
    behind: dict[str, Counter[str]] = {}
    for sentence in first_tags():
        words = [word.lower() for word in sentence.words]
        for i in range(1, len(words)):
            for begin in (i - 1, i - 2):
                before = " ".join(words[max(begin, 0) : i])
                behind.setdefault(before, Counter())[sentence.tags[i]] += begin >= 0
    for before in ("the", "a", "my", "saw a", "is a", "of the", "to the"):
        assert set(behind[before]) == set(TAGS), before
        assert all(
            2 * count <= behind[before].total() for count in (behind[before][tag] for tag in TAGS[1:])
        ), before
    for where in (0, -2):  # the first word, and the last before the mark
        found = Counter(sentence.tags[where] for sentence in first_tags())
        assert found["O"] >= max(found[tag] for tag in TAGS[1:]), where


def test_neither_a_question_nor_a_reply_gives_the_label_away() -> None:
    pairs = first_replies()
    for part in ("question", "reply"):
        found = Counter((getattr(p, part), p.answers) for p in pairs)
        assert len(found) == 50, part


@pytest.mark.parametrize("side", ["train", "test"])
def test_the_generators_make_no_doubtful_label(side: Side) -> None:
    """What was wrong in the first fifty of each task: who plays somewhere went nowhere, "tomorrow" is no answer to "did"."""
    for story in stories(side, 400, 0):
        assert not ("was playing" in story.text and story.question.endswith(" go?")), story
    for pair in replies(side, 400, 0):
        if pair.answers:
            assert not (pair.question.startswith("When did") and pair.reply == "Tomorrow."), pair
            assert not (pair.question.startswith("When will") and pair.reply == "Yesterday."), pair
            assert not (pair.question.endswith(" go?") and pair.reply.startswith("It was")), pair
        elif pair.question.startswith("What"):
            assert not any(name in pair.reply for name in ("My friend", "It is", " did."))


def test_an_exchange_that_reads_as_well_is_known() -> None:
    said = ['"', "Where", "is", "my", "cup", "?", '"', "asked", "Kate", "."]
    assert reads_as_well(said, ['"', "Where", "is", "my", "cup", "?", '"', "Kate", "asked", "."])
    assert not reads_as_well(said, ['"', "Where", "my", "is", "cup", "?", '"', "asked", "Kate", "."])
    goose = ["The", "goose", "and", "the", "hen", "shared", "a", "pie", "."]
    assert reads_as_well(goose, ["The", "hen", "and", "the", "goose", "shared", "a", "pie", "."])
    assert reads_as_well(goose, ["The", "goose", "and", "a", "hen", "shared", "the", "pie", "."])
    turtle = ["A", "friendly", "turtle", "came", "out", "of", "the", "mill", "."]
    mill = ["A", "friendly", "mill", "came", "out", "of", "the", "turtle", "."]
    assert reads_as_well(turtle, mill, [word in ("turtle", "mill") for word in turtle])
    assert not reads_as_well(turtle, ["A", "friendly", "came", "turtle", "out", "of", "the", "mill", "."])


def test_no_sentence_is_on_both_sides() -> None:
    for seed in SEEDS:
        train, test = sentences(seed)
        assert len(train) == 140
        assert len(test) == 60
        assert not {text for text, _ in train} & {text for text, _ in test}
    assert sentences(0)[1] != sentences(1)[1]


def test_twelve_templates_at_least_and_disjoint_words() -> None:
    assert len(TEMPLATES) >= 12
    assert not labelled_words("train") & labelled_words("test")
    for side, other in (("train", "test"), ("test", "train")):
        made = generate(side, 300, 0)  # type: ignore[arg-type]
        assert len({s.words for s in made}) == 300
        for sentence in made:
            assert len(sentence.words) == len(sentence.tags)
            assert set(sentence.tags) <= set(TAGS)
            tagged = {w.lower() for w, tag in zip(sentence.words, sentence.tags, strict=True) if tag != "O"}
            assert tagged
            assert tagged <= labelled_words(side)  # type: ignore[arg-type]
            assert not {w.lower() for w in sentence.words} & labelled_words(other)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_sentences() -> None:
    assert generate("train", 20, 3) == generate("train", 20, 3)
    assert generate("train", 20, 3) != generate("train", 20, 4)


def test_two_slots_of_a_kind_differ() -> None:
    for seed in range(40):
        made = fill("{N} and {N2} walked to the {p} .", "test", random.Random(seed))
        assert made.words[0] != made.words[2]


def test_exchanged_sentences_hold_the_same_words() -> None:
    pairs = [*swap_pairs(generate("test", 60, 0), 0), *written_pairs(60, 0)]
    for pair in pairs:
        assert pair.real != pair.swapped
        assert sorted(pair.real.lower().replace('"', " ").split()) != []
        assert sorted(pair.real) == sorted(pair.swapped) or '"' in pair.real or "," in pair.real
    with pytest.raises(ValueError, match="swap"):
        swap_two(["No", "."], random.Random(0))


def test_marks_stand_as_they_are_written() -> None:
    assert joined(["Look", ",", "a", "dog", "!"]) == "Look, a dog!"


def test_intervals_hold_the_share() -> None:
    for right in range(61):
        low, high = wilson(right, 60)
        assert 0 <= low <= right / 60 <= high <= 1
    with pytest.raises(ValueError, match="answers"):
        wilson(0, 0)


def test_f1_of_hand_made_cases() -> None:
    gold = ["O", "PERSON", "O", "PLACE"]
    assert f1(gold, gold) == 1
    assert f1(["O"] * 4, gold) == 0
    assert f1(["PERSON"] * 4, gold) == pytest.approx(2 / 6, abs=1e-4)
    assert f1(["O"], ["O"]) == 0


def test_exchanged_words_keep_their_places_and_lose_their_kind() -> None:
    sentences_ = written_tags()
    made = exchanged(sentences_, 0)
    kinds = {
        word: tag for one in sentences_ for word, tag in zip(one.words, one.tags, strict=True) if tag != "O"
    }
    for one, other in zip(sentences_, made, strict=True):
        assert other.tags == one.tags
        for word, new, tag in zip(one.words, other.words, one.tags, strict=True):
            assert word == new if tag == "O" else kinds[new] != tag
    assert made != exchanged(sentences_, 1)
