"""Events of jobs: recorded in the transaction that changes a job, read by event streams and webhooks."""
