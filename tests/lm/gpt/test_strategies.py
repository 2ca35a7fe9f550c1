"""strategies.py against transformers' processors and generate, against Su et al. 2022, and in odd corners."""

import hashlib
import itertools
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from components.lessons.gpt.decoding import STORIES
from components.lm.gpt.decoding import random_number
from components.lm.gpt.frontier import CachedFrontier, tell
from components.lm.gpt.strategies import (
    BeamTree,
    Grown,
    Lane,
    Strategy,
    beam_search,
    distinct,
    distribution,
    drawn,
    keep_typical,
    log_softmax,
    penalised,
    repeated,
    write,
    write_with_picks,
)
from components.pretraining.corpus import Source, read_corpus

VOCAB, END = 40, 7
PROMPT = [3, 11, 5]


@pytest.fixture(scope="module")
def model() -> Any:
    """A random GPT-2 with weights large enough for uneven probabilities."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCAB,
        n_positions=64,
        n_embd=24,
        n_layer=2,
        n_head=2,
        initializer_range=0.4,
        eos_token_id=END,
    )
    return GPT2LMHeadModel(config).eval()


def generated(model: Any, most: int, **settings: Any) -> Any:
    """The output of ``generate``; its own choices of sampling are off."""
    off = {"do_sample": False, "top_k": 0, "pad_token_id": END, "return_dict_in_generate": True}
    ids = torch.tensor([PROMPT])
    return model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=most,
        output_scores=True,
        **{**off, **settings},
    )


def until_end(ids: Sequence[int]) -> list[int]:
    """The new tokens, up to the first end of text."""
    new = list(ids)[len(PROMPT) :]
    return new[: new.index(END) + 1] if END in new else new


# -- the cuts --------------------------------------------------------------------------------------------------------------


def test_typical_may_drop_the_most_probable_token() -> None:
    """Its surprisal is further from the entropy than that of the others (Meister et al. 2023, section 4)."""
    probs = np.array([0.4, *[0.06] * 10], dtype=np.float32)
    kept = keep_typical(np.log(probs), 0.5)
    assert not kept[0]
    assert kept[1:].all()  # all tie


PROCESSORS: dict[Strategy, Any] = {
    "top_k": lambda value: TopKLogitsWarper(value),
    "top_p": lambda value: TopPLogitsWarper(value),
    "typical": lambda value: TypicalLogitsWarper(mass=value),
    "min_p": lambda value: MinPLogitsWarper(min_p=value),
}
VALUES: dict[Strategy, tuple[float, ...]] = {
    "top_k": (1, 5, 39),
    "top_p": (0.1, 0.5, 0.9, 0.99),
    "typical": (0.05, 0.2, 0.5, 0.95),
    "min_p": (0.0, 0.05, 0.3, 1.0),
}


@pytest.mark.parametrize("strategy", PROCESSORS)
@pytest.mark.parametrize("heat", [0.5, 1.0, 1.7])
def test_cuts_equal_those_of_transformers(strategy: Strategy, heat: float) -> None:
    rng = np.random.default_rng(5)
    no_ids: Any = None
    for value, _ in itertools.product(VALUES[strategy], range(25)):
        scores = rng.normal(0, 3, VOCAB).astype(np.float32)
        theirs = TemperatureLogitsWarper(heat)(no_ids, torch.tensor(scores[None]))
        theirs = PROCESSORS[strategy](value)(no_ids, theirs)
        ours = distribution(scores, Lane(strategy, value, temperature=heat))
        np.testing.assert_allclose(
            ours, theirs.softmax(-1)[0].numpy(), atol=1e-6
        )  # float32 there, float64 here


def test_the_penalty_equals_that_of_transformers() -> None:
    scores = np.random.default_rng(1).normal(0, 3, VOCAB).astype(np.float32)
    seen = [4, 4, 9, 30]
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([seen]), torch.tensor(scores[None]))
    np.testing.assert_allclose(penalised(scores, seen, 1.3), theirs[0].numpy(), rtol=1e-6)
    assert penalised(scores, seen, 1.0) is scores
    assert np.array_equal(penalised(scores, (), 1.3), scores)


def test_temperature_after_the_cut_keeps_other_tokens() -> None:
    """A high temperature before the cut flattens what is cut; after it the cut sees the model's own probabilities."""
    scores = np.log(np.array([0.7, 0.2, 0.06, 0.04], dtype=np.float32))
    first = distribution(scores, Lane("top_p", 0.85, temperature=3.0))
    last = distribution(scores, Lane("top_p", 0.85, temperature=3.0, order="last"))
    assert np.count_nonzero(last) == 2
    assert np.count_nonzero(first) > 2
    assert last[0] / last[1] == pytest.approx((0.7 / 0.2) ** (1 / 3), rel=1e-5)


def test_what_a_number_draws() -> None:
    scores = np.array([0.0, 2.0, 2.0, 1.0], dtype=np.float32)
    probs = np.exp(log_softmax(scores))
    assert drawn(probs, 0.0, scores) == 1  # the first of the two that tie
    assert drawn(probs, float(probs[1]) + 1e-9, scores) == 2
    assert drawn(probs, 1 - 1e-12, scores) == 0


# -- whole texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_greedy_equals_generate(model: Any, penalty: float) -> None:
    theirs = generated(model, 20, repetition_penalty=penalty).sequences[0].tolist()
    for lane in (Lane("greedy", penalty=penalty), Lane("temperature", 0.0, penalty=penalty)):
        assert write(CachedFrontier(model), PROMPT, lane, 20, 0, {END}) == until_end(theirs)


SAMPLED = (
    (Lane("sample"), {}),
    (Lane("temperature", 0.6), {"temperature": 0.6}),
    (Lane("top_k", 6), {"top_k": 6}),
    (Lane("top_p", 0.8), {"top_p": 0.8}),
    (Lane("top_p", 0.8, temperature=1.5), {"top_p": 0.8, "temperature": 1.5}),
    (Lane("typical", 0.5), {"typical_p": 0.5}),
    (Lane("min_p", 0.1), {"min_p": 0.1}),
    (Lane("sample", penalty=1.4), {"repetition_penalty": 1.4}),
)


@pytest.mark.parametrize(("lane", "settings"), SAMPLED, ids=[str(settings) for _, settings in SAMPLED])
@pytest.mark.parametrize("seed", [0, 3, 9])
def test_drawing_equals_generate_with_the_same_numbers(
    model: Any, monkeypatch: pytest.MonkeyPatch, lane: Lane, settings: dict[str, Any], seed: int
) -> None:
    """torch's own draw is replaced by ours; everything before it is transformers'."""
    place = itertools.count(len(PROMPT))

    def draw(probs: Any, num_samples: int) -> Any:
        row = probs[0].double().numpy()
        return torch.tensor([[drawn(row, random_number(seed, next(place)), row)]])

    monkeypatch.setattr(torch, "multinomial", draw)
    theirs = generated(model, 20, do_sample=True, **settings).sequences[0].tolist()
    assert write(CachedFrontier(model), PROMPT, lane, 20, seed, {END}) == until_end(theirs)


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_beam_search_equals_generate(model: Any, width: int, power: float, penalty: float) -> None:
    """Text and score, with a length penalty that favours long texts and one that favours short ones."""
    tree = beam_search(CachedFrontier(model), PROMPT, width, 14, {END}, power, penalty)
    if (
        width == 1
    ):  # generate is then greedy decoding: no scores of beams, and its penalty is put on scores before the softmax
        if penalty == 1:
            assert list(tree.best) == until_end(generated(model, 14).sequences[0].tolist())
        return
    theirs = generated(model, 14, num_beams=width, length_penalty=power, repetition_penalty=penalty)
    assert list(tree.best) == until_end(theirs.sequences[0].tolist())
    assert tree.nodes[tree.winner].score(power) == pytest.approx(float(theirs.sequences_scores[0]), rel=1e-4)


class Table:
    """A frontier whose probabilities depend on the last token alone."""

    def __init__(self, rows: dict[int, list[float]]) -> None:
        self._rows = rows

    def _grown(self, token_ids: Sequence[int]) -> Grown:
        with np.errstate(divide="ignore"):
            scores = np.log(np.array([self._rows[token] for token in token_ids], dtype=np.float32))
        return Grown(scores, np.ones((len(token_ids), 2), dtype=np.float32))

    def begin(self, token_ids: Sequence[int]) -> Grown:
        return self._grown(token_ids[-1:])

    def step(self, parents: Sequence[int], token_ids: Sequence[int]) -> Grown:
        return self._grown(token_ids)


def test_a_beam_finds_what_greedy_misses() -> None:
    table = Table({0: [0, 0.6, 0.4], 1: [0.5, 0.25, 0.25], 2: [0.95, 0.03, 0.02]})
    assert write(table, [0], Lane("greedy"), 2, 0) == [1, 0]
    tree = beam_search(table, [0], 2, 2)
    assert tree.best == (2, 0)
    assert tree.nodes[tree.winner].total == pytest.approx(math.log(0.4 * 0.95), abs=1e-6)


def test_ties_go_to_the_better_beam_and_then_the_lower_id() -> None:
    flat = Table(dict.fromkeys(range(4), [0.25] * 4))
    tree = beam_search(flat, [0], 2, 2)
    assert tree.best == (0, 0)
    assert [(n.parent, n.token_id, n.fate) for n in tree.nodes[:4]] == [(-1, 0, "kept"), (-1, 1, "kept"), (-1, 2, "dropped"), (-1, 3, "dropped")]  # fmt: skip
    assert [(n.parent, n.token_id) for n in tree.nodes[4:]] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert write(flat, [0], Lane("greedy"), 3, 0) == [0, 0, 0]
    assert write(flat, [0], Lane("contrastive", 0.6), 2, 0) == [0, 0]


def test_an_end_inside_a_beam_waits_for_the_others() -> None:
    """The text that ends at once has the higher sum, the longer one the higher mean: the length penalty decides."""
    table = Table({0: [0, 0.55, 0.45], 1: [0, 0.9, 0.1], 2: [1 / 3] * 3})
    ends = {2}
    short, long = (beam_search(table, [0], 2, 4, ends, power) for power in (0.0, 1.0))
    ended = [n for n in short.nodes if n.fate == "ended"]
    assert (ended[0].step, ended[0].token_id) == (1, 2)
    assert short.best == (2,)
    assert long.best == (1, 1, 1, 1)
    assert all(
        short.nodes[n.parent].fate == "kept" for n in short.nodes if n.parent >= 0
    )  # nothing goes on from an end


def test_the_sums_of_the_tree_add_up(model: Any) -> None:
    width = 4
    tree: BeamTree = beam_search(CachedFrontier(model), PROMPT, width, 10, {END})
    for i, node in enumerate(tree.nodes):
        before = tree.nodes[node.parent].total if node.parent >= 0 else 0.0
        assert node.total == pytest.approx(before + node.logprob, abs=1e-5)
        path = [tree.nodes[n].token_id for n in tree.path(i)]
        assert len(path) == node.step
        assert node.total == pytest.approx(sum(tell(model, PROMPT, path).logprobs), abs=1e-4)
    for step in range(1, 11):
        at = [n for n in tree.nodes if n.step == step]
        assert len(at) <= 2 * width
        assert sum(n.fate == "kept" for n in at) <= width
    assert tuple(tree.nodes[n].token_id for n in tree.path(tree.winner)) == tree.best


def test_a_beam_as_wide_as_the_tree_finds_the_most_probable_text(model: Any) -> None:
    small = Table(
        {i: [float(p) for p in row] for i, row in enumerate(np.random.default_rng(2).dirichlet([0.5] * 4, 4))}
    )

    def total(text: tuple[int, ...]) -> float:
        return sum(float(small._grown([a]).scores[0][b]) for a, b in itertools.pairwise((0, *text)))

    best = max(itertools.product(range(4), repeat=3), key=total)
    assert beam_search(small, [0], 16, 3).best == best


def contrastive_reading(model: Any, prompt: list[int], k: int, alpha: float, most: int) -> list[int]:
    """Su et al. 2022, equation 5, read word by word: no cache, everything computed anew for every candidate."""
    ids = list(prompt)
    for _ in range(most):
        probs = model(torch.tensor([ids])).logits[0, -1].softmax(-1)
        best, found = -math.inf, -1
        for v in probs.topk(k).indices.tolist():
            h = model(torch.tensor([[*ids, v]]), output_hidden_states=True).hidden_states[-1][0]
            likeness = torch.cosine_similarity(h[-1], h[:-1], dim=-1).max()
            score = float((1 - alpha) * probs[v] - alpha * likeness)
            if score > best:
                best, found = score, v
        ids.append(found)
    return ids[len(prompt) :]


@pytest.mark.parametrize(("k", "alpha"), [(4, 0.6), (8, 0.3), (3, 0.9), (1, 0.5)])
def test_contrastive_search_equals_the_equation(model: Any, k: int, alpha: float) -> None:
    with torch.inference_mode():
        wanted = contrastive_reading(model, PROMPT, k, alpha, 12)
    assert write(CachedFrontier(model), PROMPT, Lane("contrastive", alpha, k=k), 12, 0) == wanted


def test_contrastive_search_with_alpha_zero_is_greedy(model: Any) -> None:
    greedy = write(CachedFrontier(model), PROMPT, Lane("greedy"), 12, 0, {END})
    assert write(CachedFrontier(model), PROMPT, Lane("contrastive", 0.0), 12, 0, {END}) == greedy


def test_a_token_taken_by_hand(model: Any) -> None:
    frontier, lane = CachedFrontier(model), Lane("sample")
    plain = write(frontier, PROMPT, lane, 10, 3)
    taken = next(token for token in range(VOCAB) if token not in (plain[3], END))
    text = write_with_picks(frontier, PROMPT, lane, 10, 3, (), [(4, taken)])
    assert text[:3] == plain[:3]
    assert text[3] == taken
    assert text[4:] == write(frontier, [*PROMPT, *text[:4]], lane, 6, 3)
    assert write_with_picks(frontier, PROMPT, lane, 10, 3, {END}, [(4, END)])[3:] == [END]
    assert write_with_picks(frontier, PROMPT, lane, 10, 3, (), [(99, taken)]) == plain


def test_no_tokens_and_a_beam_without_width(model: Any) -> None:
    assert write(CachedFrontier(model), PROMPT, Lane("beam", 4), 0, 0) == []
    assert tell(model, PROMPT, []).logprobs == ()
    with pytest.raises(ValueError, match="at least 1"):
        beam_search(CachedFrontier(model), PROMPT, 0, 5)


def test_repetition() -> None:
    assert distinct([1, 2, 1, 2], 2) == pytest.approx(2 / 3)
    assert repeated([5] * 10) == pytest.approx(6 / 7)
    assert (distinct([], 3), distinct([1], 3), repeated([1, 2, 3])) == (1.0, 1.0, 0.0)


# -- the stories of the page -----------------------------------------------------------------------------------------------

LOOKED_FOR = {
    "294409fa100cb3ddb6d42e214c95be362fa4b29bdc1d24d31ab2d78115c91ed3": "simple_stories_en more_stories_en childrens_books_en graded_news_en",
    "659474bf9136b5a0c6fcbb57d4df825eb6d217ce8aae4b17381cf75c768c5044": "everyday_ko stories_ko sentences_ko reviews_ko wikipedia_ko",
}
"""SHA-256 of a story with its beginning, and the sources that the bundled models of its language were trained on."""


def words(text: str) -> list[str]:
    """Words in lower case, without marks."""
    return re.findall(r"[\w']+", text.lower())


def test_the_stories_are_those_that_were_looked_for() -> None:
    """Another text must be looked for in the training text again (the next test)."""
    digests = [
        hashlib.sha256((beginning + story).encode()).hexdigest() for beginning, story in STORIES.items()
    ]
    assert digests == list(LOOKED_FOR)


@pytest.mark.parametrize(
    ("story", "sources"), [*zip(STORIES.items(), LOOKED_FOR.values(), strict=True)], ids=["en", "ko"]
)
def test_no_eight_words_of_a_story_stand_in_the_training_text(story: tuple[str, str], sources: str) -> None:
    """Where the text that the bundled models were trained on is at hand: ``GLASSBOX_CORPUS`` names its folder."""
    folder = os.environ.get("GLASSBOX_CORPUS")
    if not folder:
        pytest.skip("GLASSBOX_CORPUS is not set")
    train, _ = read_corpus(Path(folder), [Source.parse(name) for name in sources.split()])
    ours = words("".join(story))
    wanted = {tuple(ours[i : i + 8]) for i in range(len(ours) - 7)}
    starts = {gram[:2] for gram in wanted}
    known = words(train[0].text)
    assert known  # the corpus can be read
    for document in train:
        found = words(document.text)
        for i in range(len(found) - 7):
            assert (found[i], found[i + 1]) not in starts or tuple(found[i : i + 8]) not in wanted, (
                document.text[:80]
            )
