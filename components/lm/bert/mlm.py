"""What a masked language model says about hidden tokens: guesses, probabilities, ranks, losses.

Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, section 3.1, task 1: some tokens of the input are
corrupted, and the model predicts the original token at those places from the whole input. The loss at one place is
the cross entropy, -ln p(original), in nats.

    text = read_text(loaded, "She put the bread into the oven.")
    guesses = guess(loaded, text, hidden=(4, 7))    # both hidden at once
    guesses[0].prob, guesses[0].rank                # of the token that stood there

Torch is imported by the model that is handed in; this module needs only numpy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from components.lm.bert.dice import Recipe, Strategy, draw
from components.lm.bert.masking import Action, MaskedTokens
from components.lm.reading import (
    Bools,
    CannotRead,
    Ints,
    ReadingReason,
    as_inputs,
    filler_id,
    pieces,
    read,
)
from components.lm.tokens.token_text import token_info

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Side = Literal["left", "right", "both"]
Order = Literal["left_to_right", "right_to_left", "surest_first", "at_once"]

TOP = 8
"""Candidates a guess lists."""
ROWS_AT_ONCE = 32
"""Rows of a batch: memory for 32 x 128 x 8,192 logits is 134 MB."""


@dataclass(frozen=True, eq=False)
class MaskableText:
    """One text as a masked language model reads it. Arrays are (seq,).

    Attributes:
        tokens: the model's own spelling (``##ing``).
        spans: where each token stands in the text as typed, (start, end); empty for special tokens.
        special: true at [CLS], [SEP] and their like, which are never hidden.
        blank: true where the reader typed the mask token: what stood there is not known.
        word_ids: the word of each token, None for special tokens.
        vocab_size: rows of the model's output; random tokens come from ``first_random_id`` on, after the special and
            unused tokens that begin the vocabulary (BERT's own code draws from all of it).
        dropped: tokens beyond what the model can read, which were left out at the end.
    """

    text: str
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    input_ids: Ints
    special: Bools
    blank: Bools
    word_ids: tuple[int | None, ...]
    mask_token_id: int
    mask_token: str
    vocab_size: int
    first_random_id: int
    dropped: int

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def maskable(self) -> tuple[int, ...]:
        """Positions that can be hidden and have a token that is known."""
        return tuple(int(i) for i in np.flatnonzero(~self.special & ~self.blank))

    def word_of(self, position: int) -> tuple[int, ...]:
        """The positions of all pieces of the word at ``position``."""
        word = self.word_ids[position]
        return (position,) if word is None else tuple(i for i, w in enumerate(self.word_ids) if w == word)


@dataclass(frozen=True)
class Candidate:
    """One token the model would put into a blank."""

    token_id: int
    token: str
    prob: float


@dataclass(frozen=True)
class Guess:
    """What the model says at one position.

    ``rest`` is the probability of everything that is not listed. ``prob``, ``rank`` (from 1) and ``loss`` (nats)
    belong to the original token; they are None where it is not known.
    """

    position: int
    candidates: tuple[Candidate, ...]
    rest: float
    entropy_bits: float
    original: Candidate | None
    rank: int | None
    loss: float | None

    @property
    def prob(self) -> float | None:
        """Probability of the original token."""
        return None if self.original is None else self.original.prob


def read_text(loaded: LoadedModel, text: str) -> MaskableText:
    """Tokens of a text between the model's special tokens, cut at what the model can read.

    Raises:
        ModelRefused: the model does not predict masked tokens.
        CannotRead: a token has no row in the model, or the tokenizer has no mask.
    """
    loaded.card.check("masked_prediction")
    reading = read(loaded, text, cut="end")
    if reading.mask_token_id is None:
        raise CannotRead(
            ReadingReason.NO_MASK, model=loaded.card.name, tokenizer=type(loaded.tokenizer).__name__
        )
    framed = [kind == "frame" for kind in reading.kinds]
    return MaskableText(
        text=reading.text,
        tokens=reading.tokens,
        spans=tuple(span or (0, 0) for span in reading.spans),
        input_ids=reading.input_ids,
        special=reading.special,
        blank=(reading.input_ids == reading.mask_token_id) & ~np.array(framed),
        word_ids=tuple(
            None if frame else i if word is None else word
            for i, (frame, word) in enumerate(zip(framed, reading.word_ids, strict=True))
        ),
        mask_token_id=reading.mask_token_id,
        mask_token=reading.mask_token or "",
        vocab_size=loaded.card.vocab_size,
        first_random_id=_first_random_id(loaded),
        dropped=reading.dropped,
    )


def _first_random_id(loaded: LoadedModel) -> int:
    """The first token of the vocabulary that is neither special nor kept free ([unused1])."""
    special = {int(i) for i in loaded.tokenizer.all_special_ids}
    for token_id in range(loaded.card.vocab_size - 1):
        if token_id not in special and not token_info(loaded.tokenizer, token_id).token.startswith("[unused"):
            return token_id
    return loaded.card.vocab_size - 1


# --- From the model to log-probabilities ----------------------------------------------------------------------------


def log_probs(
    loaded: LoadedModel,
    input_ids: Ints,
    at: Sequence[tuple[int, int]],
    *,
    attention_mask: npt.NDArray[Any] | None = None,
) -> Floats:
    """Natural logarithms of the probabilities at some places of a batch.

    Args:
        input_ids: (batch, seq).
        at: (row, position) pairs.
        attention_mask: (batch, seq), 0 at what no position may read; everything is read without it.

    Returns:
        (len(at), vocab), float32.
    """
    from components.lm.checkpoints import import_torch

    torch = import_torch()
    ids = np.asarray(input_ids, np.int64)
    seen = None if attention_mask is None else np.asarray(attention_mask, np.int64)
    result = np.empty((len(at), loaded.card.vocab_size), np.float32)
    places = np.array(at, np.int64).reshape(-1, 2)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        mine = np.flatnonzero((places[:, 0] >= start) & (places[:, 0] < start + ROWS_AT_ONCE))
        if not len(mine):
            continue
        rows = slice(start, start + ROWS_AT_ONCE)
        inputs = as_inputs(loaded, ids[rows], attention_mask=None if seen is None else seen[rows])
        with torch.inference_mode():
            logits = loaded.masked_logits(loaded.forward(**inputs))
            wanted = logits[torch.from_numpy(places[mine, 0] - start), torch.from_numpy(places[mine, 1])]
            result[mine] = torch.log_softmax(wanted.float(), -1).numpy()
    return result


def _as_guess(
    loaded: LoadedModel, position: int, logp: Floats, original: int | None, top: int = TOP
) -> Guess:
    best = np.argpartition(-logp, min(top, len(logp) - 1))[:top]
    best = best[np.argsort(-logp[best], kind="stable")]
    probs = np.exp(logp.astype(np.float64))
    candidates = tuple(
        Candidate(int(i), token_info(loaded.tokenizer, int(i)).token, float(probs[i])) for i in best
    )
    entropy = float(-(probs * np.where(probs > 0, logp, 0)).sum() / np.log(2))
    rest = max(0.0, 1.0 - sum(c.prob for c in candidates))
    if original is None:
        return Guess(position, candidates, rest, entropy, None, None, None)
    own = Candidate(original, token_info(loaded.tokenizer, original).token, float(probs[original]))
    rank = int((logp > logp[original]).sum()) + 1
    return Guess(position, candidates, rest, entropy, own, rank, float(-logp[original]))


def _original(text: MaskableText, position: int) -> int | None:
    return None if text.blank[position] else int(text.input_ids[position])


# --- The lab --------------------------------------------------------------------------------------------------------


def hide(text: MaskableText, hidden: Iterable[int], filled: Mapping[int, int] | None = None) -> Ints:
    """The input ids with the mask token at ``hidden``, except where ``filled`` puts a token, (seq,)."""
    ids = text.input_ids.copy()
    for position in hidden:
        ids[position] = text.mask_token_id
    for position, token_id in (filled or {}).items():
        ids[position] = token_id
    return ids


def guess(
    loaded: LoadedModel,
    text: MaskableText,
    hidden: Sequence[int],
    filled: Mapping[int, int] | None = None,
    *,
    top: int = TOP,
) -> list[Guess]:
    """What the model says at each hidden position that is still open, all hidden at once."""
    filled = filled or {}
    open_ = [position for position in hidden if position not in filled]
    if not open_:
        return []
    found = log_probs(loaded, hide(text, hidden, filled)[None], [(0, position) for position in open_])
    return [
        _as_guess(loaded, position, logp, _original(text, position), top)
        for position, logp in zip(open_, found, strict=True)
    ]


@dataclass(frozen=True)
class Change:
    """A guess and what its candidates had before the other blanks were filled."""

    now: Guess
    before: tuple[float, ...]  # probabilities of now.candidates
    original_before: float | None


def changes(
    loaded: LoadedModel,
    text: MaskableText,
    hidden: Sequence[int],
    filled: Mapping[int, int],
    *,
    top: int = TOP,
) -> list[Change]:
    """The open blanks with and without the tokens in ``filled``; without any, nothing has changed."""
    open_ = [position for position in hidden if position not in filled]
    if not open_:
        return []
    rows = [hide(text, hidden, filled)] + ([hide(text, hidden)] if filled else [])
    places = [(row, position) for row in range(len(rows)) for position in open_]
    found = log_probs(loaded, np.stack(rows), places)
    result = []
    for i, position in enumerate(open_):
        now = _as_guess(loaded, position, found[i], _original(text, position), top)
        old = np.exp(found[i + len(open_)] if filled else found[i])
        before = tuple(float(old[c.token_id]) for c in now.candidates)
        result.append(
            Change(now, before, None if now.original is None else float(old[now.original.token_id]))
        )
    return result


def guess_from(
    loaded: LoadedModel, text: MaskableText, hidden: Sequence[int], position: int, *, top: int = TOP
) -> dict[Side, Guess]:
    """The same blank guessed from its left context only, its right context only, and both.

    Tokens of the other side keep their place but no position may read them (attention mask 0); special tokens and
    the blank itself are always read.
    """
    sides: tuple[Side, ...] = ("left", "right", "both")
    places = np.arange(len(text))
    always = text.special | (places == position)
    seen = np.stack([always | (places < position), always | (places > position), np.ones(len(text), bool)])
    ids = np.repeat(hide(text, {*hidden, position})[None], 3, axis=0)
    found = log_probs(loaded, ids, [(row, position) for row in range(3)], attention_mask=seen)
    return {
        side: _as_guess(loaded, position, logp, _original(text, position), top)
        for side, logp in zip(sides, found, strict=True)
    }


@dataclass(frozen=True)
class NextWord:
    """What a causal model says from the left alone; its tokens are its own."""

    candidates: tuple[Candidate, ...]
    rest: float
    first_piece: Candidate  # of the word that stands there, in the causal model's own tokens
    rank: int
    pieces: int  # tokens of that word for the causal model


def next_word(causal: LoadedModel, text: MaskableText, position: int, *, top: int = TOP) -> NextWord:
    """The guess of a causal model (GPT) for the word at ``position``: it reads what stands left of it.

    The word starts with the space before it, as in byte-level vocabularies.
    """
    from components.lm.gpt.generation import next_token

    start, end = text.spans[text.word_of(position)[0]][0], text.spans[text.word_of(position)[-1]][1]
    left = text.text[:start].rstrip()
    given = read(causal, left, most=max(1, (causal.card.max_positions or 1025) - 1), cut="start")
    logits = np.asarray(next_token(causal.model, given.input_ids.tolist()).logits, np.float64)
    logp = logits - logits.max()
    logp -= np.log(np.exp(logp).sum())
    own_ids = pieces(causal, (" " if left else "") + text.text[start:end], before=left)
    best = np.argsort(-logp, kind="stable")[:top]
    infos = {int(i): token_info(causal.tokenizer, int(i)).text for i in [*best, own_ids[0]]}
    candidates = tuple(Candidate(int(i), infos[int(i)], float(np.exp(logp[i]))) for i in best)
    first = int(own_ids[0])
    return NextWord(
        candidates,
        max(0.0, 1.0 - sum(c.prob for c in candidates)),
        Candidate(first, infos[first], float(np.exp(logp[first]))),
        int((logp > logp[first]).sum()) + 1,
        len(own_ids),
    )


# --- Order of filling, pieces of a word -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Filled:
    """All blanks filled with the model's first choice, in one order. ``steps`` are (position, choice)."""

    order: Order
    steps: tuple[tuple[int, Candidate], ...]

    @property
    def log_prob(self) -> float:
        """Sum of the natural logarithms of the probabilities at the moment each token was chosen."""
        return float(sum(np.log(choice.prob) for _, choice in self.steps))

    @property
    def tokens(self) -> dict[int, Candidate]:
        """Position -> what was put there."""
        return dict(self.steps)


def fill_in(loaded: LoadedModel, text: MaskableText, hidden: Sequence[int], order: Order) -> Filled:
    """Fill every blank with the likeliest token; all but ``at_once`` let later blanks read what was filled before.

    A masked language model is not a distribution over whole texts, so the orders may disagree.
    """
    waiting = sorted(hidden, reverse=order == "right_to_left")
    steps: list[tuple[int, Candidate]] = []
    if order == "at_once":
        steps = [(g.position, g.candidates[0]) for g in guess(loaded, text, waiting, top=1)]
    while order != "at_once" and waiting:
        filled = {position: choice.token_id for position, choice in steps}
        guesses = guess(loaded, text, hidden, filled, top=1)
        if order == "surest_first":
            best = max(guesses, key=lambda g: g.candidates[0].prob)
        else:
            best = next(g for g in guesses if g.position == waiting[0])
        steps.append((best.position, best.candidates[0]))
        waiting.remove(best.position)
    return Filled(order, tuple(steps))


@dataclass(frozen=True)
class Piece:
    """One piece of a word, hidden alone and hidden with the whole word. Losses in nats."""

    position: int
    alone: Guess
    together: Guess


def pieces_of(loaded: LoadedModel, text: MaskableText, position: int) -> list[Piece]:
    """Every piece of the word at ``position``, guessed with the other pieces in sight and without them."""
    word = text.word_of(position)
    rows = [hide(text, (p,)) for p in word] + [hide(text, word)]
    places = [(row, p) for row, p in enumerate(word)] + [(len(word), p) for p in word]
    found = log_probs(loaded, np.stack(rows), places)
    return [
        Piece(
            p,
            _as_guess(loaded, p, found[i], _original(text, p)),
            _as_guess(loaded, p, found[i + len(word)], _original(text, p)),
        )
        for i, p in enumerate(word)
    ]


# --- The dice, as the model sees them -------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseLoss:
    """The original token's probability and loss (nats) at one position in one case."""

    action: Action
    input_id: int
    token: str
    prob: float
    loss: float
    rank: int
    top: Candidate


@dataclass(frozen=True)
class ChosenPosition:
    """One chosen position under all three cases; ``actual`` is the one the die gave."""

    position: int
    actual: Action
    cases: Mapping[Action, CaseLoss]


MOST_COMPARED = 24
"""Chosen positions whose other cases are computed: each costs two more rows."""


def compare_cases(
    loaded: LoadedModel, text: MaskableText, masked: MaskedTokens, *, seed: int, most: int = MOST_COMPARED
) -> list[ChosenPosition]:
    """Each chosen position as the die left it and under the two other cases, everything else unchanged.

    ``masked`` is one draw, arrays (seq,). Where the die gave no random token, one is drawn with ``seed``. Of
    positions after the first ``most`` only the actual case is computed.
    """
    chosen = [int(p) for p in np.flatnonzero(masked.chosen)]
    if not chosen:
        return []
    rng = np.random.default_rng([seed, 1])
    others = rng.integers(text.first_random_id, text.vocab_size, len(text))
    rows, places, what = [masked.input_ids], [], []
    for number, position in enumerate(chosen):
        actual = Action(int(masked.actions[position]))
        places.append((0, position))
        what.append((position, actual, int(masked.input_ids[position])))
        if number >= most:
            continue
        for action, token_id in (
            (Action.MASKED, text.mask_token_id),
            (Action.RANDOM, int(others[position])),
            (Action.KEPT, int(text.input_ids[position])),
        ):
            if action is actual:
                continue
            row = masked.input_ids.copy()
            row[position] = token_id
            places.append((len(rows), position))
            rows.append(row)
            what.append((position, action, token_id))
    found = log_probs(loaded, np.stack(rows), places)
    cases: dict[int, dict[Action, CaseLoss]] = {}
    for (position, action, token_id), logp in zip(what, found, strict=True):
        own = int(masked.labels[position])
        best = int(logp.argmax())
        cases.setdefault(position, {})[action] = CaseLoss(
            action,
            token_id,
            token_info(loaded.tokenizer, token_id).token,
            float(np.exp(logp[own])),
            float(-logp[own]),
            int((logp > logp[own]).sum()) + 1,
            Candidate(best, token_info(loaded.tokenizer, best).token, float(np.exp(logp[best]))),
        )
    return [ChosenPosition(p, Action(int(masked.actions[p])), cases[p]) for p in chosen]


@dataclass(frozen=True)
class Signal:
    """How much one way of choosing teaches per pass over a text.

    ``share`` is predicted tokens per ordinary token, ``loss`` nats per predicted token, both means over the draws.
    """

    strategy: Strategy
    share: float
    loss: float

    @property
    def loss_per_token(self) -> float:
        """Nats of loss per token of the text."""
        return self.share * self.loss


def signal(
    loaded: LoadedModel, text: MaskableText, recipe: Recipe, *, seed: int, num_draws: int = 16
) -> Signal:
    """Mean share and mean loss of one way of choosing over some draws of a text."""
    masked, _ = draw(text, recipe, seed=seed, num_draws=num_draws)
    places = [(int(row), int(position)) for row, position in np.argwhere(masked.chosen)]
    ordinary = len(text.maskable)
    if not places or not ordinary:
        return Signal(recipe.strategy, 0.0, 0.0)
    found = log_probs(loaded, masked.input_ids, places)
    own = np.array([masked.labels[place] for place in places])
    return Signal(
        recipe.strategy,
        len(places) / (num_draws * ordinary),
        float(-found[np.arange(len(places)), own].mean()),
    )


# --- Accuracy over masking rates ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RatePoint:
    """What a model gets right at one masking rate; counts, right answers and summed losses (nats) by case."""

    rate: float
    count: Mapping[Action, int]
    right: Mapping[Action, int]
    nats: Mapping[Action, float]

    def accuracy(self, action: Action | None = None) -> float | None:
        """Share of right first guesses in one case, or in all; None where nothing was chosen."""
        n = self.count[action] if action is not None else sum(self.count.values())
        k = self.right[action] if action is not None else sum(self.right.values())
        return k / n if n else None

    def loss(self, action: Action | None = None) -> float | None:
        """Mean loss per predicted token in one case, or in all, in nats."""
        n = self.count[action] if action is not None else sum(self.count.values())
        total = self.nats[action] if action is not None else sum(self.nats.values())
        return total / n if n else None


CASES = (Action.MASKED, Action.RANDOM, Action.KEPT)
DRAWS = 3
"""How often each rate is drawn for a curve: one draw of some hundred tokens may lie ten points off."""
RATES = tuple(round(0.05 * i, 2) for i in range(1, 19))
"""5% to 90%."""


def pooled(points: Sequence[RatePoint]) -> RatePoint:
    """Return several draws at one rate as one."""

    def total(of: Callable[[RatePoint], Mapping[Action, float]]) -> dict[Action, Any]:
        return {action: sum(of(point)[action] for point in points) for action in CASES}

    return RatePoint(
        points[0].rate, total(lambda p: p.count), total(lambda p: p.right), total(lambda p: p.nats)
    )


def sentences(text: str) -> list[str]:
    """A text cut after . ! ? and at line ends; empty pieces are left out.

    >>> sentences("It ran. Why? Nobody knows")
    ['It ran.', 'Why?', 'Nobody knows']
    """
    return [piece for piece in (part.strip() for part in re.split(r"(?<=[.!?…])\s+|\n+", text)) if piece]


def draw_at_rate(text: MaskableText, number: int, recipe: Recipe, seed: int) -> MaskedTokens:
    """Return the draw of one of the texts at one rate, as :func:`over_rates` makes it."""
    rate = round(1000 * recipe.mlm_probability)
    return draw(text, recipe, seed=seed * 1_000_003 + rate * 1009 + number)[0]


def over_rates(
    loaded: LoadedModel,
    texts: Sequence[MaskableText],
    *,
    rates: Sequence[float] = RATES,
    mask_replace_prob: float = 0.8,
    random_replace_prob: float = 0.1,
    seed: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[RatePoint]:
    """Accuracy and loss of the model at each rate, one point at a time; texts are batched by length.

    What is chosen at a rate depends on ``seed`` and on the rate, not on the other rates.
    """
    from components.lm.checkpoints import import_torch

    torch = import_torch()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    batches = [order[i : i + ROWS_AT_ONCE] for i in range(0, len(order), ROWS_AT_ONCE)]
    for rate in rates:
        count, right = dict.fromkeys(CASES, 0), dict.fromkeys(CASES, 0)
        losses = dict.fromkeys(CASES, 0.0)
        for batch in batches:
            if should_stop():
                return
            longest = max(len(texts[i]) for i in batch)
            ids = np.full((len(batch), longest), filler_id(loaded), np.int64)
            seen, actions = np.zeros_like(ids), np.zeros(ids.shape, np.int8)
            labels = np.zeros_like(ids)
            for row, i in enumerate(batch):
                recipe = Recipe(rate, mask_replace_prob, random_replace_prob)
                masked = draw_at_rate(texts[i], i, recipe, seed)
                n = len(texts[i])
                ids[row, :n], labels[row, :n] = masked.input_ids[0], masked.labels[0]
                seen[row, :n], actions[row, :n] = 1, masked.actions[0]
            chosen = actions != Action.NOT_CHOSEN
            if not chosen.any():
                continue
            inputs = as_inputs(loaded, ids, attention_mask=seen)
            with torch.inference_mode():
                logits = loaded.masked_logits(loaded.forward(**inputs))[torch.from_numpy(chosen)].float()
                own = torch.from_numpy(labels[chosen])
                lost = torch.nn.functional.cross_entropy(logits, own, reduction="none").numpy()
                hit = (logits.argmax(-1) == own).numpy()
            case = actions[chosen]
            for action in CASES:
                mine = case == action
                count[action] += int(mine.sum())
                right[action] += int(hit[mine].sum())
                losses[action] += float(lost[mine].sum())
        yield RatePoint(rate, count, right, losses)
