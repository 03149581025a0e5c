"""Diagnosis, guard, loop, brains, store and report."""
