"""Documents as token arrays, and the batches cut from them.

Nothing is lost: every document's tokens are stored once, in order, and one epoch goes through all of them.
GPT's epochs are a stream of shuffled documents cut into rows; BERT's are sentence pairs (Devlin et al. 2019,
section 3.1 task 2 and appendix A.2): half true neighbours, half with a second part from another document.
"""

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from components.lm.bert.masking import IGNORED_LABEL
from components.pretraining.corpus import CorpusError, Document
from components.pretraining.vocabularies import BERT_SPECIAL_IDS

IntArray = npt.NDArray[np.int64]

# A sentence ends at . ! or ? with closing quotes or brackets, before white space; or at the end of a line.
_SENTENCE = re.compile(r".+?(?:[.!?]+[\"'”’)\]]*(?=\s)|$)", re.MULTILINE)


def split_sentences(text: str) -> list[str]:
    """Sentences of a text, without the white space between them; no other character is lost.

    >>> split_sentences('He ran. "Stop!" she cried.\\n\\nThe end')
    ['He ran.', '"Stop!"', 'she cried.', 'The end']
    """
    return [sentence for match in _SENTENCE.finditer(text) if (sentence := match.group().strip())]


@dataclass(frozen=True)
class PackedDocuments:
    """Tokens of many documents behind each other.

    ``tokens`` (all tokens,) uint16; ``document_offsets`` (documents + 1,) into ``tokens``; ``repeats``
    (documents,) how often an epoch goes through each; ``num_bytes`` UTF-8 bytes of the texts;
    ``sentence_offsets`` (sentences + 1,) into ``tokens``, BERT only.
    """

    tokens: npt.NDArray[np.uint16]
    document_offsets: IntArray
    repeats: IntArray
    num_bytes: int
    sentence_offsets: IntArray | None = None

    @property
    def num_documents(self) -> int:
        """Number of documents, each counted once."""
        return len(self.repeats)

    @cached_property
    def epoch_tokens(self) -> int:
        """Tokens of one epoch, repeats included."""
        return int((np.diff(self.document_offsets) * self.repeats).sum())

    def save(self, path: Path) -> None:
        """Write to ``path`` (.npz), all or nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "tokens": self.tokens,
            "document_offsets": self.document_offsets,
            "repeats": self.repeats,
            "num_bytes": np.array(self.num_bytes),
        }
        if self.sentence_offsets is not None:
            arrays["sentence_offsets"] = self.sentence_offsets
        temporary = path.with_name(path.stem + ".partial.npz")
        np.savez(temporary, **arrays)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PackedDocuments":
        """Read what ``save`` wrote; a missing or damaged file raises CorpusError saying which step makes it."""
        try:
            with np.load(path) as arrays:
                return cls(
                    arrays["tokens"],
                    arrays["document_offsets"],
                    arrays["repeats"],
                    int(arrays["num_bytes"]),
                    arrays.get("sentence_offsets"),
                )
        except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise CorpusError(f"{path}: no packed text here; run the step 'pack' first") from error


def pack_documents(
    documents: Sequence[Document], tokenizer: Tokenizer, *, by_sentence: bool, chunk: int = 1000
) -> PackedDocuments:
    """Encode documents; with ``by_sentence`` the borders of sentences are kept (BERT), else each document is
    preceded by token 0, ``<|endoftext|>`` (GPT)."""
    pieces: list[npt.NDArray[np.uint16]] = []
    document_offsets, sentence_offsets = [0], [0]
    total = 0
    for start in range(0, len(documents), chunk):
        part = documents[start : start + chunk]
        texts = [split_sentences(document.text) if by_sentence else [document.text] for document in part]
        flat = [sentence for sentences in texts for sentence in sentences]
        encodings = iter(tokenizer.encode_batch(flat, add_special_tokens=False))
        for sentences in texts:
            for _ in sentences:
                ids = next(encodings).ids
                if by_sentence and not ids:
                    continue
                pieces.append(np.array(ids if by_sentence else [0, *ids], np.uint16))
                total += len(pieces[-1])
                sentence_offsets.append(total)
            document_offsets.append(total)
    return PackedDocuments(
        tokens=np.concatenate(pieces) if pieces else np.zeros(0, np.uint16),
        document_offsets=np.array(document_offsets, np.int64),
        repeats=np.array([document.repeats for document in documents], np.int64),
        num_bytes=sum(len(document.text.encode("utf-8")) for document in documents),
        sentence_offsets=np.array(sentence_offsets, np.int64) if by_sentence else None,
    )


def once(packed: PackedDocuments) -> PackedDocuments:
    """The same text with every document one time, however often an epoch goes through it."""
    return replace(packed, repeats=np.ones_like(packed.repeats))


def gpt_epoch(packed: PackedDocuments, seq_len: int, rng: np.random.Generator) -> IntArray:
    """One epoch as rows (rows, seq_len + 1): the last token of a row is the first of the next, so each token is
    predicted once. Tokens after the last full row come in a row that reaches back into the one before."""
    order = rng.permutation(np.repeat(np.arange(packed.num_documents), packed.repeats))
    offsets = packed.document_offsets
    stream = np.concatenate([packed.tokens[offsets[d] : offsets[d + 1]] for d in order]).astype(np.int64)
    if len(stream) < seq_len + 1:
        raise CorpusError(f"the text has {len(stream)} tokens, fewer than one row of {seq_len + 1}")
    starts = np.arange(0, len(stream) - seq_len, seq_len)
    if starts[-1] + seq_len + 1 < len(stream):
        starts = np.append(starts, len(stream) - seq_len - 1)
    rows = stream[starts[:, None] + np.arange(seq_len + 1)]
    return np.asarray(rng.permutation(rows))


@dataclass(frozen=True)
class SentencePairs:
    """Pairs as ranges of a packed token array: (pairs,) each; ``is_next`` says whether B follows A."""

    a_start: IntArray
    a_end: IntArray
    b_start: IntArray
    b_end: IntArray
    is_next: npt.NDArray[np.bool_]
    a_document: IntArray
    b_document: IntArray

    def __len__(self) -> int:
        return len(self.is_next)


def bert_epoch(
    packed: PackedDocuments, seq_len: int, rng: np.random.Generator, *, single: bool = False
) -> SentencePairs:
    """One epoch as sentence pairs in shuffled order, each with at most ``seq_len - 3`` tokens.

    With ``single`` each row is a run of whole sentences of one document, and its B is empty (Liu et al. 2019, section
    4.2, "doc-sentences"); nothing is said about the next sentence.

    Follows BERT's data preparation: sentences of a document are gathered up to the length (one time in ten a
    shorter, random one), cut in two at a random sentence; in half of the pairs B is replaced by sentences of
    another document, and the sentences that were not used start the next pair. A sentence longer than half
    the length is cut. Every token of every document is in some pair. A last sentence left alone is paired with
    the one before it; a document of a single sentence can only be a negative, which a later positive makes up for.
    """
    if packed.sentence_offsets is None:
        raise ValueError("the text was packed without sentence borders")
    if packed.num_documents < 2:
        raise CorpusError("sentence pairs need at least two documents")
    room = seq_len - 3
    units = [_units(packed, document, room // 2) for document in range(packed.num_documents)]
    with_text = np.array([document for document, borders in enumerate(units) if len(borders) > 1])
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    owed_positives = 0
    for document in rng.permutation(np.repeat(np.arange(packed.num_documents), packed.repeats)):
        borders = units[document]
        last = len(borders) - 1
        i = 0
        while i < last:
            target = room if rng.random() >= 0.1 else int(rng.integers(min(8, room), room + 1))
            end = i + 1
            while end < last and borders[end + 1] - borders[i] <= target:
                end += 1
            if end == i + 1 and (end < last and borders[end + 1] - borders[i] <= room):
                end += 1  # a short target that holds one sentence only: take two
            if single:
                rows.append((borders[i], borders[end], borders[end], borders[end], 1, document, document))
                i = end
                continue
            first = i
            if end - i == 1 and i > 0:
                first = i - 1  # the one before it comes along again
            cut = first + 1 if end - first <= 2 else int(rng.integers(first + 1, end))
            cut = max(cut, i)
            if end - first < 2:
                is_next, cut = False, end
                owed_positives += 1
            elif owed_positives:
                is_next = True
                owed_positives -= 1
            else:
                is_next = bool(rng.random() < 0.5)
            if is_next:
                rows.append((borders[first], borders[cut], borders[cut], borders[end], 1, document, document))
                i = end
                continue
            if cut <= i:  # A would be only the repeated sentence, and nothing new would be used
                first, cut = i, end
            # As long as the true continuation, so that length does not give the answer away.
            left = borders[end] - borders[cut] if cut < end else target - (borders[cut] - borders[first])
            for _ in range(20):  # look for a sentence that fits whole, as a true follower would
                other = document
                while other == document:
                    other = int(rng.choice(with_text))
                other_borders = units[other]
                start = int(rng.integers(0, len(other_borders) - 1))
                if other_borders[start + 1] - other_borders[start] <= left:
                    break
            stop = start + 1
            while (
                stop < len(other_borders) - 1
                and (other_borders[stop] + other_borders[stop + 1]) // 2 - other_borders[start] <= left
            ):
                stop += 1
            b_start = other_borders[start]
            b_end = min(other_borders[stop], b_start + room - (borders[cut] - borders[first]))
            rows.append((borders[first], borders[cut], b_start, b_end, 0, document, other))
            i = cut
    table = np.array(rows, np.int64)[rng.permutation(len(rows))]
    a_start, a_end, b_start, b_end, is_next, document, other = table.T
    return SentencePairs(a_start, a_end, b_start, b_end, is_next == 1, document, other)


def order_epoch(packed: PackedDocuments, seq_len: int, rng: np.random.Generator) -> SentencePairs:
    """One epoch of pairs for sentence order prediction (Lan et al. 2020, section 3.1), in shuffled order.

    Sentences of a document are gathered and cut in two as in :func:`bert_epoch`; the two parts always follow each other,
    and in half of the pairs, drawn by lot, they change places: then ``is_next`` is False. A sentence left alone is cut in
    its middle. Every token of every document is in just one pair a visit.
    """
    if packed.sentence_offsets is None:
        raise ValueError("the text was packed without sentence borders")
    room = seq_len - 3
    units = [_units(packed, document, room // 2) for document in range(packed.num_documents)]
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    for document in rng.permutation(np.repeat(np.arange(packed.num_documents), packed.repeats)):
        borders = units[document]
        i = 0
        while i < len(borders) - 1:
            target = room if rng.random() >= 0.1 else int(rng.integers(min(8, room), room + 1))
            end = i + 1
            while end < len(borders) - 1 and borders[end + 1] - borders[i] <= target:
                end += 1
            begin, stop = borders[i], borders[end]
            cut = borders[int(rng.integers(i + 1, end))] if end - i > 1 else (begin + stop) // 2
            i = end
            if cut == begin:  # one token has no order
                continue
            if rng.random() < 0.5:
                rows.append((begin, cut, cut, stop, 1, document, document))
            else:
                rows.append((cut, stop, begin, cut, 0, document, document))
    if not rows:
        raise CorpusError("sentence order needs documents of two tokens or more")
    table = np.array(rows, np.int64)[rng.permutation(len(rows))]
    a_start, a_end, b_start, b_end, is_next, a_document, b_document = table.T
    return SentencePairs(a_start, a_end, b_start, b_end, is_next == 1, a_document, b_document)


def _units(packed: PackedDocuments, document: int, longest: int) -> list[int]:
    """Borders of the sentences of a document in the token array, long sentences cut into equal-ish parts."""
    assert packed.sentence_offsets is not None
    low, high = packed.document_offsets[document], packed.document_offsets[document + 1]
    first, last = np.searchsorted(packed.sentence_offsets, (low, high))
    borders = [int(low)]
    for border in packed.sentence_offsets[first + 1 : last + 1]:
        length = int(border) - borders[-1]
        parts = -(-length // longest)
        start = borders[-1]
        borders.extend(start + length * part // parts for part in range(1, parts + 1))
    return borders


@dataclass(frozen=True)
class BertRows:
    """Model input before masking: ``input_ids``, ``token_type_ids`` and ``special_tokens_mask`` (rows, seq);
    ``next_sentence_label`` (rows,), 0 is "is next" as in transformers."""

    input_ids: IntArray
    token_type_ids: IntArray
    special_tokens_mask: npt.NDArray[np.bool_]
    next_sentence_label: IntArray


def bert_rows(packed: PackedDocuments, pairs: SentencePairs, index: IntArray, seq_len: int) -> BertRows:
    """``[CLS] A [SEP] B [SEP]`` and padding for the pairs of ``index``; ``[CLS] A [SEP]`` where B is empty, with
    ``IGNORED_LABEL`` as its next-sentence label."""
    cls, sep = BERT_SPECIAL_IDS["[CLS]"], BERT_SPECIAL_IDS["[SEP]"]
    input_ids = np.zeros((len(index), seq_len), np.int64)
    token_type_ids = np.zeros_like(input_ids)
    special = np.ones(input_ids.shape, bool)
    for row, k in enumerate(index):
        a = packed.tokens[pairs.a_start[k] : pairs.a_end[k]]
        b = packed.tokens[pairs.b_start[k] : pairs.b_end[k]]
        b_from = len(a) + 2
        end = b_from + len(b)
        input_ids[row, 0], input_ids[row, b_from - 1] = cls, sep
        if not len(b):
            input_ids[row, 1 : b_from - 1] = a
            special[row, 1 : b_from - 1] = False
            continue
        input_ids[row, end] = sep
        input_ids[row, 1 : b_from - 1], input_ids[row, b_from:end] = a, b
        token_type_ids[row, b_from : end + 1] = 1
        special[row, 1 : b_from - 1] = special[row, b_from:end] = False
    empty = pairs.b_start[index] == pairs.b_end[index]
    label = np.where(empty, IGNORED_LABEL, np.where(pairs.is_next[index], 0, 1))
    return BertRows(input_ids, token_type_ids, special, label)


def write_summary(path: Path, **facts: Any) -> None:
    """Write facts about a packed text as readable JSON."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
