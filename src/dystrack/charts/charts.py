"""Charts as drawings: scales with round numbers, and a plot that curves and bars are put into."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from dystrack.charts.drawing import Area, Dot, Drawing, Line, Mark, Words, text_width

__all__ = ["Plot", "Scale", "linear_scale", "logarithmic_scale"]

_TICK_SIZE = 12.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 30.0, 44.0
_LEGEND_GAP = 22.0
_LEGEND_MARK = 16.0
_STEPS = (1.0, 2.0, 5.0, 10.0)
_BARELY = 1 + 1e-9  # what lies beyond a round number by no more counts as that number
_MOST_FACTOR_WITH_STEPS = 200.0


@dataclass(frozen=True)
class Scale:
    """Where values lie along an axis.

    Attributes
    ----------
    low, high : float
        Its ends.
    ticks : tuple of float
        Values that are written beside it.
    is_logarithmic : bool
        Whether equal distances are equal factors; values below `low` then lie at its end.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    is_logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies.

        Parameters
        ----------
        value : float
            A value.

        Returns
        -------
        float
            0 at the low end, 1 at the high end.
        """
        if self.is_logarithmic:
            value = max(value, self.low)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear_scale(low: float, high: float, n_ticks: int = 5) -> Scale:
    """Return a scale with round numbers.

    Parameters
    ----------
    low, high : float
        Smallest and greatest value; the scale ends there, or further out where they are equal.
    n_ticks : int, default 5
        About how many numbers to write beside it.

    Returns
    -------
    Scale
        The scale.
    """
    if not high > low:
        low, high = low - 0.5, low + 0.5
    step = _round_step((high - low) / n_ticks)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Scale(low, high, tuple(i * step for i in range(first, last + 1)))


def logarithmic_scale(low: float, high: float) -> Scale:
    """Return a scale on which equal distances are equal factors.

    Parameters
    ----------
    low, high : float
        Smallest and greatest value, both above 0.

    Returns
    -------
    Scale
        From the round number below `low` to the one above `high`, with powers of ten beside it, or
        with 1, 2 and 5 times a power of ten where it spans but a few of these.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    numbers = [step * 10.0**power for power in range(first, last + 1) for step in _STEPS[:-1]]
    bottom = max(number for number in numbers if number <= low * _BARELY)
    top = min(number for number in numbers if number >= high / _BARELY and number > bottom)
    inside = [number for number in numbers if bottom <= number <= top]
    if top / bottom > _MOST_FACTOR_WITH_STEPS:
        inside = [number for number in inside if math.log10(number).is_integer()]
    return Scale(bottom, top, tuple(inside), is_logarithmic=True)


@dataclass
class Plot:
    """A chart that is being drawn.

    Attributes
    ----------
    width, height : float
        Size of the whole chart.
    x, y : Scale
        Its axes.
    x_title, y_title : str
        What they show.
    left : float
        Room at the left of the plot for the numbers of the y axis.
    top : float
        Room above the plot for its legend.
    """

    width: float
    height: float
    x: Scale
    y: Scale
    x_title: str
    y_title: str = ""
    left: float = _LEFT
    top: float = _TOP
    _marks: list[Mark] = field(default_factory=list, init=False, repr=False)

    @property
    def plot_width(self) -> float:
        """Width of what lies between the axes."""
        return self.width - self.left - _RIGHT

    @property
    def plot_height(self) -> float:
        """Height of what lies between the axes."""
        return self.height - self.top - _BOTTOM

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a value lies.

        Parameters
        ----------
        x, y : float
            The value.

        Returns
        -------
        tuple of float
            x and y in pixels.
        """
        return (
            self.left + self.x.share(x) * self.plot_width,
            self.top + (1 - self.y.share(y)) * self.plot_height,
        )

    def curve(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        role: str,
        *,
        width: float = 1.8,
        is_dashed: bool = False,
        opacity: float = 1.0,
    ) -> None:
        """Draw a line through values.

        Parameters
        ----------
        xs, ys : sequence of float
            The values.
        role : str
            Its colour.
        width : float, default 1.8
            Its width.
        is_dashed : bool, default False
            Whether it is dashed.
        opacity : float, default 1.0
            From 0, not to be seen, to 1.
        """
        points = tuple(self.place(x, y) for x, y in zip(xs, ys, strict=True))
        self._marks.append(Line(points, role, width, is_dashed, opacity))

    def dots(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        role: str,
        *,
        radius: float = 2.6,
        tips: Sequence[str] = (),
    ) -> None:
        """Draw a dot at each value.

        Parameters
        ----------
        xs, ys : sequence of float
            The values.
        role : str
            Their colour.
        radius : float, default 2.6
            Their radius.
        tips : sequence of str, optional
            What is said of each where the mouse rests on it.
        """
        for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
            tip = tips[i] if tips else ""
            self._marks.append(Dot(*self.place(x, y), radius, role, tip))

    def area(
        self,
        low: tuple[float, float],
        high: tuple[float, float],
        role: str,
        *,
        opacity: float = 1.0,
        tip: str = "",
    ) -> None:
        """Fill a rectangle.

        Parameters
        ----------
        low, high : tuple of float
            x and y of opposite corners.
        role : str
            Its colour.
        opacity : float, default 1.0
            From 0, not to be seen, to 1.
        tip : str, default ""
            What is said of it where the mouse rests on it.
        """
        (x0, y0), (x1, y1) = self.place(*low), self.place(*high)
        left, top = min(x0, x1), min(y0, y1)
        self._marks.append(Area(left, top, abs(x1 - x0), abs(y1 - y0), role, opacity, tip))

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Say above the plot what the colours mean.

        Parameters
        ----------
        entries : sequence of tuple of str
            Role and meaning of each.
        """
        x = self.left
        for role, meaning in entries:
            self._marks.append(Area(x, 9.0, 10.0, 10.0, role))
            self._marks.append(Words(x + _LEGEND_MARK, 18.0, meaning, "ink", _TICK_SIZE))
            x += _LEGEND_MARK + text_width(meaning, _TICK_SIZE) + _LEGEND_GAP

    def finish(self, caption: str) -> Drawing:
        """Return the chart with its axes.

        Parameters
        ----------
        caption : str
            What it shows, in words.

        Returns
        -------
        Drawing
            The figure.
        """
        grid = [*self._x_axis(), *self._y_axis()]
        return Drawing(self.width, self.height, (*grid, *self._marks), caption)

    def _x_axis(self) -> list[Mark]:
        bottom = self.top + self.plot_height
        marks: list[Mark] = []
        for value in self.x.ticks:
            x = self.place(value, self.y.low)[0]
            marks.append(Line(((x, self.top), (x, bottom)), "grid"))
            marks.append(Words(x, bottom + 17, _number(value), "muted", _TICK_SIZE, "middle"))
        middle = self.left + self.plot_width / 2
        marks.append(Words(middle, bottom + 36, self.x_title, "muted", _TICK_SIZE, "middle"))
        return marks

    def _y_axis(self) -> list[Mark]:
        right = self.left + self.plot_width
        marks: list[Mark] = []
        for value in self.y.ticks:
            y = self.place(self.x.low, value)[1]
            marks.append(Line(((self.left, y), (right, y)), "grid"))
            marks.append(Words(self.left - 8, y + 4, _number(value), "muted", _TICK_SIZE, "end"))
        if self.y_title:
            marks.append(Words(right, 18.0, self.y_title, "muted", _TICK_SIZE, "end"))
        return marks


def _round_step(least: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def _number(value: float) -> str:
    return f"{value:.10g}"
