"""The way back: what a borrower can do, dated plans found by running the policy, and their proof."""
