"""WordPiece: the fact tables, each referee against its own definition counted naively, and BERT's tokenizer."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.tokenizer_files import read_tokenizer
from components.lm.tokens.wordpiece import (
    PREFIX,
    Referee,
    Symbols,
    WordPieceModel,
    WordPieceTrace,
    WordPieceTrainer,
    first_pieces,
    join_symbols,
    train_wordpiece,
)
from components.lm.tokens.words import InputProblem, count_words
from tests.lm.tokens.bpe_reference import count_pairs, english_like
from tests.lm.tokens.released_vocabularies import FOLDER, needs_vocabularies

FACTS = Path(__file__).parents[3] / "assets" / "facts"
COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
VARIANTS = {
    "plain symbols, score": ("plain", "score"),
    "## continuation symbols, score": ("continuation", "score"),
    "plain symbols, unigram log-likelihood gain": ("plain", "gain"),
    "## continuation symbols, unigram log-likelihood gain": ("continuation", "gain"),
}


def rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def traces() -> dict[str, WordPieceTrace]:
    return {
        name: train_wordpiece(COURSE, 10, referee=referee, marking=marking)
        for name, (marking, referee) in VARIANTS.items()
    }


# The fact tables


@pytest.mark.parametrize(
    "row", rows("wordpiece_merges.csv"), ids=lambda row: f"{row['variant']} {row['step']}"
)
def test_every_step_of_the_variants(traces: dict[str, WordPieceTrace], row: dict[str, str]) -> None:
    trace, number = traces[row["variant"]], int(row["step"])
    step = trace.step(number)
    assert (step.pair, step.merged) == ((row["left"], row["right"]), row["merged"])
    counts = (step.count, step.left_count, step.right_count)
    assert counts == (int(row["pair_count"]), int(row["left_count"]), int(row["right_count"]))
    # The file gives six decimals.
    assert step.value == pytest.approx(float(row["criterion_value"]), abs=5.1e-7)
    assert step.num_tied == int(row["n_tied"])
    shown = ["low_x5", "lower_x2", "newest_x6", "widest_x3"]
    assert [" ".join(word) for word in trace.word_symbols(number)] == [row[name] for name in shown]
    rank = {"score": "rank_by_score", "gain": "rank_by_gain"}[trace.referee]
    best = [pair for pair in trace.pair_scores(number - 1) if getattr(pair, rank) == 1]
    assert ["+".join(pair.pair) for pair in best] == row["tied_pairs"].split()
    assert [pair.chosen for pair in best] == [True] + [False] * (len(best) - 1)


@pytest.mark.parametrize("row", rows("wordpiece_first_step.csv"), ids=lambda row: row["left"] + row["right"])
def test_the_first_board(traces: dict[str, WordPieceTrace], row: dict[str, str]) -> None:
    (pair,) = [
        pair
        for pair in traces["plain symbols, score"].pair_scores(0)
        if pair.pair == (row["left"], row["right"])
    ]
    counts = (pair.count, pair.left_count, pair.right_count)
    assert counts == (int(row["pair_count"]), int(row["left_count"]), int(row["right_count"]))
    assert pair.score == pytest.approx(float(row["score_pair_over_product"]), abs=5.1e-7)
    assert pair.gain == pytest.approx(float(row["unigram_loglik_gain_nats"]), abs=5.1e-5)  # four decimals
    assert pair.rank_by_count == int(row["rank_by_count_BPE"])
    assert pair.rank_by_score == int(row["rank_by_score"])
    assert pair.rank_by_gain == int(row["rank_by_loglik_gain"])


@pytest.mark.parametrize(
    "row", rows("wordpiece_encode.csv"), ids=lambda row: f"{row['variant']} {row['word']}"
)
def test_encoding(traces: dict[str, WordPieceTrace], row: dict[str, str]) -> None:
    trace = traces[row["variant"]]
    encoded = trace.model().encode_word(row["word"])
    assert " ".join(encoded.tokens) == row["longest_match_tokens_after_10_merges"]
    assert trace.model().pieces(row["word"]) == encoded.tokens
    assert len(trace.alphabet) == int(row["alphabet_size"])
    assert len(trace.vocabulary(10)) == trace.curve.vocab_size[10] == int(row["vocab_size"])


def test_three_referees_disagree_at_the_first_step(traces: dict[str, WordPieceTrace]) -> None:
    for trace in traces.values():
        winners = trace.view(0).winners
        plain = trace.marking == "plain"
        expected = ("es", "id", "st") if plain else ("##es", "wi", "##st")
        names = [winners[referee].merged for referee in ("count", "score", "gain")]  # type: ignore[union-attr]
        assert tuple(names) == expected
    view = traces["plain symbols, score"].view(0)
    assert [pair.rank_by_score for pair in view.pairs] == sorted(pair.rank_by_score for pair in view.pairs)
    assert view.next_step is not None
    assert view.pairs[0].pair == view.next_step.pair


# Each referee, counted naively


def join_word(word: list[str], pair: tuple[str, str], marking: Symbols) -> list[str]:
    done: list[str] = []
    index = 0
    while index < len(word):
        if tuple(word[index : index + 2]) == pair:
            done.append(join_symbols(*pair, marking))
            index += 2
        else:
            done.append(word[index])
            index += 1
    return done


def count_symbols(words: list[list[str]], counts: list[int]) -> Counter[str]:
    symbols: Counter[str] = Counter()
    for word, count in zip(words, counts, strict=True):
        for symbol in word:
            symbols[symbol] += count
    return symbols


def log_likelihood(words: list[list[str]], counts: list[int]) -> float:
    symbols = count_symbols(words, counts)
    total = sum(symbols.values())
    return math.fsum(n * math.log(n / total) for n in symbols.values())


def naive_values(
    words: list[list[str]], counts: list[int], referee: Referee, marking: Symbols
) -> dict[tuple[str, str], float]:
    """What a referee gives every pair, in the order met; the gain is found by doing the merge."""
    pairs, symbols = count_pairs(words, counts), count_symbols(words, counts)
    if referee == "count":
        return {pair: float(count) for pair, count in pairs.items()}
    if referee == "score":
        return {
            (left, right): count / (symbols[left] * symbols[right]) for (left, right), count in pairs.items()
        }
    before = log_likelihood(words, counts)
    return {
        pair: log_likelihood([join_word(word, pair, marking) for word in words], counts) - before
        for pair in pairs
    }


def naive_wordpiece(
    table: dict[str, int], num_merges: int, referee: Referee, marking: Symbols
) -> list[tuple[str, str]]:
    """Count everything again at every step."""
    words = [list(first_pieces(word, marking)) for word in table]
    counts = list(table.values())
    merges: list[tuple[str, str]] = []
    for _ in range(num_merges):
        values = naive_values(words, counts, referee, marking)
        best = max(values.values(), default=-math.inf)
        if best == -math.inf or (referee == "gain" and best <= 1e-9):
            break
        # Gains are differences of two sums of some hundreds: equal ones agree to about 1e-12.
        pair = next(pair for pair, value in values.items() if value >= best - 1e-9)
        words = [join_word(word, pair, marking) for word in words]
        merges.append(pair)
    return merges


_words = st.dictionaries(
    st.text(alphabet="ab", min_size=1, max_size=7) | st.text(alphabet="abcd가", min_size=1, max_size=6),
    st.integers(1, 4),
    min_size=1,
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(
    words=_words,
    referee=st.sampled_from(["count", "score", "gain"]),
    marking=st.sampled_from(["plain", "continuation"]),
)
@example(words={"aaaaa": 2, "aa": 1}, referee="gain", marking="plain")
@example(words={"aababb": 1}, referee="gain", marking="plain")  # the first gain is 0, in floats 9e-16
def test_same_as_counting_everything_again(words: dict[str, int], referee: Referee, marking: Symbols) -> None:
    trace = train_wordpiece(words, 30, referee=referee, marking=marking)
    naive = naive_wordpiece(words, 30, referee, marking)
    assert [step.pair for step in trace.steps()] == naive
    for moment in range(trace.num_steps):
        chosen = [pair for pair in trace.pair_scores(moment) if pair.chosen]
        step = trace.step(moment + 1)
        (pair,) = chosen
        value = {"count": pair.count, "score": pair.score, "gain": pair.gain}[referee]
        assert value == pytest.approx(step.value, rel=1e-9, abs=1e-9)
        assert (pair.count, pair.left_count, pair.right_count) == (
            step.count,
            step.left_count,
            step.right_count,
        )


def test_the_referee_count_is_bpe() -> None:
    table = count_words(english_like(20_000))
    assert train_wordpiece(table, 200, referee="count").merges == train_bpe(table, 200).merges


def test_the_library_trainer_is_bpe_with_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page says: `tokenizers`' WordPieceTrainer merges by count, not by score."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(vocab_size=24, show_progress=False, special_tokens=["[UNK]"])
    tokenizer.train_from_iterator([word for word, n in COURSE.items() for _ in range(n)], trainer)
    learned = set(tokenizer.get_vocab())
    assert "##es" in learned or "##st" in learned  # the most frequent pairs, 9 times each
    assert "wi" not in learned  # what the score takes first


def test_long_training_can_report_and_stop() -> None:
    table = count_words(english_like(20_000))
    trainer = WordPieceTrainer(table, 200, "gain", "continuation")
    seen: list[int] = []
    trace = trainer.run(lambda now: seen.append(now.merges), lambda: len(seen) == 2, every=10)
    assert (seen, trace.num_steps, trace.stop_reason) == ([10, 20], 20, "stopped")
    assert trainer.run().num_steps == 200
    assert len(list(WordPieceTrainer(COURSE, 10))) == 10


def test_training_stops_when_nothing_is_gained() -> None:
    # Every pair is as frequent as its letters make it by chance, so joining one only costs.
    trace = train_wordpiece({"ab": 1, "ba": 1, "aa": 1, "bb": 1}, 50, referee="gain")
    assert (trace.num_steps, trace.stop_reason) == (0, "no_gain")
    assert all(pair.gain < 0 for pair in trace.pair_scores(0))
    assert train_wordpiece(COURSE, 50).stop_reason == "no_pairs"


@pytest.mark.parametrize(
    ("words", "merges", "code"),
    [
        ({}, 1, "empty_table"),
        ({"a": 0}, 1, "zero_count"),
        ({"a": -2}, 1, "negative_count"),
        ({"": 1}, 1, "missing_word"),
        ({"a": 1}, -1, "bad_setting"),
    ],
)
def test_bad_input_is_refused_with_a_reason(words: dict[str, int], merges: int, code: str) -> None:
    with pytest.raises(InputProblem) as refused:
        train_wordpiece(words, merges)
    assert refused.value.code == code


def test_one_letter() -> None:
    trace = train_wordpiece({"a": 3}, 5)
    assert (trace.num_steps, trace.stop_reason) == (0, "no_pairs")
    view = trace.view(0)
    assert (view.pairs, view.winners) == ((), {"count": None, "score": None, "gain": None})


# Encoding


def test_failure_makes_the_whole_word_unknown() -> None:
    model = train_wordpiece(COURSE, 10, marking="continuation").model()
    encoded = model.encode_word("lowfast")
    assert encoded.tokens == ("[UNK]",)
    assert (encoded.failure, encoded.failed_at) == ("no_piece_fits", 3)
    assert encoded.steps[0].piece == "low"
    assert encoded.steps[0].tried[:2] == ("lowfast", "lowfas")
    assert encoded.steps[1].tried == ("##fast", "##fas", "##fa", "##f")
    assert encoded.steps[1].piece is None
    assert model.pieces("lowfast") == ("[UNK]",)
    assert model.encode_word("l" * 101).failure == "too_long"
    assert model.pieces("l" * 101) == ("[UNK]",)
    assert model.encode_word("").tokens == ()


def test_a_vocabulary_needs_its_unknown_token() -> None:
    with pytest.raises(ValueError, match=r"\[UNK\]"):
        WordPieceModel({"a": 0})


def test_marks_go_in_front_of_continuing_pieces() -> None:
    """Erratum E08: ##, not c## o##."""
    assert first_pieces("con", "continuation") == ("c", "##o", "##n")
    assert join_symbols("c", "##o", "continuation") == "co"
    assert join_symbols("a", PREFIX + "b", "plain") == "a##b"


# BERT's released vocabulary


@needs_vocabularies
@pytest.mark.parametrize("row", rows("tokenizer_examples.csv"), ids=lambda row: row["text"])
def test_the_course_printout(row: dict[str, str]) -> None:
    text, _, pair = row["text"].partition(" ||| ")
    text, _, padded = text.partition(" (padded to ")
    called = read_tokenizer(FOLDER / "bert-base-uncased").call(text, pair or None)
    padding = max(0, int(padded.rstrip(")") or 0) - len(called.tokens))
    assert " ".join([*called.tokens, *["[PAD]"] * padding]) == row["tokens"]
    for name in ("input_ids", "token_type_ids", "attention_mask"):
        assert " ".join(map(str, [*getattr(called, name), *[0] * padding])) == row[name]


@needs_vocabularies
def test_special_tokens_have_the_ids_of_the_table() -> None:
    pieces = (FOLDER / "bert-base-uncased" / "vocab.txt").read_text(encoding="utf-8").split("\n")
    for row in rows("special_tokens.csv"):
        assert pieces.index(row["token"]) == int(row["id"])
