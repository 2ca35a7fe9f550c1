"""What a model knows at twelve moments of its training: the same cloze probe, put to every snapshot.

The nano models come with snapshots on a logarithmic scale of steps, from the random start to the end, and with
``snapshots.json``, which says what each had read (``moments`` needs no torch). Shares are a softmax over the candidates'
log-probabilities alone, so they say which candidate a model prefers and not how likely it finds any of them. A word of
several pieces must have all of them guessed, so between candidates of unequal length the shorter one has an advantage
before anything is learned; ``Learned.pieces`` shows the cuts.

Probing a model through its training: Chiang, Huang and Lee 2020, arXiv:2010.02480; Liu et al. 2021, arXiv:2104.07885.

>>> read_probe("She put __ fork down.", "the, of").candidates
('the', 'of')
>>> [round(x, 3) for x in shares((0.0, 0.0))]
[0.5, 0.5]
>>> guess_band((0.5,) * 10)
(2, 8)
"""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from components.lm import checkpoints
from components.lm.gpt.decoding import SamplingSettings
from components.lm.reading import CannotRead, ReadingReason, clean, is_causal
from components.lm.tokens.token_text import token_infos
from components.lm.training.cloze import BLANK, ClozeProbe, read_filled, score_probe

MOST_CANDIDATES = 4
MOST_CHARS = 40
"""Characters of one candidate."""


@dataclass(frozen=True)
class Moment:
    """One snapshot: after ``step`` steps, having read ``tokens`` tokens; ``loss`` on held-out text in nats."""

    step: int
    tokens: int
    loss: float
    folder: str


@dataclass(frozen=True)
class Learned:
    """One probe put to every snapshot of one model.

    ``pieces``: the tokens of each candidate. ``logprobs``: (moment, candidate), in nats.
    """

    probe: ClozeProbe
    pieces: tuple[tuple[str, ...], ...]
    logprobs: tuple[tuple[float, ...], ...]

    def correct(self, moment: int) -> bool:
        """Whether the first candidate beats every other one; a tie does not count."""
        first, *others = self.logprobs[moment]
        return first > max(others)

    def choice(self, moment: int) -> str:
        """The candidate this snapshot finds most likely."""
        return self.probe.candidates[self.logprobs[moment].index(max(self.logprobs[moment]))]


class UnusableProbe(ValueError):
    """A typed sentence or list of words that cannot be asked: ``code`` and the ``slots`` of a sentence about it."""

    def __init__(self, code: str, **slots: object) -> None:
        super().__init__(code)
        self.code, self.slots = code, slots


def moments(name: str) -> tuple[Moment, ...]:
    """Return the snapshots of a bundled model, earliest first; empty if it has none."""
    store = checkpoints.store()
    path = store.folder(store.parse_name(name)) / "snapshots" / "snapshots.json"
    if not path.is_file():
        return ()
    found = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Moment(s["step"], s["tokens"], float(s["held_out"]["loss"]), s["folder"]) for s in found)


@dataclass(frozen=True, eq=False)
class Snapshots:
    """The model at every moment, each with the one tokenizer they share; shared between sessions, never changed."""

    moments: tuple[Moment, ...]
    models: tuple[checkpoints.LoadedModel, ...]


def load_snapshots(name: str) -> Snapshots:
    """Return every snapshot of a bundled model in float32. Raises ``ModelRefused``; ``ValueError`` for other weights.

    Each is a copy of the shipped model with the weights of the snapshot: same architecture, same tokenizer.
    """
    checkpoints.import_torch()
    from safetensors.torch import load_file

    loaded = checkpoints.load(name)
    store = checkpoints.store()
    folder = store.folder(store.parse_name(name))
    found = moments(name)
    models = []
    for moment in found:
        model = copy.deepcopy(loaded.model)
        weights = load_file(folder / moment.folder / "model.safetensors")
        missing, unexpected = model.load_state_dict(weights, strict=False)
        # Tied weights are stored once: a missing name must share its memory with one that was there.
        stored = {p.data_ptr() for key, p in model.state_dict().items() if key in weights}
        alone = [key for key in missing if model.state_dict()[key].data_ptr() not in stored]
        if alone or unexpected:
            raise ValueError(f"{moment.folder} of {name} is another architecture: {[*alone, *unexpected]}")
        models.append(replace(loaded, model=model))
    return Snapshots(found, tuple(models))


def learn(snapshots: Snapshots, probe: ClozeProbe) -> Learned:
    """Put one probe to every snapshot.

    Raises:
        UnusableProbe: ``too_long`` for the model's context, or ``no_token``: a candidate is nothing for this tokenizer.
    """
    check_length(snapshots.models[0], probe)
    return Learned(
        probe,
        tuple(word_pieces(snapshots.models[0], probe, word) for word in probe.candidates),
        tuple(score_probe(loaded, probe).logprobs for loaded in snapshots.models),
    )


def word_pieces(loaded: checkpoints.LoadedModel, probe: ClozeProbe, word: str) -> tuple[str, ...]:
    """Return the tokens that are scored for one candidate: those that stand in the blank, with the space before them
    where a tokenizer counts it to the word."""
    infos = token_infos(loaded.tokenizer, read_filled(loaded, probe, word).token_ids)
    return tuple(info.text if is_causal(loaded.card) else info.token for info in infos)


def check_length(loaded: checkpoints.LoadedModel, probe: ClozeProbe) -> None:
    """Check that a model can read the sentence with any of the candidates.

    Raises:
        UnusableProbe: ``too_long`` for the model's context, or ``no_token``: a candidate is nothing for the tokenizer.
        CannotRead: for another reason.
    """
    longest = 0
    for word in probe.candidates:
        try:
            if not read_filled(loaded, probe, word).blank:
                raise UnusableProbe("no_token")
        except CannotRead as error:
            if error.reason is not ReadingReason.TOO_LONG:
                raise
            longest = max(longest, int(error.parameters["tokens"]))
            limit = error.parameters["limit"]
    if longest:
        raise UnusableProbe("too_long", tokens=longest, limit=limit)


def read_probe(sentence: str, words: str) -> ClozeProbe:
    """Return what a reader typed as a probe: a sentence with one blank (two or more underscores), words with commas.

    Without a comma, words are separated by spaces. Words are used once each.

    Raises:
        UnusableProbe: ``empty``, ``no_blank``, ``many_blanks``, ``few_words``, ``many_words`` or ``long_word``.
    """
    told = _plain(sentence)
    if not told:
        raise UnusableProbe("empty")
    told, blanks = re.subn(r"_{2,}", BLANK, told)
    if blanks != 1:
        raise UnusableProbe("many_blanks" if blanks else "no_blank", n=blanks)
    listed = words.split(",") if "," in words else words.split()
    candidates = tuple(dict.fromkeys(word for item in listed if (word := _plain(item))))
    if len(candidates) < 2:
        raise UnusableProbe("few_words", n=len(candidates))
    if len(candidates) > MOST_CANDIDATES:
        raise UnusableProbe("many_words", n=len(candidates), most=MOST_CANDIDATES)
    if any(len(word) > MOST_CHARS for word in candidates):
        raise UnusableProbe("long_word", most=MOST_CHARS)
    return ClozeProbe("own", told, candidates)


def _plain(text: str) -> str:
    """The text on one line; half of a character (a lone surrogate) becomes U+FFFD."""
    return " ".join(clean(text).split())


def shares(logprobs: Sequence[float]) -> tuple[float, ...]:
    """Softmax over the candidates alone; sums to 1."""
    most = max(logprobs)
    weights = [math.exp(x - most) for x in logprobs]
    return tuple(w / sum(weights) for w in weights)


def margin(logprobs: Sequence[float]) -> float:
    """Return by how much the first candidate is more probable than the others on average, as a log-probability, in nats.

    >>> margin((-1.0, -3.0, -5.0))
    3.0
    """
    first, *others = logprobs
    return first - sum(others) / len(others)


@dataclass(frozen=True)
class Gain:
    """How far the margin of some probes has risen since before training: ``mean`` and its standard ``error``, in nats."""

    mean: float
    error: float

    @property
    def clear(self) -> bool:
        """Whether it has risen by more than two standard errors."""
        return self.mean > 2 * self.error


def gain(probes: Sequence[Learned], moment: int) -> Gain:
    """Return the mean rise of :func:`margin` from the first moment to ``moment``.

    A right word longer than the wrong ones begins behind; the difference to before training leaves that out. The mean
    uses how much a model prefers a word and not only which, so ten probes tell more than ten counts do.
    """
    rises = [
        margin(one.logprobs[min(moment, len(one.logprobs) - 1)]) - margin(one.logprobs[0]) for one in probes
    ]
    mean = sum(rises) / len(rises)
    if len(rises) < 2:
        return Gain(mean, math.inf)
    variance = sum((rise - mean) ** 2 for rise in rises) / (len(rises) - 1)
    return Gain(mean, math.sqrt(variance / len(rises)))


def guess_band(chances: Sequence[float], level: float = 0.95) -> tuple[int, int]:
    """Return between which numbers of right answers pure guessing ends in at least ``level`` of all cases.

    ``chances``: how likely a guess is right, for each question; their sum is what guessing gives on average. The band
    leaves out at most (1 - ``level``) / 2 on each side (exact distribution of a sum of unequal coins).
    """
    distribution = [1.0]
    for chance in chances:
        kept, added = [*distribution, 0.0], [0.0, *distribution]
        distribution = [(1 - chance) * a + chance * b for a, b in zip(kept, added, strict=True)]
    tail, low, high = (1 - level) / 2, 0, len(chances)
    while sum(distribution[: low + 1]) <= tail:
        low += 1
    while sum(distribution[high:]) <= tail:
        high -= 1
    return low, high


def write_on(
    snapshots: Snapshots, prompt: str, settings: SamplingSettings, num_tokens: int
) -> tuple[str, ...]:
    """Return how each snapshot of a GPT continues the same beginning by at most ``num_tokens`` tokens.

    Only the continuation; of a beginning longer than the context allows, the last tokens are read.
    """
    from components.lm.gpt.generation import continue_text, encode_prompt

    given = encode_prompt(snapshots.models[0], prompt)
    texts = []
    for one in snapshots.models:
        steps = continue_text(one.model, one.tokenizer, given, settings, max_new_tokens=num_tokens, n=1)
        ids = [step.token.token_id for step in steps]
        texts.append(str(one.tokenizer.decode(ids, skip_special_tokens=True)))
    return tuple(texts)


class DrawnProbe(TypedDict):
    """What a page draws of one probe: the pieces of each candidate, and ``logprobs`` (moment, candidate), in nats."""

    pieces: Sequence[Sequence[str]]
    logprobs: Sequence[Sequence[float]]


def as_json(learned: Learned) -> DrawnProbe:
    """Return what a page draws of one probe; log-probabilities with five decimals."""
    return {"pieces": learned.pieces, "logprobs": [[round(x, 5) for x in row] for row in learned.logprobs]}


def from_json(probe: ClozeProbe, found: DrawnProbe) -> Learned:
    """Return what :func:`as_json` gave."""
    return Learned(
        probe, tuple(tuple(p) for p in found["pieces"]), tuple(tuple(row) for row in found["logprobs"])
    )
