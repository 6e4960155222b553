"""The contestants: django_jobs, the bare database, and other queues, behind one interface.

A contestant's module runs in its own virtual environment and has

    prepare()                       make the tables, where something has to be made
    fill(total, kind)               enqueue no-op jobs the quickest way it offers; return the seconds
    send(per_second, total)         enqueue jobs one by one at random moments; each marks when its handler begins

How its worker is started, and how to see that all is stored, stands in `benchmarks.catalogue`.
"""
