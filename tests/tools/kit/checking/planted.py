"""Pipelines with one fault each."""

import os
import threading
import time
import warnings

import numpy as np
import tifffile
from scipy.ndimage import gaussian_filter

from dystrack.core.errors import TargetNotFoundError


def sound(target_path):
    """Answer with the centre of what is bright."""
    smoothed = gaussian_filter(tifffile.imread(target_path).astype(float), 2.0)
    background = np.median(smoothed)
    bright = np.argwhere(smoothed > background + 15 * np.median(np.abs(smoothed - background)) + 1)
    if len(bright) == 0:
        raise TargetNotFoundError("There is nothing.")
    z, y, x = bright.mean(axis=0)
    return z, y, x, "OK", {}


def axes_swapped(target_path):
    z, y, x, msg, cache = sound(target_path)
    return z, x, y, msg, cache


def half_a_pixel_off(target_path):
    z, y, x, msg, cache = sound(target_path)
    return z, y + 0.5, x + 0.5, msg, cache


def nan_on_empty(target_path):
    try:
        return sound(target_path)
    except TargetNotFoundError:
        return float("nan"), float("nan"), float("nan"), "OK", {}


def guess_on_noise(target_path):
    try:
        return sound(target_path)
    except TargetNotFoundError:
        return 7.0, 60.0, 80.0, "OK", {}


def sleeps(target_path):
    time.sleep(30)
    return sound(target_path)


def changes_folder(target_path):
    answer = sound(target_path)
    os.chdir(os.sep)
    return answer


def leaves_a_thread(target_path):
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    return sound(target_path)


def changes_filters(target_path):
    warnings.simplefilter("ignore")
    return sound(target_path)


def writes_beside(target_path):
    np.save(f"{target_path}.mask.npy", np.zeros(2))
    return sound(target_path)


def four_values(target_path):
    return sound(target_path)[:4]


def unknown_cache(target_path):
    return *sound(target_path)[:4], {"model": 1}


def with_memory(target_path, reference=None):
    """Answer with the shift against the first prescan, as `drift` does."""
    place = np.array(sound(target_path)[:3])
    before = place if reference is None else np.array(reference)
    return *(np.array([7.0, 59.5, 79.5]) + place - before), "OK", {"reference": list(before)}
