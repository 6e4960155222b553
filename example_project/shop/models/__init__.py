"""Everything the shop keeps in its database."""

from .catalogue import BadRow, ImportReport, Product, Review
from .orders import Card, Customer, Order, OrderLine, OrderStatus, Payment
from .pictures import Picture, PictureVersion
from .reports import Report
from .supplier import SupplierFeed

__all__ = [
    "BadRow",
    "Card",
    "Customer",
    "ImportReport",
    "Order",
    "OrderLine",
    "OrderStatus",
    "Payment",
    "Picture",
    "PictureVersion",
    "Product",
    "Report",
    "Review",
    "SupplierFeed",
]
