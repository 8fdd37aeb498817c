"""巡迹 (Xunji): the field-inspection backend for post-loan checks (贷后检查)."""
