"""Datasets in, datasets out; runs nothing."""
