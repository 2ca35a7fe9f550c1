"""Three trainings side by side: each is the run of its referee, and every moment tells what all three would take."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.referee_race import MAX_PAIRS, MAX_WORDS, REFEREES, run_race
from components.lm.tokens.wordpiece import Symbols, train_wordpiece
from components.lm.tokens.words import InputProblem, count_words

ROOT = Path(__file__).parents[3]
COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


def facts(name: str) -> list[dict[str, str]]:
    with (ROOT / "assets" / "facts" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("marking", ["plain", "continuation"])
def test_each_lane_is_its_referee(marking: Symbols) -> None:
    race = run_race(COURSE, 10, marking=marking, probe="lowest")
    assert tuple(lane.referee for lane in race.lanes) == REFEREES
    for lane in race.lanes:
        alone = train_wordpiece(COURSE, 10, referee=lane.referee, marking=marking)
        assert lane.trace.merges == alone.merges
        assert len(lane.moments) == 11
        for number, moment in enumerate(lane.moments):
            cut = [" ".join(word) for word in alone.word_symbols(number)]
            assert [" ".join(word.symbols) for word in moment.words] == cut
            if moment.next_step is not None:
                assert moment.winners[lane.referee] == moment.next_step.pair == moment.pairs[0].pair
            assert moment.corpus_tokens == alone.curve.corpus_tokens[number]


def test_the_lane_of_count_is_bpe() -> None:
    race = run_race(COURSE, 10)
    assert race.lane("count").trace.merges == train_bpe(COURSE, 10).merges


def test_the_probe_is_cut_as_in_the_fact_table() -> None:
    wanted = {
        (row["variant"], row["word"]): row["longest_match_tokens_after_10_merges"]
        for row in facts("wordpiece_encode.csv")
    }
    names = {
        ("plain", "score"): "plain symbols, score",
        ("continuation", "score"): "## continuation symbols, score",
        ("plain", "gain"): "plain symbols, unigram log-likelihood gain",
        ("continuation", "gain"): "## continuation symbols, unigram log-likelihood gain",
    }
    for (marking, referee), name in names.items():
        for word in ("lowest", "newer"):
            race = run_race(COURSE, 10, marking=marking, probe=word)  # type: ignore[arg-type]
            assert " ".join(race.lane(referee).moments[10].probe) == wanted[name, word]  # type: ignore[arg-type]


def test_winners_are_on_the_board_and_long_texts_stay_small() -> None:
    text = (ROOT / "assets" / "samples" / "tale_en.txt").read_text(encoding="utf-8")
    race = run_race(count_words(text, lowercase=True), 30)
    for lane in race.lanes:
        for moment in lane.moments:
            listed = [row.pair for row in moment.pairs]
            assert set(moment.winners.values()) <= set(listed)
            assert len(set(listed)) == len(listed) <= MAX_PAIRS + 2
            assert len(moment.words) <= MAX_WORDS


def test_hugging_faces_wordpiece_trainer_merges_by_count() -> None:
    """What the page says of it: the pieces are those of BPE on ## symbols, not of score or gain."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    def pieces(vocab_size: int) -> set[str]:
        theirs = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        theirs.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        trainer = trainers.WordPieceTrainer(
            vocab_size=vocab_size, special_tokens=["[UNK]"], show_progress=False, min_frequency=1
        )
        theirs.train_from_iterator([word for word, n in COURSE.items() for _ in range(n)], trainer)
        return {name for name in theirs.get_vocab() if len(name.removeprefix("##")) > 1} - {"[UNK]"}

    alphabet = next(size for size in range(10, 40) if pieces(size + 1))
    by_count = {
        row.merged: row.count
        for row in run_race(COURSE, 1, marking="continuation").lane("count").trace.pair_scores(0)
    }
    (first,) = pieces(alphabet + 1)
    assert (
        by_count[first] == max(by_count.values()) == 9
    )  # two pairs have 9; score and gain choose wi and ##st
    lanes = {
        lane.referee: set(lane.trace.merged_symbols)
        for lane in run_race(COURSE, 10, marking="continuation").lanes
    }
    ten = pieces(alphabet + 10)
    assert ten & {"##est", "low", "newest", "widest"} == {"##est", "low", "newest", "widest"}
    assert "lower" in lanes["score"]
    assert "lower" not in ten


def test_progress_and_stop() -> None:
    told: list[float] = []
    run_race(COURSE, 10, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    stopped = run_race(COURSE, 10, should_stop=lambda: True)
    assert stopped.stopped
    assert stopped.num_moments < 10


def test_bad_input_is_told() -> None:
    with pytest.raises(InputProblem):
        run_race({}, 10)
