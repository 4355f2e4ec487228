"""What `guanxi bench` measures: data of a named size, and each figure beside a floor measured in the same run."""
