"""Scheduling for operators: pauses and limits of the queue, and what they mean for the jobs that wait."""
