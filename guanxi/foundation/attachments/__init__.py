"""Files on any record: checked, stored once by content in a folder or on S3, never run by a browser."""
