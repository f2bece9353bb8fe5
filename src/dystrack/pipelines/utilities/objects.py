"""Objects among several: where each is, how large, and what it looks like from above."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.steps import announce
from dystrack.pipelines.utilities.smoothing import smooth

__all__ = ["FoundObject", "objects_in", "without_background"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object of a mask.

    Attributes
    ----------
    centre : PixelPosition
        Its centroid.
    n_voxels : int
        Its size.
    label : int
        Its number in the label image.
    """

    centre: PixelPosition
    n_voxels: int
    label: int


def objects_in(
    mask: Mask, min_voxels: int = 1, max_voxels: int | None = None
) -> tuple[list[FoundObject], npt.NDArray[np.int32]]:
    """Return the objects of a mask, the largest first.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X) or (Y, X)
        Mask of face-connected objects.
    min_voxels : int, optional, default 1
        Smaller objects are left out.
    max_voxels : int, optional, default None
        Larger ones too.

    Returns
    -------
    objects : list of FoundObject
        The objects.
    labels : ndarray of int, the mask's shape
        Number of the object at each voxel, 0 where there is none.
    """
    announce("Above the threshold", mask=mask)
    labels, n_labels = scipy.ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=n_labels + 1)
    is_wanted = sizes >= max(min_voxels, 1)
    if max_voxels is not None:
        is_wanted &= sizes <= max_voxels
    is_wanted[0] = False
    wanted = np.flatnonzero(is_wanted)
    centres = scipy.ndimage.center_of_mass(mask, labels, wanted)
    found = [
        FoundObject(PixelPosition(*(0.0, *map(float, centre))[-3:]), int(sizes[label]), int(label))
        for label, centre in zip(wanted, centres, strict=True)
    ]
    return sorted(found, key=lambda one: -one.n_voxels), labels


def without_background(image: npt.NDArray[np.uint8], radius_px: float) -> npt.NDArray[np.uint8]:
    """Return what is brighter than a background that changes slowly along y and x, 0 elsewhere.

    A Gaussian of several times the radius of an object makes the background; of 0, nothing.
    """
    if radius_px == 0:
        return image
    sigmas = (0.0, radius_px, radius_px)[-image.ndim :]
    background = smooth(image, sigmas)
    return np.where(image > background, image - background, 0).astype(np.uint8)
