"""The words of the page, explained to whoever reads it; terms of ISO/IEC 19795-1."""

from __future__ import annotations

from datetime import date

from edge.matching.combination import Combination

WARNING = (
    "This page shows faces of real people. It is biometric data: keep it where only those may see it who have to, do not send "
    "it by mail, and delete it when the question is answered. Without --with-faces it holds numbers and names of folders only."
)

VERIFICATION = (
    "All photographs against all. At each share of different people who may be taken for one (FMR): how often is a person "
    "refused (FNMR)?"
)

IDENTIFICATION = (
    "N people are enrolled with g photographs each, q others are fused into a probe, and strangers come too. At each share of "
    "strangers who may be given a name (FPIR): how many people are not given their own (FNIR)?"
)

COUNTS_AS = {
    Combination.NEAREST: "by the nearest of them",
    Combination.MEAN: "as their mean",
    Combination.NEAREST_TWO: "by the two nearest of them",
}
"""How a person's photographs count together."""


def made(day: date, *, version: str, model: str, combination: Combination) -> str:
    """How the figures of a page were made.

    Args:
        day: when.
        version: of the program.
        model: made the templates.
        combination: how a person's templates count together.
    """
    return (
        f"Made on {day.isoformat()} by muster {version} with {model}. At the door, people are enrolled as the unit enrols them: "
        "each photograph is averaged with its mirror image, and several photographs of a person count "
        f"{COUNTS_AS[combination]} (matching.combination: {combination.value}). Whoever comes is one view of a "
        "photograph, or q of them fused. One against one, distances, quality and the worst confusions are of one view on both "
        "sides."
    )


STRANGERS = (
    "The nearest pair of each two people. A very small distance often means that a photograph lies in the wrong folder, or that "
    "one person has two folders."
)

TERMS = {
    "Failure to acquire": "A photograph in which no face is found, or that cannot be read. It makes no template, so it is in "
    "none of the rates; each of them stands beside how many there were.",
    "FMR, false match rate": "Of all pairs of photographs of different people, the share that is nearer than the threshold.",
    "FNMR, false non-match rate": "Of all pairs of photographs of one person, the share that is not nearer than the threshold.",
    "FPIR, false positive identification rate": "Of the strangers, the share that is given anybody's name. Strangers are the "
    "people with a single photograph.",
    "FNIR, false negative identification rate": "Of the probes of people who are enrolled, the share that is not given their "
    "own name: refused, or given another's.",
    "Threshold": "The largest at which no more than the named share is accepted. Ties are refused together; nothing is "
    "interpolated.",
    "± draws": "Standard deviation over 20 draws of who is enrolled with which photographs.",
    "95% of people": "Where the figure lay in 95 of 100 samples of as many people, drawn with replacement from these "
    "(bootstrap). It says how much the figure depends on who happened to be there: few people, wide interval. Where nobody "
    "missed their name, up to the share of which so many people show no miss in one of twenty cases.",
    "Distance": "Squared Euclidean distance between two templates of length one: 0 is the same, 4 the opposite.",
}
