#!/usr/bin/env bash
# Runs one Kafka broker (KRaft) for the tests of this driver.
#
#   broker.sh prepare DIR   puts its data, certificates and settings below DIR, on free ports
#   broker.sh start DIR     starts it and returns when it serves
#   broker.sh kill DIR      ends it at once (SIGKILL)
#
# DIR/address, DIR/sasl, DIR/tokens and DIR/tls name the listeners: without security; with SASL (accounts
# plain:plain-secret for PLAIN, scram:scram-secret for SCRAM, any unsecured token for OAUTHBEARER); with OAUTHBEARER and
# tokens that are signed with one of the keys that DIR/keys.json has when the broker starts, each good for three seconds;
# and with TLS, whose certificate is DIR/ca.pem. Needs Java 17 and, the first time, Maven. Where something is missing it
# prints one line that begins with SKIP and exits 3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
verb=${1:?usage: broker.sh prepare|start|kill DIR}; dir=${2:?usage: broker.sh prepare|start|kill DIR}
version=$(sed -n '/<artifactId>kafka_/,/<version>/s/.*<version>\(.*\)<.version>.*/\1/p' "$here/pom.xml")
lib=${XDG_CACHE_HOME:-$HOME/.cache}/patchbay/kafka-$version

skip() { echo "SKIP: $*"; exit 3; }

fetch() {
  [ -d "$lib" ] && return
  command -v mvn >/dev/null || skip "Maven is not installed"
  local part; part=$(mktemp -d)
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$part/lib" >&2
  mkdir -p "$(dirname "$lib")"; mv "$part/lib" "$lib"; rm -rf "$part"
}

# kafka runs the broker, with an archive of its classes, which saves a third of the time that it takes to start.
kafka() {
  exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="file:$dir/keys.json" "$@" \
    -cp "$lib/*" kafka.Kafka "$dir/server.properties" >"$dir/log" 2>&1 </dev/null
}

archive() {
  [ -f "$lib/classes.jsa" ] && return
  kafka -XX:ArchiveClassesAtExit="$lib/classes.$$" & echo $! >"$dir/pid"
  await
  kill -TERM "$(cat "$dir/pid")"; wait "$(cat "$dir/pid")" || true
  mv "$lib/classes.$$" "$lib/classes.jsa"
}

# ports prints five free ports: below those that the system gives to clients, so that none is taken while the broker is
# away for a restart.
ports() {
  local port found=0
  while [ $found -lt 5 ]; do
    port=$((10240 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; found=$((found + 1)); }
  done
}

# settings names the validator of tokens, because Kafka 4.1.1 verifies no signature by itself.
settings() { # settings PLAIN CONTROLLER SASL TLS TOKENS
  cat <<END
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:$2
listeners=PLAIN://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2,SASL://127.0.0.1:$3,TLS://127.0.0.1:$4,TOKENS://127.0.0.1:$5
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listener.security.protocol.map=PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,TOKENS:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.tokens.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_plain="plain-secret";
listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.tokens.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.tokens.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.tokens.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file:$dir/keys.json
sasl.oauthbearer.jwt.validator.class=org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator
listener.name.tokens.oauthbearer.connections.max.reauth.ms=3000
ssl.keystore.location=$dir/broker.p12
ssl.keystore.type=PKCS12
ssl.keystore.password=patchbay
ssl.key.password=patchbay
log.dirs=$dir/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
END
}

prepare() {
  command -v java >/dev/null && command -v keytool >/dev/null || skip "Java is not installed"
  fetch
  mkdir -p "$dir"
  local port; mapfile -t port < <(ports)
  settings "${port[@]}" >"$dir/server.properties"
  echo "127.0.0.1:${port[0]}" >"$dir/address"; echo "127.0.0.1:${port[2]}" >"$dir/sasl"; echo "127.0.0.1:${port[3]}" >"$dir/tls"; echo "127.0.0.1:${port[4]}" >"$dir/tokens"
  echo '{"keys": []}' >"$dir/keys.json"
  keytool -genkeypair -keyalg RSA -alias broker -dname CN=broker -ext san=ip:127.0.0.1 -validity 30 -storetype PKCS12 \
    -keystore "$dir/broker.p12" -storepass patchbay 2>/dev/null
  keytool -exportcert -rfc -alias broker -keystore "$dir/broker.p12" -storepass patchbay >"$dir/ca.pem" 2>/dev/null
  java -cp "$lib/*" kafka.tools.StorageTool format --standalone -c "$dir/server.properties" -t pATCHBAYtESTSkAFKAxxxA \
    --add-scram 'SCRAM-SHA-256=[name=scram,password=scram-secret]' --add-scram 'SCRAM-SHA-512=[name=scram,password=scram-secret]' >"$dir/format.log" 2>&1 ||
    { cat "$dir/format.log" >&2; exit 1; }
  archive
}

start() {
  (trap '' HUP; kafka -XX:SharedArchiveFile="$lib/classes.jsa") & echo $! >"$dir/pid"
  await
}

await() {
  for _ in $(seq 600); do
    grep -qs 'Kafka Server started' "$dir/log" && return
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 40 "$dir/log" >&2; echo "the broker did not start" >&2; exit 1
}

kill_it() {
  local pid; pid=$(cat "$dir/pid" 2>/dev/null) || return 0
  kill -9 "$pid" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
  rm -f "$dir/pid" "$dir/log"
}

case $verb in
  prepare) prepare ;;
  start) start ;;
  kill) kill_it ;;
  *) echo "usage: broker.sh prepare|start|kill DIR" >&2; exit 2 ;;
esac
