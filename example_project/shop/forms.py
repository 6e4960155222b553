"""The forms from which jobs are enqueued."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import FileExtensionValidator

from .models import Card, Customer, Product, Report

MEGABYTE = 1_000_000


def _at_most(megabytes: int) -> Any:
    def check(upload: UploadedFile[bytes]) -> None:
        if upload.size and upload.size > megabytes * MEGABYTE:
            raise ValidationError(f"The file is larger than {megabytes} MB.")

    return check


class CatalogueForm(forms.Form):
    """A catalogue to import."""

    file = forms.FileField(
        label="CSV file",
        required=False,
        validators=[FileExtensionValidator(["csv"]), _at_most(10)],
        help_text="Leave it empty to import the diamonds that come with the shop.",
    )


class ReportForm(forms.ModelForm):  # type: ignore[type-arg] # takes parameters in the stubs only
    """The days of a sales report."""

    class Meta:
        model = Report
        fields = ("first_day", "last_day")
        widgets = {name: forms.DateInput({"type": "date"}) for name in fields}

    def clean(self) -> dict[str, Any]:
        """Check that the days are in order."""
        days = super().clean() or {}
        if {"first_day", "last_day"} <= days.keys() and days["first_day"] > days["last_day"]:
            self.add_error("last_day", "The last day lies before the first.")
        return days


class PictureForm(forms.Form):
    """A picture to prepare."""

    file = forms.FileField(
        label="Picture",
        required=False,
        validators=[FileExtensionValidator(["jpg", "jpeg", "png", "webp", "gif"]), _at_most(10)],
        help_text="Leave it empty to prepare the six pictures that come with the shop.",
    )


class OrderForm(forms.Form):
    """An order of one stone."""

    customer = forms.ModelChoiceField(Customer.objects.all(), empty_label=None)
    sku = forms.CharField(label="Stone", max_length=20, help_text="Its number, as D-00001.")
    quantity = forms.IntegerField(min_value=1, max_value=99, initial=1)
    card = forms.ChoiceField(label="Card ending in", choices=Card.choices)

    def clean_sku(self) -> Product:
        """Return the stone of this number."""
        product = Product.objects.filter(sku__iexact=self.cleaned_data["sku"].strip()).first()
        if product is None:
            raise ValidationError("We have no stone of this number.")
        return product


class ReviewsForm(forms.Form):
    """Where to start reading reviews."""

    first_page = forms.IntegerField(min_value=1, max_value=99, initial=1)


class NewsletterForm(forms.Form):
    """A newsletter."""

    subject = forms.CharField(max_length=100, initial="New stones have come in")
    text = forms.CharField(
        widget=forms.Textarea({"rows": 3}), max_length=2000, initial="Come and see them while they are here."
    )


class StockForm(forms.Form):
    """How slowly to count."""

    drawers = forms.IntegerField(min_value=1, max_value=1000, initial=60)
    seconds_each = forms.FloatField(label="Seconds for each", min_value=0, max_value=10, initial=1)


class SupplierForm(forms.Form):
    """Whether the supplier's feed is up."""

    is_up = forms.BooleanField(label="the supplier's feed is up", required=False)
