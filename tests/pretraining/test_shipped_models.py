"""What lies in assets/models: sizes, formats, and that plain transformers loads it with no network."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

MODELS = Path(__file__).parents[2] / "assets" / "models"
NAMES = sorted(path.parent.name for path in MODELS.glob("*/config.json"))
OURS = [name for name in NAMES if name.startswith("nano-") or name == "pocket-bert"]


def test_everything_together_stays_small() -> None:
    files = [path for path in MODELS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 100e6
    assert max(path.stat().st_size for path in files) <= 16e6


def load(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForPreTraining

    auto = AutoModelForCausalLM if "gpt" in str(folder) else AutoModelForPreTraining
    return auto.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()


@pytest.mark.parametrize("name", OURS)
def test_loads_and_knows_something(name: str) -> None:
    """Better than guessing evenly by far: under 5 nats per token where guessing gives 7.6 or 9.0."""
    from transformers import AutoTokenizer

    model, tokenizer = (
        load(MODELS / name),
        AutoTokenizer.from_pretrained(MODELS / name, local_files_only=True),
    )
    text = "Once upon a time there was a little girl. She lived in a small house with her mother."
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        if "gpt" in name:
            loss = model(ids, labels=ids).loss.item()
        else:
            nats = []
            for position in range(1, ids.shape[1] - 1):
                masked = ids.clone()
                masked[0, position] = tokenizer.mask_token_id
                logits = model(masked).prediction_logits[0, position]
                nats.append(-logits.log_softmax(-1)[ids[0, position]].item())
            loss = sum(nats) / len(nats)
    assert loss < 5


@pytest.mark.parametrize("name", OURS)
def test_tokenizer_has_no_unknown_letters(name: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODELS / name, local_files_only=True)
    for text in ("안녕하세요", "Zyxwvut 0123456789", "unaffable"):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.unk_token_id not in ids
    size = 2048 if name.startswith("nano") else 8192
    assert len(tokenizer) == size
    if "bert" in name:
        ids = tokenizer.convert_tokens_to_ids(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
        assert ids == [0, 100, 101, 102, 103]


@pytest.mark.parametrize("name", OURS)
def test_card_names_sources_and_licences(name: str) -> None:
    card = (MODELS / name / "README.md").read_text(encoding="utf-8")
    for words in (
        "simple_stories_en",
        "CDLA-Sharing-1.0",
        "CC BY",
        "public domain",
        "tokens seen",
        "hardware",
    ):
        assert words in card


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("nano-")])
def test_snapshots_lie_on_a_logarithmic_scale_and_get_better(name: str) -> None:
    listed = json.loads((MODELS / name / "snapshots" / "snapshots.json").read_text(encoding="utf-8"))
    assert len(listed) == 12
    assert [entry["tokens"] for entry in listed][0] == 0  # noqa: RUF015
    key = "loss" if "gpt" in name else "mlm"
    losses = [entry["held_out"][key] for entry in listed]
    assert losses == sorted(losses, reverse=True)
    last, end = load(MODELS / name / listed[-1]["folder"]), load(MODELS / name)
    assert all(torch.equal(a, b) for a, b in zip(last.parameters(), end.parameters(), strict=True))
    load(MODELS / name / listed[0]["folder"])


def test_the_korean_bert_knows_particles_and_says_what_it_loses() -> None:
    from transformers import AutoTokenizer

    model = load(MODELS / "pocket-bert-ko")
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "pocket-bert-ko", local_files_only=True)
    assert len(tokenizer) == 8192
    ids = tokenizer("아이가 밥[MASK] 먹었어요.", return_tensors="pt")["input_ids"]
    at = ids[0].tolist().index(tokenizer.mask_token_id)
    with torch.inference_mode():
        probs = model(ids).prediction_logits[0, at].softmax(-1)
    assert tokenizer.convert_ids_to_tokens(int(probs.argmax())) == "##을"
    # A syllable stays a syllable, however it was typed; one that is not common makes its word unknown.
    assert tokenizer.tokenize("괜찮아") == tokenizer.tokenize(
        "\u1100\u116b\u11ab\u110e\u1161\u11ad\u110b\u1161"
    )
    assert tokenizer.tokenize("뷁어요") == ["[UNK]"]
    card = (MODELS / "pocket-bert-ko" / "README.md").read_text(encoding="utf-8")
    for words in ("everyday_ko", "CC BY-SA 3.0", "NSMC (CC0)", "tokens seen", "biases of reviews", "0.86% become [UNK]", "0.03%", "Ten samples, unedited", "bits per byte", "26 of 40"):  # fmt: skip
        assert words in card
