"""The BERT pages in plain ``transformers``; see ``components/shell/notebook.py``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from components.lm.bert.electra import FOLDER as ELECTRA
from components.lm.bert.sentence_order import FOLDER as ALBERT
from components.lm.checkpoints.model_card import ModelCard
from components.shell.notebook import Notebook, call, numbers, opening

if TYPE_CHECKING:
    from components.lm.bert.contextual import WordVectors
    from components.lm.bert.embeddings import InputEmbeddings, ModelInput
    from components.lm.bert.masking import MaskedTokens
    from components.lm.bert.mlm import RatePoint


def inputs(
    card: ModelCard, given: "ModelInput", parts: "InputEmbeddings", token: int, dim: int
) -> Notebook | None:
    """One number of one token: the sum of its rows, and what LayerNorm makes of it."""
    if given.without_segments or len(given) > 64:
        return None
    code = f"""{opening(card, "AutoModel")}
input_ids = torch.tensor([{given.input_ids.tolist()}])
token_type_ids = torch.tensor([{given.token_type_ids.tolist()}])
position_ids = torch.tensor([{given.position_ids.tolist()}])
with torch.inference_mode():
    rows = model.embeddings
    summed = rows.word_embeddings(input_ids) + rows.position_embeddings(position_ids)
    if hasattr(rows, "token_type_embeddings"):
        summed = summed + rows.token_type_embeddings(token_type_ids)
    normed = rows.LayerNorm(summed)
token, dim = {token}, {dim}
print(f"{{summed[0, token, dim]:.4f}} {{normed[0, token, dim]:.4f}}")
"""
    return Notebook(code, (numbers([parts.embedding_sum[token, dim], parts.layer_norm_out[token, dim]]),))


def contextual(
    card: ModelCard, vectors: "WordVectors", pair: tuple[int, int], cosine: float
) -> Notebook | None:
    """The cosine of two occurrences after the last layer."""
    if (
        card.family == "opt" and vectors.narrow
    ):  # its last state in transformers is projected to the narrow table
        return None
    places = []
    for one in pair:
        word = vectors.words[vectors.chosen[one]]
        places.append((vectors.sentences[word.sentence], word.start, word.end))
    code = f"""{opening(card, "AutoModel")}
def vector(sentence, start, end):
    given = tokenizer(sentence, return_tensors="pt", return_offsets_mapping=True)
    spans = given.pop("offset_mapping")[0].tolist()
    pieces = [i for i, (a, b) in enumerate(spans) if a < end and b > start]
    with torch.inference_mode():
        return model(given.input_ids).last_hidden_state[0, pieces].mean(0)

one = vector(*{places[0]!r})
other = vector(*{places[1]!r})
print(f"{{torch.cosine_similarity(one, other, dim=0):.4f}}")
"""
    return Notebook(code, (numbers([cosine]),))


def attention(
    card: ModelCard, layer: int, head: int, query: int, key: int, weight: float, texts: tuple[str, str]
) -> Notebook:
    """The ``key`` that one query reads most in one head, and its weight."""
    code = f"""{opening(card, "AutoModel", attention=True)}
{call(card, *texts)}with torch.inference_mode():
    attentions = model(**given, output_attentions=True).attentions

layer, head, query = {layer}, {head}, {query}
weights = attentions[layer][0, head, query]
key = int(weights.argmax())
print(query, "reads", key, f"{{weights[key]:.4f}}")
"""
    return Notebook(code, (f"{query} reads {key} {weight:.4f}",))


def masking(card: ModelCard, text: str, data: Mapping[str, Any]) -> Notebook | None:
    """The first guess at every open blank."""
    if not data["cards"]:
        return None
    filled = {place: token_id for place, token_id, _ in data["filled"]}
    hidden = [place for place in data["hidden"] if place not in filled]
    code = f"""{opening(card, "AutoModelForMaskedLM")}
input_ids = tokenizer({text!r}, return_tensors="pt").input_ids
input_ids[0, {hidden}] = tokenizer.mask_token_id
"""
    code += "".join(f"input_ids[0, {place}] = {token_id}\n" for place, token_id in filled.items())
    places = [card["position"] for card in data["cards"]]
    code += f"""with torch.inference_mode():
    probs = model(input_ids).logits[0].softmax(-1)
for place in {places}:
    prob, token_id = probs[place].max(-1)
    print(place, tokenizer.convert_ids_to_tokens(int(token_id)), f"{{prob:.4f}}")
"""
    first = [(card["position"], *card["candidates"][0][1:3]) for card in data["cards"]]
    return Notebook(code, tuple(f"{place} {token} {prob:.4f}" for place, token, prob in first))


def dice(card: ModelCard, data: Mapping[str, Any]) -> Notebook | None:
    """What the model gives each chosen token in the draw on screen."""
    if not data["places"] or len(data["tokens"]) > 64:
        return None
    labels = [-100 if token["label"] is None else token["label"] for token in data["tokens"]]
    code = f"""{opening(card, "AutoModelForMaskedLM")}
input_ids = torch.tensor([{[token["id"] for token in data["tokens"]]}])
labels = torch.tensor([{labels}])  # -100: not chosen, no loss
with torch.inference_mode():
    probs = model(input_ids).logits[0].softmax(-1)
for place in torch.nonzero(labels[0] != -100).flatten().tolist():
    print(place, f"{{probs[place, labels[0, place]]:.4f}}")
"""
    return Notebook(
        code,
        tuple(f"{place['position']} {place['cases'][place['actual']]['p']:.4f}" for place in data["places"]),
    )


def masking_rates(card: ModelCard, draws: "Sequence[MaskedTokens]", point: "RatePoint") -> Notebook | None:
    """Accuracy and loss over all chosen tokens of the sentences, as the dice left them."""
    read = [masked.input_ids[0].tolist() for masked in draws]
    chosen = [
        (number, place, int(masked.labels[0, place]))
        for number, masked in enumerate(draws)
        for place in masked.chosen[0].nonzero()[0].tolist()
    ]
    accuracy, loss = point.accuracy(), point.loss()
    if accuracy is None or loss is None or sum(map(len, read)) > 1500:
        return None
    code = f"""{opening(card, "AutoModelForMaskedLM")}
sentences = {read}
chosen = {chosen}  # (sentence, place, what stood there)
right, loss = 0, 0.0
with torch.inference_mode():
    logprobs = [model(torch.tensor([ids])).logits[0].log_softmax(-1) for ids in sentences]
for sentence, place, token in chosen:
    right += int(logprobs[sentence][place].argmax()) == token
    loss -= float(logprobs[sentence][place][token])
print(f"{{right / len(chosen):.3f}} {{loss / len(chosen):.3f}}")
"""
    return Notebook(code, (f"{accuracy:.3f} {loss:.3f}",))


def next_sentence(card: ModelCard, first: str, second: str, is_next: float) -> Notebook:
    """What the model says of one pair."""
    code = f"""{opening(card, "AutoModelForNextSentencePrediction")}
given = tokenizer({first!r},
                  {second!r}, return_tensors="pt")
with torch.inference_mode():
    is_next, not_next = model(**given).logits[0].softmax(-1)
print(f"{{is_next:.4f}}")
"""
    return Notebook(code, (numbers([is_next]),))


def replaced(card: ModelCard, tokens: Sequence[str], position: int, probability: float) -> Notebook | None:
    """How likely a discriminator finds that one token of a text was put there."""
    if len(tokens) > 64:
        return None
    code = f"""{opening(card, "ElectraForPreTraining", folder=ELECTRA)}
tokens = {list(tokens)!r}
ids = torch.tensor([tokenizer.convert_tokens_to_ids(tokens)])
with torch.inference_mode():
    replaced = model(ids).logits[0].sigmoid()
print(tokens[{position}], f"{{replaced[{position}]:.3f}}")
"""
    return Notebook(code, (f"{tokens[position]} {probability:.3f}",))


def in_order(card: ModelCard, pair: tuple[str, str], probability: float) -> Notebook | None:
    """How likely an ALBERT finds that two sentences stand in their order."""
    if sum(map(len, pair)) > 400:
        return None
    code = f"""{opening(card, "AlbertForPreTraining", folder=ALBERT)}
{call(card, *pair)}with torch.inference_mode():
    in_order = model(**given).sop_logits[0].softmax(-1)[0]
print(f"{{in_order:.3f}}")
"""
    return Notebook(code, (f"{probability:.3f}",))
