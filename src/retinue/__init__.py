"""retinue keeps AI assistants in Git: manifests in, plan out, exactly that plan applied."""

__version__ = "0.2.0"
