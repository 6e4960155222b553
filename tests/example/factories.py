"""Rows of the shop, made for tests."""

from datetime import timedelta

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from example_project.shop import imaging
from example_project.shop.models import (
    Card,
    Customer,
    ImportReport,
    Order,
    OrderLine,
    OrderStatus,
    Picture,
    Product,
    Report,
)

HEADER = "sku,carat,cut,color,clarity,depth,table,price,x,y,z"


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    sku = factory.Sequence(lambda number: f"D-{90_000 + number}")
    carat = "0.50"
    cut = "Ideal"
    color = "E"
    clarity = "VS1"
    depth = "61.80"
    table = "55.00"
    x = "5.10"
    y = "5.12"
    z = "3.16"
    price = "1500.00"
    stock = 5


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda number: f"Customer {number}")
    email = factory.Sequence(lambda number: f"customer{number}@example.com")
    takes_newsletter = False


class OrderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Order
        skip_postgeneration_save = True

    class Params:
        confirmed = factory.Trait(status=OrderStatus.CONFIRMED, is_reserved=True)
        flaky = factory.Trait(card=Card.FLAKY)
        unpayable = factory.Trait(card=Card.DECLINED)

    customer = factory.SubFactory(CustomerFactory)
    placed_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=3))
    line = factory.RelatedFactory("tests.example.factories.OrderLineFactory", factory_related_name="order")


class OrderLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory, line=None)
    product = factory.SubFactory(ProductFactory)
    quantity = 2
    price = factory.SelfAttribute("product.price")


class ReportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Report


class PictureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Picture

    class Params:
        broken = factory.Trait(original=ContentFile(b"this is no picture", name="broken.jpg"))

    title = "coffee"
    original = factory.LazyFunction(
        lambda: ContentFile((imaging.BUNDLED / "coffee.jpg").read_bytes(), name="coffee.jpg")
    )


class ImportReportFactory(factory.django.DjangoModelFactory):
    """A report on a file with `rows` under the right header, or with `content` as it is."""

    class Meta:
        model = ImportReport

    class Params:
        rows = ()
        content = factory.LazyAttribute(lambda report: "\n".join([HEADER, *report.rows, ""]).encode())

    file = factory.LazyAttribute(lambda report: ContentFile(report.content, name="stones.csv"))
