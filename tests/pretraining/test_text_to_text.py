"""The text-to-text model at a tiny size: lessons, training that resumes, variants, export; and the one that is shipped."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from components.lm.transformer import conversions as c
from components.lm.transformer.spans import rebuild
from components.lm.transformer.text_to_text import MODEL
from components.pretraining import text_to_text as t2t
from components.pretraining import text_to_text_data as data
from components.pretraining.__main__ import main
from components.pretraining.text_to_text_export import measure, stages_of
from components.pretraining.text_to_text_steps import STUDY
from components.pretraining.training import Machine, TrainingError

TINY = t2t.Settings(6_000, width=16, num_layers=1, num_heads=2, batch_lessons=8)
CPU = Machine("cpu", False, 1)
SHIPPED = Path(__file__).parents[2] / "assets" / "models" / MODEL


def state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    return found


# -- lessons ---------------------------------------------------------------------------------------------------------


def test_held_out_values_are_never_trained_on() -> None:
    rng = random.Random(0)
    trained = {str(data.draw_lesson(rng, 0.5).value) for _ in range(3000)}
    for kind in (*c.TASKS, "date", "fill"):
        held = {str(lesson.value) for lesson in data.held_out_lessons(kind, 200)}
        assert not held & trained
        assert all(data.is_held_out(lesson.value) for lesson in data.held_out_lessons(kind, 20))
    assert 400 < sum(data.is_held_out(number) for number in range(1, c.LARGEST_NUMBER + 1)) < 600


def test_held_out_lessons_are_the_same_each_time() -> None:
    assert data.held_out_lessons("date", 20) == data.held_out_lessons("date", 20)
    assert {lesson.kind for lesson in data.held_out_lessons("date", 200)} == set(c.DATE_TASKS)


def test_a_lesson_has_the_answer_that_the_product_calls_right() -> None:
    rng = random.Random(1)
    for _ in range(500):
        lesson = data.draw_lesson(rng, 0.4)
        source, target = "".join(lesson.source), "".join(lesson.target)
        if lesson.kind == "fill":
            assert c.fill_answer(source) == target
            halves = "".join(rebuild(lesson.source, lesson.target)).split(c.EQUALS)
            assert [c.read(half) for half in halves] == [lesson.value, lesson.value]
        else:
            task, _, text = source.partition(": ")
            assert c.answer(task, text) == target


def test_lessons_fit_the_model() -> None:
    rng = random.Random(2)
    lessons = [data.draw_lesson(rng, 0.4) for _ in range(4000)]
    assert max(len(lesson.source_ids) for lesson in lessons) <= t2t.MAX_POSITIONS
    assert max(len(lesson.target_ids) for lesson in lessons) < t2t.MAX_WRITTEN


def test_the_tokenizer_reads_lessons_as_they_are_trained() -> None:
    rng = random.Random(3)
    tokenizer = data.wrap_tokenizer(t2t.MAX_POSITIONS)
    for _ in range(200):
        lesson = data.draw_lesson(rng, 0.5)
        assert tokenizer("".join(lesson.source))["input_ids"] == lesson.source_ids
    assert tokenizer("ISO: 2021년")["input_ids"] == tokenizer("iso: 2021년")["input_ids"]
    assert tokenizer.decode(data.held_out_lessons("eng", 1)[0].target_ids, skip_special_tokens=True) == (
        "".join(data.held_out_lessons("eng", 1)[0].target)
    )


# -- training --------------------------------------------------------------------------------------------------------


def test_a_run_that_was_stopped_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole = t2t.Run(tmp_path / "whole", TINY, CPU)
    assert whole.train()
    halves = t2t.Run(tmp_path / "halves", TINY, CPU)
    original = t2t.losses_of
    calls = 0

    def stop_after_some(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt
        return original(*args)

    t2t.losses_of = stop_after_some
    try:
        with pytest.raises(KeyboardInterrupt):
            halves.train(save_every_s=0.0)
    finally:
        t2t.losses_of = original
    assert 0 < state(tmp_path / "halves")["progress"]["tokens"] < TINY.total_tokens
    assert t2t.Run(tmp_path / "halves", TINY, CPU).train()
    one, other = (state(tmp_path / name) for name in ("whole", "halves"))
    assert all(torch.equal(one["model"][name], other["model"][name]) for name in one["model"])
    histories = [t2t.read_history(tmp_path / name) for name in ("whole", "halves")]
    assert [e["loss"] for e in histories[0]] == [e["loss"] for e in histories[1]]


def test_it_learns_something(tmp_path: Path) -> None:
    run = t2t.Run(tmp_path, t2t.Settings(60_000, fill_share=0.0, width=32, num_layers=1, num_heads=2), CPU)
    assert run.train()
    history = t2t.read_history(tmp_path)
    assert history[-1]["symbols_right"] > 0.3 > history[0]["symbols_right"]
    assert history[-1]["tokens"] >= 60_000


def test_other_settings_in_the_same_folder_are_refused(tmp_path: Path) -> None:
    t2t.Run(tmp_path, TINY, CPU)
    with pytest.raises(TrainingError, match="other settings"):
        t2t.Run(tmp_path, t2t.Settings(7_000, width=16, num_layers=1, num_heads=2), CPU)
    with pytest.raises(TrainingError, match="no saved state"):
        t2t.trained_model(tmp_path)


def test_a_run_can_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    assert t2t.Run(tmp_path / "first", TINY, CPU).train()
    first = state(tmp_path / "first")["model"]
    second = t2t.Run(tmp_path / "second", replace(TINY, begin="first", peak=0.5), CPU)
    assert all(torch.equal(second.model.state_dict()[name], first[name]) for name in first)
    assert second.train()
    assert [stage.name for stage in stages_of(tmp_path / "second")] == ["first", "second"]
    with pytest.raises(TrainingError, match="no run here"):
        t2t.Run(tmp_path / "third", replace(TINY, begin="none"), CPU)


def test_parts_hold_every_lesson_once() -> None:
    rng = random.Random(4)
    lessons = [data.draw_lesson(rng, 0.4) for _ in range(30)]
    parts = t2t.parts_by_length(lessons)
    assert len(parts) == 4
    assert sorted(id(lesson) for part in parts for lesson in part) == sorted(map(id, lessons))


# -- variants --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def untrained() -> Any:
    return t2t.build_model(TINY).eval()


def change_later_symbol(model: Any, variant: t2t.Variant) -> bool:
    """Whether the logits of the first places change with a symbol that comes later."""
    source, target = t2t.batch_of(data.held_out_lessons("iso", 2))
    changed = target.clone()
    changed[:, 5] = 40
    with torch.inference_mode():
        memory = t2t.encode(model, source, variant)
        one, other = (t2t.decode(model, given, *memory, variant)[:, :4] for given in (target, changed))
    return not torch.allclose(one, other, atol=1e-6)


def test_the_mask_hides_what_comes_later_and_no_mask_does_not(untrained: Any) -> None:
    assert not change_later_symbol(untrained, "full")
    assert change_later_symbol(untrained, "no_mask")
    assert not change_later_symbol(untrained, "one_vector")


def test_one_vector_is_the_vector_of_the_end_symbol(untrained: Any) -> None:
    lessons = [*data.held_out_lessons("iso", 1), *data.held_out_lessons("han", 1)]
    source, _ = t2t.batch_of(lessons)
    with torch.inference_mode():
        whole, _ = t2t.encode(untrained, source, "full")
        memory, mask = t2t.encode(untrained, source, "one_vector")
    assert memory.shape == (2, 1, TINY.width)
    assert mask.tolist() == [[1], [1]]
    for row, lesson in enumerate(lessons):
        assert torch.equal(memory[row, 0], whole[row, len(lesson.source)])


def test_greedy_writing_is_that_of_transformers(untrained: Any) -> None:
    lessons = data.held_out_lessons("fill", 12)
    source, _ = t2t.batch_of(lessons)
    found = untrained.generate(input_ids=source, attention_mask=(source != data.PAD).long(), max_length=65)
    for text, ids in zip(t2t.written(untrained, lessons, "full"), found[:, 1:].tolist(), strict=True):
        kept = ids[: ids.index(data.END)] if data.END in ids else ids
        assert list(text) == [data.SYMBOLS[i] for i in kept]


# -- the command line ------------------------------------------------------------------------------------------------

OPTIONS = ["--tokens", "4000", "--width", "16", "--layers", "1", "--batch-lessons", "8"]


def test_train_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = ["--work", str(tmp_path / "work")]
    assert main([*work, "text-to-text", *OPTIONS, "--name", "small"]) == 0
    assert (
        main(
            [*work, "text-to-text-export", "--name", "small", "--to", str(tmp_path / "small"), "--count", "8"]
        )
        == 0
    )
    assert "gaps" in capsys.readouterr().out
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "small", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "small")
    assert model.generate(**tokenizer("iso: 14 march 2021", return_tensors="pt")).shape[1] <= t2t.MAX_WRITTEN
    card = (tmp_path / "small" / "README.md").read_text(encoding="utf-8")
    assert all(f"| {task} |" in card for task in c.TASKS)
    assert "held out" in card


def test_export_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--work", str(tmp_path), "text-to-text-export", "--name", "none"]) == 1
    assert "train one first" in capsys.readouterr().err


def test_variants_are_recorded_with_their_weights(tmp_path: Path) -> None:
    out = tmp_path / "variants.json"
    options = ["--work", str(tmp_path), "text-to-text-study", *OPTIONS, "--out", str(out), "--count", "6"]
    assert main(options) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found["variants"]) == set(t2t.VARIANTS)
    for variant in found["variants"].values():
        assert variant["trained"].startswith("sha256:")
        assert sum(group["lessons"] for group in variant["by_length"]) == found["lessons"] == 6 * len(c.TASKS)
    assert len({variant["trained"] for variant in found["variants"].values()}) == 3
    before = out.read_text(encoding="utf-8")
    assert main(options) == 0  # finished runs are read, not trained again
    assert out.read_text(encoding="utf-8") == before


# -- the shipped model -----------------------------------------------------------------------------------------------


def test_the_shipped_model_is_as_good_as_its_card_says() -> None:
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(
        SHIPPED, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    dates = t2t.exact_share(model, data.held_out_lessons("date", 1000))
    assert dates >= 0.99
    found = measure(model, 200)
    assert min(found["tasks"].values()) >= 0.98
    assert found["fill"] >= 0.85
    assert max(share for name, share in found["right_field"].items() if "." not in name) >= 0.9
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert f"| {dates:.1%} |" in card
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 2.5e6


def test_the_recorded_variants_say_what_the_page_says() -> None:
    found = json.loads(STUDY.read_text(encoding="utf-8"))["variants"]
    assert found["no_mask"]["history"][-1]["symbols_right"] > 0.99
    assert found["no_mask"]["exact"] < 0.01
    assert found["full"]["exact"] > 0.9
    assert {text for _, text in found["no_mask"]["samples"]} == {""}  # it ends at once
    assert found["one_vector"]["exact"] < 0.25
    by_length = [group["exact"] for group in found["one_vector"]["by_length"]]
    assert by_length[-1] == max(by_length)  # the longest texts do not come out worst
