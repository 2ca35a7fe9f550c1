"""How far a model has moved: against a plain computation with two models, hand-made distributions, and what must hold."""

import copy
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

from components.lm.alignment import kl
from components.lm.alignment.kl import Texts
from tests.lm.conftest import build_tiny_gpt


def read(folder: Path) -> GPT2LMHeadModel:
    model: GPT2LMHeadModel = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
    return model


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[GPT2LMHeadModel, GPT2LMHeadModel]:
    folder = tmp_path_factory.mktemp("kl")
    new, old = (read(build_tiny_gpt(folder / str(seed), seed=seed)) for seed in (0, 1))
    return new, old


TEXTS = Texts(((5, 9, 20), (7,), (30, 31)), ((11, 12, 0), (13,), (14, 15, 16, 17)))


def test_exact_kl_is_that_of_a_plain_two_model_computation(
    two: tuple[GPT2LMHeadModel, GPT2LMHeadModel],
) -> None:
    """Each text alone, all positions through the whole model: Σ p (log p − log q), 1e-5."""
    new, old = two
    found = kl.distance(new, old, TEXTS, batch=2)
    for begin, text, ratios, total in zip(
        TEXTS.beginnings, TEXTS.written, found.log_ratios, found.kl, strict=True
    ):
        ids = torch.tensor([[*begin, *text]])
        with torch.no_grad():
            p, q = (m(ids).logits[0].double().log_softmax(-1) for m in (new, old))
        places = range(len(begin) - 1, len(begin) + len(text) - 1)
        by_hand = [float((p[i].exp() * (p[i] - q[i])).sum()) for i in places]
        assert total == pytest.approx(sum(by_hand), abs=1e-5)
        assert min(by_hand) > 0
        assert ratios == pytest.approx(
            [float(p[i, token] - q[i, token]) for i, token in zip(places, text, strict=True)], abs=1e-4
        )  # single precision of logits of size 10
    assert found.mean_kl == pytest.approx(sum(found.kl) / 3)


def test_a_model_is_not_away_from_itself(
    two: tuple[GPT2LMHeadModel, GPT2LMHeadModel],
) -> None:
    same = kl.distance(two[0], two[0], TEXTS)
    assert same.kl == (0, 0, 0)
    assert all(ratio == 0 for text in same.log_ratios for ratio in text)
    assert kl.distance(copy.deepcopy(two[0]), two[0], TEXTS) == same


def test_exact_kl_by_hand_and_never_negative() -> None:
    p, q = torch.tensor([[0.5, 0.5], [1.0, 0.0]]), torch.tensor([[0.25, 0.75], [0.5, 0.5]])
    found = kl.exact_kl((p + 1e-30).log(), q.log())
    assert found.tolist() == pytest.approx([0.5 * 0.6931472 + 0.5 * -0.4054651, 0.6931472], abs=1e-6)
    rows = torch.randn(200, 50, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    assert float(kl.exact_kl(rows, rows + 1e-7).min()) >= 0


def test_the_log_ratios_of_drawn_texts_have_the_kl_as_their_mean() -> None:
    """Two coins: drawn log ratios are sometimes negative, their mean is the divergence."""
    p, q = torch.tensor([0.7, 0.3]).log(), torch.tensor([0.5, 0.5]).log()
    drawn = torch.multinomial(p.exp(), 40_000, replacement=True, generator=torch.Generator().manual_seed(1))
    ratios = (p - q)[drawn]
    assert float(ratios.min()) < 0
    assert float(ratios.mean()) == pytest.approx(float(kl.exact_kl(p[None], q[None])), abs=0.01)


def test_texts_written_together_have_the_probabilities_of_texts_read_alone(
    two: tuple[GPT2LMHeadModel, GPT2LMHeadModel],
) -> None:
    """Beginnings of unlike length in one batch: with one token allowed to differ nothing but the draw decides."""
    model = two[0]
    beginnings = [(5, 9, 20, 8, 3), (7,), (30, 31)]
    with torch.no_grad():
        alone = [model(torch.tensor([b])).logits[0, -1].argmax().item() for b in beginnings]
    # Scaled so that the likeliest token is the only one that can be drawn.
    with torch.no_grad():
        weight = model.transformer.ln_f.weight.clone(), model.transformer.ln_f.bias.clone()
        model.transformer.ln_f.weight *= 1000
        model.transformer.ln_f.bias *= 1000
        texts = kl.write(
            model, beginnings, new_tokens=4, end=None, generator=torch.Generator().manual_seed(0)
        )
        for row, begin in enumerate(beginnings):
            ids = list(begin)
            for token in texts.written[row]:
                assert token == model(torch.tensor([ids])).logits[0, -1].argmax().item()
                ids.append(token)
        model.transformer.ln_f.weight.copy_(weight[0])
        model.transformer.ln_f.bias.copy_(weight[1])
    assert [text[0] for text in texts.written] == alone


def test_a_text_ends_at_its_end_and_the_same_seed_writes_the_same(
    two: tuple[GPT2LMHeadModel, GPT2LMHeadModel],
) -> None:
    model = two[0]
    beginnings = [(5, 9), (7,), (30, 31, 40)] * 8

    def written(seed: int) -> Texts:
        return kl.write(
            model, beginnings, new_tokens=30, end=0, generator=torch.Generator().manual_seed(seed)
        )

    texts = written(3)
    assert texts == written(3) != written(4)
    for text in texts.written:
        assert 0 not in text[:-1]
        assert len(text) == 30 or text[-1] == 0


@pytest.mark.parametrize("texts", [(((),), ((1,),)), (((1,),), ((),)), (((1,), (2,)), ((1,),))])
def test_texts_without_a_token_are_refused(texts: tuple[tuple[tuple[int, ...], ...], ...]) -> None:
    with pytest.raises(ValueError, match="beginning"):
        Texts(*texts)


def test_the_cut_of_texts_is_that_of_the_written_tokens() -> None:
    values = torch.arange(8)
    assert [one.tolist() for one in kl.by_text(values, TEXTS)] == [[0, 1, 2], [3], [4, 5, 6, 7]]


def test_nothing_of_the_folder_is_needed(tmp_path: Path) -> None:
    """A text that is one token long has one place, whatever stands before it."""
    model = read(build_tiny_gpt(tmp_path / "tiny", seed=2))
    rows = kl.log_distributions(model, Texts(((4, 5, 6),), ((9,),)))
    with torch.no_grad():
        plain = model(torch.tensor([[4, 5, 6]])).logits[0, -1].log_softmax(-1)
    assert rows.shape == (1, model.config.vocab_size)
    assert torch.allclose(rows[0], plain, atol=1e-5)
