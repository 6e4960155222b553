"""The shop as a Django app."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop; its handlers are found in `jobs.py`, its models in `models/`."""

    name = "example_project.shop"
    label = "shop"
    verbose_name = "Shop"
    default_auto_field = "django.db.models.BigAutoField"
