"""Another app with a `runjobs` command, as django_extensions has one."""
