"""What a type checker shows to a user of the package. basedpyright reads these modules, strictly; nothing runs them.

An ignored error is a promise as well: if the mistake were not found any more, the ignore itself would be an error.
"""
