#!/bin/sh
# The images of all roles, by docker or, where there is none, by buildah, which needs no daemon:
#
#     deploy/image/build.sh [ROLE ...]   `make image`
#
# BASE, TORCH_SOURCE: as in the Dockerfile. VERSION names the images; BUILD_OPTIONS goes to the builder.
set -eu
cd "$(dirname "$0")/../.."
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

if docker info >/dev/null 2>&1; then # it is there, and so is its engine
  build="docker build"
else
  command -v buildah >/dev/null || {
    echo "make image needs docker with its engine, or buildah, and there is neither; on Debian: apt-get install buildah" >&2
    exit 2
  }
  # The format that has health checks; chroot asks nothing of the kernel.
  build="buildah build --format docker --layers"
  export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
fi

for role in ${*:-api media worker}; do
  # BUILD_OPTIONS is several words.
  # shellcheck disable=SC2086
  $build ${BUILD_OPTIONS:-} ${BASE:+--build-arg "BASE=$BASE"} \
    --build-arg "TORCH_SOURCE=${TORCH_SOURCE:-}" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --target "$role" --tag "remocap-$role:$version" --tag "remocap-$role:latest" .
done
