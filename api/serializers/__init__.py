"""The one JSON shape of each resource, in responses and in events. What comes in has classes of its own."""
