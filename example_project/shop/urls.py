"""The addresses of the shop."""

from django.urls import path, re_path

from .views import following, showing, starting

app_name = "shop"

urlpatterns = [
    path("", starting.index, name="index"),
    re_path(rf"^start/(?P<what>{'|'.join(starting.STARTS)})/$", starting.start, name="start"),
    path("jobs/<uuid:pk>/", following.job_page, name="job"),
    path("jobs/<uuid:pk>/rest/", following.job_rest, name="rest"),
    path("jobs/<uuid:pk>/cancel/", following.cancel_job, name="cancel"),
    path("jobs/<uuid:pk>/retry/", following.retry_job, name="retry"),
    path("catalogue/", showing.catalogue, name="catalogue"),
    path("catalogue/<slug:sku>/", showing.stone, name="stone"),
    path("imports/<int:pk>/", showing.import_report, name="import"),
    path("imports/<int:pk>/bad-rows.csv", showing.bad_rows, name="bad_rows"),
    path("reports/<int:pk>/", showing.sales_report, name="report"),
    path("orders/<int:pk>/", showing.order, name="order"),
    path("pictures/", showing.pictures, name="pictures"),
    path("reviews/<int:number>/", showing.reviews, name="reviews"),
]
