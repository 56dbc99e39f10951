"""What is compared: heads that nobody trained, and trained ones by loss and mining."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from models.head import baselines
from models.head.embeddings import Embeddings
from models.head.fit import Epoch, Plan, fit
from models.head.linear import Head
from models.head.losses import Hinge, Mined, NPair, Objective, SoftMargin, Tail
from models.head.mining import batch_hard, hard_negatives, semi_hard

UNTRAINED: dict[str, Callable[[Embeddings], Head]] = {
    "no head (512)": baselines.none,
    "mean removed (512)": baselines.mean_removed,
    "PCA": baselines.pca,
    "LDA": baselines.lda,
    "LDA, 90 % shrunk": partial(baselines.lda, shrinkage=0.9),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A loss with its mining, trained ``n_heads`` times with other seeds; the head is the mean of them."""

    objective: Objective
    n_heads: int = 1
    plan: Plan = field(default_factory=Plan)

    def train(self, given: Embeddings, report: Callable[[Epoch], None]) -> Head:
        """Train on the people given, beginning with their PCA; some of them stop the training."""
        first = baselines.pca(given)
        plans = [replace(self.plan, seed=self.plan.seed + number) for number in range(self.n_heads)]
        return Head.mean_of([fit(given, first, self.objective, plan=plan, report=report) for plan in plans])


TRIALS = {
    "triplet α = 0.2, semi-hard": Trial(Mined(Hinge(0.2), semi_hard)),
    "triplet α = 0.8, semi-hard": Trial(Mined(Hinge(0.8), semi_hard)),
    "triplet α = 0.8, batch-hard": Trial(Mined(Hinge(0.8), batch_hard)),
    "soft margin, semi-hard": Trial(Mined(SoftMargin(0.4), semi_hard)),
    "soft margin, batch-hard": Trial(Mined(SoftMargin(0.4), batch_hard)),
    "soft margin, hard negatives": Trial(Mined(SoftMargin(0.4), hard_negatives)),
    "N-pair": Trial(NPair(0.06)),
    "tail": Trial(Tail(0.5, 0.07)),
    "tail, mean of 5 heads": Trial(Tail(0.5, 0.07), n_heads=5),
}
CHOSEN = "tail, mean of 5 heads"
"""The best of them in the tails, to be folded into the next network."""
