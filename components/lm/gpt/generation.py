"""A causal language model writes, one token at a time, and every step can be looked at.

- `encode_prompt`: the prompt as tokens, with what happens to an empty one and to one that is too long.
- `continue_text`: steps of writing. Each holds the numbers of one choice (`decoding.StepTrace`).
- `prompt_statistics`: how surprising each token of a text was (bits), and the perplexity.
- `last_attention`, `logit_lens`: what the last position looked at, and what each layer would have said.
- `measure_cache`: seconds per token with and without the kept keys and values.
- `export_rows`, `candidate_rows`, `export_json`: everything a page shows, as plain Python.

Forward passes, and what is kept of them between steps, branches and readers, are in `kv_cache`.

**When the context is full.** A model reads at most ``context_length`` tokens. Without ``slide`` writing stops
there (``context_full``). With ``slide`` the oldest quarter of the window falls out each time it is full, and since
every remaining token then stands at another position, all of it is computed again. Which tokens are read depends
only on the length of the text, so a link still leads to the same text.

The random number of a step depends only on the seed and on the number of tokens before it
(`decoding.random_number`), so the text is the same however it is cut into calls, and after a reload.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from components.lm.gpt.decoding import SamplingSettings, StepTrace, step_trace
from components.lm.gpt.kv_cache import GenerationError, NextToken, context_length, engine_for
from components.lm.reading import read
from components.lm.tokens.token_text import TokenInfo, token_info, token_infos

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from components.lm.checkpoints import LoadedModel

__all__ = [
    "CacheMeasurement",
    "Continuation",
    "GeneratedStep",
    "GenerationError",
    "LensLayer",
    "NextToken",
    "Prompt",
    "SequenceStatistics",
    "cache_bytes",
    "candidate_rows",
    "compact_step",
    "context_length",
    "continue_text",
    "encode_prompt",
    "end_of_text_ids",
    "export_json",
    "export_rows",
    "last_attention",
    "logit_lens",
    "measure_cache",
    "next_token",
    "prompt_statistics",
    "window_start",
]

StopReason = Literal["max_new_tokens", "end_of_text", "context_full", "stopped"]

RESERVE = 64  # tokens of the context that a long prompt leaves free for writing


# -- the prompt -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prompt:
    """A text as the model reads it."""

    text: str
    token_ids: tuple[int, ...]  # what is read
    tokens: tuple[TokenInfo, ...]  # the same, to show
    total_tokens: int  # tokens of the whole text
    dropped_tokens: int  # how many of its first tokens are not read, because the text is too long
    from_end_of_text: bool  # the text was empty: the model starts from the token it begins a text with
    context_length: int  # what the model can read


def encode_prompt(loaded: LoadedModel, text: str, *, reserve: int = RESERVE) -> Prompt:
    """``text`` as tokens, with what the tokenizer puts before it and without what it puts after it.

    An empty text becomes the token a text begins with; GPT-2 has none of its own and takes its end-of-text token,
    after which it saw the next document begin when it was trained. Of a text longer than the context less ``reserve``
    tokens the last ones are read (``reserve`` is at most half of the context). Lone surrogates, which no UTF-8 text
    can hold, become U+FFFD.

    Raises:
        CannotRead: ``no_row``, or ``empty`` for an empty text if the tokenizer has no token to begin with.
    """
    context = context_length(loaded.model)
    readable = context - max(0, min(reserve, context // 2))
    reading = read(loaded, text, most=readable, cut="start")
    ids = tuple(reading.input_ids.tolist())
    return Prompt(
        text=reading.text,
        token_ids=ids,
        tokens=token_infos(loaded.tokenizer, ids),
        total_tokens=len(reading) + reading.dropped,
        dropped_tokens=reading.dropped,
        from_end_of_text=set(reading.kinds) == {"frame"},
        context_length=context,
    )


def end_of_text_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None = None
) -> frozenset[int]:
    """The tokens with which the model ends a text."""
    found: set[int] = set()
    for source in (getattr(model, "generation_config", None), model.config, tokenizer):
        ids = getattr(source, "eos_token_id", None)
        found.update([] if ids is None else [int(ids)] if isinstance(ids, int) else map(int, ids))
    return frozenset(found)


def window_start(length: int, context_length: int) -> int:
    """The first token read of a text of ``length`` tokens when the window slides, in steps of a quarter.

    >>> [window_start(length, 8) for length in (7, 8, 9, 10, 11)]
    [0, 0, 2, 2, 4]
    """
    if length <= context_length:
        return 0
    hop = max(1, context_length // 4)
    return -(-(length - context_length) // hop) * hop


# -- writing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GeneratedStep:
    """One token written."""

    step: int  # from 1
    trace: StepTrace
    token: TokenInfo  # the chosen one
    candidates: tuple[TokenInfo, ...]  # in the order of ``trace.token_ids``
    window_start: int  # tokens before this one were no longer read; 0 unless the window slid
    reused_tokens: int  # tokens whose keys and values were kept from before
    computed_tokens: int  # tokens that went through the model for this step
    seconds: float  # of the model
    stop_reason: StopReason | None  # why this is the last step, or None


class Continuation(Iterator[GeneratedStep]):
    """Steps of writing, computed as they are asked for.

    ``token_ids`` is the whole text so far, ``stop_reason`` is None until the steps have ended. ``stop()`` may be
    called from any thread; the step being computed is the last.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        token_ids: Sequence[int],
        settings: SamplingSettings,
        *,
        max_new_tokens: int,
        picks: Mapping[int, int],
        slide: bool,
        stop_at_end_of_text: bool,
        n: int,
    ) -> None:
        self.token_ids = [int(token_id) for token_id in token_ids]
        self.settings = settings
        self.steps_done = 0
        self.stop_reason: StopReason | None = None
        self._engine = engine_for(model)
        self._model = model  # holds the model in memory as long as somebody writes with it
        self._tokenizer = tokenizer
        self._max_new_tokens = max_new_tokens
        self._picks = dict(picks)
        self._slide = slide
        self._ends = end_of_text_ids(model, tokenizer) if stop_at_end_of_text else frozenset()
        self._n = n
        self._stopped = threading.Event()
        self.stop_reason = self._reason_to_stop(None)

    def stop(self) -> None:
        """End after the step that is being computed, if any."""
        self._stopped.set()

    def __next__(self) -> GeneratedStep:
        if self.stop_reason is None and self._stopped.is_set():
            self.stop_reason = "stopped"
        if self.stop_reason is not None:
            raise StopIteration
        ids = self.token_ids
        start = window_start(len(ids), self._engine.context_length) if self._slide else 0
        answer = self._engine.next_token(ids[start:] if start else ids)
        step = self.steps_done + 1
        trace = step_trace(answer.logits, self.settings, len(ids), token_id=self._picks.get(step), n=self._n)
        chosen = trace.chosen.token_id
        ids.append(chosen)
        self.steps_done = step
        self.stop_reason = self._reason_to_stop(chosen)
        return GeneratedStep(
            step=step,
            trace=trace,
            token=token_info(self._tokenizer, chosen),
            candidates=token_infos(self._tokenizer, trace.token_ids),
            window_start=start,
            reused_tokens=answer.reused_tokens,
            computed_tokens=answer.computed_tokens,
            seconds=answer.seconds,
            stop_reason=self.stop_reason,
        )

    def _reason_to_stop(self, chosen: int | None) -> StopReason | None:
        if chosen in self._ends:
            return "end_of_text"
        if self.steps_done >= self._max_new_tokens:
            return "max_new_tokens"
        if not self._slide and len(self.token_ids) > self._engine.context_length:
            return "context_full"
        return None


def continue_text(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: Prompt | Sequence[int],
    settings: SamplingSettings,
    *,
    max_new_tokens: int = 40,
    picks: Mapping[int, int] | None = None,
    slide: bool = False,
    stop_at_end_of_text: bool = True,
    n: int = 20,
) -> Continuation:
    """Write on from ``prompt``; an iterator of `GeneratedStep` that can be stopped at any time.

    ``picks`` maps a step (from 1) to the token the reader took there by hand; all other steps follow
    ``settings``. ``n`` candidates are listed per step. Ends after ``max_new_tokens``, with the end-of-text token
    (which is the last step), or when the context is full, unless ``slide``; the reason is in
    ``Continuation.stop_reason``. Raises `GenerationError` while iterating if the model cannot read the text.
    """
    return Continuation(
        model,
        tokenizer,
        prompt.token_ids if isinstance(prompt, Prompt) else prompt,
        settings,
        max_new_tokens=max_new_tokens,
        picks=picks or {},
        slide=slide,
        stop_at_end_of_text=stop_at_end_of_text,
        n=n,
    )


def next_token(model: PreTrainedModel, token_ids: Sequence[int]) -> NextToken:
    """Logits of the token after ``token_ids`` (shape (vocab_size,), float32), kept for the next time."""
    return engine_for(model).next_token(token_ids)


def _perplexity(sum_logprob: float, count: int) -> float | None:
    if count == 0:
        return None
    try:
        return math.exp(-sum_logprob / count)
    except OverflowError:
        return math.inf


# -- a whole text -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SequenceStatistics:
    """How well the model foresaw a text. The first token is not foreseen: its entries are NaN (rank 0)."""

    token_ids: tuple[int, ...]
    logprobs: NDArray[np.float64]  # (seq,) natural logarithm of each token's probability
    surprisal_bits: NDArray[np.float64]  # (seq,)
    ranks: NDArray[np.int64]  # (seq,) 1 if the token was the model's first choice
    sum_logprob: float
    perplexity: float | None  # None if nothing was foreseen


def prompt_statistics(model: PreTrainedModel, token_ids: Sequence[int]) -> SequenceStatistics:
    """Surprisal of every token given all before it, in one reading of the text.

    Longer texts are read in pieces, so that the logits of a whole text (200 MB for GPT-2 at 1,024 tokens) are
    never in memory at once. Perplexity is exp of the mean negative log-probability (Jelinek et al. 1977).
    At most ``context_length + 1`` tokens; raises `GenerationError`.
    """
    import torch

    ids = [int(token_id) for token_id in token_ids]
    if not ids:
        raise GenerationError("empty", "there is no token")
    logprobs = np.full(len(ids), np.nan)
    ranks = np.zeros(len(ids), dtype=np.int64)
    for first, logits in engine_for(model).all_logits(ids[:-1]) if len(ids) > 1 else ():
        with torch.inference_mode():
            targets = torch.tensor(ids[first + 1 : first + 1 + len(logits)], device=logits.device)[:, None]
            if int(targets.min()) < 0 or int(targets.max()) >= logits.shape[-1]:
                raise GenerationError("unknown_token", "a token id is not in the model's vocabulary")
            values = logits.float()
            chosen = values.gather(1, targets)
            place = slice(first + 1, first + 1 + len(logits))
            logprobs[place] = (chosen[:, 0].double() - values.logsumexp(1).double()).cpu().numpy()
            ranks[place] = (1 + (values > chosen).sum(1)).cpu().numpy()
    total = math.fsum(logprobs[1:])
    return SequenceStatistics(
        tuple(ids), logprobs, -logprobs / math.log(2), ranks, total, _perplexity(total, len(ids) - 1)
    )


# -- looking inside ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LensLayer:
    """What the model would have said had it stopped here."""

    layers_done: int  # 0: the embeddings, before any layer; num_layers: the model's own answer
    token_ids: tuple[int, ...]  # its first choices
    probs: tuple[float, ...]
    final_prob: float  # probability, here, of the token that was chosen in the end
    final_rank: int  # and its rank, 1 for the first
    entropy_bits: float


def last_attention(model: PreTrainedModel, token_ids: Sequence[int]) -> NDArray[np.float32]:
    """Attention weights of the last position: shape (layer, head, key), each row summing to 1.

    Costs one token if the text has been read before. Raises `GenerationError` (``no_attention``) if the model
    was not loaded with ``attn_implementation="eager"``, because other implementations return no weights.
    """
    if getattr(model.config, "_attn_implementation", None) != "eager":
        raise GenerationError(
            "no_attention", "load the model with attn_implementation='eager' to see its attention"
        )
    attentions = engine_for(model).last_position(token_ids, output_attentions=True).attentions
    if not attentions or any(layer is None for layer in attentions):
        raise GenerationError("no_attention", "this architecture returns no attention weights")
    return np.stack([layer[0, :, -1].float().cpu().numpy() for layer in attentions])


def logit_lens(
    model: PreTrainedModel, token_ids: Sequence[int], *, chosen: int | None = None, n: int = 5
) -> tuple[LensLayer, ...]:
    """The hidden state of the last position after each layer, read as if it were the last.

    Each goes through the model's final layer normalisation and its unembedding (nostalgebraist 2020,
    "interpreting GPT: the logit lens"). ``chosen`` is the token whose probability and rank are followed, by
    default the model's first choice. Returns num_layers + 1 entries; the last equals the model's own answer.

    Only for GPT-2 and its relatives of the same architecture (``model_type`` "gpt2": DistilGPT2, KoGPT2, ...),
    where hidden states live in one residual stream that ends in ``ln_f`` and a plain unembedding. Others are
    refused with `GenerationError` (``logit_lens_family``): their last steps differ (post-layer normalisation,
    scaled or capped logits, projections), and a lens that leaves them out would show wrong numbers.
    """
    import torch

    if getattr(model.config, "model_type", None) != "gpt2":
        raise GenerationError(
            "logit_lens_family", "the logit lens is shown for GPT-2 and models of its family"
        )
    output = engine_for(model).last_position(token_ids, output_hidden_states=True)
    with torch.inference_mode():
        # transformers has already applied ln_f to the last of the hidden states, so the answer itself takes its place
        states = torch.cat([state[0, -1:] for state in output.hidden_states[:-1]])
        logits = torch.cat([model.lm_head(model.transformer.ln_f(states)), output.logits[0, -1:]]).double()
        logprobs = torch.log_softmax(logits, dim=-1)
        followed = int(logits[-1].argmax()) if chosen is None else int(chosen)
        if not 0 <= followed < logits.shape[-1]:
            raise GenerationError("unknown_token", f"token id {followed} is not in the vocabulary")
        top = torch.topk(logprobs, min(n, logprobs.shape[-1]), dim=-1)
        ranks = 1 + (logprobs > logprobs[:, followed, None]).sum(-1)
        probs = logprobs.exp()
        entropies = -(probs * logprobs.clamp_min(-1e4)).sum(-1) / math.log(2)
        return tuple(
            LensLayer(
                layers_done=layer,
                token_ids=tuple(top.indices[layer].tolist()),
                probs=tuple(top.values[layer].exp().tolist()),
                final_prob=float(probs[layer, followed]),
                final_rank=int(ranks[layer]),
                entropy_bits=float(entropies[layer]),
            )
            for layer in range(len(logits))
        )


@dataclass(frozen=True)
class CacheMeasurement:
    """Measured time of one more token after ``length - 1`` others: the fastest of ``repeats`` passes, in seconds.

    Other programs can make a pass slower, never faster, so the fastest is nearest to what the computation takes.
    """

    length: int
    seconds_with: float  # all earlier keys and values were kept: one token goes through the model
    seconds_without: float  # nothing was kept: all ``length`` tokens go through the model
    cache_bytes: int  # of the keys and values of ``length`` tokens
    repeats: int
    spread: float  # median divided by fastest, of the two ways the larger: near 1 on a machine with nothing else to do

    @property
    def busy(self) -> bool:
        """Whether something else took so much of the machine that the times are only upper bounds."""
        return self.spread > BUSY_SPREAD


BUSY_SPREAD = 1.5
"""Median over fastest of the same pass; alone on a machine it stays below 1.2 (measured)."""


def cache_bytes(model: PreTrainedModel, length: int) -> int:
    """Bytes of the keys and values of ``length`` tokens: 2 x layers x heads x head_dim x length x bytes per number.

    ``heads`` are the key-value heads, fewer than the attention heads in models that share them.
    """
    config = model.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    number = next(model.parameters()).element_size()
    return int(2 * config.num_hidden_layers * heads * head_dim * length * number)


def measure_cache(
    model: PreTrainedModel,
    token_ids: Sequence[int],
    lengths: Sequence[int] = (8, 32, 64, 128, 256, 512, 1024),
    *,
    repeats: int = 7,
    seconds: float = 4.0,
) -> Iterator[CacheMeasurement]:
    """Measure one length after the other; stop by not asking for the next.

    Each length is measured ``repeats`` times, fewer (at least 3) when ``seconds`` for all lengths would be passed.

    The text is ``token_ids`` over and over. Lengths beyond the context are left out. Raises `GenerationError`
    (``no_kv_cache``) for architectures that keep something else.
    """
    engine = engine_for(model)
    if not token_ids:
        raise GenerationError("empty", "there is no token")
    usable = [length for length in lengths if 1 <= length <= engine.context_length]
    began = time.perf_counter()
    for number, length in enumerate(usable):
        # A pass over a text twice as long takes at least twice the time: most of what is left is for the long ones.
        share = (seconds - (time.perf_counter() - began)) * length / sum(usable[number:])
        ids = np.resize(np.array(token_ids, dtype=np.int64), length)
        kept = engine.time_last_token(ids, kept=True, repeats=1)
        nothing = engine.time_last_token(ids, kept=False, repeats=1)
        more = min(repeats, max(3, int(share / (kept[0] + nothing[0])))) - 1
        if more > 0:
            kept += engine.time_last_token(ids, kept=True, repeats=more)
            nothing += engine.time_last_token(ids, kept=False, repeats=more)
        spread = max(float(np.median(taken)) / min(taken) for taken in (kept, nothing))
        yield CacheMeasurement(
            length, min(kept), min(nothing), cache_bytes(model, length), len(nothing), spread
        )


# -- to the browser and to files --------------------------------------------------------------------------------


def compact_step(step: GeneratedStep) -> dict[str, Any]:
    """One step for the browser: plain Python, about 1.5 kB as JSON with 20 candidates.

    ``cut`` is null, "top_k", "top_p" or "greedy" per candidate; ``rest`` is the mass of everything else by the
    model, after temperature, and after the cut. `decoding.StepTrace` says how probabilities follow from logits.
    """
    trace = step.trace
    return {
        "step": step.step,
        "position": trace.position,
        "ids": list(trace.token_ids),
        "texts": [info.text for info in step.candidates],
        "tokens": [info.token for info in step.candidates],
        "logits": [_finite(value, 6) for value in trace.logits],
        "cut": list(trace.cut_by),
        "temperature": trace.temperature,
        "log_z": round(trace.log_z, 9),
        "tempered_log_z": round(trace.tempered_log_z, 9),
        "kept_count": trace.kept_count,
        "kept_mass": trace.kept_mass,
        "rest": [trace.rest_prob, trace.rest_tempered, trace.rest_final],
        "rest_kept_count": trace.rest_kept_count,
        "vocab_size": trace.vocab_size,
        "chosen": {
            "id": step.token.token_id,
            "token": step.token.token,
            "text": step.token.text,
            "bytes": step.token.raw.hex(" "),
            "partial": step.token.partial,
            "special": step.token.special,
            "how": trace.chosen.how,
            "u": trace.chosen.u,
            "low": trace.chosen.low,
            "high": trace.chosen.high,
            "rank": trace.chosen_rank,
            "logit": _finite(trace.chosen_logit, 6),
            "cut": trace.chosen_cut_by,
            "probs": [trace.prob, trace.tempered_prob, trace.final_prob],
            "surprisal_bits": _finite(trace.surprisal_bits, 6),
        },
        "entropy_bits": round(trace.entropy_bits, 6),
        "tempered_entropy_bits": round(trace.tempered_entropy_bits, 6),
        "window_start": step.window_start,
        "stop_reason": step.stop_reason,
    }


def export_rows(steps: Iterable[GeneratedStep]) -> list[dict[str, Any]]:
    """One row per step, for CSV. Numbers are not rounded."""
    return [
        {
            "step": step.step,
            "position": step.trace.position,
            "token_id": step.token.token_id,
            "token": step.token.token,
            "text": step.token.text,
            "bytes": step.token.raw.hex(" "),
            "how": step.trace.chosen.how,
            "prob": step.trace.prob,
            "tempered_prob": step.trace.tempered_prob,
            "final_prob": step.trace.final_prob,
            "logprob": step.trace.logprob,
            "surprisal_bits": step.trace.surprisal_bits,
            "entropy_bits": step.trace.entropy_bits,
            "rank": step.trace.chosen_rank,
            "u": step.trace.chosen.u,
            "kept_count": step.trace.kept_count,
            "kept_mass": step.trace.kept_mass,
            "stop_reason": step.stop_reason,
        }
        for step in steps
    ]


def candidate_rows(steps: Iterable[GeneratedStep]) -> list[dict[str, Any]]:
    """One row per step and candidate, and one for everything else (no token id); each step's rows sum to 1."""
    rows: list[dict[str, Any]] = []
    for step in steps:
        trace = step.trace
        for place, (info, logit, cut) in enumerate(
            zip(step.candidates, trace.logits, trace.cut_by, strict=True), start=1
        ):
            prob, tempered = trace.probs_of(logit)
            rows.append(
                {
                    "step": step.step,
                    "rank": place,
                    "token_id": info.token_id,
                    "token": info.token,
                    "text": info.text,
                    "logit": logit,
                    "prob": prob,
                    "tempered_prob": tempered,
                    "final_prob": 0.0 if cut else tempered / trace.kept_mass,
                    "cut_by": cut,
                    "chosen": info.token_id == trace.chosen.token_id,
                }
            )
        rows.append(
            {
                "step": step.step,
                "rank": None,
                "token_id": None,
                "token": None,
                "text": None,
                "logit": None,
                "prob": trace.rest_prob,
                "tempered_prob": trace.rest_tempered,
                "final_prob": trace.rest_final,
                "cut_by": None,
                "chosen": trace.chosen.token_id not in trace.token_ids,
            }
        )
    return rows


def export_json(
    prompt: Prompt,
    settings: SamplingSettings,
    steps: Sequence[GeneratedStep],
    *,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The whole result as plain Python: prompt, settings, steps with their candidates.

    ``about`` is added as it is (model, revision, licence).
    """
    candidates: dict[int, list[dict[str, Any]]] = {}
    for row in candidate_rows(steps):
        candidates.setdefault(row["step"], []).append(row)
    return {
        "about": dict(about or {}),
        "prompt": {
            "text": prompt.text,
            "token_ids": list(prompt.token_ids),
            "tokens": [info.token for info in prompt.tokens],
            "total_tokens": prompt.total_tokens,
            "dropped_tokens": prompt.dropped_tokens,
            "from_end_of_text": prompt.from_end_of_text,
        },
        "settings": asdict(settings),
        "steps": [{**row, "candidates": candidates[row["step"]]} for row in export_rows(steps)],
    }


def _finite(value: float, digits: int) -> float | None:
    """Rounded; None for infinities, which JSON cannot hold."""
    return round(value, digits) if math.isfinite(value) else None
