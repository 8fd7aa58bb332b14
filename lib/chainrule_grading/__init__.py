"""What an instructor and a maintainer run. Everything heavy is imported where it is needed."""
import sys

# nbformat imports jsonschema, and that builds, each time Python starts, a grammar for one format of web addresses that
# no notebook has: 0.7 s of every command and of every worker. Without the grammar, jsonschema does not know the format.
if "jsonschema" not in sys.modules:
    sys.modules.setdefault("rfc3987_syntax", None)
