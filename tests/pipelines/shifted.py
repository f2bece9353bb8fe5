"""Images that are shifted by a known fraction of a pixel."""

import numpy as np
import scipy


def shifted_pair(image, shift_px, margin_px, dimmed=1.0, photons=None, seed=0):
    """Return two parts of an image, the second one's contents shifted; noise is drawn for each.

    Borders are cut off, so that contents come and go as they do under a microscope.
    """
    spectrum = scipy.ndimage.fourier_shift(np.fft.fftn(image.astype(float)), shift_px)
    moved = np.fft.ifftn(spectrum).real
    inside = tuple(slice(m, n - m) for m, n in zip(margin_px, image.shape, strict=True))
    random = np.random.default_rng(seed)

    def expose(values, share):
        if photons is None:
            return np.clip(values * share, 0, 65535).astype(np.uint16)
        expected = np.maximum(values, 0) / np.percentile(image, 99.5) * photons * share
        return random.poisson(expected).astype(np.uint16)

    return expose(image.astype(float)[inside], 1.0), expose(moved[inside], dimmed)
