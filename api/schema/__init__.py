"""openapi.yaml: what drf-spectacular cannot see in the views by itself."""
