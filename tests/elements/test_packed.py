"""Bytes for the browser: what goes in comes out, and a large input stays small."""

import json

import numpy as np

from components.elements.bert.embedding_sum import SumView, checked, message
from components.elements.packed import packed
from components.lm.bert.embeddings import InputEmbeddings, ModelInput, layer_norm
from components.words import _words


def unpacked(raw: bytes) -> tuple[dict, np.ndarray]:
    size = int.from_bytes(raw[:4], "little")
    assert size % 4 == 0
    return json.loads(raw[4 : 4 + size]), np.frombuffer(raw[4 + size :], "<f4")


def test_numbers_come_back_exactly() -> None:
    one, other = np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.float32([1e-9])
    header, numbers = unpacked(packed({"name": "비트"}, {"one": one, "other": other}))
    assert header == {"name": "비트", "arrays": {"one": [2, 3], "other": [1]}}
    assert np.array_equal(numbers, np.concatenate([one.ravel(), other]))


def a_text(tokens: int, width: int) -> tuple[InputEmbeddings, ModelInput]:
    draw = np.random.default_rng(0)
    rows = {
        name: draw.normal(size=(tokens, width)).astype(np.float32)
        for name in ("token", "segment", "position")
    }
    total = rows["token"] + rows["segment"] + rows["position"]
    gamma, beta = np.ones(width, np.float32), np.zeros(width, np.float32)
    table = draw.normal(size=(2, width)).astype(np.float32)
    parts = InputEmbeddings(
        rows["token"],
        table,
        rows["segment"],
        rows["position"],
        total,
        layer_norm(total, gamma, beta, 1e-12),
        gamma,
        beta,
        1e-12,
        0.0,
        None,
    )
    places = np.arange(tokens)
    words = tuple(f"##token{i}" for i in range(tokens))
    given = ModelInput(words, places + 20_000, places % 2, places * 0 + 1, places, places < 0)
    return parts, given


def test_32_tokens_at_width_768_are_at_most_250_kb() -> None:
    parts, given = a_text(32, 768)
    header = {
        "rev": 1,
        "text": "x",
        "start": {},
        "words": _words("ko")["sum_words"],
        "stepper": _words("ko")["stepper"],
    }
    raw = message(parts, given, header)
    assert len(raw) <= 250_000
    read, numbers = unpacked(raw)
    assert np.array_equal(numbers[: 32 * 768].reshape(32, 768), parts.token_embedding)
    assert read["types"] == given.token_type_ids.tolist()


def test_a_view_from_the_browser_is_checked() -> None:
    link = SumView(2, 40, 5, "row", (1, 40))
    inside = SumView(2, 10, 5, "row", (1,))
    good = {"step": 6, "token": 3, "dim": 7, "scale": "common", "painted": [2, 2, 99], "text": "t", "rev": 4}
    shape = (11, 32)
    assert checked(None, link, 4, "t", shape) == inside
    assert checked(good, link, 4, "t", shape) == SumView(6, 3, 7, "common", (2,))
    assert checked(good | {"text": "another"}, link, 4, "t", shape).painted == ()
    for bad in ({"rev": 3}, {"scale": "<b>"}, {"step": None}, {"painted": 7}, {"dim": "x"}):
        assert checked(good | bad, link, 4, "t", shape) == inside
    assert checked(good | {"step": 99, "token": -4, "dim": 10**9}, link, 4, "t", shape) == SumView(
        6, 0, 31, "common", (2,)
    )
