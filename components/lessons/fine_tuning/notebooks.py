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
