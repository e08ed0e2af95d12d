"""The conventions of the REST API, whatever the resource: errors, media, pages, preconditions, batches, idempotency."""
