"""The services that hold assistants: one small protocol, one shared transport, one module for each service."""
