"""The shop: stones, orders, reviews, pictures and reports."""
