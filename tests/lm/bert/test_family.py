"""BERT's relatives: the tables agree with each other, the counts with transformers, and fairness follows from what was equal."""

from collections.abc import Callable

import pytest

from components.lm.bert.family import (
    COLUMNS,
    SINGLE_CHANGES,
    best_single_change,
    comparisons,
    relatives,
)
from components.lm.transformer.model_size import fact_rows

BY_NAME = {c.name: c for c in comparisons()}


def test_the_paper_s_steps() -> None:
    """RoBERTa, Table 4: 86.6, then 89.0, 89.3 and 90.2 on MNLI-m, each row beginning where the last one ended."""
    assert BY_NAME["roberta_recipe"].gain == 2.4
    assert BY_NAME["roberta_data"].gain == 0.3
    assert BY_NAME["roberta_steps"].gain == 0.9
    assert BY_NAME["roberta_recipe"].rows[-1][1] == BY_NAME["roberta_data"].rows[0][1]
    assert BY_NAME["roberta_data"].rows[-1][1] == BY_NAME["roberta_steps"].rows[0][1]
    assert best_single_change() == "roberta_steps"


def test_fair_is_one_change_with_something_held_equal() -> None:
    for c in comparisons():
        assert c.fair == (c.one_change and (c.same_data or c.same_compute)), c.name
    assert not any(BY_NAME[name].fair for name in ("roberta_recipe", "spanbert", "albert_xxlarge", "deberta"))
    assert all(BY_NAME[name].fair for name in SINGLE_CHANGES)


def test_every_comparison_has_two_rows_of_one_table() -> None:
    for c in comparisons():
        assert len(c.rows) >= 2, c.name
        assert all(0 < value < 100 for _, value in c.rows), c.name
        rows = [row for row in fact_rows("family_results") if row["comparison"] == c.name]
        for key in ("model", "score", "same_data", "same_compute", "one_change", "source"):
            assert len({row[key] for row in rows}) == 1, (c.name, key)


def _values(name: str) -> list[float]:
    return [value for _, value in BY_NAME[name].rows]


def _albert(kind: str, *settings: str) -> list[float]:
    rows = {row["model_or_setting"]: row for row in fact_rows("albert_facts") if row["kind"] == kind}
    return [float(rows[setting]["average_score"]) for setting in settings]


def _electra(group: str, *items: str) -> list[float]:
    rows = {row["item"]: row["value"] for row in fact_rows("electra_facts") if row["group"] == group}
    return [float(rows[item].split()[0]) for item in items]


def _mnli(item: str) -> float:
    """The MNLI-m score of a row of RoBERTa's tables: the one between 82 and 91 that follows SQuAD."""
    row = next(row for row in fact_rows("roberta_spanbert_facts") if row["item"] == item)
    parts = row["value"].replace("MNLI-m", "").split(" / " if row["group"] == "masking" else ",")
    return float(parts[1].split()[-1])


def test_against_the_tables_of_the_papers() -> None:
    glue = {row["system"]: float(row["average_without_WNLI"]) for row in fact_rows("glue_bert")}
    assert _values("bert_gpt") == [glue["OpenAI GPT"], glue["BERT-Base"]]
    ablation = {row["variant"]: float(row["mnli_m_acc"]) for row in fact_rows("bert_pretraining_ablation")}
    assert _values("bert_nsp") == [ablation["BERT-Base (MLM + NSP)"], ablation["no NSP (MLM only)"]]
    assert _values("roberta_dynamic") == [
        _mnli("static (10 fixed masks over 40 epochs)"),
        _mnli("dynamic (new mask every time a sequence is fed)"),
    ]
    assert _values("roberta_nsp") == [_mnli("segment pair + NSP"), _mnli("full sentences, no NSP")]
    assert _values("roberta_recipe") == [
        _mnli("BERT-Large 13 GB, batch 256, 1M steps"),
        _mnli("16 GB, batch 8K, 100K steps"),
    ]
    assert _values("roberta_data") == [_mnli("16 GB, batch 8K, 100K steps"), _mnli("160 GB, 8K, 100K")]
    assert _values("roberta_steps") == [_mnli("160 GB, 8K, 100K"), _mnli("160 GB, 8K, 500K")]
    embedding = "embedding-size ablation"
    assert _values("albert_factor") == _albert(
        embedding, "base, nothing shared, E=768", "base, nothing shared, E=128"
    )
    shared = [f"base, E=128, shared: {what}" for what in ("none", "attention only", "FFN only", "all")]
    assert _values("albert_share") == _albert("sharing ablation", *shared)
    large = "BERT-Large (as counted in the ALBERT paper)"
    assert _values("albert_xxlarge") == _albert("config", large, "ALBERT-xxlarge")
    sop = {
        row["sentence_task_in_pretraining"]: float(row["average_downstream"])
        for row in fact_rows("albert_sop")
    }
    assert _values("albert_sop") == [sop["none"], sop["NSP"], sop["SOP"]]
    assert _values("electra_tokens") == _electra(
        "where the gain comes from",
        "BERT",
        "Replace MLM (no [MASK] seen)",
        "ELECTRA, loss on 15% only",
        "All-tokens MLM",
        "ELECTRA (loss on all tokens)",
    )
    small = _electra("GLUE dev average", "BERT-Small (14M)", "ELECTRA-Small (14M)")
    assert _values("electra_small") == small
    assert _values("electra_large") == _electra("large models", "RoBERTa-500K", "ELECTRA-400K")


def test_what_differs_from_bert() -> None:
    bert, *others = relatives()
    assert bert.name == "BERT"
    assert bert.changed == ()
    changed = {other.name: other.changed for other in others}
    assert all(changed.values())
    assert "sharing" in changed["ALBERT"]
    assert "loss" in changed["ELECTRA"]
    assert "objective" not in changed["RoBERTa"]
    assert [name for name, columns in changed.items() if "positions" in columns] == ["DeBERTa"]
    assert all(set(relative.cells) == set(COLUMNS) for relative in relatives())


def _configurations() -> dict[str, Callable[[], object]]:
    import transformers as hf

    return {
        "BERT": hf.BertConfig,
        "RoBERTa": lambda: hf.RobertaConfig(
            vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1
        ),
        "ALBERT": lambda: hf.AlbertConfig(hidden_size=768, num_attention_heads=12, intermediate_size=3072),
        "ELECTRA": lambda: hf.ElectraConfig(
            hidden_size=768, embedding_size=768, num_attention_heads=12, intermediate_size=3072
        ),
        "DistilBERT": hf.DistilBertConfig,
        "DeBERTa": lambda: hf.DebertaConfig(
            vocab_size=50_265,
            type_vocab_size=0,
            relative_attention=True,
            position_biased_input=False,
            pos_att_type=["c2p", "p2c"],
            max_relative_positions=-1,
        ),
    }


@pytest.mark.parametrize("name", [r.name for r in relatives() if r.base_counted])
def test_counts_are_those_of_transformers(name: str) -> None:
    import torch
    from transformers import AutoModel

    with torch.device("meta"):
        model = AutoModel.from_config(_configurations()[name]())
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert counted == next(r.base_counted for r in relatives() if r.name == name)
