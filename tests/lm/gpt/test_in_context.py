"""What a prompt does to pairs-gpt: hand-made models first, then the figures of the model that ships."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from components.lm import checkpoints
from components.lm.gpt.in_context import (
    FOLDER,
    NAME,
    Reader,
    answer_table,
    ask,
    code_pairs,
    demonstrations,
    fine_tune,
    load_reader,
    look_back_scores,
    match_scores,
    matching_heads,
    measure,
    prompt_ids,
    reader_of,
)
from components.lm.gpt.small_gpt2 import digest
from components.lm.gpt.word_codes import VOCABULARY, WORDS, Prompts, closest_codes, fresh_prompts
from components.lm.training.word_codes import Settings, start_weights

TINY = Settings(width=32)


@pytest.fixture(scope="module")
def untrained() -> Reader:
    return reader_of(start_weights(TINY), TINY.num_heads)


@pytest.fixture(scope="module")
def shipped() -> Reader:
    if not (FOLDER / "model.safetensors").exists():
        pytest.skip("pairs-gpt is not in assets/models")
    return load_reader()


def test_a_prompt_ends_with_its_question() -> None:
    sun, lamp, frog = (WORDS.index(word) for word in ("sun", "lamp", "frog"))
    ids = prompt_ids([(sun, lamp)], frog)
    assert " ".join(VOCABULARY[i] for i in ids) == "<s> sun -> lamp ; frog ->"
    described = prompt_ids([(sun, lamp)], frog, [5, 6])
    assert described == [*ids[:1], 5, 6, *ids[1:]]


def test_what_fills_up_a_shorter_prompt_is_not_seen(untrained: Reader) -> None:
    short, long = prompt_ids([(0, 1)], 2), prompt_ids([(0, 1), (2, 3), (4, 5)], 2)
    alone, together = ask(untrained, [short])[0], ask(untrained, [short, long])[0]
    np.testing.assert_allclose(alone.probs, together.probs, atol=1e-7)  # float32
    np.testing.assert_allclose(alone.attention, together.attention, atol=1e-6)
    assert alone.probs.sum() == pytest.approx(1)
    assert alone.attention.shape == (2, 4, len(short))
    np.testing.assert_allclose(alone.attention.sum(-1), 1, atol=1e-5)


def test_counts_add_up(untrained: Reader) -> None:
    prompts = fresh_prompts("new", 0, count=30)
    curve = measure(untrained, prompts)
    assert curve.kind == "new"
    totals = np.array(curve.shown_total) + curve.unseen_total
    assert (totals == 30).all()
    assert curve.shown_total[0] == 0
    assert curve.shown_total == tuple(prompts.shown().sum(0))
    assert all(r <= t for r, t in zip(curve.shown_right, curve.shown_total, strict=True))
    assert curve.unseen < 0.2  # before training


def test_a_head_that_copies_by_hand_has_the_score_one() -> None:
    """Attention that lies on the right answer alone: words repeat once, so one key holds all of the weight."""
    prompts = Prompts(np.array([[3, 4, 3]]), np.array([[7, 8, 7]]), np.full((1, 32), -1), np.array([-1]))
    reader = reader_of(start_weights(TINY), TINY.num_heads)
    scores = match_scores(reader, prompts)
    assert ((scores >= 0) & (scores <= 1)).all()
    ids = torch.from_numpy(prompts.token_ids())
    from components.lm.gpt.small_gpt2 import forward

    _, layers = forward(reader.weights, ids, num_heads=4, attentions=True)
    assert scores[1, 2] == pytest.approx(float(layers[1][0, 2, 10, 3]))  # arrow of pair 2 -> answer of pair 0


def test_matching_heads_are_sorted_and_above_the_line() -> None:
    assert matching_heads([[0.1, 0.31], [0.9, 0.3]]) == [(1, 0), (0, 1)]


def test_looking_and_switching_change_no_weight(untrained: Reader) -> None:
    before = digest(untrained.weights)
    prompts = fresh_prompts("new", 0, count=5)
    on = ask(untrained, [prompt_ids(demonstrations(prompts, 0)[:4], 3)])[0]
    off = ask(untrained, [prompt_ids(demonstrations(prompts, 0)[:4], 3)], untrained.heads)[0]
    measure(untrained, prompts, [(1, 0)])
    match_scores(untrained, prompts)
    look_back_scores(untrained, prompts)
    assert digest(untrained.weights) == before == untrained.digest
    assert not np.array_equal(on.probs, off.probs) or np.allclose(on.probs, off.probs)
    assert np.array_equal(
        on.attention[0], off.attention[0]
    )  # what layer 0 looks at does not depend on its own output


def test_fine_tuning_teaches_the_pairs_to_a_copy(untrained: Reader) -> None:
    pairs = code_pairs(fresh_prompts("new", 0, count=1), 0)
    assert len(pairs) == 8
    done = fine_tune(untrained, pairs, most_steps=150, rate=1e-2)
    assert done.right[1] == done.words == 8
    assert done.steps > 0
    assert done.digests[0] == untrained.digest == digest(untrained.weights)
    assert done.digests[1] != done.digests[0]


def test_the_table_is_what_each_prompt_says_alone(untrained: Reader) -> None:
    pairs, questions = [(0, 1), (2, 3), (0, 1)], [(0, 1), (5, None)]
    table = answer_table(untrained, pairs, questions, off=[(1, 0)], description=[7])
    assert table.words.shape == (4, 2, 5)
    for k in range(4):
        for q, (word, right) in enumerate(questions):
            answer = ask(untrained, [prompt_ids(pairs[:k], word, [7])], [(1, 0)])[0]
            assert table.words[k, q, 0] == answer.word
            np.testing.assert_allclose(table.probs[k, q, 0], answer.prob(answer.word), atol=1e-6)
            length = len(answer.token_ids)
            np.testing.assert_allclose(table.attention[k, q, :, :, :length], answer.attention, atol=1e-6)
            assert (table.attention[k, q, :, :, length:] == 0).all()
            if right is None:
                assert np.isnan(table.right[k, q])
            else:
                assert table.right[k, q] == pytest.approx(answer.prob(right), abs=1e-6)


# -- the model that ships ------------------------------------------------------------------------------------------------


def test_it_is_offered_in_no_list(shipped: Reader) -> None:
    store = checkpoints.store()
    names = [*store.bundled_names(), *(choice.name for choice in store.choices()), *(card.name for card in store.tokenizer_cards())]  # fmt: skip
    assert not any(NAME in name for name in names)


def test_plain_transformers_says_the_same(shipped: Reader) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, local_files_only=True)
    sun, lamp = WORDS.index("sun"), WORDS.index("lamp")
    ids = tokenizer("sun -> lamp ; frog -> ring ; sun ->")["input_ids"]
    assert ids == prompt_ids([(sun, lamp), (WORDS.index("frog"), WORDS.index("ring"))], sun)
    with torch.inference_mode():
        wanted = model(torch.tensor([ids])).logits[0, -1].softmax(-1).numpy()
    answer = ask(shipped, [ids])[0]
    np.testing.assert_allclose(answer.probs, wanted, atol=1e-5)  # float32, other kernels
    assert answer.word == lamp
    assert tokenizer.decode([answer.word + 3]) == "lamp"


def test_new_codes_are_learned_from_the_prompt_alone(shipped: Reader) -> None:
    curve = measure(shipped, fresh_prompts("new", 21))
    assert curve.shown >= 0.99
    assert curve.unseen <= 0.06


def test_dictionaries_are_recognised_after_two_pairs(shipped: Reader) -> None:
    curve = measure(shipped, fresh_prompts("known", 21, count=400))
    assert curve.unseen_right[2] / curve.unseen_total[2] >= 0.97


def test_without_the_matching_heads_it_recognises_and_no_longer_learns(shipped: Reader) -> None:
    new, known = (fresh_prompts(kind, 21) for kind in ("new", "known"))
    off = matching_heads(match_scores(shipped, new))
    assert off
    assert measure(shipped, new, off).shown <= 0.05
    assert measure(shipped, known, off).unseen >= 0.9


def test_no_fresh_code_was_seen_in_training(shipped: Reader) -> None:
    """Every prompt of training is drawn again; a code of 8 pairs would be found whole."""
    runs = json.loads((FOLDER / "runs.json").read_text(encoding="utf-8"))
    steps = runs["moments"][-1]["step"]
    for seed in (0, 21):
        assert closest_codes(fresh_prompts("new", seed, 50), 0, steps).max() < 8


def test_recorded_numbers_belong_to_the_weights(shipped: Reader) -> None:
    import hashlib

    runs = json.loads((FOLDER / "runs.json").read_text(encoding="utf-8"))
    for moment in runs["moments"]:
        path = FOLDER / moment["folder"] / "model.safetensors"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == moment["sha256"]
    assert runs["weights_sha256"] == runs["moments"][-1]["sha256"] == runs["runs"][0]["weights_sha256"]
    assert [run["jump_tokens"] <= 600_000 for run in runs["runs"]] == [True] * 5
    assert all(run["seconds"] <= 240 for run in runs["runs"])
    assert runs["runs"][0]["off"]["matching"]["new_shown"] <= 0.05
    files = [path for path in Path(FOLDER).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 3.3e6
