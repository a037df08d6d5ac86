"""Figures against peers and limits, each a ratio measured side by side in one run.

``python -m benchmarks`` runs all of them; ``python -m benchmarks no_op_job`` runs one.
"""
