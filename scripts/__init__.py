"""Programs of this repository: running, releasing, and writing the reference pages."""
