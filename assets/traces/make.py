"""Compute the first screens that are drawn before torch is imported. Run: ``python assets/traces/make.py``.

Everything here is computed by the bundled models and algorithms; run it again when one of them changes.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from components.lessons.bert.masked_text import MODEL, maskable_text  # noqa: E402
from components.lessons.transformer.masks_recorded import GUESSES  # noqa: E402
from components.lm import checkpoints  # noqa: E402
from components.lm.gpt.decoding import SamplingSettings  # noqa: E402
from components.lm.gpt.writing import Writing  # noqa: E402
from components.lm.gpt.written import details, prompt_line, written_line  # noqa: E402


def gpt_generation(steps: int = 17) -> dict:
    """The default view of "GPT writes, token by token"."""
    from components.lessons.gpt.generation import PARAMS

    state = {p.key: p.default for p in PARAMS}
    loaded = checkpoints.load(state["model"], "generation")
    settings = SamplingSettings(
        state["strategy"] == "sample", state["temperature"], state["top_k"], state["top_p"], state["seed"]
    )
    text = Writing(loaded.model, loaded.tokenizer, state["prompt"], settings, {})
    written = text.steps(steps)[:steps]
    return {
        "model": loaded.card.name,
        "revision": loaded.card.revision,
        "state": {
            k: state[k] for k in ("prompt", "model", "strategy", "temperature", "top_k", "top_p", "seed")
        },
        "limit": text.prompt.context_length,
        "prompt": prompt_line(text.prompt, text.statistics()),
        "line": written_line(written),
        "steps": details(written),
    }


def gpt_learning() -> dict:
    """The default view of "Watching a model learn": every probe at every moment, and each panel."""
    from components.lessons.gpt.learning import TRACE, computed_view

    found = computed_view()
    save(TRACE.name, found)
    return found


def bert_attention() -> None:
    """The default view of "Attention heads": every weight, exact."""
    from components.lessons.attention_models import default_model
    from components.lessons.bert.attention import TEXT
    from components.lessons.bert.attention_recorded import ATTENTION, AttentionView
    from components.lm.transformer.attention import attend, encode, separator_ids

    loaded = checkpoints.load(default_model(), "attention")
    found = attend(loaded, encode(loaded, TEXT))
    of = (loaded.card.name, loaded.card.revision, TEXT, "")
    AttentionView(of, found, separator_ids(loaded)).save(HERE / ATTENTION)
    print(f"{ATTENTION}: {(HERE / ATTENTION).stat().st_size:,} bytes")


def masks() -> list[dict]:
    """The default view of "Who may look at whom": every word of its sentence, guessed by both models."""
    from components.lessons.transformer.masks import LAYER, PARAMS, SENTENCE
    from components.lessons.transformer.masks_recorded import guesses_as_json
    from components.lm.transformer.word_context import guess_word, word_spans

    state = {p.key: p.default for p in PARAMS}
    found = []
    for name in (state["left_model"], state["right_model"]):
        loaded = checkpoints.load(name, "attention")
        guesses = [guess_word(loaded, SENTENCE, word, LAYER) for word in range(len(word_spans(SENTENCE)))]
        found.append(guesses_as_json(loaded.card.name, loaded.card.revision, SENTENCE, guesses))
    return found


def bert_inputs() -> None:
    """The default view of "Token + segment + position": every row, exact, and the neighbours of its tokens."""
    from components.lessons.bert.inputs import FIRST, MODEL, SECOND
    from components.lessons.bert.inputs_recorded import INPUTS, InputsView
    from components.lm.bert.embeddings import embed, neighbours, num_segments, read_input

    loaded = checkpoints.load(MODEL, "attention")
    given = read_input(loaded, FIRST, SECOND)
    near = {token: neighbours(loaded, token) for token in given.input_ids.tolist()}
    of = (loaded.card.name, loaded.card.revision, FIRST, SECOND)
    InputsView(of, num_segments(loaded), given, embed(loaded, given), near).save(HERE / INPUTS)
    print(f"{INPUTS}: {(HERE / INPUTS).stat().st_size:,} bytes")


def bert_contextual() -> None:
    """The default view of "One word, many meanings": every vector, exact."""
    from components.lessons.bert.contextual import MODEL, SENTENCES, WORD
    from components.lessons.bert.contextual_recorded import WORDS, save_words
    from components.lm.bert.contextual import word_vectors

    loaded = checkpoints.load(MODEL, "attention")
    vectors = word_vectors(loaded, SENTENCES.splitlines(), WORD)
    save_words((loaded.card.name, loaded.card.revision, SENTENCES, WORD), vectors, HERE / WORDS)
    print(f"{WORDS}: {(HERE / WORDS).stat().st_size:,} bytes")


def bert_masking() -> None:
    """The default views of the masking lab, the dice and next sentence, and every pair its rounds can draw."""
    from components.lessons.bert import dice as dice_page
    from components.lessons.bert import masking as page
    from components.lessons.bert import next_sentence as next_page
    from components.lm.bert.dice import Recipe, settle
    from components.lm.bert.next_sentence import judge

    loaded = checkpoints.load(MODEL, "masked_prediction")
    card, left_only = loaded.card, checkpoints.card(page.LEFT_ONLY)
    model = {"model": card.name, "revision": card.revision}
    text = maskable_text(card.name, card.revision, page.TEXT)
    hidden = list(page.HIDDEN)
    state = {"mlm_text": page.TEXT, "hidden": hidden, "filled": []}
    lab = page.lab_data(card, text, hidden, {})
    save(
        "bert-masking.json",
        {**model, "others": {left_only.name: left_only.revision}, "state": state, "lab": lab, "three_ways": page.three_ways(card, text, hidden, {})},
    )  # fmt: skip

    state = {p.key: p.default for p in dice_page.PARAMS if p.key in dice_page.DREW}
    text = maskable_text(card.name, card.revision, dice_page.TEXT)
    settled = {n: settle(text, Recipe(), num_draws=n, seed=state["seed"]) for n in (1, 100)}
    kept = {
        n: {"tokens": s.tokens, "draws": s.draws, "counts": {int(a): c for a, c in s.counts.items()}}
        for n, s in settled.items()
    }
    save(
        "bert-dice.json",
        {
            **model,
            "state": state,
            "draw": dice_page.draw_data(card, text, Recipe(), state["seed"]),
            "settled": kept,
        },
    )

    told = next_page.scene("en")
    lines, others = ([text for _, text in told[part]] for part in ("lines", "elsewhere"))
    pairs = [(a, b) for i, a in enumerate(lines[:-1]) for j, b in enumerate(lines) if i != j]
    pairs += [(a, b) for a in lines[:-1] for b in others]
    pairs += next_page.probe_pairs(*told["probe"].values()).values()
    sentences = list(dict.fromkeys(sentence for pair in pairs for sentence in pair))
    verdicts = [
        [sentences.index(a), sentences.index(b), verdict.is_next_prob]
        for (a, b), verdict in zip(pairs, judge(loaded, pairs), strict=True)
    ]
    save("bert-next_sentence.json", {**model, "state": {}, "sentences": sentences, "verdicts": verdicts})


def miniature_of_generation(trace: dict) -> dict:
    """Five steps of the same text, with the four likeliest tokens of each."""
    import math

    frames = []
    for k, step in enumerate(trace["steps"][:6]):
        text = "".join(entry[0] for entry in (*trace["prompt"], *trace["line"][:k]))
        bars = [
            [token, round(math.exp(logit - step["log_z"]), 4)]
            for token, logit in zip(step["texts"][:4], step["logits"][:4], strict=True)
        ]
        chosen = step["ids"].index(step["chosen"]["id"]) if step["chosen"]["id"] in step["ids"][:4] else -1
        frames.append({"text": text[-34:], "next": step["chosen"]["text"], "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}


def miniature_of_bpe() -> dict:
    """The course's four words, one merge a frame."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.bpe import train_bpe

    trace = train_bpe(dict(TOY), 10)
    marks = [[], *([merged] for merged in trace.merged_symbols)]
    return {
        "kind": "strips",
        "frames": [{"rows": trace.word_symbols(moment), "marked": marks[moment]} for moment in range(11)],
    }


def miniature_of_encode() -> dict:
    """*lowest* under these merges, one merge a row."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.bpe import train_bpe

    word = train_bpe(dict(TOY), 10).model().encode_word("lowest")
    marks = [[], *([step.merged] for step in word.steps)]
    states = word.states
    return {
        "kind": "strips",
        "frames": [{"rows": states[max(0, k - 3) : k + 1], "marked": marks[k]} for k in range(len(states))],
    }


def miniature_of_wordpiece() -> dict:
    """Three referees on the course's words: what each has learned, one merge a frame."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.referee_race import run_race

    lanes = run_race(dict(TOY), 8).lanes
    frames = []
    for moment in range(1, 9):
        rows = [[lane.referee, *lane.trace.merged_symbols[max(0, moment - 4) : moment]] for lane in lanes]
        frames.append({"rows": rows, "marked": [lane.trace.merged_symbols[moment - 1] for lane in lanes]})
    return {"kind": "strips", "frames": frames}


def miniature_of_compare() -> dict:
    """One word in the tokenizers learned from the samples, and in pocket-gpt."""
    from components.lm.tokens.comparison import train_all
    from components.lm.tokens.tokenizer_files import read_tokenizer
    from components.lm.tokens.words import count_words

    samples = HERE.parent / "samples"
    text = "\n".join(
        (samples / f"{name}.txt").read_text(encoding="utf-8") for name in ("tale_en", "story_ko")
    )
    four = train_all(count_words(text, lowercase=True), 300)
    file = read_tokenizer(HERE.parent / "models" / "pocket-gpt")
    frames = []
    for word in ("slowest", "안녕"):
        made = {**dict(four.tokenize(word)), "pocket-gpt": file.tokenization(word)}
        rows = [
            [token.token for token in made[name].tokens]
            for name in ("words", "bpe", "wordpiece", "pocket-gpt")
        ]
        frames.append({"rows": rows, "marked": ["[UNK]"]})
    return {"kind": "strips", "frames": frames}


def miniature_of_sizes() -> dict:
    """Where the parameters of a few models sit."""
    from components.lm.transformer.model_size import count, part_count, parts, presets, times

    frames = []
    for preset in presets():
        if preset.name not in ("bert-base", "bert-large", "albert-base", "gpt-3-175b"):
            continue
        total = count(preset.size)
        shares: dict[str, float] = {}
        for part in parts(preset.size):
            name = {"token": "tokens", "attention": "attention", "feed_forward": "feed-fwd"}.get(
                part.name, "other"
            )
            shares[name] = (
                shares.get(name, 0) + part_count(part, preset.size) * times(part, preset.size) / total
            )
        bars = [[name, round(share, 4)] for name, share in shares.items()]
        chosen = max(range(len(bars)), key=lambda i: bars[i][1])
        frames.append({"text": f"{preset.name} ", "next": f"{total:,}", "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}


def miniature_of_positions(rows: int = 16) -> dict:
    """Cosines of the first positions with one another: the waves, then the table pocket-gpt learned."""
    from components.lm.transformer.positions import cosines, learned_table, sinusoids

    store = checkpoints.store()
    table = learned_table(store.folder(store.parse_name("pocket-gpt")), checkpoints.card("pocket-gpt"))
    frames = [
        {"tokens": [""] * rows, "weights": cosines(some[:rows]).clip(0, 1).round(3).tolist()}
        for some in (sinusoids(rows, 32), table.rows)
    ]
    return {"kind": "matrix", "frames": frames}


def miniature_of_inputs() -> dict:
    """The pair of the course as the bundled BERT reads it: tokens, then segments, then positions."""
    from components.lessons.bert.inputs import FIRST, MODEL, SECOND
    from components.lm.bert.embeddings import read_input

    read = read_input(checkpoints.load(MODEL, "attention"), FIRST, SECOND)
    rows = [
        [*read.tokens[:7]],
        ["AB"[s] for s in read.token_type_ids.tolist()][:7],
        [str(p) for p in read.position_ids.tolist()][:7],
    ]
    return {"kind": "strips", "frames": [{"rows": rows[: k + 1], "marked": rows[k]} for k in range(3)]}


def miniature_of_contextual() -> dict:
    """The lines of the first view, the followed word marked."""
    from components.lessons.bert.contextual import EXAMPLES

    rows = [line.split()[:5] for line in EXAMPLES["record"]]
    return {
        "kind": "strips",
        "frames": [{"rows": rows[: k + 1], "marked": ["record"]} for k in range(len(rows))],
    }


def _frame(tokens: list[str], weights: object) -> dict:
    """One frame of the kind ``matrix``."""
    import numpy as np

    return {"tokens": tokens, "weights": np.asarray(weights, float).round(3).tolist()}


def miniature_of_attention() -> dict:
    """The five heads of the default text that spread their weight least, one after the other."""
    from components.lessons.attention_models import default_model
    from components.lessons.bert.attention import TEXT
    from components.lm.transformer.attention import attend, encode, entropy

    loaded = checkpoints.load(default_model(), "attention")
    found = attend(loaded, encode(loaded, TEXT))
    heads = found.weights.reshape(-1, *found.weights.shape[2:])
    sharpest = sorted(entropy(heads).mean(-1).argsort()[:5].tolist())
    return {"kind": "matrix", "frames": [_frame(list(found.encoded.texts), heads[i]) for i in sharpest]}


def miniature_of_self_attention() -> dict:
    """The worked example: scores (of their maximum), then weights, without and with the causal mask."""
    from components.lm.transformer.attention_steps import worked_example

    plain, causal = worked_example(), worked_example(causal=True)
    names = ["The", "cat", "sat"]
    shown = [plain.scores / plain.scores.max(), plain.weights, causal.weights]
    return {"kind": "matrix", "frames": [_frame(names, matrix) for matrix in shown]}


def miniature_of_masks() -> dict:
    """The causal mask, a prefix, padding, everybody: a still picture shows the first."""
    from components.lm.transformer import attention_patterns as patterns

    names = [""] * 6
    shown = (patterns.causal(6), patterns.prefix_lm(6, 3), patterns.padding(6, 4), patterns.bidirectional(6))
    return {"kind": "matrix", "frames": [_frame(names, matrix) for matrix in shown]}


def miniature_of_sparse() -> dict:
    """Strided, fixed, local and full for 16 positions: a still picture shows the first."""
    from components.lm.transformer.attention_patterns import sparse

    shown = [sparse(name, 16, 4).union for name in ("strided", "fixed", "local", "full")]  # type: ignore[arg-type]
    return {"kind": "matrix", "frames": [_frame([""] * 16, matrix) for matrix in shown]}


def miniature_of_masking() -> dict:
    """Blanks of three sentences and what the bundled BERT would write there."""
    import torch

    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    frames = []
    for text in (
        "Once upon a [MASK] there was a king.",
        "The king and the [MASK] lived in a castle.",
        "She put the cake on the [MASK].",
    ):
        given = loaded.tokenizer(text, return_tensors="pt")
        logits = loaded.masked_logits(loaded.forward(**given))[0]
        place = int((given["input_ids"][0] == loaded.tokenizer.mask_token_id).nonzero()[0, 0])
        top = torch.softmax(logits[place].double(), -1).topk(4)
        bars = [
            [loaded.tokenizer.convert_ids_to_tokens(int(i)), round(float(p), 4)]
            for p, i in zip(top.values, top.indices, strict=True)
        ]
        frames.append({"text": text.replace("[MASK]", "▢"), "next": "", "bars": bars, "chosen": 0})
    return {"kind": "bars", "frames": frames}


def miniature_of_dice() -> dict:
    """One sentence, three throws of the dice of BERT."""
    from components.lm.bert.dice import Recipe, draw
    from components.lm.bert.mlm import read_text

    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    text = read_text(loaded, "the little girl gave her brother a red ball and he was happy")
    thrown, _ = draw(text, Recipe(), seed=3, num_draws=3)
    names = loaded.tokenizer.convert_ids_to_tokens
    rows = [names([int(i) for i in ids])[1:8] for ids in thrown.input_ids]
    return {
        "kind": "strips",
        "frames": [{"rows": rows[: k + 1], "marked": ["[MASK]"]} for k in range(len(rows))],
    }


def miniature_of_masking_rates() -> dict:
    """Table 8 of the BERT paper: NER with features, F1."""
    import csv

    with (HERE.parent / "facts" / "bert_masking_rates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [rows[0], rows[1], rows[2], rows[5]]
    bars = [
        [f"{r['mask_pct']}/{r['same_pct']}/{r['rnd_pct']}", float(r["ner_feature_based_f1"]) / 100]
        for r in shown
    ]
    frames = [{"text": "NER, F1", "next": "", "bars": bars, "chosen": k} for k in range(len(bars))]
    return {"kind": "bars", "frames": frames}


def miniature_of_next_sentence() -> dict:
    """Two pairs and what the bundled BERT says of them."""
    from components.lm.bert.next_sentence import judge

    first = "The girl opened the door."
    seconds = ("She went into the garden.", "The ship sailed to the island.")
    verdicts = judge(
        checkpoints.load("pocket-bert", "next_sentence"), [(first, second) for second in seconds]
    )
    frames = [
        {
            "text": f"… {second}",
            "next": "",
            "bars": [["IsNext", round(v.is_next_prob, 4)], ["NotNext", round(1 - v.is_next_prob, 4)]],
            "chosen": 0 if v.says_next else 1,
        }
        for second, v in zip(seconds, verdicts, strict=True)
    ]
    return {"kind": "bars", "frames": frames}


def miniature_of_learning(trace: dict) -> dict:
    """One probe at every other moment: how the GPT's choice settles."""
    from components.lessons.gpt.learning import FIRST_PROBE, MODELS, load_probes
    from components.lm.training.learning import shares

    probe = load_probes()[FIRST_PROBE]
    found = trace["probes"][MODELS[1]][FIRST_PROBE]["logprobs"]
    frames = []
    for k in (0, len(found) // 2, len(found) - 1):
        bars = [[word, round(p, 4)] for word, p in zip(probe.candidates, shares(found[k]), strict=True)]
        chosen = max(range(len(bars)), key=lambda c: bars[c][1])
        step = trace["of"]["moments"][MODELS[1]][k][0]
        frames.append(
            {"text": f"{step:,}: {probe.sentence}"[:34], "next": "", "bars": bars, "chosen": chosen}
        )
    return {"kind": "bars", "frames": frames}


def save(name: str, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(text):,} characters")


def main() -> None:
    trace = gpt_generation()
    save("gpt-generation.json", trace)
    bert_attention()
    save(GUESSES, masks())
    miniatures = json.loads((HERE / "miniatures.json").read_text(encoding="utf-8"))
    miniatures["gpt/generation"] = miniature_of_generation(trace)
    learned = gpt_learning()
    miniatures["gpt/learning"] = miniature_of_learning(learned)
    miniatures["tokens/bpe"] = miniature_of_bpe()
    miniatures["tokens/encode"] = miniature_of_encode()
    miniatures["tokens/wordpiece"] = miniature_of_wordpiece()
    miniatures["tokens/compare"] = miniature_of_compare()
    miniatures["transformer/positions"] = miniature_of_positions()
    miniatures["transformer/self_attention"] = miniature_of_self_attention()
    miniatures["transformer/masks"] = miniature_of_masks()
    miniatures["transformer/sparse"] = miniature_of_sparse()
    miniatures["bert/attention"] = miniature_of_attention()
    miniatures["transformer/sizes"] = miniature_of_sizes()
    if "pocket-bert" in checkpoints.store().bundled_names():
        miniatures["bert/masking"] = miniature_of_masking()
        miniatures["bert/dice"] = miniature_of_dice()
        miniatures["bert/masking_rates"] = miniature_of_masking_rates()
        miniatures["bert/next_sentence"] = miniature_of_next_sentence()
        miniatures["bert/inputs"] = miniature_of_inputs()
        miniatures["bert/contextual"] = miniature_of_contextual()
        bert_inputs()
        bert_contextual()
        bert_masking()
    save("miniatures.json", miniatures)


if __name__ == "__main__":
    main()
