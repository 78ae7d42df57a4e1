"""Alembic migrations of a home's database, shipped with the package and run when a home is opened."""
