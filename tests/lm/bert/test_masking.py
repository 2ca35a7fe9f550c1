"""Choosing and corrupting tokens: shares within their sampling error, borders of words, agreement with transformers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.bert.masking import (
    POSITIONS_AT_ONCE,
    Action,
    choose_spans,
    choose_tokens,
    choose_whole_words,
    corrupt_tokens,
    draws_over_epochs,
    mask_tokens,
)

IDS = np.array([101, *range(110, 236), 102])
SPECIAL = np.isin(IDS, (101, 102))
OPTIONS = {"mask_token_id": 103, "vocab_size": 8192, "first_random_id": 104}
# [CLS] one two-piece word, a word, a three-piece word, a word [SEP] a word [SEP]
WORDS = [None, 0, 0, 1, 2, 2, 2, 3, None, 4, None]


def within(count: int, total: int, share: float) -> bool:
    """Whether a count lies within five standard deviations of its binomial mean (1 in 1.7 million by chance)."""
    return abs(count - total * share) <= 5 * np.sqrt(total * share * (1 - share))


def test_shares_over_ten_thousand_draws() -> None:
    masked = mask_tokens(IDS, SPECIAL, seed=0, num_draws=10_000, **OPTIONS)
    ordinary = 10_000 * 126
    chosen = int(masked.chosen.sum())
    assert within(chosen, ordinary, 0.15)
    assert within(masked.count(Action.MASKED), chosen, 0.8)
    assert within(masked.count(Action.RANDOM), chosen, 0.1)
    assert within(masked.count(Action.KEPT), chosen, 0.1)
    # of all tokens: 12%, 1.5%, 1.5%
    assert within(masked.count(Action.MASKED), ordinary, 0.12)
    assert within(masked.count(Action.KEPT), ordinary, 0.015)
    assert not masked.chosen[:, SPECIAL].any()


@given(
    rate=st.floats(0, 1),
    split=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(0, 40),
)
def test_every_position_is_what_its_action_says(
    rate: float, split: list[float], seed: int, length: int
) -> None:
    ids = np.arange(length) % 5 + 100
    special = ids == 101
    masked = mask_tokens(
        ids, special, seed=seed, mlm_probability=rate, mask_replace_prob=split[0], random_replace_prob=split[1] - split[0], **OPTIONS
    )  # fmt: skip
    action = masked.actions
    assert (masked.labels == np.where(action == Action.NOT_CHOSEN, -100, ids)).all()
    untouched = (action == Action.NOT_CHOSEN) | (action == Action.KEPT)
    assert (masked.input_ids[untouched] == ids[untouched]).all()
    assert (masked.input_ids[action == Action.MASKED] == 103).all()
    random_ids = masked.input_ids[action == Action.RANDOM]
    assert ((random_ids >= 104) & (random_ids < 8192)).all()
    assert not masked.chosen[special].any()


def test_random_tokens_cover_the_vocabulary_evenly() -> None:
    masked = mask_tokens(
        IDS, SPECIAL, seed=1, num_draws=2000, mlm_probability=1.0, mask_replace_prob=0.0, random_replace_prob=1.0,
        mask_token_id=103, vocab_size=120, first_random_id=104,
    )  # fmt: skip
    counts = np.bincount(masked.input_ids[:, ~SPECIAL].ravel(), minlength=120)[104:]
    assert all(within(int(count), int(counts.sum()), 1 / 16) for count in counts)


def test_same_seed_same_dice_and_another_seed_others() -> None:
    first, again, other = (mask_tokens(IDS, SPECIAL, seed=seed, **OPTIONS).input_ids for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()


def test_a_batch_equals_shape_and_each_row_has_its_own_dice() -> None:
    batch = np.tile(IDS, (8, 1))
    masked = mask_tokens(batch, np.tile(SPECIAL, (8, 1)), seed=0, **OPTIONS)
    assert masked.input_ids.shape == masked.labels.shape == (8, 128)
    assert len({row.tobytes() for row in masked.actions}) == 8


def test_labels_and_input_are_what_the_library_would_give_for_the_same_choice() -> None:
    """DataCollatorForLanguageModeling on the same text: -100 off the choice, the same three cases on it."""
    torch = pytest.importorskip("torch")
    from transformers import BertTokenizerFast, DataCollatorForLanguageModeling

    vocab = {
        token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"])
    }
    tokenizer = BertTokenizerFast(vocab=vocab)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.5, seed=1)
    ids = np.array([2, *([5, 6, 7, 8, 9, 10] * 40), 3])
    out = collator([{"input_ids": ids.tolist()}])
    theirs, labels = out["input_ids"][0].numpy(), out["labels"][0].numpy()
    chosen = labels != -100
    for mask_share, random_share, action in ((1.0, 0.0, 4), (0.0, 0.0, None)):
        ours = corrupt_tokens(
            ids, chosen, mask_token_id=4, vocab_size=15, mask_replace_prob=mask_share, random_replace_prob=random_share, seed=0
        )  # fmt: skip
        assert (ours.labels == labels).all()
        same_case = chosen & (theirs == 4) if action == 4 else chosen & (theirs == ids)
        assert (ours.input_ids[same_case | ~chosen] == theirs[same_case | ~chosen]).all()
    assert torch.is_tensor(out["labels"])


def test_whole_words_are_chosen_whole() -> None:
    chosen = choose_whole_words(WORDS, 0.4, seed=0, num_draws=4000)
    for word in range(5):
        tokens = [i for i, owner in enumerate(WORDS) if owner == word]
        assert (chosen[:, tokens] == chosen[:, tokens[:1]]).all()
        assert within(int(chosen[:, tokens[0]].sum()), 4000, 0.4)
    assert not chosen[:, [0, 8, 10]].any()


def test_spans_are_whole_neighbouring_words_within_the_budget() -> None:
    words = [None, *np.repeat(np.arange(60), 2).tolist(), None]
    chosen, span_ids = choose_spans(words, 0.15, seed=0, num_draws=200)
    assert (chosen == (span_ids >= 0)).all()
    assert not chosen[:, [0, -1]].any()
    assert (chosen.sum(1) <= 18).all()  # 15% of 120 tokens
    assert chosen.sum(1).mean() > 16  # and nearly used up
    for draw in span_ids:
        for span in range(draw.max() + 1):
            positions = np.flatnonzero(draw == span)
            assert (np.diff(positions) == 1).all()
            assert positions[0] % 2 == 1  # words begin at odd positions here
            assert len(positions) % 2 == 0


def test_span_lengths_are_geometric_and_cut_at_ten() -> None:
    """Mean length 3.8 words, as SpanBERT says (section 3.1)."""
    words = list(range(400))
    lengths = []
    for seed in range(60):
        _, span_ids = choose_spans(words, 0.15, seed=seed)
        lengths += np.bincount(span_ids[span_ids >= 0])[
            :4
        ].tolist()  # the first ones, before space runs short
    assert max(lengths) <= 10
    assert np.mean(lengths) == pytest.approx(3.8, abs=5 * 2.6 / np.sqrt(len(lengths)))


def test_one_die_for_a_whole_span() -> None:
    words = list(range(100))
    chosen, span_ids = choose_spans(words, 0.3, seed=0, num_draws=50)
    masked = corrupt_tokens(np.arange(110, 210), chosen, span_ids=span_ids, seed=1, **OPTIONS)
    for draw in range(50):
        for span in range(span_ids[draw].max() + 1):
            assert len(set(masked.actions[draw, span_ids[draw] == span].tolist())) == 1
    assert len(set(masked.actions[chosen].tolist())) == 3


def test_a_die_does_not_depend_on_what_else_was_chosen() -> None:
    """More draws than are thrown in one go: raising the rate leaves the dice of the tokens chosen before alone."""
    draws = 2 * POSITIONS_AT_ONCE // len(IDS) + 3
    few = choose_tokens(SPECIAL, 0.15, seed=0, num_draws=draws)
    many = choose_tokens(SPECIAL, 0.4, seed=0, num_draws=draws)
    assert (many | ~few).all()  # the same tokens and more
    one, other = (corrupt_tokens(IDS, chosen, seed=1, **OPTIONS) for chosen in (few, many))
    assert (one.actions[few] == other.actions[few]).all()
    assert (one.labels[few] == np.broadcast_to(IDS, few.shape)[few]).all()
    spans = np.broadcast_to(np.arange(100) // 5, (draws, 100))
    whole = corrupt_tokens(np.arange(110, 210), spans >= 0, span_ids=spans, seed=1, **OPTIONS).actions
    assert (whole.reshape(draws, 20, 5) == whole[:, ::5, None]).all()
    assert len(np.unique(whole[:50])) == 3
    assert (whole != whole[:, :1]).any()  # another span, another die


def test_nothing_to_choose_and_everything_chosen() -> None:
    assert not choose_tokens(np.ones(4, bool), 1.0, seed=0).any()
    assert choose_tokens(np.zeros(4, bool), 1.0, seed=0).all()
    assert not choose_tokens(np.zeros(4, bool), 0.0, seed=0).any()
    assert choose_spans([None, None], 0.5, seed=0)[0].sum() == 0
    assert choose_spans([None, 0, None], 0.15, seed=0)[0].tolist() == [[False, True, False]]
    assert choose_whole_words([], seed=0).shape == (1, 0)


def test_static_masks_come_back_and_dynamic_ones_do_not() -> None:
    assert (
        np.bincount(draws_over_epochs(40, 10)).tolist() == [4] * 10
    )  # BERT: 40 epochs, each mask seen 4 times
    assert len(set(draws_over_epochs(40, None).tolist())) == 40
    with pytest.raises(ValueError, match="static_copies"):
        draws_over_epochs(3, 0)


@pytest.mark.parametrize(("name", "value"), [("mlm_probability", 1.5), ("mask_replace_prob", -0.1)])
def test_shares_outside_0_to_1_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        mask_tokens(IDS, SPECIAL, seed=0, **{**OPTIONS, name: value})
    with pytest.raises(ValueError, match="at most 1"):
        mask_tokens(IDS, SPECIAL, seed=0, mask_replace_prob=0.8, random_replace_prob=0.3, **OPTIONS)
