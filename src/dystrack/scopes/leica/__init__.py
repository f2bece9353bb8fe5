"""Leica: LAS X through CAM, and Viventis light sheets."""
