"""The lending core: products, draws, schedules, interest, repayments, and the double-entry ledger beneath them."""
