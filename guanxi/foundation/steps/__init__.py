"""The first days: a short list of what is still to be set up, on Today until all is done or dismissed.

Each step knows by itself whether it is done. Packages hang theirs on the door “first_step”.
"""

from guanxi.foundation.steps.declaration import Step

__all__ = ["Step"]
