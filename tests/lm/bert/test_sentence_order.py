"""Next sentence and sentence order: what a symmetric judge can and cannot know, and what nano-albert's head says."""

from pathlib import Path

import numpy as np
import pytest

from components.lm.bert.sentence_order import (
    FOLDER,
    JUDGES,
    Apart,
    Judges,
    fit_apart,
    fit_shared,
    load_judges,
    probability,
    shared_features,
)
from components.lm.checkpoints import BUNDLED_FOLDER
from components.lm.fine_tuning.scores import wilson

VOCAB = 60
bundled = pytest.mark.skipif(
    not (BUNDLED_FOLDER / FOLDER / JUDGES).exists(), reason="nano-albert is not in assets/models"
)


def topics(seed: int, count: int) -> tuple[list[list[int]], list[list[int]]]:
    """Sentences of two parts: both of one topic of ten words; the first begins with a word of its own kind."""
    rng = np.random.default_rng(seed)
    first, second = [], []
    for _ in range(count):
        words = 10 * int(rng.integers(1, 6)) + np.arange(10)
        a, b = (rng.choice(words, 6).tolist() for _ in range(2))
        first.append([int(rng.integers(0, 5)), *a])
        second.append([int(rng.integers(5, 10)), *b])
    return first, second


def features(a: list[list[int]], b: list[list[int]]) -> np.ndarray:
    return np.stack([shared_features(x, y, np.ones(VOCAB)) for x, y in zip(a, b, strict=True)])


def tasks(seed: int, count: int) -> dict[str, tuple[list[list[int]], list[list[int]], np.ndarray]]:
    """Pairs of NSP (B from another topic or not) and of SOP (exchanged or not)."""
    a, b = topics(seed, count)
    follows = np.random.default_rng(seed + 1).random(count) < 0.5
    other = b[1:] + b[:1]
    nsp = (a, [x if f else y for x, y, f in zip(b, other, follows, strict=True)], follows)
    sop = (
        [x if f else y for x, y, f in zip(a, b, follows, strict=True)],
        [y if f else x for x, y, f in zip(a, b, follows, strict=True)],
        follows,
    )
    return {"nsp": nsp, "sop": sop}


def test_shared_features_by_hand() -> None:
    idf = np.arange(10.0)
    assert shared_features([1, 2, 2, 3], [2, 3, 4], idf).tolist() == [2, 5, 0.5]
    assert shared_features([], [], idf).tolist() == [0, 0, 0]
    assert shared_features([1], [2], idf).tolist() == [0, 0, 0]


def test_the_symmetric_judge_solves_nsp_and_is_at_chance_on_sop() -> None:
    train, test = tasks(0, 1500), tasks(7, 600)
    for name, (low_least, high_most) in (("nsp", (0.75, 1.0)), ("sop", (0.0, 1.0))):
        a, b, follows = train[name]
        judge = fit_shared(features(a, b), follows)
        a, b, follows = test[name]
        said = judge.logit(features(a, b)) > 0
        low, high = wilson(int((said == follows).sum()), len(follows))
        assert low >= low_least
        assert high <= high_most
        if name == "sop":
            assert low < 0.5 < high
            assert judge.logit(features(a, b)).tolist() == judge.logit(features(b, a)).tolist()


def test_the_judge_that_sees_words_apart_learns_order() -> None:
    """Here each side has words of its own kind, so order is in the words."""
    a, b, follows = tasks(0, 1500)["sop"]
    judge = fit_apart(a, b, follows, VOCAB)
    a, b, follows = tasks(7, 600)["sop"]
    said = np.array([judge.logit(x, y) > 0 for x, y in zip(a, b, strict=True)])
    assert (said == follows).mean() > 0.95


def test_judges_come_back_from_their_file(tmp_path: Path) -> None:
    a, b, follows = tasks(0, 200)["sop"]
    shared = fit_shared(features(a, b), follows)
    apart = Apart(np.linspace(-1, 1, VOCAB), np.linspace(1, -1, VOCAB), 0.25)
    made = Judges(np.ones(VOCAB), {"nsp": shared, "sop": shared}, {"nsp": apart, "sop": apart})
    made.save(tmp_path / JUDGES)
    found = load_judges(tmp_path / JUDGES)
    # stored in single precision
    assert found.apart["sop"].logit([3, 4], [50]) == pytest.approx(apart.logit([3, 4], [50]), abs=1e-5)
    np.testing.assert_allclose(found.shared["nsp"].weights, shared.weights)


def test_probability() -> None:
    assert probability(0.0) == 0.5
    assert probability(np.log(3.0)) == pytest.approx(0.75)


@bundled
def test_nano_albert_loads_in_plain_transformers_and_says_the_same() -> None:
    import torch
    from transformers import AlbertForPreTraining, AutoTokenizer

    from components.lm.bert.sentence_order import in_order, load_albert

    folder = BUNDLED_FOLDER / FOLDER
    plain = AlbertForPreTraining.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    pairs = [("The girl found a box.", "She opened it."), ("She opened it.", "The girl found a box.")]
    with torch.inference_mode():
        given = tokenizer(*zip(*pairs, strict=True), return_tensors="pt", padding=True)
        theirs = plain(**given).sop_logits.softmax(-1)[:, 0].tolist()
    # eager against fused attention in float32
    assert in_order(load_albert(), pairs) == pytest.approx(theirs, abs=1e-5)
    assert len(plain.albert.encoder.albert_layer_groups) == 1


@bundled
def test_the_measured_symmetric_judge_is_at_chance_on_order() -> None:
    import json

    path = BUNDLED_FOLDER.parents[0] / "traces" / "bert" / "albert_study.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    value, low, high = found["judges"]["sop"]["shared"]
    assert low <= 0.5 <= high
    assert low <= value <= high
    assert found["judges"]["nsp"]["shared"][1] > 0.5
