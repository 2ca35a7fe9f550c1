"""Cards, refusals and loading, with tiny models built in the test."""

from __future__ import annotations

import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import unicodedata
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.checkpoints import OFFERED, Checkpoints, Settings, cache_folder, cached_folder, parse_bytes
from components.lm.checkpoints.model_card import (
    FAMILIES,
    REASON_PARAMETERS,
    ModelName,
    ModelRefused,
    Reason,
    parse_front_matter,
    parse_name,
    read_card,
)

ROOT = Path(__file__).resolve().parents[3]
IDS = [[3, 17, 9, 25, 40, 8, 2]]


def make_store(
    *folders: Path, bundled: Path | None = None, cache: Path | None = None, **settings: Any
) -> Checkpoints:
    """A store of its own: some local folders, nothing bundled and an empty cache unless given."""
    nowhere = Path("/nonexistent")
    return Checkpoints(
        Settings(local_folders=folders, **settings), bundled_folder=bundled or nowhere, cache=cache or nowhere
    )


def refusal(call: Any, *args: Any, **kwargs: Any) -> ModelRefused:
    with pytest.raises(ModelRefused) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.fixture
def gpt_copy(tiny_gpt_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_gpt_folder, tmp_path / "my-gpt"))


def edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.update(changes)
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}), encoding="utf-8")


def edit_tensors(folder: Path, change: Any) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


# --- Cards ----------------------------------------------------------------------------------------------------------


def test_the_card_says_what_the_configuration_and_the_weights_say(
    tiny_gpt_folder: Path, tiny_bert_folder: Path
) -> None:
    store = make_store(tiny_gpt_folder, tiny_bert_folder)
    gpt = store.card("local:tiny-gpt")
    assert (gpt.num_layers, gpt.num_heads, gpt.hidden_size, gpt.vocab_size, gpt.max_positions) == (
        2,
        4,
        32,
        400,
        64,
    )
    assert gpt.capabilities == ("attention", "generation")
    assert gpt.revision.startswith("sha256:")
    bert = store.card("local:tiny-bert")
    assert (bert.num_layers, bert.num_heads, bert.hidden_size, bert.max_positions) == (2, 4, 32, 64)
    assert bert.capabilities == ("attention", "masked_prediction", "next_sentence")
    assert bert.source == "local"
    assert bert.family == "bert"


def test_cards_and_lists_need_no_torch(tiny_gpt_folder: Path) -> None:
    """The first view of a page is drawn before torch is imported."""
    code = (
        "import sys\n"
        "sys.modules['streamlit'] = sys.modules['plotly'] = None\n"
        "from components.lm import checkpoints\nfrom components.lm.checkpoints import hub\n"
        "assert checkpoints.card('local:tiny-gpt').num_layers == 2\n"
        "assert any(choice.name == 'local:tiny-gpt' for choice in checkpoints.choices('generation'))\n"
        "heavy = {'torch', 'transformers', 'numpy', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    env = {**os.environ, "GLASSBOX_LOCAL_MODELS": str(tiny_gpt_folder), "GLASSBOX_MODELS": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def family_models() -> dict[str, tuple[Any, Any, tuple[str, ...]]]:
    """Configuration, class and expected capabilities (besides attention) for each supported architecture."""
    import transformers as t

    common = {
        "vocab_size": 400,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }
    grouped = {**common, "num_key_value_heads": 2}
    fairseq = {**common, "max_position_embeddings": 66}  # two rows that are never used
    gpt2 = {"vocab_size": 400, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
    opt = {k: v for k, v in common.items() if k != "intermediate_size"}
    causal, masked = t.AutoModelForCausalLM, t.AutoModelForMaskedLM
    generates, predicts = ("generation",), ("masked_prediction",)
    return {
        "gpt2": (t.GPT2Config(**gpt2), causal, generates),
        "gpt2 without a head": (t.GPT2Config(**gpt2), t.GPT2Model, generates),
        "gpt2 classifier": (t.GPT2Config(**gpt2, pad_token_id=0), t.GPT2ForSequenceClassification, ()),
        "gpt_neo": (
            t.GPTNeoConfig(
                vocab_size=400,
                hidden_size=32,
                num_layers=2,
                num_heads=4,
                max_position_embeddings=64,
                attention_types=[[["global", "local"], 1]],
                window_size=8,
            ),
            causal,
            generates,
        ),
        "gptj": (t.GPTJConfig(**gpt2, rotary_dim=4), causal, generates),
        "gpt_neox": (t.GPTNeoXConfig(**common), causal, generates),
        "opt": (t.OPTConfig(**opt, ffn_dim=64, word_embed_proj_dim=32), causal, generates),
        "bloom": (t.BloomConfig(vocab_size=400, hidden_size=32, n_layer=2, n_head=4), causal, generates),
        "llama": (t.LlamaConfig(**grouped), causal, generates),
        "mistral": (t.MistralConfig(**grouped), causal, generates),
        "qwen2": (t.Qwen2Config(**grouped), causal, generates),
        "qwen2 tied": (t.Qwen2Config(**grouped, tie_word_embeddings=True), causal, generates),
        "qwen3": (t.Qwen3Config(**grouped, head_dim=8), causal, generates),
        "phi": (t.PhiConfig(**common), causal, generates),
        "marian": (
            t.MarianConfig(
                vocab_size=400,
                decoder_vocab_size=400,
                d_model=32,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=64,
                decoder_ffn_dim=64,
                max_position_embeddings=64,
                pad_token_id=0,
                eos_token_id=1,
                decoder_start_token_id=0,
            ),
            t.MarianMTModel,
            ("text_to_text",),
        ),
        "bert masked only": (t.BertConfig(**common), masked, predicts),
        "bert next sentence only": (
            t.BertConfig(**common),
            t.BertForNextSentencePrediction,
            ("next_sentence",),
        ),
        "bert both": (t.BertConfig(**common), t.BertForPreTraining, ("masked_prediction", "next_sentence")),
        "bert encoder": (t.BertConfig(**common), t.BertModel, ()),
        "bert classifier": (t.BertConfig(**common), t.BertForSequenceClassification, ()),
        "roberta": (t.RobertaConfig(**fairseq), masked, predicts),
        "xlm-roberta": (t.XLMRobertaConfig(**fairseq), masked, predicts),
        "camembert": (t.CamembertConfig(**fairseq), masked, predicts),
        "distilbert": (
            t.DistilBertConfig(
                vocab_size=400, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64
            ),
            masked,
            predicts,
        ),
        "electra generator": (t.ElectraConfig(**common, embedding_size=16), masked, predicts),
        "electra discriminator": (t.ElectraConfig(**common, embedding_size=16), t.ElectraForPreTraining, ()),
        "albert": (t.AlbertConfig(**common, embedding_size=16), masked, predicts),
        "albert sentence order": (
            t.AlbertConfig(**common, embedding_size=16),
            t.AlbertForPreTraining,
            predicts,
        ),
    }


def test_every_family_is_read_and_loaded_as_it_is(tiny_gpt_folder: Path, tmp_path: Path) -> None:
    models = family_models()
    assert {config.model_type for config, _, _ in models.values()} == set(FAMILIES)
    for label, (config, model_class, expected) in models.items():
        folder = tmp_path / label
        make = getattr(model_class, "from_config", model_class)
        original = make(config).eval()
        original.save_pretrained(folder)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tiny_gpt_folder / file, folder / file)
        name = ModelName(f"local:{label}", "local", label)
        card = read_card(folder, name)
        positions = None if config.model_type == "bloom" else 64
        sizes = (card.num_layers, card.num_heads, card.hidden_size, card.vocab_size, card.max_positions)
        assert sizes == (2, 4, 32, 400, positions), label
        reads_and_writes = config.model_type == "marian"
        assert set(card.capabilities) == ({*expected} if reads_and_writes else {"attention", *expected}), (
            label
        )
        # Marian's positions are sines and cosines: computed, neither trained nor saved.
        assert card.num_parameters == original.num_parameters(only_trainable=reads_and_writes), label
        loaded = make_store(folder).load(f"local:{label}")  # also checks that the attention weights are there
        torch = checkpoints.import_torch()
        ids = torch.tensor(IDS)
        if type(loaded.model) is type(original):
            given = {"input_ids": ids} | ({"decoder_input_ids": ids} if reads_and_writes else {})
            with torch.inference_mode():
                theirs = original(**given)[0]
            # Same weights, same code, other attention kernel (sdpa): rounding of float32 sums.
            torch.testing.assert_close(loaded.forward(**given)[0], theirs, rtol=1e-4, atol=1e-5, msg=label)


def test_heads_are_found_in_the_weights_not_in_the_configuration(
    tiny_bert_folder: Path, tmp_path: Path
) -> None:
    """bert-base-uncased calls itself BertForMaskedLM, has the next-sentence head and the parameter names of 2018."""
    folder = Path(shutil.copytree(tiny_bert_folder, tmp_path / "old-bert"))
    torch = checkpoints.import_torch()

    def age(tensors: dict[str, Any]) -> dict[str, Any]:
        renamed = {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            ): value
            for name, value in tensors.items()
        }
        return {**renamed, "bert.embeddings.position_ids": torch.arange(64)[None]}

    edit_tensors(folder, age)
    edit_config(folder, architectures=["BertForMaskedLM"])
    store = make_store(folder, tiny_bert_folder)
    old, new = store.load("local:old-bert"), store.load("local:tiny-bert")
    assert old.card.capabilities == new.card.capabilities
    assert old.card.num_parameters == new.card.num_parameters
    ids = torch.tensor(IDS)
    ours, theirs = old.forward(input_ids=ids), new.forward(input_ids=ids)
    assert torch.equal(old.masked_logits(ours), new.masked_logits(theirs))
    assert torch.equal(old.next_sentence_logits(ours), new.next_sentence_logits(theirs))
    assert old.next_sentence_logits(ours).shape == (1, 2)


def test_causal_masks_saved_as_buffers_are_not_parameters(tiny_gpt_folder: Path, gpt_copy: Path) -> None:
    """The files of gpt2 on the hub hold a 1024 x 1024 mask per layer and no "transformer." prefix."""
    torch = checkpoints.import_torch()

    def age(tensors: dict[str, Any]) -> dict[str, Any]:
        plain = {name.removeprefix("transformer."): value for name, value in tensors.items()}
        return {**plain, **{f"h.{i}.attn.bias": torch.ones(1, 1, 64, 64).tril() for i in range(2)}}

    edit_tensors(gpt_copy, age)
    store = make_store(gpt_copy, tiny_gpt_folder)
    assert store.card("local:my-gpt").num_parameters == store.card("local:tiny-gpt").num_parameters
    ids = torch.tensor(IDS)
    ours, theirs = (store.load(name).forward(input_ids=ids) for name in ("local:my-gpt", "local:tiny-gpt"))
    assert torch.equal(ours.logits, theirs.logits)


def test_languages_and_licence_come_from_the_model_card(gpt_copy: Path) -> None:
    text = "---\nlanguage: [en, ko]\nlicense: other\nlicense_name: house-licence\ntags:\n- gpt2\n---\n# x\nlicense: no\n"
    (gpt_copy / "README.md").write_text(text, encoding="utf-8")
    card = make_store(gpt_copy).card("local:my-gpt")
    assert (card.languages, card.licence) == (("en", "ko"), "house-licence")
    assert parse_front_matter("# no metadata\nlanguage: en") == ((), "")
    assert parse_front_matter("---\nlanguage: 'ko'\nlicense:\n") == (("ko",), "")


# --- Loading --------------------------------------------------------------------------------------------------------


def test_loaded_models_are_float32_eager_eval_and_without_gradients(
    tiny_gpt_folder: Path, gpt_copy: Path
) -> None:
    torch = checkpoints.import_torch()
    edit_tensors(gpt_copy, lambda tensors: {name: value.half() for name, value in tensors.items()})
    edit_config(gpt_copy, dtype="float16")
    loaded = make_store(gpt_copy).load("local:my-gpt")
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert torch.get_num_threads() == 1
    output = loaded.forward(input_ids=torch.tensor(IDS), output_attentions=True)
    assert len(output.attentions) == 2
    weights = torch.stack(output.attentions)  # (layer, batch, head, query, key)
    assert weights.shape == (2, 1, 4, 7, 7)
    # Seven float32 numbers are added up: one unit in the last place each.
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 1, 4, 7), rtol=0, atol=1e-6)
    assert torch.equal(weights.triu(1), torch.zeros_like(weights))
    assert output.logits.is_inference(), "no gradient is recorded and nothing is kept for one"


def test_nothing_is_asked_of_a_network_while_loading(gpt_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"tried to connect: {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert make_store(gpt_copy).load("local:my-gpt").tokenizer("The low river")["input_ids"]


def test_one_load_serves_all_who_wait_for_it(tiny_gpt_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tiny_gpt_folder)
    calls: list[str] = []
    original = checkpoints._load_folder

    def counted(folder: Path, card: checkpoints.ModelCard) -> checkpoints.LoadedModel:
        calls.append(card.name)
        return original(folder, card)

    monkeypatch.setattr(checkpoints, "_load_folder", counted)
    together = threading.Barrier(16)

    def ask(_: int) -> checkpoints.LoadedModel:
        together.wait()
        return store.load("local:tiny-gpt")

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))
    assert calls == ["local:tiny-gpt"]
    assert all(item is found[0] for item in found)


def test_loading_one_model_does_not_block_pages_using_another(
    tiny_gpt_folder: Path, tiny_bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tiny_gpt_folder, tiny_bert_folder)
    store.load("local:tiny-gpt")
    started, go_on = threading.Event(), threading.Event()
    original = checkpoints._load_folder

    def slow(folder: Path, card: checkpoints.ModelCard) -> checkpoints.LoadedModel:
        started.set()
        assert go_on.wait(60)
        return original(folder, card)

    monkeypatch.setattr(checkpoints, "_load_folder", slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.load, "local:tiny-bert")
        assert started.wait(60)
        # All of this happens while the other model is being loaded; with a shared lock it would never return.
        assert store.load("local:tiny-gpt").card.family == "gpt2"
        assert store.card("local:tiny-bert").family == "bert"
        assert len(store.choices()) > 1
        assert not waiting.done()
        go_on.set()
        assert waiting.result(60).card.family == "bert"


def test_many_threads_get_the_same_numbers_as_one(
    tiny_gpt_folder: Path, tiny_bert_folder: Path, gpt_copy: Path
) -> None:
    """Eight threads, with and without recorded attentions, while other stores load models beside them."""
    torch = checkpoints.import_torch()
    store = make_store(tiny_gpt_folder, tiny_bert_folder)
    jobs = []
    for name in ("local:tiny-gpt", "local:tiny-bert"):
        loaded = store.load(name)
        for length in (1, 5, 31, 60):
            ids = torch.arange(length)[None] % 97
            for recorded in (True, False):
                jobs.append((loaded, ids, recorded))

    def run(job: tuple[checkpoints.LoadedModel, Any, bool]) -> list[Any]:
        loaded, ids, recorded = job
        output = loaded.forward(input_ids=ids, output_attentions=recorded, output_hidden_states=recorded)
        assert (output.get("attentions") is not None) == recorded
        return [output[0], *(output.get("attentions") or ()), *(output.get("hidden_states") or ())]

    expected = [run(job) for job in jobs]
    with ThreadPoolExecutor(10) as pool:
        loads = [pool.submit(make_store(gpt_copy).load, "local:my-gpt") for _ in range(4)]
        rounds = list(pool.map(run, jobs * 25))
        assert all(load.result().card.family == "gpt2" for load in loads)
    for index, found in enumerate(rounds):
        wanted = expected[index % len(jobs)]
        assert len(found) == len(wanted)
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, wanted, strict=True))


def test_a_tokenizer_with_stored_truncation_serves_many_threads(gpt_copy: Path) -> None:
    """Fast tokenizers fail with "Already borrowed" if one thread changes truncation while another encodes."""
    path = gpt_copy / "tokenizer.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    path.write_text(json.dumps(settings), encoding="utf-8")
    loaded = make_store(gpt_copy).load("local:my-gpt")
    assert loaded.tokenizer.backend_tokenizer.truncation is None
    texts = [f"The low river {n} 안녕하세요 " * (n % 7 + 1) for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: loaded.tokenizer(text)["input_ids"], texts))
    assert [loaded.tokenizer.decode(ids) for ids in found] == texts


def test_a_changed_folder_is_loaded_anew(gpt_copy: Path) -> None:
    store = make_store(gpt_copy)
    before = store.load("local:my-gpt")
    assert store.load("local:my-gpt") is before
    edit_tensors(gpt_copy, lambda tensors: {name: value * 2 for name, value in tensors.items()})
    after = store.load("local:my-gpt")
    assert after.card.revision != before.card.revision
    assert after is not before


# --- Memory ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_models(tiny_gpt_folder: Path, tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        shutil.copytree(tiny_gpt_folder, tmp_path / "zoo" / name)
    return tmp_path / "zoo"


def test_least_recently_used_models_leave_above_the_budget(three_models: Path) -> None:
    size = make_store(three_models).load("local:a").memory_bytes
    store = make_store(three_models, memory_budget=2 * size)
    first = store.load("local:a")
    store.load("local:b")
    assert store.load("local:a") is first  # used again, so b is now the oldest
    store.load("local:c")
    assert store.loaded_names() == ("local:a", "local:c")
    gone = weakref.ref(store.load("local:c").model)
    store.load("local:b")
    store.load("local:a")
    assert store.loaded_names() == ("local:b", "local:a")
    gc.collect()
    assert gone() is None, "an evicted model must leave memory"


def test_the_model_in_use_stays_even_above_the_budget(three_models: Path) -> None:
    store = make_store(three_models, memory_budget=10)
    loaded = store.load("local:a")
    assert store.load("local:a") is loaded
    store.load("local:b")
    assert store.loaded_names() == ("local:b",)


# --- Refusals -------------------------------------------------------------------------------------------------------


def test_a_refusal_has_exactly_its_parameters() -> None:
    assert set(REASON_PARAMETERS) == set(Reason)
    assert all("name" in parameters for parameters in REASON_PARAMETERS.values())
    with pytest.raises(TypeError, match="own_code takes"):
        ModelRefused(Reason.OWN_CODE, name="x")
    with pytest.raises(TypeError):
        ModelRefused(Reason.NOT_FOUND, name="x", file="y")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "missing")
    assert refusal(store.card, "pocket-none").reason is Reason.NOT_FOUND
    assert refusal(store.load, "local:nothing").reason is Reason.NOT_FOUND
    found = refusal(store.load, "klue/bert-base")
    assert (found.reason, found.name) == (Reason.NOT_DOWNLOADED, "klue/bert-base")


def test_pickled_weights_are_refused_and_never_opened(gpt_copy: Path) -> None:
    (gpt_copy / "model.safetensors").unlink()
    (gpt_copy / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch never'\ntR.")
    found = refusal(make_store(gpt_copy).load, "local:my-gpt")
    assert found.reason is Reason.PICKLE_ONLY
    assert found.parameters["files"] == ("pytorch_model.bin",)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_models_with_code_of_their_own_are_refused(gpt_copy: Path, file: str) -> None:
    path = gpt_copy / file
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["auto_map"] = {"AutoModelForCausalLM": "modeling_x.X"}
    path.write_text(json.dumps(settings), encoding="utf-8")
    found = refusal(make_store(gpt_copy).load, "local:my-gpt")
    assert (found.reason, found.parameters["file"]) == (Reason.OWN_CODE, file)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]},
        {"model_type": ..., "architectures": ...},
        {"model_type": "bert", "is_decoder": True},
        {"quantization_config": {"quant_method": "gptq"}},
    ],
)
def test_other_architectures_are_refused(gpt_copy: Path, changes: dict[str, Any]) -> None:
    edit_config(gpt_copy, **changes)
    found = refusal(make_store(gpt_copy).card, "local:my-gpt")
    assert found.reason is Reason.UNSUPPORTED
    assert "gpt2" in found.parameters["supported"]  # type: ignore[operator]


def test_a_page_gets_only_models_that_can_do_what_it_needs(
    tiny_gpt_folder: Path, tiny_bert_folder: Path
) -> None:
    store = make_store(tiny_gpt_folder, tiny_bert_folder)
    found = refusal(store.load, "local:tiny-bert", require="generation")
    assert found.reason is Reason.CANNOT
    assert found.parameters["needs"] == "generation"
    assert found.parameters["capabilities"] == ("attention", "masked_prediction", "next_sentence")
    assert refusal(store.card, "local:tiny-gpt", require="masked_prediction").reason is Reason.CANNOT
    assert store.loaded_names() == ()
    with pytest.raises(ModelRefused):
        store.load("local:tiny-gpt").masked_logits({})
    names = {choice.name for choice in store.choices("generation")}
    assert "local:tiny-gpt" in names
    assert "gpt2" in names
    assert not names & {"local:tiny-bert", "bert-base-uncased"}


def test_models_above_the_size_limit_are_refused(tiny_gpt_folder: Path) -> None:
    size = (tiny_gpt_folder / "model.safetensors").stat().st_size
    found = refusal(make_store(tiny_gpt_folder, max_model_bytes=size - 1).load, "local:tiny-gpt")
    assert (found.reason, found.parameters["size_bytes"]) == (Reason.TOO_LARGE, size)
    assert make_store(tiny_gpt_folder, max_model_bytes=size).card("local:tiny-gpt").weights_bytes == size


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", b"{not json"),
        ("config.json", b"[1]"),
        ("config.json", b'{"model_type": "gpt2"}'),
        ("config.json", b"[" * 100_000),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 64),
        ("model.safetensors", (16).to_bytes(8, "little") + b'{"a": {"x": 1}} '),
        ("tokenizer.json", b"{}"),
        ("tokenizer_config.json", b"\xff\xfe"),
    ],
)
def test_damaged_files_are_refused(gpt_copy: Path, file: str, content: bytes) -> None:
    (gpt_copy / file).write_bytes(content)
    assert refusal(make_store(gpt_copy).load, "local:my-gpt").reason is Reason.DAMAGED


def test_a_file_cut_short_is_refused_before_loading(gpt_copy: Path) -> None:
    path = gpt_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    found = refusal(make_store(gpt_copy).card, "local:my-gpt")
    assert (found.reason, found.parameters["file"]) == (Reason.DAMAGED, "model.safetensors")


def test_missing_weights_are_not_replaced_by_random_ones(gpt_copy: Path) -> None:
    lost = "transformer.h.1.mlp.c_fc.weight"
    edit_tensors(gpt_copy, lambda tensors: {name: value for name, value in tensors.items() if name != lost})
    found = refusal(make_store(gpt_copy).load, "local:my-gpt")
    assert found.reason is Reason.DAMAGED
    assert lost in str(found.parameters["file"])


def test_an_unfinished_folder_is_refused(gpt_copy: Path) -> None:
    (gpt_copy / "tokenizer.json").unlink()
    found = refusal(make_store(gpt_copy).load, "local:my-gpt")
    assert (found.reason, found.parameters["missing"]) == (Reason.INCOMPLETE, "tokenizer.json")


def test_too_little_memory_is_a_refusal(tiny_gpt_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        )

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", fail)
    assert refusal(make_store(tiny_gpt_folder).load, "local:tiny-gpt").reason is Reason.NO_MEMORY


# --- Names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("pocket-gpt", "bundled"),
        ("nano-step-100", "bundled"),
        ("local:my model (2)", "local"),
        ("local:내 모델", "local"),
        ("gpt2", "hub"),
        ("klue/bert-base", "hub"),
        ("mykor/gpt2-ko", "hub"),
        ("skt/ko-gpt-trinity-1.2B-v0.5", "hub"),
    ],
)
def test_names_people_use_are_accepted(text: str, source: str) -> None:
    assert parse_name(text).source == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/b/c",
        "a..b",
        "a\\b",
        "C:\\x",
        "gpt2/",
        "gpt2\n",
        "gpt2\x00",
        "~/x",
        "http://x/y",
        "-x",
        "x--y",
        ".hidden",
        "모델",
        "x" * 97,
        "pocket-../x",
        "pocket-GPT",
        "local:",
        "local:..",
        "local:a/b",
        "local:.ssh",
        "local:a\\b",
        "local:C:",
        "local:NUL",
        "con",
        "aux.txt",
        "owner/model.git",
        None,
        7,
    ],
)
def test_names_that_could_be_paths_are_refused(text: object) -> None:
    assert refusal(parse_name, text).reason is Reason.BAD_NAME


@given(
    st.one_of(
        st.text(max_size=120), st.from_regex(r"(local:|pocket-|nano-)?[\w./\\:~ -]{0,40}", fullmatch=True)
    )
)
@example("local:\u1112\u1161\u11ab")
@example("local:a\u2215b")
def test_no_name_leads_out_of_its_folder(text: str) -> None:
    """Whatever a link says: either it is refused, or it names a direct child (hub ids: through models--owner--name)."""
    refused = None
    try:
        name = parse_name(text)
    except ModelRefused as error:
        refused = error
    if refused is not None:
        assert refused.reason is Reason.BAD_NAME
        assert len(refused.name) <= 100
        return
    root = Path("/models")
    child = checkpoints.repo_folder(root, name.key) if name.source == "hub" else root / name.key
    assert Path(os.path.normpath(child)) == child
    assert child.parent == root
    assert not set(name.key) & set('\\:*?"<>|\0\n\r\t~$%')
    assert parse_name(name.text) == name
    assert name.text.isprintable()


# --- Where models are -----------------------------------------------------------------------------------------------


def test_every_folder_with_a_configuration_is_bundled(
    tiny_gpt_folder: Path, tiny_bert_folder: Path, tmp_path: Path
) -> None:
    for source, name in (
        (tiny_gpt_folder, "nano-1"),
        (tiny_bert_folder, "pocket-bert"),
        (tiny_gpt_folder, "pocket-gpt"),
    ):
        shutil.copytree(source, tmp_path / name)
    (tmp_path / "notes").mkdir()
    store = make_store(bundled=tmp_path)
    assert store.bundled_names() == ("pocket-bert", "pocket-gpt", "nano-1")
    assert store.card("nano-1").source == "bundled"
    assert [choice.name for choice in store.choices()][:3] == ["pocket-bert", "pocket-gpt", "nano-1"]
    shutil.copytree(tiny_gpt_folder, tmp_path / "mine")
    assert store.card("mine").source == "bundled"


def test_names_are_checked_without_going_through_the_folders_again(
    tiny_gpt_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One view of a page asks for them a dozen times."""
    shutil.copytree(tiny_gpt_folder, tmp_path / "mine")
    store = make_store(bundled=tmp_path)
    assert store.card("mine").name == "mine"
    monkeypatch.setattr(Path, "iterdir", lambda path: pytest.fail(f"looked into {path}"))
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"looked into {path}"))
    assert store.bundled_names() == ("mine",)
    assert store.card("mine").name == "mine"


def test_a_folder_is_added_by_path_and_named_without_it(
    gpt_copy: Path, tiny_gpt_folder: Path, tmp_path: Path
) -> None:
    store = make_store()
    assert store.add_local_folder(gpt_copy) == "local:my-gpt"
    assert store.add_local_folder(str(gpt_copy)) == "local:my-gpt"
    assert store.load("local:my-gpt").card.name == "local:my-gpt"
    other = Path(shutil.copytree(tiny_gpt_folder, tmp_path / "other" / "my-gpt"))
    assert refusal(store.add_local_folder, other).reason is Reason.NAME_TAKEN
    for nothing in (tmp_path / "other", tmp_path / "nowhere"):  # whether it exists is not said
        assert refusal(store.add_local_folder, nothing).reason is Reason.NO_MODEL_THERE
    assert store.local_names() == ("local:my-gpt",)


def test_a_link_to_a_folder_keeps_its_own_name(gpt_copy: Path, tmp_path: Path) -> None:
    link = tmp_path / "links" / "mine"
    link.parent.mkdir()
    link.symlink_to(gpt_copy)
    assert make_store().add_local_folder(link) == "local:mine"
    assert make_store(link.parent).local_names() == ("local:mine",)


def test_a_korean_folder_name_is_found_in_both_spellings(tiny_gpt_folder: Path, tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "모델")
    folder = Path(shutil.copytree(tiny_gpt_folder, tmp_path / decomposed))
    store = make_store(folder)
    assert store.card("local:모델").num_layers == 2
    assert store.card("local:" + decomposed).name == "local:모델"


def test_the_operator_can_restrict_the_list(tiny_gpt_folder: Path, tmp_path: Path) -> None:
    bundled = tmp_path / "assets"
    shutil.copytree(tiny_gpt_folder, bundled / "pocket-gpt")
    store = make_store(tiny_gpt_folder, bundled=bundled, allowed=("bundled", "gpt2"))
    assert [choice.name for choice in store.choices()] == ["pocket-gpt", "gpt2"]
    assert refusal(store.load, "local:tiny-gpt").reason is Reason.NOT_ALLOWED
    found = refusal(store.card, "klue/bert-base")
    assert (found.reason, found.parameters["allowed"]) == (Reason.NOT_ALLOWED, ("bundled", "gpt2"))
    assert refusal(store.add_local_folder, tiny_gpt_folder).reason is Reason.NOT_ALLOWED
    assert refusal(store.card, "gpt2").reason is Reason.NOT_DOWNLOADED
    local = make_store(tiny_gpt_folder, bundled=bundled, allowed=("local",))
    assert local.card("local:tiny-gpt").source == "local"
    assert refusal(local.card, "pocket-gpt").reason is Reason.NOT_ALLOWED


def test_settings_come_from_the_environment() -> None:
    assert Settings.from_env({}) == Settings()
    found = Settings.from_env(
        {
            "GLASSBOX_MODELS": "bundled, klue/bert-base,",
            "GLASSBOX_LOCAL_MODELS": os.pathsep.join(["/a", "/b c"]),
            "GLASSBOX_MODEL_MEMORY": "1.5 GB",
            "GLASSBOX_MAX_MODEL_BYTES": "500000",
        }
    )
    assert found == Settings(
        ("bundled", "klue/bert-base"), (Path("/a"), Path("/b c")), 1_500_000_000, 500_000
    )
    for wrong in ("much", "-1", "1 zb", "nan"):
        with pytest.raises(ValueError, match="GLASSBOX_MODEL_MEMORY"):
            Settings.from_env({"GLASSBOX_MODEL_MEMORY": wrong})
    assert parse_bytes("2 GiB") == 2**31


def test_the_cache_is_where_hugging_face_tools_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME")
    code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    for chosen in ({}, {"HF_HOME": "/h"}, {"HF_HUB_CACHE": "/c", "HF_HOME": "/h"}, {"XDG_CACHE_HOME": "/x"}):
        for name in names:
            monkeypatch.delenv(name, raising=False)
        for name, value in chosen.items():
            monkeypatch.setenv(name, str(tmp_path) + value)
        theirs = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        assert str(cache_folder()) == theirs.strip()


def test_models_that_other_programs_downloaded_are_used(tiny_bert_folder: Path, tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repo = tmp_path / "models--google-bert--bert-base-uncased"
    shutil.copytree(tiny_bert_folder, repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit, encoding="ascii")
    shutil.copytree(repo, tmp_path / "models--someone--bert")
    store = make_store(cache=tmp_path)
    card = store.card("bert-base-uncased")
    assert (card.name, card.revision, card.source) == ("bert-base-uncased", commit, "hub")
    assert (card.licence, card.languages) == ("apache-2.0", ("en",)), (
        "known although no README.md came with it"
    )
    ready = [choice.name for choice in store.choices() if choice.state == "ready"]
    assert ready == ["bert-base-uncased", "someone/bert"]
    # An unfinished snapshot does not count; an older complete one does, even when main points to the newer.
    newer = repo / "snapshots" / commit[::-1]
    newer.mkdir()
    (newer / "config.json").write_text("{}", encoding="utf-8")
    (repo / "refs" / "main").write_text(newer.name, encoding="ascii")
    assert cached_folder("bert-base-uncased", tmp_path) == repo / "snapshots" / commit


def test_offers_are_valid_names_with_a_licence() -> None:
    for offer in OFFERED:
        assert parse_name(offer.name).source == "hub"
        assert parse_name(offer.canonical).source == "hub"
        assert offer.licence
        assert "nc" not in offer.licence.split("-"), "teaching is no reason to bend a non-commercial licence"
        assert offer.languages


def test_the_given_pocket_gpt_loads() -> None:
    folder = ROOT.parent / "shared" / "pocket-gpt"
    if not folder.is_dir():
        pytest.skip("the example checkpoint beside the repository is not here")
    loaded = make_store(bundled=folder.parent).load("pocket-gpt", require="generation")
    ids = loaded.tokenizer("Once upon a time", return_tensors="pt")["input_ids"]
    probs = loaded.forward(input_ids=ids).logits[0, -1].softmax(-1).numpy()
    # float32 softmax over 4,096 entries
    assert np.isclose(probs.sum(dtype=np.float64), 1, atol=1e-5)
    assert loaded.card.num_parameters == loaded.model.num_parameters() == 3_505_152


# --- Tokenizers without a model -------------------------------------------------------------------------------------


def write_vocabulary(folder: Path) -> Path:
    """A folder with a vocab.txt of our own and nothing else."""
    folder.mkdir(parents=True)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "low", "##est", "!"]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    return folder


def test_a_folder_of_a_tokenizer_alone_is_a_tokenizer_and_no_model(tmp_path: Path) -> None:
    folder = write_vocabulary(tmp_path / "only vocab")
    store = make_store()
    assert refusal(store.add_local_folder, folder).reason is Reason.INCOMPLETE
    assert store.add_local_folder(folder, tokenizer_only=True) == "local:only vocab"
    card = store.tokenizer_card("local:only vocab")
    assert (card.name, card.source, card.revision[:7]) == ("local:only vocab", "local", "sha256:")
    assert store.tokenizer_folder(store.parse_name(card.name)) == folder
    assert store.tokenizer_cards() == (card,)
    assert refusal(store.card, card.name).reason is Reason.INCOMPLETE
    assert all(choice.source == "hub" for choice in store.choices()), "no page that needs a model lists it"
    (folder / "vocab.txt").write_text((folder / "vocab.txt").read_text("utf-8") + "##er\n", encoding="utf-8")
    assert store.tokenizer_card(card.name).revision != card.revision, "another vocabulary, another revision"


def test_a_folder_of_tokenizers_is_listed_by_the_operator(tmp_path: Path, tiny_gpt_folder: Path) -> None:
    write_vocabulary(tmp_path / "many" / "one")
    (tmp_path / "many" / "half").mkdir()
    (tmp_path / "many" / "half" / "vocab.json").write_text("{}", encoding="utf-8")  # without merges.txt
    store = make_store(tmp_path / "many", tiny_gpt_folder)
    assert [card.name for card in store.tokenizer_cards()] == ["local:one", "local:tiny-gpt"]


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    store = make_store()
    for nothing in ("empty", "nowhere"):
        found = refusal(store.add_local_folder, tmp_path / nothing, tokenizer_only=True)
        assert found.reason is Reason.NO_TOKENIZER_THERE
    (tmp_path / "empty" / "config.json").write_text("{}", encoding="utf-8")
    found = refusal(store.add_local_folder, tmp_path / "empty", tokenizer_only=True)
    assert found.reason is Reason.INCOMPLETE
    assert "vocab.txt" in str(found.parameters["missing"])
    restricted = make_store(allowed=("bundled",))
    one = write_vocabulary(tmp_path / "one")
    assert refusal(restricted.add_local_folder, one, tokenizer_only=True).reason is Reason.NOT_ALLOWED
    assert refusal(restricted.tokenizer_card, "gpt2").reason is Reason.NOT_ALLOWED
    assert refusal(store.tokenizer_card, "gpt2").reason is Reason.NOT_DOWNLOADED


def test_a_tokenizer_in_the_cache_needs_no_weights(tmp_path: Path, tiny_gpt_folder: Path) -> None:
    snapshot = tmp_path / "models--owner--any" / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    shutil.copy(tiny_gpt_folder / "tokenizer.json", snapshot)
    store = make_store(cache=tmp_path)
    assert store.tokenizer_card("owner/any").revision == "a" * 40
    assert [card.name for card in store.tokenizer_cards()] == ["owner/any"]
    assert refusal(store.card, "owner/any").reason is Reason.NOT_DOWNLOADED
