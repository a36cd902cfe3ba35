#!/usr/bin/env bash
# What the tests need beside the Python environment: a browser, SSH keys, the built front end.
set -euo pipefail
environment=$1

packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v java >/dev/null || packages+=(default-jre-headless) # Spark's
[ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null || packages+=(mariadb-server-core) # a sink
command -v ssh-keygen >/dev/null || packages+=(openssh-client)
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${packages[*]} ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
  else
    echo "some tests will be skipped; on Debian: apt install ${packages[*]}" >&2
  fi
fi

if ! command -v initdb >/dev/null && ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing PostgreSQL ..."
    apt-get update -qq
    # No cluster of the package's own: the tests make one, on the loopback, and remove it.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
      echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
  else
    echo "no PostgreSQL: its tests will be skipped (on Debian: apt install postgresql)" >&2
  fi
fi

# Only when a source is newer than the bundle: the build takes a minute or two the first time.
bundle=mlops_nb/labextension/package.json
sources=(extension/{src,style,schema,package.json,rspack.config.js,yarn.lock})
if [ ! -f "$bundle" ] || [ -n "$(find "${sources[@]}" -newer "$bundle" -print -quit)" ] ||
  [ ! -e "$environment/share/jupyter/labextensions/mlops-nb" ]; then
  echo "building the front end ..."
  "$environment/bin/uv" pip install --quiet --python "$environment/bin/python" --no-deps \
    --reinstall --build-constraints requirements/build.lock --editable .
fi

# JupyterLab as old as the front end allows, and one for several people in one notebook: each over
# the tests' own environment, which stays as it is. Without them their tests say so and are skipped.
for name in lab-4.4 collaboration; do
  over="$(dirname "$environment")/$name"
  if [ "$over/.ready" -nt "requirements/$name.lock" ]; then continue; fi
  echo "setting up $over (hashes checked) ..."
  "$environment/bin/uv" venv --quiet --clear --python "$environment/bin/python" "$over"
  "$environment/bin/uv" pip install --quiet --python "$over/bin/python" --compile-bytecode \
    --require-hashes --build-constraints requirements/build.lock -r "requirements/$name.lock"
  packages="import sysconfig; print(sysconfig.get_path('purelib'))"
  echo "import site; site.addsitedir('$("$environment/bin/python" -c "$packages")')" \
    >"$("$over/bin/python" -c "$packages")/tests.pth"
  touch "$over/.ready"
done
