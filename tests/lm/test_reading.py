"""Every family read as a stranger would read it: the tokenizer and the model called by transformers alone."""

import unicodedata
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import regex

from components.lm.reading import (
    CannotRead,
    Reading,
    ReadingReason,
    beginning,
    check_places,
    inputs,
    is_causal,
    pieces,
    read,
    segment_rows,
    separator_ids,
)
from tests.lm.families import BROKEN, CAUSAL, MASKED, POSITIONS, Families

FAMILY = "👨‍👩‍👧"
TEXTS = (
    "The girl gave the boy a ball.",
    "a",
    "",
    "안녕하세요. 오늘은 날씨가 좋습니다.",
    unicodedata.normalize("NFD", "안녕하세요"),
    f"{FAMILY} ball",
    "שלום girl",
    "<script>alert(1)</script>",
    "  two   spaces \n and a line ",
)
TOLERANCE = 1e-5  # float32 rounding of one forward pass over two layers; logits are below 10


def logits(output: Any) -> np.ndarray:
    found = output["prediction_logits"] if "prediction_logits" in output else output["logits"]
    return found[0].float().numpy()


def stranger(families: Families, name: str, text: str, pair: str | None = None) -> tuple[Any, list[int]]:
    """What transformers gives for a text on its own: the tensors for the model, and their ids.

    Segments are asked for where the model has two rows for them (ALBERT's tokenizer knows them and does not say so),
    and left out where it has one; of a causal model's text the closing token is not given.
    """
    import torch

    model, tokenizer = families.alone(name)
    given = (text,) if pair is None else (text, pair)
    two = getattr(model.config, "type_vocab_size", 0) == 2 and "distil" not in name
    out = tokenizer(*given, return_tensors="pt", return_token_type_ids=two)
    ids = out["input_ids"][0].long().tolist()
    if name in ("llama-closing", "gpt2-wordpiece"):
        out = {key: value[:, :-1] for key, value in out.items()}
        ids = ids[:-1]
    if not ids:  # GPT-2 begins a document with its end-of-text token
        out, ids = {"input_ids": torch.tensor([[tokenizer.eos_token_id]])}, [tokenizer.eos_token_id]
    with torch.inference_mode():
        return model(**out), ids


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
@pytest.mark.parametrize("text", TEXTS)
def test_one_text_is_read_as_by_transformers(families: Families, name: str, text: str) -> None:
    loaded = families.load(name)
    reading = read(loaded, text)
    output, ids = stranger(families, name, text)
    assert reading.input_ids.tolist() == ids
    np.testing.assert_allclose(
        logits(loaded.forward(**inputs(loaded, [reading]))), logits(output), atol=TOLERANCE
    )
    assert set(reading.parts) <= {"A", "frame"}
    # What stands at its place is what a token is made of, in the order of the text.
    places = [span for span in reading.spans if span is not None]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert [start for start, _ in places] == sorted(start for start, _ in places)
    # Every letter is in a token; a composing tokenizer (Qwen) may give a decomposed one by its first part.
    covered = {i for start, end in places for i in range(start, end)}
    for match in regex.finditer(r"\X", text):
        assert not match.group()[0].isalnum() or covered & set(range(*match.span()))


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
@pytest.mark.parametrize("pair", ["the boy", "a", ""])
def test_a_pair_is_framed_by_the_tokenizer(families: Families, name: str, pair: str) -> None:
    loaded = families.load(name)
    text = "The girl gave"
    reading = read(loaded, text, pair)
    if is_causal(loaded.card):  # one text with a space
        output, ids = stranger(families, name, f"{text} {pair}".rstrip())
    else:
        output, ids = stranger(families, name, text, pair)
    assert reading.input_ids.tolist() == ids
    np.testing.assert_allclose(
        logits(loaded.forward(**inputs(loaded, [reading]))), logits(output), atol=TOLERANCE
    )
    for part, whole in (("A", text), ("B", pair)):
        own = [span for span, of in zip(reading.spans, reading.parts, strict=True) if of == part and span]
        covered = {i for start, end in own for i in range(start, end)}
        assert covered == {i for i, letter in enumerate(whole) if letter != " "}
    second = np.array([part == "B" for part in reading.parts])
    assert (reading.segments[second] == 1).all()
    assert reading.segments[0] == 0


def tokens_of(families: Families, name: str, text: str, pair: str | None = None) -> str:
    return " ".join(read(families.load(name), text, pair).tokens)


def test_the_frames_of_the_papers(families: Families) -> None:
    girl, boy = "The girl gave", "the boy"
    assert tokens_of(families, "bert", girl, boy) == "[CLS] the girl gave [SEP] the boy [SEP]"
    assert tokens_of(families, "distilbert", girl, boy) == "[CLS] the girl gave [SEP] the boy [SEP]"
    assert tokens_of(families, "roberta", girl, boy) == "<s> The Ġgirl Ġgave </s> </s> the Ġb oy </s>"
    albert = read(families.load("albert"), girl, boy)
    assert albert.token_type_ids is not None
    first = albert.tokens.index("[SEP]") + 1
    assert albert.token_type_ids.tolist() == [0] * first + [1] * (len(albert) - first)
    assert read(families.load("distilbert"), girl, boy).token_type_ids is None
    roberta = read(families.load("roberta-as-bert"), girl, boy)
    assert roberta.token_type_ids is not None
    assert roberta.token_type_ids.tolist() == [0] * 8  # the model has one row
    assert roberta.segments.tolist() == [0] * 5 + [1] * 3  # the reader still sees two texts
    assert [segment_rows(families.load(n)) for n in ("bert", "roberta", "distilbert", "gpt2")] == [2, 1, 0, 0]


def test_a_causal_prompt_stays_open(families: Families) -> None:
    text = "the girl gave"
    assert tokens_of(families, "gpt2-wordpiece", text) == "[CLS] the girl gave"
    assert tokens_of(families, "llama-closing", text) == "<s> ▁the ▁girl ▁gave"
    assert read(families.load("opt"), text).parts == (
        "frame",
        *["A"] * (len(read(families.load("opt"), text)) - 1),
    )
    for name, start in (("gpt2-wordpiece", "[CLS]"), ("llama-closing", "<s>"), ("gpt2", "<|endoftext|>")):
        assert tokens_of(families, name, "") == start
    # A closing token that the reader typed is read.
    assert read(families.load("llama-closing"), "the girl</s>").tokens[-1] == "</s>"


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
def test_typed_special_tokens(families: Families, name: str) -> None:
    loaded = families.load(name)
    tokenizer = loaded.tokenizer
    typed = [
        token
        for token in (tokenizer.mask_token, tokenizer.sep_token, tokenizer.eos_token)
        if token is not None
    ]
    reading = read(loaded, "girl " + " ".join(typed) + " boy")
    _, ids = stranger(families, name, reading.text)
    assert reading.input_ids.tolist() == ids
    found = [token for token, kind in zip(reading.tokens, reading.kinds, strict=True) if kind == "typed"]
    assert found == typed
    for place, kind in enumerate(reading.kinds):
        span = reading.spans[place]
        if kind == "typed":
            assert span is not None
            assert reading.text[slice(*span)] == reading.tokens[place]
            mask = reading.input_ids[place] == reading.mask_token_id
            assert reading.special[place] == (not mask)  # what is predicted stands for a word of the text
        elif kind == "frame":
            assert span is None
            assert reading.special[place]


def test_unknown_text_keeps_its_place(families: Families) -> None:
    reading = read(families.load("bert"), "girl 💩💩 boy [UNK]")
    kinds = dict(zip(reading.tokens, reading.kinds, strict=True))
    assert reading.tokens == ("[CLS]", "girl", "[UNK]", "boy", "[UNK]", "[SEP]")
    assert reading.kinds == ("frame", "ordinary", "unknown", "ordinary", "typed", "frame")
    assert kinds["girl"] == "ordinary"
    span = reading.spans[2]
    assert span is not None
    assert reading.text[slice(*span)] == "💩💩"


@pytest.mark.parametrize("name", ["bert", "roberta", "roberta-as-bert", "xlm-roberta", "electra", "albert"])
def test_positions_are_those_the_model_looks_up(families: Families, name: str) -> None:
    import torch

    loaded = families.load(name)
    model, tokenizer = families.alone(name)
    text = f"the girl {tokenizer.pad_token} gave"  # padding has no number of its own in RoBERTa
    reading = read(loaded, text)
    asked: list[Any] = []
    table = model.base_model.embeddings.position_embeddings
    table.register_forward_hook(lambda module, args, out: asked.append(args[0]))
    with torch.inference_mode():
        model(**tokenizer(text, return_tensors="pt", return_token_type_ids=False))
    assert reading.position_ids.tolist() == asked[0].flatten().tolist()


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
def test_a_batch_gives_what_each_text_gives_alone(families: Families, name: str) -> None:
    loaded = families.load(name)
    readings = [read(loaded, text) for text in ("the girl gave the boy a ball", "a", "Hi there")]
    together = loaded.forward(**inputs(loaded, readings))
    found = together["prediction_logits"] if "prediction_logits" in together else together["logits"]
    for row, reading in zip(found, readings, strict=True):
        alone = logits(loaded.forward(**inputs(loaded, [reading])))
        np.testing.assert_allclose(row[: len(reading)].numpy(), alone, atol=TOLERANCE)


def longest(loaded: Any, extra: int) -> str:
    """A text of as many tokens as the model has positions, and ``extra`` more."""
    words = 0
    limit = loaded.card.max_positions + extra
    while len(read_any(loaded, " ".join(["a"] * (words + 1)))) <= limit:
        words += 1
    return " ".join(["a"] * words)


def read_any(loaded: Any, text: str) -> Reading:
    """A reading without the model's limit."""
    return read(replace(loaded, card=replace(loaded.card, max_positions=None)), text)


@pytest.mark.parametrize("name", [*MASKED, *(name for name in CAUSAL if name != "bloom")])
def test_the_limit_and_one_above(families: Families, name: str) -> None:
    loaded = families.load(name)
    limit = loaded.card.max_positions
    assert limit in (POSITIONS, POSITIONS + 1)  # RoBERTa with padding 0 loses one row less
    at = longest(loaded, 0)
    assert len(read(loaded, at)) == limit
    loaded.forward(**inputs(loaded, [read(loaded, at)]))  # the model has a position for each
    above = longest(loaded, 1)
    with pytest.raises(CannotRead) as refused:
        read(loaded, above)
    assert refused.value.reason is ReadingReason.TOO_LONG
    assert refused.value.parameters == {"model": loaded.card.name, "tokens": limit + 1, "limit": limit}
    for cut in ("end", "start"):
        short = read(loaded, above, cut=cut)
        assert (len(short), short.dropped) == (limit, 1)
        assert short.kinds[0] == read(loaded, "a").kinds[0]  # the frame stays
        assert short.kinds[-1] == read(loaded, "a").kinds[-1]


@pytest.mark.parametrize("name", list(MASKED))
def test_the_longer_of_a_pair_is_shortened_as_by_the_tokenizer(families: Families, name: str) -> None:
    loaded = families.load(name)
    _, tokenizer = families.alone(name)
    first, second = "the girl gave her brother the red ball", "the boy"
    found = read(loaded, first, second, most=10, cut="longer")
    wanted = tokenizer(first, second, truncation="longest_first", max_length=10)["input_ids"]
    assert found.input_ids.tolist() == wanted
    assert found.dropped == len(read(loaded, first, second)) - 10
    with pytest.raises(CannotRead):
        read(loaded, first, second, most=2, cut="longer")  # no room for the frame


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_token_without_a_row_is_named(families: Families, name: str) -> None:
    loaded = families.load(name)
    with pytest.raises(CannotRead) as refused:
        read(loaded, "the glassbox is here")
    rows = loaded.model.get_input_embeddings().weight.shape[0]
    assert refused.value.reason is ReadingReason.NO_ROW
    assert refused.value.parameters == {
        "model": loaded.card.name,
        "token": "glassbox",
        "token_id": rows,
        "rows": rows,
        "vocabulary": rows + 1,
    }
    assert len(read(loaded, "the girl is here")) > 3


@pytest.mark.parametrize(
    ("name", "mask"), [("bert", "[MASK]"), ("roberta", "<mask>"), ("xlm-roberta", "<mask>")]
)
def test_the_mask_has_the_models_own_name(families: Families, name: str, mask: str) -> None:
    loaded = families.load(name)
    masked = read(loaded, "the girl gave").with_mask_at(2)
    assert masked.tokens[2] == masked.texts[2] == mask
    assert masked.input_ids[2] == loaded.tokenizer.mask_token_id
    with pytest.raises(ValueError, match="mask"):
        read(families.load("gpt2"), "the girl").with_mask_at(0)


def test_half_a_character_and_a_very_long_text(families: Families) -> None:
    assert read(families.load("bert"), "girl \ud83d").text == "girl \ufffd"
    bert = families.load("bert")
    with pytest.raises(CannotRead):
        read(bert, "girl " * 4000)
    assert len(read(bert, "girl " * 4000, cut="end")) == bert.card.max_positions


def test_pieces_have_no_frame(families: Families) -> None:
    for name in ("bert", "llama-closing", "roberta"):
        loaded = families.load(name)
        wanted = loaded.tokenizer(" girl", add_special_tokens=False)["input_ids"]
        assert list(pieces(loaded, " girl")) == wanted


def test_a_beginning_fits(families: Families) -> None:
    loaded = families.load("bert")
    text = "the girl gave her brother the red ball"
    assert beginning(loaded, text, 40) == text
    assert beginning(loaded, text, 5) == "the girl gave"
    assert beginning(loaded, "", 5) == ""


def test_separators(families: Families) -> None:
    roberta = families.load("roberta")
    assert separator_ids(roberta) == {roberta.tokenizer.convert_tokens_to_ids("</s>")}


@pytest.fixture
def slow(families: Families) -> Any:
    """The tiny BERT with a tokenizer written in Python."""
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

    loaded = families.load("bert")
    vocab = loaded.tokenizer.get_vocab()
    file = families.parent / "vocab.txt"
    file.write_text("\n".join(sorted(vocab, key=vocab.__getitem__)), encoding="utf-8")
    return replace(loaded, tokenizer=BertTokenizerLegacy(str(file)))


@pytest.mark.parametrize("pair", [None, "the boy", ""])
def test_a_tokenizer_without_places_is_read_all_the_same(families: Families, slow: Any, pair: str) -> None:
    text = "The girl gave [MASK] 💩"
    one, other = read(slow, text, pair), read(families.load("bert"), text, pair)
    assert one.tokens == other.tokens
    assert one.parts == other.parts
    assert one.kinds == other.kinds
    assert one.segments.tolist() == other.segments.tolist()
    assert set(one.spans) == {None}
    check_places(families.load("bert"))
    with pytest.raises(CannotRead) as refused:
        check_places(slow)
    assert refused.value.reason is ReadingReason.NO_PLACES
