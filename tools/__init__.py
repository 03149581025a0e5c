"""Measuring and processing of sound: NumPy and SciPy only, no torch, no language model."""
