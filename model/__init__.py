"""RemoCap: 3D body meshes from video. This package knows no web, queue or metrics."""
