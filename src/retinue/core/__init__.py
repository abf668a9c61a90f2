"""Pure decisions over frozen values. No I/O, no clock, no environment, no printing."""
