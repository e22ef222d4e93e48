#!/usr/bin/env bash
# Runs Camunda's Java connector runtime for the benchmarks, with its HTTP connector.
#
#   start.sh GATEWAY TYPE    takes jobs of that type from a gateway at HOST:PORT
#   start.sh prepare         only fetches what it needs
#
# Needs Maven and a JDK 17 or newer to prepare, and a Java 21 runtime to run: $JAVA21, $JAVA_HOME, java on the path, or the
# one that the integration tests keep. Where something is missing it prints one line that begins with SKIP and exits 3.
# The runtime's licence allows this use; nothing of it is kept in this repository.
set -euo pipefail
caches=${XDG_CACHE_HOME:-$HOME/.cache}
cache=$caches/patchbay-java-runtime
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

skip() { echo "SKIP: $*"; exit 3; }

kept=$caches/patchbay-zeebe
. "$here/../../../engine/zeebe/enginetest/zeebe/runtime.sh"

java=$(runtime)
[ -n "$java" ] || skip "no Java 21 runtime; set JAVA21=/path/to/java, or run make integration, which fetches one"
if [ ! -d "$cache/lib" ]; then
  command -v mvn >/dev/null || skip "Maven is not installed"
  rm -rf "$cache/lib.new"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/lib.new" >&2 || skip "Maven cannot fetch the runtime"
  mv "$cache/lib.new" "$cache/lib"
fi
if [ ! -d "$cache/classes" ]; then
  command -v javac >/dev/null || skip "a JDK (javac) is not installed"
  javac -cp "$cache/lib/*" -d "$cache/classes" "$here/Connectors.java"
fi
[ "${1:?usage: start.sh GATEWAY TYPE, or start.sh prepare}" != prepare ] || exit 0
export CONNECTOR_HTTP_REST_TYPE=$2
exec "$java" -Xmx1g -cp "$cache/lib/*:$cache/classes" patchbay.Connectors --server.port=0 \
  --camunda.client.mode=self-managed "--camunda.client.grpc-address=http://$1" "--camunda.client.rest-address=http://$1" \
  --camunda.client.prefer-rest-over-grpc=false --camunda.client.worker.defaults.max-jobs-active=100 \
  --camunda.client.worker.defaults.stream-enabled=true --camunda.connector.polling.enabled=false --camunda.connector.webhook.enabled=false
