"""ELECTRA: a drawn original is an original, the losses on a case by hand, no gradient through the draw, and how judges are scored."""

import math

import numpy as np
import pytest
import torch

from components.lm.bert.electra import (
    BERT,
    DISCRIMINATOR_WEIGHT,
    FOLDER,
    auc,
    auc_interval,
    corrupt,
    discriminator_of,
    draw,
    draw_round,
    hits,
    load_discriminator,
    load_generator,
    losses,
    measured,
    suspicions,
)
from components.lm.checkpoints import BUNDLED_FOLDER
from components.lm.transformer.model_size import fact_rows


def test_a_drawn_original_counts_as_original() -> None:
    """Section 2 of the paper, and the usual slip: what is compared are tokens, not places."""
    text = torch.tensor([[5, 6, 7, 8], [5, 6, 7, 8]])
    chosen = torch.tensor([[False, True, True, False], [True, False, False, False]])
    found = corrupt(text, chosen, torch.tensor([6, 9, 3]))
    assert found.input_ids.tolist() == [[5, 6, 9, 8], [3, 6, 7, 8]]
    assert found.replaced.tolist() == [[False, False, True, False], [True, False, False, False]]
    assert text.tolist() == [[5, 6, 7, 8], [5, 6, 7, 8]]


def test_losses_by_hand() -> None:
    """Two words at the generator's hidden place with odds 3 to 1; three judged places, one of them a fake."""
    generator = torch.tensor([[math.log(3.0), 0.0]])
    judged = torch.tensor([[0.0, math.log(3.0), -math.log(4.0), 99.0]])
    replaced = torch.tensor([[False, True, False, True]])
    counts = torch.tensor([[True, True, True, False]])
    found = losses(generator, torch.tensor([1]), judged, replaced, counts)
    assert found.generator.item() == pytest.approx(math.log(4.0))
    by_hand = (math.log(2.0) + math.log(4.0 / 3.0) + math.log(5.0 / 4.0)) / 3
    assert found.discriminator.item() == pytest.approx(by_hand)
    assert found.total.item() == pytest.approx(math.log(4.0) + 50 * by_hand)


def test_the_weight_is_the_papers() -> None:
    row = next(row for row in fact_rows("electra_facts") if row["item"] == "lambda (discriminator weight)")
    assert float(row["value"]) == DISCRIMINATOR_WEIGHT


@pytest.mark.parametrize("weight", [0.0, 1.0, 50.0])
def test_no_gradient_from_the_discriminator_to_the_generator(weight: float) -> None:
    """The generator's gradient is that of its own loss, whatever λ is; the discriminator's grows with λ."""
    torch.manual_seed(0)
    table = torch.nn.Parameter(torch.randn(4, 6))
    text, chosen = torch.randint(0, 6, (2, 5)), torch.zeros(2, 5, dtype=torch.bool)
    chosen[:, 1:3] = True
    given = corrupt(text, chosen, draw(table, torch.Generator().manual_seed(1)))
    judge = torch.nn.Parameter(torch.randn(6))
    found = losses(table, text[chosen], judge[given.input_ids], given.replaced, torch.ones_like(chosen), weight)  # fmt: skip
    found.total.backward()
    alone = table.detach().clone().requires_grad_()
    torch.nn.functional.cross_entropy(alone, text[chosen]).backward()
    torch.testing.assert_close(table.grad, alone.grad)
    (own,) = torch.autograd.grad(
        losses(table.detach(), text[chosen], judge[given.input_ids], given.replaced, torch.ones_like(chosen), 1.0).discriminator,
        judge,
    )  # fmt: skip
    torch.testing.assert_close(judge.grad, weight * own)


def test_draws_follow_the_distribution_and_the_seed() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]])).repeat(20_000, 1)
    drawn = draw(logits, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=3) / len(drawn)
    # five standard deviations of the largest share
    assert torch.allclose(shares, torch.tensor([0.7, 0.2, 0.1]), atol=5 * math.sqrt(0.21 / 20_000))
    assert torch.equal(drawn, draw(logits, torch.Generator().manual_seed(0)))
    cold = draw(logits, torch.Generator().manual_seed(0), temperature=0.1)
    assert (cold == 0).float().mean() > 0.99


def test_auc_by_hand_and_against_all_pairs() -> None:
    assert auc([3.0, 2.0, 1.0], [True, False, False]) == 1.0
    assert auc([1.0, 2.0, 3.0], [True, False, False]) == 0.0
    assert auc([1.0, 1.0, 1.0], [True, False, False]) == 0.5
    rng = np.random.default_rng(0)
    scores, fake = rng.integers(0, 7, 60).astype(float), rng.random(60) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[fake] for b in scores[~fake]]
    assert auc(scores, fake) == pytest.approx(np.mean(pairs))
    assert math.isnan(auc([1.0], [True]))


def test_the_interval_holds_the_value_and_shrinks() -> None:
    rng = np.random.default_rng(1)

    def texts(n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        fakes = [rng.random(20) < 0.2 for _ in range(n)]
        return [f + rng.normal(0, 1.5, 20) for f in fakes], fakes

    few, many = auc_interval(*texts(20)), auc_interval(*texts(400))
    for value, low, high in (few, many):
        assert low < value < high
    assert many[2] - many[1] < few[2] - few[1]


def test_hits_are_among_the_k_most_suspicious() -> None:
    assert hits([0.9, 0.8, 0.1, 0.7], [True, False, False, True]) == 1
    assert hits([0.9, 0.8, 0.1, 0.95], [True, False, False, True]) == 2
    assert hits([0.5, 0.5, 0.5], [False, False, True]) == 0  # of equals the earlier one
    assert hits([0.5], [False]) == 0


def test_a_discriminator_begins_as_the_bert() -> None:
    """Same numbers after the last layer, to float32's rounding: the architectures differ in their heads only."""
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(0)
    config = BertConfig(vocab_size=90, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=20)  # fmt: skip
    bert = BertForPreTraining(config).eval()
    model = discriminator_of(bert).eval()
    ids = torch.randint(0, 90, (2, 12))
    kinds = torch.zeros_like(ids)
    kinds[:, 6:] = 1
    with torch.inference_mode():
        mine = model.electra(input_ids=ids, token_type_ids=kinds).last_hidden_state
        theirs = bert.bert(input_ids=ids, token_type_ids=kinds).last_hidden_state
        assert model(input_ids=ids).logits.shape == (2, 12)
    torch.testing.assert_close(mine, theirs)


SHIPPED = BUNDLED_FOLDER / FOLDER


@pytest.mark.skipif(not SHIPPED.exists(), reason="nano-electra is not in assets/models")
def test_nano_electra_loads_in_plain_transformers_and_says_the_same() -> None:
    from transformers import AutoTokenizer, ElectraForPreTraining

    plain = ElectraForPreTraining.from_pretrained(SHIPPED, dtype=torch.float32, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED, local_files_only=True)
    given = tokenizer("The old woman opened the door and when a dog.", return_tensors="pt")
    with torch.inference_mode():
        theirs = plain(**given).logits[0].sigmoid().numpy()
    # eager against fused attention in float32
    np.testing.assert_allclose(
        suspicions(load_discriminator(), given["input_ids"][0].numpy()), theirs, atol=1e-5
    )


@pytest.mark.skipif(not SHIPPED.exists(), reason="nano-electra is not in assets/models")
def test_what_was_measured_reaches_what_was_asked() -> None:
    found = measured()
    assert found["started"]["random"]["discriminator"]["auc"][1] >= 0.85
    assert found["started"]["generator"]["discriminator"]["auc"][1] >= 0.68
    last = found["scratch"]["history"][-1]
    assert last["recall"] == 0.0
    assert last["accuracy"] == pytest.approx(last["originals"], abs=0.005)


def test_a_round_hides_what_it_says_and_replaces_only_that() -> None:
    from components.lm.bert.mlm import read_text
    from components.lm.checkpoints import load

    text = read_text(load(BERT, "masked_prediction"), "The old woman opened the door and saw a small dog.")
    for fakes in ("generator", "random"):
        one = draw_round(load_generator(), text, seed=3, fakes=fakes, rate=0.4)  # type: ignore[arg-type]
        changed = {int(i) for i in np.flatnonzero(one.given != text.input_ids)}
        assert changed == {place.position for place in one.places if place.replaced}
        assert changed == {int(i) for i in np.flatnonzero(one.replaced)}
        assert all(not text.special[place.position] for place in one.places)
        for place in one.places:
            assert [c.prob for c in place.candidates] == sorted(
                (c.prob for c in place.candidates), reverse=True
            )
    here = one.places[0].position
    same = draw_round(load_generator(), text, seed=3, rate=0.4, put={here: int(text.input_ids[here])})
    assert here not in np.flatnonzero(same.replaced)
