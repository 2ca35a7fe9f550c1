"""The pages on fine-tuning in plain ``transformers``; see ``components/shell/notebook.py``."""

from collections.abc import Mapping
from typing import Any

from components.lm import checkpoints
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
