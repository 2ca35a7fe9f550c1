"""The pages on fine-tuning in plain ``transformers``; see ``components/shell/notebook.py``."""

import math
from collections.abc import Mapping
from typing import Any

from components.lm import checkpoints
from components.lm.fine_tuning.adapters import BOTTLENECK
from components.lm.fine_tuning.change import KINDS
from components.lm.fine_tuning.sentences import TAGS
from components.shell.notebook import Notebook, opening


def transfer(kept: Mapping[str, Any], look: str) -> Notebook | None:
    """The log-probabilities of the sentences with two words exchanged; nothing is trained for them."""
    if look != "swap":
        return None
    pairs = kept["swap"]["pairs"]["written"]
    code = f"""{opening(checkpoints.card(kept["model"]), "AutoModelForCausalLM")}
for text in {[text for pair in pairs for text in pair[:2]]!r}:
    ids = tokenizer(tokenizer.bos_token + text, return_tensors="pt").input_ids
    with torch.inference_mode():
        logprobs = model(ids).logits[0, :-1].log_softmax(-1)
    print(f"{{logprobs.gather(1, ids[0, 1:, None]).sum():.3f}}")
"""
    return Notebook(code, tuple(f"{value:.3f}" for pair in pairs for value in pair[2:]))


def tasks(kept: Mapping[str, Any], name: str) -> Notebook:
    """How many numbers each way trains, counted on the model itself."""
    counts = {
        run["setting"]["way"]: (run["trained"], run["of"])
        for run in kept["runs"]
        if run["setting"]["task"] == "tag"
    }
    code = f"""{opening(checkpoints.card(name), "BertModel")}
head = torch.nn.Linear(model.config.hidden_size, 4)  # person, animal, place, nothing
number = lambda module: sum(p.numel() for p in module.parameters())
whole = number(model) + number(head)
print("everything", whole - number(model.pooler), "of", whole)  # the pooler is not in use for tags
width, rank = model.config.hidden_size, 4
changed = [m for n, m in model.encoder.named_modules() if n.endswith(("query", "value"))]
print("LoRA", number(head) + sum(rank * (m.in_features + m.out_features) for m in changed))
print("head", number(head))
print("LoRA share", f"{{(number(head) + 2 * rank * width * len(changed)) / whole:.4f}}")
"""
    (full, whole), (lora, _), (head, _) = (counts[way] for way in ("full", "lora", "head"))
    share = f"LoRA share {lora / whole:.4f}"
    return Notebook(code, (f"everything {full} of {whole}", f"LoRA {lora}", f"head {head}", share))


def change(kept: Mapping[str, Any], matrix: str, rank: int) -> Notebook:
    """The numbers of the chosen matrix and of its cut, and how many each way trains, counted on the model itself."""
    layer, kind = matrix.split(".")
    counts, wholes = (
        {
            (s["way"], s["size"], s["targets"]): run[name]
            for run in kept["runs"]
            if (s := run["setting"])["pretrained"]
        }
        for name in ("trained", "of")
    )
    shape = next(
        m["shape"]
        for m in kept["starts"]["pretrained"]["matrices"]
        if (str(m["layer"]), m["kind"]) == (layer, kind)
    )
    cut = max(rank, 0) or 4
    code = f"""{opening(checkpoints.card(kept["model"]), "BertModel")}
block = model.encoder.layer[{layer}]
out, width = block.get_submodule({KINDS[kind]!r}).weight.shape
print("matrix", out, "x", width, "=", out * width)
print("cut to rank {cut}:", {cut} * (out + width))
head = torch.nn.Linear(model.config.hidden_size, 4)  # person, animal, place, nothing
number = lambda module: sum(p.numel() for p in module.parameters())
print("everything", number(model) - number(model.pooler) + number(head))  # the pooler is not in use for tags
ends = lambda *names: [m for n, m in model.encoder.named_modules() if isinstance(m, torch.nn.Linear) and n.endswith(names)]
low = lambda modules, rank: number(head) + sum(rank * (m.in_features + m.out_features) for m in modules)
some = low(ends("query", "value"), 4)
print("LoRA on queries and values, rank 4", some)
print("share of all numbers", f"{{some / (number(model) + some):.5f}}")
print("LoRA on all six, rank 4", low(ends("query", "key", "value", "dense"), 4))
norms = sum(number(m) for m in model.modules() if isinstance(m, torch.nn.LayerNorm))
d, m = model.config.hidden_size, {BOTTLENECK}
print("adapters", number(head) + norms + 2 * len(model.encoder.layer) * (2 * m * d + d + m))
"""
    out, width = shape
    some, whole = counts["lora", 4, "attention"], wholes["lora", 4, "attention"]
    return Notebook(
        code,
        (
            f"matrix {out} x {width} = {out * width}",
            f"cut to rank {cut}: {cut * (out + width)}",
            f"everything {counts['full', 0, 'attention']}",
            f"LoRA on queries and values, rank 4 {some}",
            f"share of all numbers {some / whole:.5f}",
            f"LoRA on all six, rank 4 {counts['lora', 4, 'every']}",
            f"adapters {counts['adapter', BOTTLENECK, 'attention']}",
        ),
    )


def forgetting(name: str, some: int, whole: int, rank: int) -> Notebook:
    """How many numbers LoRA trains beside every matrix, counted on the model itself."""
    code = f"""{opening(checkpoints.card(name), "BertModel")}
whole = sum(p.numel() for p in model.parameters())
matrices = [m for m in model.encoder.modules() if isinstance(m, torch.nn.Linear)]
some = sum({rank} * (m.in_features + m.out_features) for m in matrices)
print("matrices", len(matrices))
print("LoRA of rank {rank}", some, "of", whole)
print("share in %", f"{{100 * some / whole:.1f}}")
"""
    layers = checkpoints.card(name).num_layers or 0
    share = f"share in % {100 * some / whole:.1f}"
    return Notebook(code, (f"matrices {6 * layers}", f"LoRA of rank {rank} {some} of {whole}", share))


def features(name: str, layers: int, mixed: int, whole: int) -> Notebook:
    """How many numbers a mix trains and how many fine-tuning does, counted on the model."""
    code = f"""{opening(checkpoints.card(name), "BertModel")}
ids = tokenizer("The fox sat.", return_tensors="pt").input_ids
with torch.inference_mode():
    layers = torch.stack(model(ids, output_hidden_states=True).hidden_states)  # embeddings and blocks
mixed = layers.mean(0)  # the even mix: softmax of equal numbers
width = mixed.shape[-1]
head = torch.nn.Linear(width, 4)  # person, animal, place, nothing
number = lambda module: sum(p.numel() for p in module.parameters())
mix, whole = len(layers) + 1 + number(head), number(model) - number(model.pooler) + number(head)  # tags use no pooler
print("layers", len(layers))
print("a mix trains", mix)
print("fine-tuning trains", whole)
print("share", f"{{100 * mix / whole:.3f}}%")
"""
    return Notebook(
        code,
        (
            f"layers {layers}",
            f"a mix trains {mixed}",
            f"fine-tuning trains {whole}",
            f"share {100 * mixed / whole:.3f}%",
        ),
    )


def start(kept: Mapping[str, Any]) -> Notebook:
    """How many weights every start has, and the loss of one that knows nothing."""
    code = f"""{opening(checkpoints.card(kept["model"]), "BertModel")}
head = torch.nn.Linear(model.config.hidden_size, 4)  # person, animal, place, nothing
number = lambda module: sum(p.numel() for p in module.parameters())
print("weights of a start", number(model) - number(model.pooler) + number(head))  # the pooler is not in use for tags
same = torch.zeros(1, 4)  # every tag as likely as the others
print("loss of knowing nothing", f"{{torch.nn.functional.cross_entropy(same, torch.tensor([0])):.3f}}")
"""
    return Notebook(
        code,
        (f"weights of a start {kept['numbers']}", f"loss of knowing nothing {math.log(len(TAGS)):.3f}"),
    )
