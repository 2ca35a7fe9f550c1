"""The history's numbers in plain torch and ``transformers``; see ``components/shell/notebook.py``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import clean
from components.lm.start.gradients import PROBES, WIDTH, Recurrence
from components.shell.notebook import Notebook, opening

if TYPE_CHECKING:
    from components.lm.start.chain import Link


def gradient(setting: Recurrence, ten: float) -> Notebook:
    """What arrives in the RNN from ten steps back, as a share of what arrives from the last input."""
    code = f"""import torch

width, steps = {WIDTH}, {setting.steps}
generator = torch.Generator().manual_seed({setting.seed})
how = {{"generator": generator, "dtype": torch.float64}}
x = torch.randn(steps, width, **how).requires_grad_()
w_x, w_h = ((torch.rand(width, width, **how) * 2 - 1) / width**0.5 for _ in range(2))
w_h *= {setting.radius} / torch.linalg.eigvals(w_h).abs().max()  # its spectral radius
h = torch.zeros(width, dtype=torch.float64)
for one in x:
    h = torch.tanh(w_x @ one + w_h @ h)
squares = 0
for probe in torch.randn({PROBES}, width, **how):
    squares += torch.autograd.grad(h @ probe, x, retain_graph=True)[0].square().sum(1)
sizes = squares.sqrt().flip(0)  # (steps back,)
print(f"{{sizes[10] / sizes[0]:.2e}}")
"""
    return Notebook(code, (f"{ten:.2e}",))


def chain(card: ModelCard, text: str, links: "Sequence[Link]") -> Notebook:
    """The power of ten of the text's probability."""
    code = f"""{opening(card, "AutoModelForCausalLM")}
ids = tokenizer(tokenizer.bos_token + {clean(text)!r}, return_tensors="pt").input_ids
with torch.inference_mode():
    scores = model(ids).logits[0, :-1].log_softmax(-1)
chosen = scores.gather(1, ids[0, 1:, None])  # log P of each token, given all before it
print(f"{{chosen.sum() / torch.tensor(10.0).log():.1f}}")
"""
    power = sum(one.log_prob for one in links) / np.log(10)
    return Notebook(code, (f"{power:.1f}",))
