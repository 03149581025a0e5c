"""Faces: command line and studio."""
