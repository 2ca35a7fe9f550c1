"""The only place with cache decorators; each says how much it may hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.shell.background import Works

if TYPE_CHECKING:
    from components.lm.bert.contextual import WordVectors
    from components.lm.bert.dice import Settled
    from components.lm.bert.embeddings import (
        Changes,
        Effects,
        InputEmbeddings,
        ModelInput,
        Neighbour,
        PaddedBatch,
    )
    from components.lm.bert.masking import MaskedTokens
    from components.lm.bert.mlm import Change, ChosenPosition, MaskableText
    from components.lm.bert.next_sentence import Verdict
    from components.lm.checkpoints import LoadedModel
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.writing import Writing
    from components.lm.tokens.bpe import BpeTrace
    from components.lm.tokens.byte_level import ByteLevelBpe
    from components.lm.tokens.tokenizer_files import TokenizerFile
    from components.lm.training.cloze import ClozeProbe
    from components.lm.training.learning import Learned, Snapshots
    from components.lm.transformer.attention import Attention
    from components.lm.transformer.attention_steps import HeadSteps
    from components.lm.transformer.head_scores import HeadScores
    from components.lm.transformer.positions import PositionTable, Shuffle
    from components.lm.transformer.word_context import WordGuess

FIRST_MODEL = "pocket-gpt"
_MODELS = Path(__file__).parents[2] / "assets" / "models"
_SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


def load_model(name: str, require: str | None = None) -> "LoadedModel":
    """Return a model of the one store that all sessions share (it has its own memory budget).

    Raises:
        ModelRefused: with a reason code that ``shell.models`` words.

    Not behind a cache decorator: the store would then never let go of a model.
    """
    from components.lm import checkpoints

    return checkpoints.load(name, require)  # type: ignore[arg-type]


# 200 texts of about 100 steps: some 30 MB; shared by all sessions, so a class on one link computes once.
@st.cache_resource(max_entries=200, show_spinner=False)
def writing(
    name: str,
    revision: str,
    prompt: str,
    do_sample: bool,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int,
    picks: tuple[tuple[int, int], ...],
) -> "Writing":
    """Return the text that these settings write; ``revision`` makes a replaced model a new entry."""
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.writing import Writing

    loaded = load_model(name, "generation")
    settings = SamplingSettings(do_sample, temperature, top_k, top_p, seed)
    return Writing(loaded.model, loaded.tokenizer, prompt, settings, dict(picks))


def warm_models() -> None:
    """Load torch and the model of the first page, so that the first click is as fast as the second."""
    from components.lm.gpt.generation import next_token

    loaded = load_model(FIRST_MODEL, "generation")
    next_token(loaded.model, loaded.tokenizer.encode("Once upon a time"))


def first_view(trace: Any) -> Any:
    """Return a precomputed first view if it still belongs to the model in the repository, else None."""
    from components.lm import checkpoints

    try:
        card = checkpoints.card(trace["model"])
    except Exception:  # no such model any more: the page computes, or says why it cannot
        return None
    return trace if card.revision == trace["revision"] else None


# One text of 128 tokens in 12 layers of 12 heads has 9.4 MB of weights; 40 such texts, shared by all sessions.
@st.cache_resource(max_entries=40, show_spinner=False)
def attention(name: str, revision: str, text: str, pair: str, layer: int | None) -> "Attention":
    """Return the attention weights of a text or pair; ``revision`` makes a replaced model a new entry."""
    from components.lm.transformer.attention import attend, encode
    from components.shell import first_views

    if layer is None and (known := first_views.attention(name, revision, text, pair)):
        return known.attention
    loaded = load_model(name, "attention")
    return attend(loaded, encode(loaded, text, pair), layer)


@st.cache_resource(max_entries=40, show_spinner=False)
def attention_measure(name: str, revision: str, text: str, pair: str, measure: str) -> Any:
    """Return another reading of the same text, as weights: ``value_weighted`` (layer, head, query, key) or
    ``rollout`` (layer, 2, query, key): the mean of the heads, and rollout."""
    import numpy as np

    from components.lm.transformer.attention import rollout, shares, value_weighted

    plain = attention(name, revision, text, pair, None)
    if measure == "value_weighted":
        return shares(value_weighted(load_model(name, "attention"), plain))
    return np.stack([plain.weights.mean(1), rollout(plain.weights)], axis=1).astype(np.float32)


@st.cache_resource(max_entries=80, show_spinner=False)
def attention_scores(name: str, revision: str, text: str, pair: str) -> "HeadScores":
    """Return what each head does on this text."""
    from components.lm.transformer.attention import separator_ids
    from components.lm.transformer.head_scores import score_heads
    from components.shell import first_views

    plain = attention(name, revision, text, pair, None)
    ids = plain.encoded.input_ids
    known = first_views.attention(name, revision, text, pair)
    separators = known.separators if known else separator_ids(load_model(name, "attention"))
    special = set(ids[plain.encoded.special].tolist())
    return score_heads(
        plain.weights, ids.tolist(), causal=plain.causal, separator_ids=separators, ignore_ids=special
    )


# 24 runs on the largest text with 2,000 merges hold some 200 MB; samples and typed tables hold next to nothing.
@st.cache_resource(show_spinner=False)
def trainings() -> Works:
    """Return the tokenizer trainings that all sessions share."""
    return Works(keep=24)


@st.cache_data(max_entries=64, show_spinner=False)
def sample_text(name: str) -> str:
    """Return a text written for this course (``assets/samples``)."""
    return (_SAMPLES / f"{name}.txt").read_text(encoding="utf-8")


@st.cache_data(max_entries=400, show_spinner=False)
def beginning(name: str, revision: str, text: str, most: int) -> str:
    """Return the longest beginning of a text that a model reads as at most ``most`` tokens."""
    from components.lm.transformer.attention import beginning

    loaded = load_model(name)
    return beginning(loaded, text, min(most, loaded.card.max_positions or most))


# A head of 128 tokens: some 0.7 MB with the vectors of the layer.
@st.cache_resource(max_entries=100, show_spinner=False)
def head_steps(name: str, revision: str, text: str, pair: str, layer: int, head: int) -> "HeadSteps":
    """Return one head taken apart, step by step."""
    from components.lm.transformer.attention import encode
    from components.lm.transformer.attention_steps import head_steps as take_apart

    loaded = load_model(name, "attention")
    return take_apart(loaded, encode(loaded, text, pair), layer, head)


# A table of 512 positions at width 768: 1.6 MB.
@st.cache_resource(max_entries=8, show_spinner=False)
def position_table(name: str, revision: str) -> "PositionTable":
    """Return a model's learned positions, read from its file without torch.

    Raises:
        NoTable: the family has none.
    """
    from components.lm import checkpoints
    from components.lm.transformer.positions import learned_table

    store = checkpoints.store()
    return learned_table(store.folder(store.parse_name(name)), checkpoints.card(name))


@st.cache_resource(max_entries=100, show_spinner=False)
def shuffle(name: str, revision: str, text: str, seed: int) -> "Shuffle":
    """Return one sentence read in two orders, with positions and without."""
    from components.lm.transformer.positions import shuffle_words

    return shuffle_words(load_model(name, "attention"), text, seed)


# One table of merges a model: a few MB at GPT-2's size.
@st.cache_resource(max_entries=4, show_spinner=False)
def bytes_of_model(name: str) -> "ByteLevelBpe":
    """Return the byte-level BPE of a bundled model, read from its file without transformers."""
    from components.lm.tokens.encode_lesson import byte_level_from_file

    return byte_level_from_file(_MODELS / name / "tokenizer.json")


# The largest text with 2,000 merges: some 8 MB.
@st.cache_resource(max_entries=16, show_spinner=False)
def bytes_of_same_words(identity: str, _trace: "BpeTrace") -> "ByteLevelBpe":
    """Return a byte-level BPE trained on the words of a run, with its number of merges and its tie rule."""
    from components.lm.tokens.bpe import train_bpe
    from components.lm.tokens.byte_level import ByteLevelBpe, byte_alphabet, byte_level_words

    words = byte_level_words(dict(zip(_trace.words, _trace.counts, strict=True)))
    rule, merges = _trace.settings.tie_rule, _trace.settings.num_merges
    trained = train_bpe(words, merges, tie_rule=rule, extra_alphabet=byte_alphabet())
    return ByteLevelBpe.from_trace(trained)


# A text of 512 tokens at width 768: 8 MB; a sentence: some 0.1 MB.
@st.cache_resource(max_entries=60, show_spinner=False)
def _bert_text(name: str, revision: str, first: str, second: str) -> "ModelInput":
    from components.lm.bert.embeddings import read_input
    from components.shell import first_bert

    if known := first_bert.inputs(name, revision, first, second):
        return known.given
    return read_input(load_model(name, "attention"), first, second)


def bert_segments(name: str, revision: str) -> int:
    """Return how many segment rows a model has.

    Raises:
        NotBert: the model does not add up its input as BERT does.
    """
    from components.lm.bert.embeddings import num_segments
    from components.shell import first_bert

    if known := first_bert.inputs(name, revision):
        return known.segments
    return num_segments(load_model(name, "attention"))


def bert_input(name: str, revision: str, first: str, second: str, changes: "Changes") -> "ModelInput":
    """Return the lists a BERT is called with, changed.

    Raises:
        NotBert, TooLong: in this order.
    """
    from components.lm.bert.embeddings import apply

    return apply(_bert_text(name, revision, first, second), changes, bert_segments(name, revision))


@st.cache_resource(max_entries=60, show_spinner=False)
def _bert_embedding(name: str, revision: str, first: str, second: str, changes: tuple[Any, ...]) -> Any:
    from components.lm.bert.embeddings import Changes, embed
    from components.shell import first_bert

    known = first_bert.inputs(name, revision, first, second)
    if known and not Changes(*changes):
        return known.parts
    given = bert_input(name, revision, first, second, Changes(*changes))
    return embed(load_model(name, "attention"), given)


def bert_embedding(
    name: str, revision: str, first: str, second: str, changes: "Changes"
) -> "InputEmbeddings":
    """Return every row of the input of a text."""
    found: InputEmbeddings = _bert_embedding(name, revision, first, second, tuple(vars(changes).values()))
    return found


@st.cache_resource(max_entries=200, show_spinner=False)
def _bert_effects(
    name: str, revision: str, first: str, second: str, changes: tuple[Any, ...], asked: int | None
) -> Any:
    from components.lm.bert.embeddings import Changes, compare

    done = Changes(*changes)
    before = bert_input(name, revision, first, second, Changes())
    after = bert_input(name, revision, first, second, done)
    return compare(load_model(name, "attention"), before, after, asked, done.swap)


def bert_effects(
    name: str, revision: str, first: str, second: str, changes: "Changes", asked: int | None
) -> "Effects":
    """Return what changes of the input change in the model's answers."""
    found: Effects = _bert_effects(name, revision, first, second, tuple(vars(changes).values()), asked)
    return found


# Thirteen rows of 768 numbers: 40 kB.
@st.cache_resource(max_entries=500, show_spinner=False)
def bert_neighbours(name: str, revision: str, token_id: int) -> "tuple[Neighbour, ...]":
    """Return a token's row of the table and the rows nearest to it."""
    from components.lm.bert.embeddings import neighbours
    from components.shell import first_bert

    known = first_bert.inputs(name, revision)
    if known and token_id in known.near:
        return known.near[token_id]
    return neighbours(load_model(name, "attention"), token_id)


@st.cache_resource(max_entries=60, show_spinner=False)
def padded(
    name: str, revision: str, texts: tuple[str, ...], flips: tuple[tuple[int, int], ...]
) -> "PaddedBatch":
    """Return texts in one batch, read with the right attention mask and with a flipped one."""
    from components.lm.bert.embeddings import pad_batch

    return pad_batch(load_model(name, "attention"), texts, flips)


# A sentence of 40 tokens: some 10 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def word_guess(name: str, revision: str, text: str, word: int, layer: int) -> "WordGuess":
    """Return what a model may read for a word, and what it guesses there."""
    from components.lm.transformer.word_context import guess_word
    from components.shell import first_views

    if known := first_views.word_guess(name, revision, text, word, layer):
        return known
    return guess_word(load_model(name, "attention"), text, word, layer)


@st.cache_data(max_entries=1, show_spinner=False)
def sparse_growth() -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the pairs of every pattern from 16 to 131,072 tokens (the stride is the square root of the length), and
    the bytes of their weights at 1,000, 10,000 and 100,000 tokens. A few hundred numbers."""
    from math import isqrt

    from components.lm.transformer.attention_patterns import NAMES, count_pairs, memory_bytes

    lengths = [2**power for power in range(4, 18)]
    growth: dict[str, list[int]] = {"n": lengths}
    wanted = [1_000, 10_000, 100_000]
    strides = [round(n**0.5) for n in wanted]
    memory: dict[str, list[int]] = {"lengths": wanted, "strides": strides}
    for name in NAMES:
        growth[name] = [count_pairs(name, n, isqrt(n)) for n in lengths]
        memory[name] = [
            memory_bytes(count_pairs(name, n, stride)) for n, stride in zip(wanted, strides, strict=True)
        ]
    return growth, memory


# A text of 256 tokens: some 20 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def maskable_text(name: str, revision: str, text: str) -> "MaskableText":
    """Return a text as a masked language model reads it."""
    from components.lm.bert.mlm import read_text

    return read_text(load_model(name, "masked_prediction"), text)


# 24 blanks with 8 candidates each: some 10 kB.
@st.cache_resource(max_entries=1000, show_spinner=False)
def mlm_changes(
    name: str, revision: str, text: str, hidden: tuple[int, ...], filled: tuple[tuple[int, int], ...]
) -> "list[Change]":
    """Return what the model says at the open blanks, with and without what was filled in."""
    from components.lm.bert.mlm import changes

    loaded = load_model(name, "masked_prediction")
    return changes(loaded, maskable_text(name, revision, text), hidden, dict(filled))


# One draw of 256 tokens and the losses at its chosen positions: some 20 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def dice_throw(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int
) -> "tuple[MaskedTokens, list[ChosenPosition]]":
    """Return one draw, arrays (seq,), and each chosen position in all three cases."""
    from components.lm.bert.dice import Recipe, draw
    from components.lm.bert.masking import MaskedTokens
    from components.lm.bert.mlm import compare_cases

    read = maskable_text(name, revision, text)
    many, _ = draw(read, Recipe(*recipe), seed=seed)  # type: ignore[arg-type]
    one = MaskedTokens(many.input_ids[0], many.labels[0], many.actions[0])
    return one, compare_cases(load_model(name, "masked_prediction"), read, one, seed=seed)


# Running counts at 60 places: 5 kB. Ten thousand draws take a tenth of a second to a second.
@st.cache_resource(max_entries=400, show_spinner=False)
def dice_shares(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int, num_draws: int
) -> "Settled":
    """Return the running shares over many draws."""
    from components.lm.bert.dice import Recipe, settle

    read = maskable_text(name, revision, text)
    return settle(read, Recipe(*recipe), num_draws=num_draws, seed=seed)  # type: ignore[arg-type]


# Curves of accuracy over masking rates: 18 points each. One takes some seconds and runs in the background.
@st.cache_resource(show_spinner=False)
def rate_curves() -> Works:
    """Return the accuracy curves that all sessions share."""
    return Works(keep=40)


# Ten pairs: 5 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def pair_verdicts(name: str, revision: str, pairs: tuple[tuple[str, str], ...]) -> "list[Verdict]":
    """Return what a model says of sentence pairs."""
    from components.lm.bert.next_sentence import judge

    return judge(load_model(name, "next_sentence"), pairs)


# A vocabulary of 30,000 pieces as the library holds it: some 15 MB.
@st.cache_resource(max_entries=12, show_spinner=False)
def tokenizer_file(name: str, revision: str) -> "TokenizerFile":
    """Return a model's tokenizer, read from its files without torch.

    Raises:
        NoTokenizer: its folder holds none that can be read.
    """
    from components.lm import checkpoints
    from components.lm.tokens.tokenizer_files import read_tokenizer

    store = checkpoints.store()
    return read_tokenizer(store.tokenizer_folder(store.parse_name(name)))


# Twelve sentences at width 768 with 13 layers: some 6 MB.
@st.cache_resource(max_entries=40, show_spinner=False)
def words_in_context(name: str, revision: str, sentences: str, word: str) -> "WordVectors":
    """Return the vectors of every word of some lines, with ``word`` marked."""
    from components.lm.bert.contextual import word_vectors
    from components.shell import first_bert

    if known := first_bert.words(name, revision, sentences, word):
        return known
    return word_vectors(load_model(name, "attention"), sentences.splitlines(), word)


# Twelve copies of a model of 0.7 million parameters: some 34 MB.
@st.cache_resource(max_entries=4, show_spinner=False)
def snapshots(name: str, revision: str) -> "Snapshots":
    """Return a model at every moment of its training."""
    from components.lm.training.learning import load_snapshots

    return load_snapshots(name)


# Sixty probes at twelve moments: some 100 kB. Some ten seconds to compute.
@st.cache_resource(max_entries=4, show_spinner=False)
def learned_probes(name: str, revision: str) -> "tuple[Learned, ...]":
    """Return every cloze probe of ours, put to every snapshot of a model."""
    from components.lm.training.cloze import load_probes
    from components.lm.training.learning import learn

    return tuple(learn(snapshots(name, revision), probe) for probe in load_probes())


# One sentence at twelve moments: 2 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def learned(name: str, revision: str, probe: "ClozeProbe") -> "Learned":
    """Return one sentence, put to every snapshot of a model.

    Raises:
        UnusableProbe: it is too long for the model.
    """
    from components.lm.training.learning import learn

    return learn(snapshots(name, revision), probe)


# Twelve texts of 40 tokens: 3 kB.
@st.cache_resource(max_entries=400, show_spinner=False)
def snapshot_texts(
    name: str, revision: str, prompt: str, sampling: "SamplingSettings", num_tokens: int
) -> tuple[str, ...]:
    """Return how every snapshot of a model continues the same beginning."""
    from components.lm.training.learning import write_on

    return write_on(snapshots(name, revision), prompt, sampling, num_tokens)


# A few numbers for each sentence.
@st.cache_resource(max_entries=400, show_spinner=False)
def probe_scores(name: str, revision: str, probe: "ClozeProbe") -> tuple[float, ...]:
    """Return the log-probability of each candidate under a whole model, in nats.

    Raises:
        UnusableProbe: it is too long for the model.
    """
    from components.lm.training.cloze import score_probe
    from components.lm.training.learning import check_length

    loaded = load_model(name)
    check_length(loaded.model, loaded.tokenizer, probe)
    return score_probe(loaded.model, loaded.tokenizer, probe).logprobs
