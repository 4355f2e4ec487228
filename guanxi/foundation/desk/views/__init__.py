"""What people see of the desk: lists, files, saved views, records, the form for a new one."""
