"""Every lesson's numbers in every family: those of a plain call of transformers, or a refusal that has words."""

from typing import Any

import numpy as np
import pytest

from components.lm.bert import contextual, embeddings, mlm, next_sentence
from components.lm.bert.dice import Recipe
from components.lm.checkpoints.model_card import ModelRefused
from components.lm.gpt.decoding import SamplingSettings
from components.lm.gpt.generation import GenerationError, last_attention, logit_lens
from components.lm.gpt.writing import Writing
from components.lm.reading import CannotRead, is_causal, read, separator_ids
from components.lm.training.cloze import ClozeProbe, score_probe
from components.lm.transformer import positions
from components.lm.transformer.ablation import predict
from components.lm.transformer.attention import Unreadable, attend, value_weighted
from components.lm.transformer.attention_steps import head_steps
from components.lm.transformer.head_scores import score_heads
from components.lm.transformer.word_context import NoGuess, guess_word
from tests.lm.families import BROKEN, CAUSAL, MASKED, UNSUPPORTED, Families
from tests.lm.test_reading import logits, stranger

TOLERANCE = 1e-5  # float32 rounding of two layers
TEXT, PAIR = "The girl gave the boy a ball", "the ball fell"
FAMILIES = [*MASKED, *CAUSAL]
LAYERS_OPEN = {
    "bert",
    "distilbert",
    "distilbert-as-bert",
    "roberta",
    "roberta-as-bert",
    "xlm-roberta",
    "electra",
}
LAYERS_OPEN |= {"gpt2", "gpt2-wordpiece"}
"""Families whose layers can be taken apart."""


def plain(families: Families, name: str, text: str, pair: str | None = None, **wanted: bool) -> Any:
    """The output of transformers for a text or pair, with more of it."""
    import torch

    model, _ = families.alone(name)
    _, ids = stranger(families, name, text, pair)
    types = families.alone(name)[1](*((text,) if pair is None else (text, pair)), return_token_type_ids=True)
    given = {"input_ids": torch.tensor([ids])}
    if getattr(model.config, "type_vocab_size", 0) == 2 and "distil" not in name and name in MASKED:
        given["token_type_ids"] = torch.tensor([types["token_type_ids"]])
    with torch.inference_mode():
        return model(**given, **wanted)


@pytest.mark.parametrize("name", FAMILIES)
def test_attention_and_its_scores(families: Families, name: str) -> None:
    loaded = families.load(name)
    pair = PAIR if name in MASKED else None
    found = attend(loaded, read(loaded, TEXT, pair))
    wanted = plain(families, name, TEXT, pair, output_attentions=True).attentions
    weights = np.stack([layer[0].numpy() for layer in wanted])
    np.testing.assert_allclose(found.weights, weights, atol=TOLERANCE)
    assert found.causal == (name in CAUSAL)
    assert (found.weights[np.broadcast_to(~found.visible[:, None], weights.shape)] == 0).all()

    ids = found.reading.input_ids
    scores = score_heads(
        found.weights,
        ids.tolist(),
        causal=found.causal,
        separator_ids=separator_ids(loaded),
        seen=found.visible,
    )
    n = len(ids)
    by_hand = np.mean([weights[:, :, q, q - 1] for q in range(1, n)], axis=0)
    np.testing.assert_allclose(scores.previous, by_hand, atol=TOLERANCE)
    for layer in range(2):
        window = {"gpt-neo": (n, 6), "mistral": (6, 6)}.get(name, (n, n))[layer]
        shares = []
        for q in range(n):
            seen = min(q + 1, window) if found.causal else n
            row = weights[layer, 0, q].astype(np.float64)
            if seen > 1:
                shares.append(-(row[row > 0] * np.log(row[row > 0])).sum() / np.log(seen))
        assert scores.broad[layer, 0] == pytest.approx(np.mean(shares), abs=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_layer_taken_apart(families: Families, name: str) -> None:
    loaded = families.load(name)
    reading = read(loaded, TEXT)
    if name not in LAYERS_OPEN:
        for take in (
            lambda: head_steps(loaded, reading, 0, 0),
            lambda: predict(loaded, reading, 1, [(0, 0)]),
        ):
            with pytest.raises(Unreadable):
                take()
        return
    for layer, head in ((0, 1), (1, 3)):
        assert max(head_steps(loaded, reading, layer, head).difference.values()) < TOLERANCE
    plain_attention = attend(loaded, reading)
    assert value_weighted(loaded, plain_attention).shape == plain_attention.weights.shape
    assert abs(predict(loaded, reading, 1, [(0, 0)]).probs.sum() - 1) < 1e-9


@pytest.mark.parametrize("name", FAMILIES)
def test_the_rows_of_an_input(families: Families, name: str) -> None:
    loaded = families.load(name)
    if name in CAUSAL:
        with pytest.raises(embeddings.NotBert):
            embeddings.read_input(loaded, TEXT, PAIR)
        return
    given = embeddings.read_input(loaded, TEXT, PAIR)
    parts = embeddings.embed(loaded, given)
    assert parts.largest_difference < TOLERANCE  # with the model's own module
    assert (parts.projected_width is not None) == (name in ("albert", "electra"))
    after = embeddings.apply(given, embeddings.Changes(positions="reversed"), embeddings.num_segments(loaded))
    effects = embeddings.compare(loaded, given, after, 2)
    mask = loaded.tokenizer.mask_token_id
    ids = given.input_ids.copy()
    ids[2] = mask
    import torch

    model, _ = families.alone(name)
    more = (
        {"token_type_ids": torch.from_numpy(given.token_type_ids)[None]}
        if embeddings.num_segments(loaded)
        else {}
    )
    with torch.inference_mode():
        output = model(input_ids=torch.from_numpy(ids)[None], **more)
    probs = torch.softmax(torch.tensor(logits(output)[2]), -1).numpy()
    names = {str(loaded.tokenizer.convert_ids_to_tokens(i)): p for i, p in enumerate(probs)}
    for guess in effects.guesses:
        assert guess.before == pytest.approx(names[guess.token], abs=TOLERANCE)
    batch = embeddings.pad_batch(loaded, ("the ball fell", "a", "he gave the boy a red ball"))
    assert batch.largest.max() == 0
    assert len({len(tokens) for tokens in batch.tokens}) == 1
    near = embeddings.neighbours(loaded, int(given.input_ids[1]), 3)
    assert [one.cosine for one in near] == sorted((one.cosine for one in near), reverse=True)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("word", ["ball", "배"])
def test_a_word_in_its_sentences(families: Families, name: str, word: str) -> None:
    loaded = families.load(name)
    lines = ("the girl gave a ball", "the ball fell") if word == "ball" else ("배가 고파서", "배를 먹었다")
    vectors = contextual.word_vectors(loaded, lines, word)
    assert [vectors.words[i].text for i in vectors.chosen] == [word, word]
    states = plain(families, name, lines[1], output_hidden_states=True).hidden_states
    reading = read(loaded, lines[1])
    found = vectors.words[vectors.chosen[1]]
    at = [i for i, span in enumerate(reading.spans) if span and span[0] < found.end and span[1] > found.start]
    for layer, state in enumerate(states):
        if state.shape[-1] == vectors.layers.shape[-1]:  # OPT-350m projects its last state down
            mean = state[0, at].mean(0).numpy()
            np.testing.assert_allclose(vectors.layers[layer, vectors.chosen[1]], mean, atol=TOLERANCE)
    model, _ = families.alone(name)
    rows = model.get_input_embeddings().weight.detach()[reading.input_ids[at]].mean(0).numpy()
    np.testing.assert_allclose(vectors.static[vectors.chosen[1]], rows, atol=TOLERANCE)
    narrow = name in ("albert", "electra", "opt-narrow")
    assert vectors.narrow == narrow
    drawn = contextual.word_map(vectors)
    assert drawn.places.shape == (3 + (not narrow), 2, 2)
    assert np.isfinite(drawn.places).all()
    assert contextual.layer_cosines(vectors).shape == (4, 2, 2)


def test_the_last_vectors_of_a_narrow_opt_are_those_before_its_projection(families: Families) -> None:
    loaded = families.load("opt-narrow")
    reading = read(loaded, TEXT)
    found = contextual.hidden_states(loaded, reading)[-1]
    model, _ = families.alone("opt-narrow")
    projected = model.model.decoder.project_out(__import__("torch").tensor(found)).detach().numpy()
    wanted = plain(families, "opt-narrow", TEXT, output_hidden_states=True).hidden_states[-1][0].numpy()
    np.testing.assert_allclose(projected, wanted, atol=TOLERANCE)


@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_tokens(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    if name in CAUSAL:
        with pytest.raises(ModelRefused):
            mlm.read_text(loaded, TEXT)
        return
    text = mlm.read_text(loaded, TEXT)
    assert text.mask_token == loaded.tokenizer.mask_token
    hidden = text.maskable[1:4:2]
    model, _ = families.alone(name)
    with torch.inference_mode():
        output = model(input_ids=torch.from_numpy(mlm.hide(text, hidden))[None])
    probs = torch.softmax(torch.tensor(logits(output)), -1).numpy()
    for guess in mlm.guess(loaded, text, hidden):
        for candidate in guess.candidates:
            wanted = probs[guess.position, candidate.token_id]
            assert candidate.prob == pytest.approx(wanted, abs=TOLERANCE)
    assert set(mlm.guess_from(loaded, text, hidden, hidden[0])) == {"left", "right", "both"}
    assert mlm.pieces_of(loaded, text, hidden[0])
    (point,) = mlm.over_rates(loaded, [text, mlm.read_text(loaded, "a ball")], rates=[0.5])
    assert sum(point.count.values()) > 0
    assert mlm.signal(loaded, text, Recipe(0.5, 0.8, 0.1), seed=1, num_draws=2).share > 0


@pytest.mark.parametrize("name", list(CAUSAL))
def test_the_word_that_a_causal_model_would_write(families: Families, name: str) -> None:
    """The first piece of a word is the one that follows what stands before it (no <s>, no lonely beginning)."""
    bert, loaded = families.load("bert"), families.load(name)
    text = mlm.read_text(bert, "the girl gave a ball")
    found = mlm.next_word(loaded, text, 3)
    whole, left = read(loaded, "the girl gave"), read(loaded, "the girl")
    own = whole.input_ids[len(left) :].tolist()
    assert found.first_piece.token_id == own[0]
    assert found.pieces == len(own)
    output, _ = stranger(families, name, "the girl")
    row = logits(output)[-1].astype(np.float64)
    wanted = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    assert found.first_piece.prob == pytest.approx(wanted[own[0]], abs=TOLERANCE)


@pytest.mark.parametrize("name", FAMILIES)
def test_next_sentences(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    if name != "bert":
        with pytest.raises(ModelRefused):
            next_sentence.judge(loaded, [(TEXT, PAIR)])
        return
    _, tokenizer = families.alone("bert")
    pairs = [(TEXT, PAIR), ("a", "b"), (TEXT, ""), ("girl " * 60, "ball " * 20)]
    for (first, second), verdict in zip(pairs, next_sentence.judge(loaded, pairs), strict=True):
        from transformers import BertForPreTraining

        whole = BertForPreTraining.from_pretrained(families.folder("bert"), dtype=torch.float32).eval()
        given = tokenizer(first, second, truncation="longest_first", max_length=64, return_tensors="pt")
        with torch.inference_mode():
            wanted = whole(**given).seq_relationship_logits[0].softmax(-1)[0]
        assert verdict.is_next_prob == pytest.approx(float(wanted), abs=TOLERANCE)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_word_guessed_from_its_context(families: Families, name: str) -> None:
    loaded = families.load(name)
    guess = guess_word(loaded, TEXT, 2, 1)
    assert guess.causal == is_causal(loaded.card)
    if guess.causal:
        row = logits(stranger(families, name, "The girl")[0])[-1]
    else:
        own = [i for i, word in enumerate(guess.word_of) if word == 2]
        masked = read(loaded, TEXT).with_mask_at(*own)
        import torch

        model, _ = families.alone(name)
        with torch.inference_mode():
            row = logits(model(input_ids=torch.from_numpy(masked.input_ids)[None]))[own[0]]
    wanted = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    assert guess.guesses[0][1] == pytest.approx(wanted.max(), abs=TOLERANCE)
    assert {word for word in guess.word_of if word >= 0} == set(range(7))
    with pytest.raises(NoGuess):
        guess_word(loaded, TEXT, 99, 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_written_text(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    if name in MASKED:
        assert not loaded.card.can("generation")
        return
    text = Writing(loaded, "the girl gave", SamplingSettings(False), {})
    ours = [step.token.token_id for step in text.steps(6)[:6]]
    model, _ = families.alone(name)
    _, ids = stranger(families, name, "the girl gave")
    assert list(text.prompt.token_ids) == ids
    with torch.inference_mode():
        given = torch.tensor([ids])
        out = model.generate(
            given, attention_mask=torch.ones_like(given), do_sample=False, max_new_tokens=6, pad_token_id=0
        )
    theirs = out[0, len(ids) :].tolist()
    assert ours[: len(theirs)] == theirs
    bits = text.statistics().surprisal_bits
    row = logits(stranger(families, name, "the girl gave")[0]).astype(np.float64)
    logp = (
        row
        - np.log(np.exp(row - row.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - row.max(-1, keepdims=True)
    )
    wanted = [-logp[i, ids[i + 1]] / np.log(2) for i in range(len(ids) - 1)]
    np.testing.assert_allclose(bits[1:], wanted, atol=1e-4)  # bits of float32 logits up to 20
    assert last_attention(loaded.model, ids).shape == (2, 4, len(ids))
    if name.startswith("gpt2"):
        assert len(logit_lens(loaded.model, ids)) == 3
    else:
        with pytest.raises(GenerationError):
            logit_lens(loaded.model, ids)


@pytest.mark.parametrize("name", FAMILIES)
def test_tables_of_positions_and_shuffled_words(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    model, _ = families.alone(name)
    tables = {"gpt2": "wpe", "gpt2-wordpiece": "wpe", "gpt-neo": "wpe"}
    if name in MASKED or name in tables:
        table = positions.learned_table(families.folder(name), loaded.card)
        own = model.base_model
        own = own.embeddings.position_embeddings if name in MASKED else own.wpe
        first = read(loaded, "girl").position_ids[0]
        np.testing.assert_array_equal(table.rows, own.weight.detach()[first:].numpy())
        assert table.first_row == first
        mask = loaded.tokenizer.mask_token
        words = f"the girl gave {mask} ball" if name in MASKED else "the girl gave a ball"
        shuffle = positions.shuffle_words(loaded, words, seed=1)
        output, ids = stranger(families, name, f" {words}")
        at = ids.index(loaded.tokenizer.mask_token_id) if name in MASKED else -1
        probs = torch.softmax(torch.tensor(logits(output)[at]), -1)
        assert shuffle.readings["normal"][0].top[0][1] == pytest.approx(float(probs.max()), abs=TOLERANCE)
        assert shuffle.largest["same"] < 1e-3 or shuffle.causal
    else:
        if not name.startswith("opt"):
            with pytest.raises(positions.NoTable):
                positions.learned_table(families.folder(name), loaded.card)
        with pytest.raises(positions.NoTable):
            positions.shuffle_words(loaded, "the girl gave a ball", seed=1)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_cloze_probe(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    probe = ClozeProbe("own", "the girl ___ a ball", ("gave", "record"))
    found = score_probe(loaded, probe)
    model, tokenizer = families.alone(name)
    for word, logprob in zip(probe.candidates, found.logprobs, strict=True):
        _, ids = stranger(families, name, probe.filled(word))
        if name in CAUSAL:
            first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
            if read(loaded, "a").parts[0] != "frame":
                ids = [first, *ids]
            with torch.inference_mode():
                rows = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
            wanted = sum(float(rows[i, ids[i + 1]]) for i in range(len(ids) - 1))
        else:
            plain_ids = read(loaded, probe.filled(word))
            start = probe.sentence.index("___")
            own = [
                i
                for i, span in enumerate(plain_ids.spans)
                if span and span[0] >= start and span[1] <= start + len(word)
            ]
            masked = plain_ids.with_mask_at(*own)
            with torch.inference_mode():
                rows = torch.tensor(
                    logits(model(input_ids=torch.from_numpy(masked.input_ids)[None])), dtype=torch.double
                ).log_softmax(-1)
            wanted = sum(float(rows[i, plain_ids.input_ids[i]]) for i in own)
        assert logprob == pytest.approx(wanted, abs=1e-4)  # a sum of some ten float32 log-probabilities


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_token_without_a_row_is_refused_everywhere(families: Families, name: str) -> None:
    loaded = families.load(name)
    text = "the glassbox is here"
    tries: list[Any] = [
        lambda: attend(loaded, read(loaded, text)),
        lambda: contextual.word_vectors(loaded, [text], "here"),
        lambda: guess_word(loaded, text, 0, 0),
        lambda: positions.shuffle_words(loaded, text, seed=0),
        lambda: score_probe(loaded, ClozeProbe("own", "the glassbox ___ here", ("is", "was"))),
    ]
    if name.startswith("bert"):
        tries += [
            lambda: embeddings.read_input(loaded, text),
            lambda: embeddings.pad_batch(loaded, [text, "a"]),
            lambda: mlm.read_text(loaded, text),
            lambda: next_sentence.judge(loaded, [(text, "a")]),
        ]
    else:
        tries.append(lambda: Writing(loaded, text, SamplingSettings(False), {}))
    for attempt in tries:
        with pytest.raises(CannotRead) as refused:
            attempt()
        assert refused.value.parameters["token"] == "glassbox"


@pytest.mark.parametrize("name", list(UNSUPPORTED))
def test_other_families_are_refused_by_name(families: Families, name: str) -> None:
    with pytest.raises(ModelRefused):
        families.load(name)
