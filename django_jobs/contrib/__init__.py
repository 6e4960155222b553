"""Ready-made handlers and views. Each is an app of its own: nothing is registered that was not asked for."""
