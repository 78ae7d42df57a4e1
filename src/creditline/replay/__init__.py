"""Going over history again: what a policy would have done, and what became of the lines it decided on."""
