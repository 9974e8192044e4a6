"""Merges language models: from a plan to a folder that transformers loads."""

__version__ = "1.0.0"
