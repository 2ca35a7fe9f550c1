"""What pages are told by a model in the browser, beside what the server tells them: the same shape and the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from components.lessons.bert.attention import plain_scores, strongest
from components.lm import checkpoints
from components.lm.bert.next_sentence import draw_pairs, judge, shuffled_words
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


OPENING = """async ([url, name, asked, most, words]) => {
  const { opening } = await import("/elements/lib/sources/opening.js");
  const held = window.openings ??= {}, source = held[name] ??= await opening({ folder: `${url}/models/${name}/`, bytes: 0 });
  const found = await source.inside(asked, most), lens = found.finite ? await source.lens(found, words) : null;
  const plain = (one) => one && { ...one, streams: null, lengths: null, arrays: Object.fromEntries(Object.entries(one.arrays).map(([key, { shape, data }]) => [key, { shape, data: Array.from(data) }])) };
  return { found: plain(found), lens: plain(lens) };
}"""
OPENED = "The little girl gave her brother a red ball."
OPENED_ASKED = (
    ("pocket-gpt", OPENED, 4, "none", ()),
    ("pocket-gpt", OPENED, 2, "attention", (3, 77)),
    ("pocket-gpt", "word " * 40, 5, "none", (0,)),
    ("pocket-gpt", "", 1, "feed_forward", ()),
    ("pocket-gpt", OPENED, 3, "norm", ()),
    ("pocket-bert", "안녕하세요, 왕이 [MASK]", 2, "feed_forward", (9,)),
    ("pocket-bert", OPENED, 1, "residual", ()),
)


def _arrays(told: Any) -> dict[str, Any]:
    return {
        key: np.array([np.nan if x is None else x for x in one["data"]], np.float64).reshape(one["shape"])
        for key, one in told["arrays"].items()
    }


def _near(mine: Any, theirs: Any, what: str) -> None:
    """To 1e-4 of the largest number: float32 sums of the same numbers, in another order."""
    theirs = np.asarray(theirs, np.float64)
    scale = max(1.0, float(np.abs(theirs).max())) if theirs.size else 1.0
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-4 * scale, err_msg=what)


@pytest.mark.parametrize(("name", "text", "layer", "taken", "off"), OPENED_ASKED)
def test_a_block_opened_in_the_browser(
    blank: Page, files_url: str, name: str, text: str, layer: int, taken: Any, off: tuple[int, ...]
) -> None:
    """Every number and every word of the picture and of the lanes, as the server computes them."""
    from components.lessons.transformer import block as page
    from components.lm.reading import beginning
    from components.lm.transformer.block import follow, lens, path

    asked = {"text": text, "layer": layer, "taken": taken, "off": list(off)}
    words = ["bird", "unbelievable"]
    got = blank.evaluate(OPENING, [files_url.rstrip("/"), name, asked, page.MOST_TOKENS, words])
    found, mine = got["found"], _arrays(got["found"])
    loaded = checkpoints.load(name, "attention")
    start = beginning(loaded, text, page.MOST_TOKENS)
    whole = page.compute(name, start, layer)
    now = page.compute(name, start, layer, taken, off)
    shown = page.Shown(checkpoints.card(name), start, whole, now, taken, off)
    assert (found["text"], found["cut"], found["tokens"]) == (start, start != text, list(now.tokens))
    assert (found["wiring"], found["activation"], found["finite"]) == (
        now.inside.wiring,
        now.activation,
        shown.finite,
    )
    _near(mine["norms"], whole.norms, "norms")
    np.testing.assert_allclose(found["epsilon"], whole.epsilon, rtol=1e-6)
    for key in ("before", "active"):
        _near(mine[key], getattr(whole.inside, key), key)
    assert found["difference"][0] < 1e-4 * max(1.0, found["difference"][1])
    neurons = [whole.inside.strongest(token) for token in range(len(whole.tokens))]
    same = [set(a) == set(b) for a, b in zip(found["neurons"], neurons, strict=True)]
    assert np.mean(same) > 0.9  # two that fire alike may change places
    some = neurons[0]
    assert {n: found["pushes"][str(n)] for n in some} == {
        n: list(map(list, pair)) for n, pair in page.pushes(shown, some).items()
    }
    if not shown.finite:
        assert found["guesses"] == []
        assert got["lens"] is None
        return
    _near(mine["attention"], now.inside.attention, "attention")
    for step in range(7):
        _near(mine["states"][step], now.inside.states[step], f"vector {step}")
    for mine_row, row in zip(found["guesses"], page.guesses(shown), strict=True):
        for text_, *both in row[:3]:
            at = [one[0] for one in mine_row].index(text_)
            np.testing.assert_allclose(mine_row[at][1:], both, atol=1e-4)
    lanes, told = _arrays(got["lens"]), got["lens"]
    wanted = lens(loaded, now.inside.streams)
    np.testing.assert_allclose(lanes["probs"][:, :, 0], wanted.probs[:, :, 0], atol=1e-4)
    assert np.mean(lanes["ranks"] == wanted.ranks) > 0.95
    _near(lanes["lengths"], now.inside.lengths, "lengths")
    _near(lanes["path"], path(now.inside.streams), "path")
    own = [follow(loaded, now.inside.streams, word) for word in words]
    assert told["own"] == [one.token for one in own if one]
    assert told["cut"] == [one.token for one in own if one and one.pieces > 1]
    np.testing.assert_allclose(
        lanes["own_ranks"], np.stack([one.ranks for one in own if one], -1), rtol=0.05, atol=2
    )


def test_the_browser_draws_what_numpy_draws(blank: Page) -> None:
    """To the bit: an old link keeps its pairs, whoever draws them."""
    seeds = [*range(60), 999_999, 2**32, 12_345_678_901_234]
    got = blank.evaluate(
        """async (seeds) => {
          const { pcg64 } = await import("/elements/lib/pcg64.js"), { drawPairs } = await import("/elements/lib/next_pairs.js");
          const drawn = (seed) => { const r = pcg64(seed); return [r.permutation(11), r.random(), r.integers(8), r.random(), r.integers(1), r.integers(5), r.permutation(40), r.random()]; };
          return { drawn: seeds.map(drawn), pairs: ["another_text", "same_text"].map((elsewhere) => seeds.map((seed) => drawPairs(12, 8, 25, seed, elsewhere).map((p) => [p.first, p.second, p.isNext, p.other]))) };
        }""",
        seeds,
    )
    for seed, mine in zip(seeds, got["drawn"], strict=True):
        r = np.random.default_rng(seed)
        wanted = [
            r.permutation(11).tolist(),
            r.random(),
            r.integers(8),
            r.random(),
            r.integers(1),
            r.integers(5),
        ]
        assert mine == [*wanted, r.permutation(40).tolist(), r.random()]
    lines, others = [f"line {i}" for i in range(12)], [f"other {i}" for i in range(8)]
    for elsewhere, all_ in zip(("another_text", "same_text"), got["pairs"], strict=True):
        for seed, mine in zip(seeds, all_, strict=True):
            pairs = draw_pairs(lines, others, rounds=25, seed=seed, elsewhere=elsewhere)  # type: ignore[arg-type]
            assert mine == [[p.first_line, p.second_line, p.is_next, p.other_text] for p in pairs]
