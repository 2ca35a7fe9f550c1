"""The Transformer pages in plain ``transformers``; see ``components/shell/notebook.py``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.lm.checkpoints.model_card import ModelCard
from components.lm.transformer.text_to_text import FILL, MOST_WRITTEN, model_text
from components.lm.transformer.three_ways import ARCHITECTURE, Exercise
from components.shell.notebook import Notebook, call, numbers, opening

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from components.lm.transformer.text_to_text import Decoding

_TABLES = {"bert": "model.embeddings.position_embeddings.weight", "gpt2": "model.wpe.weight"}


def positions(card: ModelCard, value: float, position: int, dim: int) -> Notebook | None:
    """One number of the learned table."""
    if card.family not in _TABLES:
        return None
    code = f"""{opening(card, "AutoModel")}
table = {_TABLES[card.family]}  # (position, dimension)
print(f"{{table[{position}, {dim}]:.4f}}")
"""
    return Notebook(code, (numbers([value]),))


def self_attention(
    card: ModelCard, about: Mapping[str, Any], weights: "npt.NDArray[np.floating[Any]]", query: int
) -> Notebook:
    """The weights of one query in one head; ``about`` names text, layer and head."""
    text, layer, head, row = about["text"], about["layer"], about["head"], weights[query]
    code = f"""{opening(card, "AutoModel", attention=True)}
{call(card, text)}with torch.inference_mode():
    attentions = model(**given, output_attentions=True).attentions

layer, head, query = {layer}, {head}, {query}
weights = attentions[layer][0, head, query]
print(*(f"{{weight:.4f}}" for weight in weights))
"""
    return Notebook(code, (numbers(row),))


@dataclass(frozen=True)
class FirstGuess:
    """What a model guesses first for a word, and at which positions the word stands in its reading."""

    model: str
    causal: bool
    places: tuple[int, ...]
    said: str
    prob: float


def masks(cards: list[ModelCard], text: str, start: int, guesses: Sequence[FirstGuess]) -> Notebook | None:
    """The first guess of each model for one word: from both sides, or from the left."""
    by_name = {card.name: card for card in cards}
    codes, lines = [], []
    for guess in guesses:
        if guess.model not in by_name or not (guess.causal or guess.places):
            continue
        card = by_name[guess.model]
        if guess.causal:
            before = text[:start].rstrip()
            if not before:
                continue
            reading = f"""{call(card, before)}input_ids = given["input_ids"]
place = -1  # the next word
"""
            model = "AutoModelForCausalLM"
        else:
            reading = f"""input_ids = tokenizer({text!r}, return_tensors="pt").input_ids
input_ids[0, {list(guess.places)}] = tokenizer.mask_token_id
place = {guess.places[0]}
"""
            model = "AutoModelForMaskedLM"
        codes.append(f"""{opening(card, model)}{reading}with torch.inference_mode():
    prob, token_id = model(input_ids).logits[0, place].softmax(-1).max(-1)
print(tokenizer.decode([int(token_id)]).strip(), f"{{prob:.4f}}")
""")
        lines.append(f"{guess.said.strip()} {guess.prob:.4f}")
    return Notebook("\n".join(codes), tuple(lines)) if codes else None


def encoder_decoder(card: ModelCard, given: str, beams: int, found: "Decoding") -> Notebook | None:
    """What is written, and the probability of the whole answer; nothing for a model that something was taken out of."""
    if found.without:
        return None
    how = f', num_beams={beams}, length_penalty=0.0, early_stopping="never"' if beams > 1 else ""
    code = f"""{opening(card, "AutoModelForSeq2SeqLM")}
given = tokenizer({given!r}, return_tensors="pt")
with torch.inference_mode():
    answer = model.generate(**given, max_length={MOST_WRITTEN}{how})[:, 1:]  # without the start symbol
    loss = model(**given, labels=answer).loss  # mean over the symbols
print(*tokenizer.convert_ids_to_tokens(answer[0].tolist()), sep="|")
print(f"{{torch.exp(-loss * answer.shape[1]):.4f}}")
"""
    return Notebook(code, ("|".join(found.written), numbers([math.exp(found.log_prob)])))


def block(
    card: ModelCard, text: str, wiring: str, layer: int, token: int, lengths: Sequence[float]
) -> Notebook:
    """The lengths of one token's vector before the opened block and after it; after the last one transformers normalises first."""
    rows = [layer] if layer == card.num_layers - 1 and wiring == "pre" else [layer, layer + 1]
    code = f"""{opening(card, "AutoModel")}
{call(card, text)}with torch.inference_mode():
    streams = model(**given, output_hidden_states=True).hidden_states

token = {token}
for row in {rows}:  # before a block with this number
    print(f"{{streams[row][0, token].norm():.2f}}")
"""
    return Notebook(code, tuple(f"{length:.2f}" for length in lengths[: len(rows)]))


def three_ways(
    card: ModelCard | None, text: str, made: Exercise, answers: Mapping[int, Sequence[tuple[str, float]]]
) -> Notebook | None:
    """How sure the model is of its first guess at everything that is to be predicted; nothing where no model was trained so."""
    if card is None or not answers:
        return None
    guesses = [rows[0][1] for _, rows in sorted(answers.items())]
    if ARCHITECTURE[made.objective] == "encoder_decoder":
        given = model_text(FILL, "".join(made.inputs))
        model, code = (
            "AutoModelForSeq2SeqLM",
            f"""given = tokenizer({given!r}, return_tensors="pt")
with torch.inference_mode():
    answer = model.generate(**given, max_length={MOST_WRITTEN})[:, 1:]  # without the start symbol
    probs = model(**given, labels=answer).logits[0].softmax(-1)
places = range({len(guesses)})
""",
        )
    else:
        masked = ARCHITECTURE[made.objective] == "encoder"
        hide = f'given["input_ids"][0, {list(made.picks)}] = tokenizer.mask_token_id\n' if masked else ""
        model, code = (
            "AutoModelForMaskedLM" if masked else "AutoModelForCausalLM",
            f"""{call(card, text)}{hide}with torch.inference_mode():
    probs = model(**given).logits[0].softmax(-1)
places = {sorted(answers)}
""",
        )
    code = f"""{opening(card, model)}
{code}print(*(f"{{probs[place].max():.4f}}" for place in places))
"""
    return Notebook(code, (numbers(guesses),))
