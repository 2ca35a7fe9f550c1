"""A lesson must show at every moment what the trace, which recounts, shows there."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm.tokens.bpe import BpeSettings, Pair, train_bpe
from components.lm.tokens.bpe_lesson import MAX_BARS, BpeLesson, LessonTrainer, shown_symbol
from components.lm.tokens.merging import unpack

TOY = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
RULES = ["first", "smallest", "largest", "lowest_ids", "choose"]
CORPORA = st.dictionaries(st.text("abc", min_size=1, max_size=9), st.integers(1, 4), min_size=1, max_size=12)


def make(words: dict[str, int], num_merges: int, **more: Any) -> BpeLesson:
    return LessonTrainer(words, BpeSettings(num_merges, **more)).lesson()


def unpacked(lesson: BpeLesson) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Read the block as the browser does."""
    block = lesson.packed
    (length,) = struct.unpack_from("<I", block)
    head = json.loads(block[4 : 4 + length])
    arrays = {
        name: np.frombuffer(block, f"<{kind}", count, 4 + length + offset).tolist()
        for name, (kind, offset, count) in head["arrays"].items()
    }
    return head, arrays


def top_pairs(lesson: BpeLesson, moment: int) -> list[tuple[Pair, int]]:
    """The listed pairs at a moment with their counts, as the browser lists them: tied winners first, in the order of
    the rule."""
    counts: dict[int, int] = {}
    for noted in lesson.moments[: moment + 1]:
        for pair, _, now in noted.changed:
            if now:
                counts[pair] = now
            else:
                del counts[pair]
    place = {pair: order for order, (_, pair) in enumerate(lesson.moments[moment].ties)}
    ranked = sorted(
        counts.items(), key=lambda item: (-item[1], place.get(item[0], len(lesson.moments)), item[0])
    )
    symbols = lesson.trace.symbols
    return [
        ((symbols[left], symbols[right]), count)
        for (left, right), count in ((unpack(p), n) for p, n in ranked)
    ]


def cut_word(lesson: BpeLesson, word: int, moment: int) -> list[str]:
    """One word after ``moment`` merges, from its letters and its boundaries alone, as the browser cuts it."""
    log, symbols = lesson.trace.log, lesson.trace.symbols
    start, stop = int(log.word_starts[word]), int(log.word_starts[word + 1])
    parts: list[str] = []
    for place in range(start, stop):
        letter = symbols[int(log.initial_symbols[place])]
        if place > start and 0 < int(lesson.removed_by[place]) <= moment:
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def test_the_course_first() -> None:
    lesson = make(TOY, 10)
    assert " ".join(lesson.trace.merged_symbols) == "es est lo low ne new newest wi wid widest"
    assert [noted.num_tied for noted in lesson.moments] == [2, 1, 2, 1, 3, 2, 1, 3, 2, 1, 2]
    assert [noted.num_pairs for noted in lesson.moments][:2] == [11, 11]
    assert cut_word(lesson, 3, 10) == ["widest"]


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=60, deadline=None)
@given(words=CORPORA, mark=st.sampled_from([None, "</w>"]))
def test_every_moment_is_what_recounting_gives(rule: str, words: dict[str, int], mark: str | None) -> None:
    lesson = make(words, 30, tie_rule=rule, end_of_word=mark)
    trace = lesson.trace
    assert trace.merges == train_bpe(words, 30, tie_rule=rule, end_of_word=mark).merges  # type: ignore[arg-type]
    assert len(lesson.moments) == trace.num_steps + 1
    for moment in range(trace.num_steps + 1):
        counted = {pair.pair: pair.count for pair in trace.pair_counts(moment)}
        listed = top_pairs(lesson, moment)
        assert len(listed) == min(len(counted), MAX_BARS)
        assert sorted(counted.values(), reverse=True)[:MAX_BARS] == [count for _, count in listed]
        assert all(counted[pair] == count for pair, count in listed)
        assert lesson.moments[moment].num_pairs == len(counted)
        tied = {pair.pair for pair in trace.pair_counts(moment) if pair.tied}
        assert lesson.moments[moment].num_tied == len(tied)
        if moment < trace.num_steps:
            assert listed[0][0] == trace.merges[moment]
        for word in trace.word_states(moment):
            assert cut_word(lesson, word.index, moment) == list(word.symbols)


def test_the_list_stays_right_when_more_pairs_come_near_the_top_than_it_holds() -> None:
    rng = np.random.default_rng(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = {"".join(rng.choice(list(letters), 6)): int(rng.integers(1, 60)) for _ in range(400)}
    lesson = make(words, 300)
    for moment in (0, 1, 50, 137, 300):
        counts = sorted((pair.count for pair in lesson.trace.pair_counts(moment)), reverse=True)
        assert [count for _, count in top_pairs(lesson, moment)] == counts[:MAX_BARS]


def test_a_pick_leads_the_list_also_when_many_pairs_are_tied() -> None:
    words = {a + b: 1 for a in "abcdefgh" for b in "stuvwxyz"}
    lesson = make(words, 1, choices=((1, ("h", "z")),))
    assert lesson.trace.merges == (("h", "z"),)
    assert top_pairs(lesson, 0)[0] == (("h", "z"), 1)
    assert lesson.moments[0].num_tied == 64


def test_waiting_for_a_choice_lists_the_ties() -> None:
    lesson = make(TOY, 10, tie_rule="choose", wait_for_choice=True)
    head, arrays = unpacked(lesson)
    assert (head["stop_reason"], len(arrays["merged"])) == ("choice_needed", 0)
    assert [pair for pair, _ in top_pairs(lesson, 0)[:2]] == [("e", "s"), ("s", "t")]


@settings(max_examples=40, deadline=None)
@given(words=CORPORA)
def test_the_block_holds_the_run(words: dict[str, int]) -> None:
    lesson = make(words, 20, end_of_word="</w>")
    trace = lesson.trace
    head, arrays = unpacked(lesson)
    symbols = head["symbols"]
    assert [symbols[merged] for merged in arrays["merged"]] == list(trace.merged_symbols)
    assert [(symbols[a], symbols[b]) for a, b in zip(arrays["left"], arrays["right"], strict=True)] == list(
        trace.merges
    )
    assert arrays["tokens"] == list(trace.curve.corpus_tokens)
    assert arrays["vocab"] == list(trace.curve.vocab_size)
    # Differences run in both directions: apply all, then take all back.
    shown: dict[int, float] = {}
    for pair, before, now in zip(
        arrays["changed_pair"], arrays["changed_before"], arrays["changed_now"], strict=True
    ):
        assert shown.pop(pair, 0) == before
        if now:
            shown[pair] = now
    for pair, before, now in reversed(
        list(zip(arrays["changed_pair"], arrays["changed_before"], arrays["changed_now"], strict=True))
    ):
        assert shown.pop(pair, 0) == now
        if before:
            shown[pair] = before
    assert not shown


def test_the_evidence_of_the_rule_first_is_the_word_in_which_the_pair_is_met() -> None:
    head, arrays = unpacked(make(TOY, 10))
    words = []
    for at in range(10):
        if arrays["num_tied"][at] > 1:
            place = int(arrays["tie_words"][int(arrays["tie_starts"][at])])
            start, stop = (int(arrays["word_starts"][place + i]) for i in (0, 1))
            words.append("".join(head["symbols"][int(letter)] for letter in arrays["letters"][start:stop]))
    assert words == ["newest", "low", "newest", "newest", "widest", "widest"]


def test_a_large_table_sends_the_frequent_words_and_examples_of_each_step() -> None:
    words = {
        f"{a}{b}{c}": 100 - i
        for i, (a, b, c) in enumerate((a, b, c) for a in "abcd" for b in "xyz" for c in "pqrs")
    }
    lesson = make(words, 12)
    head, arrays = unpacked(lesson)
    assert (head["lasting"], head["num_words"]) == (30, 48)
    for step, (shown, total) in enumerate(lesson.examples, start=1):
        changed = lesson.trace.changed_words(step)
        assert total == len(changed)
        assert list(shown) == sorted(changed, key=lambda word: (-lesson.trace.counts[word], word))[:6]
    assert max(arrays["example_words"]) < len(arrays["word_counts"])


def test_nothing_to_merge() -> None:
    lesson = make({"a": 3}, 5)
    assert top_pairs(lesson, 0) == []
    assert unpacked(lesson)[0]["stop_reason"] == "no_pairs"


def test_what_cannot_be_seen_is_named() -> None:
    assert shown_symbol("e") == "e"
    assert shown_symbol("\u1112\u1161</w>") == "하</w>"
    assert shown_symbol("</w>") == "</w>"
    assert shown_symbol("\ufe0f") == "VS16"
