"""Packing loses nothing; sentence pairs are what they say they are."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from components.pretraining.corpus import CorpusError, Document
from components.pretraining.packing import (
    PackedDocuments,
    SentencePairs,
    bert_epoch,
    bert_rows,
    gpt_epoch,
    pack_documents,
    split_sentences,
)


def test_sentences_keep_every_character_but_white_space() -> None:
    text = 'He said, "Go!" Then 3.5 miles.\n\nDr. Who? (Yes.) No end…\nlast line'
    assert "".join(split_sentences(text)).replace(" ", "") == "".join(text.split())
    assert split_sentences("안녕. 잘 가! 또 봐") == ["안녕.", "잘 가!", "또 봐"]


def test_packed_tokens_are_the_documents_tokens(
    documents: list[Document], wordpiece: Tokenizer, byte_level_bpe: Tokenizer, bert_packed: PackedDocuments, gpt_packed: PackedDocuments
) -> None:  # fmt: skip
    for packed, tokenizer, start in ((bert_packed, wordpiece, []), (gpt_packed, byte_level_bpe, [0])):
        assert packed.num_documents == len(documents)
        for i, document in enumerate(documents):
            stored = packed.tokens[packed.document_offsets[i] : packed.document_offsets[i + 1]].tolist()
            assert stored == start + tokenizer.encode(document.text, add_special_tokens=False).ids


@pytest.mark.parametrize("seq_len", [16, 32, 64])
def test_a_gpt_epoch_predicts_every_token(gpt_packed: PackedDocuments, seq_len: int) -> None:
    rows = gpt_epoch(gpt_packed, seq_len, np.random.default_rng(0))
    assert rows.shape[1] == seq_len + 1
    predicted = np.bincount(rows[:, 1:].ravel(), minlength=400)
    lengths = np.diff(gpt_packed.document_offsets)
    owner = np.repeat(gpt_packed.repeats, lengths)
    expected = np.bincount(gpt_packed.tokens, weights=owner, minlength=400)
    expected[0] -= 1  # the very first token of the stream has nothing before it
    # Nothing is missing; only the last row may repeat tokens, to be full.
    assert (predicted >= expected).all()
    assert predicted.sum() - expected.sum() < seq_len


@pytest.fixture(params=[16, 32, 64])
def seq_len(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def pairs(bert_packed: PackedDocuments, seq_len: int) -> SentencePairs:
    return bert_epoch(bert_packed, seq_len, np.random.default_rng(1))


def test_a_bert_epoch_uses_every_token(bert_packed: PackedDocuments, pairs: SentencePairs) -> None:
    """Counting A always, and B where it belongs to the document, each token comes as often as its document."""
    covered = np.zeros(len(bert_packed.tokens) + 1, np.int64)
    for start, end in ((pairs.a_start, pairs.a_end), (pairs.b_start[pairs.is_next], pairs.b_end[pairs.is_next])):  # fmt: skip
        np.add.at(covered, start, 1)
        np.add.at(covered, end, -1)
    times = np.cumsum(covered)[:-1]
    expected = np.repeat(bert_packed.repeats, np.diff(bert_packed.document_offsets))
    assert (times >= expected).all()


def test_pairs_fit_and_none_is_empty(pairs: SentencePairs, seq_len: int) -> None:
    a, b = pairs.a_end - pairs.a_start, pairs.b_end - pairs.b_start
    assert a.min() >= 1
    assert b.min() >= 1
    assert (a + b + 3).max() <= seq_len


def test_true_pairs_follow_and_others_come_from_elsewhere(
    bert_packed: PackedDocuments, pairs: SentencePairs
) -> None:
    def document_of(position: np.ndarray) -> np.ndarray:
        return np.searchsorted(bert_packed.document_offsets, position, side="right") - 1

    np.testing.assert_array_equal(document_of(pairs.a_start), pairs.a_document)
    np.testing.assert_array_equal(document_of(pairs.b_end - 1), pairs.b_document)
    np.testing.assert_array_equal(document_of(pairs.a_end - 1), pairs.a_document)
    np.testing.assert_array_equal(pairs.a_end[pairs.is_next], pairs.b_start[pairs.is_next])
    assert (pairs.a_document == pairs.b_document)[pairs.is_next].all()
    assert (pairs.a_document != pairs.b_document)[~pairs.is_next].all()


def test_half_of_the_pairs_are_true(bert_packed: PackedDocuments, seq_len: int) -> None:
    flags = np.concatenate(
        [bert_epoch(bert_packed, seq_len, np.random.default_rng(seed)).is_next for seed in range(6)]
    )
    # five standard deviations of a fair coin
    assert abs(flags.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(flags))


def test_length_does_not_give_the_answer_away(bert_packed: PackedDocuments) -> None:
    pairs = bert_epoch(bert_packed, 64, np.random.default_rng(3))
    b = pairs.b_end - pairs.b_start
    # The mean lengths of B differ by less than a fifth; with B filled to the full length it was a third and more.
    assert b[~pairs.is_next].mean() == pytest.approx(b[pairs.is_next].mean(), rel=0.2)


def test_rows_are_cls_a_sep_b_sep(bert_packed: PackedDocuments, pairs: SentencePairs, seq_len: int) -> None:
    index = np.arange(min(20, len(pairs)))
    rows = bert_rows(bert_packed, pairs, index, seq_len)
    for row, k in enumerate(index):
        a = bert_packed.tokens[pairs.a_start[k] : pairs.a_end[k]].tolist()
        b = bert_packed.tokens[pairs.b_start[k] : pairs.b_end[k]].tolist()
        expected = [101, *a, 102, *b, 102]
        assert rows.input_ids[row].tolist() == expected + [0] * (seq_len - len(expected))
        assert rows.token_type_ids[row].sum() == len(b) + 1
        assert rows.special_tokens_mask[row].tolist() == [
            token in (0, 101, 102) for token in rows.input_ids[row]
        ]
        assert rows.next_sentence_label[row] == (0 if pairs.is_next[k] else 1)


def test_rows_of_one_segment_go_once_through_every_document(bert_packed: PackedDocuments) -> None:
    pairs = bert_epoch(bert_packed, 32, np.random.default_rng(0), single=True)
    covered = np.zeros(len(bert_packed.tokens) + 1, np.int64)
    np.add.at(covered, pairs.a_start, 1)
    np.add.at(covered, pairs.a_end, -1)
    expected = np.repeat(bert_packed.repeats, np.diff(bert_packed.document_offsets))
    np.testing.assert_array_equal(np.cumsum(covered)[:-1], expected)
    rows = bert_rows(bert_packed, pairs, np.arange(len(pairs)), 32)
    assert set(rows.next_sentence_label) == {-100}
    assert rows.token_type_ids.sum() == 0
    for row, k in enumerate(range(10)):
        a = bert_packed.tokens[pairs.a_start[k] : pairs.a_end[k]].tolist()
        assert rows.input_ids[row].tolist() == [101, *a, 102] + [0] * (30 - len(a))
        assert rows.special_tokens_mask[row].sum() == 32 - len(a)


def test_a_document_of_one_sentence_is_used(wordpiece: Tokenizer) -> None:
    packed = pack_documents([Document("Only one.", "x"), Document("Another. Two.", "x")], wordpiece, by_sentence=True)  # fmt: skip
    pairs = bert_epoch(packed, 32, np.random.default_rng(0))
    assert 0 in pairs.a_document
    assert not pairs.is_next[pairs.a_document == 0].any()


def test_one_document_cannot_make_pairs(wordpiece: Tokenizer) -> None:
    packed = pack_documents([Document("One. Two.", "x")], wordpiece, by_sentence=True)
    with pytest.raises(CorpusError, match="at least two documents"):
        bert_epoch(packed, 32, np.random.default_rng(0))


def test_saved_text_comes_back(bert_packed: PackedDocuments, tmp_path) -> None:  # type: ignore[no-untyped-def]
    bert_packed.save(tmp_path / "train.npz")
    again = PackedDocuments.load(tmp_path / "train.npz")
    np.testing.assert_array_equal(again.tokens, bert_packed.tokens)
    np.testing.assert_array_equal(again.sentence_offsets, bert_packed.sentence_offsets)
    (tmp_path / "train.npz").write_bytes(b"PK damaged")
    with pytest.raises(CorpusError, match="run the step 'pack' first"):
        PackedDocuments.load(tmp_path / "train.npz")
