"""The only Flask plumbing: blueprints with permissions, authentication, problem+json, shared schemas."""
