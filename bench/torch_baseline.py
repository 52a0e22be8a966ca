#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Images a second that plain PyTorch trains of one of dime's networks, with the data in memory.

usage: bench/torch_baseline.py [--network fc|cnn] [--inputs SIDE] [--widths N,N,N] [--channels N] [--bits N]
                               [--batch N] [--threads N] [--seconds S] [--float]

The network is quantized in training like dime's: weights to symmetric odd levels of one scale a tensor, activations to
8 bits behind an RMS normalisation, straight-through gradients, Adam. --float leaves the quantization out. No data
loader and no augmentation: one tensor holds the encoded pictures, a batch is an index into it. Prints one number.
"""
import argparse
import time

import torch
from torch import nn
from torch.nn import functional


def rounded(real, levels):
    """The value of `levels` forwards, the gradient of `real`."""
    return real + (levels - real).detach()


def weight_levels(weight, bits):
    unit = weight.abs().mean() / 0.25 / 2 ** (bits - 1)
    half = 2 ** (bits - 1)
    return rounded(weight, (torch.round(weight / unit - 0.5).clamp(-half, half - 1) + 0.5) * unit)


def activation_levels(real):
    unit = real.abs().amax(dim=-1, keepdim=True).clamp(min=1e-5) / 127
    return rounded(real, torch.round(real / unit).clamp(-128, 127) * unit)


def rms(real):
    return real / real.pow(2).mean(dim=-1, keepdim=True).add(1e-12).sqrt()


class Linear(nn.Linear):
    bits = 4

    def forward(self, real):
        real = rms(real)
        if not self.bits:
            return functional.linear(real, self.weight)
        return functional.linear(activation_levels(real), weight_levels(self.weight, self.bits))


class Conv(nn.Conv2d):
    bits = 8

    def forward(self, real):
        weight = weight_levels(self.weight, self.bits) if self.bits else self.weight
        return functional.conv2d(real, weight, groups=self.groups)


def linear(inputs, outputs, bits):
    layer = Linear(inputs, outputs, bias=False)
    layer.bits = bits
    return layer


def conv(inputs, outputs, groups, bits):
    layer = Conv(inputs, outputs, 3, groups=groups, bias=False)
    layer.bits = bits
    return layer


def hidden(inputs, widths, bits):
    layers = []
    for width in widths:
        layers += [linear(inputs, width, bits), nn.ReLU()]
        inputs = width
    return layers + [linear(inputs, 10, bits)]


def fully_connected(given):
    return nn.Sequential(nn.Flatten(), *hidden(given.inputs ** 2, given.widths, given.bits))


def convolutional(given):
    channels, eight = given.channels, 8 if given.bits else 0
    side = ((given.inputs - 4) // 2 - 2) // 2
    maps = [conv(1, channels, 1, eight), nn.ReLU(), conv(channels, channels, channels, eight), nn.ReLU(),
            nn.MaxPool2d(2), conv(channels, channels, channels, eight), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*maps, *hidden(channels * side ** 2, given.widths, given.bits))


def train(given):
    torch.manual_seed(1)
    torch.set_num_threads(given.threads)
    count = 16384
    pictures = torch.randint(-50, 128, (count, 1, given.inputs, given.inputs)).float()
    labels = torch.randint(0, 10, (count,))
    model = convolutional(given) if given.network == "cnn" else fully_connected(given)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    done, started = 0, None
    while started is None or time.perf_counter() - started < given.seconds:
        order = torch.randperm(count)
        for first in range(0, count - given.batch + 1, given.batch):
            chosen = order[first:first + given.batch]
            optimizer.zero_grad()
            functional.cross_entropy(model(pictures[chosen]), labels[chosen]).backward()
            optimizer.step()
            done += given.batch
            if started is None and done >= 10 * given.batch:
                started, done = time.perf_counter(), 0
            if started is not None and time.perf_counter() - started >= given.seconds:
                break
    return done / (time.perf_counter() - started)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=["fc", "cnn"], default="fc")
    parser.add_argument("--inputs", type=int, default=16)
    parser.add_argument("--widths", default="64,64,64")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--float", action="store_true")
    given = parser.parse_args()
    given.widths = [int(width) for width in given.widths.split(",")]
    if given.float:
        given.bits = 0
    print(f"{train(given):.0f}")


if __name__ == "__main__":
    main()
