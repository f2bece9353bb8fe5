"""The pictures of a report: small main scans side by side, and when the sample was in view."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dystrack.charts.drawing import Area, Drawing, Mark, Picture, Words
from dystrack.scopes.visits import Thumbnail, Visit
from dystrack.tools.afterwards.report_data import TimeUnit, by_position, time_unit

__all__ = ["contact_sheet", "view_strips"]

_WIDTH = 960.0
_LABELS = 96.0  # room for the words at the left
_WORDS = 12.5

_STRIP_LABELS = 170.0
_SHARES = 60.0
_STRIP_HEIGHT = 17.0
_STRIP_GAP = 3.0
_POSITION_GAP = 8.0
_LEAST_CELL_WITH_GAP = 4.0

_MOST_SHEETS = 4
_COLUMNS, _COLUMNS_IF_WIDE = 8, 5
_WIDE = 1.6  # width over height
_GAP = 6.0
_BLACK_PERCENTILE, _WHITE_PERCENTILE = 5.0, 99.8
_LEAST_CONTRAST = 60.0
_GAMMA_RGB = (1.35, 0.9, 1.1)  # a tint of green, as microscopists know it


def view_strips(visits: Sequence[Visit]) -> Drawing:
    """Draw at which time points the whole sample was in view.

    Parameters
    ----------
    visits : sequence of Visit
        The run.

    Returns
    -------
    Drawing
        For each position a strip with tracking and one without.
    """
    marks: list[Mark] = []
    y = _STRIP_GAP
    for number, own in by_position(visits).items():
        seen = [visit.in_view for visit in own]
        marks += _strip(y, f"Position {number}, tracked", own, seen)
        y += _STRIP_HEIGHT + _STRIP_GAP
        unseen = [visit.untracked_in_view for visit in own]
        marks += _strip(y, "not tracked", own, unseen)
        y += _STRIP_HEIGHT + _POSITION_GAP
    return Drawing(_WIDTH, y, tuple(marks), "Time points with the whole sample in view")


def contact_sheet(visits: Sequence[Visit]) -> Drawing | None:
    """Lay small pictures of the main scans side by side, tracked above, not tracked below.

    Parameters
    ----------
    visits : sequence of Visit
        The run; of many positions the first four are shown.

    Returns
    -------
    Drawing or None
        The sheet; None if no pictures were kept.
    """
    if any(visit.image is None or visit.untracked_image is None for visit in visits):
        return None
    marks: list[Mark] = []
    positions = by_position(visits)
    unit = time_unit(visits)
    y = _GAP
    for number in list(positions)[:_MOST_SHEETS]:
        if len(positions) > 1:
            marks.append(Words(0.0, y + _WORDS, f"Position {number}", is_bold=True))
            y += 2 * _WORDS
        added, y = _sheet_of_position(positions[number], y, unit)
        marks += added
    return Drawing(_WIDTH, y, tuple(marks), "Main scans with and without tracking")


def _strip(y: float, title: str, own: Sequence[Visit], seen: Sequence[bool]) -> Iterator[Mark]:
    """Yield a row of cells, one a visit, between its title and the share of good ones."""
    foot = y + _STRIP_HEIGHT - 4
    yield Words(_STRIP_LABELS - 12, foot, title, "ink", _WORDS, "end")
    cell = (_WIDTH - _STRIP_LABELS - _SHARES) / len(own)
    width = cell - 1 if cell > _LEAST_CELL_WITH_GAP else cell
    for column, (visit, is_seen) in enumerate(zip(own, seen, strict=True)):
        tip = f"Time point {visit.time_point}: {'whole' if is_seen else 'not whole'}"
        role, opacity = ("good", 1.0) if is_seen else ("bad", 0.5)
        left = _STRIP_LABELS + column * cell
        yield Area(left, y, width, _STRIP_HEIGHT, role, opacity, tip)
    share = sum(seen) / len(seen)
    yield Words(_WIDTH, foot, f"{share:.0%}", "ink", _WORDS, "end", is_bold=True)


def _sheet_of_position(own: Sequence[Visit], y: float, unit: TimeUnit) -> tuple[list[Mark], float]:
    """Return two rows of pictures with their times, and where they end."""
    n_columns = _COLUMNS_IF_WIDE if _shape(own[0])[1] > _WIDE * _shape(own[0])[0] else _COLUMNS
    chosen = _evenly(own, n_columns)
    width = (_WIDTH - _LABELS) / n_columns - _GAP
    height = width * _shape(own[0])[0] / _shape(own[0])[1]
    lefts = [_LABELS + column * (width + _GAP) for column in range(len(chosen))]
    tracked = [visit.image for visit in chosen if visit.image is not None]
    still = [visit.untracked_image for visit in chosen if visit.untracked_image is not None]
    black, white = np.percentile(tracked, (_BLACK_PERCENTILE, _WHITE_PERCENTILE))
    marks: list[Mark] = []
    for title, pictures in (("tracked", tracked), ("not tracked", still)):
        for left, picture in zip(lefts, pictures, strict=True):
            pixels = _coloured(picture, float(black), float(white))
            marks.append(Picture(left, y, width, height, pixels))
        marks.append(Words(_LABELS - 12, y + height / 2 + 4, title, "ink", _WORDS, "end"))
        y += height + _GAP
    for left, visit in zip(lefts, chosen, strict=True):
        time = f"{visit.time_s / unit.seconds:.1f} {unit.name}"
        marks.append(Words(left + width / 2, y + 10, time, "muted", 11.5, "middle"))
    return marks, y + 28.0


def _shape(visit: Visit) -> tuple[int, ...]:
    return (1, 1) if visit.image is None else visit.image.shape


def _evenly(own: Sequence[Visit], n: int) -> list[Visit]:
    """Return at most so many visits from the first to the last."""
    places = np.linspace(0, len(own) - 1, min(n, len(own))).round()
    return [own[int(place)] for place in places]


def _coloured(picture: Thumbnail, black: float, white: float) -> NDArray[np.uint8]:
    """Return a picture of grey values in shades of green."""
    contrast = max(white - black, _LEAST_CONTRAST)
    grey = np.clip((np.arange(256) - black) / contrast, 0.0, 1.0)
    lookup = np.stack([grey**gamma for gamma in _GAMMA_RGB], axis=1)
    coloured: NDArray[np.uint8] = (255 * lookup).astype(np.uint8)[picture]
    return coloured
