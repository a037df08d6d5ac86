"""Schedules: run batches at the times of cron expressions."""
