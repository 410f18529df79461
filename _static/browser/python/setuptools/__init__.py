"""Stands in for setuptools, of which PyTensor imports one exception."""

__version__ = "0"
