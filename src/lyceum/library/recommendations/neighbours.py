"""Item neighbours: the cosine of two items' readers, damped where few readers have both.

The damping is the usual "shrinkage" (Bell and Koren, "Scalable Collaborative Filtering", ICDM 2007): an overlap of one
reader proves little.
"""

import numpy as np

from lyceum.library.recommendations import sparse
from lyceum.library.recommendations.signals import Weights
from lyceum.library.recommendations.sparse import Rows

DAMPING = 10.0


def neighbours(shared: Weights, *, most: int, damping: float = DAMPING) -> Rows:
    """Return the nearest items of each item, from the Gram matrix, which stays as it is."""
    norms = np.sqrt(np.diagonal(shared))

    def near(part: slice) -> Weights:
        # What nobody has read has no direction; the smallest damping keeps it from being divided by nothing.
        block = shared[part] / (norms[part, None] * norms + np.float32(max(damping, 1e-9)))
        sparse.point_away(block, part)
        return np.asarray(block, np.float32)

    return sparse.strongest(near, len(shared), most=most, only_positive=True)
