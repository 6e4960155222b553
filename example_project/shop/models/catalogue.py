"""The stones on sale, where they came from, and what people say about them."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse


class Cut(models.TextChoices):
    """How well a stone is cut, worst first."""

    FAIR = "Fair"
    GOOD = "Good"
    VERY_GOOD = "Very Good"
    PREMIUM = "Premium"
    IDEAL = "Ideal"


class Clarity(models.TextChoices):
    """How clear a stone is, worst first."""

    I1 = "I1"
    SI2 = "SI2"
    SI1 = "SI1"
    VS2 = "VS2"
    VS1 = "VS1"
    VVS2 = "VVS2"
    VVS1 = "VVS1"
    IF = "IF"


class Product(models.Model):
    """A diamond, by its number in the catalogue."""

    sku = models.CharField(max_length=20, unique=True)
    carat = models.DecimalField(max_digits=5, decimal_places=2)
    cut = models.CharField(max_length=10, choices=Cut.choices)
    color = models.CharField(max_length=1, help_text="D is the best, J the worst.")
    clarity = models.CharField(max_length=4, choices=Clarity.choices)
    depth = models.DecimalField("depth in %", max_digits=5, decimal_places=2)
    table = models.DecimalField("table in %", max_digits=5, decimal_places=2)
    x = models.DecimalField("length in mm", max_digits=5, decimal_places=2)
    y = models.DecimalField("width in mm", max_digits=5, decimal_places=2)
    z = models.DecimalField("depth in mm", max_digits=5, decimal_places=2)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    supplier_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    stock = models.PositiveIntegerField(default=5)

    class Meta:
        ordering = ["sku"]

    def __str__(self) -> str:
        return f"{self.sku}: {self.carat} ct {self.cut}"


class Review(models.Model):
    """What somebody wrote about a stone on another site."""

    source_id = models.CharField(max_length=40, unique=True, help_text="The review's own number on its site.")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    author = models.CharField(max_length=80)
    stars = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    text = models.TextField()
    written_on = models.DateField()

    class Meta:
        ordering = ["-written_on", "source_id"]

    def __str__(self) -> str:
        return f"{'★' * self.stars} {self.author} on {self.product.sku}"


class ImportReport(models.Model):
    """One import of a CSV file, and what it came to."""

    file = models.FileField(upload_to="imports")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, editable=False)
    good_rows = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"import {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of the page with the bad rows."""
        return reverse("shop:import", args=[self.pk])


class BadRow(models.Model):
    """One thing wrong with one row of an import."""

    report = models.ForeignKey(ImportReport, on_delete=models.CASCADE, related_name="bad_rows")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=40)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["line", "id"]
        constraints = [models.UniqueConstraint(fields=["report", "line", "column"], name="shop_one_fault_per_cell")]

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"
