"""The gradient from k steps back: torch's own networks agree, and what the page says of it holds."""

import math

import pytest
import torch

from components.lm.start.gradients import FORGETS, NETWORKS, PROBES, WIDTH, Network, Recurrence, gradient_back


@pytest.mark.parametrize("network", NETWORKS)
def test_torchs_own_networks_give_the_same(network: Network) -> None:
    setting = Recurrence(forget="0", steps=12)
    generator = torch.Generator().manual_seed(0)
    rows = WIDTH if network == "rnn" else 4 * WIDTH

    def uniform(*shape: int) -> torch.Tensor:
        return (torch.rand(*shape, generator=generator, dtype=torch.float64) * 2 - 1) / math.sqrt(WIDTH)

    x = torch.randn(12, WIDTH, generator=generator, dtype=torch.float64).requires_grad_()
    wx, wh = uniform(rows, WIDTH), uniform(rows, WIDTH)
    if network == "rnn":
        wh = wh / torch.linalg.eigvals(wh).abs().max()
    kind = torch.nn.RNN if network == "rnn" else torch.nn.LSTM
    made: torch.nn.RNNBase = kind(WIDTH, WIDTH, bias=False).double()
    # torch keeps the gates in the order i, f, g, o; ours are i, f, o, g.
    order = [0] if network == "rnn" else [0, 1, 3, 2]
    parts = [slice(k * WIDTH, (k + 1) * WIDTH) for k in order]
    with torch.no_grad():
        for name, weight in (("weight_ih_l0", wx), ("weight_hh_l0", wh)):
            made.get_parameter(name).copy_(torch.cat([weight[part] for part in parts]))
    last = made(x)[0][-1]
    squares = torch.zeros(12, dtype=torch.float64)
    for probe in torch.randn(PROBES, WIDTH, generator=generator, dtype=torch.float64):
        squares += torch.autograd.grad(last @ probe, x, retain_graph=True)[0].square().sum(1)
    wanted = squares.sqrt().flip(0)
    assert gradient_back(network, setting) == pytest.approx((wanted / wanted[0]).tolist(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_an_rnn_vanishes_or_explodes_and_an_lstm_keeps(seed: int) -> None:
    def at_50(network: Network, **setting: object) -> float:
        return gradient_back(network, Recurrence(seed=seed, steps=51, **setting))[50]  # type: ignore[arg-type]

    assert at_50("rnn", radius=1.0) < 1e-5
    assert at_50("rnn", radius=0.5) < 1e-15
    assert at_50("rnn", radius=2.0) > 1e-2
    assert 0.05 < at_50("lstm", forget="none") < 20
    assert at_50("lstm", forget="0") < 1e-8
    bias = [at_50("lstm", forget=forget) for forget in FORGETS[1:]]
    assert bias == sorted(bias, reverse=True)


def test_the_same_seed_gives_the_same() -> None:
    assert gradient_back("lstm", Recurrence(steps=5)) == gradient_back("lstm", Recurrence(steps=5))
    assert gradient_back("lstm", Recurrence(steps=5)) != gradient_back("lstm", Recurrence(seed=1, steps=5))
