"""The conventions of the REST API that are this product's own. The others are the engine's: `tidewire.rest`."""
