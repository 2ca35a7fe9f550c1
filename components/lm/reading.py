"""A reader's text becomes a model's input: once, here, for every family.

A model was trained on texts in a frame: BERT reads ``[CLS] A [SEP] B [SEP]`` (Devlin et al. 2019,
https://arxiv.org/abs/1810.04805, section 3), RoBERTa ``<s> A </s></s> B </s>`` (Liu et al. 2019,
https://arxiv.org/abs/1907.11692, section 4), Llama ``<s> A``, GPT-2 nothing at all. The frame belongs to the
tokenizer, so it is asked and never rebuilt. What the families disagree about besides:

- **Segments.** BERT has two rows for them, RoBERTa one, DistilBERT none: a model gets as many as it has.
- **Positions.** RoBERTa and its kind count from the padding id + 1 and give padding no number of its own.
- **The end.** A causal model goes on with what it reads, so a closing token that its tokenizer adds is not read.
- **Pairs.** A causal model reads two texts as one, with a space between.

    reading = read(loaded, "The girl gave", "the boy")
    reading.tokens, reading.kinds, reading.spans
    output = loaded.forward(**inputs(loaded, [reading]))

What cannot be read is refused with :class:`CannotRead`: a reason code and its parameters; pages have the words.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from components.lm.checkpoints.model_card import FAMILIES
from components.lm.tokens.token_text import token_infos

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

    from components.lm.checkpoints import LoadedModel
    from components.lm.checkpoints.model_card import ModelCard

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["ordinary", "frame", "typed", "unknown"]
"""Text; a special token that the tokenizer put around it; a special token that the reader typed; text that the
vocabulary does not have."""
Part = Literal["A", "B", "frame"]
Span = tuple[int, int]
"""First character and one past the last, in the text a token belongs to."""
Cut = Literal["refuse", "end", "start", "longer"]
"""What happens to a text that is too long: nothing is read; its last tokens are left out; its first; those at the end
of the longer of two texts."""

COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")
"""Families with Fairseq's numbering of positions."""


# --- Refusals ---------------------------------------------------------------------------------------------------------


class ReadingReason(StrEnum):
    """Why a text was not read. The value is the code that the frame has words for."""

    TOO_LONG = "too_long"
    NO_ROW = "no_row"
    NO_PLACES = "no_places"
    NO_MASK = "no_mask"
    EMPTY = "empty"


READING_PARAMETERS: Mapping[ReadingReason, tuple[str, ...]] = {
    ReadingReason.TOO_LONG: ("model", "tokens", "limit"),
    ReadingReason.NO_ROW: ("model", "token", "token_id", "rows", "vocabulary"),
    ReadingReason.NO_PLACES: ("model", "tokenizer"),
    ReadingReason.NO_MASK: ("model", "tokenizer"),
    ReadingReason.EMPTY: ("model",),
}


class CannotRead(Exception):
    """A text cannot be given to a model: ``reason`` is the code, ``parameters`` what a sentence about it needs.

    ``too_long``: ``tokens`` in the text, but the model has ``limit`` positions. ``no_row``: ``token`` has the id
    ``token_id``, but the model's table has ``rows`` rows; ``vocabulary`` is how many tokens the tokenizer knows.
    ``no_places``: the tokenizer does not say where in the text its tokens stand. ``no_mask``: the model predicts masked
    tokens and the tokenizer has no mask. ``empty``: there is no text, and the tokenizer has no token to begin with.
    """

    def __init__(self, reason: ReadingReason, **parameters: str | int) -> None:
        expected = READING_PARAMETERS[reason]
        if set(parameters) != set(expected):
            raise TypeError(f"{reason.value} takes {expected}, not {tuple(parameters)}")
        self.reason = reason
        self.parameters: Mapping[str, str | int] = {key: parameters[key] for key in expected}
        shown = ", ".join(f"{key}={value!r}" for key, value in self.parameters.items())
        super().__init__(f"{reason.value} ({shown})")


# --- What the tokenizer gives -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Framed:
    """One text or a pair as a tokenizer gives it, frame included; every field has one entry a token.

    ``sequences`` says which text a token is from (0 or 1), None for the frame. ``spans`` are places in that text,
    ``words`` the number of the word there; None where the tokenizer does not say.
    """

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    type_ids: tuple[int, ...]
    sequences: tuple[int | None, ...]
    spans: tuple[Span | None, ...]
    words: tuple[int | None, ...]

    def part(self, keep: Sequence[int]) -> Framed:
        """Only the tokens at these positions."""
        return Framed(
            tuple(self.ids[i] for i in keep),
            tuple(self.tokens[i] for i in keep),
            tuple(self.type_ids[i] for i in keep),
            tuple(self.sequences[i] for i in keep),
            tuple(self.spans[i] for i in keep),
            tuple(self.words[i] for i in keep),
        )

    def after(self, other: Framed) -> Framed:
        """These tokens behind those of ``other``."""
        return Framed(
            other.ids + self.ids,
            other.tokens + self.tokens,
            other.type_ids + self.type_ids,
            other.sequences + self.sequences,
            other.spans + self.spans,
            other.words + self.words,
        )

    @property
    def content(self) -> list[int]:
        """Positions of the tokens that are not frame."""
        return [i for i, sequence in enumerate(self.sequences) if sequence is not None]


def frame(tokenizer: Tokenizer, text: str, pair: str | None = None) -> Framed:
    """Call a tokenizer of the ``tokenizers`` library: tokens, frame, and where each token stands.

    It must not truncate or pad.
    """
    found = tokenizer.encode(text) if pair is None else tokenizer.encode(text, pair)
    texts = (text, pair or "")
    sequences = tuple(found.sequence_ids)
    # found.tokens holds the text itself where a unigram model knows none of it.
    names = {token_id: str(tokenizer.id_to_token(token_id)) for token_id in set(found.ids)}
    return Framed(
        tuple(found.ids),
        tuple(names[token_id] for token_id in found.ids),
        tuple(found.type_ids),
        sequences,
        tuple(
            None if of is None else _trimmed(texts[of], start, end)
            for of, (start, end) in zip(sequences, found.offsets, strict=True)
        ),
        tuple(found.word_ids),
    )


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """A place without the white space before it, which some tokenizers count to the token; None if nothing is there.

    >>> _trimmed("a cat", 1, 5), _trimmed("a  cat", 1, 2), _trimmed("cat", 0, 0)
    ((2, 5), (1, 2), None)
    """
    letters = text[start:end]
    begin = start + len(letters) - len(letters.lstrip()) if letters.strip() else start
    return (begin, end) if begin < end else None


def _frame_slowly(tokenizer: PreTrainedTokenizerBase, text: str, pair: str | None) -> Framed:
    """The same from a tokenizer written in Python, which does not say where its tokens stand."""
    given = (text,) if pair is None else (text, pair)
    out = tokenizer(*given, return_token_type_ids=True, return_special_tokens_mask=True, verbose=False)
    ids = tuple(int(i) for i in out["input_ids"])
    first = len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    sequences: list[int | None] = []
    seen = 0
    for special in out["special_tokens_mask"]:
        sequences.append(None if special else int(seen >= first))
        seen += not special
    nothing = (None,) * len(ids)
    tokens = tuple(str(token) for token in tokenizer.convert_ids_to_tokens(list(ids)))
    return Framed(ids, tokens, tuple(out["token_type_ids"]), tuple(sequences), nothing, nothing)


def _framed(loaded: LoadedModel, text: str, pair: str | None = None) -> Framed:
    if getattr(loaded.tokenizer, "is_fast", False):
        # Not through __call__: it sets truncation and padding on the tokenizer that all sessions share.
        return frame(loaded.tokenizer.backend_tokenizer, text, pair)
    return _frame_slowly(loaded.tokenizer, text, pair)


# --- A reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reading:
    """A text, or a pair, as a model reads it.

    Attributes:
        text, pair: what was typed (half a character became U+FFFD); ``pair`` is None where there was one text.
        tokens: the model's own spelling of each token (``Ġlow``, ``##ing``).
        texts: what each token stands for.
        kinds: :data:`Kind` of each token.
        parts: which text each token is from, or ``frame``.
        spans: where each token stands in that text; None for the frame, for tokens without letters of their own, and
            everywhere if the tokenizer does not say.
        word_ids: the number of the word each token is of, by the tokenizer's own cut into words.
        input_ids, position_ids, attention_mask: what the model is called with, (seq,) each.
        token_type_ids: the same for segments, (seq,); None for a model without them.
        mask_token_id, mask_token: the model's own mask token, None if it predicts no masked tokens.
        dropped: tokens of the text that were left out because the model has no room for them.
    """

    text: str
    pair: str | None
    tokens: tuple[str, ...]
    texts: tuple[str, ...]
    kinds: tuple[Kind, ...]
    parts: tuple[Part, ...]
    spans: tuple[Span | None, ...]
    word_ids: tuple[int | None, ...]
    input_ids: Ints
    token_type_ids: Ints | None
    position_ids: Ints
    attention_mask: Ints
    mask_token_id: int | None
    mask_token: str | None
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def special(self) -> Bools:
        """Which tokens are marks and stand for no word: the frame and what was typed like it, but not the mask."""
        mask = self.mask_token_id
        return np.array(
            [
                kind == "frame" or (kind == "typed" and token_id != mask)
                for kind, token_id in zip(self.kinds, self.input_ids.tolist(), strict=True)
            ],
            np.bool_,
        )

    @property
    def punctuation(self) -> Bools:
        """Which tokens hold no letter and no digit (special tokens are not counted)."""
        return np.array(
            [
                bool(text.strip()) and not any(c.isalnum() for c in text) and not special
                for text, special in zip(self.texts, self.special, strict=True)
            ],
            np.bool_,
        )

    @property
    def segments(self) -> Ints:
        """0 for the first text and 1 for the second, (seq,), also for a model that is not told.

        Of the frame, what follows the second text is counted to it.
        """
        if self.token_type_ids is not None and self.token_type_ids.any():
            return self.token_type_ids
        if self.pair is None:
            return np.zeros(len(self), np.int64)
        second = [i for i, part in enumerate(self.parts) if part == "B"]
        frame_ends = bool(self.parts) and self.parts[-1] == "frame"
        start = second[0] if second else len(self) - frame_ends
        return (np.arange(len(self)) >= start).astype(np.int64)

    def with_mask_at(self, *positions: int) -> Reading:
        """The same text with the tokens at ``positions`` replaced by the model's mask token.

        Raises:
            ValueError: the model has none.
        """
        if self.mask_token_id is None or self.mask_token is None:
            raise ValueError("this model has no mask token")
        ids, tokens, texts, kinds = (
            self.input_ids.copy(),
            list(self.tokens),
            list(self.texts),
            list(self.kinds),
        )
        for position in positions:
            ids[position] = self.mask_token_id
            tokens[position] = texts[position] = self.mask_token
            kinds[position] = "typed"
        return replace(self, input_ids=ids, tokens=tuple(tokens), texts=tuple(texts), kinds=tuple(kinds))

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything as arrays, for a file; :func:`from_arrays` reads it."""
        names = ("tokens", "texts", "kinds", "parts", "input_ids", "position_ids", "attention_mask")
        arrays = {name: np.array(getattr(self, name)) for name in names}
        arrays["typed"] = np.array([self.text, *([] if self.pair is None else [self.pair])])
        arrays["spans"] = np.array([span or (-1, -1) for span in self.spans], np.int64)
        arrays["word_ids"] = np.array([-1 if word is None else word for word in self.word_ids], np.int64)
        arrays["mask"] = np.array(
            ["" if self.mask_token_id is None else str(self.mask_token_id), self.mask_token or ""]
        )
        arrays["dropped"] = np.array(self.dropped)
        if self.token_type_ids is not None:
            arrays["token_type_ids"] = self.token_type_ids
        return arrays


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> Reading:
    """What :meth:`Reading.as_arrays` gave."""
    text, *pair = arrays["typed"].tolist()
    mask_id, mask = arrays["mask"].tolist()
    return Reading(
        text=text,
        pair=pair[0] if pair else None,
        tokens=tuple(arrays["tokens"].tolist()),
        texts=tuple(arrays["texts"].tolist()),
        kinds=tuple(arrays["kinds"].tolist()),
        parts=tuple(arrays["parts"].tolist()),
        spans=tuple(None if start < 0 else (start, end) for start, end in arrays["spans"].tolist()),
        word_ids=tuple(None if word < 0 else word for word in arrays["word_ids"].tolist()),
        input_ids=arrays["input_ids"],
        token_type_ids=arrays.get("token_type_ids"),
        position_ids=arrays["position_ids"],
        attention_mask=arrays["attention_mask"],
        mask_token_id=int(mask_id) if mask_id else None,
        mask_token=mask or None,
        dropped=int(arrays["dropped"]),
    )


def is_causal(card: ModelCard) -> bool:
    """Whether a position of a text reads only itself and what stands before it (GPT), not both sides (BERT, an encoder)."""
    family = FAMILIES[card.family]
    return family.decoder and not family.text_to_text


def table_rows(loaded: LoadedModel) -> int:
    """Rows of the table of token vectors: ids from this number on cannot be looked up."""
    return int(loaded.model.get_input_embeddings().weight.shape[0])


def segment_rows(loaded: LoadedModel) -> int:
    """Rows of the table of segments: 2 in BERT, 1 in RoBERTa, 0 in DistilBERT and in GPTs."""
    embeddings = getattr(loaded.model.base_model, "embeddings", None)
    table = getattr(embeddings, "token_type_embeddings", None)
    return 0 if table is None else int(table.weight.shape[0])


def positions_of(loaded: LoadedModel, input_ids: Ints) -> Ints:
    """The numbers a model gives the places of one text, (seq,), as its ``position_ids`` argument takes them."""
    if loaded.card.family not in COUNT_FROM_PADDING:
        return np.arange(len(input_ids), dtype=np.int64)
    padding = int(loaded.model.base_model.embeddings.padding_idx)
    real = input_ids != padding
    return np.asarray(np.cumsum(real) * real + padding, np.int64)


def clean(text: str) -> str:
    """The text as UTF-8 can hold it: half a character (a lone surrogate) becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read(
    loaded: LoadedModel,
    text: str,
    pair: str | None = None,
    *,
    most: int | None = None,
    cut: Cut = "refuse",
    begin: bool = False,
) -> Reading:
    """Read one text or a pair as the model expects it.

    Args:
        pair: a second text; an empty one is none, as for the tokenizers of transformers.
        most: tokens to read at most, if the model can read more.
        cut: what happens to what does not fit.
        begin: a causal model whose tokenizer puts nothing before a text reads it after the token that an empty text
            becomes, so that its first token is foreseen, too.

    Raises:
        CannotRead: ``too_long``, ``no_row`` or ``empty``.
    """
    text, pair = clean(text), clean(pair) if pair else None
    framed = _open(loaded, text, pair) if is_causal(loaded.card) else _framed(loaded, text, pair)
    if begin and is_causal(loaded.card) and framed.sequences[0] is not None:
        framed = framed.after(_begin(loaded))
    return _reading(loaded, text, pair, framed, most, cut)


def _open(loaded: LoadedModel, text: str, pair: str | None) -> Framed:
    """What a causal model reads: one text, what the tokenizer puts before it, and nothing after it."""
    between = " " if text and pair else ""
    framed = _framed(loaded, f"{text}{between}{pair or ''}")
    content = framed.content
    framed = framed.part(range(content[-1] + 1)) if content else _begin(loaded)
    if not pair:
        return framed
    start = len(text) + len(between)
    if all(span is None for span in framed.spans):  # a slow tokenizer: where the tokens begin to differ
        alone = _framed(loaded, text)
        same = 0
        while same < min(len(alone.ids), len(framed.ids)) and alone.ids[same] == framed.ids[same]:
            same += 1
        second = [i >= same for i in range(len(framed.ids))]
    else:
        ends = np.maximum.accumulate([0 if span is None else span[1] for span in framed.spans])
        second = [bool(end > start) for end in ends]
    return replace(
        framed,
        sequences=tuple(
            None if of is None else int(later) for of, later in zip(framed.sequences, second, strict=True)
        ),
        spans=tuple(
            (max(0, span[0] - start), span[1] - start) if span and later else span
            for span, later in zip(framed.spans, second, strict=True)
        ),
    )


def _begin(loaded: LoadedModel) -> Framed:
    """What a causal model begins with when there is no text: what the tokenizer puts before one, or its token for the
    beginning or the end of a text, after which GPT-2 saw the next document when it was trained."""
    one = _framed(loaded, "a")
    if one.content and one.content[0]:
        return one.part(range(one.content[0]))
    tokenizer = loaded.tokenizer
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    if start is None:
        raise CannotRead(ReadingReason.EMPTY, model=loaded.card.name)
    name = str(tokenizer.convert_ids_to_tokens(int(start)))
    return Framed((int(start),), (name,), (0,), (None,), (None,), (None,))


def _reading(
    loaded: LoadedModel, text: str, pair: str | None, framed: Framed, most: int | None, cut: Cut
) -> Reading:
    card, tokenizer = loaded.card, loaded.tokenizer
    if not framed.ids:
        raise CannotRead(ReadingReason.EMPTY, model=card.name)
    total = len(framed.ids)
    limits = [limit for limit in (card.max_positions, most) if limit is not None]
    if limits and total > min(limits):
        framed = _shortened(framed, min(limits), cut)
        if len(framed.ids) > min(limits):
            raise CannotRead(ReadingReason.TOO_LONG, model=card.name, tokens=total, limit=min(limits))
    rows = table_rows(loaded)
    for token, token_id in zip(framed.tokens, framed.ids, strict=True):
        if token_id >= rows:
            raise CannotRead(
                ReadingReason.NO_ROW,
                model=card.name,
                token=token,
                token_id=token_id,
                rows=rows,
                vocabulary=len(tokenizer),
            )
    infos = token_infos(tokenizer, framed.ids)
    ids = np.array(framed.ids, np.int64)
    segments = segment_rows(loaded)
    masks = card.can("masked_prediction") and tokenizer.mask_token_id is not None
    return Reading(
        text=text,
        pair=pair,
        tokens=framed.tokens,
        texts=tuple(info.text for info in infos),
        kinds=tuple(
            _kind(tokenizer, of, token_id, info.token, info.special, _at(text, pair, of, span))
            for of, token_id, info, span in zip(
                framed.sequences, framed.ids, infos, framed.spans, strict=True
            )
        ),
        parts=tuple("frame" if of is None else ("A", "B")[of] for of in framed.sequences),
        spans=framed.spans,
        word_ids=framed.words,
        input_ids=ids,
        token_type_ids=np.minimum(np.array(framed.type_ids, np.int64), segments - 1) if segments else None,
        position_ids=positions_of(loaded, ids),
        attention_mask=np.ones(len(ids), np.int64),
        mask_token_id=int(tokenizer.mask_token_id) if masks else None,
        mask_token=str(tokenizer.mask_token) if masks else None,
        dropped=total - len(framed.ids),
    )


def _at(text: str, pair: str | None, of: int | None, span: Span | None) -> str | None:
    return None if span is None or of is None else (text, pair or "")[of][span[0] : span[1]]


def _kind(
    tokenizer: Any, of: int | None, token_id: int, token: str, special: bool, stands: str | None
) -> Kind:
    if of is None:
        return "frame"
    if token_id == tokenizer.unk_token_id and stands != token:
        return "unknown"
    return "typed" if special else "ordinary"


def _shortened(framed: Framed, most: int, cut: Cut) -> Framed:
    """At most ``most`` tokens, if leaving out tokens of the text is enough; the frame always stays."""
    over = len(framed.ids) - most
    content = framed.content
    if cut == "refuse" or over > len(content):
        return framed
    if cut == "longer":
        halves = [[i for i in content if framed.sequences[i] == half] for half in (0, 1)]
        gone = {(halves[0] if len(halves[0]) > len(halves[1]) else halves[1]).pop() for _ in range(over)}
    else:
        gone = set(content[len(content) - over :] if cut == "end" else content[:over])
    return framed.part([i for i in range(len(framed.ids)) if i not in gone])


# --- What else is asked of a tokenizer --------------------------------------------------------------------------------


def pieces(loaded: LoadedModel, text: str, *, before: str = "") -> tuple[int, ...]:
    """The token ids of a text without its frame, as it is cut behind ``before``.

    Where a word begins a text, many tokenizers cut it in another way than behind a space.
    """
    framed = _framed(loaded, clean(before + text))
    content = framed.content
    if before and getattr(loaded.tokenizer, "is_fast", False):
        reached = np.maximum.accumulate([0, *(span[1] if span else 0 for span in framed.spans)])[1:]
        content = [i for i in content if reached[i] > len(before)]
    elif before:
        content = content[len(_framed(loaded, clean(before)).content) :]
    return tuple(framed.ids[i] for i in content)


def beginning_ids(loaded: LoadedModel) -> tuple[int, ...]:
    """The token ids a causal model begins with where a text is read from its very first token. Raises ``CannotRead``."""
    return _begin(loaded).ids


def frame_ids(loaded: LoadedModel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The token ids that stand before a text and after it, where ids are put together instead of being read from one."""
    reading = read(loaded, "a")
    content = [i for i, part in enumerate(reading.parts) if part != "frame"] or [0]
    ids = tuple(reading.input_ids.tolist())
    return ids[: content[0]], ids[content[-1] + 1 :]


def closing_tokens(loaded: LoadedModel) -> int:
    """How many tokens the tokenizer puts behind a text that a causal model does not read."""
    framed = _framed(loaded, "a")
    return len(framed.ids) - 1 - framed.content[-1] if framed.content and is_causal(loaded.card) else 0


def check_places(loaded: LoadedModel) -> None:
    """Check that the tokenizer says where in the text its tokens stand.

    Raises:
        CannotRead: ``no_places``.
    """
    if not getattr(loaded.tokenizer, "is_fast", False):
        kind = type(loaded.tokenizer).__name__
        raise CannotRead(ReadingReason.NO_PLACES, model=loaded.card.name, tokenizer=kind)


def beginning(loaded: LoadedModel, text: str, most: int) -> str:
    """The longest beginning of ``text`` that gives at most ``most`` tokens, frame counted: the whole text, or whole
    words of it, or a part of its first word where not even that fits."""

    def tokens(of: str) -> int:
        return len(_framed(loaded, clean(of)).ids)

    if tokens(text) <= most:
        return text
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    for cuts in (ends, range(len(text))):
        fits = bisect.bisect_right(cuts, most, key=lambda end: tokens(text[:end]))
        if fits and text[: cuts[fits - 1]].strip():
            return text[: cuts[fits - 1]]
    return ""


def separator_ids(loaded: LoadedModel) -> frozenset[int]:
    """Ids of the tokens that end or separate texts, such as [SEP]."""
    tokenizer = loaded.tokenizer
    return frozenset(i for i in (tokenizer.sep_token_id, tokenizer.eos_token_id) if i is not None)


# --- To the model -----------------------------------------------------------------------------------------------------


class Readable(Protocol):
    """The lists of one text, (seq,) each, as :class:`Reading` has them."""

    @property
    def input_ids(self) -> Ints: ...
    @property
    def token_type_ids(self) -> Ints | None: ...
    @property
    def attention_mask(self) -> Ints: ...


def inputs(loaded: LoadedModel, readings: Sequence[Readable]) -> dict[str, Any]:
    """The tensors a model is called with, (batch, seq) each; shorter texts are filled at their end and not read there.

    Positions are left to the model, which numbers them as :func:`positions_of` says.
    """
    longest = max(len(one.input_ids) for one in readings)

    def filled(values: Ints, more: int) -> Ints:
        return np.concatenate([values, np.full(longest - len(values), more, np.int64)])

    types = [one.token_type_ids for one in readings if one.token_type_ids is not None]
    return as_inputs(
        loaded,
        np.stack([filled(one.input_ids, filler_id(loaded)) for one in readings]),
        attention_mask=np.stack([filled(one.attention_mask, 0) for one in readings]),
        token_type_ids=np.stack([filled(one, 0) for one in types]) if len(types) == len(readings) else None,
    )


def as_inputs(
    loaded: LoadedModel,
    input_ids: npt.NDArray[Any],
    *,
    attention_mask: npt.NDArray[Any] | None = None,
    token_type_ids: npt.NDArray[Any] | None = None,
) -> dict[str, Any]:
    """The same from arrays, (batch, seq), where the ids of a reading were changed: everything is read, and every token
    is of the first segment, unless said otherwise. A model without segments is not given any."""
    from components.lm.checkpoints import import_torch

    torch = import_torch()

    def tensor(values: npt.NDArray[Any]) -> Any:
        return torch.from_numpy(np.ascontiguousarray(values, np.int64))

    ids = tensor(input_ids)
    given = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids) if attention_mask is None else tensor(attention_mask),
    }
    if segment_rows(loaded):
        given["token_type_ids"] = torch.zeros_like(ids) if token_type_ids is None else tensor(token_type_ids)
    return given


def filler_id(loaded: LoadedModel) -> int:
    """The id that fills a row of a batch: no position reads it, but RoBERTa must know it to count its positions."""
    for source in (loaded.model.config, loaded.tokenizer):
        found = getattr(source, "pad_token_id", None)
        if isinstance(found, int) and 0 <= found < table_rows(loaded):
            return found
    return 0
