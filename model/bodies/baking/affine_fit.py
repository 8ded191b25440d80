"""Points as weighted sums of others that hold in every pose, by least squares.

Weights sum to one, so what is fitted does not change when bodies are moved or turned. They are
fitted on posed bodies: on the rest pose alone, near points of different limbs look related.

What a network predicts is no exact mesh, so every source is taken to err by 1 mm of its own. Small
weights on many are then preferred to large ones that cancel.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from jaxtyping import Float32, Float64, Int64

from model.types import Array

_CHUNK = 256  # targets at a time; bounds memory to tens of megabytes
_SOURCE_ERROR_M = 0.001


def nearest_in_all_poses(
    sources_m: Float32[Array, "n sources 3"], targets_m: Float32[Array, "n targets 3"], count: int
) -> Int64[Array, "targets count"]:
    """Return the sources with the least root mean square distance over the poses."""
    a = np.ascontiguousarray(targets_m.swapaxes(0, 1)).reshape(targets_m.shape[1], -1)
    b = np.ascontiguousarray(sources_m.swapaxes(0, 1)).reshape(sources_m.shape[1], -1)
    square: Array = (b * b).sum(axis=1) - 2 * a @ b.T  # [targets,sources], less targets' own
    return square.argsort(axis=1)[:, :count]


def fit_affine(
    sources_m: Float32[Array, "n sources 3"], targets_m: Float32[Array, "n targets 3"], count: int
) -> tuple[Int64[Array, "targets count"], Float32[Array, "targets count"]]:
    """Express each target by its `count` nearest sources.

    Returns:
        Indices of the sources, and weights that sum to one.
    """
    indices = nearest_in_all_poses(sources_m, targets_m, count)
    grams = np.concatenate(list(_grams(sources_m, targets_m, indices)))  # [targets,count,count]
    return indices, _solve(grams)[0].astype(np.float32)


def fit_triples(
    sources_m: Float32[Array, "n sources 3"], targets_m: Float32[Array, "n targets 3"], count: int
) -> tuple[Int64[Array, "targets 3"], Float32[Array, "targets 3"]]:
    """Express each target by the best three of its `count` nearest sources.

    Returns:
        Indices of the sources, ascending, and weights that sum to one.
    """
    nearest = np.sort(nearest_in_all_poses(sources_m, targets_m, count), axis=1)
    triples = np.array(list(combinations(range(count), 3)))  # [triples,3]
    indices, weights = [], []
    for start, grams in enumerate(_grams(sources_m, targets_m, nearest)):
        small = grams[:, triples[:, :, None], triples[:, None, :]]  # [chunk,triples,3,3]
        triple_weights, residual = _solve(small)
        best = residual.argmin(axis=1)
        rows = np.arange(len(best))
        indices.append(nearest[start * _CHUNK + rows[:, None], triples[best]])
        weights.append(triple_weights[rows, best])
    return np.concatenate(indices), np.concatenate(weights).astype(np.float32)


def fit_sparse(
    sources_m: Float32[Array, "n sources 3"],
    target_m: Float32[Array, "n 3"],
    candidates: int,
    count: int,
) -> Float32[Array, "sources"]:
    """Express one target by `count` of its nearest `candidates` sources, chosen greedily."""
    targets_m = target_m[:, None]
    nearest = nearest_in_all_poses(sources_m, targets_m, candidates)
    gram = next(_grams(sources_m, targets_m, nearest))[0]  # [candidates,candidates]
    chosen = [int(gram.diagonal().argmin())]
    while len(chosen) < count:
        chosen.append(_best_addition(gram, chosen))
    weights = np.zeros(sources_m.shape[1], np.float32)
    weights[nearest[0, chosen]] = _solve(gram[np.ix_(chosen, chosen)])[0]
    return weights


def _best_addition(gram: Float64[Array, "candidates candidates"], chosen: list[int]) -> int:
    """Return the candidate that, added to the chosen, lowers the error of the fit most.

    The error is 1 / (1' G^-1 1); by the inverse of a bordered matrix an addition raises its
    denominator by the square below over the Schur complement.
    """
    inverse = np.linalg.inv(gram[np.ix_(chosen, chosen)])
    border = gram[chosen]  # [chosen,candidates]
    schur = gram.diagonal() - np.einsum("sc,st,tc->c", border, inverse, border)
    schur[chosen] = np.inf
    return int(((1 - inverse.sum(axis=0) @ border) ** 2 / schur).argmax())


def _grams(
    sources_m: Float32[Array, "n sources 3"],
    targets_m: Float32[Array, "n targets 3"],
    indices: Int64[Array, "targets count"],
) -> Iterator[Float64[Array, "chunk count count"]]:
    """Yield, for chunks of targets, the products of their sources' offsets summed over poses."""
    error = 3 * len(sources_m) * _SOURCE_ERROR_M**2 * np.eye(indices.shape[1])
    for start in range(0, len(indices), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        offsets_m = sources_m[:, indices[chunk]] - targets_m[:, chunk, None]  # [n,chunk,count,3]
        flat = offsets_m.transpose(1, 2, 0, 3).reshape(*indices[chunk].shape, -1)
        yield (flat @ flat.swapaxes(1, 2)).astype(np.float64) + error


def _solve(
    grams: Float64[Array, "*batch count count"],
) -> tuple[Float64[Array, "*batch count"], Float64[Array, "*batch"]]:
    """Minimise w' G w where w sums to one: w = G^-1 1 / (1' G^-1 1), with the least value."""
    unscaled = np.linalg.solve(grams, np.ones((*grams.shape[:-1], 1)))[..., 0]
    total = unscaled.sum(axis=-1)
    return unscaled / total[..., None], np.asarray(1 / total)
