"""Benchmarks: figures beside those of peers and of limits, each a ratio measured in one run.

``python -m benchmarks`` runs all of them; ``python -m benchmarks no_op_job`` runs one. Every module in this folder
is a benchmark: ``measure()`` returns its figures. What several benchmarks share is in ``benchmarks/support``.
"""
