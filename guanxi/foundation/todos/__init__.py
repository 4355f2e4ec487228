"""Tasks of people: what is to be done, on which record, by whom, until when, with a reminder.

The word “task” in the code is taken by background work (foundation.tasks); on the screen it is called a task.
"""
