"""From official files to tables: manifests, where the bytes are, readers, and which table a lesson gets."""
