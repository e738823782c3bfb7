"""What a .kmodel file says: readers of both versions. They parse and check; they run nothing."""
