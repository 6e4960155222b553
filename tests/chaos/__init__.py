"""Chaos: real workers, real databases, a hand that breaks them, and an auditor who counts what was lost.

`python -m tests.chaos --seconds 120` runs it; docs/explanation/chaos.md tells what it does and what came out.
"""
