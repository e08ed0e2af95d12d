"""The one JSON shape of each resource, in responses and in events. Request bodies have classes of their own."""
