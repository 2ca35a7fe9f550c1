"""P(W) as a product: the sum of log-probabilities is what the loss of plain transformers says."""

import math
import unicodedata

import pytest

from components.lm import checkpoints
from components.lm.start.chain import MOST_TOKENS, TooMany, chain

pytestmark = pytest.mark.skipif("pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models")  # fmt: skip
TEXT = "The little girl saw a bird in the tree."


def test_the_sum_is_the_loss() -> None:
    loaded = checkpoints.load("pocket-gpt", "generation")
    found = chain(loaded, TEXT)
    assert "".join(one.text for one in found) == TEXT
    ids = loaded.tokenizer(str(loaded.tokenizer.bos_token) + TEXT, return_tensors="pt")["input_ids"]
    loss = float(loaded.model(ids, labels=ids).loss)
    # The loss is a mean of float32 numbers.
    assert -sum(one.log_prob for one in found) / len(found) == pytest.approx(loss, rel=1e-5)
    assert all(one.log_prob <= one.best_log_prob <= 0 for one in found)


def test_a_sentence_in_another_order_is_less_likely() -> None:
    loaded = checkpoints.load("pocket-gpt", "generation")
    other = chain(loaded, "The tree saw a little girl in the bird.")
    assert sum(one.log_prob for one in other) < sum(one.log_prob for one in chain(loaded, TEXT)) - math.log(
        10
    )


@pytest.mark.parametrize(
    "text", ["안녕하세요", unicodedata.normalize("NFD", "안녕하세요"), "👩‍👩‍👧", "שלום", "<script>"]
)
def test_odd_texts(text: str) -> None:
    found = chain(checkpoints.load("pocket-gpt", "generation"), text)
    assert found
    assert all(math.isfinite(one.log_prob) for one in found)


def test_nothing_and_too_much() -> None:
    loaded = checkpoints.load("pocket-gpt", "generation")
    assert chain(loaded, "") == ()
    with pytest.raises(TooMany) as refused:
        chain(loaded, "tree " * (MOST_TOKENS + 1))
    assert refused.value.count > MOST_TOKENS
    with pytest.raises(TooMany):
        chain(loaded, "a" * 20_000)
