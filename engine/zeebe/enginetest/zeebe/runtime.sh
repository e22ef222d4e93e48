# Finds a Java runtime, for scripts that run Camunda's programs: source it with the folder set in which one may be kept.
#
#   kept=DIR; . runtime.sh; java=$(runtime)

# runtime prints the first Java 21 or newer among what is installed.
runtime() {
  local java version
  for java in "${JAVA21:-}" "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" "$kept/jre/bin/java21"; do
    [ -n "$java" ] && [ -x "$java" ] || continue
    version=$("$java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 21 ] && { echo "$java"; return; }
  done
}
