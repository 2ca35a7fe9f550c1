"""generation.py and kv_cache.py on a tiny random GPT-2: equal to transformers, and the same however it is asked."""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from components.lm.checkpoints import LoadedModel, in_memory
from components.lm.gpt import kv_cache
from components.lm.gpt.decoding import SamplingSettings, step_trace
from components.lm.gpt.generation import (
    GenerationError,
    cache_bytes,
    candidate_rows,
    compact_step,
    continue_text,
    encode_prompt,
    export_json,
    export_rows,
    last_attention,
    logit_lens,
    measure_cache,
    next_token,
    prompt_statistics,
    window_start,
)
from components.lm.gpt.kv_cache import NextTokenEngine, engine_for
from components.lm.reading import pieces as pieces_of
from components.lm.tokens.token_text import token_bytes, token_infos, whole_characters

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = SamplingSettings(temperature=0.9, top_k=50, top_p=0.95, seed=11)
GREEDY = SamplingSettings(do_sample=False)
# Cached and uncached logits add the same numbers in another order; logits here are below 20 in size, where float32
# has steps of 2e-6, and sums over 32 to 128 terms stay within about 1e-5 of each other.
CACHED = 1e-4


@pytest.fixture(scope="module")
def model(tiny_gpt_folder: Path) -> Any:
    return load(tiny_gpt_folder)


@pytest.fixture(scope="module")
def tokenizer(tiny_gpt_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_gpt_folder)


@pytest.fixture(scope="module")
def loaded(model: Any, tokenizer: Any) -> LoadedModel:
    return in_memory(model, tokenizer)


@pytest.fixture
def engine(model: Any) -> Iterator[NextTokenEngine]:
    """The model's engine with nothing kept."""
    engine = engine_for(model)
    engine.forget()
    yield engine
    engine.forget()


def load(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def plain_logits(model: Any, ids: Any) -> np.ndarray:
    """What transformers says, without anything of ours: shape (seq, vocab_size)."""
    with torch.inference_mode():
        return model(torch.tensor([[int(i) for i in ids]]), use_cache=False).logits[0].numpy()


def random_ids(length: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(1, 350, length).tolist()  # without 0, the end of text


def test_the_first_screen_needs_no_torch() -> None:
    code = "import sys, components.lm.gpt.generation; print({'torch', 'transformers'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "set()"


# -- equal to transformers --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_probabilities_equal_transformers_on_any_text(
    model: Any, tokenizer: Any, text: str, loaded: Any
) -> None:
    prompt = encode_prompt(loaded, text, reserve=8)
    ours = step_trace(next_token(model, prompt.token_ids).logits, SamplingSettings(), 0, n=400)
    theirs = torch.softmax(torch.tensor(plain_logits(model, prompt.token_ids)[-1]), -1).numpy()
    for token_id, logit in zip(ours.token_ids, ours.logits, strict=True):
        assert ours.probs_of(logit)[0] == pytest.approx(theirs[token_id], abs=1e-5)
    if text:
        assert prompt.total_tokens == len(tokenizer(text).input_ids)
        assert list(prompt.token_ids) == tokenizer(text).input_ids[-len(prompt.token_ids) :]


def test_greedy_text_equals_generate(model: Any, tokenizer: Any, loaded: Any) -> None:
    prompt = encode_prompt(loaded, "The low river")
    steps = list(
        continue_text(model, tokenizer, prompt, GREEDY, max_new_tokens=25, stop_at_end_of_text=False)
    )
    ids = torch.tensor([prompt.token_ids])
    with torch.inference_mode():
        theirs = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=25, min_new_tokens=25, do_sample=False, pad_token_id=0, eos_token_id=None
        )  # fmt: skip
    assert [s.token.token_id for s in steps] == theirs[0, ids.shape[1] :].tolist()


def test_statistics_equal_one_plain_reading(
    model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = random_ids(60)
    logprobs = torch.log_softmax(torch.tensor(plain_logits(model, ids)), -1)
    expected = [float(logprobs[i, ids[i + 1]]) for i in range(59)]
    for piece in (128, 7):  # in one piece, and in many
        monkeypatch.setattr(kv_cache, "PREFILL_TOKENS", piece)
        engine.forget()
        found = prompt_statistics(model, ids)
        assert math.isnan(found.logprobs[0])
        np.testing.assert_allclose(found.logprobs[1:], expected, atol=CACHED)
        np.testing.assert_allclose(
            found.surprisal_bits[1:], -np.array(expected) / math.log(2), atol=2 * CACHED
        )
        assert found.sum_logprob == pytest.approx(sum(expected), abs=60 * CACHED)
        assert found.perplexity == pytest.approx(math.exp(-sum(expected) / 59), rel=1e-3)
        ranks = [1 + int((logprobs[i] > logprobs[i, ids[i + 1]]).sum()) for i in range(59)]
        assert found.ranks.tolist() == [0, *ranks]


def test_statistics_of_one_token_and_of_one_more_than_fits(model: Any) -> None:
    alone = prompt_statistics(model, [5])
    assert alone.perplexity is None
    assert alone.sum_logprob == 0
    assert len(prompt_statistics(model, random_ids(65)).logprobs) == 65
    with pytest.raises(GenerationError) as error:
        prompt_statistics(model, random_ids(66))
    assert error.value.reason == "context_full"
    for wrong in ([1, 400], [400, 1], [1, -1]):
        with pytest.raises(GenerationError) as error:
            prompt_statistics(model, wrong)
        assert error.value.reason == "unknown_token"


def test_steps_and_statistics_tell_the_same_story(model: Any, tokenizer: Any, loaded: Any) -> None:
    prompt = encode_prompt(loaded, "A small fox")
    steps = list(continue_text(model, tokenizer, prompt, SAMPLE, max_new_tokens=20))
    found = prompt_statistics(model, [*prompt.token_ids, *(s.token.token_id for s in steps)])
    written = found.surprisal_bits[len(prompt.token_ids) :]
    np.testing.assert_allclose(written, [s.trace.surprisal_bits for s in steps], atol=2 * CACHED)
    assert found.ranks[len(prompt.token_ids) :].tolist() == [s.trace.chosen_rank for s in steps]


# -- what is kept changes nothing ---------------------------------------------------------------------------------


def test_cached_equals_uncached_forward_back_and_sideways(model: Any, engine: NextTokenEngine) -> None:
    ids = random_ids(50)
    other = [*ids[:20], *random_ids(20, seed=1)]
    plan = [
        (ids[:10], 0, 10),  # nothing kept yet
        (ids[:11], 10, 1),  # one more token
        (ids[:30], 11, 19),  # many more
        (ids[:29], 28, 1),  # one step back: only the last token is computed again
        (other[:25], 20, 5),  # another branch from token 20
        (other[:26], 25, 1),
        (ids[:31], 30, 1),  # the first branch is still there
        (ids, 31, 19),
        (random_ids(12, seed=2), 0, 12),  # nothing in common
    ]
    for text, reused, computed in plan:
        found = engine.next_token(text)
        assert (found.reused_tokens, found.computed_tokens) == (reused, computed)
        np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)
    again = engine.next_token(ids)
    assert (again.computed_tokens, again.seconds) == (0, 0)
    assert not again.logits.flags.writeable


def test_going_back_after_the_logits_were_dropped_leaves_the_branch_whole(
    model: Any, engine: NextTokenEngine
) -> None:
    ids = random_ids(40)
    engine.next_token(ids)
    with engine._logits_lock:
        engine._logits.clear()
    assert engine.next_token(ids[:15]).computed_tokens == 1
    np.testing.assert_allclose(
        engine.next_token(ids[:15]).logits, plain_logits(model, ids[:15])[-1], atol=CACHED
    )
    more = engine.next_token([*ids, 7])
    assert more.computed_tokens == 1
    np.testing.assert_allclose(more.logits, plain_logits(model, [*ids, 7])[-1], atol=CACHED)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=12))
def test_any_order_of_texts_gives_the_same_logits(
    model: Any, engine: NextTokenEngine, texts: list[list[int]]
) -> None:
    # Three tokens only, so that texts share beginnings all the time.
    engine.forget()
    for text in texts:
        np.testing.assert_allclose(engine.next_token(text).logits, plain_logits(model, text)[-1], atol=CACHED)


def kept_bytes(engine: NextTokenEngine) -> tuple[int, int]:
    """Bytes kept now: (keys and values, logits)."""
    return (
        sum(sequence.nbytes for sequence in engine._sequences.values()),
        sum(logits.nbytes for logits in engine._logits.values()),
    )


def test_stores_stay_within_their_budgets(model: Any) -> None:
    one = cache_bytes(model, 64 + 32)
    engine = NextTokenEngine(model, kv_bytes=3 * one, logits_bytes=10 * 400 * 4)
    for seed in range(12):
        text = random_ids(60, seed)
        np.testing.assert_allclose(engine.next_token(text).logits, plain_logits(model, text)[-1], atol=CACHED)
        kv, logits = kept_bytes(engine)
        assert kv <= 3 * one
        assert logits <= 10 * 400 * 4
    assert len(engine._sequences) >= 2
    nothing = NextTokenEngine(model, kv_bytes=0, logits_bytes=0)
    for length in (5, 6, 7):
        text = random_ids(length)
        np.testing.assert_allclose(
            nothing.next_token(text).logits, plain_logits(model, text)[-1], atol=CACHED
        )
    assert kept_bytes(nothing) == (0, 0)


def test_long_texts_are_read_in_pieces_with_the_same_result(
    model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_cache, "PREFILL_TOKENS", 9)
    ids = random_ids(60)
    found = engine.next_token(ids)
    assert (found.reused_tokens, found.computed_tokens) == (0, 60)
    np.testing.assert_allclose(found.logits, plain_logits(model, ids)[-1], atol=CACHED)


def test_the_engine_goes_with_its_model(tiny_gpt_folder: Path) -> None:
    model = load(tiny_gpt_folder)
    engine = engine_for(model)
    engine.next_token([1, 2, 3])
    sequence = weakref.ref(next(iter(engine._sequences.values())))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    with pytest.raises(GenerationError) as error:
        engine.next_token([1, 2])
    assert error.value.reason == "model_gone"
    engine.forget()
    assert sequence() is None  # no circle keeps the buffers


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (
            LlamaForCausalLM,
            LlamaConfig(num_key_value_heads=2, intermediate_size=64),
        ),  # rotary, shared key heads
        (GPTNeoXForCausalLM, GPTNeoXConfig(intermediate_size=64)),
        (MistralForCausalLM, MistralConfig(num_key_value_heads=2, intermediate_size=64, sliding_window=8)),
    ],
)
def test_other_architectures_alone_and_together(kind: Any, config: Any) -> None:
    for name, value in {
        "vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 64, "head_dim": 8, "initializer_range": 0.2, "_attn_implementation": "eager",
    }.items():  # fmt: skip
        if value is not None:
            setattr(config, name, value)
    config.bos_token_id = config.eos_token_id = config.pad_token_id = None
    torch.manual_seed(0)
    model = kind(config).eval()
    texts = [np.random.default_rng(i).integers(0, 90, 3 + 2 * i).tolist() for i in range(8)]
    together(model, texts)
    results = together(model, [[*text, 1] for text in texts])
    for text, found in zip(texts, results, strict=True):
        np.testing.assert_allclose(found.logits, plain_logits(model, [*text, 1])[-1], atol=CACHED)
    keeps = kind is not MistralForCausalLM  # a sliding window keeps something else: computed in full
    assert all(found.computed_tokens == (1 if keeps else found.length) for found in results)
    if keeps:
        assert next(measure_cache(model, [1], [5], repeats=1)).cache_bytes == cache_bytes(model, 5)
    else:
        with pytest.raises(GenerationError) as error:
            next(measure_cache(model, [1], [5], repeats=1))
        assert error.value.reason == "no_kv_cache"
    with pytest.raises(GenerationError) as error:
        logit_lens(model, [1, 2])
    assert error.value.reason == "logit_lens_family"


# -- the same text, however it is asked ---------------------------------------------------------------------------


def written(model: Any, tokenizer: Any, ids: Any, count: int, **more: Any) -> list[int]:
    steps = continue_text(model, tokenizer, ids, more.pop("settings", SAMPLE), max_new_tokens=count, **more)
    return [s.token.token_id for s in steps]


def test_same_seed_same_text_in_any_pieces_and_after_reload(
    model: Any, tokenizer: Any, engine: NextTokenEngine, tiny_gpt_folder: Path
) -> None:
    start = random_ids(5)
    whole = written(model, tokenizer, start, 30, stop_at_end_of_text=False)
    assert len(whole) == 30
    ids = list(start)
    for count in (1, 2, 3, 4, 7, 13):
        ids += written(model, tokenizer, ids, count, stop_at_end_of_text=False)
    assert ids == start + whole
    engine.forget()
    assert written(model, tokenizer, start, 30, stop_at_end_of_text=False) == whole
    assert written(load(tiny_gpt_folder), tokenizer, start, 30, stop_at_end_of_text=False) == whole
    other_seed = SamplingSettings(temperature=0.9, top_k=50, top_p=0.95, seed=12)
    assert written(model, tokenizer, start, 30, settings=other_seed, stop_at_end_of_text=False) != whole


def test_a_branch_and_the_way_back(model: Any, tokenizer: Any, engine: NextTokenEngine) -> None:
    start = random_ids(6)
    whole = written(model, tokenizer, start, 20, stop_at_end_of_text=False)
    picked = 1 + whole[4] % 300
    branch = written(model, tokenizer, start, 20, picks={5: picked}, stop_at_end_of_text=False)
    assert branch[:4] == whole[:4]
    assert branch[4] == picked != whole[4]
    # the branch goes on as if it had been the prompt, and the old one is unharmed
    assert branch[5:] == written(model, tokenizer, [*start, *branch[:5]], 15, stop_at_end_of_text=False)
    assert written(model, tokenizer, start, 20, stop_at_end_of_text=False) == whole


def test_changing_a_sampling_control_computes_nothing(
    model: Any, tokenizer: Any, engine: NextTokenEngine
) -> None:
    start = random_ids(6)
    list(continue_text(model, tokenizer, start, SAMPLE, max_new_tokens=1))
    for other in (
        GREEDY,
        SamplingSettings(temperature=2),
        SamplingSettings(top_k=3),
        SamplingSettings(top_p=0.3),
    ):
        step = next(continue_text(model, tokenizer, start, other))
        assert step.computed_tokens == 0


def test_thirty_readers_at_once_equal_thirty_in_turn(
    model: Any, tokenizer: Any, engine: NextTokenEngine
) -> None:
    starts = [random_ids(3 + i, seed=i) for i in range(29)] + [random_ids(3, seed=0)]  # two write the same
    in_turn = [written(model, tokenizer, ids, 8, stop_at_end_of_text=False) for ids in starts]
    engine.forget()
    at_once: list[Any] = [None] * 30
    begin = threading.Barrier(30)

    def reader(index: int) -> None:
        begin.wait()
        at_once[index] = written(model, tokenizer, starts[index], 8, stop_at_end_of_text=False)

    threads = [threading.Thread(target=reader, args=(i,)) for i in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == in_turn


def together(model: Any, texts: list[list[int]]) -> list[Any]:
    """Ask for all texts while the engine is busy, so that they surely meet."""
    engine = engine_for(model)
    results: list[Any] = [None] * len(texts)

    def ask(index: int) -> None:
        try:
            results[index] = engine.next_token(texts[index])
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(texts))]
    with engine._alone():
        for thread in threads:
            thread.start()
        while len(engine._waiting) < sum(thread.is_alive() for thread in threads):
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    return results


def test_requests_that_meet_share_a_pass(model: Any, engine: NextTokenEngine) -> None:
    texts = [random_ids(4 + i, seed=i) for i in range(12)]
    together(model, texts)
    results = together(model, [[*text, 9] for text in texts])
    assert {found.batch_size for found in results} == {12}
    for text, found in zip(texts, results, strict=True):
        assert found.computed_tokens == 1
        np.testing.assert_allclose(found.logits, plain_logits(model, [*text, 9])[-1], atol=CACHED)
    # and what a shared pass has kept serves the next step
    for text in texts:
        found = engine.next_token([*text, 9, 3])
        assert found.computed_tokens == 1
        np.testing.assert_allclose(found.logits, plain_logits(model, [*text, 9, 3])[-1], atol=CACHED)


def test_branches_of_one_text_in_the_same_pass(model: Any, engine: NextTokenEngine) -> None:
    start = random_ids(20)
    engine.next_token(start)
    texts = [[*start, token_id] for token_id in range(1, 11)] + [[*start[:12], 8], [*start, 5]]
    for text, found in zip(texts, together(model, texts), strict=True):
        np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)
    for token_id in range(1, 11):  # each branch has kept its own
        text = [*start, token_id, 4]
        found = engine.next_token(text)
        assert found.computed_tokens == 1
        np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)


def test_the_same_text_asked_for_at_once_is_computed_once(model: Any, engine: NextTokenEngine) -> None:
    ids = random_ids(10)
    calls = []
    hook = model.register_forward_hook(lambda *_: calls.append(1))
    results = together(model, [ids] * 8)
    hook.remove()
    assert len(calls) == 1
    assert len({id(found.logits) for found in results}) == 1


def test_long_and_short_texts_do_not_pad_each_other(
    model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kv_cache, "PREFILL_TOKENS", 20)
    texts = [random_ids(60), *[random_ids(2, seed=i) for i in range(1, 6)], random_ids(50, seed=9)]
    shapes: list[tuple[int, ...]] = []
    hook = model.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(args[0].shape)), with_kwargs=True
    )
    results = together(model, texts)
    hook.remove()
    for text, found in zip(texts, results, strict=True):
        np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)
    assert shapes[0] == (5, 2)
    assert all(shape[1] <= 20 for shape in shapes)


def test_a_failing_request_does_not_hurt_the_others(
    model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = engine._forward

    def failing(rows: Any, **more: Any) -> Any:
        if any(row.ids[0] == 13 for row in rows):
            raise RuntimeError("broken on purpose")
        return forward(rows, **more)

    monkeypatch.setattr(engine, "_forward", failing)
    texts = [[token_id, 5, 6] for token_id in range(10, 17)]
    results = together(model, texts)
    for text, found in zip(texts, results, strict=True):
        if text[0] == 13:
            assert str(found) == "broken on purpose"
        else:
            np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)
    monkeypatch.undo()
    np.testing.assert_allclose(
        engine.next_token([13, 5, 6]).logits, plain_logits(model, [13, 5, 6])[-1], atol=CACHED
    )


def test_a_model_that_cannot_be_batched_is_computed_one_by_one(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = NextTokenEngine(model)
    forward = engine._forward

    def wrong_when_batched(rows: Any, **more: Any) -> Any:
        output = forward(rows, **more)
        if len(rows) > 1:
            output.logits = output.logits * 1.5
        return output

    monkeypatch.setattr(engine, "_forward", wrong_when_batched)
    monkeypatch.setattr(kv_cache, "_engines", weakref.WeakKeyDictionary({model: engine}))
    texts = [random_ids(5, seed=i) for i in range(4)]
    for _ in range(2):
        for text, found in zip(texts, together(model, texts), strict=True):
            np.testing.assert_allclose(found.logits, plain_logits(model, text)[-1], atol=CACHED)
        texts = [[*text, 3] for text in texts]
    assert not engine._batching


def test_requests_that_cannot_be_read_are_refused_by_reason(model: Any, tiny_gpt_folder: Path) -> None:
    for ids, reason in (
        ([], "empty"),
        (random_ids(65), "context_full"),
        ([400], "unknown_token"),
        ([-1], "unknown_token"),
    ):
        with pytest.raises(GenerationError) as error:
            next_token(model, ids)
        assert error.value.reason == reason
    with pytest.raises(GenerationError) as error:
        next_token(load(tiny_gpt_folder).train(), [1])
    assert error.value.reason == "training_mode"


# -- prompts and limits -------------------------------------------------------------------------------------------


def test_an_empty_prompt_starts_from_the_end_of_text_token(model: Any, tokenizer: Any, loaded: Any) -> None:
    prompt = encode_prompt(loaded, "")
    assert prompt.from_end_of_text
    assert prompt.token_ids == (tokenizer.eos_token_id,)
    assert prompt.tokens[0].special
    step = next(continue_text(model, tokenizer, prompt, GREEDY))
    assert step.token.token_id == int(plain_logits(model, [tokenizer.eos_token_id])[-1].argmax())
    assert not encode_prompt(loaded, " ").from_end_of_text


def test_twenty_thousand_characters(model: Any, tokenizer: Any, loaded: Any) -> None:
    text = ("The low river runs lower. 안녕하세요! " * 700)[:20000]
    prompt = encode_prompt(loaded, text, reserve=16)
    everything = tokenizer(text).input_ids
    assert len(prompt.token_ids) == 48
    assert list(prompt.token_ids) == everything[-48:]
    assert prompt.dropped_tokens == len(everything) - 48
    assert prompt.total_tokens == len(everything)
    writing = continue_text(model, tokenizer, prompt, SAMPLE, max_new_tokens=40, stop_at_end_of_text=False)
    assert len(list(writing)) == 17
    assert writing.stop_reason == "context_full"
    greedy_reserve = encode_prompt(loaded, text, reserve=1000)
    assert len(greedy_reserve.token_ids) == 32  # at least half of the context is for the prompt


def test_the_context_limit_stops_or_slides(model: Any, tokenizer: Any) -> None:
    start = random_ids(60)
    writing = continue_text(model, tokenizer, start, SAMPLE, max_new_tokens=30, stop_at_end_of_text=False)
    steps = list(writing)
    assert [s.stop_reason for s in steps] == [None, None, None, None, "context_full"]
    assert len(writing.token_ids) == 65  # the last was foretold by a full window and cannot be read itself
    assert list(continue_text(model, tokenizer, writing.token_ids, SAMPLE)) == []

    sliding = continue_text(
        model, tokenizer, start, SAMPLE, max_new_tokens=30, slide=True, stop_at_end_of_text=False
    )
    slid = list(sliding)
    assert sliding.stop_reason == "max_new_tokens"
    assert [s.token.token_id for s in slid[:5]] == [s.token.token_id for s in steps]
    assert [s.window_start for s in slid] == [0] * 5 + [16] * 16 + [32] * 9
    ids = sliding.token_ids
    for step in (slid[5], slid[29]):
        read = ids[step.window_start : step.trace.position]
        expected = plain_logits(model, read)[-1]
        assert step.trace.chosen_logit == pytest.approx(expected[step.token.token_id], abs=CACHED)
    again = written(model, tokenizer, ids[:75], 15, slide=True, stop_at_end_of_text=False)
    assert again == ids[75:]  # a link into the middle leads to the same text


@given(st.integers(1, 300), st.integers(1, 64))
def test_a_sliding_window_always_fits_and_never_goes_back(length: int, context: int) -> None:
    start = window_start(length, context)
    assert 0 < length - start <= context
    assert start <= window_start(length + 1, context)


def test_the_end_of_text_token_stops(model: Any, tokenizer: Any) -> None:
    end = tokenizer.eos_token_id
    writing = continue_text(model, tokenizer, random_ids(5), SAMPLE, max_new_tokens=10, picks={3: end})
    steps = list(writing)
    assert writing.stop_reason == steps[-1].stop_reason == "end_of_text"
    assert steps[-1].token.token_id == end
    assert len(steps) == 3
    going_on = continue_text(
        model, tokenizer, random_ids(5), SAMPLE, max_new_tokens=10, picks={3: end}, stop_at_end_of_text=False
    )
    assert len(list(going_on)) == 10


def test_writing_can_be_stopped(model: Any, tokenizer: Any) -> None:
    writing = continue_text(model, tokenizer, random_ids(5), SAMPLE, max_new_tokens=50)
    assert writing.stop_reason is None
    next(writing)
    writing.stop()
    assert list(writing) == []
    assert writing.stop_reason == "stopped"
    assert list(continue_text(model, tokenizer, random_ids(5), SAMPLE, max_new_tokens=0)) == []


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=60))
def test_tokens_give_back_the_text(tokenizer: Any, text: str, loaded: Any) -> None:
    ids = pieces_of(loaded, text)
    pieces = token_bytes(tokenizer, ids)
    groups = whole_characters(pieces)
    assert [start for start, _ in groups] + [len(pieces)] == [0] + [end for _, end in groups]
    assert "".join(b"".join(pieces[start:end]).decode() for start, end in groups) == text
    for info in token_infos(tokenizer, ids):
        assert info.partial == (
            not info.special and "\ufffd" in info.raw.decode("utf-8", "replace") != info.text
        )


def test_characters_of_several_tokens_and_surrogates(tokenizer: Any, loaded: Any) -> None:
    prompt = encode_prompt(loaded, "뷁 👍")
    assert any(info.partial for info in prompt.tokens)
    assert "\\x" in next(info.text for info in prompt.tokens if info.partial)
    assert encode_prompt(loaded, "a\ud800b").text == "a\ufffdb"
    unknown = token_infos(tokenizer, [10**6])[0]
    assert (unknown.text, unknown.raw) == ("", b"")


# -- branches, inside views, measurements, export -------------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
def test_attention_of_the_last_position_equals_transformers(
    model: Any, engine: NextTokenEngine, keep: bool
) -> None:
    ids = random_ids(20)
    if keep:
        engine.next_token(ids)
    weights = last_attention(model, ids)
    with torch.inference_mode():
        theirs = model(torch.tensor([ids]), output_attentions=True).attentions
    assert weights.shape == (2, 4, 20)
    np.testing.assert_allclose(weights, np.stack([layer[0, :, -1].numpy() for layer in theirs]), atol=1e-5)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)  # 20 float32 terms


def test_attention_is_refused_where_it_would_be_missing(tiny_gpt_folder: Path) -> None:
    sdpa = AutoModelForCausalLM.from_pretrained(tiny_gpt_folder, attn_implementation="sdpa").eval()
    with pytest.raises(GenerationError) as error:
        last_attention(sdpa, [1, 2])
    assert error.value.reason == "no_attention"


def test_the_logit_lens_ends_in_the_models_own_answer(model: Any) -> None:
    ids = random_ids(20)
    lens = logit_lens(model, ids, n=400)
    logits = plain_logits(model, ids)[-1]
    assert [layer.layers_done for layer in lens] == [0, 1, 2]
    final = torch.softmax(torch.tensor(logits).double(), -1).numpy()
    assert lens[-1].token_ids[0] == int(logits.argmax())
    assert lens[-1].final_rank == 1
    np.testing.assert_allclose(np.array(lens[-1].probs), final[list(lens[-1].token_ids)], atol=1e-5)
    # the embeddings by hand: token + position, then ln_f and the unembedding
    with torch.inference_mode():
        state = model.transformer.wte.weight[ids[-1]] + model.transformer.wpe.weight[19]
        by_hand = torch.softmax(model.lm_head(model.transformer.ln_f(state)).double(), -1).numpy()
    followed = lens[-1].token_ids[0]
    assert lens[0].final_prob == pytest.approx(by_hand[followed], abs=1e-5)
    assert lens[0].final_rank == 1 + int((by_hand > by_hand[followed]).sum())
    assert sum(lens[1].probs) == pytest.approx(1)
    other = logit_lens(model, ids, chosen=7)
    assert other[-1].final_prob == pytest.approx(final[7], abs=1e-5)
    with pytest.raises(GenerationError):
        logit_lens(model, ids, chosen=400)


def test_measuring_the_cache(model: Any, engine: NextTokenEngine) -> None:
    found = list(measure_cache(model, [5, 6, 7], [1, 10, 64, 65], repeats=2))
    assert [row.length for row in found] == [1, 10, 64]
    assert all(row.seconds_with > 0 and row.seconds_without > 0 for row in found)
    assert [row.repeats for row in found] == [2, 2, 2]
    # 2 (keys and values) x 2 layers x 4 heads x 8 numbers per head x 10 tokens x 4 bytes
    assert found[1].cache_bytes == 2 * 2 * 4 * 8 * 10 * 4
    assert kept_bytes(engine) == (0, 0)  # measuring leaves nothing behind
    engine.next_token(random_ids(10))
    sequence = next(iter(engine._sequences.values()))
    assert sequence.nbytes == cache_bytes(model, sequence.capacity)


def test_the_fastest_pass_counts_and_a_busy_machine_is_said(
    model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass that another program held up changes nothing but the word about it."""
    taken = {True: [0.010, 0.012, 0.011, 0.010], False: [0.2, 0.9, 0.9, 0.9]}
    given = {kept: iter(seconds) for kept, seconds in taken.items()}
    monkeypatch.setattr(
        type(engine),
        "time_last_token",
        lambda self, ids, *, kept, repeats: [next(given[kept]) for _ in range(repeats)],
    )
    (row,) = measure_cache(model, [5], [8], repeats=4)
    assert (row.seconds_with, row.seconds_without, row.repeats) == (0.010, 0.2, 4)
    assert row.spread == pytest.approx(4.5)
    assert row.busy


def test_measuring_ends_in_time(model: Any, engine: NextTokenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow passes are repeated three times and no more."""
    monkeypatch.setattr(type(engine), "time_last_token", lambda self, ids, *, kept, repeats: [9.0] * repeats)
    assert [row.repeats for row in measure_cache(model, [5], [1, 8, 64])] == [3, 3, 3]


def test_rows_for_export(model: Any, tokenizer: Any, loaded: Any) -> None:
    prompt = encode_prompt(loaded, "The newest lamp")
    steps = list(continue_text(model, tokenizer, prompt, SAMPLE, max_new_tokens=5, picks={2: 9}, n=7))
    rows = export_rows(steps)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[1]["how"] == "hand"
    ids = list(prompt.token_ids)
    for row in rows:  # the exported numbers against the library
        probs = torch.softmax(torch.tensor(plain_logits(model, ids)[-1]), -1)
        assert row["prob"] == pytest.approx(float(probs[row["token_id"]]), abs=1e-5)
        assert row["rank"] == 1 + int((probs > probs[row["token_id"]]).sum())
        ids.append(row["token_id"])
    for step in steps:
        of_step = [row for row in candidate_rows(steps) if row["step"] == step.step]
        assert len(of_step) == 8
        for name in ("prob", "tempered_prob", "final_prob"):
            # float32 division by the temperature moves each probability by a relative 1e-6 at most
            assert sum(row[name] for row in of_step) == pytest.approx(1, abs=1e-6)
        assert sum(row["chosen"] for row in of_step) == 1
    everything = export_json(prompt, SAMPLE, steps, about={"model": "tiny"})
    assert json.loads(json.dumps(everything, allow_nan=False)) == everything
    assert len(everything["steps"][0]["candidates"]) == 8


def test_the_compact_step_holds_the_whole_picture(model: Any, tokenizer: Any) -> None:
    for chosen in (SAMPLE, GREEDY, SamplingSettings(temperature=0.05), SamplingSettings(temperature=20)):
        step = next(continue_text(model, tokenizer, random_ids(9), chosen))
        data = json.loads(json.dumps(compact_step(step), allow_nan=False))
        assert len(json.dumps(data)) < 3000
        logits = np.array(data["logits"])
        kept = np.array([cut is None for cut in data["cut"]])
        probs = np.exp(logits - data["log_z"])
        scaled = (logits.astype(np.float32) / np.float32(data["temperature"])).astype(
            np.float64
        )  # as a browser would
        tempered = np.exp(scaled - data["tempered_log_z"])
        final = np.where(kept, tempered / data["kept_mass"], 0)
        # logits are sent with 6 decimals; at temperature 0.05 that is a relative 2e-5 of a probability
        for values, rest in zip((probs, tempered, final), data["rest"], strict=True):
            assert values.sum() + rest == pytest.approx(1, abs=3e-5)
