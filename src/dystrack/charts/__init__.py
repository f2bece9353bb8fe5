"""Figures from plain rows; the one door to plotly.

A figure is a value in the form that plotly's JavaScript takes, so that a report, a live page and an
evaluation draw with the same ones. No Python of plotly runs: only its script is read.
"""
