"""State and data of the page "ELECTRA"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.comparison_table import Cell, bar, words
from components.elements.predict_first import Prediction
from components.elements.view import sent
from components.lessons.bert.masked_text import maskable_text
from components.lessons.recorded import first_view, shipped
from components.lm import checkpoints
from components.lm.bert.electra import BERT, FOLDER, GENERATOR, MASKED_SHARE, measured
from components.lm.transformer.model_size import fact_rows
from components.shell import links
from components.shell.layout import Export, note_line
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t

if TYPE_CHECKING:
    from components.elements.bert.electra_flow import FlowData, FlowDraw
    from components.elements.bert.electra_game import GameData
    from components.lm.bert.electra import Round
    from components.lm.bert.mlm import MaskableText
    from components.lm.checkpoints import LoadedModel
    from components.lm.checkpoints.model_card import ModelCard

NAME = "bert/electra"
SENTENCES = Path(__file__).parents[3] / "assets" / "samples" / "electra_en.txt"
TEXT = "The old woman opened the door and saw a small dog in the snow."
SEED = 12
"""The first draw of the text that shows a replaced word that is found and one that happens to be the original; the rule is
``choose_seed`` in electra_recorder."""
GAME_RATE, FEWEST, MOST_TRIES = 0.25, 2, 60
FAKES = ("generator", "random")
TABLES = ("gain", "compute", "measured", "scratch", "tags")


@cache
def sentences() -> tuple[str, ...]:
    """Return the sentences of the game, written for it."""
    return tuple(SENTENCES.read_text(encoding="utf-8").splitlines())


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds."""
    return (
        links.Text("el_text", TEXT),
        links.Choice("el_fakes", FAKES, "generator"),
        links.Integer("el_seed", 0, 999_999, SEED),
        links.Number("el_temperature", 0.3, 3.0, 1.0, decimals=1, example=1.5),
        links.Integer("el_stage", 0, 5, 0),
        links.Choice("el_game", ("judge", "fool"), "judge"),
        links.Choice("el_game_fakes", ("random", "generator"), "random"),
        links.Integer("el_round", 0, 11, 0),
        links.Numbers("el_put", (), most=24, example=(3, 200)),
        links.Choice("el_table", TABLES, "gain"),
    )


DREW = ("el_text", "el_fakes", "el_seed", "el_temperature")
PLAYED = ("el_game", "el_game_fakes", "el_round", "el_put")


def card() -> ModelCard:
    """The card of the discriminator."""
    return checkpoints.unlisted_card(FOLDER)


def bert_card() -> ModelCard:
    """The card of the BERT that the discriminator started from."""
    return checkpoints.card(BERT)


def _bert() -> LoadedModel:
    return load_model(BERT, "masked_prediction")


def made_with() -> tuple[str, str, str]:
    """The revisions of everything that computes here."""
    return bert_card().revision, checkpoints.unlisted_card(GENERATOR, BERT).revision, card().revision


def kept(keys: tuple[str, ...]) -> dict[str, Any] | None:
    """What was recorded for the view in the link, or None."""
    trace = first_view(NAME, bert_card(), keys)
    return trace if trace is not None and tuple(trace["of"]) == made_with() else None


def text() -> MaskableText:
    """The reader's text as both networks read it."""
    return maskable_text(BERT, bert_card().revision, st.session_state["el_text"])


# -- one text, step by step ------------------------------------------------------------------------------------------------


def staged() -> None:
    """Callback: the reader stepped."""
    said = st.session_state["electra_flow"].get("stage")
    if isinstance(said, int) and 0 <= said <= 5:
        links.put("el_stage", said)


def again() -> None:
    """Callback: the reader wants another draw."""
    said = st.session_state["electra_flow"].get("again")
    if isinstance(said, int):
        links.put("el_seed", said % 1_000_000)
        staged()


def flow() -> tuple[MaskableText | None, FlowData]:
    """Return the text (None where the draw comes from a file) and one draw with what is made of it."""
    s = st.session_state
    trace = kept(DREW)
    given: MaskableText | None = None
    drawn: FlowDraw
    if trace is not None:
        drawn = trace["flow"]
    else:
        given = text()
        drawn = drawn_data(given, s["el_fakes"], s["el_seed"], s["el_temperature"])
    return given, {
        **drawn,
        "rev": links.revision(),
        "run": f"{s['el_seed']}|{s['el_fakes']}|{s['el_temperature']}|{s['el_text']}",
        "stage": s["el_stage"],
        "seed": s["el_seed"],
        "fakes": s["el_fakes"],
    }


def drawn_data(given: MaskableText, fakes: str, seed: int, temperature: float) -> FlowDraw:
    """Return one draw on a text as the board draws it."""
    from components.lm.bert.electra import discriminator_loss

    one, suspicion = played(given.text, fakes, seed, MASKED_SHARE, temperature)
    judged = ~given.special
    return {
        "mask": given.mask_token,
        "tokens": [
            {"text": token, "special": bool(given.special[i])} for i, token in enumerate(given.tokens)
        ],
        "given": tokens_of(one.given),
        "suspicion": [round(float(p), 5) for p in suspicion],
        "places": [
            {
                "position": p.position,
                "candidates": [{"token": c.token, "p": c.prob} for c in p.candidates],
                "original": {"token": p.original.token, "p": p.original.prob},
                "drawn": {"token": p.drawn.token, "p": p.drawn.prob},
                "replaced": p.replaced,
            }
            for p in one.places
        ],
        "losses": {
            "generator": one.generator_loss if fakes == "generator" and one.places else None,
            "discriminator": discriminator_loss(suspicion, one.replaced, judged),
        },
    }


def tokens_of(ids: Iterable[int]) -> list[str]:
    """Return the tokens of some ids, as the vocabulary spells them."""
    from components.lm.tokens.token_text import token_info

    tokenizer = _bert().tokenizer
    return [token_info(tokenizer, int(i)).token for i in ids]


# One draw of 128 tokens with its candidates: some 10 kB.
@shared
def played(text_: str, fakes: str, seed: int, rate: float, temperature: float, put: tuple[int, ...] = ()) -> tuple[Round, Any]:  # fmt: skip
    """Return one draw on a text, and P(replaced) of every token, (seq,)."""
    from components.lm.bert.electra import draw_round, load_discriminator, load_generator, suspicions

    given = maskable_text(BERT, bert_card().revision, text_)
    pairs = dict(zip(put[::2], put[1::2], strict=False))
    one = draw_round(load_generator(), given, seed=seed, fakes=fakes, rate=rate, temperature=temperature, put=pairs, top=10)  # type: ignore[arg-type]  # fmt: skip
    return one, suspicions(load_discriminator(), one.given)


def caption() -> str:
    """The line under the board."""
    s = st.session_state
    return t(
        "electra",
        "caption",
        generator=f"{BERT} ({GENERATOR.rpartition('/')[2]})",
        right=f"{measured()['started']['generator_right']:.0%}",
        revision=card().revision.removeprefix("sha256:")[:10],
        parameters=f"{card().num_parameters:,}",
        fakes=t("electra", f"fakes_{s['el_fakes']}"),
        seed=s["el_seed"],
        temperature=f"{s['el_temperature']:g}",
    )


def prediction() -> Prediction:
    """A judge that never calls anything a fake: how often is it right?"""
    found = measured()["started"]["generator"]
    share = 1 - found["share"]
    options = [t("electra", f"predict_{k}") for k in range(3)]
    return Prediction(
        t("electra", "predict"),
        options,
        2 if share > 0.75 else 1,
        t(
            "electra",
            "predict_why",
            never=f"{share:.1%}",
            ours=f"{found['accuracy']:.1%}",
            auc=f"{found['discriminator']['auc'][0]:.2f}",
        ),
        {"el_stage": 4, "el_table": "measured"},
    )


# -- the game --------------------------------------------------------------------------------------------------------------


def rounds(which: int, fakes: str) -> int:
    """Return the seed of a round: the first with fakes enough, so that there is something to find."""
    sentence = sentences()[which]
    for k in range(MOST_TRIES):
        one, _ = played(sentence, fakes, 100 * which + k, GAME_RATE, 1.0)
        if int(one.replaced.sum()) >= FEWEST:
            return 100 * which + k
    return 100 * which


def next_round() -> None:
    """Callback: the next sentence."""
    said = st.session_state["electra_game"].get("round")
    if isinstance(said, int):
        links.put("el_round", said % len(sentences()))
        links.put("el_put", ())


def put_word() -> None:
    """Callback: the reader put a word at a place."""
    said = sent(st.session_state["electra_game"].get("put"))
    if said is not None and isinstance(said.get("position"), int) and isinstance(said.get("id"), int):
        _put(said["position"], said["id"])


def put_own() -> None:
    """Callback: the reader typed a word for a place."""
    said = sent(st.session_state["electra_game"].get("word"))
    if said is None or not isinstance(said.get("position"), int) or not isinstance(said.get("text"), str):
        return
    from components.lm.reading import pieces

    found = pieces(_bert(), said["text"][:40])
    if len(found) == 1 and found[0] != _bert().tokenizer.unk_token_id:
        _put(said["position"], int(found[0]))
    else:
        st.session_state["_el_note"] = (said["text"][:40], len(found))


def _put(position: int, token_id: int) -> None:
    now = chosen_words()
    now[position] = token_id
    links.put("el_put", tuple(x for pair in now.items() for x in pair))


def chosen_words() -> dict[int, int]:
    """What the reader put where, in the fooling game."""
    put = st.session_state["el_put"]
    return {
        int(p): int(i) for p, i in zip(put[::2], put[1::2], strict=False) if 0 <= i < bert_card().vocab_size
    }


def notices() -> None:
    """Say why a typed word was not taken."""
    note = st.session_state.pop("_el_note", None)
    if note is not None:
        note_line(t("electra", "not_one_token", word=note[0], n=note[1], model=BERT))


def game() -> GameData:
    """Return the round in the link, in the mode in the link."""
    s = st.session_state
    trace = kept(PLAYED)
    if trace is not None:
        found: GameData = trace["game"]
        return found
    return game_data(s["el_game"], s["el_game_fakes"], s["el_round"], chosen_words())


def game_data(mode: str, fakes: str, which: int, put: Mapping[int, int]) -> GameData:
    """Return a round as the game draws it."""
    which %= len(sentences())
    common: Any = {
        "mode": mode,
        "kind": f"{mode}-{fakes}",
        "run": f"{mode}-{fakes}-{which}",
        "round": which,
        "rounds": len(sentences()),
        "fakes": [],
        "originals": {},
        "judges": [],
        "places": [],
    }
    made: GameData = common | (_judged(which, fakes) if mode == "judge" else _fooled(which, put))
    return made


# A sentence and three scores of each token: some 10 kB. Two models read it once for each token.
@shared
def _judged(which: int, fakes: str) -> Any:
    from components.lm.bert.electra import load_generator, surprisals

    sentence = sentences()[which]
    given = maskable_text(BERT, bert_card().revision, sentence)
    one, suspicion = played(sentence, fakes, rounds(which, fakes), GAME_RATE, 1.0)
    shown = tokens_of(one.given)
    scores = {
        "discriminator": suspicion,
        "generator": surprisals(load_generator(), given, one.given),
        "bert": surprisals(_bert(), given, one.given),
    }
    return {
        "tokens": [{"text": token, "special": bool(given.special[i])} for i, token in enumerate(shown)],
        "fakes": [p.position for p in one.places if p.replaced],
        "originals": {str(p.position): p.original.token for p in one.places if p.replaced},
        "judges": [
            {"name": name, "scores": [round(float(x), 4) for x in values]} for name, values in scores.items()
        ],
        "judged": int((~given.special).sum()),
    }


def _fooled(which: int, put: Mapping[int, int]) -> Any:
    sentence = sentences()[which]
    given = maskable_text(BERT, bert_card().revision, sentence)
    seed = rounds(which, "generator")
    asked, _ = played(sentence, "generator", seed, GAME_RATE, 1.0)
    own = {p.position: p.original.token_id for p in asked.places}
    now = {position: put.get(position, original) for position, original in own.items()}
    one, suspicion = played(
        sentence, "generator", seed, GAME_RATE, 1.0, tuple(x for pair in now.items() for x in pair)
    )
    judged = [i for i in range(len(given)) if not given.special[i]]
    order = sorted(judged, key=lambda i: (-suspicion[i], i))
    rank = {i: k + 1 for k, i in enumerate(order)}
    return {
        "tokens": [{"text": token, "special": bool(given.special[i])} for i, token in enumerate(tokens_of(one.given))],
        "places": [
            {
                "position": p.position,
                "original": p.original.token,
                "options": [{"id": c.token_id, "token": c.token, "p": c.prob} for c in p.candidates if c.token_id != p.original.token_id][:7],
                "put": put.get(p.position),
                "suspicion": float(suspicion[p.position]),
                "rank": rank[p.position],
                "caught": rank[p.position] <= len(asked.places),
                "same": put.get(p.position) == p.original.token_id,
            }
            for p in asked.places
        ],
        "judged": len(judged),
    }  # fmt: skip


def game_caption() -> str:
    """The line under the game."""
    found = measured()["started"]
    slots = {}
    for kind in ("random", "generator"):
        for who in ("discriminator", "surprisal"):
            value, low, high = found[kind][who]["auc"]
            slots[f"{kind}_{who}"] = f"{value:.2f} ({low:.2f}–{high:.2f})"
    return t("electra", "game_caption", n=found["rows"], **slots)


# -- tables ----------------------------------------------------------------------------------------------------------------


def table() -> tuple[list[str], list[list[Cell]]]:
    """Return the chosen table: titles and rows."""
    kind = st.session_state["el_table"]
    return {"gain": _gain, "compute": _compute, "measured": _measured, "scratch": _scratch, "tags": _tags}[
        kind
    ]()


def _gain() -> tuple[list[str], list[list[Cell]]]:
    rows = [row for row in fact_rows("electra_facts") if row["group"] == "where the gain comes from"]
    names = ("electra", "all_tokens", "replace", "fifteen", "bert")
    found = [
        [
            words(t("electra", f"gain_{name}"), strong=name == "electra"),
            words(t("electra", f"gain_{name}_loss")),
            # from 80, as the line below the table says, to 86
            bar((float(row["value"]) - 80) / 6, row["value"], float(row["value"])),
        ]
        for name, row in zip(names, rows, strict=True)
    ]
    return [t("electra", name) for name in ("col_model", "col_loss_at", "col_glue")], found


def _compute() -> tuple[list[str], list[list[Cell]]]:
    rows = [row for row in fact_rows("electra_facts") if row["group"] == "GLUE dev average"]
    found: list[list[Cell]] = [
        [
            words(
                row["item"].replace("of training", t("electra", "of_training")),
                strong="ELECTRA" in row["item"],
            ),
            # from 68, as the line below the table says, to 88
            bar((float(row["value"]) - 68) / 20, row["value"], float(row["value"])),
        ]
        for row in rows
    ]
    return [t("electra", name) for name in ("col_model", "col_glue")], found


def _interval(found: Any) -> Cell:
    value, low, high = found
    return bar(2 * max(0.0, value - 0.5), f"{value:.3f} ({low:.3f}–{high:.3f})", value)


def _measured() -> tuple[list[str], list[list[Cell]]]:
    found = measured()
    rows: list[list[Cell]] = []
    for kind in ("random", "generator", "bert"):
        part = found["started"][kind]
        for who in ("discriminator", "surprisal"):
            hit = part[who]["hits"] / part["fakes"]
            rows.append(
                [
                    words(t("electra", f"fakes_{kind}")),
                    words(t("electra", f"who_{who}"), strong=who == "discriminator"),
                    _interval(part[who]["auc"]),
                    bar(hit, f"{hit:.0%}", hit),
                    words(
                        f"{part['accuracy']:.1%} / {1 - part['share']:.1%}" if who == "discriminator" else "–"
                    ),
                ]
            )
    return [t("electra", f"col_{name}") for name in ("fakes", "who", "auc", "hits", "accuracy")], rows


def _scratch() -> tuple[list[str], list[list[Cell]]]:
    rows: list[list[Cell]] = [
        [
            words(f"{entry['tokens']:,}"),
            bar(2 * max(0.0, entry["auc"] - 0.5), f"{entry['auc']:.3f}", entry["auc"]),
            words(f"{entry['recall']:.1%}"),
            words(f"{entry['accuracy']:.1%} / {entry['originals']:.1%}"),
            words(f"{entry['generator_right']:.1%}"),
        ]
        for entry in measured()["scratch"]["history"][::2]
    ]
    return [
        t("electra", f"col_{name}")
        for name in ("tokens", "auc_only", "recall", "accuracy", "generator_right")
    ], rows


@cache
def tag_runs() -> Mapping[str, Any]:
    """Return the recorded fine-tunings (``python -m components.pretraining fine-tuning electra``)."""
    return shipped("bert/electra_tags")


def _tags() -> tuple[list[str], list[list[Cell]]]:
    rows: list[list[Cell]] = []
    for run in tag_runs()["runs"]:
        value, low, high = run["written"]
        rows.append(
            [
                words(run["model"] if run["pretrained"] else t("electra", "random_weights"), strong=run["model"] != BERT),
                words(f"{run['size']:,}"),
                bar(value, f"{value:.2f} ({low:.2f}–{high:.2f})", value),
                words(", ".join(f"{x:.2f}" for x in run["by_seed"])),
            ]
        )  # fmt: skip
    return [t("electra", f"col_{name}") for name in ("start", "examples", "f1", "seeds")], rows


def tags_caption() -> str:
    """The line under the fine-tunings."""
    return t(
        "electra",
        "tags_caption",
        revision=card().revision.removeprefix("sha256:")[:10],
        bert=bert_card().revision.removeprefix("sha256:")[:10],
        date=tag_runs()["recorded"],
    )


def table_aid() -> str:
    """What the chosen table says, in words."""
    kind = st.session_state["el_table"]
    found = measured()
    if kind == "measured":
        part = found["started"]
        return t(
            "electra",
            "aid_measured",
            n=part["rows"],
            words=f"{part['words']:,}",
            share=f"{part['generator']['share']:.0%}",
            recall=f"{part['generator']['recall']:.0%}",
        )
    if kind == "scratch":
        last = found["scratch"]["history"][-1]
        return t(
            "electra",
            "aid_scratch",
            tokens=f"{last['tokens'] / 1e6:.1f}",
            recall=f"{last['recall']:.1%}",
            auc=f"{last['auc']:.2f}",
            accuracy=f"{last['accuracy']:.1%}",
            originals=f"{last['originals']:.1%}",
        )
    return t("electra", f"aid_{kind}")


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t("electra", "try_original"), {"el_stage": 2}),
        (t("electra", "try_random"), {"el_fakes": "random", "el_stage": 4}),
        (t("electra", "try_fool"), {"el_game": "fool"}),
        (t("electra", "try_scratch"), {"el_table": "scratch"}),
    ]


def export() -> Export:
    """What the page gives away."""
    keys = (*DREW, *PLAYED)
    return Export(
        "bert-electra",
        caption(),
        {"generator": GENERATOR, "discriminator": card().name, "revision": ", ".join(made_with()), **{key: st.session_state[key] for key in keys}},
        {"tokens": token_rows, "published": lambda: fact_rows("electra_facts")},
        lambda: {"flow": flow()[1], "measured": measured()},
    )  # fmt: skip


def token_rows() -> list[dict[str, Any]]:
    """Return every token of the draw on the board."""
    data = flow()[1]
    places = {place["position"]: place for place in data["places"]}
    return [
        {
            "position": i,
            "token": token["text"],
            "hidden": i in places,
            "given": data["given"][i],
            "replaced": i in places and places[i]["replaced"],
            "p_replaced": "" if token["special"] else data["suspicion"][i],
        }
        for i, token in enumerate(data["tokens"])
    ]
