"""What a twin did at the moments of its training whose weights were kept, in one small file.

For each moment: tokens read, held-out loss, the log-probability of every candidate of every probe, three samples, and what every head looks at in three
texts. The weights of the moments themselves do not ship (they would be a dozen times the model).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from components.lm.checkpoints import in_memory
from components.lm.training.cloze import ClozeProbe, score_probes
from components.lm.training.learning import word_pieces
from components.pretraining.packing import PackedDocuments
from components.pretraining.training import Learner, Machine, RunSettings, TrainingError, held_out_losses

TEXTS = {
    "en": (
        "The girl gave her brother the ball because he was sad.",
        "The old king had three sons, and the youngest son was kind.",
        "Lily saw a dog. The dog saw Lily.",
    ),
    "ko": (
        "아이는 동생에게 공을 주었어요.",
        "옛날에 한 임금님이 살았어요.",
        "고양이가 물고기를 보았어요.",
    ),
}
PROMPTS = {
    "en": ("Once upon a time", "The dog was sad because", '"I am hungry," said'),
    "ko": ("옛날에", "강아지가 슬펐어요.", "배가 고파서"),
}
BLANKS = {
    "en": ("The king sat on his [MASK].", "The girl was very [MASK].", "They [MASK] to the river."),
    "ko": ("아이가 [MASK]를 먹었어요.", "오늘은 날씨가 [MASK].", "[MASK]에 가고 싶어요."),
}
SAMPLE_TOKENS, BEST_GUESSES = 40, 5
MAX_BYTES = 1_000_000


def at_moment(
    model: Any,
    tokenizer: Any,
    settings: RunSettings,
    held_out: PackedDocuments,
    probes: Sequence[ClozeProbe],
) -> tuple[dict[str, Any], list[npt.NDArray[np.uint8]]]:
    """(facts as plain values, weights of each text (layer, head, query, key) in 255ths) of one set of weights.

    ``logprobs`` has a row for each probe: its candidates in their order, in nats; margins are differences in a row."""
    learner = Learner(settings, Machine("cpu", False, torch.get_num_threads()))
    learner.model.load_state_dict(model.state_dict())
    facts = {
        "held_out": {name: round(value, 4) for name, value in held_out_losses(learner, held_out).items()},
        "logprobs": [
            [round(value, 4) for value in result.logprobs]
            for result in score_probes(in_memory(model, tokenizer), probes)
        ],
        "samples": _samples(model, tokenizer, settings),
    }
    return facts, [_attention(model, tokenizer, text) for text in TEXTS[settings.language]]


def _samples(model: Any, tokenizer: Any, settings: RunSettings) -> list[Any]:
    found: list[Any] = []
    if settings.kind == "gpt":
        for seed, prompt in enumerate(PROMPTS[settings.language]):
            torch.manual_seed(seed)
            ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(prompt)["input_ids"]]])
            with torch.inference_mode():
                out = model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=SAMPLE_TOKENS,
                    do_sample=True,
                    temperature=0.7,
                    top_k=0,
                    pad_token_id=tokenizer.eos_token_id,
                )
            found.append(prompt + tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
        return found
    for text in BLANKS[settings.language]:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            logits = model(input_ids=ids).prediction_logits[0]
        probs = logits[(ids[0] == tokenizer.mask_token_id).nonzero()[0, 0]].float().softmax(-1)
        best = probs.topk(BEST_GUESSES)
        tokens = tokenizer.convert_ids_to_tokens(best.indices.tolist())
        found.append([[token, round(p, 4)] for token, p in zip(tokens, best.values.tolist(), strict=True)])
    return found


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids = list(tokenizer(text)["input_ids"])
    return ids if tokenizer.mask_token_id is not None else [tokenizer.bos_token_id, *ids]


def _attention(model: Any, tokenizer: Any, text: str) -> npt.NDArray[np.uint8]:
    with torch.inference_mode():
        layers = model(input_ids=torch.tensor([_ids(tokenizer, text)]), output_attentions=True).attentions
    weights = np.stack([layer[0].float().numpy() for layer in layers])
    return np.round(weights * 255).astype(np.uint8)


def record_moments(
    run_folder: Path,
    tokenizer: Any,
    held_out: PackedDocuments,
    probes: Sequence[ClozeProbe],
    target: Path,
    *,
    of: tuple[str, str],
) -> int:
    """Write the moments of a run whose weights were kept, and its end, to ``target`` (.npz); returns its bytes.

    ``of`` is (name of the model, ``sha256:`` of the weights that ship): the file names what it belongs to. ``facts`` in the file
    is JSON: ``texts``, ``prompts``, ``probes``, ``pieces`` (tokens of each candidate), ``tokens_of_texts`` and one entry of ``moments`` each; ``text_0`` ... are
    arrays (moment, layer, head, query, key), uint8. Raises TrainingError when no weights were kept or the file would pass 1 MB.
    """
    from components.pretraining.export import load_run_model

    paths = sorted((run_folder / "snapshots").glob("step-*.pt"), key=lambda path: int(path.stem[5:]))
    if not paths:
        raise TrainingError(f"{run_folder}: no weights were kept along the way; train with --snapshots")
    moments: list[dict[str, Any]] = []
    arrays: list[list[npt.NDArray[np.uint8]]] = []
    pieces: list[list[tuple[str, ...]]] = []
    settings = None
    for path in paths:
        settings, model, at = load_run_model(run_folder, f"snapshots/{path.name}")
        model = model.half().float()  # the weights that ship are rounded to fp16
        facts, weights = at_moment(model, tokenizer, settings, held_out, probes)
        if not moments:
            loaded = in_memory(model, tokenizer)
            pieces = [[word_pieces(loaded, p, word) for word in p.candidates] for p in probes]
        moments.append({"step": at["step"], "tokens": at["tokens"], **facts})
        arrays.append(weights)
    assert settings is not None
    texts = TEXTS[settings.language]
    facts_of_run = {
        "texts": texts,
        "tokens_of_texts": [tokenizer.convert_ids_to_tokens(_ids(tokenizer, text)) for text in texts],
        "prompts": (PROMPTS if settings.kind == "gpt" else BLANKS)[settings.language],
        "probes": [[probe.kind, probe.sentence, *probe.candidates] for probe in probes],
        "pieces": pieces,
        "moments": moments,
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.stem + ".partial.npz")
    np.savez_compressed(
        temporary,
        allow_pickle=False,
        of=np.array(of),
        facts=np.array(json.dumps(facts_of_run, ensure_ascii=False)),
        **{f"text_{k}": np.stack([weights[k] for weights in arrays]) for k in range(len(texts))},
    )
    size = temporary.stat().st_size
    if size > MAX_BYTES:
        temporary.unlink()
        raise TrainingError(f"{target}: {size:,} bytes, more than {MAX_BYTES:,}; keep fewer moments")
    temporary.replace(target)
    return size
