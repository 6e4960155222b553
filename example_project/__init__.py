"""A small jeweller's shop that does its slow work in jobs."""
