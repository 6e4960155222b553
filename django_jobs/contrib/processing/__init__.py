"""Batches of rows: the handler `data-processing`.

Add `django_jobs.contrib.processing` to `INSTALLED_APPS`, then

    django_jobs.enqueue("data-processing", {"batch_id": "may", "operation": "transform", "data": [{"Name ": " x "}]})

    import     checks each row against a model and saves the good ones together; `target` names the model, which must
               stand in the setting JOBS_IMPORT_MODELS = ["shop.Product"]; a row with the model's primary key updates
    export     writes the rows to a file in the default storage; `target` names it: .csv (the default) or .json
    transform  gives the rows back with plain names, trimmed texts, and None for empty ones

The job's progress counts rows; its result has `rows`, `good`, `bad`, up to a hundred `bad_rows` with their numbers
and reasons, and the operation's `output`. Operations of your own, or in place of these, go into a `jobs.py`:

    @operation("transform")
    def in_cents(row):
        return {**row, "price": round(float(row["price"]) * 100)}

A row is refused by a ValueError, a LookupError, a ValidationError or a missing object; another exception ends the
attempt. What is more than one row's business is an `Operation` of your own.
"""

from .operations import Operation, operation

__all__ = ["Operation", "operation"]
