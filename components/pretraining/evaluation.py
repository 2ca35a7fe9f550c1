"""Measure a trained model on held-out documents: everything a model card reports.

All numbers are plain JSON values; ``evaluate_gpt`` and ``evaluate_bert`` return them in one dictionary.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from components.lm.bert.masking import IGNORED_LABEL, Action
from components.lm.checkpoints import in_memory
from components.lm.gpt.strategies import repeated
from components.lm.training.cloze import (
    KOREAN_PROBES_PATH,
    LARGE_PROBES_PATH,
    PROBES_PATH,
    ClozeProbe,
    accuracy_by_kind,
    load_probes,
    score_probes,
)
from components.lm.transformer.head_scores import (
    KINDS,
    HeadScores,
    attentions_of,
    mean_scores,
    repeated_sequence,
    score_heads,
    uniform_attention,
)
from components.pretraining.corpus import Source, read_corpus
from components.pretraining.export import load_run_model
from components.pretraining.ngrams import KneserNey, NeighbourCounts
from components.pretraining.packing import PackedDocuments, bert_epoch, gpt_epoch, order_epoch
from components.pretraining.probing import (
    load_pronouns,
    load_senses,
    names_remembered,
    pronoun_heads,
    senses_apart,
)
from components.pretraining.training import (
    Learner,
    Machine,
    Masking,
    RunSettings,
    held_out_losses,
    mask_bert_batch,
)
from components.pretraining.vocabularies import (
    BERT_SPECIAL_IDS,
    FIRST_WORD_ID,
    byte_lengths,
    for_transformers,
    unknown_share,
)

PROMPTS = {
    "en": (
        "Once upon a time",
        "Lily and Ben went to the park",
        "The old king had three sons.",
        "The dog was sad because",
        '"I am hungry," said',
        "In the middle of the forest",
        "One day a little girl",
        "The ship sailed",
        "When the wolf saw the",
        "There was once a poor man who",
    ),
    "ko": (
        "옛날에",
        "아이는 엄마와 함께",
        "오늘은 날씨가",
        "강아지가 슬펐어요.",
        "배가 고파서",
        "학교에 가는 길에",
        "할머니께서",
        "어제 본 영화는",
        "숲속에 사는 토끼가",
        "친구가 나에게",
    ),
}
BLANKS = (
    "아이가 밥[MASK] 먹었어요.",
    "나는 어제 친구와 [MASK] 봤다.",
    "이 영화는 정말 [MASK].",
    "하늘에서 [MASK] 내린다.",
    "남자가 [MASK] 열었다.",
    "고양이[MASK] 방에서 자고 있어요.",
    "여자는 [MASK] 마셨다.",
    "서울[MASK] 대한민국의 수도이다.",
    "오늘 날씨가 너무 [MASK].",
    "그는 1945년[MASK] 태어났다.",
)
"""Ten blanks for a Korean BERT, written before it was measured."""
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[가-힣]+")
_HANGUL = re.compile("(?<!\\S)[가-힣]+(?!\\S)")  # a word that is Hangul syllables from end to end


def text_losses(model: Any, tokenizer: Any, documents: Iterable[str], context: int) -> dict[str, float]:
    """Bits per byte, nats per token and perplexity of a causal model on whole documents.

    Each document is read after the end-of-text token. One longer than ``context`` is read in windows that overlap
    by half, and each token is counted once, with the longer history.
    """
    nats, tokens, num_bytes = 0.0, 0, 0
    stride = context // 2
    windows: list[tuple[list[int], int]] = []  # (ids, how many of the last are counted)
    for document in documents:
        ids = [tokenizer.bos_token_id, *tokenizer(document, add_special_tokens=False, verbose=False)["input_ids"]]  # fmt: skip
        num_bytes += len(document.encode("utf-8"))
        tokens += len(ids) - 1
        end = min(len(ids), context)
        windows.append((ids[:end], end - 1))
        while end < len(ids):
            new_end = min(len(ids), end + stride)
            windows.append((ids[max(0, new_end - context) : new_end], new_end - end))
            end = new_end
    windows.sort(key=lambda window: len(window[0]))
    with torch.inference_mode():
        for start in range(0, len(windows), 16):
            batch = windows[start : start + 16]
            width = max(len(ids) for ids, _ in batch)
            padded = torch.zeros(len(batch), width, dtype=torch.long)
            counted = torch.zeros(len(batch), width, dtype=torch.bool)
            for row, (ids, new) in enumerate(batch):
                padded[row, : len(ids)] = torch.tensor(ids)
                counted[row, len(ids) - new : len(ids)] = True
            logits = model(input_ids=padded).logits[:, :-1][counted[:, 1:]].float()
            targets = padded[:, 1:][counted[:, 1:]]
            nats += torch.nn.functional.cross_entropy(logits, targets, reduction="sum").item()
    return {
        "bits_per_byte": nats / np.log(2) / num_bytes,
        "nats_per_token": nats / tokens,
        "perplexity": float(np.exp(nats / tokens)),
        "tokens": tokens,
        "bytes": num_bytes,
    }


def ngram_losses(
    train_rows: np.ndarray, held_out: PackedDocuments, vocab_size: int, orders: Sequence[int] = (1, 2, 5)
) -> dict[str, dict[str, float]]:
    """The same numbers for counted models: unigram with one added, Kneser-Ney for longer ones.

    ``train_rows`` are the rows the network was trained on, as often as it saw them.
    """
    longest = max(orders)
    histories, targets = [], []
    for start, end in zip(held_out.document_offsets[:-1], held_out.document_offsets[1:], strict=True):
        ids = held_out.tokens[start:end].astype(np.int64)  # begins with the end-of-text token
        padded = np.concatenate([np.zeros(longest - 1, np.int64), ids])
        windows = np.lib.stride_tricks.sliding_window_view(padded, longest)[1:]
        histories.append(windows)
        targets.append(ids[1:])
    windows = np.concatenate(histories)
    target = np.concatenate(targets)
    result = {}
    for order in orders:
        if order == 1:
            nats = -NeighbourCounts.of(train_rows, vocab_size).unigram_logprobs()[target].sum()
        else:
            nats = -KneserNey(train_rows, order, vocab_size).logprobs(windows[:, longest - order :]).sum()
        per_token = float(nats / len(target))
        result[f"{order}-gram"] = {
            "bits_per_byte": float(nats / np.log(2) / held_out.num_bytes),
            "nats_per_token": per_token,
            "perplexity": float(np.exp(per_token)),
        }
    return result


def known_words(texts: Iterable[str], min_count: int = 2) -> set[str]:
    """Lower-case words that occur at least ``min_count`` times in the training text."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word.lower() for word in _WORD.findall(text))
    return {word for word, count in counts.items() if count >= min_count}


def real_word_share(texts: Sequence[str], words: set[str]) -> float:
    """Share of the generated words that are in ``words``. A last word may be cut off and is left out."""
    found = [word.lower() for text in texts for word in _WORD.findall(text)[:-1]]
    return sum(word in words for word in found) / len(found) if found else 0.0


def sample_texts(
    model: Any, tokenizer: Any, temperature: float, num_tokens: int = 100, language: str = "en"
) -> tuple[list[str], list[list[int]]]:
    """One continuation per prompt: (texts with the prompt, generated token ids). Temperature 0 is greedy."""
    texts, generated = [], []
    for seed, prompt in enumerate(PROMPTS[language]):
        torch.manual_seed(seed)
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(prompt)["input_ids"]]])
        options: dict[str, Any] = {"do_sample": temperature > 0}
        if temperature > 0:
            options |= {"temperature": temperature, "top_k": 0}
        with torch.inference_mode():
            out = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=num_tokens,
                pad_token_id=tokenizer.eos_token_id,
                **options,
            )
        new = out[0, ids.shape[1] :].tolist()
        if tokenizer.eos_token_id in new:
            new = new[: new.index(tokenizer.eos_token_id)]
        generated.append(new)
        texts.append(prompt + tokenizer.decode(new))
    return texts, generated


def filled_blanks(model: Any, tokenizer: Any, sentences: Sequence[str] = BLANKS, top: int = 3) -> list[dict[str, Any]]:  # fmt: skip
    """The first ``top`` tokens of a masked language model at the one mask of each sentence, with their probabilities."""
    found = []
    for sentence in sentences:
        ids = torch.tensor([tokenizer(sentence)["input_ids"]])
        at = ids[0].tolist().index(tokenizer.mask_token_id)
        with torch.inference_mode():
            hidden = model.bert(input_ids=ids).last_hidden_state[0, at : at + 1]
            probs = model.cls.predictions(hidden)[0].float().softmax(-1)
        best = probs.topk(top)
        tokens = tokenizer.convert_ids_to_tokens(best.indices.tolist())
        guesses = zip(tokens, best.values.tolist(), strict=True)
        found.append({"sentence": sentence, "guesses": [[token, round(p, 4)] for token, p in guesses]})
    return found


def masked_accuracies(
    model: Any,
    held_out: PackedDocuments,
    vocab_size: int,
    lengths: Sequence[int],
    rows: int = 1024,
    token_bytes: np.ndarray | None = None,
) -> dict[str, Any]:
    """BERT or ALBERT on held-out pairs with 15% and 80/10/10: accuracy and loss by what was done to the token, and of the
    sentence task: ``nsp``, or for an ALBERT ``sop``.

    ``rows`` pairs in all, shared equally between the ``lengths``; the same pairs and masks on every call. With
    ``token_bytes``, how long the text of each token is in UTF-8, (vocab,), the loss is also given in bits per byte.
    """
    is_albert = hasattr(model, "albert")
    layers = model.albert if is_albert else model.bert
    predictions = model.predictions if is_albert else model.cls.predictions
    sentences = model.sop_classifier if is_albert else model.cls.seq_relationship
    kinds = {"mask": Action.MASKED, "random": Action.RANDOM, "kept": Action.KEPT}
    sums = {name: np.zeros(4) for name in (*kinds, "all")}  # predicted, right, nats, bytes
    next_right = next_total = 0
    next_nats = 0.0
    inputs: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for length in lengths:
        rng = np.random.default_rng([4, length])
        pairs = (order_epoch if is_albert else bert_epoch)(held_out, length, rng)
        count = min(len(pairs), rows // len(lengths))
        for start in range(0, count, 32):
            index = np.arange(start, min(start + 32, count))
            batch = mask_bert_batch(held_out, pairs, index, length, Masking(), vocab_size, rng)
            inputs.append(batch["input_ids"])
            labels.append(batch["labels"])
            chosen = batch["labels"] != IGNORED_LABEL
            targets = torch.from_numpy(batch["labels"][chosen])
            with torch.inference_mode():
                out = layers(
                    input_ids=torch.from_numpy(batch["input_ids"]),
                    token_type_ids=torch.from_numpy(batch["token_type_ids"]),
                    attention_mask=torch.from_numpy(batch["attention_mask"]),
                )
                logits = predictions(out.last_hidden_state[torch.from_numpy(chosen)]).float()
                next_logits = sentences(out.pooler_output).float()
            nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none").numpy()
            right = (logits.argmax(-1) == targets).numpy()
            actions = batch["actions"][chosen]
            for name in sums:
                part = np.full(len(actions), True) if name == "all" else actions == kinds[name]
                length_of = 0 if token_bytes is None else token_bytes[targets.numpy()[part]].sum()
                sums[name] += (part.sum(), right[part].sum(), nats[part].sum(), length_of)
            is_next = torch.from_numpy(batch["next_sentence_label"])
            next_right += int((next_logits.argmax(-1) == is_next).sum())
            next_nats += torch.nn.functional.cross_entropy(next_logits, is_next, reduction="sum").item()
            next_total += len(index)
    mlm = {
        name: {"predicted": int(n), "accuracy": right / max(n, 1), "loss": nats / max(n, 1)}
        | ({"bits_per_byte": nats / np.log(2) / size} if size else {})
        for name, (n, right, nats, size) in sums.items()
    }
    return {
        "mlm": mlm,
        "sop" if is_albert else "nsp": {
            "pairs": next_total,
            "accuracy": next_right / next_total,
            "loss": next_nats / next_total,
        },
        "_inputs": inputs,
        "_labels": labels,
    }


def masked_baselines(
    train: PackedDocuments, inputs: list[np.ndarray], labels: list[np.ndarray], vocab_size: int
) -> dict[str, dict[str, float]]:
    """What counting alone gives on the same masked tokens: the most frequent token everywhere, and the token that
    most often follows the left neighbour (the most frequent one where that neighbour is special).

    The losses are those of the counts as models: unigram with one added, and a Kneser-Ney bigram."""
    rows_seen = train.tokens.astype(np.int64)[None]
    counts, bigram = NeighbourCounts.of(rows_seen, vocab_size), KneserNey(rows_seen, 2, vocab_size)
    logprobs = counts.unigram_logprobs()
    most_frequent = int(counts.counts.argmax())
    right_unigram = right_neighbour = total = 0
    nats = nats_neighbour = 0.0
    for ids, label in zip(inputs, labels, strict=True):
        rows, columns = np.nonzero(label != IGNORED_LABEL)
        targets = label[rows, columns]
        left = ids[rows, columns - 1]
        guess = np.where(left >= FIRST_WORD_ID, counts.most_frequent_follower[left], most_frequent)
        right_unigram += int((targets == most_frequent).sum())
        right_neighbour += int((targets == guess).sum())
        nats -= float(logprobs[targets].sum())
        nats_neighbour -= float(bigram.logprobs(np.stack([left, targets], axis=1)).sum())
        total += len(targets)
    return {
        "unigram": {"accuracy": right_unigram / total, "loss": nats / total},
        "most frequent follower of the left neighbour": {
            "accuracy": right_neighbour / total,
            "loss": nats_neighbour / total,
        },
    }


def head_table(model: Any, kind: str, held_out: PackedDocuments, num_texts: int = 24) -> dict[str, Any]:
    """Mean head scores on held-out texts of 64 tokens, induction on repeated random sequences, and what a head that
    looks at everything alike would get."""
    length, copy_length = 64, 20
    prefix, suffix = (
        ([0], []) if kind == "gpt" else ([BERT_SPECIAL_IDS["[CLS]"]], [BERT_SPECIAL_IDS["[SEP]"]])
    )
    special = {0} if kind == "gpt" else set(BERT_SPECIAL_IDS.values())
    separators = set() if kind == "gpt" else {BERT_SPECIAL_IDS["[SEP]"]}
    causal = kind == "gpt"
    lengths = np.diff(held_out.document_offsets)
    chosen = np.flatnonzero(lengths >= length)[:num_texts]
    texts: list[HeadScores] = []
    uniform: list[HeadScores] = []
    copies: list[HeadScores] = []

    def score(ids: list[int], weights: Any) -> HeadScores:
        return score_heads(weights, ids, causal=causal, separator_ids=separators, ignore_ids=special)

    for document in chosen:
        start = int(held_out.document_offsets[document])
        words = held_out.tokens[start : start + length].tolist()
        ids = (
            words if causal else [*prefix, *words[: length - 2], *suffix]
        )  # GPT documents begin with token 0
        texts.append(score(ids, attentions_of(model, ids)))
        uniform.append(score(ids, uniform_attention(len(ids), causal)))
    ordinary = np.unique(held_out.tokens)
    ordinary = ordinary[ordinary >= (1 if causal else FIRST_WORD_ID)].tolist()
    uniform_copies: list[HeadScores] = []
    for seed in range(num_texts):
        ids = repeated_sequence(ordinary, copy_length, seed=seed, prefix=prefix, suffix=suffix)
        copies.append(score(ids, attentions_of(model, ids)))
        uniform_copies.append(score(ids, uniform_attention(len(ids), causal)))
    means, copied = mean_scores(texts), mean_scores(copies)
    chance, chance_copied = mean_scores(uniform), mean_scores(uniform_copies)

    def value(scores: HeadScores, on_copies: HeadScores, name: str) -> np.ndarray:
        return on_copies.induction if name == "induction" else scores.of(name)

    return {
        "heads": {name: np.round(value(means, copied, name), 4).tolist() for name in KINDS if not np.isnan(means.of(name)).all()},
        "uniform": {name: round(float(value(chance, chance_copied, name)[0, 0]), 4) for name in KINDS if not np.isnan(chance.of(name)).all()},
        "texts": len(texts),
    }  # fmt: skip


def cloze_table(model: Any, tokenizer: Any, probes: Sequence[ClozeProbe]) -> dict[str, dict[str, float]]:
    """Accuracy per kind of probe, and over all."""
    results = score_probes(in_memory(model, tokenizer), probes)
    table = {
        kind.kind: {"correct": kind.num_correct, "probes": kind.num_probes, "chance": round(kind.chance, 3)}
        for kind in accuracy_by_kind(results)
    }
    table["all"] = {
        "correct": sum(result.correct for result in results),
        "probes": len(results),
        "chance": round(sum(1 / len(probe.candidates) for probe in probes) / len(probes), 3),
    }
    return table


def rows_seen(settings: RunSettings, packed: PackedDocuments, used: dict[int, int]) -> np.ndarray:
    """The token stream rows a GPT run was trained on, as often as it saw them, (rows, shortest length + 1).

    Longer rows are cut into rows of the shortest length, so that counted models see the same tokens.
    """
    shortest = min(settings.lengths)
    parts = []
    for length, count in used.items():
        epoch, left = 0, count
        while left > 0:
            rows = gpt_epoch(packed, length, np.random.default_rng([settings.seed, 2, length, epoch]))[:left]
            for start in range(0, length, shortest):
                piece = rows[:, start : start + shortest + 1]
                if piece.shape[1] == shortest + 1:
                    parts.append(piece)
            left -= len(rows)
            epoch += 1
    return np.concatenate(parts)


def evaluate_run(folder: Path, work: Path, corpus: Path, *, five_gram: bool = False) -> dict[str, Any]:
    """Everything the card of a run reports, measured on the documents held out when its text was packed."""
    from tokenizers import Tokenizer

    settings, model, progress = load_run_model(folder)
    kind, size = settings.kind, settings.size
    packed_name = settings.vocabulary
    packed_folder = work / "packed" / packed_name
    held_out = PackedDocuments.load(packed_folder / "held_out.npz")
    packed = PackedDocuments.load(packed_folder / "train.npz")
    probes = load_probes(KOREAN_PROBES_PATH if settings.language == "ko" else PROBES_PATH)
    learned = Tokenizer.from_file(str(work / "tokenizers" / f"{packed_name}.json"))
    tokenizer = for_transformers(learned, kind, size.context(kind))
    result: dict[str, Any] = {
        "tokens": progress["tokens"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "hardware": progress["hardware"] or Machine.choose(threads=1).describe(),
        "cloze": cloze_table(model, tokenizer, probes),
        "heads": head_table(model, kind, held_out),
    }
    if settings.language == "en":
        result["cloze_280"] = cloze_table(model, tokenizer, load_probes(LARGE_PROBES_PATH))
        result["senses"] = senses_apart(model, tokenizer, load_senses())
        result["pronouns"] = pronoun_heads(model, tokenizer, load_pronouns())
    if kind == "gpt":
        summary = json.loads((packed_folder / "summary.json").read_text(encoding="utf-8"))
        train_documents, documents = read_corpus(
            corpus, [Source(*item) for item in summary["sources"].items()]
        )
        result["text"] = text_losses(model, tokenizer, [d.text for d in documents], size.gpt_context)
        result["by_source"] = {
            source: text_losses(
                model, tokenizer, [d.text for d in documents if d.source == source], size.gpt_context
            )
            for source in summary["sources"]
            if any(d.source == source for d in documents)
        }
        if settings.language == "en":
            result["names"] = names_remembered(model, tokenizer)
        orders = (1, 2, 5) if five_gram else (1, 2)
        seen = rows_seen(settings, packed, progress["used"])
        result["ngrams"] = ngram_losses(seen, held_out, size.vocab_size, orders)
        result["samples"], sampled = sample_texts(model, tokenizer, 0.7, language=settings.language)
        _, greedy = sample_texts(model, tokenizer, 0.0, language=settings.language)
        new_texts = [tokenizer.decode(ids) for ids in sampled]
        result["real_words"] = real_word_share(new_texts, known_words(d.text for d in train_documents))
        result["greedy_repetition"] = float(np.mean([repeated(ids) for ids in greedy]))
        result["sampled_repetition"] = float(np.mean([repeated(ids) for ids in sampled]))
    else:
        lengths = byte_lengths(learned) if settings.language == "ko" else None
        measured = masked_accuracies(
            model, held_out, size.vocab_size, sorted(settings.lengths), token_bytes=lengths
        )
        inputs, labels = measured.pop("_inputs"), measured.pop("_labels")
        result |= measured
        result["baselines"] = masked_baselines(packed, inputs, labels, size.vocab_size)
        if settings.language == "ko":
            summary = json.loads((packed_folder / "summary.json").read_text(encoding="utf-8"))
            sources = [Source(*item) for item in summary["sources"].items()]
            texts = [document.text for document in read_corpus(corpus, sources)[1]]
            result["unknown"] = {
                "words": unknown_share(learned, texts),
                "hangul": unknown_share(learned, [" ".join(_HANGUL.findall(text)) for text in texts]),
            }
            result["blanks"] = filled_blanks(model, tokenizer)
    result["snapshots"] = {}
    machine = Machine("cpu", False, torch.get_num_threads())
    for path in sorted((folder / "snapshots").glob("step-*.pt")):
        _, snapshot, at = load_run_model(folder, f"snapshots/{path.name}")
        learner = Learner(settings, machine)
        learner.model.load_state_dict(snapshot.state_dict())
        cloze = cloze_table(snapshot, tokenizer, probes)
        total = cloze.pop("all")
        result["snapshots"][str(at["step"])] = {
            "held_out": {name: round(v, 4) for name, v in held_out_losses(learner, held_out).items()},
            "cloze_correct": total["correct"],
            "cloze_probes": total["probes"],
            "cloze": cloze,
        }
    return result
