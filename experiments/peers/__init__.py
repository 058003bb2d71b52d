"""The peers' programs: each runs in an environment of its own, made of the list of its name; none imports the study."""
