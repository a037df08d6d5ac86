"""Renditions: files derived from videos and labels, made on demand by internal jobs."""
