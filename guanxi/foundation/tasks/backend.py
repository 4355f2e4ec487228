"""placeholder, replaced by the task queue."""
from django_tasks.backends.immediate import ImmediateBackend


class QueueBackend(ImmediateBackend):
    pass
