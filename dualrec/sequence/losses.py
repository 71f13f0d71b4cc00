"""Cross-entropy over all items, a few positions at a time: memory does not grow with positions × items."""

from __future__ import annotations

from typing import Any

import torch

CHUNK = 2**20  # logits that are held at once, 4 MB: they stay in the processor's cache between one step and the next
GPU_CHUNK = 2**26  # the same on a GPU, 256 MB: there it is the number of steps that costs


def next_item_loss(
    queries: torch.Tensor, keys: torch.Tensor, bias: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """The mean cross-entropy, in nats, of the targets under softmax(queries · keys + bias).

    `F.cross_entropy` says the same, and holds the logits of all positions at once, three times over with gradients.
    Here each chunk of positions leaves its gradient and is forgotten, which takes a third of the time for twelve
    thousand items, and two thirds for seventeen hundred (800 and 600 positions of 64 and 128 numbers, one thread).

    queries: float32 (M, d)
    keys: float32 (N + 1, d)
    bias: float32 (N + 1,)
    targets: int64 (M,)
    """
    return _NextItemLoss.apply(queries, keys, bias, targets)


class _NextItemLoss(torch.autograd.Function):
    """The loss and, in the same pass, its gradients: softmax less one at the target."""

    @staticmethod
    def forward(
        ctx: Any, queries: torch.Tensor, keys: torch.Tensor, bias: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        of_queries, of_keys, of_bias = torch.empty_like(queries), torch.zeros_like(keys), torch.zeros_like(bias)
        loss = queries.new_zeros(())
        held = GPU_CHUNK if queries.is_cuda else CHUNK
        chunks = -(-len(queries) // max(held // len(keys), 1))
        size = -(-len(queries) // chunks)  # all alike: a short chunk is slow for its size
        space = queries.new_empty(size, len(keys))  # taken once: fresh memory costs as much as a step through it
        for start in range(0, len(queries), size):
            rows = slice(start, start + size)
            chunk, wanted = queries[rows], targets[rows, None]
            logits = torch.addmm(bias, chunk, keys.T, out=space[: len(chunk)])  # (size, N + 1)
            logits -= logits.amax(dim=1, keepdim=True)
            at_target = logits.gather(1, wanted)
            # what follows is in multiples of the sum, by which the small factors are divided instead of the large one
            shares = logits.exp_()
            sums = shares.sum(dim=1, keepdim=True)
            loss += (sums.log() - at_target).sum()
            shares.scatter_add_(1, wanted, -sums)
            of_queries[rows] = shares @ keys / sums
            of_keys.addmm_(shares.T, chunk / sums)
            of_bias.addmv_(shares.T, 1 / sums[:, 0])
        ctx.save_for_backward(of_queries, of_keys, of_bias)
        return loss / len(queries)

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        of_queries, of_keys, of_bias = ctx.saved_tensors
        scale = outer[0] / len(of_queries)
        return of_queries * scale, of_keys * scale, of_bias * scale, None
