"""Data: uploaded files, data by URL, resumable uploads, and storage quotas."""
