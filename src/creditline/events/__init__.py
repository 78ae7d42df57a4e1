"""What happened: typed event kinds, their validation, and the intake that lets them into the log."""
