"""Decoding, against the reference: ``generate`` of transformers, and its attention weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.lm import checkpoints
from components.lm.checkpoints import Checkpoints, LoadedModel, Settings
from components.lm.transformer import text_to_text as t2t

TEXTS = [
    ("eng", "2021년 3월 14일"),
    ("iso", "32 march 2021"),
    ("iso", "hello"),
    ("say", "7321"),
    ("fill", "14 <X> 2021 = 2021년 3월 14일"),
    ("han", ""),
    ("num", "안녕하세요 👨‍👩‍👧 <script>"),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """A random model with weights wide enough that probabilities differ, and no two beams agree by chance."""
    import torch

    from components.pretraining import text_to_text as training
    from components.pretraining.text_to_text_data import wrap_tokenizer

    folder: Path = tmp_path_factory.mktemp("models") / "pocket-transformer"
    model = training.build_model(training.Settings(1, width=32, num_heads=2, seed=3))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2 and parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    model.save_pretrained(str(folder))
    model.generation_config.save_pretrained(str(folder))
    wrap_tokenizer(96).save_pretrained(str(folder))
    return Checkpoints(Settings(), bundled_folder=folder.parent).load("pocket-transformer", "text_to_text")


def generated(loaded: LoadedModel, task: str, text: str, num_beams: int) -> tuple[list[str], float | None]:
    """Symbols and summed log-probability as transformers has them."""
    ids = loaded.tokenizer(t2t.model_text(task, text), return_tensors="pt")
    how: dict[str, Any] = {} if num_beams == 1 else {"length_penalty": 0.0, "early_stopping": "never"}
    found = loaded.model.generate(
        **ids,
        num_beams=num_beams,
        max_length=t2t.MOST_WRITTEN,
        return_dict_in_generate=True,
        output_scores=True,
        **how,
    )
    symbols = loaded.tokenizer.convert_ids_to_tokens(found.sequences[0].tolist())[1:]
    return symbols, None if num_beams == 1 else float(found.sequences_scores[0])


@pytest.mark.parametrize("num_beams", [1, 2, 4, 6])
@pytest.mark.parametrize(("task", "text"), TEXTS)
def test_search_is_that_of_transformers(tiny: LoadedModel, task: str, text: str, num_beams: int) -> None:
    found = t2t.decode(tiny, task, text, num_beams=num_beams)
    symbols, score = generated(tiny, task, text, num_beams)
    assert list(found.written) == symbols
    if score is not None:
        # 64 symbols whose log-probabilities are summed in float32, in another order.
        assert found.log_prob == pytest.approx(score, abs=1e-3)
        assert max(h.log_prob for h in found.beams[-1]) == pytest.approx(score, abs=1e-3)
    assert len(found.beams) >= len(found.written)


def test_attention_is_the_models_own(tiny: LoadedModel) -> None:
    found = t2t.decode(tiny, "eng", "2021년 3월 14일")
    import torch

    tokens = tiny.tokenizer.convert_tokens_to_ids
    output = tiny.forward(
        input_ids=torch.tensor([tokens(list(found.source))]),
        decoder_input_ids=torch.tensor([tokens(list(found.given))]),
        output_attentions=True,
    )
    for ours, theirs in (
        (found.encoder, output.encoder_attentions),
        (found.decoder, output.decoder_attentions),
        (found.cross, output.cross_attentions),
    ):
        assert np.abs(ours - np.stack([layer[0].numpy() for layer in theirs])).max() < 1e-6
    # Float32 sums over 32 numbers, in batches of another shape.
    assert np.abs(found.logits - output.logits[0].numpy()).max() < 1e-4


def test_rows_sum_to_one_and_the_mask_hides_what_comes_later(tiny: LoadedModel) -> None:
    found = t2t.decode(tiny, "say", "7321")
    for weights in (found.encoder, found.decoder, found.cross):
        assert np.abs(weights.sum(-1) - 1).max() < 1e-5
    later = ~np.tril(np.ones((len(found.given),) * 2, bool))
    assert (found.decoder[..., later] == 0).all()
    assert np.abs(found.probs.sum(-1) - 1).max() < 1e-5
    assert found.given == ("<s>", *found.written[:-1])
    assert found.source[-1] == "</s>"


def test_one_pass_gives_what_step_by_step_gave(tiny: LoadedModel) -> None:
    """A shorter beginning gives the same rows: no place knows what follows."""
    import torch

    found = t2t.decode(tiny, "iso", "14 march 2021")
    tokens = tiny.tokenizer.convert_tokens_to_ids
    for length in (1, 3):
        output = tiny.forward(
            input_ids=torch.tensor([tokens(list(found.source))]),
            decoder_input_ids=torch.tensor([tokens(list(found.given[:length]))]),
            output_attentions=True,
        )
        assert np.abs(output.logits[0].numpy() - found.logits[:length]).max() < 1e-4
        assert np.abs(output.cross_attentions[1][0].numpy() - found.cross[1][:, :length]).max() < 1e-5


def test_without_cross_attention_the_text_does_not_matter(tiny: LoadedModel) -> None:
    one, other = (t2t.decode(tiny, "iso", text, without="cross") for text in ("14 march 2021", "7321"))
    assert one.written == other.written
    assert np.array_equal(one.logits, other.logits)
    assert one.cross.shape[0] == 0
    assert t2t.decode(tiny, "iso", "14 march 2021").written != one.written


def test_it_is_kept_exactly(tiny: LoadedModel) -> None:
    found = t2t.decode(tiny, "fill", "14 <X> 2021 = 2021년 3월 14일", num_beams=3)
    again = t2t.from_arrays(t2t.to_arrays(found))
    for name in ("encoder", "decoder", "cross", "logits"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    assert (again.source, again.given, again.written, again.vocabulary) == (
        found.source,
        found.given,
        found.written,
        found.vocabulary,
    )
    assert again.beams == found.beams
    assert found.source.count("<X>") == 1


def test_long_and_unknown_texts(tiny: LoadedModel) -> None:
    with pytest.raises(t2t.TooLong) as refused:
        t2t.decode(tiny, "iso", "1" * 20_000)
    assert (refused.value.num_symbols, refused.value.limit) == (20_006, 96)
    assert t2t.decode(tiny, "iso", "👍 7321").unknown == 1
    with pytest.raises(ValueError, match="no such task"):
        t2t.decode(tiny, "deu", "7321")


def test_other_pages_are_not_offered_it(tiny: LoadedModel) -> None:
    assert tiny.card.capabilities == ("text_to_text",)
    store = checkpoints.store()
    for need in ("attention", "generation", "masked_prediction", "next_sentence"):
        assert t2t.MODEL not in [choice.name for choice in store.choices(need)]  # type: ignore[arg-type]
