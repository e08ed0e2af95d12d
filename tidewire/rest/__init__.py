"""The habits of a REST API, for the view sets of any project: what this package has is public, module by module.

    from tidewire.rest.views import ResourceViewSet

  views.py             ResourceViewSet: one transaction per write, run again after a deadlock; parameters; positions
  preconditions.py     VersionMixin: `version` as ETag, If-Match, If-None-Match
  pagination.py        pages that begin after a row, not at a number
  parameter_checks.py, parameters.py   unknown and repeated query parameters are refused; `?fields=`
  posts.py, batches.py a POST with an id of the client; many rows in one request
  idempotency.py, answers.py   `Idempotency-Key`, and the table of stored answers
  errors.py, conflicts.py, problems.py   every error as a problem document (RFC 9457), and the table of their codes
  media.py             strict JSON in, quick JSON out
  fields.py, serializers.py   serializer fields that convert nothing; base classes of serializers
  request_ids.py       the id of a request, in headers, problems and logs
  schema.py            drf-spectacular's decorators, with or without drf-spectacular
  converters.py        `<id:…>` in addresses: a UUID in either case

Nothing here changes views that do not use it. This module imports nothing, because models import some of these modules
before Django's apps are loaded.
"""
