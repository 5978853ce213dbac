"""What every page stands on: layouts, components, guards, error pages, health."""
