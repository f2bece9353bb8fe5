"""Objects among several: where each is, how large, and what it looks like from above."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from dystrack.core.coordinates import PixelPosition
from dystrack.core.steps import announce
from dystrack.pipelines.utilities.smoothing import smooth

__all__ = ["FoundObject", "objects_in", "parted", "without_background"]

_CORE_SHARE = 0.75

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
    mask: Mask, min_voxels: int = 1, max_voxels: int | None = None, *, parts: bool = False
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
    parts : bool, optional, default False
        Whether objects that touch are parted where they are narrow.

    Returns
    -------
    objects : list of FoundObject
        The objects.
    labels : ndarray of int, the mask's shape
        Number of the object at each voxel, 0 where there is none.
    """
    announce("Above the threshold", mask=mask)
    labels = parted(mask) if parts else scipy.ndimage.label(mask)[0]
    n_labels = int(labels.max(initial=0))
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


def parted(mask: Mask) -> npt.NDArray[np.int32]:
    """Return the number of the object at each voxel, touching objects being two.

    Where an object, as it is seen along z, is narrower than three quarters of its greatest width,
    it is parted; each voxel belongs to the nearest core.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X) or (Y, X)
        Mask of objects.

    Returns
    -------
    ndarray of int, the mask's shape
        Labels, 0 where there is none.
    """
    seen = np.asarray(mask.reshape((-1, *mask.shape[-2:])).any(axis=0))  # stacks are often flat
    depth = scipy.ndimage.distance_transform_edt(seen)
    joined, n_joined = scipy.ndimage.label(seen)
    deepest = np.asarray(scipy.ndimage.maximum(depth, joined, np.arange(n_joined + 1)))
    cores, n_cores = scipy.ndimage.label(seen & (depth >= _CORE_SHARE * deepest[joined]))
    nearest = scipy.ndimage.distance_transform_edt(
        cores == 0, return_distances=False, return_indices=True
    )
    pairs = scipy.ndimage.label(mask)[0] * np.int64(n_cores + 1) + cores[tuple(nearest)]
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = 1 + np.unique(pairs[mask], return_inverse=True)[1].ravel()
    return labels


def without_background(image: npt.NDArray[np.uint8], radius_px: float) -> npt.NDArray[np.uint8]:
    """Return what is brighter than a background that changes slowly along y and x, 0 elsewhere.

    A Gaussian of several times the radius of an object makes the background; of 0, nothing.
    """
    if radius_px == 0:
        return image
    sigmas = (0.0, radius_px, radius_px)[-image.ndim :]
    background = smooth(image, sigmas)
    return np.where(image > background, image - background, 0).astype(np.uint8)
