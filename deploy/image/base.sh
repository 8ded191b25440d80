#!/bin/sh
# A base for the images, made by debootstrap, where no image can be fetched:
#
#     deploy/image/base.sh [NAME]        then: make image BASE=NAME
#
# Needs root, debootstrap, and docker or buildah.
set -eu
name=${1:-localhost/remocap-base:bookworm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase bookworm "$work/root"
mirror=http://deb.debian.org # debootstrap's own; it knows nothing of updates
cat > "$work/root/etc/apt/sources.list" <<END
deb $mirror/debian bookworm main
deb $mirror/debian bookworm-updates main
deb $mirror/debian-security bookworm-security main
END
chroot "$work/root" apt-get --quiet update
DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get --quiet --yes dist-upgrade
rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
mkdir -p "$work/root/var/cache/apt/archives/partial" "$work/root/var/lib/apt/lists/partial"
rm -f "$work/root/etc/resolv.conf" "$work/root/etc/hostname"

if docker info >/dev/null 2>&1; then # it is there, and so is its engine
  tar -C "$work/root" -c . | docker import - "$name"
else
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/root" /
  buildah commit --quiet --rm "$container" "$name"
fi
