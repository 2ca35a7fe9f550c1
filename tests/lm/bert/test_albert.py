"""ALBERT's levers: the paper's numbers, the library's counts, shared storage, and gradients that add up."""

import pytest

from components.lm.bert.albert import EMBEDDINGS, cost, costs, published, random_model, size
from components.lm.transformer.model_size import SHARED, Size, fact_rows


@pytest.mark.parametrize("row", fact_rows("albert_embedding_math"), ids=lambda row: f"{row['hidden_H']}-{row['embedding_E']}")  # fmt: skip
def test_the_table_cut_in_two(row: dict[str, str]) -> None:
    width, narrow = int(row["hidden_H"]), int(row["embedding_E"])
    one = cost(Size("encoder", 12, width, 12, 4 * width, int(row["vocab_V"]), 512, narrow, 2, "all"))
    assert one.table == int(row["factorized_VxE_plus_ExH"])


@pytest.mark.parametrize("kind", ["embedding-size ablation", "sharing ablation"])
def test_parameters_are_those_the_paper_prints(kind: str) -> None:
    """Tables 3 and 4, in whole millions; the paper prints 108 where its own configuration gives 109.1, hence 1.5."""
    names = {"none": "none", "all": "all", "attention only": "attention", "FFN only": "feed_forward"}
    for row in published(kind):
        counted = cost(size(row.embedding, names[row.shared])).parameters / 1e6
        assert counted == pytest.approx(row.parameters, abs=1.5), row.name


SMALL = {"num_layers": 3, "hidden_size": 24, "num_heads": 3, "intermediate_size": 96}


def small(shared: str) -> Size:
    return Size("encoder", **SMALL, vocab_size=1_200, max_positions=80, embedding_size=8, token_types=2, shared=shared)  # fmt: skip


@pytest.mark.parametrize("shared", SHARED)
def test_counts_are_those_of_the_library(shared: str) -> None:
    model = random_model(small(shared))
    assert sum(p.numel() for p in model.parameters()) == cost(small(shared)).parameters


def test_the_published_configuration() -> None:
    import torch
    from transformers import AlbertConfig, AlbertModel

    with torch.device("meta"):
        model = AlbertModel(AlbertConfig(hidden_size=768, num_attention_heads=12, intermediate_size=3072))
    assert sum(p.numel() for p in model.parameters()) == cost(size(128, "all")).parameters == 11_683_584


def test_sharing_saves_parameters_and_no_multiplication() -> None:
    by_sharing = costs()
    for width in EMBEDDINGS:
        found = [by_sharing[shared][width] for shared in SHARED]
        assert len({one.parameters for one in found}) == len(SHARED)
        assert len({one.multiplications for one in found}) == 1


@pytest.mark.parametrize("shared", SHARED)
def test_shared_parts_are_one_storage(shared: str) -> None:
    layers = [group.albert_layers[0] for group in random_model(small(shared)).encoder.albert_layer_groups]
    attention = {layer.attention.query.weight.data_ptr() for layer in layers}
    feed_forward = {layer.ffn.weight.data_ptr() for layer in layers}
    assert len(attention) == (1 if shared in ("all", "attention") else 3)
    assert len(feed_forward) == (1 if shared in ("all", "feed_forward") else 3)


def test_gradients_of_a_shared_layer_add_up() -> None:
    """Three copies with the same weights give the same output, and the shared layer's gradient is the sum of theirs."""
    import torch

    one, apart = random_model(small("all")).train(), random_model(small("none")).train()
    for model in (one, apart):
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    apart.embeddings.load_state_dict(one.embeddings.state_dict())
    apart.encoder.embedding_hidden_mapping_in.load_state_dict(
        one.encoder.embedding_hidden_mapping_in.state_dict()
    )
    shared = one.encoder.albert_layer_groups[0].albert_layers[0]
    copies = [group.albert_layers[0] for group in apart.encoder.albert_layer_groups]
    for copy in copies:
        copy.load_state_dict(shared.state_dict())
    ids = torch.arange(20)[None]
    outputs = [model(input_ids=ids).last_hidden_state for model in (one, apart)]
    torch.testing.assert_close(outputs[0], outputs[1])
    for output in outputs:
        output.sin().sum().backward()
    for name, parameter in shared.named_parameters():
        summed = sum(dict(copy.named_parameters())[name].grad for copy in copies)
        # float32 sums in another order
        torch.testing.assert_close(parameter.grad, summed, rtol=1e-4, atol=1e-5, msg=name)
