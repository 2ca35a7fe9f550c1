"""Counts against models that transformers builds from the same numbers (on the meta device: no memory)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lm.transformer.model_size import (
    Size,
    bundled_presets,
    compute_per_token,
    count,
    head_dim,
    memory,
    part_count,
    parts,
    plans,
    presets,
    times,
)

PRESETS = {preset.name: preset for preset in presets()}


def built(size: Size) -> int:
    """Return sum(p.numel()) of the transformers model of the same configuration."""
    import torch
    import transformers as hf

    shared: dict[str, Any] = {"vocab_size": size.vocab_size}
    encoder = shared | {
        "hidden_size": size.hidden_size,
        "num_hidden_layers": size.num_layers,
        "num_attention_heads": size.num_heads,
        "intermediate_size": size.intermediate_size,
        "max_position_embeddings": size.max_positions,
        "type_vocab_size": size.token_types,
    }
    decoder = shared | {
        "n_embd": size.hidden_size,
        "n_layer": size.num_layers,
        "n_head": 1,  # a class that refuses widths its heads do not divide; heads do not change the count
        "n_positions": size.max_positions,
    }
    with torch.device("meta"):
        if size.stack == "encoder" and size.embedding_size == size.hidden_size and size.shared == "none":
            model_class = hf.BertForPreTraining if size.heads else hf.BertModel
            return numel(model_class(hf.BertConfig(**encoder)))
        if size.stack == "encoder":
            groups = {"all": 1, "none": size.num_layers}[size.shared]
            config = hf.AlbertConfig(
                **encoder, embedding_size=size.embedding_size, num_hidden_groups=groups, inner_group_num=1
            )
            return numel((hf.AlbertForPreTraining if size.heads else hf.AlbertModel)(config))
        if size.stack == "decoder":
            return numel(hf.GPT2Model(hf.GPT2Config(**decoder, n_inner=size.intermediate_size)))
        if size.stack == "decoder_post_norm":
            return numel(hf.OpenAIGPTModel(hf.OpenAIGPTConfig(**decoder)))
        model = hf.MarianModel(
            hf.MarianConfig(
                **shared,
                d_model=size.hidden_size,
                encoder_layers=size.num_layers,
                decoder_layers=size.num_layers,
                encoder_ffn_dim=size.intermediate_size,
                decoder_ffn_dim=size.intermediate_size,
                encoder_attention_heads=size.num_heads,
                decoder_attention_heads=size.num_heads,
                pad_token_id=0,
                eos_token_id=0,
                decoder_start_token_id=0,
            )
        )
        # Marian keeps its fixed sinusoids in a table that is not trained.
        fixed = [p for name, p in model.named_parameters() if "embed_positions" in name]
        return numel(model) - sum(p.numel() for p in fixed)


def numel(model: Any) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_counts_what_transformers_builds(name: str) -> None:
    assert count(PRESETS[name].size) == built(PRESETS[name].size)


@pytest.mark.parametrize("name", ["bert-base", "bert-large", "albert-base", "albert-xxlarge"])
def test_pretraining_heads_count_too(name: str) -> None:
    size = replace(PRESETS[name].size, heads=True)
    assert count(size) == built(size)


@given(
    st.sampled_from(["encoder", "decoder", "decoder_post_norm", "encoder_decoder"]),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(5, 300),
    st.integers(4, 70),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_size_counts_what_transformers_builds(
    stack: str, layers: int, head: int, heads: int, vocab: int, positions: int, small: bool, shared: bool
) -> None:
    width = 2 * head * heads  # an even width: the sinusoids of Marian need one
    encoder = stack == "encoder"
    size = Size(
        stack,
        layers,
        width,
        heads,
        4 * width,
        vocab,
        positions,
        width // 2 if encoder and small else width,
        2 if encoder else 0,
        "all" if encoder and small and shared else "none",
        encoder and not small,
    )
    assert count(size) == built(size)


def test_the_figures_of_the_course() -> None:
    assert count(PRESETS["bert-base"].size) == 109_482_240
    assert count(PRESETS["bert-large"].size) == 335_141_888
    assert count(PRESETS["gpt-1"].size) == 116_534_784
    assert count(PRESETS["gpt-2-1542m"].size) == 1_557_611_200
    assert round(count(PRESETS["gpt-3-175b"].size) / 1e6) == 174_604  # Table D.1 of the paper: 174,600M


def test_gpt3_counts_equal_the_table_of_the_paper() -> None:
    """Brown et al. 2020, Table D.1 in millions, where the printed width fits the heads."""
    table = {"125m": 125, "350m": 356, "760m": 760, "2.7b": 2650, "6.7b": 6660, "175b": 174_600}
    for name, millions in table.items():
        counted = count(PRESETS[f"gpt-3-{name}"].size) / 1e6
        assert counted == pytest.approx(millions, rel=2e-3)  # the table is rounded to three digits
    # With the 5140 of Table 2.1 the count is 12.95B; with 5120 it is the 12.85B of Table D.1.
    printed = PRESETS["gpt-3-13b"].size
    assert head_dim(printed) == 128.5
    fitting = replace(printed, hidden_size=5120, embedding_size=5120, intermediate_size=20480)
    assert count(fitting) / 1e6 == pytest.approx(12_850, rel=1e-3)


def test_albert_table_of_the_paper() -> None:
    """Lan et al. 2020, Tables 1 and 4, in millions.

    The paper rounds and does not say what it counts (we count the pooler and two segments): up to 1.3M apart, and
    6% for xxlarge.
    """
    base = PRESETS["albert-base"].size
    for name, millions in (("albert-base", 12), ("albert-large", 18), ("albert-xlarge", 60)):
        assert count(PRESETS[name].size) / 1e6 == pytest.approx(millions, abs=1.3)
    assert count(PRESETS["albert-xxlarge"].size) / 1e6 == pytest.approx(235, rel=0.06)
    for shared, wide, narrow in (
        ("none", 108, 89),
        ("attention", 83, 64),
        ("feed_forward", 57, 38),
        ("all", 31, 12),
    ):
        assert count(replace(base, shared=shared, embedding_size=768)) / 1e6 == pytest.approx(wide, abs=1.3)
        assert count(replace(base, shared=shared)) / 1e6 == pytest.approx(narrow, abs=1.3)


def test_sharing_saves_memory_and_no_computation() -> None:
    base = PRESETS["albert-base"].size
    alone = replace(base, shared="none")
    assert count(base) < count(alone) / 7
    assert compute_per_token(base) == compute_per_token(alone) == 12 * 12 * 768**2


def test_parts_sum_to_the_whole() -> None:
    for preset in presets():
        counted = [part_count(part, preset.size) * times(part, preset.size) for part in parts(preset.size)]
        assert sum(counted) == count(preset.size)


def test_heads_do_not_change_the_count() -> None:
    size = PRESETS["bert-base"].size
    assert {count(replace(size, num_heads=heads)) for heads in (1, 7, 12, 768)} == {109_482_240}


def test_memory_is_bytes_per_parameter() -> None:
    assert memory(10) == {"fp32": 40, "fp16": 20, "int8": 10}


@pytest.mark.parametrize(
    "change", [{"num_layers": 0}, {"stack": "lstm"}, {"shared": "some"}, {"max_positions": -1}]
)
def test_impossible_sizes_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"size|stack"):
        replace(PRESETS["bert-base"].size, **change)


def test_bundled_models_count_what_their_file_holds() -> None:
    found = {preset.name: preset for preset in bundled_presets()}
    assert "pocket-gpt" in found
    for preset in found.values():
        assert count(preset.size) == preset.counted_file


def test_plans_hold_the_parts_of_every_preset() -> None:
    every = plans()
    for preset in presets():
        size = preset.size
        key = size.stack + "+small" * (size.embedding_size != size.hidden_size)
        names = {part["name"] for part in every[key]}
        assert {part.name for part in parts(size)} <= names


def test_no_torch_needed() -> None:
    import subprocess
    import sys

    code = "import sys; sys.modules['torch'] = None; import components.lm.transformer.model_size as m; print(len(m.presets()))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"21"
    )
