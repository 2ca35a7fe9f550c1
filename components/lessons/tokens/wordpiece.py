"""State and data of the page "WordPiece and Unigram": the race of three referees, longest match, Unigram."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.view import whole
from components.lessons.tokens import word_training
from components.lessons.tokens.word_training import (
    in_letters,
    show_progress,
    tokenizer_file,
    tokenizer_kind,
    trainings,
    words_key,
)
from components.lm import checkpoints
from components.lm.tokens.match_lesson import MatchLesson, match_words
from components.lm.tokens.referee_race import MAX_MERGES, REFEREES, Race, run_race
from components.lm.tokens.unigram_lesson import MAX_WORD_LETTERS, UnigramLesson, unigram_lesson
from components.lm.tokens.wordpiece import PairScore, WordPieceModel
from components.lm.tokens.words import InputProblem, split_words, utf8_size
from components.shell import links
from components.shell.background import Work
from components.shell.layout import Export
from components.words import t

PARTS = ("race", "encoding", "unigram")
UNIGRAM_SHOWS = ("ways", "shares", "best", "training")
"""What the lattice shows, one thing more each time."""
SYMBOLS = ("plain", "continuation")
RUN = "run"
"""The vocabulary of the run on screen, in the list of vocabularies to encode with."""
DRAWS = 200
MERGES = {"table": 10}
SIZES = {"table": 18}
"""Vocabulary sizes of Unigram to begin with; 200 for texts."""

PARAMS = (
    *word_training.TRAINING[:3],
    links.Choice("wp_part", PARTS, "race"),
    links.Choice("wp_symbols", SYMBOLS, "plain"),
    links.Integer("wp_merges", 1, MAX_MERGES, 10),
    links.Choice("wp_referee", REFEREES, "score"),
    links.Integer("wp_step", 0, MAX_MERGES, 0),
    links.Text("wp_word", "lowest", max_chars=60, example="widest"),
    links.Text("wp_text", "lowest lowly", max_chars=600),
    links.Text("wp_vocab", RUN, max_chars=120, example="pocket-bert"),
    links.Integer("match_step", 0, 5_000, 0),
    links.Integer("uni_size", 1, 2_000, 18),
    links.Integer("uni_rounds", 1, 4, 1),
    links.Integer("uni_seed", 0, 9_999, 0),
    links.Number("uni_alpha", 0.0, 4.0, 1.0),
    links.Integer("uni_step", 0, 400, 0),
    links.Choice("uni_show", UNIGRAM_SHOWS, "ways"),
)

KOREAN = {
    "bpe_source": word_training.KOREAN["bpe_source"],
    "wp_merges": 40,
    "wp_word": "도서관에서",
    "wp_text": "도서관에서 눈사람에게",
    "uni_size": 200,
}
"""What the page begins with in Korean."""
WORD_LOST = {"wp_part": "encoding", "wp_text": "lowest lowly fast", "match_step": 14}
"""A prepared view: one piece is not found, and the whole word is lost."""
KOREAN_PIECES = {
    "bpe_source": "story_ko",
    "wp_part": "unigram",
    "uni_size": 220,
    "wp_word": "도서관에서",
    "uni_rounds": 2,
    "uni_show": "best",
}
"""A prepared view: Unigram finds stem and particle."""


def prediction() -> Prediction:
    """Which pair does the score merge first in the words of the course?"""
    lanes = {lane.referee: lane for lane in run_race(dict(word_training.TOY), 1).lanes}
    pairs = {row.merged: row for row in lanes["score"].trace.pair_scores(0)}
    winner = lanes["score"].trace.merged_symbols[0]
    often = lanes["count"].trace.merged_symbols[0]
    options = [often, "lo", winner, "we"]
    best, most = pairs[winner], pairs[often]

    def fraction(row: PairScore) -> str:
        return f"{row.count} / ({row.left_count} × {row.right_count}) = {row.score:.3f}"

    return Prediction(
        t("wordpiece", "predict", often=" ".join(often), n=most.count),
        [" ".join(one) for one in options],
        options.index(winner),
        t(
            "wordpiece",
            "predict_why",
            winner=" ".join(winner),
            best=fraction(best),
            often=" ".join(often),
            most=fraction(most),
        ),
        {"wp_part": "race"},
        tokens=True,
    )


# What the reader changed.


def words_changed() -> None:
    """Other words: begin at the start, with sizes that fit them."""
    if not word_training.words_changed():
        return
    state = st.session_state
    source = state["bpe_source"]
    state["wp_merges"] = MERGES.get(source, 40)
    state["uni_size"] = SIZES.get(source, 200)
    restart()


def restart() -> None:
    """Another training: all three parts begin at the start."""
    for key in ("wp_step", "match_step", "uni_step"):
        st.session_state[key] = 0
    links.moved()


def restart_match() -> None:
    """Another text or vocabulary to encode with."""
    st.session_state["match_step"] = 0
    links.moved()


def redrawn() -> None:
    """Another word, seed or alpha: the step stays."""
    links.moved()


def stepped(element: str, key: str) -> Callable[[], None]:
    """Return the callback of an element whose trigger ``step`` is the link parameter ``key``."""

    def took() -> None:
        step = links.reported(st.session_state[element].get("step"))
        if step is not None:
            links.put(key, step)

    return took


def chose_referee() -> None:
    """The reader looks at another referee's board."""
    referee = st.session_state["referee_board"].get("referee")
    if referee in REFEREES:
        links.put("wp_referee", referee)


def _taken(key: str) -> object:
    """Return the value of ``key`` at the last revision. It stays the same while the element steps by itself, so that its
    data do not travel again."""
    held = st.session_state.setdefault("_wp_taken", {})
    if held.get(key, (None,))[0] != links.revision():
        held[key] = (links.revision(), st.session_state[key])
    value: object = held[key][1]
    return value


def taken_step(key: str, last: int) -> int:
    """Return the step that an element takes over; one beyond ``last`` becomes ``last``."""
    if st.session_state[key] > last:
        links.put(key, last)
    return whole(_taken(key))


def taken_referee() -> str:
    """Return the referee that the race takes over."""
    return str(_taken("wp_referee"))


# Trainings.


def _trained(name: str, settings: tuple[Any, ...], make: Callable[[Any, Work], Any]) -> Any:
    """Return a training of the page's words, or None while it runs; then its progress stands in its place.

    When the words cannot be trained on, say why and return the last training that could.
    """
    state = st.session_state
    source, words, text = state["bpe_source"], state["bpe_words"], state["bpe_text"]
    key = (name, words_key(), settings)
    work = trainings().start(key, lambda work: make(word_training.word_table(source, words, text), work))
    if not work.ends_in(word_training.PATIENCE):
        show_progress(name, work)
        return None
    try:
        result = work.result()
    except InputProblem as found:
        word_training.show_problems(found)
        last = state.get(f"_last_{name}")
        if last is not None:
            st.caption(t("bpe", "last_words"))
        return last
    state[f"_last_{name}"] = result
    return result


def probe() -> str:
    """Return the word that every vocabulary encodes: the first word of what was typed."""
    return "".join(in_letters(st.session_state["wp_word"]).split()[:1])


def race() -> Race | None:
    """Return the three runs."""
    state = st.session_state
    merges, marking, word = state["wp_merges"], state["wp_symbols"], probe()

    def make(words: Any, work: Work) -> Race:
        return run_race(
            words,
            merges,
            marking=marking,
            probe=word,
            on_progress=work.tell,
            should_stop=work.should_stop,
        )

    found: Race | None = _trained("race", (merges, marking, word), make)
    return found


def unigram() -> UnigramLesson | None:
    """Return the Unigram run."""
    state = st.session_state
    word = probe()[:MAX_WORD_LETTERS]
    size, rounds, seed, alpha = (
        state["uni_size"],
        state["uni_rounds"],
        state["uni_seed"],
        float(state["uni_alpha"]),
    )

    def make(words: Any, work: Work) -> UnigramLesson:
        return unigram_lesson(
            words,
            size,
            word=word,
            em_rounds=rounds,
            seed=seed,
            times=DRAWS,
            alpha=alpha,
            on_progress=work.tell,
            should_stop=work.should_stop,
        )

    found: UnigramLesson | None = _trained("unigram", (size, rounds, seed, alpha, word), make)
    return found


# Encoding.


def vocabularies() -> list[str]:
    """Return what can be encoded with: the run on screen, and the models here whose tokenizer is WordPiece."""
    names = [RUN]
    for card in checkpoints.tokenizer_cards():
        if tokenizer_kind(card.name, card.revision) == "wordpiece":
            names.append(card.name)
    return names


def vocabulary_name(name: str) -> str:
    """Return how a vocabulary is called in the list."""
    if name != RUN:
        return name
    state = st.session_state
    return t(
        "wordpiece",
        "vocab_run",
        referee=t("wordpiece", f"referee_{state['wp_referee']}"),
        symbols=t("wordpiece", f"symbols_{state['wp_symbols']}"),
        merges=state["wp_merges"],
    )


def encoding(trained: Race) -> tuple[MatchLesson, WordPieceModel, list[list[str]]]:
    """Return the look-ups, the vocabulary, and how BPE on the same words cuts each word (nothing for a model)."""
    state = st.session_state
    typed = str(state["wp_text"]).encode("utf-8", "replace").decode("utf-8")
    utf8_size(typed)
    name = state["wp_vocab"]
    if name != RUN:
        card = checkpoints.tokenizer_card(name)
        file = tokenizer_file(card.name, card.revision)
        return match_words(file.wordpiece(), file.words(typed)), file.wordpiece(), []
    words = [span.text for span in split_words(in_letters(typed))]
    model = trained.lane(state["wp_referee"]).trace.model()
    return match_words(model, words), model, [bpe_cut(trained, word) for word in words]


def bpe_cut(trained: Race, word: str) -> list[str]:
    """Return how the run by count (BPE) cuts a word by replaying its merges; unknown letters alone are [UNK]."""
    from components.lm.tokens.bpe import UNKNOWN, join_pair
    from components.lm.tokens.wordpiece import first_pieces

    lane = trained.lane("count")
    if trained.marking != "plain":
        return []
    known = set(lane.trace.alphabet)
    symbols = [piece if piece in known else UNKNOWN for piece in first_pieces(word, "plain")]
    for pair in lane.trace.merges:
        symbols, _, _ = join_pair(symbols, pair)
    return list(symbols)


# In words and files.


def race_caption(trained: Race) -> str:
    """Return the line under the race."""
    state = st.session_state
    return t(
        "wordpiece",
        "caption_race",
        source=word_training.source_name(),
        words=f"{trained.num_words:,}",
        symbols=t("wordpiece", f"symbols_{trained.marking}"),
        referee=t("wordpiece", f"referee_{state['wp_referee']}"),
        step=min(state["wp_step"], trained.num_moments),
        last=trained.num_moments,
    )


def match_caption(lesson: MatchLesson) -> str:
    """Return the line under the encoding."""
    return t(
        "wordpiece",
        "caption_match",
        vocab=vocabulary_name(st.session_state["wp_vocab"]),
        size=f"{lesson.vocab_size:,}",
        step=min(st.session_state["match_step"], len(lesson.lookups)),
        last=len(lesson.lookups),
    )


def unigram_caption(lesson: UnigramLesson) -> str:
    """Return the line under the Unigram board."""
    state = st.session_state
    return t(
        "wordpiece",
        "caption_unigram",
        source=word_training.source_name(),
        words=f"{len(lesson.trace.words):,}",
        size=state["uni_size"],
        rounds=state["uni_rounds"],
        seed=state["uni_seed"],
        alpha=f"{state['uni_alpha']:g}",
        step=min(state["uni_step"], len(lesson.moments) - 1),
        last=len(lesson.moments) - 1,
    )


def race_export(trained: Race) -> Export:
    """Return what the race gives away."""
    state = st.session_state
    about = {
        "words": word_training.source_name(),
        "symbols": trained.marking,
        "referee": state["wp_referee"],
        "step": min(state["wp_step"], trained.lane(state["wp_referee"]).trace.num_steps),
    }

    def merges() -> list[dict[str, Any]]:
        return [
            {
                "run": lane.referee,
                "step": step.step,
                "left": step.pair[0],
                "right": step.pair[1],
                "merged": step.merged,
                "count": step.count,
                "left_count": step.left_count,
                "right_count": step.right_count,
                "value": step.value,
                "tied_pairs": step.num_tied,
                "vocab_size": step.vocab_size,
                "corpus_tokens": step.corpus_tokens,
            }
            for lane in trained.lanes
            for step in lane.trace.steps()
        ]

    def pairs() -> list[dict[str, Any]]:
        trace = trained.lane(about["referee"]).trace
        return [
            {
                "left": row.pair[0],
                "right": row.pair[1],
                "merged": row.merged,
                "count": row.count,
                "left_count": row.left_count,
                "right_count": row.right_count,
                "score": row.score,
                "gain_nats": row.gain,
                "rank_by_count": row.rank_by_count,
                "rank_by_score": row.rank_by_score,
                "rank_by_gain": row.rank_by_gain,
                "chosen": int(row.chosen),
            }
            for row in trace.pair_scores(about["step"])
        ]

    return Export(
        "wordpiece-race",
        race_caption(trained),
        about,
        {"merges": merges, "pairs": pairs},
        lambda: {"merges": merges(), "pairs": pairs()},
    )


def match_export(lesson: MatchLesson, model: WordPieceModel) -> Export:
    """Return what the encoding gives away."""
    about = {"text": st.session_state["wp_text"], "vocabulary": vocabulary_name(st.session_state["wp_vocab"])}

    def lookups() -> list[dict[str, Any]]:
        return [
            {
                "lookup": number,
                "word": lesson.words[one.word].encoding.word,
                "start": lesson.words[one.word].encoding.steps[one.step].start,
                "piece": one.piece,
                "found": int(one.found),
            }
            for number, one in enumerate(lesson.lookups, start=1)
        ]

    def tokens() -> list[dict[str, Any]]:
        return [
            {"word": word.encoding.word, "token": token, "id": token_id}
            for word in lesson.words
            for token, token_id in zip(word.encoding.tokens, word.encoding.token_ids, strict=True)
        ]

    return Export(
        "wordpiece-encoding",
        match_caption(lesson),
        about,
        {"lookups": lookups, "tokens": tokens},
        lambda: {"lookups": lookups(), "tokens": tokens()},
    )


def unigram_export(lesson: UnigramLesson) -> Export:
    """Return what the Unigram part gives away."""
    state = st.session_state
    at = min(state["uni_step"], len(lesson.moments) - 1)
    moment = lesson.moments[at]
    about = {
        "words": word_training.source_name(),
        "word": lesson.word,
        "moment": at,
        "seed": state["uni_seed"],
        "alpha": state["uni_alpha"],
    }

    def pieces() -> list[dict[str, Any]]:
        return [
            {
                "piece": one.text,
                "prob": one.prob,
                "expected_count": one.expected_count,
                "loss_nats": one.loss,
                "single_letter": int(one.keep),
                "pruned_next": int(one.leaves),
            }
            for one in moment.pieces
        ]

    def edges() -> list[dict[str, Any]]:
        return [
            {
                "start": edge.start,
                "end": edge.end,
                "piece": edge.piece,
                "log_prob": edge.log_prob,
                "posterior": edge.posterior,
                "best": int(edge.best),
            }
            for edge in moment.lattice.edges
        ]

    def ways() -> list[dict[str, Any]]:
        drawn = {sample.segmentation.tokens: sample.times for sample in moment.samples}
        return [
            {
                "way": " ".join(way.tokens),
                "log_prob": way.log_prob,
                "share": way.share,
                "drawn": drawn.get(way.tokens, 0),
            }
            for way in moment.n_best
        ]

    tables = {"pieces": pieces, "lattice": edges, "ways": ways}
    return Export(
        "unigram",
        unigram_caption(lesson),
        about,
        tables,
        lambda: {name: rows() for name, rows in tables.items()} | {"losses": lesson.trace.losses},
    )


def ids_on_screen(lesson: MatchLesson, model: WordPieceModel) -> dict[str, int]:
    """Return the ids of every piece that was found, and of the unknown token."""
    found = {step.piece for word in lesson.words for step in word.encoding.steps if step.piece is not None}
    return {piece: model.token_ids[piece] for piece in (*sorted(found), model.unknown)}
