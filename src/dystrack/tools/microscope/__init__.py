"""A real or simulated microscope, driven by DySTrack: experiments, checks, calibrations."""
