"""The model card (README.md of a model folder), filled from measured numbers only."""

from typing import Any

from components.pretraining.architectures import ALBERT_FACTOR
from components.pretraining.optimizers import ADAMW_RATE, MUON_RATE
from components.pretraining.training import RunSettings

SOURCE_NOTES = {
    "simple_stories_en": "TinyStories samples (CDLA-Sharing-1.0) and children's stories of African Storybook and Pratham (CC BY)",
    "childrens_books_en": "54 children's classics from Project Gutenberg (public domain)",
    "more_stories_en": "FairytaleQA stories and 146 fables of The Aesop for Children (public domain), Book Dash (CC BY 4.0), 39 TinyStories (CDLA-Sharing-1.0)",
    "graded_news_en": "OneStopEnglish: news rewritten for learners, elementary and intermediate (CC BY-SA 4.0)",
    "dialogues_chat_en": "Self-dialogue Corpus: chats on films, music and sport (BSD-3-Clause)",
    "dialogues_tasks_en": "Schema-Guided Dialogue: booking, asking, weather, travel (CC BY-SA 4.0)",
    "everyday_ko": "KoBEST passages of everyday life and pairs of cause and effect, XPersona chats, shop reviews (CC BY-SA 4.0; MIT)",
    "sentences_ko": "unconnected sentences of 3i4k, KorSTS, KLUE, Tatoeba, JHE and KoBEST WiC (CC BY-SA 3.0 / 4.0; CC BY 2.0 FR)",
    "reviews_ko": "film reviews, NSMC (CC0)",
    "stories_ko": "30 African Storybook stories (CC BY 4.0)",
    "novels_en": "novels of 1840 to 1920 from ELTeC-eng (CC BY 4.0 over public-domain works)",
    "wikipedia_leads_en": "lead sections of English Wikipedia, 2015 (CC BY-SA 3.0)",
    "wikipedia_articles_en": "English Wikipedia articles (CC BY-SA 3.0)",
    "wikipedia_ko": "Korean Wikipedia articles (CC BY-SA 3.0)",
}


WORDPIECE = {
    "en": "Uncased WordPiece with {size:,} tokens, trained on the same text",
    "ko": "Uncased WordPiece with {size:,} tokens on composed text (NFC), trained on the same text; the 2,350 syllables of KS X 1001 are tokens, alone and with ##, and a word with another syllable becomes [UNK]",
}
NOTES = {
    "en": "A small model for teaching: it knows the language of children's stories and nothing of the world, and it repeats what old books say about people. Do not use it for anything that matters.",
    "ko": "A small model for teaching: it knows everyday Korean, stories, film reviews and short encyclopedia articles, and nothing for certain. It repeats the small everyday biases of reviews and chatter (who cooks, who is praised for what). Names and addresses of private people are not in its text. Do not use it for anything that matters.",
}


def model_card(
    name: str,
    settings: RunSettings,
    progress: dict[str, Any],
    history: list[dict[str, Any]],
    evaluation: dict[str, Any],
    packed: dict[str, Any],
    snapshots: list[dict[str, Any]],
    notes: str = "",
) -> str:
    """Markdown with a Hugging Face header. ``packed`` is the summary the step ``pack`` wrote; ``notes`` is what was
    done by hand in this run."""
    language = settings.language
    tag = "text-generation" if settings.kind == "gpt" else "fill-mask"
    parts = [
        f"---\nlanguage: {language}\nlicense: mit\npipeline_tag: {tag}\nlibrary_name: transformers\n{_corpus(packed)}---",
        f"# {name}",
        _what(settings, evaluation),
        _training(settings, progress, packed, evaluation),
        notes.strip(),
        _gpt_quality(evaluation) if settings.kind == "gpt" else _bert_quality(evaluation),
        _cloze(evaluation, language),
        _in_context(evaluation),
        _heads(evaluation),
        _snapshots(settings, snapshots),
        _losses(history),
        _samples(evaluation),
        _again(name, settings, packed),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _corpus(packed: dict[str, Any]) -> str:
    """Lines of the header that name the text by SHA-256; who starts from these weights can check it."""
    lines = [f"  {name}: {digest}\n" for name, digest in packed.get("sha256", {}).items()]
    return "corpus:\n" + "".join(lines) if lines else ""


def _what(s: RunSettings, evaluation: dict[str, Any]) -> str:
    size = s.size
    shape = f"{size.num_layers} layers, {size.num_heads} heads, width {size.hidden_size}, context {size.context(s.kind)}"  # fmt: skip
    million = f"{evaluation['parameters'] / 1e6:.2f} million parameters"
    if s.kind == "gpt":
        design = f"GPT-2 architecture (pre-LN, learned positions, tied embeddings), {shape}; {million}. Byte-level BPE with {size.vocab_size:,} tokens, trained on the same text."
    elif s.kind == "albert":
        shape = f"{size.num_layers} layers that share one set of weights, {size.num_heads} heads, width {size.hidden_size}, embedding {size.hidden_size // ALBERT_FACTOR}, context {size.context(s.kind)}"
        design = (
            f"ALBERT architecture (post-LN, learned positions) with its masked-token and sentence-order heads, {shape}; {million}. "
            f"Uncased WordPiece with {size.vocab_size:,} tokens: the vocabulary of nano-bert, which it stands beside."
        )
    else:
        design = (
            f"BERT architecture (post-LN, learned positions) with its masked-token and next-sentence heads, {shape}; {million}. "
            f"{WORDPIECE[s.language].format(size=size.vocab_size)}; special ids as in the released BERT "
            "([PAD] 0, [UNK] 100, [CLS] 101, [SEP] 102, [MASK] 103). The vocabulary was merged by the library's WordPieceTrainer, "
            "which merges the most frequent pair, not the pair with the best likelihood."
        )
    note = NOTES[s.language]
    load = "AutoModelForCausalLM" if s.kind == "gpt" else "AutoModelForPreTraining"
    code = f"```python\nfrom transformers import {load}, AutoTokenizer\nimport torch\n\nmodel = {load}.from_pretrained(folder, dtype=torch.float32)\ntokenizer = AutoTokenizer.from_pretrained(folder)\n```"
    return f"{design}\n\n{note}\n\n{code}\n\nWeights are stored in fp16; load them in float32 as above."


def _training(
    s: RunSettings,
    progress: dict[str, Any],
    packed: dict[str, Any],
    evaluation: dict[str, Any],
) -> str:
    sources = "\n".join(
        f"| {source} | {SOURCE_NOTES.get(source, 'see the corpus')} | {repeats} |"
        for source, repeats in packed["sources"].items()
    )
    finished = progress["tokens"] >= s.total_tokens
    state = "" if finished else f" **Not finished: {progress['tokens'] / s.total_tokens:.0%} of the planned {s.total_tokens:,} tokens; the learning rate has not fallen to its end.**"  # fmt: skip
    epochs = progress["tokens"] / packed["train"]["tokens_per_epoch"]
    lengths = ", ".join(f"{length} ({share:.0%})" for length, share in sorted(s.lengths.items()))
    rows = [
        ("training text", f"{packed['train']['documents']:,} documents, {packed['train']['bytes'] / 1e6:.1f} MB, {packed['train']['tokens']:,} tokens ({packed['train']['tokens_per_epoch']:,} per epoch with repeats)"),
        ("held out", f"{packed['held_out']['documents']:,} documents, {packed['held_out']['bytes'] / 1e6:.2f} MB, chosen by a hash of the title; never trained on"),
        ("tokens seen", f"{progress['tokens']:,} ({epochs:.1f} epochs) in {progress['step']:,} steps of {s.batch_tokens:,} positions"),
        ("row lengths", lengths),
        ("time", f"{progress['seconds'] / 60:.0f} minutes of a processor shared with other work"),
        ("hardware", evaluation["hardware"]),
        ("optimiser", f"Muon {MUON_RATE[s.kind]} for matrices, AdamW {ADAMW_RATE[s.kind]} for the rest; weight decay {s.weight_decay} on the matrices; gradient clipping at 1; no dropout"),
        ("schedule", f"{s.warmup_tokens:,} tokens of warm-up, flat, linear decay over the last {s.decay_share:.0%}"),
        ("seed", str(s.seed)),
    ]  # fmt: skip
    if progress.get("commits"):
        rows.append(("program", f"commit {', then '.join(progress['commits'])}"))
    if progress.get("started_from"):
        rows.append(("started from", f"the weights {progress['started_from']}, with a new optimiser"))
    if s.kind != "gpt":
        m = s.masking
        keep = 1 - m.mask_replace_prob - m.random_replace_prob
        rows.append(
            (
                "objective",
                f"{_predicted(s)} predicted, {m.mask_replace_prob:.0%} [MASK], {m.random_replace_prob:.0%} random, {keep:.0%} kept, drawn afresh each time; {_next_sentences(s) if s.kind == 'bert' else 'sentence order: the two parts of a text, exchanged in half of the pairs'}",
            )
        )
        rows.append(
            (
                "start",
                f"position embeddings start as sines and cosines, and half of the heads (at most 4) of {'the shared layer' if s.kind == 'albert' else 'the first layer' if s.neighbour_layers == 1 else f'the first {s.neighbour_layers} layers'} start by looking at a near token (layer 0: 1 before, 1 after, 2 before, 2 after); without this the model stayed for millions of tokens at the level of word frequencies. In the other heads queries start equal to keys, and queries and keys have no weight decay; without this most heads looked at everything alike to the end. All of it is trained: what heads do at the end was learned",
            )
        )
    table = "\n".join(f"| {key} | {value} |" for key, value in rows)
    return f"## Training\n\n| source | text | times per epoch |\n|---|---|---|\n{sources}\n\n| | |\n|---|---|\n{table}\n\n{state}".rstrip()


def _predicted(s: RunSettings) -> str:
    share = f"{s.masking.mlm_probability:.0%} of {'the words (all their pieces)' if s.masking.whole_words else 'tokens'}"
    if not s.early_tokens:
        return share
    early = [f"{s.mlm_probability_at(0):.0%}"] if s.early_mlm_probability is not None else []
    early += [f"only rows of {min(s.lengths)}"] if s.early_short else []
    return f"{share} (in the first {s.early_tokens:,} tokens {' and '.join(early) or 'the same'})"


def _next_sentences(s: RunSettings) -> str:
    pairs = "next-sentence pairs 50/50, negatives from other documents"
    if s.next_sentence_share == 1:
        return pairs
    return f"{pairs}, in {s.next_sentence_share:.0%} of the steps; the others have rows of one segment and learn only the masked tokens"


def _gpt_quality(e: dict[str, Any]) -> str:
    rows = [("this model", e["text"])]
    for key, label in (("1-gram", "unigram"), ("2-gram", "bigram (Kneser-Ney)"), ("5-gram", "5-gram (Kneser-Ney)")):  # fmt: skip
        if key in e["ngrams"]:
            rows.append((label, e["ngrams"][key]))
    table = "\n".join(
        f"| {label} | {row['bits_per_byte']:.3f} | {row['nats_per_token']:.3f} | {row['perplexity']:.1f} |"
        for label, row in rows
    )
    return (
        f"## Quality on held-out documents\n\n{e['text']['tokens']:,} tokens, {e['text']['bytes']:,} bytes. The counted models "
        "saw exactly the rows this model was trained on.\n\n"
        f"| | bits per byte | nats per token | perplexity |\n|---|---|---|---|\n{table}\n\n"
        f"Of the words it generates at temperature 0.7, {e['real_words']:.1%} occur at least twice in the training text. "
        f"Greedy decoding repeats itself: {e['greedy_repetition']:.0%} of its 4-grams occurred before in the same text (10 texts of 100 tokens); "
        f"at temperature 0.7 it is {e['sampled_repetition']:.0%}.{_by_source(e)}"
    )


def _by_source(e: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {source} | {row['bytes']:,} | {row['bits_per_byte']:.3f} |"
        for source, row in e.get("by_source", {}).items()
    )
    return f"\n\n| held out of | bytes | bits per byte |\n|---|---|---|\n{rows}" if rows else ""


def _bert_quality(e: dict[str, Any]) -> str:
    labels = {"all": "all predicted tokens", "mask": "shown as [MASK]", "random": "replaced by a random token", "kept": "kept as they were"}  # fmt: skip
    rows = "\n".join(
        f"| {label} | {e['mlm'][name]['predicted']:,} | {e['mlm'][name]['accuracy']:.1%} | {e['mlm'][name]['loss']:.3f} |"
        for name, label in labels.items()
    )
    base = "\n".join(
        f"| baseline: {name} | | {row['accuracy']:.1%} | {row['loss']:.3f} |"
        for name, row in e["baselines"].items()
    )
    return (
        "## Quality on held-out documents\n\n| masked-token prediction | tokens | accuracy | loss (nats) |\n|---|---|---|---|\n"
        f"{rows}\n{base}\n\nThe losses of the baselines are those of a unigram with one added to each count, and of a Kneser-Ney bigram, on all predicted tokens.\n\n{_sentence_task(e)}{_unknown(e)}{_blanks(e)}"
    )


def _unknown(e: dict[str, Any]) -> str:
    """What the vocabulary loses, and what a masked token costs beside models with other vocabularies."""
    if "unknown" not in e:
        return ""
    return (
        f"\n\nThe tokens shown as [MASK] cost {e['mlm']['mask']['bits_per_byte']:.3f} bits per byte of their text. "
        f"Of the held-out words {e['unknown']['words']:.2%} become [UNK], most of them for a Chinese character; "
        f"of those that are Hangul from end to end {e['unknown']['hangul']:.2%}."
    )


def _blanks(e: dict[str, Any]) -> str:
    if "blanks" not in e:
        return ""
    rows = "\n".join(
        f"| {row['sentence']} | {', '.join(f'{token} {p:.0%}' for token, p in row['guesses'])} |"
        for row in e["blanks"]
    )
    return f"\n\n## Ten samples, unedited\n\nTen blanks written before anything was measured, and the first three tokens for each.\n\n| text | first three |\n|---|---|\n{rows}"


def _sentence_task(e: dict[str, Any]) -> str:
    name, row = ("Sentence order", e["sop"]) if "sop" in e else ("Next sentence", e["nsp"])
    return f"{name}: accuracy {row['accuracy']:.1%} on {row['pairs']:,} pairs (chance 50%), loss {row['loss']:.3f}."


def _cloze(e: dict[str, Any], language: str) -> str:
    own = "cloze_probes_ko" if language == "ko" else "cloze_probes"
    tables = [(f"`assets/facts/{own}.csv`", e["cloze"])]
    if "cloze_280" in e:
        tables.append(("`cloze_probes_280.csv`, candidates of equal length in tokens", e["cloze_280"]))
    parts = ["## Fill the blank\n\nProbes written for this: the right word against one or two wrong ones."]
    for source, table in tables:
        rows = "\n".join(
            f"| {kind} | {row['correct']} of {row['probes']} | {row['correct'] / row['probes']:.0%} | {row['chance']:.0%} |"
            for kind, row in table.items()
        )
        parts.append(f"{source}:\n\n| kind | right | accuracy | guessing |\n|---|---|---|---|\n{rows}")
    return "\n\n".join(parts)


def _in_context(e: dict[str, Any]) -> str:
    if "senses" not in e:
        return ""
    senses, heads = e["senses"], e["pronouns"]
    rows = "\n".join(
        f"| {word} | {row['within']:.3f} | {row['across']:.3f} | {'yes' if row['apart'] else 'no'} |"
        for word, row in senses["words"].items()
    )
    names = f" A name given once is the likeliest of {e['names']['of']} to follow in {e['names']['right']} of {e['names']['of']} texts." if "names" in e else ""  # fmt: skip
    best = heads["best"]
    return (
        "## Words in context\n\nSentences written before anything was measured (`assets/facts/word_senses.csv`, `pronouns.csv`). "
        f"Senses apart: of {senses['of']} words with two senses, five sentences each, {senses['apart']} are more alike within a sense than across "
        "(mean cosines of the last layer's vectors).\n\n"
        f"| word | within | across | apart |\n|---|---|---|---|\n{rows}\n\n"
        f"He and she: head {best['layer']}.{best['head']} looks from the pronoun more at the right of two people than at the wrong one in {best['right']} of {heads['sentences']} "
        f"sentences; the best of so many heads that toss coins reaches {heads['best_by_chance']} on average.{names}"
    )


def _heads(e: dict[str, Any]) -> str:
    kinds = list(e["heads"]["heads"])
    layers = len(e["heads"]["heads"][kinds[0]])
    num_heads = len(e["heads"]["heads"][kinds[0]][0])
    lines = [f"| layer.head | {' | '.join(kind.replace('_', ' ') for kind in kinds)} |", "|---" * (len(kinds) + 1) + "|"]  # fmt: skip
    for layer in range(layers):
        for head in range(num_heads):
            values = " | ".join(f"{e['heads']['heads'][kind][layer][head]:.2f}" for kind in kinds)
            lines.append(f"| {layer}.{head} | {values} |")
    uniform = " | ".join(f"{e['heads']['uniform'][kind]:.2f}" for kind in kinds)
    lines.append(f"| a head that looks at all alike | {uniform} |")
    even = sum(value > 0.95 for row in e["heads"]["heads"]["broad"] for value in row)
    remark = ""
    if even:
        remark = f"\n\n{even} of {layers * num_heads} heads look at nearly everything alike (broad above 0.95): these have not trained long enough to do anything in particular."
    return (
        "## What the attention heads do\n\n"
        f"Mean weight on each kind of place over {e['heads']['texts']} held-out texts of 64 tokens; broad is the entropy of a row divided by the largest possible; "
        "induction is the weight on what followed the earlier copy of the token, on random sequences of 20 tokens said twice. Layers and heads count from 0.\n\n"
        + "\n".join(lines)
        + remark
    )


def _snapshots(s: RunSettings, snapshots: list[dict[str, Any]]) -> str:
    if not snapshots:
        return ""
    key, name = ("loss", "held-out loss (nats)") if s.kind == "gpt" else ("mlm", "masked-token loss (nats)")
    rows = "\n".join(
        f"| `{row['folder']}` | {row['tokens']:,} | {row['held_out'][key]:.3f} | {row['cloze_correct']} of {row['cloze_probes']} |"
        for row in snapshots
    )
    kinds = list(snapshots[0]["cloze"])
    table = "\n".join(
        f"| {row['step']:,} | " + " | ".join(str(row["cloze"][kind]["correct"]) for kind in kinds) + " |"
        for row in snapshots
    )
    head = " | ".join(f"{kind} ({snapshots[0]['cloze'][kind]['probes']})" for kind in kinds)
    return (
        "## Snapshots along training\n\nEach folder holds config.json and model.safetensors; the tokenizer is the one beside this card. `snapshots/snapshots.json` holds these numbers.\n\n"
        f"| folder | tokens seen | {name} | blanks filled |\n|---|---|---|---|\n{rows}\n\nBlanks filled by kind:\n\n| step | {head} |\n|{'---|' * (len(kinds) + 1)}\n{table}"
    )


def _losses(history: list[dict[str, Any]]) -> str:
    rows = [entry for entry in history if "held_out" in entry]
    if not rows:
        return ""
    names = [name for name in rows[-1]["held_out"] if name != "loss" or len(rows[-1]["held_out"]) == 1]
    table = "\n".join(
        f"| {entry['step']:,} | {entry['tokens']:,} | {entry['rate']:.2f} | "
        + " | ".join(f"{entry['held_out'][name]:.3f}" for name in names)
        + " |"
        for entry in rows
    )
    return f"## Along training\n\nOn 256 held-out rows of at most 128 tokens.\n\n| step | tokens | rate | {' | '.join(name.replace('_', ' ') for name in names)} |\n|{'---|' * (3 + len(names))}\n{table}"


def _samples(e: dict[str, Any]) -> str:
    if "samples" not in e:
        return ""
    texts = "\n\n".join("> " + text.replace("\n", "\n> ") for text in e["samples"])
    return f"## Ten samples, unedited\n\nTemperature 0.7, 100 tokens at most, seeds 0 to 9.\n\n{texts}"


def _again(name: str, s: RunSettings, packed: dict[str, Any]) -> str:
    language = "" if s.language == "en" else f" --language {s.language}"
    text = f"--corpus CORPUS{language}{''.join(f' --source {source}:{times}' for source, times in packed['sources'].items())}"
    more = ""
    folder = "after_bert/" if s.kind == "albert" else ""
    if s.kind != "gpt":
        more = f" --masking {s.masking.mlm_probability}{' --whole-words' * s.masking.whole_words} --next-sentence-share {s.next_sentence_share}"
        if s.early_tokens:
            more += f" --early-tokens {s.early_tokens}{' --early-short' * s.early_short}"
            more += "" if s.early_mlm_probability is None else f" --early-masking {s.early_mlm_probability}"
    return (
        "## Making it again\n\n```sh\n"
        f"python -m components.pretraining tokenizers {text}\n"
        f"python -m components.pretraining pack {text}\n"
        f"python -m components.pretraining train {s.kind} --name {name} --size {s.size.name}{language} --tokens {s.total_tokens} --warmup-tokens {s.warmup_tokens} --batch-tokens {s.batch_tokens} --decay-share {s.decay_share} --weight-decay {s.weight_decay} --neighbour-layers {s.neighbour_layers}{more} --snapshots {s.num_snapshots} --seed {s.seed}\n"
        f"python -m components.pretraining evaluate {name} --corpus CORPUS\n"
        f"python -m components.pretraining export {name} --to assets/models/{folder}{name}\n```\n\n"
        "`CORPUS` is a folder of text files as described in `components/pretraining/README.md`."
    )
