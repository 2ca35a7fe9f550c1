"""A frozen model's layers, mixed: ELMo's equation, against transformers, and what stays as it is."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertModel

from components.lm import checkpoints
from components.lm.fine_tuning.encoder_tasks import EncoderTask, examples, labelled_words
from components.lm.fine_tuning.features import (
    NEUTRAL,
    SETS,
    TOP,
    Features,
    Mixing,
    even,
    features,
    mix_fully,
    numbers_trained,
    only,
    presets,
    rows_of,
    shares,
    states_of,
)

pytestmark = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


@pytest.fixture(scope="module")
def kept(loaded: checkpoints.LoadedModel) -> Features:
    return features(loaded, 20, pretrained=True, seed=0)


def test_shares_are_a_softmax() -> None:
    assert shares(even(4)) == pytest.approx([0.25] * 4)
    for faders in presets(7):
        assert sum(shares(faders)) == pytest.approx(1)
    assert shares(only(2, 7))[2] > 0.999
    one = [NEUTRAL] * 6 + [NEUTRAL + 1]
    assert shares(one)[6] / shares(one)[0] == pytest.approx(np.e)


def test_states_are_those_of_transformers(loaded: checkpoints.LoadedModel, kept: Features) -> None:
    folder = "assets/models/nano-bert"
    plain = BertModel.from_pretrained(folder, dtype=torch.float32).eval()
    row = kept.rows["train"][0]
    given = AutoTokenizer.from_pretrained(folder)(row.text, return_tensors="pt")
    assert given.input_ids[0].tolist() == list(row.input_ids)
    with torch.inference_mode():
        layers = torch.stack(plain(**given, output_hidden_states=True).hidden_states)[:, 0, list(row.heads)]
    ours = kept.states["train"][: len(row.heads)].transpose(0, 1)
    assert ours.shape == layers.shape
    assert float((ours - layers).abs().max()) < 1e-5  # another shape of batch sums in another order


def test_every_set_keeps_its_promise(loaded: checkpoints.LoadedModel) -> None:
    """Labelled words had their label in training, in other sentences; the others never."""
    rows = rows_of(loaded, 50, 1)
    known = labelled_words(rows["train"])
    assert labelled_words(rows["labelled"]) <= known
    assert not {row.text for row in rows["labelled"]} & {row.text for row in rows["train"]}
    for name in ("new", "written"):
        assert not labelled_words(rows[name]) & known
    assert all(len(found) >= 50 for found in rows.values())


def test_a_mix_is_the_weighted_sum(kept: Features) -> None:
    made = Mixing(kept, (5, 6, 5, 4, 5)[: kept.layers] + (NEUTRAL,) * max(0, kept.layers - 5), seed=0)
    by_hand = sum(share * kept.states["new"][:, k] for k, share in enumerate(made.share.tolist()))
    assert float((made.mixed("new") - by_hand).abs().max()) < 1e-5
    assert float(made.gamma) == 1


def test_faders_set_by_hand_stay(kept: Features) -> None:
    run = mix_fully(kept, only(1, kept.layers), seed=0, steps=20)
    assert run["shares"] == [[round(share, 4) for share in shares(only(1, kept.layers))]]
    assert run["gamma"] == [1]
    assert all(len(run[name]) == 1 for name in SETS)


def test_learned_faders_move_and_the_loss_falls(kept: Features) -> None:
    before = {name: states.clone() for name, states in kept.states.items()}
    run = mix_fully(kept, None, seed=0, steps=60)
    assert run["shares"][0] == [round(1 / kept.layers, 4)] * kept.layers
    assert max(run["shares"][-1]) > 1.2 / kept.layers
    assert run["gamma"][-1] != 1
    assert run["loss"][-1] < 0.3 * run["loss"][0]
    assert run["steps"] == [0, 5, 10, 20, 30, 45, 60]
    assert all(torch.equal(before[name], kept.states[name]) for name in before), "the states are frozen"
    assert run == {**mix_fully(kept, None, seed=0, steps=60), "seconds": run["seconds"]}, "the same seed"
    made = Mixing(kept, None, seed=0)
    assert numbers_trained(kept.layers, kept.states["train"].shape[2]) == sum(
        p.numel() for p in made.loop.parameters
    )


def test_one_layer_alone_is_that_layer(loaded: checkpoints.LoadedModel, kept: Features) -> None:
    made = Mixing(kept, only(kept.layers - 1, kept.layers), seed=0)
    alone = kept.states["new"][:, -1]
    # The other layers have some 1e-4 of the share together; TOP is not infinity.
    assert TOP == 2 * NEUTRAL
    assert float((made.mixed("new") - alone).norm() / alone.norm()) < 1e-3


def test_random_weights_are_others(loaded: checkpoints.LoadedModel) -> None:
    rows = examples(loaded, "tag", "written", 3, 0)
    found = [
        states_of(EncoderTask(loaded, "tag", "head", pretrained=start, seed=seed), rows)
        for start, seed in ((True, 0), (True, 1), (False, 0), (False, 1))
    ]
    assert torch.equal(found[0], found[1]), "the seed draws the head alone"
    assert not torch.allclose(found[2], found[3])
    assert not torch.allclose(found[0], found[2])
