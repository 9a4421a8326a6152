#!/bin/sh
# SPDX-License-Identifier: MIT
#
# packaging/prometheus: the alerts pass their own tests, and each has a test in which it fires;
# alerts and dashboard query existing metrics, in expressions that Prometheus takes.
. "$(dirname "$0")/tools/lib.sh"
own_network "$@"
cd "$R/packaging/prometheus" || exit 1

promtool=$R/build/peers/usr/bin/promtool
[ -x "$promtool" ] || skip_all "no promtool below build/peers (packaging/deps test)"
check "promtool takes the alerts" "$promtool" check rules --lint-fatal reqtime.rules.yml
check "the alerts pass their tests" "$promtool" test rules reqtime.rules.test.yml

alerts=$(sed -n 's/^ *- alert: //p' reqtime.rules.yml)
check "there are alerts" test "$(echo "$alerts" | wc -l)" -gt 15
fired=$(awk '$1 == "alertname:" { name = $2 } $2 == "exp_labels:" { print name }' \
	reqtime.rules.test.yml | sort -u)
quiet=$(awk '$1 == "alertname:" { name = $2 } /exp_alerts: \[\]/ { print name }' \
	reqtime.rules.test.yml | sort -u)
for alert in $alerts; do
	check "$alert fires in a test" sh -c "echo '$fired' | grep -qx $alert"
done
check "most have a test in which they do not" test "$(echo "$quiet" | wc -l)" -gt 12

# The existing metrics: the files that the programs write, of good runs, so that none is left out.
mkdir -m 777 "$T/m" # for the user that reqtimed becomes
server --listen 127.0.0.1:0 --local-stratum 3 --metrics "$T/m/reqtimed.prom" || finish
port=$(server_port ntp)
for verb in query check "set --dry-run"; do
	# shellcheck disable=SC2086 # an option with it
	"$REQTIME" $verb --metrics "$T/m/$(echo "$verb" | tr -d ' ').prom" "127.0.0.1:$port" >/dev/null
done
wait_for 15 test -s "$T/m/reqtimed.prom"
{
	sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$T"/m/*.prom
	# With NTS; node_exporter's own; metrics after a day of runs; metrics of failed runs
	echo reqtime_nts_certificate_not_after_seconds
	echo node_textfile_mtime_seconds
	echo reqtime_frequency_off_long_term_ratio
	echo reqtime_failing_since_timestamp_seconds
} | sort -u >"$T/there"
check "the programs have metrics" test "$(wc -l <"$T/there")" -gt 38

# strange FILE: metrics in it that do not exist
strange() {
	grep -o 'reqtimed\{0,1\}_[a-z_]*\|node_[a-z_]*' "$1" | sort -u | grep -vxFf "$T/there"
}
# only the expressions
sed -n 's/^ *expr: //p' reqtime.rules.yml >"$T/alerts"
check "alerts query existing metrics" test -z "$(strange "$T/alerts")"

grep -o '"\(expr\|query\|definition\)": "\([^"\\]\|\\.\)*"' reqtime.dashboard.json |
	sed 's/^"[a-z]*": "//; s/"$//; s/\\"/"/g' | grep reqtime >"$T/queries"
check "the dashboard has queries" test "$(wc -l <"$T/queries")" -gt 25
check "the dashboard queries existing metrics" test -z "$(strange "$T/queries")"
if have python3; then
	check "the dashboard is JSON" python3 -m json.tool reqtime.dashboard.json /dev/null
else
	skip "the dashboard is JSON" "needs python3"
fi
{
	printf 'groups:\n  - name: dashboard\n    rules:\n'
	grep -v label_values "$T/queries" |
		sed "s/\$__rate_interval/5m/g; s/\$[a-z_]*/x/g; s/'/''/g; s/.*/      - { record: \"q:q\", labels: { n: \"NR\" }, expr: '&' }/" |
		awk '{ sub(/"NR"/, "\"" NR "\""); print }'
} >"$T/queries.yml"
check "Prometheus takes its queries" "$promtool" check rules "$T/queries.yml"
# Metrics that a fleet needs are on it.
for metric in offset_seconds remaining_offset_seconds bound_seconds sources failed_runs frequency_ratio exit_status \
	last_success_timestamp_seconds server_status server_offset_seconds servers_left_out; do
	check "the dashboard shows reqtime_$metric" grep -q "reqtime_$metric" "$T/queries"
done

# The test of the test.
echo 'rate(reqtimed_request_total[5m])' >"$T/wrong"
check "an unknown metric would be seen" test -n "$(strange "$T/wrong")"
finish
