"""Thin: authorise, validate, save in one transaction."""
