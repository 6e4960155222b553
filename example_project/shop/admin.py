"""The shop's own rows in the admin, beside the jobs that work on them."""

# Django's admin classes take type parameters in the stubs only.
# mypy: disable-error-code="type-arg"

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from . import jobs
from .models import (
    BadRow,
    Customer,
    ImportReport,
    Order,
    OrderLine,
    OrderStatus,
    Picture,
    PictureVersion,
    Product,
    Report,
    Review,
    SupplierFeed,
)


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """The stones."""

    list_display = ("sku", "carat", "cut", "color", "clarity", "price", "supplier_price", "stock")
    list_filter = ("cut", "color", "clarity")
    search_fields = ("sku",)


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """What people say."""

    list_display = ("product", "author", "stars", "written_on")
    list_filter = ("stars",)
    list_select_related = ("product",)
    autocomplete_fields = ("product",)


class BadRowInline(admin.TabularInline):
    """What was wrong in a file."""

    model = BadRow
    extra = 0
    can_delete = False
    fields = readonly_fields = ("line", "column", "value", "reason")

    def has_add_permission(self, *_: object) -> bool:
        """Only the import itself finds bad rows."""
        return False


@admin.register(ImportReport)
class ImportReportAdmin(admin.ModelAdmin):
    """The imports."""

    list_display = ("__str__", "created_at", "finished_at", "good_rows")
    readonly_fields = ("created_at", "finished_at", "good_rows")
    inlines = (BadRowInline,)


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    """Who buys."""

    list_display = ("name", "email", "takes_newsletter")
    list_filter = ("takes_newsletter",)
    search_fields = ("name", "email")


class OrderLineInline(admin.TabularInline):
    """What was bought."""

    model = OrderLine
    extra = 0
    autocomplete_fields = ("product",)


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """The orders; one that is placed or was declined can be processed again from here."""

    list_display = ("__str__", "status", "card", "placed_at", "tracking_number")
    list_filter = ("status", "card")
    date_hierarchy = "placed_at"
    list_select_related = ("customer",)
    autocomplete_fields = ("customer",)
    readonly_fields = ("status", "is_reserved", "tracking_number", "confirmed_at")
    inlines = (OrderLineInline,)
    actions = ("process",)

    @admin.action(description="Process the selected orders", permissions=["change"])
    def process(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        """Enqueue a job for each selected order that is not paid."""
        unpaid = orders.filter(status__in=[OrderStatus.PLACED, OrderStatus.DECLINED])
        for order in unpaid.select_related("customer"):
            jobs.process_order.using(owner=order.customer).enqueue(order_id=order.pk)
        self.message_user(request, f"{len(unpaid)} jobs were enqueued.")


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    """The sales reports."""

    list_display = ("__str__", "orders", "revenue", "created_at")
    readonly_fields = ("orders", "revenue", "chart")


class PictureVersionInline(admin.TabularInline):
    """What was made of a picture."""

    model = PictureVersion
    extra = 0
    readonly_fields = ("kind", "file", "width", "height", "size")


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    """The pictures."""

    list_display = ("title", "created_at")
    inlines = (PictureVersionInline,)


@admin.register(SupplierFeed)
class SupplierFeedAdmin(admin.ModelAdmin):
    """Whether the supplier's feed is up."""

    list_display = ("__str__", "is_up")
