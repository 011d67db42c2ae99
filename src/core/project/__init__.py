"""The project file and atomic writing."""
