"""The calendar of people: what is arranged, as other calendars read it (iCalendar, RFC 5545).

The page itself is the calendar of the desk of activities; here is what leaves the house and what comes back.
"""
