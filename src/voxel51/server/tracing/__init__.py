"""Traces: spans of requests, attempts at jobs and webhook deliveries, exported by OTLP if the operator asks for it."""
