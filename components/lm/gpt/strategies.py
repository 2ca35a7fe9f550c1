"""Eight ways to choose a text from the same probabilities, each as short as its definition.

A *strategy* sees the scores (logits) of the next token, shape (vocab_size,), and takes one:

- **greedy**: the highest.
- **temperature, top-k, top-p**: divide, cut, draw; their papers stand in `components.lm.gpt.decoding`.
- **typical** (Meister et al. 2023, "Locally Typical Sampling", arXiv:2202.00666, section 4): keep the tokens whose surprisal lies
  nearest to the entropy, until they hold the mass. The most probable token may go.
- **min-p** (Nguyen et al. 2024, arXiv:2407.01082, section 3): keep what has at least ``min_p`` times the probability of the first.
- **beam search** (Reddy 1977; as in Sutskever et al. 2014, arXiv:1409.3215, section 3.2): keep the ``width`` most probable beginnings.
- **contrastive search** (Su et al. 2022, arXiv:2202.06417, equation 5): of the ``k`` most probable tokens take the one that is
  probable and whose state is unlike every state before it.

The **repetition penalty** (Keskar et al. 2019, arXiv:1909.05858, section 4.1) can be put before each of them.

All but contrastive search equal ``transformers`` (a test holds them to it), which no longer contains that one. The draw is that of
`decoding.random_number`: the same seed and position give the same number in every lane, here and in the browser
(``assets/elements/lib/engine/strategies.js``, the twin of this module).

How a text grows is a `Frontier`: some beginnings of equal length, each of which goes on with one token at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from components.lm.gpt.decoding import random_number

Scores = NDArray[np.float32]
Strategy = Literal[
    "greedy", "sample", "temperature", "top_k", "top_p", "typical", "min_p", "beam", "contrastive"
]
Order = Literal["first", "last"]


# -- scores to scores ----------------------------------------------------------------------------------------------------


def log_softmax(scores: Scores) -> NDArray[np.float64]:
    """Log-probabilities in nats, shape of ``scores``; of each row if there are several."""
    x = np.asarray(scores, dtype=np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return result


def penalised(scores: Scores, seen: Collection[int], penalty: float) -> Scores:
    """Make every token that the text already has less probable; a penalty of 1 changes nothing.

    A positive score is divided by the penalty and a negative one multiplied, as in Keskar's own code.
    """
    if penalty == 1 or not seen:
        return scores
    changed = scores.copy()
    ids = sorted(set(seen))
    changed[ids] = np.where(
        scores[ids] < 0, scores[ids] * np.float32(penalty), scores[ids] / np.float32(penalty)
    )
    return changed


def keep_top_k(scores: Scores, k: int) -> NDArray[np.bool_]:
    """The k highest, and whatever ties with the k-th."""
    if k <= 0 or k >= scores.size:
        return np.isfinite(scores)
    result: NDArray[np.bool_] = scores >= np.partition(scores, -k)[-k]
    return result


def keep_top_p(scores: Scores, mass: float) -> NDArray[np.bool_]:
    """The smallest set that holds the mass. From the least probable up, while the sum is at most ``1 - mass``, tokens go."""
    if mass >= 1:
        return np.isfinite(scores)
    ascending = np.argsort(scores, kind="stable")
    probs = np.exp(scores[ascending] - scores.max())
    gone = np.cumsum(probs / probs.sum(), dtype=np.float64).astype(np.float32) <= np.float32(1 - mass)
    gone[-1] = False  # one always stays
    kept = np.ones(scores.size, dtype=np.bool_)
    kept[ascending[gone]] = False
    return kept


def keep_typical(scores: Scores, mass: float) -> NDArray[np.bool_]:
    """The tokens whose surprisal is nearest to the entropy, until they hold the mass."""
    if mass >= 1:
        return np.isfinite(scores)
    logprobs = log_softmax(scores)
    probs = np.exp(logprobs)
    possible = probs > 0
    entropy = -(logprobs[possible] * probs[possible]).sum()
    distance = np.abs(-logprobs - entropy)
    order = np.argsort(distance, kind="stable")
    last = min(int((np.cumsum(probs[order]) < mass).sum()), scores.size - 1)
    result: NDArray[np.bool_] = distance <= distance[order[last]]
    return result


def keep_min_p(scores: Scores, share: float) -> NDArray[np.bool_]:
    """The tokens with at least ``share`` times the probability of the most probable one."""
    probs = np.exp(log_softmax(scores))
    result: NDArray[np.bool_] = probs >= share * probs.max()
    return result


KEEP = {"top_k": keep_top_k, "top_p": keep_top_p, "typical": keep_typical, "min_p": keep_min_p}


@dataclass(frozen=True)
class Lane:
    """One strategy with its one number.

    Attributes:
        value: temperature; k; the mass of top-p and typical; the share of min-p; the width of the beam; the alpha of contrastive
            search. Greedy and pure sampling have none (1).
        penalty: of repetition; 1 is off.
        temperature: for the four cuts: divided by before (``order`` "first", as in ``transformers``) or after ("last") the cut.
        k: candidates of contrastive search.
        length_penalty: the power of its length that the sum of a finished beam is divided by.
    """

    strategy: Strategy
    value: float = 1.0
    penalty: float = 1.0
    temperature: float = 1.0
    order: Order = "first"
    k: int = 4
    length_penalty: float = 1.0


def distribution(scores: Scores, lane: Lane, seen: Collection[int] = ()) -> NDArray[np.float64]:
    """What a lane that draws draws from: probabilities of shape (vocab_size,), 0 where cut.

    >>> p = distribution(np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32)), Lane("top_p", 0.7))
    >>> [round(float(x), 3) for x in p]
    [0.625, 0.375, 0.0, 0.0]
    """
    x = penalised(np.asarray(scores, dtype=np.float32), seen, lane.penalty)
    temperature = lane.value if lane.strategy == "temperature" else lane.temperature
    tempered = x / np.float32(temperature) if temperature > 0 else x
    keep: Any = KEEP.get(lane.strategy)
    if keep is None:
        kept = np.isfinite(tempered)
    else:
        number = int(lane.value) if lane.strategy == "top_k" else lane.value
        kept = keep(tempered if lane.order == "first" else x, number)
    weights = np.where(kept, np.exp((tempered - tempered[kept].max()).astype(np.float64)), 0.0)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


def drawn(probs: NDArray[np.float64], u: float, scores: Scores) -> int:
    """The token that ``u`` in [0, 1) lands on, the most probable first and ties by id."""
    ids = np.flatnonzero(probs)
    ids = ids[np.argsort(-scores[ids], kind="stable")]
    return int(ids[min(int(np.searchsorted(np.cumsum(probs[ids]), u, side="right")), len(ids) - 1)])


# -- how a text grows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grown:
    """After some beginnings were read: ``scores`` (n, vocab_size) of what comes next, ``states`` (n, size) of their last tokens."""

    scores: Scores
    states: NDArray[np.float32]


class Frontier(Protocol):
    """Beginnings of equal length that go on one token at a time."""

    def begin(self, token_ids: Sequence[int]) -> Grown:
        """Read one text: one row of scores, and the states of all its tokens (length, size)."""

    def step(self, parents: Sequence[int], token_ids: Sequence[int]) -> Grown:
        """Put ``token_ids[i]`` behind beginning ``parents[i]``; these are the beginnings from now on."""


# -- strategies ------------------------------------------------------------------------------------------------------------


def write(
    frontier: Frontier, prompt: Sequence[int], lane: Lane, most: int, seed: int, ends: Collection[int] = ()
) -> list[int]:
    """Up to ``most`` tokens of one lane after ``prompt``; a token of ``ends`` is the last one."""
    if most <= 0:
        return []
    if lane.strategy == "beam":
        return list(
            beam_search(frontier, prompt, int(lane.value), most, ends, lane.length_penalty, lane.penalty).best
        )
    if lane.strategy == "contrastive":
        return contrastive_search(frontier, prompt, lane.k, lane.value, most, ends, lane.penalty)
    written: list[int] = []
    grown = frontier.begin(prompt)
    while True:
        scores, seen = grown.scores[0], (*prompt, *written)
        if lane.strategy == "greedy" or (lane.strategy == "temperature" and lane.value == 0):
            token = int(np.argmax(penalised(scores, seen, lane.penalty)))
        else:
            u = random_number(seed, len(seen))
            token = drawn(distribution(scores, lane, seen), u, penalised(scores, seen, lane.penalty))
        written.append(token)
        if len(written) == most or token in ends:
            return written
        grown = frontier.step([0], [token])


def write_with_picks(
    frontier: Frontier,
    prompt: Sequence[int],
    lane: Lane,
    most: int,
    seed: int,
    ends: Collection[int] = (),
    picks: Sequence[tuple[int, int]] = (),
) -> list[int]:
    """The same, where a reader took some tokens by hand: pairs of a step (from 1) and the token, in the order they were taken.

    What stands before a pick stays as it was; behind it the strategy goes on as if both belonged to the prompt.
    """
    text = write(frontier, prompt, lane, most, seed, ends)
    for step, token in picks:
        if 1 <= step <= len(text):
            fixed = [*text[: step - 1], token]
            more = [] if token in ends else write(frontier, [*prompt, *fixed], lane, most - step, seed, ends)
            text = fixed + more
    return text


def contrastive_search(
    frontier: Frontier,
    prompt: Sequence[int],
    k: int,
    alpha: float,
    most: int,
    ends: Collection[int] = (),
    penalty: float = 1.0,
) -> list[int]:
    """Su et al. 2022, equation 5: the v of the k most probable with the highest (1 - alpha) p(v) - alpha max_j cos(h_v, h_j)."""
    written: list[int] = []
    grown = frontier.begin(prompt)
    past, scores = _unit(grown.states), grown.scores[0]
    while True:
        scores = penalised(scores, (*prompt, *written), penalty)
        probs = np.exp(log_softmax(scores))
        candidates = np.argsort(-scores, kind="stable")[:k]
        tried = frontier.step([0] * len(candidates), candidates.tolist())
        states = _unit(tried.states)
        likeness = (states @ past.T).max(axis=1)
        best = int(np.argmax((1 - alpha) * probs[candidates] - alpha * likeness))
        written.append(int(candidates[best]))
        if len(written) == most or written[-1] in ends:
            return written
        past, scores = np.vstack([past, states[best]]), tried.scores[best]
        frontier = _From(frontier, best)


def _unit(states: NDArray[np.float32]) -> NDArray[np.float64]:
    x = states.astype(np.float64)
    result: NDArray[np.float64] = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
    return result


class _From:
    """A frontier of which one beginning goes on: the next step's parents are that one."""

    def __init__(self, frontier: Frontier, row: int) -> None:
        self._frontier: Frontier = frontier._frontier if isinstance(frontier, _From) else frontier
        self._row = row

    def begin(self, token_ids: Sequence[int]) -> Grown:
        return self._frontier.begin(token_ids)

    def step(self, parents: Sequence[int], token_ids: Sequence[int]) -> Grown:
        return self._frontier.step([self._row] * len(parents), token_ids)


@dataclass(frozen=True)
class Hypothesis:
    """One node of the tree: a beginning that was looked at.

    Attributes:
        parent: number of the node it continues; -1 for the prompt.
        step: its length in tokens.
        logprob: of its last token, in nats (after the penalty, if there is one).
        total: the sum along its path: ``total`` of the parent plus ``logprob``.
        fate: ``kept`` (among the ``width`` best), ``ended`` (with an end-of-text token), or ``dropped``.
    """

    parent: int
    step: int
    token_id: int
    logprob: float
    total: float
    fate: Literal["kept", "ended", "dropped"]

    def score(self, length_penalty: float = 1.0) -> float:
        """The sum divided by a power of the length: what finished beams are compared by."""
        return float(self.total / self.step**length_penalty)


@dataclass(frozen=True)
class BeamTree:
    """Every hypothesis of a search, the winning node, and its tokens."""

    nodes: tuple[Hypothesis, ...]
    winner: int
    best: tuple[int, ...]

    def path(self, node: int) -> list[int]:
        """The nodes from the first token to this one."""
        found: list[int] = []
        while node >= 0:
            found.append(node)
            node = self.nodes[node].parent
        return found[::-1]


def beam_search(
    frontier: Frontier,
    prompt: Sequence[int],
    width: int,
    most: int,
    ends: Collection[int] = (),
    length_penalty: float = 1.0,
    penalty: float = 1.0,
) -> BeamTree:
    """Keep the ``width`` beginnings with the highest sum of log-probabilities, as ``transformers`` does.

    The 2 ``width`` best continuations are looked at; of equal ones that of the better beam comes first, then the lower id. An
    end of text among the first ``width`` is finished, and goes by ``total / length ** length_penalty``. The search stops after
    ``most`` tokens, where all that are among the first ``width`` count as finished, or when ``width`` are finished and the best
    running beam, divided by its length of now, does not beat the worst of them.
    """
    if width < 1 or most < 1:
        raise ValueError(f"width and most must be at least 1, not {width} and {most}")
    nodes: list[Hypothesis] = []
    running: list[int] = [-1]
    finished: list[int] = []
    grown = frontier.begin(prompt)
    texts: list[tuple[int, ...]] = [()]
    for step in range(1, most + 1):
        logprobs = log_softmax(grown.scores).astype(np.float32)
        rows = [penalised(row, (*prompt, *text), penalty) for row, text in zip(logprobs, texts, strict=True)]
        sums = np.stack(
            [
                row + np.float32(nodes[node].total if node >= 0 else 0)
                for row, node in zip(rows, running, strict=True)
            ]
        )
        flat, looked_at = sums.ravel(), min(2 * width, sums.size)
        among = np.flatnonzero(flat >= np.partition(flat, -looked_at)[-looked_at])
        order = among[np.argsort(-flat[among], kind="stable")][:looked_at]
        keep: list[tuple[int, int, int]] = []  # node, row, token
        for place, index in enumerate(order.tolist()):
            row, token = divmod(index, sums.shape[1])
            ended, last = token in ends, step == most
            counts = place < width
            fate: Literal["kept", "ended", "dropped"] = "dropped"
            if ended and counts:
                fate = "ended"
            elif not ended and len(keep) < width and (counts or not last):
                fate = "kept"
                keep.append((len(nodes), row, token))
            if counts and (ended or last):
                finished.append(len(nodes))
            nodes.append(
                Hypothesis(running[row], step, token, float(rows[row][token]), float(flat[index]), fate)
            )
        finished = sorted(finished, key=lambda node: -nodes[node].score(length_penalty))[:width]
        if step == most or not keep:
            break
        best_running = nodes[keep[0][0]].total / step**length_penalty
        if len(finished) == width and best_running <= nodes[finished[-1]].score(length_penalty):
            break
        running = [node for node, _, _ in keep]
        texts = [(*texts[row], token) for _, row, token in keep]
        grown = frontier.step([row for _, row, _ in keep], [token for _, _, token in keep])
    tree = BeamTree(tuple(nodes), finished[0], ())
    return replace(tree, best=tuple(nodes[node].token_id for node in tree.path(finished[0])))


# -- what a text can be asked afterwards -----------------------------------------------------------------------------------


def distinct(token_ids: Sequence[int], n: int) -> float:
    """Share of different n-grams among all (Li et al. 2016, arXiv:1510.03055, section 5.2); 1 for a text too short to have one.

    >>> distinct([1, 2, 1, 2], 2)
    0.6666666666666666
    """
    grams = list(zip(*(token_ids[i:] for i in range(n)), strict=False))
    return len(set(grams)) / len(grams) if grams else 1.0


def repeated(token_ids: Sequence[int], n: int = 4) -> float:
    """Share of n-grams that the text has had before; 0 for a text too short to have one.

    >>> repeated([1, 2, 3, 4, 5]), repeated([1, 1, 1, 1, 1, 1])
    (0.0, 0.6666666666666667)
    """
    return 1.0 - distinct(token_ids, n)
