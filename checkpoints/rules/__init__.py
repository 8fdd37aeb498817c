"""The checkpoints' decisions, pure: fence (verdict), binding, plate (QR token), lifecycle (states), navigation."""
