# Sets the clock once an hour and at boot, where systemd is not the first process and
# /etc/default/reqtime says CRON=yes.  Mail comes only when there is news.
SHELL=/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin

0 * * * *  root  [ -d /run/systemd/system ] || [ ! -x /usr/lib/reqtime/cron-run ] || exec /usr/lib/reqtime/cron-run --splay 50m
@reboot    root  [ -d /run/systemd/system ] || [ ! -x /usr/lib/reqtime/cron-run ] || exec /usr/lib/reqtime/cron-run --wait 10m
