"""Habits: what borrowers, bureaus, cores and newspapers do again and again; behaviours are made of them."""
