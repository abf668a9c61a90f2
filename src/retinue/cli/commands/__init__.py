"""One module for each command: options in, calls into the layers below, text out."""
