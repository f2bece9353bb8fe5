"""The table of stresses: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from dystrack.tools.kit.evaluation.stresses import (
    Prescan,
    as_bits,
    as_channel,
    black,
    bleached,
    blurred,
    cropped,
    dimmed,
    empty,
    file_cut,
    last_planes_black,
    mirrored,
    noise,
    noisier,
    on_other_background,
    saturated,
    shifted,
    unchanged,
    with_debris,
    with_distractor,
)

__all__ = ["STRESSES", "Stress", "stressed"]


@dataclass(frozen=True)
class Stress:
    """One thing that can happen to a prescan.

    Attributes
    ----------
    name : str
        How tables call it.
    family : str
        What it has in common with others of another strength.
    level : float
        How strong it is, in the unit of its family.
    words : str
        What it does, in words.
    apply : callable
        From a prescan to what becomes of it; None where that cannot happen to it.
    is_probe : bool
        Whether it only asks what the pipeline does, so that no answer is called wrong.
    """

    name: str
    family: str
    level: float
    words: str
    apply: Callable[[Prescan], Prescan | None]
    is_probe: bool = False


def stressed(prescan: Prescan, name: str) -> Prescan | None:
    """Return what a stress makes of a prescan, in its shape; None where it cannot happen to it."""
    return STRESSES[name].apply(prescan)


def _shifts() -> list[Stress]:
    moves = [
        Stress(
            f"shifted {axis} {sign * percent:+d} %",
            f"shifted {axis}",
            sign * percent,
            f"everything lies {percent} % of the field further {'up' if sign > 0 else 'down'} "
            f"the {axis} axis",
            _shift(axis, sign * percent / 100),
        )
        for axis, percents in (("x", (5, 10, 20, 35)), ("y", (5, 10, 20, 35)), ("z", (10, 20)))
        for percent in percents
        for sign in (-1, 1)
    ]
    both = partial(shifted, y=0.1, x=0.1)
    back = partial(shifted, y=-0.15, x=-0.15)
    all_three = partial(shifted, z=0.1, y=0.1, x=-0.1)
    return [
        *moves,
        Stress("shifted y, x +10 %", "shifted together", 10, "along y and x at once", both),
        Stress("shifted y, x -15 %", "shifted together", -15, "along y and x at once", back),
        Stress("shifted z, y, x", "shifted together", 10, "along all axes at once", all_three),
    ]


def _shift(axis: str, share: float) -> Callable[[Prescan], Prescan | None]:
    return lambda prescan: shifted(prescan, **{axis: share})


def _graded(
    family: str,
    words: str,
    apply: Callable[[Prescan, Any], Prescan | None],
    levels: Mapping[str, float],
) -> list[Stress]:
    """Return one stress for each of the named levels."""
    return [
        Stress(f"{family} {name}", family, level, words, _at(apply, level))
        for name, level in levels.items()
    ]


def _at(
    apply: Callable[[Prescan, Any], Prescan | None], level: float
) -> Callable[[Prescan], Prescan | None]:
    return lambda prescan: apply(prescan, level)


def _single(
    name: str, words: str, apply: Callable[[Prescan], Prescan | None], *, is_probe: bool = False
) -> Stress:
    return Stress(name, name, 1.0, words, apply, is_probe)


_TABLE = (
    _single("as it is", "the prescan itself", unchanged),
    *_shifts(),
    *_graded(
        "dimmed",
        "this share of the signal is left",
        dimmed,
        {f"to {p} %": p / 100 for p in (50, 20, 10, 5)},
    ),
    *_graded(
        "noisier",
        "noise with this share of the signal as its standard deviation",
        noisier,
        {f"by {p} %": p / 100 for p in (10, 25, 50, 100)},
    ),
    *_graded(
        "blurred",
        "out of focus by this share of the width",
        blurred,
        {f"by {p} %": p / 100 for p in (1, 3)},
    ),
    *_graded(
        "bleached",
        "this share of the photons is left",
        bleached,
        {f"to {p} %": p / 100 for p in (50, 20, 5)},
    ),
    *_graded(
        "saturated", "the gain is so many times too high", saturated, {"3 times": 3, "10 times": 10}
    ),
    *_graded(
        "cropped",
        "only this share of the field shows the sample",
        cropped,
        {f"to {p} %": p / 100 for p in (85, 70)},
    ),
    _single("empty", "only background", empty),
    _single("noise", "only noise, as bright as the sample", noise),
    _single("black", "every pixel is 0", black),
    *_graded(
        "debris", "so many specks as bright as the sample", with_debris, {"20": 20, "200": 200}
    ),
    *_graded(
        "distractor",
        "something else, with this share of the sample's brightness, far from the target",
        with_distractor,
        {"half as bright": 0.5, "as bright": 1.0},
    ),
    _single("other background", "another sample's background on top", on_other_background),
    *_graded(
        "planes missing",
        "this share of the planes, the last ones, are black",
        last_planes_black,
        {f"{p} %": p / 100 for p in (20, 40)},
    ),
    _single("file cut short", "only 60 % of the file is there", file_cut),
    *(
        _single(f"as {name}", "the same picture in another type of pixel", partial(as_bits, bits=n))
        for name, n in {"8 bit": 8, "12 bit": 12, "16 bit": 16, "real numbers": 0}.items()
    ),
    *(
        _single(f"channel {i + 1} of 2", "beside an empty channel", partial(as_channel, index=i))
        for i in (0, 1)
    ),
    *(
        _single(
            f"mirrored {axis}",
            "seen in a mirror: tells a fixed offset",
            partial(mirrored, axis=i),
            is_probe=True,
        )
        for axis, i in {"x": -1, "y": -2, "z": -3}.items()
    ),
)

STRESSES: Mapping[str, Stress] = MappingProxyType({stress.name: stress for stress in _TABLE})
"""All stresses by their names; the first one changes nothing."""
