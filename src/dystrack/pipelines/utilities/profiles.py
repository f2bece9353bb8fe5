"""Brightness along one axis, and curves fitted to it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.errors import TargetNotFoundError, UnsupportedImageError

__all__ = ["Peak", "brightness_profile", "falling_edge", "peak_of"]

Profile = npt.NDArray[np.float64]

_FEWEST_POINTS = 4  # a fit of three parameters needs more points than that
_BORDER_PX = 0.5
_LEASTSQ_CONVERGED = (1, 2, 3, 4)


class Peak(NamedTuple):
    """A bell-shaped peak in a profile.

    Attributes
    ----------
    centre_px : float
        Position of its maximum.
    width_px : float
        Its standard deviation, greater than 0.
    """

    centre_px: float
    width_px: float


def brightness_profile(image: npt.NDArray[np.uint8], axis: int) -> Profile:
    """Average an image over all axes but one, and scale the result to 0 … 1.

    Parameters
    ----------
    image : ndarray of uint8, shape (Z, Y, X) or (Y, X)
        Image.
    axis : int
        Axis that is kept: -3 for z, -2 for y, -1 for x.

    Returns
    -------
    ndarray of float
        One value for each position along the axis.

    Raises
    ------
    TargetNotFoundError
        If the brightness is the same everywhere along the axis.
    UnsupportedImageError
        If the axis is too short to fit a curve.
    """
    name, size = "zyx"[axis], image.shape[axis]
    if size < _FEWEST_POINTS:
        raise UnsupportedImageError(
            f"The image has {size} px along {name}; the fit needs at least {_FEWEST_POINTS}. "
            "Take more planes, or a single one."
        )
    profile = image.mean(axis=tuple(a for a in range(-image.ndim, 0) if a != axis))
    lowest, highest = profile.min(), profile.max()
    if lowest == highest:
        raise TargetNotFoundError(
            f"The image is equally bright all along {name}, so there is nothing to fit. "
            "Check exposure and `channel`."
        )
    return np.asarray((profile - lowest) / (highest - lowest))


def peak_of(profile: Profile, start_fract: float, margin_px: float = 0.0) -> Peak:
    """Fit a Gaussian to a profile, as `scipy.optimize.curve_fit` does.

    Parameters
    ----------
    profile : ndarray of float, shape (N,)
        Brightness from 0 to 1.
    start_fract : float
        First guess of its width as a fraction of ``N - 1``; the first guess of its centre is the
        middle.
    margin_px : float, optional, default 0.0
        How far outside the profile the centre may lie.

    Returns
    -------
    Peak
        Centre and width in pixels.

    Raises
    ------
    TargetNotFoundError
        If the fit fails, or its peak is dark, wider than the profile, or outside of it.
    """
    last = profile.size - 1
    start = [float(profile.sum()), last / 2, last * start_fract]
    area, centre, width = _fit(_gaussian, profile, start)
    is_inside = -margin_px <= centre <= last + margin_px and 0 < abs(width) <= last
    if not (is_inside and area * width > 0):
        raise _no_fit(f"a Gaussian with its centre at {centre:.1f} and a width of {width:.1f} px")
    return Peak(centre, abs(width))


def falling_edge(profile: Profile) -> float:
    """Fit a falling logistic step to a profile, as `scipy.optimize.curve_fit` does.

    Parameters
    ----------
    profile : ndarray of float, shape (N,)
        Brightness from 0 to 1.

    Returns
    -------
    float
        Position of the step in pixels, between 1/6 and 5/6 of ``N - 1``.

    Raises
    ------
    TargetNotFoundError
        If the fit fails, or ends at the border of where a step is looked for.
    """
    last = profile.size - 1
    lower, upper = last / 6, last / 1.2
    start = [float(profile.mean()), 10 / last, 2 / 3 * last]
    bounds = (
        [float(profile.min()), 1 / last, lower],
        [1.2 * float(profile.max()), 100 / last, upper],
    )
    position = _fit(_logistic_step, profile, start, bounds)[2]
    if not lower + _BORDER_PX < position < upper - _BORDER_PX:
        raise _no_fit(f"a step at {position:.1f} px, allowed {lower:.1f} to {upper:.1f}")
    return position


def _gaussian(i: Profile, area: float, centre: float, width: float) -> Profile:
    """Return a Gaussian of the given area."""
    density: Profile = np.exp(-0.5 * ((i - centre) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return area * density


def _logistic_step(i: Profile, height: float, steepness: float, position: float) -> Profile:
    """Return a step from `height` down to 0."""
    return height / (1 + np.exp(-steepness * (position - i)))


def _fit(
    curve: Callable[..., Profile],
    profile: Profile,
    start: list[float],
    bounds: tuple[list[float], list[float]] | None = None,
) -> tuple[float, float, float]:
    """Return the three parameters of a curve that fits a profile best.

    These are the two solvers that `scipy.optimize.curve_fit` calls, in the way it calls them, but
    without the covariance, whose failures are warnings.
    """
    positions = np.arange(profile.size, dtype=float)

    def residuals(parameters: Profile) -> Profile:
        return np.asarray(curve(positions, *parameters) - profile)

    with np.errstate(all="ignore"):
        if bounds is None:
            values, _, _, reason, flag = scipy.optimize.leastsq(residuals, start, full_output=True)
            has_converged = flag in _LEASTSQ_CONVERGED
        else:
            result = scipy.optimize.least_squares(residuals, start, bounds=bounds)
            values, reason, has_converged = result.x, result.message, result.success
    if not (has_converged and np.isfinite(values).all()):
        raise _no_fit(f"nothing ({' '.join(reason.split())})")
    first, second, third = values.tolist()
    return first, second, third


def _no_fit(found: str) -> TargetNotFoundError:
    """Return the error for a fit that is no target."""
    return TargetNotFoundError(
        f"The fit to the brightness profile found {found}: this is no target inside the image. "
        "Check exposure and `channel`, and that the node is in view."
    )
