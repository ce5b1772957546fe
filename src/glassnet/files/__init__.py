"""Files: the model file, and writing files whole or not at all."""

from __future__ import annotations

from glassnet.files.atomic import write_atomically
from glassnet.files.model import FORMAT_VERSION, load, read_model, save_network

__all__ = ["FORMAT_VERSION", "load", "read_model", "save_network", "write_atomically"]
