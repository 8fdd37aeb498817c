"""Checkpoints (检查点): places to be visited, with QR plate, location and geofence.

Where a geofence verdict is decided: ``rules/fence.py``. Binding and reset: ``rules/binding.py``. Plates:
``rules/plate.py``. Coordinate systems: ``coordinates.py``.
"""
