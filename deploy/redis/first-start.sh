#!/bin/sh
# Makes the password of Redis at the first start: redis.conf for Redis itself, and for all others
# remocap_redis_url, which they read as they read REMOCAP_REDIS_URL (REMOCAP_SECRETS_DIR).
# REMOCAP_REDIS_PASSWORD sets one of your own, and replaces the one that was made.
#
#     first-start.sh [FOLDER [HOST:PORT]]
set -eu
folder=${1:-/secrets}
place=${2:-redis:6379}
password=${REMOCAP_REDIS_PASSWORD:-}

case $password in
*[!A-Za-z0-9_-]*)
  echo "REMOCAP_REDIS_PASSWORD holds a character that no URL can; expected letters, digits, _ and -" >&2
  exit 2
  ;;
'')
  if [ -s "$folder/redis.conf" ] && [ -s "$folder/remocap_redis_url" ]; then exit 0; fi
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  ;;
esac

# Redis and the roles run as different users; the folder is mounted into their containers alone.
umask 022
echo "requirepass $password" >"$folder/redis.conf.part"
echo "redis://:$password@$place" >"$folder/remocap_redis_url.part"
mv "$folder/redis.conf.part" "$folder/redis.conf"
mv "$folder/remocap_redis_url.part" "$folder/remocap_redis_url"
