"""How a job stands, for pages that follow it: `path("jobs/", include("django_jobs.pages.urls"))`.

    GET <id>.json   the facts, and the fragment below as `html`
    GET <id>/       the fragment alone, as `{% job_status job %}` shows it

Both are for those who may see the job by the rules of `JOBS["ACCESS"]`; to everybody else it does not exist.
"""
