"""What stands on the day, a theme a file; each hangs on the door `day_section`."""
