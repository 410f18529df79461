"""PyTorch as a reader would write it: ``nn.RNN`` or ``nn.LSTM``, and an optimiser of ``optim``."""

import torch
from torch import nn
from workloads import MAX_NORM, RATE

torch.set_num_threads(1)


class Net(nn.Module):
    """An embedding where there are letters, one recurrent layer, one output layer."""

    def __init__(self, work):
        super().__init__()
        self.embed = nn.Embedding(work.n_classes, work.n_features) if work.letters else None
        kind = nn.LSTM if work.cell == "lstm" else nn.RNN
        self.rnn = kind(work.n_features, work.n_hidden)
        self.out = nn.Linear(work.n_hidden, work.n_classes)

    def forward(self, x):
        h, _ = self.rnn(x if self.embed is None else self.embed(x))
        return self.out(h[-1] if self.embed is None else h)


def build(work, weights):
    """Return the network with these weights."""
    net, weights = Net(work), {k: torch.from_numpy(w) for k, w in weights.items()}
    with torch.no_grad():
        net.rnn.weight_ih_l0.copy_(weights["Wxh"])
        net.rnn.weight_hh_l0.copy_(weights["Whh"])
        net.rnn.bias_ih_l0.copy_(weights["bh"])
        net.rnn.bias_hh_l0.zero_()
        net.out.weight.copy_(weights["Why"])
        net.out.bias.copy_(weights["by"])
        if work.letters:
            net.embed.weight.copy_(weights["E"])
    return net


def make(work):
    """Return an update, which gives its loss, and a prediction."""
    net = build(work, work.weights())
    net.rnn.bias_hh_l0.requires_grad_(False)  # one bias, as the others have
    params = [p for p in net.parameters() if p.requires_grad]
    optimizer = (torch.optim.Adam if work.letters else torch.optim.SGD)(params, lr=RATE)
    x, y = (torch.from_numpy(a) for a in work.data())
    y = y.long()

    def update():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x).flatten(0, -2), y.flatten())
        loss.backward()
        if work.letters:
            nn.utils.clip_grad_norm_(params, MAX_NORM)
        optimizer.step()
        return float(loss.detach())

    def predict():
        with torch.inference_mode():
            return net(x).softmax(-1).numpy()

    return update, predict


def make_sample(work):
    """Return a function that draws letters."""
    net, noise = build(work, work.speaker()), torch.from_numpy(work.noise())

    def sample():
        token, state, letters = torch.zeros(1, dtype=torch.long), None, []
        with torch.inference_mode():
            for noise_t in noise:
                h, state = net.rnn(net.embed(token), state)
                token = (net.out(h) + noise_t).argmax(-1)
                letters.append(int(token))
        return letters

    return sample
