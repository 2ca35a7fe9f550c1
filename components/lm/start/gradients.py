"""The gradient that arrives from k steps back, in an RNN and in an LSTM.

Trained through time, a network is told what a symbol had to do with the output k steps later by a product of k Jacobians: it vanishes
or explodes with k (Hochreiter 1991; Bengio et al. 1994; Pascanu et al. 2013, https://arxiv.org/abs/1211.5063). The LSTM adds to
its cell instead (Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735); the forget gate came in 2000
(Gers et al., https://doi.org/10.1162/089976600300015015).

>>> [f"{x:.2f}" for x in gradient_back("rnn", Recurrence(steps=3))]
['1.00', '0.63', '0.54']
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Network = Literal["rnn", "lstm"]
Forget = Literal["none", "3", "1", "0"]
NETWORKS: tuple[Network, ...] = ("rnn", "lstm")
FORGETS: tuple[Forget, ...] = ("none", "3", "1", "0")
"""``none``: the cell of 1997, which keeps all; else the bias of the forget gate."""
WIDTH, STEPS, PROBES = 32, 100, 8


@dataclass(frozen=True)
class Recurrence:
    """What is set: ``radius`` is the spectral radius of the RNN's recurrent matrix, ``forget`` the LSTM's forget gate."""

    radius: float = 1.0
    forget: Forget = "none"
    seed: int = 0
    steps: int = STEPS


def _rnn(x: Tensor, wx: Tensor, wh: Tensor) -> Tensor:
    """h_t = tanh(W_x x_t + W_h h_(t-1)), returned after the last step, (width,)."""
    h = x.new_zeros(wh.shape[0])
    for one in x:
        h = (wx @ one + wh @ h).tanh()
    return h


def _lstm(x: Tensor, wx: Tensor, wh: Tensor, forget: Forget) -> Tensor:
    """c_t = f c_(t-1) + i g, h_t = o tanh(c_t); returned after the last step, (width,)."""
    h = c = x.new_zeros(wh.shape[1])
    for one in x:
        i, f, o, g = (wx @ one + wh @ h).chunk(4)
        kept = f.new_ones(f.shape) if forget == "none" else (f + float(forget)).sigmoid()
        c = kept * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    return h


def gradient_back(network: Network, setting: Recurrence) -> list[float]:
    """Return the size of the gradient with respect to the input k steps back, for k = 0 to ``steps`` - 1, as a share of k = 0.

    Weights are drawn once as torch draws them, uniformly within 1/sqrt(width), inputs from a normal distribution; nothing is
    trained. The size is the root of the summed squares over ``PROBES`` random directions of the last state. In float64: the
    numbers get very small.
    """
    import torch

    generator = torch.Generator().manual_seed(setting.seed)
    bound, rows = 1 / math.sqrt(WIDTH), WIDTH if network == "rnn" else 4 * WIDTH

    def uniform(*shape: int) -> Tensor:
        return (torch.rand(*shape, generator=generator, dtype=torch.float64) * 2 - 1) * bound

    x = torch.randn(setting.steps, WIDTH, generator=generator, dtype=torch.float64).requires_grad_()
    wx, wh = uniform(rows, WIDTH), uniform(rows, WIDTH)
    if network == "rnn":
        wh *= setting.radius / torch.linalg.eigvals(wh).abs().max()
        last = _rnn(x, wx, wh)
    else:
        last = _lstm(x, wx, wh, setting.forget)
    squares = torch.zeros(setting.steps, dtype=torch.float64)
    for probe in torch.randn(PROBES, WIDTH, generator=generator, dtype=torch.float64):
        (found,) = torch.autograd.grad((last * probe).sum(), x, retain_graph=True)
        squares += found.square().sum(1)
    sizes = squares.sqrt().flip(0)
    return [float(size) for size in sizes / sizes[0]]
