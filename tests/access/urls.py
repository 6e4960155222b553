"""Everything that asks who may see a job: the API, the status pages, the admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("django_jobs.api.urls")),
    path("jobs/", include("django_jobs.pages.urls")),
]
