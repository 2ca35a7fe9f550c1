"""What each page holds: its link, its callbacks, the data for its elements, its export, its own caches. The same path as the page."""
