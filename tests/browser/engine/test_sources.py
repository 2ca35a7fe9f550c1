"""What pages are told by a model in the browser, beside what the server tells them: the same shape and the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from components.lessons.bert.attention import plain_scores, strongest
from components.lm import checkpoints
from components.lm.bert.next_sentence import judge, shuffled_words
from components.lm.reading import CannotRead, read, separator_ids
from components.lm.transformer import ablation
from components.lm.transformer.attention import attend, pack_weights, rollout, shares, value_weighted
from components.lm.transformer.head_scores import score_heads

OPEN = """async ([name, url]) => {
  const { attending } = await import("/elements/lib/sources/attending.js");
  window[name] = await attending({ folder: `${url}/models/${name}/`, bytes: 0 });
}"""
VIEW = """async ([name, text, pair, measure]) => {
  try {
    const found = await window[name].view(text, pair, measure);
    return { ...found, raw: Array.from(found.raw), exact: Array.from(found.exact(1, 0, 0)) };
  } catch (error) { return { refused: [error.code, error.tokens, error.limit] }; }
}"""
PREDICT = """async ([name, text, at, off]) => {
  const source = window[name], reading = await source.read(text), before = await source.predict(reading, at), after = await source.predict(reading, at, off);
  return source.candidates(before, after);
}"""
TEXTS = (
    ("The king saw the king of the hills, and the queen.", ""),
    ("She put the bread into the oven.", "Then she closed the door."),
    ("", ""),
    ("", "alone"),
    ("안녕하세요, 왕이 말했다", ""),
    ("안녕하세요"[:1] + "\u1100\u1161 e\u0301", "a  b\n c"),
    ("👩‍👩‍👧 <script>alert(1)</script> שלום [MASK] [SEP] [UNK] <|endoftext|>", "\ud83d half"),
    ("word " * 130, ""),
)
MODELS = ("nano-bert", "nano-gpt")


@pytest.fixture(scope="module")
def page(blank: Page, files_url: str) -> Page:
    """The empty page with a source for each model."""
    for name in MODELS:
        blank.evaluate(OPEN, [name, files_url.rstrip("/")])
    return blank


def _scores(loaded: Any, attention: Any) -> Any:
    reading = attention.reading
    unknown = {
        int(i) for i, t in zip(reading.input_ids, reading.tokens, strict=True) if t in ("[UNK]", "<unk>")
    }
    return score_heads(
        attention.weights,
        reading.input_ids.tolist(),
        causal=attention.causal,
        separator_ids=separator_ids(loaded),
        ignore_ids=set(reading.input_ids[reading.special].tolist()) | unknown,
        seen=attention.visible,
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_attention_is_what_the_server_says(page: Page, name: str, number: int) -> None:
    """Tokens, segments, marks, scores and strongest kinds equal; weights within one of the 255 steps of a byte."""
    text, pair = TEXTS[number]
    loaded = checkpoints.load(name, "attention")
    found = page.evaluate(VIEW, [name, text, pair, "weights"])
    if "refused" in found:
        with pytest.raises(CannotRead) as refused:
            read(loaded, text, pair)
        said = refused.value.parameters
        assert found["refused"] == ["context", said["tokens"], said["limit"]]
        return
    attention = attend(loaded, read(loaded, text, pair))
    reading = attention.reading
    assert found["tokens"] == list(reading.texts)
    assert found["segments"] == reading.segments.tolist()
    assert found["special"] == reading.special.tolist()
    assert found["punctuation"] == reading.punctuation.tolist()
    assert found["exact"] == pytest.approx(attention.weights[1, 0, 0].tolist(), abs=1e-5)
    scores = _scores(loaded, attention)
    wanted = plain_scores(scores)
    assert list(found["scores"]) == [kind for kind in wanted if kind != "induction"]
    for kind, rows in found["scores"].items():
        assert np.array(rows) == pytest.approx(np.array(wanted[kind], float), abs=2e-4)
    best = strongest(scores)
    for layer, row in enumerate(found["strongest"]):
        for head, kind in enumerate(row):  # two kinds may be the same places, or alike to a rounding
            assert scores.of(kind)[layer, head] == pytest.approx(
                scores.of(best[layer][head])[layer, head], abs=1e-5
            )
    mean = np.stack([attention.weights.mean(1), rollout(attention.weights)], axis=1)
    for measure, weights in {
        "weights": attention.weights,
        "value_weighted": shares(value_weighted(loaded, attention)),
        "rollout": mean,
    }.items():
        raw = (
            found["raw"] if measure == "weights" else page.evaluate(VIEW, [name, text, pair, measure])["raw"]
        )
        difference = np.array(raw, int) - pack_weights(weights).ravel().astype(int)
        assert np.abs(difference).max() <= 1, measure


@pytest.mark.parametrize("name", MODELS)
def test_predictions_without_some_heads_are_what_the_server_says(page: Page, name: str) -> None:
    loaded = checkpoints.load(name, "attention")
    plain, off = read(loaded, "The king lived in a castle."), [(0, 1), (2, 3)]
    reading = plain.with_mask_at(3) if plain.mask_token_id is not None else plain
    before = ablation.predict(loaded, reading, 3)
    rows = ablation.compare(loaded, before, ablation.predict(loaded, reading, 3, off))
    found = page.evaluate(PREDICT, [name, "The king lived in a castle.", 3, off])
    assert [row["text"] for row in found] == [row.text for row in rows]
    for mine, row in zip(found, rows, strict=True):
        assert (mine["before"], mine["after"]) == pytest.approx((row.before, row.after), abs=1e-5)


def test_next_sentence_is_what_the_server_says(page: Page, files_url: str) -> None:
    """Pairs that fit and one that has to be shortened; and words that are shuffled alike."""
    loaded = checkpoints.load("nano-bert", "next_sentence")
    pairs = [
        ("The dog was hungry.", "It ate everything."),
        ("", "It ate."),
        ("안녕하세요", "👩‍👩‍👧 <b>x</b>"),
        ("a word " * 60, "another one " * 70),
    ]
    found = page.evaluate(
        """async ([url, pairs]) => {
          const { judging } = await import("/elements/lib/sources/judging.js"), { isNext } = await judging({ folder: `${url}/models/nano-bert/`, bytes: 0 }), all = [];
          for (const [first, second] of pairs) all.push(await isNext(first, second));
          return all;
        }""",
        [files_url.rstrip("/"), pairs],
    )
    assert found == pytest.approx([verdict.is_next_prob for verdict in judge(loaded, pairs)], abs=1e-5)
    sentences = ["one two three", "", "alone", "Every  day she\u00a0gave\tthe seed some water.", "a b"]
    shuffled = page.evaluate(
        """async (all) => { const { shuffledWords } = await import("/elements/lib/sources/judging.js"); return all.map((one) => shuffledWords(one)); }""",
        sentences,
    )
    assert shuffled == [shuffled_words(one) for one in sentences]
