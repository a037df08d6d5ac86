"""Overview for operators: queue, workers, usage and health of the whole platform."""
