"""Probes through a training: the shipped snapshots, what readers type, and what guessing gives."""

import json
import math
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.gpt.decoding import SamplingSettings
from components.lm.training.cloze import BLANK, ClozeProbe, load_probes, score_probe
from components.lm.training.learning import (
    Learned,
    UnusableProbe,
    as_json,
    from_json,
    gain,
    guess_band,
    learn,
    load_snapshots,
    moments,
    read_probe,
    shares,
    word_pieces,
    write_on,
)

torch = pytest.importorskip("torch")
NAMES = [name for name in ("nano-bert", "nano-gpt") if name in checkpoints.store().bundled_names()]
PROBE = load_probes()[0]
LONG = ClozeProbe("own", "word " * 200 + BLANK, ("a", "b"))
shipped = pytest.mark.skipif(len(NAMES) < 2, reason="the nano models are not in assets/models")


@shipped
@pytest.mark.parametrize("name", NAMES)
def test_moments_begin_before_training_and_go_on(name: str) -> None:
    found = moments(name)
    assert (found[0].step, found[0].tokens) == (0, 0)
    for one, next_one in pairwise(found):
        assert one.step < next_one.step
        assert one.tokens < next_one.tokens
    assert found[-1].loss < found[0].loss


@shipped
def test_a_model_without_snapshots_has_no_moments() -> None:
    assert moments("pocket-transformer") == ()


@shipped
@pytest.mark.parametrize("name", NAMES)
def test_the_last_snapshot_is_the_shipped_model(name: str) -> None:
    loaded, snapshots = checkpoints.load(name), load_snapshots(name)
    last, first = (snapshots.models[i].model.state_dict() for i in (-1, 0))
    for key, value in loaded.model.state_dict().items():
        assert torch.equal(last[key], value), key
    assert any(not torch.equal(first[key], last[key]) for key in last)
    found = learn(snapshots, PROBE)
    assert found.logprobs[-1] == score_probe(loaded, PROBE).logprobs
    assert len(found.logprobs) == len(moments(name))


@shipped
@pytest.mark.parametrize("name", NAMES)
def test_results_are_those_of_the_training(name: str) -> None:
    """snapshots.json was written while training, in half precision: one probe of a kind may fall the other way."""
    store = checkpoints.store()
    path = store.folder(store.parse_name(name)) / "snapshots" / "snapshots.json"
    snapshots = load_snapshots(name)
    probes = [probe for probe in load_probes() if probe.kind == "syntax"]
    found = [learn(snapshots, probe) for probe in probes]
    for moment, kept in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        right = sum(one.correct(moment) for one in found)
        assert abs(right - kept["cloze"]["syntax"]["correct"]) <= 1


@shipped
def test_the_greedy_text_is_that_of_transformers() -> None:
    snapshots = load_snapshots("nano-gpt")
    ids = snapshots.models[0].tokenizer("The king", return_tensors="pt")
    with torch.inference_mode():
        out = snapshots.models[-1].model.generate(**ids, do_sample=False, max_new_tokens=12, pad_token_id=0)
    theirs = snapshots.models[0].tokenizer.decode(
        out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True
    )
    ours = write_on(snapshots, "The king", SamplingSettings(False), 12)
    assert ours[-1] == theirs
    assert len(ours) == len(snapshots.moments)
    assert len(set(ours)) > 1


@shipped
@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_longer_than_the_context_is_refused(name: str) -> None:
    with pytest.raises(UnusableProbe) as refused:
        learn(load_snapshots(name), LONG)
    assert refused.value.code == "too_long"
    assert refused.value.slots["limit"] == checkpoints.card(name).max_positions
    assert refused.value.slots["tokens"] > 200


@shipped
def test_pieces_are_the_tokens_that_are_scored() -> None:
    """GPT reads a word with the space before it, BERT fills in the word alone."""
    bert, gpt = (checkpoints.load(name) for name in ("nano-bert", "nano-gpt"))
    for probe in load_probes():
        space = "" if probe.sentence.startswith(BLANK) else " "
        for word in probe.candidates:
            pieces = word_pieces(gpt, probe, word)
            assert "".join(pieces) == space + word
            whole = gpt.tokenizer.tokenize(probe.filled(word))
            assert len(pieces) < len(whole)
            assert (
                "".join(piece.removeprefix("##") for piece in word_pieces(bert, probe, word)) == word.lower()
            )
    start = ClozeProbe("own", f'"{BLANK}" he said', ("Yes", "No"))
    assert "".join(word_pieces(gpt, start, "Yes")) == "Yes"


@shipped
@pytest.mark.parametrize("word", ["안녕하세요", "👩‍👩‍👧", "שלום", "<script>"])
def test_any_script_gets_numbers(word: str) -> None:
    for name in NAMES:
        found = learn(load_snapshots(name), ClozeProbe("own", f"I said {BLANK}.", (word, "yes")))
        assert all(math.isfinite(x) for row in found.logprobs for x in row)


def test_json_brings_a_probe_back() -> None:
    found = from_json(PROBE, {"pieces": [["a"], ["b", "c"]], "logprobs": [[-1.0, -2.0], [-3.0, -2.5]]})
    assert (found.correct(0), found.correct(1)) == (True, False)
    assert found.choice(1) == PROBE.candidates[1]
    assert from_json(PROBE, json.loads(json.dumps(as_json(found)))) == found


def test_a_tie_is_not_right() -> None:
    assert not from_json(PROBE, {"pieces": [["a"], ["b"]], "logprobs": [[-1.0, -1.0]]}).correct(0)


@pytest.mark.parametrize(
    ("sentence", "words", "code"),
    [
        ("", "a, b", "empty"),
        ("  \n ", "a, b", "empty"),
        ("no blank", "a, b", "no_blank"),
        ("one _ only", "a, b", "no_blank"),
        ("two ___ and ___", "a, b", "many_blanks"),
        ("a ___", "", "few_words"),
        ("a ___", "a, a", "few_words"),
        ("a ___", "a b c d e", "many_words"),
        ("a ___", "a, " + "b" * 41, "long_word"),
    ],
)
def test_what_cannot_be_asked_is_refused(sentence: str, words: str, code: str) -> None:
    with pytest.raises(UnusableProbe) as refused:
        read_probe(sentence, words)
    assert refused.value.code == code


def test_a_typed_probe_is_read() -> None:
    assert read_probe(" I  put ____ fork ", "the, of the, ") == ClozeProbe(
        "own", f"I put {BLANK} fork", ("the", "of the")
    )
    assert read_probe("__ sat", "He She").candidates == ("He", "She")


@given(st.text(), st.text())
def test_nothing_typed_breaks_it(sentence: str, words: str) -> None:
    for text in (sentence, f"{sentence}___"):
        try:
            probe = read_probe(text, words)
        except UnusableProbe:
            continue
        assert probe.sentence.count(BLANK) == 1
        assert 2 <= len(set(probe.candidates)) == len(probe.candidates) <= 4


@given(st.lists(st.floats(-500, 0), min_size=2, max_size=4))
def test_shares_are_probabilities_in_the_same_order(logprobs: list[float]) -> None:
    found = shares(logprobs)
    assert sum(found) == pytest.approx(1)
    assert all((a >= b) == (p >= q) or p == q for a, p in zip(logprobs, found, strict=True) for b, q in zip(logprobs, found, strict=True))  # fmt: skip


@pytest.mark.parametrize(
    "chances", [(0.5,) * 10, (0.5,) * 5, (1 / 3,) * 10, (0.5, 1 / 3, 0.5, 0.25, 1 / 3), (0.5,)]
)
def test_the_band_of_guessing_against_every_outcome(chances: tuple[float, ...]) -> None:
    exact = [0.0] * (len(chances) + 1)
    for outcome in product((0, 1), repeat=len(chances)):
        exact[sum(outcome)] += math.prod(p if won else 1 - p for p, won in zip(chances, outcome, strict=True))
    low, high = guess_band(chances)
    assert sum(exact[:low]) <= 0.025
    assert sum(exact[high + 1 :]) <= 0.025
    assert sum(exact[: low + 1]) > 0.025  # no narrower band would do
    assert sum(exact[high:]) > 0.025


def test_gain_is_the_rise_of_the_margin_over_the_wrong_words() -> None:
    """Two probes: one rises by 2 nats, one by 4; a long right word that starts behind does not count."""
    probe = ClozeProbe("own", "a ___", ("one", "two", "three"))

    def asked(*rows: tuple[float, ...]) -> Learned:
        return Learned(probe, (("one",),) * 3, rows)

    level = asked((0.0, 0.0, 0.0), (2.0, 1.0, -1.0))  # margin 0, then 2
    behind = asked((-9.0, 0.0, 0.0), (-5.0, -1.0, 1.0))  # margin -9, then -5
    found = gain([level, behind], 1)
    assert found.mean == pytest.approx(3)
    assert found.error == pytest.approx(1)  # standard deviation √2 over √2
    assert found.clear
    assert gain([level, behind], 0).mean == 0
    assert not gain([level, behind], 0).clear
