"""Cloze probes: the data file, and scores against sums done by hand."""

from collections import Counter
from pathlib import Path

import pytest

from components.lm.checkpoints import in_memory
from components.lm.training.cloze import (
    BLANK,
    ClozeProbe,
    accuracy_by_kind,
    load_probes,
    score_probe,
    score_probes,
)

torch = pytest.importorskip("torch")
PROBE = ClozeProbe("syntax", "the cat ___ here", ("is", "are"))


def test_the_probes_are_sixty_in_six_kinds() -> None:
    probes = load_probes()
    assert Counter(probe.kind for probe in probes) == dict.fromkeys(
        ("trivia", "syntax", "coreference", "topic", "sentiment", "counting"), 10
    )
    assert len({probe.sentence for probe in probes}) == 60
    assert all(BLANK not in probe.filled(word) for probe in probes for word in probe.candidates)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("syntax,No blank here.,is,are", "line 2: a probe needs exactly one"),
        ("syntax,A ___ and a ___.,is,are", "exactly one"),
        ("syntax,A ___.,is,", "wrong words are missing"),
        ("syntax,A ___.,is,is are", "repeated"),
    ],
)
def test_a_bad_probe_is_named_by_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "probes.csv"
    path.write_text(f"kind,sentence,answer,wrong\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_probes(path)


@pytest.fixture
def bert():  # type: ignore[no-untyped-def]
    from transformers import BertConfig, BertForPreTraining, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "here", "is", "ar", "##e"]
    tokenizer = BertTokenizerFast(vocab={word: i for i, word in enumerate(words)})
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=16)  # fmt: skip
    return BertForPreTraining(config).eval(), tokenizer


def test_bert_gets_one_mask_per_piece(bert) -> None:  # type: ignore[no-untyped-def]
    model, tokenizer = bert
    result = score_probe(in_memory(model, tokenizer), PROBE)
    for logprob, masked, pieces in zip(
        result.logprobs, ([2, 5, 6, 4, 7, 3], [2, 5, 6, 4, 4, 7, 3]), ([8], [9, 10]), strict=True
    ):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([masked])).prediction_logits[0]
        by_hand = sum(logits[3 + i].log_softmax(-1)[piece].item() for i, piece in enumerate(pieces))
        assert logprob == pytest.approx(by_hand, abs=1e-5)  # float32 sums


def test_gpt_scores_the_whole_sentence() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = ["<|endoftext|>", "the", "cat", "here", "is", "are"]
    backend = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<|endoftext|>")
    )
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<|endoftext|>", eos_token="<|endoftext|>")  # fmt: skip
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=6, n_positions=8, n_embd=8, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)).eval()  # fmt: skip
    result = score_probe(in_memory(model, tokenizer), PROBE)
    for logprob, ids in zip(result.logprobs, ([0, 1, 2, 4, 3], [0, 1, 2, 5, 3]), strict=True):
        with torch.inference_mode():
            logprobs = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        by_hand = sum(logprobs[i, ids[i + 1]].item() for i in range(4))
        assert logprob == pytest.approx(by_hand, abs=1e-5)  # float32 sums
    assert result.correct == (result.logprobs[0] > result.logprobs[1])
    assert result.choice == PROBE.candidates[result.logprobs.index(max(result.logprobs))]


def test_accuracy_counts_each_kind_and_ties_are_wrong(bert) -> None:  # type: ignore[no-untyped-def]
    results = score_probes(in_memory(*bert), [PROBE, ClozeProbe("topic", "___ cat", ("the", "is", "are"))])
    table = accuracy_by_kind(results)
    assert [(kind.kind, kind.num_probes) for kind in table] == [("syntax", 1), ("topic", 1)]
    assert table[1].chance == pytest.approx(1 / 3)
    assert not type(results[0])(PROBE, (-1.0, -1.0)).correct
