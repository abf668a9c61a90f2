"""retinue keeps AI assistants in Git: manifests in, plan out, exactly that plan applied."""

__version__ = "0.1.0"
