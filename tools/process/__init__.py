"""Processors that repair or shape sound: strength 0..1, length and rate kept."""
