#!/usr/bin/env bash
# Provides the image that `sam local` runs functions in: a present one, else the real one, else a stand-in.
# The stand-in has the same layout: Debian, this machine's Python 3.13, the runtime interface client.
# It is not Amazon Linux: binaries meet another glibc.
set -euo pipefail
image=$1 python=$2 requirements=$(dirname "$0")/requirements.txt

docker image inspect "$image" >/dev/null 2>&1 && exit 0
if timeout 120 docker pull --quiet "$image" >/dev/null 2>&1; then
  echo "  pulled $image"
  exit 0
fi
case $(id -u) in
  0) command -v debootstrap >/dev/null || { apt-get -qq update && apt-get -qq install -y debootstrap; } >/dev/null 2>&1 ;;
esac
command -v debootstrap >/dev/null || { echo "  $image cannot be pulled; a stand-in needs root and debootstrap" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
echo "  $image cannot be pulled: building a stand-in from Debian $release"
debootstrap --variant=minbase --include=libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8 \
  "$release" "$root" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
rm -rf "$root.log" "$root"/var/cache/apt/* "$root"/usr/share/{doc,locale,man}

mkdir -p "$root"/var/{lang,runtime,task,rapid} "$root/opt"
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
tar -C "$prefix" --exclude=lib/python3.13/test --exclude=__pycache__ --exclude=lib/libpython3.13.a -c bin lib | tar -C "$root/var/lang" -x
"$python" -m pip install -qq --require-hashes --root-user-action=ignore --target "$root/var/runtime" --requirement "$requirements"
cat >"$root/var/runtime/bootstrap" <<'BOOTSTRAP'
#!/bin/sh
export LAMBDA_TASK_ROOT=/var/task LD_LIBRARY_PATH=/var/lang/lib PYTHONPATH=/var/task:/opt/python:/var/runtime
exec /var/lang/bin/python3.13 -m awslambdaric "$_HANDLER"
BOOTSTRAP
chmod 0755 "$root" "$root/var/runtime/bootstrap"
tar -C "$root" -c . | docker import --change 'ENV PATH=/var/lang/bin:/usr/bin:/bin LAMBDA_TASK_ROOT=/var/task' \
  --change 'WORKDIR /var/task' --message 'stand-in for the Lambda base image' - "$image" >/dev/null
