"""Benchmarks: each prints a table and gives the same figures as JSON."""
