"""The GPT pages in plain ``transformers``; see ``components/shell/notebook.py``."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.lm import checkpoints
from components.lm.checkpoints.model_card import ModelCard
from components.lm.gpt.prompting import Prompt
from components.lm.gpt.scaling import ScalingRun
from components.lm.training.cloze import BLANK
from components.lm.training.learning import Learned, moments
from components.shell.notebook import Notebook, call, opening


def generation(card: ModelCard, prompt: str, data: Mapping[str, Any], step: int) -> Notebook | None:
    """The probability of the token that was chosen at this step, before temperature and cut."""
    if not prompt or data["dropped"] or data["empty"] or step >= len(data["line"]) or step > 64:
        return None
    written = [entry[1] for entry in data["line"][:step]]
    _, chosen, bits = data["line"][step][:3]
    code = f"""{opening(card, "AutoModelForCausalLM")}
{call(card, prompt)}written = torch.tensor([{written}], dtype=torch.long)
with torch.inference_mode():
    logits = model(torch.cat([given["input_ids"], written], dim=1)).logits[0, -1]
probs = logits.softmax(-1)  # over the whole vocabulary
chosen = {chosen}
print(chosen, f"{{probs[chosen]:.4f}}")
"""
    return Notebook(code, (f"{chosen} {2.0**-bits:.4f}",))


def learning(name: str, found: Learned, step: int, moment: int) -> Notebook | None:
    """How likely a GPT after ``step`` steps finds a sentence with each candidate in its blank: log-probabilities in nats.

    None where the weights of that moment do not ship."""
    shipped = next((one.folder for one in moments(name) if one.step == step), None)
    if shipped is None:
        return None
    folder = f"/{shipped}"  # the tokenizer lies with the finished model
    head = opening(checkpoints.card(name), "AutoModelForCausalLM")
    head = head.replace("from_pretrained(folder, dtype", f"from_pretrained(folder + {folder!r}, dtype")
    code = f"""{head}
for word in {list(found.probe.candidates)!r}:
    text = {found.probe.sentence!r}.replace({BLANK!r}, word)
    ids = tokenizer(tokenizer.bos_token + text, return_tensors="pt").input_ids
    with torch.inference_mode():
        logprobs = model(ids).logits[0, :-1].log_softmax(-1)
    print(word, f"{{logprobs.gather(1, ids[0, 1:, None]).sum():.3f}}")
"""
    pairs = zip(found.probe.candidates, found.logprobs[moment], strict=True)
    return Notebook(code, tuple(f"{word} {value:.3f}" for word, value in pairs))


def in_context(
    folder: str, prompt: str, off: Sequence[tuple[int, int]], answer: str, prob: float
) -> Notebook:
    """The likeliest answer to the prompt; ``off`` are heads (layer, head) whose output is taken away."""
    cut = f"""
for layer, head in {list(off)}:  # off: nothing of this head is added
    mix = model.transformer.h[layer].attn.c_proj.weight
    width = mix.shape[0] // model.config.n_head
    mix.data[head * width:(head + 1) * width] = 0
"""
    code = f"""import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = {folder!r}  # in the folder of Glassbox
tokenizer = AutoTokenizer.from_pretrained("assets/models/in_context/pairs-gpt")
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
{cut if off else ""}
prompt = {prompt!r}
input_ids = torch.tensor([tokenizer.convert_tokens_to_ids(prompt.split())])
with torch.inference_mode():
    probs = model(input_ids).logits[0, -1].softmax(-1)
best = 3 + int(probs[3:].argmax())  # the first three tokens are no words
print(tokenizer.convert_ids_to_tokens(best), f"{{probs[best]:.4f}}")
"""
    return Notebook(code, (f"{answer} {prob:.4f}",))


def prompting(card: ModelCard, prompt: Prompt, right: int) -> Notebook:
    """How many of the 60 scenes a prompt gets right as it stands; an answer's tokens are added up."""
    code = f"""from pathlib import Path
{opening(card, "AutoModelForCausalLM")}
def log_prob(text, answer):  # of the answer behind the text, in nats
    begin, end = tokenizer(text).input_ids, tokenizer(" " + answer).input_ids
    with torch.inference_mode():
        logp = model(torch.tensor([begin + end])).logits[0].log_softmax(-1)
    return sum(float(logp[len(begin) + i - 1, token]) for i, token in enumerate(end))

template, answers, right = {prompt.template!r}, {list(prompt.labels or ())!r}, 0
lines = Path("assets/samples/prompting/feelings.tsv").read_text(encoding="utf-8").splitlines()[1:61]
for feeling, scene in (line.split("\\t") for line in lines):
    first, second = (log_prob(template.replace("{{text}}", scene).strip(), answer) for answer in answers)
    right += (first > second) == (feeling == "happy")
print(f"{{right}} of 60: {{right / 60:.4f}}")
"""
    return Notebook(code, (f"{right} of 60: {right / 60:.4f}",))


def scaling(run: ScalingRun) -> Notebook:
    """How many parameters a run of "What size buys" has without its embeddings, counted on the model itself, and what it cost."""
    code = f"""from transformers import GPT2Config, GPT2LMHeadModel

config = GPT2Config(vocab_size={run.vocab_size}, n_positions={run.context}, n_embd={run.width}, n_layer={run.layers}, n_head={run.heads})
model = GPT2LMHeadModel(config)  # the output layer is the token table again
tables = model.transformer.wte.weight.numel() + model.transformer.wpe.weight.numel()
size = sum(p.numel() for p in model.parameters()) - tables
print("embeddings", tables)
print("N", size)
print("FLOPs, 6 N D", f"{{6 * size * {run.tokens}:.3e}}")
"""
    return Notebook(
        code,
        (f"embeddings {run.embedding_parameters}", f"N {run.parameters}", f"FLOPs, 6 N D {run.flops:.3e}"),
    )
