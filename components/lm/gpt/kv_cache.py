"""Next-token logits for many readers of one model: keys and values are kept, requests are computed together.

**What is kept.** A transformer's attention needs the keys and values of all earlier tokens. They do not change
when a token is added (Pope et al. 2023, "Efficiently Scaling Transformer Inference", arXiv:2211.05102, section
2.1), so `NextTokenEngine` keeps them for the texts seen last: one more token then costs one row through the model
instead of the whole text. A text that shares only its beginning with a kept one (a reader went back and took
another token) copies that beginning. The logits of past requests are kept as well. Both stores are bounded in
bytes; the longest unused goes first. Nothing kept changes a result by more than rounding (about 1e-5 in a logit).

**How requests meet.** One forward pass of a model runs at a time. Whoever asks while one runs waits; when it ends,
one of the waiting threads computes all waiting requests as one padded batch. So nobody waits for company, and 30
readers pressing at once share one pass. A text much longer than what is kept of it is read in pieces of
`PREFILL_TOKENS`, between which others get their turn.

Models whose layers do not all keep plain keys and values (sliding windows, recurrent states) are computed in full
at each step. No model is ever changed.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel
    from transformers.utils import ModelOutput

TokenIds = NDArray[np.int64]

MB = 2**20
# Bytes kept per model: as many as its weights take, within these. GPT-2 small needs 72 KiB per token for keys and values,
# pocket-gpt 9 KiB: thirty texts of 170 tokens are 46 MB.
KV_BYTES = 48 * MB, int(os.environ.get("GLASSBOX_KV_CACHE_MB", "384")) * MB
LOGITS_BYTES = 16 * MB, int(os.environ.get("GLASSBOX_LOGITS_CACHE_MB", "64")) * MB
PREFILL_TOKENS = 128  # a longer text is read in pieces of this many tokens
MAX_BATCH = 32  # requests in one pass
MAX_SEQUENCES = 256  # texts whose keys and values are kept; a new text is compared with each
_SPARE_TOKENS = 32  # room left in a buffer for the tokens that will follow


class GenerationError(ValueError):
    """A request that cannot be computed; ``reason`` is a code that the pages put into words.

    Codes: ``empty`` (no token), ``context_full`` (more tokens than the model can read), ``unknown_token`` (an id
    outside the vocabulary), ``training_mode`` (dropout would make every answer different), ``model_gone``,
    ``no_attention`` (the model was not loaded with eager attention), ``logit_lens_family`` and ``no_kv_cache``
    (this architecture cannot do it).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class NextToken:
    """The model's answer for one text."""

    logits: NDArray[np.float32]  # (vocab_size,), read-only
    length: int  # tokens read
    reused_tokens: int  # of those, how many had their keys and values kept from before
    computed_tokens: int  # how many went through the model now; 0 if the logits themselves were kept
    seconds: float  # of the forward passes this answer took part in
    batch_size: int  # requests that shared the last pass; 0 if nothing was computed


@dataclass
class _Request:
    ids: TokenIds
    key: bytes
    done: bool = False
    result: NextToken | None = None
    error: Exception | None = None
    sequence: _Sequence | None = None  # of a text that is being read in pieces
    reused: int | None = None
    computed: int = 0
    seconds: float = 0.0
    followers: list[_Request] = field(default_factory=list)  # the same text asked for at the same time

    def finish(self, result: NextToken | None, error: Exception | None = None) -> None:
        for request in (self, *self.followers):
            request.result, request.error, request.done, request.sequence = result, error, True, None


@dataclass
class _Row:
    """What one pass computes for one request: tokens ``start`` to ``end`` into the buffers of ``sequence``."""

    ids: TokenIds
    sequence: _Sequence | None  # None: nothing is kept for this kind of model
    start: int
    end: int


class _Sequence:
    """Keys and values of one text. Buffers of shape (1, heads, capacity, head_dim) per layer, grown in place."""

    def __init__(self, num_layers: int, capacity: int) -> None:
        self.ids: TokenIds = np.empty(0, dtype=np.int64)  # the tokens whose keys and values are valid
        self.capacity = capacity
        self.start = 0  # where the next pass writes
        self.claimed = False  # used by the pass that is being prepared
        self.nbytes = 0
        self.keys: list[torch.Tensor | None] = [None] * num_layers
        self.values: list[torch.Tensor | None] = [None] * num_layers
        self.cache = _sequence_cache(self, num_layers)  # what the model sees

    def write(
        self, layer: int, start: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store keys and values of shape (1, heads, new, head_dim) from ``start`` on; returns all up to there."""
        import torch

        stored_keys, stored_values = self.keys[layer], self.values[layer]
        if stored_keys is None or stored_values is None:
            shape = (1, keys.shape[1], self.capacity)
            stored_keys = self.keys[layer] = torch.empty(
                (*shape, keys.shape[3]), dtype=keys.dtype, device=keys.device
            )
            stored_values = self.values[layer] = torch.empty(
                (*shape, values.shape[3]), dtype=values.dtype, device=values.device
            )
            self.nbytes += stored_keys.nbytes + stored_values.nbytes
        end = start + keys.shape[2]
        stored_keys[:, :, start:end] = keys
        stored_values[:, :, start:end] = values
        return stored_keys[:, :, :end], stored_values[:, :, :end]

    def reserve(self, total: int) -> None:
        """Make room for ``total`` tokens."""
        if total <= self.capacity:
            return
        self.capacity = total + max(_SPARE_TOKENS, total // 4)
        self._move_from(self, len(self.ids))

    def prefix(self, length: int, total: int) -> _Sequence:
        """A new sequence with the first ``length`` tokens of this one and room for ``total``."""
        copy = _Sequence(len(self.keys), total + _SPARE_TOKENS)
        copy._move_from(self, length)
        copy.ids = self.ids[:length]
        return copy

    def _move_from(self, source: _Sequence, length: int) -> None:
        for mine, theirs in ((self.keys, source.keys), (self.values, source.values)):
            for layer, old in enumerate(theirs):
                if old is None:
                    continue
                new = old.new_empty((1, old.shape[1], self.capacity, old.shape[3]))
                new[:, :, :length] = old[:, :, :length]
                mine[layer] = new
        self.nbytes = sum(buffer.nbytes for buffer in (*self.keys, *self.values) if buffer is not None)


def budget(weights: int, least: int, most: int) -> int:
    """Return how many bytes to keep for a model whose weights take ``weights``: what a reader with a small model opens stays small.

    >>> [budget(weights * MB, *KV_BYTES) // MB for weights in (17, 100, 500)]
    [48, 100, 384]
    """
    return min(most, max(least, weights))


class NextTokenEngine:
    """Computes and keeps next-token logits of one causal language model. Safe to use from many threads.

    Use `engine_for` to get the one engine of a model.
    """

    def __init__(
        self, model: PreTrainedModel, *, kv_bytes: int | None = None, logits_bytes: int | None = None
    ) -> None:
        self._model = weakref.ref(model)
        weights = sum(p.nbytes for p in model.parameters())
        self.kv_bytes = budget(weights, *KV_BYTES) if kv_bytes is None else kv_bytes
        self.logits_bytes = budget(weights, *LOGITS_BYTES) if logits_bytes is None else logits_bytes
        self.context_length = context_length(model)
        self.vocab_size = int(model.get_input_embeddings().num_embeddings)
        self.num_layers = _plain_layers(model)  # 0 if this architecture keeps something else
        parameters = inspect.signature(model.forward).parameters
        self._keep_logits = "logits_to_keep" in parameters
        self._batching = self.num_layers > 0 and "position_ids" in parameters
        self._batch_checked = False

        self._turn = threading.Condition()
        self._busy = False
        self._waiting: list[_Request] = []
        # Only the thread that holds the turn touches the sequences; the oldest used comes first.
        self._sequences: OrderedDict[bytes, _Sequence] = OrderedDict()
        self._logits: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._logits_lock = threading.Lock()

    # -- what callers use ----------------------------------------------------------------------------------

    @property
    def model(self) -> PreTrainedModel:
        model = self._model()
        if model is None:
            raise GenerationError("model_gone", "the model has left memory")
        return model

    def next_token(self, token_ids: Sequence[int] | TokenIds) -> NextToken:
        """Logits of the token after ``token_ids``. Raises `GenerationError`."""
        ids = self._checked(token_ids)
        key = _digest(ids)
        kept = self._kept_logits(key)
        if kept is not None:
            return NextToken(kept, len(ids), len(ids), 0, 0.0, 0)
        request = _Request(ids, key)
        self._submit(request)
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def all_logits(self, token_ids: Sequence[int] | TokenIds) -> Iterator[tuple[int, torch.Tensor]]:
        """Logits at every position, in pieces: (first position, tensor of shape (positions, vocab_size)).

        Row i of a piece holds the logits of the token that follows position ``first + i``. The keys and values
        are kept, so a following `next_token` on the same text costs nothing.
        """
        import torch

        ids = self._checked(token_ids)
        start = 0
        while start < len(ids):
            end = min(len(ids), start + PREFILL_TOKENS)
            with self._alone(), torch.inference_mode():
                row = self._plan(ids[:end], None, keep=end - start)
                try:
                    logits = self._forward([row], keep=end - start).logits[0, -(end - start) :]
                    self._settle(row)
                finally:
                    self._release(row)
                if end == len(ids):
                    self._keep(_digest(ids), _to_numpy(logits[-1]))
            yield start, logits
            start = end

    def last_position(self, token_ids: Sequence[int] | TokenIds, **outputs: bool) -> ModelOutput:
        """The model's output for the last token, with e.g. ``output_attentions=True``.

        What was kept of the text is used, so attentions have shape (1, heads, query, key) with the last query
        being the last token. The tensors must not be changed.
        """
        import torch

        ids = self._checked(token_ids)
        self.next_token(ids)  # reads a long text in pieces
        with self._alone(), torch.inference_mode():
            row = self._plan(ids, None, keep=1)
            try:
                result = self._forward([row], keep=1, **outputs)
                self._settle(row)
            finally:
                self._release(row)
        return result

    def time_last_token(
        self, token_ids: Sequence[int] | TokenIds, *, kept: bool, repeats: int
    ) -> list[float]:
        """Seconds of each of ``repeats`` passes for the last token, with all earlier keys and values kept or none.

        Nothing that is kept for readers is used or changed, and no other pass runs during one of these.
        """
        import torch

        ids = self._checked(token_ids)
        if kept and self.num_layers == 0:
            raise GenerationError("no_kv_cache", "this architecture does not keep plain keys and values")
        last = len(ids) - 1
        row = _Row(ids, _Sequence(self.num_layers, len(ids)) if kept else None, last if kept else 0, len(ids))
        for start in range(0, last if kept else 0, PREFILL_TOKENS):
            with self._alone(), torch.inference_mode():
                self._forward([_Row(ids, row.sequence, start, min(last, start + PREFILL_TOKENS))], keep=1)
        seconds = []
        for _ in range(repeats):
            with self._alone(), torch.inference_mode():
                began = time.perf_counter()
                self._forward([row], keep=1)
                seconds.append(time.perf_counter() - began)
        return seconds

    def forget(self) -> None:
        """Drop everything that was kept."""
        with self._alone():
            self._sequences.clear()
        with self._logits_lock:
            self._logits.clear()

    # -- turns -----------------------------------------------------------------------------------------------

    def _submit(self, request: _Request) -> None:
        with self._turn:
            self._waiting.append(request)
        while True:
            with self._turn:
                while self._busy and not request.done:
                    self._turn.wait()
                if request.done:
                    return
                self._busy = True
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                self._run(batch)
            finally:
                with self._turn:
                    self._busy = False
                    self._waiting += [waiting for waiting in batch if not waiting.done]
                    self._turn.notify_all()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._turn:
            while self._busy:
                self._turn.wait()
            self._busy = True
        try:
            yield
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()

    # -- one turn --------------------------------------------------------------------------------------------

    def _run(self, batch: list[_Request]) -> None:
        """Compute the requests; each ends done (with a result or an error) or with one more piece read."""
        import torch

        first: dict[bytes, _Request] = {}
        for request in batch:
            if request.done:
                continue
            kept = self._kept_logits(request.key)
            if kept is not None:  # computed by somebody else while this one waited
                request.finish(NextToken(kept, len(request.ids), len(request.ids), 0, 0.0, 0))
            elif request.key in first:
                first[request.key].followers.append(request)
            else:
                first[request.key] = request
        with torch.inference_mode():
            rows: list[tuple[_Request, _Row]] = []
            for request in first.values():
                try:
                    rows.append((request, self._plan(request.ids, request.sequence, piece=PREFILL_TOKENS)))
                except Exception as error:
                    request.finish(None, error)
            for group in self._groups(rows):
                self._run_group(group)
                with self._turn:
                    self._turn.notify_all()  # those who have their answer need not wait for the other groups
        for request in first.values():  # a text still being read comes round again, its followers with it
            request.followers.clear()

    def _groups(self, rows: list[tuple[_Request, _Row]]) -> Iterator[list[tuple[_Request, _Row]]]:
        """Rows to compute together: of similar length, so that no more than half of a batch is padding."""
        rows = sorted(rows, key=lambda row: row[1].end - row[1].start)
        group: list[tuple[_Request, _Row]] = []
        total = 0
        for request, row in rows:
            new = row.end - row.start
            if group and (not self._batching or new * (len(group) + 1) > 2 * (total + new)):
                yield group
                group, total = [], 0
            group.append((request, row))
            total += new
        if group:
            yield group

    def _run_group(self, group: list[tuple[_Request, _Row]]) -> None:
        began = time.perf_counter()
        logits: list[NDArray[np.float32] | Exception]
        try:
            logits = list(self._last_logits([row for _, row in group]))
        except Exception as error:
            # One bad request must not spoil the others, so each gets a pass of its own.
            logits = [error] if len(group) == 1 else [self._one_by_one(row) for _, row in group]
        seconds = time.perf_counter() - began
        for (request, row), answer in zip(group, logits, strict=True):
            self._release(row)
            if isinstance(answer, Exception):
                request.finish(None, answer)
                continue
            request.reused = row.start if request.reused is None else request.reused
            request.computed += row.end - row.start
            request.seconds += seconds
            self._settle(row)
            if row.end < len(request.ids):
                request.sequence = row.sequence
                continue
            self._keep(request.key, answer)
            request.finish(
                NextToken(
                    answer, len(request.ids), request.reused, request.computed, request.seconds, len(group)
                )
            )

    def _one_by_one(self, row: _Row) -> NDArray[np.float32] | Exception:
        try:
            return self._last_logits([row])[0]
        except Exception as error:
            return error

    def _last_logits(self, rows: list[_Row]) -> list[NDArray[np.float32]]:
        """Logits after the last token of each row."""
        output = self._forward(rows, keep=1)
        logits = [_to_numpy(output.logits[index, -1]) for index in range(len(rows))]
        if len(rows) > 1 and not self._batch_checked:
            # Architectures are many: the first batch of a model is checked against a pass without any of this.
            import torch

            ids = torch.from_numpy(rows[0].ids[: rows[0].end])[None].to(self.model.device)
            extra = {"logits_to_keep": 1} if self._keep_logits else {}
            alone = _to_numpy(self.model(ids, use_cache=False, **extra).logits[0, -1])
            if not np.allclose(logits[0], alone, atol=1e-3 * max(1.0, float(np.abs(alone).max()))):
                self._batching = False
                return [self._last_logits([row])[0] for row in rows]
            self._batch_checked = True
        return logits

    def _forward(self, rows: list[_Row], *, keep: int, **outputs: bool) -> ModelOutput:
        """One pass of the model over the new tokens of all rows."""
        import torch

        model = self.model
        if self._keep_logits:
            outputs = {**outputs, "logits_to_keep": keep}  # type: ignore[dict-item]
        if len(rows) == 1:
            row = rows[0]
            new = torch.from_numpy(row.ids[row.start : row.end])[None].to(model.device)
            if row.sequence is None:
                return model(new, use_cache=False, **outputs)
            row.sequence.start = row.start
            return model(new, past_key_values=row.sequence.cache, use_cache=True, **outputs)
        width = max(row.end - row.start for row in rows)
        past = max(row.start for row in rows)
        ids = np.zeros((len(rows), width), dtype=np.int64)
        positions = np.zeros_like(ids)
        # Allowed pairs (row, 1, query, key). Kept tokens and new tokens are both padded on the left; a padded
        # query sees only itself, because a softmax needs something to see.
        allowed = np.zeros((len(rows), 1, width, past + width), dtype=np.bool_)
        allowed[:, :, np.arange(width), past + np.arange(width)] = True
        causal = np.tril(np.ones((width, width), dtype=np.bool_))
        for index, row in enumerate(rows):
            new_count = row.end - row.start
            pad = width - new_count
            ids[index, pad:] = row.ids[row.start : row.end]
            positions[index, pad:] = np.arange(row.start, row.end)
            allowed[index, 0, pad:, past - row.start : past] = True
            allowed[index, 0, pad:, past + pad :] = causal[:new_count, :new_count]
        dtype = next(model.parameters()).dtype
        mask = torch.zeros(allowed.shape, dtype=dtype)
        mask.masked_fill_(torch.from_numpy(~allowed), torch.finfo(dtype).min)
        return model(
            torch.from_numpy(ids).to(model.device),
            attention_mask=mask.to(model.device),
            position_ids=torch.from_numpy(positions).to(model.device),
            past_key_values=_batch_cache(rows, past, width, self.num_layers),
            use_cache=True,
            **outputs,
        )

    # -- what is kept ----------------------------------------------------------------------------------------

    def _plan(self, ids: TokenIds, own: _Sequence | None, *, keep: int = 1, piece: int | None = None) -> _Row:
        """Which kept sequence to use for ``ids``, and which tokens to compute (at least the last ``keep``)."""
        if self.num_layers == 0:
            return _Row(ids, None, 0, len(ids))
        best, common = own, 0
        if best is not None:
            common = _common_prefix(best.ids, ids)
        else:
            best = self._sequences.get(_digest(ids[:-1])) or self._sequences.get(_digest(ids))
            if best is not None:
                common = min(len(best.ids), len(ids))
            else:
                for sequence in reversed(self._sequences.values()):
                    shared = _common_prefix(sequence.ids, ids)
                    if shared > common:
                        best, common = sequence, shared
        start = min(common, len(ids) - keep)
        end = len(ids) if piece is None else min(len(ids), start + piece)
        if best is None or start <= 0:
            best, start = _Sequence(self.num_layers, end + _SPARE_TOKENS), 0
        elif best.claimed or common < min(len(best.ids), len(ids)):
            best = best.prefix(start, end)  # another text goes on from here, or is about to
        else:
            best.reserve(end)
        best.claimed = True
        return _Row(ids, best, start, end)

    def _release(self, row: _Row) -> None:
        if row.sequence is not None:
            row.sequence.claimed = False

    def _settle(self, row: _Row) -> None:
        """Keep what a pass has computed, and let go of the longest unused beyond the budget."""
        sequence = row.sequence
        if sequence is None:
            return
        old = _digest(sequence.ids)
        if self._sequences.get(old) is sequence:
            del self._sequences[old]
        if row.end > len(sequence.ids):
            sequence.ids = row.ids[: row.end]
        self._sequences[_digest(sequence.ids)] = sequence
        total = sum(kept.nbytes for kept in self._sequences.values())
        while total > self.kv_bytes or len(self._sequences) > MAX_SEQUENCES:
            total -= self._sequences.popitem(last=False)[1].nbytes

    def _kept_logits(self, key: bytes) -> NDArray[np.float32] | None:
        with self._logits_lock:
            logits = self._logits.get(key)
            if logits is not None:
                self._logits.move_to_end(key)
            return logits

    def _keep(self, key: bytes, logits: NDArray[np.float32]) -> None:
        with self._logits_lock:
            self._logits[key] = logits
            self._logits.move_to_end(key)
            while len(self._logits) * logits.nbytes > self.logits_bytes:
                self._logits.popitem(last=False)

    def _checked(self, token_ids: Sequence[int] | TokenIds) -> TokenIds:
        ids = np.array(token_ids, dtype=np.int64)  # a copy: the caller's may change
        if ids.ndim != 1 or ids.size == 0:
            raise GenerationError("empty", "there is no token to go on from")
        if ids.size > self.context_length:
            raise GenerationError(
                "context_full",
                f"{ids.size} tokens are more than the {self.context_length} this model can read",
            )
        if ids.min() < 0 or ids.max() >= self.vocab_size:
            raise GenerationError("unknown_token", f"token ids must lie between 0 and {self.vocab_size - 1}")
        if self.model.training:
            raise GenerationError("training_mode", "the model is in training mode; call model.eval() first")
        return ids


_engines: weakref.WeakKeyDictionary[Any, NextTokenEngine] = weakref.WeakKeyDictionary()
_engines_lock = threading.Lock()


def engine_for(model: PreTrainedModel) -> NextTokenEngine:
    """The one engine of this model (a ``transformers`` causal language model); it goes when the model goes."""
    with _engines_lock:
        engine = _engines.get(model)
        if engine is None:
            engine = _engines[model] = NextTokenEngine(model)
        return engine


def context_length(model: PreTrainedModel) -> int:
    """How many tokens the model can read: the number of its positions."""
    for name in ("n_positions", "max_position_embeddings", "n_ctx", "max_seq_len", "seq_length"):
        value = getattr(model.config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 1024  # no limit of its own (relative positions): what GPT-2 reads


def _plain_layers(model: PreTrainedModel) -> int:
    """Number of layers if each keeps all keys and values, else 0."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    if getattr(model.config, "is_encoder_decoder", False) or "past_key_values" not in (
        inspect.signature(model.forward).parameters
    ):
        return 0
    layers = DynamicCache(config=model.config).layers
    if not layers:  # the configuration says nothing about its layers
        return int(getattr(model.config, "num_hidden_layers", 0))
    return len(layers) if all(type(layer) is DynamicLayer for layer in layers) else 0


def _sequence_cache(sequence: _Sequence, num_layers: int) -> Any:
    """The ``transformers`` cache that reads and writes one sequence."""
    cache_class, one, _ = _cache_classes()
    return cache_class(layers=[one(sequence, layer) for layer in range(num_layers)])


def _batch_cache(rows: list[_Row], past: int, width: int, num_layers: int) -> Any:
    """The ``transformers`` cache that reads and writes the sequences of several rows."""
    cache_class, _, many = _cache_classes()
    scratch: dict[Any, Any] = {}
    return cache_class(layers=[many(rows, past, width, layer, scratch) for layer in range(num_layers)])


@functools.cache
def _cache_classes() -> tuple[Any, Any, Any]:
    """Cache layers on our buffers; made on first use so that this module imports without transformers."""
    from transformers.cache_utils import Cache, DynamicLayer

    class SequenceLayer(DynamicLayer):  # type: ignore[misc]
        supports_early_init = False

        def __init__(self, sequence: _Sequence, layer: int) -> None:
            super().__init__()
            # Weak: the sequence owns its cache, and a circle would keep the buffers until the next collection.
            self.sequence = weakref.ref(sequence)
            self.layer = layer
            self.is_initialized = True

        def _get(self) -> _Sequence:
            sequence = self.sequence()
            assert sequence is not None
            return sequence

        def update(self, keys: Any, values: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            sequence = self._get()
            return sequence.write(self.layer, sequence.start, keys, values)

        def get_seq_length(self) -> int:
            return self._get().start

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self._get().start + query_length, 0

    class BatchLayer(DynamicLayer):  # type: ignore[misc]
        supports_early_init = False

        def __init__(
            self, rows: list[_Row], past: int, width: int, layer: int, scratch: dict[Any, Any]
        ) -> None:
            super().__init__()
            self.rows, self.past, self.width, self.layer, self.scratch = rows, past, width, layer, scratch
            self.is_initialized = True

        def _padded(self, which: str, like: Any) -> Any:
            """Room for the padded keys (or values) of all rows; each layer is done with it before the next."""
            shape = (len(self.rows), like.shape[1], self.past + self.width, like.shape[3])
            if (which, shape) not in self.scratch:
                self.scratch[which, shape] = like.new_zeros(shape)
            return self.scratch[which, shape]

        def update(self, keys: Any, values: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            all_keys, all_values = self._padded("keys", keys), self._padded("values", values)
            past, width = self.past, self.width
            all_keys[:, :, past:] = keys
            all_values[:, :, past:] = values
            for index, row in enumerate(self.rows):
                pad = width - (row.end - row.start)
                one = slice(index, index + 1)
                assert row.sequence is not None
                held_keys, held_values = row.sequence.write(
                    self.layer, row.start, keys[one, :, pad:], values[one, :, pad:]
                )
                if row.start:
                    all_keys[one, :, past - row.start : past] = held_keys[:, :, : row.start]
                    all_values[one, :, past - row.start : past] = held_values[:, :, : row.start]
            return all_keys, all_values

        def get_seq_length(self) -> int:
            return self.past

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self.past + query_length, 0

    return Cache, SequenceLayer, BatchLayer


def _common_prefix(a: TokenIds, b: TokenIds) -> int:
    """How many tokens two texts share at their beginning.

    >>> _common_prefix(np.array([1, 2, 3]), np.array([1, 2, 4, 5]))
    2
    """
    length = min(len(a), len(b))
    different = a[:length] != b[:length]
    return int(different.argmax()) if different.any() else length


def _digest(ids: TokenIds) -> bytes:
    return hashlib.blake2b(ids.tobytes(), digest_size=16).digest()


def _to_numpy(logits: torch.Tensor) -> NDArray[np.float32]:
    """A read-only float32 copy in main memory."""
    array: NDArray[np.float32] = np.array(logits.float().cpu().numpy(), dtype=np.float32)
    array.flags.writeable = False
    return array
