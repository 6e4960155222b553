"""What django_jobs costs, measured beside the bare database and beside other queues: `python -m benchmarks`."""
