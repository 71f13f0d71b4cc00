"""Data: sources, catalogue and interactions."""

from dualrec.data.catalogue import Catalogue
from dualrec.data.dataset import Dataset
from dualrec.data.registry import SOURCES, load

__all__ = ["SOURCES", "Catalogue", "Dataset", "load"]
