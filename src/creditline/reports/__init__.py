"""Pages and terminal tables out of plain figures: nothing here reads a home or runs a policy."""
