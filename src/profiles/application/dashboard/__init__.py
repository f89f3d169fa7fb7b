"""What the page may show: counts by group, rounded, and published in steps."""
