"""Engines, codecs, flow models, damage and training."""
