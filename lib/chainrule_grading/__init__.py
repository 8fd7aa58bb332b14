"""What an instructor and a maintainer run. Everything heavy is imported where it is needed."""
