"""Files to manifests: YAML with a place for every value, includes, variables, layers, validation."""
