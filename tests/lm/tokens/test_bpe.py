"""BPE: the course's ten merges, then invariants against a naive trainer, then the reference library."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from components.lm.tokens.bpe import (
    BpeSettings,
    BpeTrace,
    BpeTrainer,
    first_symbols,
    join_pair,
    train_bpe,
)
from components.lm.tokens.words import (
    InputProblem,
    check_word_table,
    count_words,
    decode_text,
    readable_jamo,
    split_words,
    to_letters,
)
from tests.lm.tokens.bpe_reference import count_pairs, english_like, korean_like, naive_bpe

FACTS = Path(__file__).parents[3] / "assets" / "facts"
SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def course() -> BpeTrace:
    return train_bpe(COURSE, 10)


# The course's example


@pytest.mark.parametrize("row", rows("bpe_merges.csv"), ids=lambda row: row["step"])
def test_every_step_of_the_course(course: BpeTrace, row: dict[str, str]) -> None:
    moment = int(row["step"])
    shown = ["low_x5", "lower_x2", "newest_x6", "widest_x3"]
    assert [" ".join(word) for word in course.word_symbols(moment)] == [row[name] for name in shown]
    assert [" ".join(state.symbols) for state in course.word_states(moment)] == [row[name] for name in shown]
    assert " ".join(course.vocabulary(moment)) == row["vocabulary"]
    assert course.curve.vocab_size[moment] == int(row["vocab_size"])
    assert course.curve.corpus_tokens[moment] == int(row["corpus_tokens"])
    assert course.curve.tokens_per_word[moment] == int(row["corpus_tokens"]) / 16
    if moment:
        step = course.step(moment)
        assert step.pair == (row["left"], row["right"])
        assert step.merged == row["merged"]
        assert step.count == step.joined == int(row["pair_count"])
        assert step.num_tied == int(row["n_tied"])
        assert step.decided_by == ("count" if step.num_tied == 1 else "first")
        tied = ["+".join(pair.pair) for pair in course.ties(moment)]
        assert tied == row["tied_pairs"].split()
        assert (step.vocab_size, step.corpus_tokens) == (int(row["vocab_size"]), int(row["corpus_tokens"]))
        assert not step.overlap


@pytest.mark.parametrize("merge", range(1, 12))
def test_every_pair_count_of_the_course(merge: int) -> None:
    trace = train_bpe(COURSE, 11)
    counted = trace.pair_counts(merge - 1)
    expected = [row for row in rows("bpe_pair_counts.csv") if row["before_merge"] == str(merge)]
    found = {
        (pair.pair, pair.count, pair.order_met, "1" if pair.tied else "0", "1" if pair.chosen else "0")
        for pair in counted
    }
    assert found == {
        (
            (row["left"], row["right"]),
            int(row["count"]),
            int(row["order_met"]),
            row["tied_for_max"],
            # The file stops before merge 11 and marks no winner there; ours is the first of its two.
            row["chosen"] if merge < 11 else ("1" if row["order_met"] == "1" else "0"),
        )
        for row in expected
    }
    assert [pair.order_met for pair in counted] == list(range(1, len(expected) + 1))


TIE_ROWS = [
    ("first pair met (scan", "first"),
    ("lexicographically smallest", "smallest"),
    ("lexicographically largest", "largest"),
    ("lowest pair of token ids", "lowest_ids"),
]


@pytest.mark.parametrize(("begins", "rule"), TIE_ROWS, ids=[rule for _, rule in TIE_ROWS])
@pytest.mark.parametrize("marked", [False, True], ids=["no mark", "mark"])
def test_tie_rules(begins: str, rule: str, marked: bool) -> None:
    (row,) = [
        row
        for row in rows("bpe_tiebreaks.csv")
        if row["tie_break_rule"].startswith(begins) and (row["end_of_word_marker"] != "none") == marked
    ]
    place = "suffix" if row["end_of_word_marker"].startswith("</w> as suffix") else "symbol"
    mark = "</w>" if marked else None
    trace = train_bpe(COURSE, 10, tie_rule=rule, end_of_word=mark, end_mark_place=place)
    assert " ".join(trace.merged_symbols) == row["ten_merges"]
    assert " ".join(trace.model().encode_word("lowest").tokens) == row["lowest_encoded_as"]


def test_course_order_holds_for_every_order_of_the_words(course: BpeTrace) -> None:
    for order in itertools.permutations(COURSE.items()):
        assert train_bpe(dict(order), 10).merged_symbols == course.merged_symbols


@pytest.mark.parametrize("row", rows("bpe_encode.csv"), ids=lambda row: row["word"])
def test_encoding(course: BpeTrace, row: dict[str, str]) -> None:
    encoded = course.model().encode_word(row["word"])
    assert " -> ".join(" ".join(state) for state in encoded.states) == row["trace"]
    assert " ".join(encoded.tokens) == row["tokens_after_10_merges"]
    assert len(encoded.tokens) == int(row["n_tokens"])
    assert encoded.in_training_words == (row["in_training_words"] == "yes")
    assert "".join(letter.letter for letter in encoded.unknown) == row["symbols_not_in_alphabet"]
    ranks = [step.rank for step in encoded.steps]
    assert ranks == sorted(ranks)
    for step in encoded.steps:
        for place in step.places:
            assert step.before[place : place + 2] == step.pair
        for place in step.new_places:
            assert step.after[place] == step.merged


def test_unknown_letters_are_marked_with_the_reason(course: BpeTrace) -> None:
    encoded = course.model().encode_word("fast")
    assert encoded.tokens == encoded.start == ("[UNK]", "[UNK]", "s", "t")
    assert encoded.texts[:2] == ("f", "a")
    assert [(letter.index, letter.letter, letter.reason) for letter in encoded.unknown] == [
        (0, "f", "not_in_alphabet"),
        (1, "a", "not_in_alphabet"),
    ]
    assert encoded.token_ids[:2] == (None, None)


def test_a_letter_that_never_ends_a_word_has_its_own_reason() -> None:
    model = train_bpe({"low": 2}, 1, end_of_word="</w>", end_mark_place="suffix").model()
    (unknown,) = model.encode_word("lo").unknown
    assert (unknown.letter, unknown.reason) == ("o", "never_ends_a_word")


def test_end_of_word_mark_keeps_a_word_and_a_beginning_apart() -> None:
    trace = train_bpe(COURSE, 10, end_of_word="</w>")
    assert "low</w>" in trace.vocabulary(10)
    assert trace.model().encode_word("low").tokens == ("low</w>",)
    assert trace.model().encode_word("lower").tokens[0] == "low"
    assert first_symbols("low", "</w>", "suffix") == ("l", "o", "w</w>")


# What a page shows


def test_the_pair_about_to_merge_is_marked_and_the_last_merge_too(course: BpeTrace) -> None:
    low, lower, newest, widest = course.word_states(1)
    assert newest.symbols == ("n", "e", "w", "es", "t")
    assert newest.merging == (3,)
    assert newest.merged == (3,)
    assert widest.merging == (3,)
    assert low.merging == lower.merging == ()
    assert course.word_states(10)[3].merged == (0,)
    assert course.word_states(10)[3].merging == ()


# Choosing at ties


def test_another_choice_at_a_tie_keeps_the_rule_and_the_first_run(course: BpeTrace) -> None:
    other = train_bpe(COURSE, 10, choices={1: ("s", "t")})
    assert other.merged_symbols[0] == "st"
    assert other.step(1).decided_by == "choice"
    assert course.merged_symbols[0] == "es"
    twice = train_bpe(COURSE, 10, choices={1: ("s", "t"), 2: other.ties(2)[-1].pair})
    assert twice.merges[0] == ("s", "t")
    assert dict(twice.settings.choices).keys() == {1, 2}
    assert train_bpe(COURSE, 10, choices={5: ("e", "w")}).merges[:4] == course.merges[:4]
    largest = train_bpe(COURSE, 10, tie_rule="largest", choices={1: ("e", "s")})
    assert largest.settings.tie_rule == "largest"
    assert largest.merges[0] == ("e", "s")
    assert train_bpe(COURSE, 10, tie_rule="largest").merges[0] == ("s", "t")


def test_a_choice_that_is_not_tied_is_refused() -> None:
    with pytest.raises(InputProblem) as refused:
        train_bpe(COURSE, 10, choices={1: ("l", "o")})
    assert refused.value.code == "choice_not_tied"
    assert refused.value.params == {"step": 1, "left": "l", "right": "o"}


def test_choose_can_wait_at_the_first_tie() -> None:
    waiting = train_bpe(COURSE, 10, tie_rule="choose", wait_for_choice=True)
    assert (waiting.num_steps, waiting.stop_reason) == (0, "choice_needed")
    assert waiting.waiting == (("e", "s"), ("s", "t"))
    more = train_bpe(COURSE, 10, tie_rule="choose", wait_for_choice=True, choices={1: ("s", "t")})
    assert more.merges[0] == ("s", "t")
    assert train_bpe(COURSE, 10, tie_rule="choose").merges == train_bpe(COURSE, 10).merges


# Overlaps


def test_overlaps_merge_from_left_to_right_and_say_so() -> None:
    trace = train_bpe({"aaa": 2}, 2)
    step = trace.step(1)
    assert (step.count, step.joined, step.overlap) == (4, 2, True)
    assert trace.word_symbols(1) == (("aa", "a"),)
    assert not trace.step(2).overlap
    assert join_pair(list("aaaa"), ("a", "a"))[0] == ["aa", "aa"]


# Against the naive trainer

_words = st.dictionaries(
    st.text(alphabet="ab", min_size=1, max_size=9) | st.text(alphabet="abcd가é", min_size=1, max_size=7),
    st.integers(1, 4),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    words=_words,
    rule=st.sampled_from(["first", "smallest", "largest", "lowest_ids"]),
    mark=st.sampled_from([None, "</w>"]),
)
@example(words={"aaaaaaa": 1, "aaab": 2}, rule="first", mark=None)
@example(words={"a" * 29: 1, "b" + "a" * 14: 2, "aab" * 5: 1}, rule="first", mark=None)
@example(words={"abab": 1, "baba": 1}, rule="largest", mark="</w>")
def test_same_as_counting_everything_again(words: dict[str, int], rule: str, mark: str | None) -> None:
    trace = train_bpe(words, 60, tie_rule=rule, end_of_word=mark)
    naive = naive_bpe(words, 60, rule, mark)
    assert trace.merges == tuple(step.pair for step in naive)
    assert trace.stop_reason == ("no_pairs" if len(naive) < 60 else "all_merges")
    for number, expected in enumerate(naive, start=1):
        step = trace.step(number)
        assert (step.count, step.joined) == (expected.count, expected.joined)
        assert step.num_tied == len(expected.tied)
        assert {pair.pair for pair in trace.ties(number)} == expected.tied
        counted = trace.pair_counts(number - 1)
        assert [(pair.pair, pair.count) for pair in counted] == list(expected.counts.items())
        assert [list(word) for word in trace.word_symbols(number)] == expected.words
    # No string is made twice, so ids follow the merges.
    assert len(set(trace.symbols)) == len(trace.symbols)
    assert trace.log.new_symbols.tolist() == list(range(len(trace.alphabet), len(trace.symbols)))
    # Encoding a training word gives what training made of it.
    model = trace.model()
    for word, symbols in zip(trace.words, trace.word_symbols(trace.num_steps), strict=True):
        assert model.encode_word(word).tokens == symbols


@settings(max_examples=50, deadline=None)
@given(words=_words, moment=st.integers(0, 60))
def test_counts_of_any_moment_are_those_of_its_words(words: dict[str, int], moment: int) -> None:
    trace = train_bpe(words, 60)
    moment = min(moment, trace.num_steps)
    symbols = [list(word) for word in trace.word_symbols(moment)]
    counted = count_pairs(symbols, list(trace.counts))
    assert {pair.pair: pair.count for pair in trace.pair_counts(moment)} == counted
    tokens = sum(len(word) * count for word, count in zip(symbols, trace.counts, strict=True))
    assert trace.curve.corpus_tokens[moment] == tokens
    known = set(itertools.chain.from_iterable(words)) | set(trace.merged_symbols[:moment])
    assert set(trace.vocabulary(moment)) == known
    assert trace.curve.vocab_size[moment] == len(known)


# Against Hugging Face tokenizers


@pytest.mark.parametrize("make", [english_like, korean_like], ids=["english", "korean"])
def test_same_merges_as_hugging_face(make, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    text = make(200_000)
    assert len(text.encode()) >= 200_000
    table = count_words(text, max_bytes=None)
    trace = train_bpe(table, 1000, tie_rule="lowest_ids")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=len(trace.symbols), show_progress=False)
    # The same words on both sides: pre-tokenization is not what is compared here.
    running = itertools.chain.from_iterable([word] * count for word, count in table.items())
    tokenizer.train_from_iterator(running, trainer)
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    assert trace.num_steps == 1000
    assert list(trace.merges) == merges
    assert trace.token_ids == tokenizer.get_vocab()
    encoded = {word: trace.model().encode_word(word).tokens for word in list(table.words)[:300]}
    assert encoded == {word: tuple(tokenizer.encode(word).tokens) for word in encoded}


# Bad input


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ([], ["empty_table"]),
        ([(None, None), ("", "")], ["empty_table"]),
        ([("low", 5), ("lower", -2)], ["negative_count"]),
        ([("low", 0)], ["zero_count"]),
        ([("low", None)], ["missing_count"]),
        ([("low", float("nan"))], ["missing_count"]),
        ([("low", "many")], ["count_not_a_number"]),
        ([("low", float("inf"))], ["count_not_a_number"]),
        ([("low", True)], ["count_not_a_number"]),
        ([("low", 1.5)], ["count_not_whole"]),
        ([("low", 10**10)], ["count_too_large"]),
        ([("low", 1), ("low", 2)], ["duplicate_word"]),
        ([(None, 3)], ["missing_word"]),
        ([("x" * 201, 3)], ["word_too_long"]),
        ([("new york", 3)], ["word_contains_space"]),
        ([("a\x07b", 3)], ["word_contains_control"]),
        ([("a\ud800", 3)], ["lone_surrogate"]),
        ([("a", -1), ("a", "x")], ["negative_count", "count_not_a_number", "duplicate_word"]),
        ([(f"w{n}", 1) for n in range(2001)], ["too_many_rows"]),
    ],
)
def test_bad_tables_are_refused_with_a_reason(table: list[tuple[object, object]], codes: list[str]) -> None:
    with pytest.raises(InputProblem) as refused:
        check_word_table(table)
    assert [problem.code for problem in refused.value.problems] == codes


def test_good_tables_are_read_as_typed() -> None:
    table = check_word_table([(" low ", "5"), (None, None), ("lower", 2.0), (7, 1)])
    assert table.items() == (("low", 5), ("lower", 2), ("7", 1))
    assert table.num_words == 8


def test_text_that_is_too_large_not_utf8_or_empty() -> None:
    for call, code in [
        (lambda: count_words("x" * 200_001), "text_too_large"),
        (lambda: decode_text(b"x" * 200_001), "text_too_large"),
        (lambda: decode_text(b"abc\xff"), "not_utf8"),
        (lambda: count_words(" \n"), "empty_text"),
        (lambda: count_words("\x00\x01"), "empty_text"),
        (lambda: count_words("a\ud800"), "lone_surrogate"),
    ]:
        with pytest.raises(InputProblem) as refused:
            call()
        assert refused.value.code == code
    with pytest.raises(InputProblem) as refused:
        decode_text("안녕".encode("cp949"))
    assert refused.value.params == {"position": 0, "byte": "BE"}
    assert decode_text("\ufeff안녕".encode()) == "안녕"


@pytest.mark.parametrize(
    ("words", "settings_", "code"),
    [
        ({}, BpeSettings(1), "empty_table"),
        ({"a": 0}, BpeSettings(1), "zero_count"),
        ({"a": -1}, BpeSettings(1), "negative_count"),
        ({"": 1}, BpeSettings(1), "missing_word"),
        ({"a": 1}, BpeSettings(-1), "bad_setting"),
        ({"a": 1}, BpeSettings(1, min_count=0), "bad_setting"),
        ({"a": 1}, BpeSettings(1, end_of_word=""), "bad_setting"),
        ({"a": 1}, BpeSettings(1, extra_alphabet=("ab",)), "bad_setting"),
        ({"a</w>b": 1}, BpeSettings(1, end_of_word="</w>"), "word_contains_end_mark"),
    ],
)
def test_bad_runs_are_refused_with_a_reason(words: dict[str, int], settings_: BpeSettings, code: str) -> None:
    with pytest.raises(InputProblem) as refused:
        BpeTrainer(words, settings_)
    assert refused.value.code == code


def test_one_letter_gives_no_merges() -> None:
    trace = train_bpe({"a": 5}, 10)
    assert (trace.num_steps, trace.stop_reason) == (0, "no_pairs")
    assert trace.pair_counts(0) == ()
    assert trace.word_states(0)[0].symbols == ("a",)
    assert trace.steps() == ()
    assert trace.model().encode_word("a").tokens == ("a",)
    assert trace.model().encode_word("").tokens == ()


def test_200_kb_of_one_letter() -> None:
    table = count_words("a" * 200_000)
    trace = train_bpe(table, 100)
    # 200,000 = 2 to the 6th times 3,125; every merge doubles the longest symbol.
    assert trace.merged_symbols[:3] == ("aa", "aaaa", "a" * 8)
    assert trace.stop_reason == "no_pairs"
    assert trace.word_symbols(trace.num_steps) == (("a" * 200_000,),)
    assert trace.step(1).overlap


def test_mixed_scripts_control_characters_and_emoji() -> None:
    table = count_words("Low 안녕하세요 низкий 低い \x07\x00 👨‍👩‍👧 e\u0301t\u00e9 ❤️!")
    assert table.controls_removed == 2
    assert "👨‍👩‍👧" in table.words
    assert "e\u0301t\u00e9" in table.words
    assert "❤️!" in table.words
    trace = train_bpe(table, 50)
    assert {"".join(word) for word in trace.word_symbols(trace.num_steps)} == set(table.words)


def test_min_count_and_zero_merges() -> None:
    assert train_bpe(COURSE, 50, min_count=4).merged_symbols[-1] == "newest"
    assert train_bpe(COURSE, 50, min_count=4).stop_reason == "min_count"
    assert train_bpe(COURSE, 0).stop_reason == "all_merges"


# Training in the background


def test_training_can_report_and_stop() -> None:
    table = count_words(english_like(20_000))
    trainer = BpeTrainer(table, BpeSettings(300))
    seen: list[int] = []
    trace = trainer.run(lambda now: seen.append(now.merges), lambda: len(seen) == 3, every=10)
    assert seen == [10, 20, 30]
    assert (trace.num_steps, trace.stop_reason) == (30, "stopped")
    whole = train_bpe(table, 300)
    assert trace.merges == whole.merges[:30]
    assert trainer.run().merges == whole.merges
    assert len(list(BpeTrainer(COURSE, BpeSettings(10)))) == 10


def test_memory_of_the_trace_is_small() -> None:
    text = english_like(200_000)
    trace = train_bpe(count_words(text, max_bytes=None), 1000)
    assert trace.num_bytes < 10 * len(text)


# Words and letters


def test_words_are_cut_at_white_space_and_punctuation() -> None:
    text = "It's 3.5 — «안녕», e\u0301a!"
    spans = split_words(text)
    assert [span.text for span in spans] == [
        "It", "'", "s", "3", ".", "5", "—", "«", "안녕", "»,", "e\u0301a", "!",
    ]  # fmt: skip
    assert all(text[span.start : span.end] == span.text for span in spans)


def test_korean_letters() -> None:
    assert to_letters("한글 값", "jamo_compat") == "ㅎㅏㄴㄱㅡㄹ ㄱㅏㅄ"
    assert to_letters("한", "jamo") == "\u1112\u1161\u11ab"
    assert to_letters("é한", "jamo_compat") == "éㅎㅏㄴ"
    assert readable_jamo(to_letters("한글", "jamo")) == "한글"
    assert readable_jamo("\u1161\u11ab") == "ㅏㄴ"
    assert count_words("한글 한글", letter_form="jamo").items() == ((to_letters("한글", "jamo"), 2),)
    composed_and_decomposed = count_words("é e\u0301", letter_form="jamo")
    assert composed_and_decomposed.items() == (("e\u0301", 2),)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_samples_can_be_trained_on(path: Path) -> None:
    text = decode_text(path.read_bytes())
    for form in ("syllables", "jamo", "jamo_compat"):
        trace = train_bpe(count_words(text, letter_form=form), 50)
        assert trace.num_steps >= 40
        assert trace.step(1).count > 2


def test_counting_matches_a_plain_split() -> None:
    assert count_words("b a b").items() == (("b", 2), ("a", 1))
    assert count_words("B b", lowercase=True).items() == (("b", 2),)
