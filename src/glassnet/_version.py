"""The version, read by the build and by the model file."""

__version__ = "0.1.0.dev0"
