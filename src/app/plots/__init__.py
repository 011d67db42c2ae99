"""Live plots: loss, metric, gradients and updates, drawn while training goes on."""
