# Sets the clock once an hour and at boot, if systemd is not the init system and
# /etc/default/reqtime has CRON=yes.  Mail is sent only when there is something to report.
SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin

0 * * * *  root  [ -d /run/systemd/system ] || [ ! -x /usr/lib/reqtime/cron-run ] || exec /usr/lib/reqtime/cron-run --splay 50m
@reboot    root  [ -d /run/systemd/system ] || [ ! -x /usr/lib/reqtime/cron-run ] || exec /usr/lib/reqtime/cron-run --wait 10m
