"""Where LayerNorm stands, and what that does to the gradient with depth: narrow GPTs of many layers, untrained.

Xiong et al. 2020, https://arxiv.org/abs/2002.04745, section 3: with LayerNorm after the addition (post-LN, as in Vaswani
et al. 2017) and Xavier's start the gradient of the last layers does not shrink with depth; with LayerNorm before each part (pre-LN,
as in GPT-2) it does, as 1/sqrt(layers), and large first steps do no harm.

    >>> found = gradients(6, "pre", seed=0, ids=sample_ids(rows=1))
    >>> len(found.feed_forward), len(found.query)
    (6, 6)
"""

from dataclasses import dataclass
from typing import Literal, get_args

from components.lm import checkpoints

checkpoints.import_torch()  # before the imports below: from several threads at once they can fail halfway, for as long as the server runs

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

Wiring = Literal["post", "pre"]
WIRINGS: tuple[Wiring, ...] = get_args(Wiring)
DEPTHS = (6, 12, 24, 48)
WIDTH, HEADS, LENGTH, ROWS = 64, 4, 64, 16
BYTES = 256


class Block(nn.Module):
    """One layer: causal attention and a feed-forward network four times as wide, each with a bypass and a LayerNorm."""

    def __init__(self, wiring: Wiring) -> None:
        super().__init__()
        self.wiring = wiring
        self.query, self.key, self.value, self.output = (
            nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4)
        )
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, positions, width) -> the same."""
        query, key, value = (
            part(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(rows, positions, width) -> the same."""
        if self.wiring == "post":
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.down(F.gelu(self.up(x))))  # type: ignore[no-any-return]
        x = x + self.attend(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))  # type: ignore[no-any-return]


class NarrowModel(nn.Module):
    """A language model of width 64 with tied embeddings; matrices start after Xavier (Glorot and Bengio 2010)."""

    def __init__(self, num_layers: int, wiring: Wiring, *, vocab_size: int = BYTES, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.words, self.positions = nn.Embedding(vocab_size, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.ModuleList(Block(wiring) for _ in range(num_layers))
            self.norm = nn.LayerNorm(WIDTH) if wiring == "pre" else nn.Identity()
            for matrix in (p for p in self.blocks.parameters() if p.ndim == 2):
                nn.init.xavier_uniform_(matrix)
            for table in (self.words, self.positions):
                nn.init.normal_(table.weight, std=WIDTH**-0.5)

    def loss(self, ids: torch.Tensor) -> torch.Tensor:
        """Mean loss in nats of the next symbol; ``ids`` (rows, positions + 1)."""
        inputs, targets = ids[:, :-1], ids[:, 1:]
        x = self.words(inputs) * WIDTH**0.5 + self.positions.weight[: inputs.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(F.linear(self.norm(x), self.words.weight).flatten(0, 1), targets.flatten())


@dataclass(frozen=True)
class Gradients:
    """Norms by layer, first layer first: of the second feed-forward matrix, and of the query matrix."""

    num_layers: int
    wiring: Wiring
    feed_forward: tuple[float, ...]
    query: tuple[float, ...]


def sample_ids(text: bytes = b"Once upon a time there was a little girl. ", rows: int = ROWS) -> torch.Tensor:
    """A text's bytes as ``rows`` rows of ``LENGTH`` + 1, begun again where it ends. Raises ``ValueError`` if it is empty."""
    if not text:
        raise ValueError("a text of at least one byte is needed")
    size = rows * (LENGTH + 1)
    repeated = (text * (size // len(text) + 1))[:size]
    return torch.tensor(list(repeated)).view(rows, LENGTH + 1)


def gradients(num_layers: int, wiring: Wiring, *, seed: int, ids: torch.Tensor) -> Gradients:
    """Gradient norms of an untrained model on one batch; the same seed gives the same numbers."""
    model = NarrowModel(num_layers, wiring, seed=seed)
    model.loss(ids).backward()
    down = [block.down.weight.grad.norm().item() for block in model.blocks]  # type: ignore[union-attr, operator]
    query = [block.query.weight.grad.norm().item() for block in model.blocks]  # type: ignore[union-attr, operator]
    return Gradients(num_layers, wiring, tuple(down), tuple(query))
