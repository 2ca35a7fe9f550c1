"""Prepared examples and state of the page "One word, many meanings"."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.word_map import MapView
from components.elements.predict_first import Prediction
from components.lessons.bert import contextual_recorded
from components.lessons.known_language import reads_korean
from components.lm import checkpoints
from components.lm.bert.contextual import (
    MOST_SENTENCES,
    NotFound,
    Separation,
    WordVectors,
    layer_cosines,
    mean_cosine_to_others,
    meanings,
    separation,
)
from components.lm.checkpoints.bundled import KOREAN_BERT, best_bert
from components.lm.checkpoints.model_card import ModelCard, ModelRefused
from components.lm.reading import CannotRead, is_causal
from components.shell import links
from components.shell.layout import Export, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read, refusal
from components.shell.results import shared
from components.words import labels, t, told

if TYPE_CHECKING:
    from components.lm.bert.contextual import Doubles, WordVectors


MODEL = best_bert()
# Sentences of our own, one tuple for each meaning. In all but the hard ones every pair with one meaning is closer after
# the last layer of MODEL than every pair with two (lm.bert.contextual.Separation.complete), chosen from a dozen sentences
# each; tests/lessons/bert/test_contextual.py fails when a new model makes this false.
EXAMPLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "record": (
        ("we record a new song in the morning", "I record the birds in the garden"),
        ("she put the record on the table", "they sold the record to a boy"),
    ),
    "bat": (
        ("the boy took his bat and ball", "she held the bat and waited for the ball"),
        ("the bat flew out of the dark cave", "the bat slept in the dark cave all day"),
    ),
    "bear": (
        ("the bear ran into the forest", "the brown bear slept in the cave"),
        ("I can not bear the pain", "he could not bear the noise"),
    ),
    "bank": (
        ("he took the money to the bank", "the bank gave her the money"),
        ("they sat on the bank of the river", "the boat lay at the bank of the river"),
    ),
}
HARD = ("bank",)
"""Examples on which MODEL fails, shown as that."""
# The same in Korean, for KOREAN_BERT; the word is the same row of the token table in all sentences of an example.
KOREAN_EXAMPLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "차": (
        ("차를 타고 여행을 갔다", "차를 운전해서 집에 간다"),
        ("여자가 컵에 차를 따른다", "컵에 차를 넣고 마신다"),
    ),
    "밤": (
        ("밤에 별이 빛난다", "밤에 잠을 못 잤다"),
        ("산에서 밤을 주웠다", "할머니가 밤을 삶아 주셨다"),
    ),
    "배": (
        ("큰 배가 바다 위에 떠 있다", "군인들은 배를 타고 바다를 건넜다"),
        ("배가 고파서 밥을 먹었다", "배가 아파서 병원에 갔다"),
    ),
    "눈": (
        ("밤새 눈이 내렸다", "하늘에서 눈이 내린다"),
        ("눈이 아파서 안경을 썼다", "눈이 나빠서 안경을 쓴다"),
    ),
    "말": (
        ("왕은 말을 타고 전쟁에 나갔다", "군인들은 말을 타고 달렸다"),
        ("친구의 말을 듣고 웃었다", "어머니의 말을 듣지 않았다"),
    ),
    "사과": (
        ("사과를 먹었다", "시장에서 사과를 샀다"),
        ("친구에게 사과를 했다", "정부의 사과를 요구했다"),
    ),
}
KOREAN_HARD = ("사과",)
TWICE, TWICE_KO = "I record the record", "차를 타고 가서 차를 마신다"


def written(groups: Sequence[Sequence[str]]) -> str:
    """Return sentences as they stand in the text box: one a line, an empty line between two meanings."""
    return "\n\n".join("\n".join(lines) for lines in groups)


WORD, WORD_KO = "record", "차"
SENTENCES = written(EXAMPLES[WORD])
KOREAN = {
    "word_sentences": written(KOREAN_EXAMPLES[WORD_KO]),
    "word": WORD_KO,
    "bert_model": KOREAN_BERT,
}
"""What the page begins with in Korean."""
PARAMS = (
    links.Text("word_sentences", SENTENCES, max_chars=2000),
    links.Text("word", WORD, max_chars=40, example="the"),
    links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
    links.Integer("word_layer", 0, 200, 0),
    links.Numbers("word_pair", (0, 2), most=2, high=23, example=(0, 2)),
    links.Numbers("word_mix", (0, 0, 100), most=3, high=100, example=(20, 30, 50)),
)


def examples(card: ModelCard) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Prepared words in the languages that a model knows."""
    if card.languages == ("ko",):
        return KOREAN_EXAMPLES
    return EXAMPLES | (KOREAN_EXAMPLES if reads_korean(card) else {})


def take(word: str, groups: tuple[tuple[str, ...], ...]) -> None:
    """Callback: a prepared example; the pair is one of two meanings."""
    links.adopt({"word": word, "word_sentences": written(groups), "word_pair": f"0.{len(groups[0])}"})
    links.forget_notes()


def view() -> MapView:
    """Where the reader is, from the link."""
    s = st.session_state
    pair, mix = tuple(s["word_pair"]), tuple(s["word_mix"])
    one, other = pair if len(pair) == 2 else (0, 2)
    a, b, c = mix if len(mix) == 3 else (0, 0, 100)
    return MapView(s["word_layer"], (one, other), (a / 100, b / 100, c / 100))


def keep(now: MapView) -> None:
    """Hand what the element holds to the link."""
    links.put("word_layer", now.layer)
    links.put("word_pair", now.pair)
    links.put("word_mix", tuple(round(100 * x) for x in now.weights))


ALIKE = 0.9
"""A cosine above which the page says that the model hardly tells two occurrences apart."""


def read(card: ModelCard) -> WordVectors | None:
    """Return the vectors of every word of the sentences, or say why there are none."""
    state = st.session_state
    word = state["word"].strip()
    try:
        with working(told("contextual", "computing", model=card.name)):
            return words_in_context(card.name, card.revision, state["word_sentences"], word)
    except NotFound:
        st.info(told("contextual", "not_found", word=state["word"]))
    except CannotRead as error:
        st.error(cannot_read(error))
    except ModelRefused as error:
        st.warning(refusal(error))
    return None


def about(card: ModelCard, vectors: WordVectors) -> str:
    """The caption: model, word, and which layers are counted."""
    return t(
        "contextual",
        "caption",
        model=card.name,
        revision=card.revision[:14],
        word=st.session_state["word"],
        n=len(vectors.chosen),
        last_layer=card.num_layers - 1,
    )


def senses() -> tuple[int, ...]:
    """Return the meaning of each sentence on screen, as the empty lines part them."""
    return meanings(st.session_state["word_sentences"].splitlines())[:MOST_SENTENCES]


def dropped() -> int:
    """Return how many sentences are not read, because there are more than the page shows."""
    lines = st.session_state["word_sentences"].splitlines()
    return max(0, sum(bool(line.strip()) for line in lines) - MOST_SENTENCES)


def aid(vectors: WordVectors, one: int, other: int) -> str:
    """What the layers did with the meanings, or with two occurrences, beside what is ordinary in this model."""
    others = f"{mean_cosine_to_others(vectors):.3g}"
    word = html.escape(st.session_state["word"])
    apart = separation(vectors, senses())
    if apart is not None:
        said = t(
            "contextual",
            "aid_senses_spellings" if spellings(vectors) > 1 else "aid_senses",
            word=word,
            within=f"{apart.within:.3g}",
            across=f"{apart.across:.3g}",
            others=others,
            verdict=t("contextual", sense_verdict(apart)),
        )
    else:
        cosines = layer_cosines(vectors)
        said = t(
            "contextual",
            verdict(cosines, one, other),
            word=word,
            n=len(vectors.chosen),
            first=f"{cosines[0][one][other]:.3g}",
            last=f"{cosines[-1][one][other]:.3g}",
            others=others,
            a=one + 1,
            b=other + 1,
        )
    pieces = max(vectors.pieces[i] for i in vectors.chosen)
    if vectors.narrow:
        widths = {"table": vectors.static.shape[-1], "layers": vectors.layers.shape[-1]}
        said += f" {t('contextual', 'narrow', **widths)}"
    return said + (f" {t('contextual', 'pieces', n=pieces)}" if pieces > 1 else "")


def prediction() -> Prediction:
    """How alike are two occurrences with different meanings after the last layer?"""
    begins = KOREAN if st.session_state["bert_model"] == KOREAN_BERT else {}
    word, sentences = (WORD_KO, KOREAN["word_sentences"]) if begins else (WORD, SENTENCES)
    card = checkpoints.card(KOREAN_BERT if begins else MODEL)
    vectors = words_in_context(card.name, card.revision, sentences, word)
    first, last = layer_cosines(vectors)[0], layer_cosines(vectors)[-1]
    one, other = 0, len(examples(card)[word][0])
    options = [f"{first[one][other]:.2f}", f"{last[one][1]:.2f}", f"{last[one][other]:.2f}"]
    return Prediction(
        t("contextual", "predict", word=word, one=vectors.sentences[one], other=vectors.sentences[other]),
        options,
        2,
        t("contextual", "predict_why", same=options[1], sentence=vectors.sentences[1]),
        {**begins, "word_layer": 99, "word_pair": (one, other)},
    )


def spellings(vectors: WordVectors) -> int:
    """Return in how many rows of the token table the occurrences are found: " The" is another row than "The"."""
    return len({tuple(row) for row in vectors.static[list(vectors.chosen)].tolist()})


def sense_verdict(apart: Separation) -> str:
    """Which sentence says whether the model tells the meanings apart."""
    if apart.complete:
        return "apart"
    return "apart_on_average" if apart.within > apart.across else "not_apart"


def words_of_map(card: ModelCard) -> dict[str, str]:
    """The labels of the element; what a family adds to a row of the table is named after it."""
    named = labels("map_words")
    if card.family in ("distilbert", "gpt2", "gpt_neo", "opt"):
        named["layer_input"] = named["layer_input_position"]
    elif is_causal(card):  # rotary or relative positions: nothing is added here
        named["layer_input"] = named["layer_input_plain"]
    return named


TRIES = {"배": "ship", "눈": "snow", "말": "horse", "밤": "night", "사과": "apple"}
"""What the names of the Korean examples' labels end in."""


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """The other examples, after the last layer."""
    model = st.session_state["bert_model"]
    korean = card.languages == ("ko",)
    groups_of, first = (KOREAN_EXAMPLES, WORD_KO) if korean else (EXAMPLES, WORD)
    twice = {"word_sentences": TWICE_KO, "word": WORD_KO} if korean else {"word_sentences": TWICE}
    return [
        (
            t("contextual", f"try_{TRIES.get(word, word)}"),
            {"bert_model": model, "word": word, "word_sentences": written(groups), "word_layer": 99},
        )
        for word, groups in groups_of.items()
        if word != first
    ] + [
        (
            t("contextual", "try_twice"),
            {"bert_model": model, **twice, "word_pair": "0.1", "word_layer": 99},
        )
    ]


def export(card: ModelCard, vectors: WordVectors) -> Export:
    """What the page gives away."""
    word, sentences = st.session_state["word"], st.session_state["word_sentences"]

    def cosines() -> list[dict[str, Any]]:
        return rows(vectors, layer_cosines(vectors))

    return Export(
        name="bert-contextual",
        caption=f"{about(card, vectors)} · {sentences}",
        about={"model": card.name, "revision": card.revision, "word": word},
        tables={"cosines": cosines},
        result=lambda: {"cosines": cosines()},
    )


def last_cosine(vectors: WordVectors, one: int, other: int) -> float:
    """The cosine of two occurrences after the last layer."""
    return float(layer_cosines(vectors)[-1][one][other])


def verdict(cosines: "Doubles", one: int, other: int) -> str:
    """Which sentence says what the layers did with two occurrences."""
    if len(cosines[-1]) < 2 or one == other:
        return "aid_one"
    if cosines[0][one][other] < 1 - 1e-6:  # two rows of the table, so it cannot be said to have one
        return "aid_spellings"
    return "aid_alike" if cosines[-1][one][other] > ALIKE else "aid"


def rows(vectors: "WordVectors", cosines: "Doubles") -> list[dict[str, Any]]:
    """Cosine similarities of every pair of occurrences in every layer, named as on screen, for the export."""
    texts = [vectors.sentences[vectors.words[i].sentence] for i in vectors.chosen]
    return [
        {
            # Named as on screen: the token table, the input of the first layer, then the layers from 0.
            "layer": ("table", "input")[layer] if layer < 2 else layer - 2,
            "occurrence": a + 1,
            "sentence": texts[a],
            "other_occurrence": b + 1,
            "other_sentence": texts[b],
            "cosine": round(float(square[a][b]), 7),  # float32 has no more
        }
        for layer, square in enumerate(cosines)
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
    ]


# Twelve sentences at width 768 with 13 layers: some 6 MB.
@shared
def words_in_context(name: str, revision: str, sentences: str, word: str) -> "WordVectors":
    """Return the vectors of every word of some lines, with ``word`` marked."""
    from components.lm.bert.contextual import word_vectors

    if known := contextual_recorded.words(name, revision, sentences, word):
        return known
    return word_vectors(load_model(name, "attention"), sentences.splitlines(), word)
