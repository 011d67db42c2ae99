"""The designer: canvas, palette and list of layers, three views of one network."""
