# reqtime: a one-shot clock-sync client and its server.
#
#   make            build everything below build/ (installs nothing)
#   make demo       install what is missing, build, show it at work on loopback
#   make check      install what the tests need, build, run all tests
#   make bench      measure against other programs
#   make install    PREFIX=/usr/local DESTDIR= ; SYSCONFDIR=/etc is for `make` as well
#   make deb        the Debian packages of both, in build/deb
#   make static     build/static/reqtime and reqtimed: one file each, for images and initramfs
#
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, TSAN=1 with ThreadSanitizer.

VERSION := 0.1.0
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
B       := build
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wformat=2 -Wvla -Wundef -Werror
CFLAGS  ?= -O2 -g
ifdef SAN
B       := build/san
CFLAGS  := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# A program that is linked statically loads no library, and libpcap.a asks for libdbus, which
# has no static one: no trace there.
TRACE     := cmd/trace cmd/trace_open cmd/trace_json io/capture io/capture_library
ifdef STATIC
B         := build/static
CFLAGS    := -O2
TRACE     := cmd/trace_absent
override CPPFLAGS += -DREQTIME_BUILD_NOTE='" (static)"'
override LDFLAGS  += -static-pie -s
endif
ifdef TSAN
B       := build/tsan
CFLAGS  := -O1 -g -fsanitize=thread
endif
override CFLAGS   += -std=gnu11 $(WARN) -fstack-protector-strong -pthread
override CPPFLAGS += -Iinclude -D_GNU_SOURCE -DREQTIME_VERSION='"$(VERSION)"' -MMD -MP

# No server's time before this release's day is believed: 2026-11-01, raised with VERSION.
BUILD_FLOOR  := 1793491200
override CPPFLAGS += -DREQTIME_BUILD_FLOOR_S=INT64_C\($(BUILD_FLOOR)\)

HISTORY      := io/history io/history_sql io/history_columns io/history_runs io/history_kisses \
                io/history_state io/history_past io/state_dir
RECORDER     := app/recorder app/recorder_keeper app/recorder_message app/recorder_past app/learn \
                io/child $(HISTORY)
ifneq ($(SYSCONFDIR),/etc)
override CPPFLAGS += -DREQTIME_SYSCONFDIR='"$(SYSCONFDIR)"'
endif

# One line per program: everything it links, nothing more.
COMMAND      := cmd/command cmd/parse cmd/option cmd/help cmd/config_file io/config
CORE         := ntp_time ntp_packet ntp_ext text text_time span server_spec address sample \
                filter keyed_sort electorate select plan rival run report_text report_table \
                report_verdict report_details report_csv report_ntpdate csv style discipline discipline_bank \
                discipline_forecast discipline_interval discipline_noise record \
                frame trace trace_match trace_ntp trace_tcp trace_text trace_text_exchange cidr siphash admit \
                departure interleave refid threshold health metrics
CORE         += past past_table past_csv
CORE         += log_line report_learnt
LOGGING      := cmd/logging io/log
reqtime_OBJ  := reqtime $(COMMAND) cmd/config cmd/config_json cmd/query cmd/set cmd/set_guard cmd/set_judge \
                cmd/set_report cmd/measuring cmd/measuring_print cmd/memory $(LOGGING) cmd/repeat io/link io/rival io/rtc $(RECORDER) io/lock \
                cmd/servers_file cmd/progress cmd/terminal cmd/json app/correct \
                app/measure app/sources app/exchange app/tally io/ports io/ports_wait io/udp io/tcp io/sockaddr io/resolve \
                io/entropy io/kernel_clock io/priv io/sandbox \
                $(TRACE)
reqtime_OBJ  += cmd/check cmd/exporting app/exporter io/file_replace io/landlock
reqtime_LIB  := -lcap -lseccomp -linih -ljansson -lsqlite3 -ldl
CORE         += chart chart_ticks plot page page_chart page_style
SHOW         := cmd/history cmd/history_show cmd/history_json cmd/history_page io/replace io/landlock
reqtime_OBJ  += $(SHOW)
LISTEN       := io/listen io/listen_batch io/listen_departures io/listen_clock
reqtimed_OBJ := reqtimed $(COMMAND) cmd/serve cmd/serve_clerk cmd/serve_trust cmd/serve_places cmd/serve_watch \
                app/serve_metrics io/clerk io/inherit io/landlock app/serve app/serve_bind \
                app/serve_worker app/serve_batch app/serve_departures app/serve_ntp app/serve_state app/serve_trusted app/learn app/serve_tcp \
                app/serve_text app/serve_gate io/accept io/entropy io/kernel_clock $(LISTEN) io/notify io/priv io/sandbox \
                io/signals io/sockaddr $(HISTORY)
reqtimed_OBJ += io/file_replace
reqtimed_LIB := -lcap -lseccomp -linih -lsqlite3
test_correct_OBJ := app/correct
test_command_OBJ := $(COMMAND)
test_command_LIB := -linih
test_measure_OBJ := app/measure app/sources app/exchange app/tally
test_golden_OBJ  := cmd/json
test_golden_LIB  := -ljansson
test_json_OBJ    := cmd/json
test_json_LIB    := -ljansson
test_set_OBJ     := cmd/set cmd/set_guard cmd/set_judge cmd/set_report $(COMMAND) cmd/measuring cmd/measuring_print cmd/memory $(LOGGING) cmd/repeat io/link cmd/progress cmd/terminal cmd/json app/correct app/learn \
                    io/state_dir cmd/exporting
test_set_LIB     := -ljansson -linih
test_servers_file_OBJ := cmd/servers_file $(COMMAND)
test_servers_file_LIB := -linih
test_progress_OBJ := cmd/progress cmd/terminal io/kernel_clock
test_style_OBJ   := cmd/terminal
test_udp_OBJ     := io/udp io/entropy io/sockaddr
test_udp_WITH    := unit/stamps
test_tcp_OBJ     := io/tcp io/kernel_clock io/sockaddr
test_resolve_OBJ := io/resolve io/child io/priv io/sockaddr
test_resolve_LIB := -lcap
test_ports_OBJ   := io/ports io/ports_wait io/udp io/tcp io/resolve io/child io/entropy io/kernel_clock io/priv io/sockaddr
test_ports_LIB   := -lcap
test_ports_WITH  := unit/stamps
test_listen_OBJ  := $(LISTEN) io/sockaddr
test_listen_WITH := unit/stamps
test_notify_OBJ  := io/notify
test_rival_OBJ   := io/rival
test_rtc_OBJ     := io/rtc io/kernel_clock
# No chip is written by this test, and nobody waits.
test_rtc_LIB     := -Wl,--wrap=ioctl,--wrap=clock_nanosleep,--wrap=clock_gettime,--wrap=open
test_serve_state_OBJ := app/serve_state
test_serve_trusted_OBJ := app/serve_trusted app/serve_state app/learn
test_serve_ntp_OBJ   := app/serve_ntp
test_serve_gate_OBJ  := app/serve_gate io/entropy
test_serve_text_OBJ  := app/serve_text app/serve_ntp
test_serve_metrics_OBJ := app/serve_metrics app/serve_ntp
test_config_OBJ  := io/config
test_landlock_OBJ := io/landlock
test_config_LIB  := -linih
test_state_dir_OBJ := io/state_dir
test_lock_OBJ    := io/lock io/state_dir
test_history_OBJ := $(HISTORY)
test_history_LIB := -lsqlite3
test_repeat_OBJ  := cmd/repeat $(COMMAND) io/link
test_repeat_LIB  := -linih
test_learn_OBJ   := app/learn
test_recorder_OBJ := $(RECORDER) io/priv io/sandbox
test_recorder_LIB := -lsqlite3 -lcap -lseccomp
test_log_OBJ     := io/log
test_exporter_OBJ := app/exporter io/child io/file_replace io/landlock io/priv io/sandbox
test_exporter_LIB := -lcap -lseccomp
test_priv_OBJ    := io/priv
test_priv_LIB    := -lcap
test_sandbox_OBJ := io/sandbox $(test_ports_OBJ)
test_sandbox_LIB := -lcap -lseccomp
# No call that moves a clock leaves this test: the linker puts its own in their place.
test_kernel_clock_OBJ := io/kernel_clock
test_kernel_clock_LIB := -Wl,--wrap=clock_adjtime,--wrap=adjtimex,--wrap=clock_settime \
                         -Wl,--wrap=adjtime,--wrap=syscall
sim_measure_OBJ  := app/measure app/sources app/exchange app/tally
sim_measure_WITH := sim/world
PROGS        := reqtime reqtimed
TESTS        := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
SIMS         := $(basename $(notdir $(wildcard tests/sim/sim_*.c)))
SCRIPTS      := $(wildcard tests/system/[0-9]*.sh)
GUESTS       := $(filter-out %lib.sh %_guest.sh %_init.sh,$(wildcard tests/vm/*.sh))
# What needs no sanitized run, or has no sense in one: the system call filter is left out there.
SAN_TESTS     = $(filter-out test_sandbox,$(TESTS))
C_FILES       = $(shell find src include tests -name '*.[ch]')
# header=package: what plain `make` does without is said before anything is compiled.
NEEDS        := sys/capability.h=libcap-dev seccomp.h=libseccomp-dev jansson.h=libjansson-dev sqlite3.h=libsqlite3-dev ini.h=libinih-dev \
                pcap.h=libpcap-dev
# NAME_OBJ: below src/; NAME_WITH: a test's own, below tests/.
objs          = $($1_OBJ:%=$(B)/src/%.o) $($1_WITH:%=$(B)/tests/%.o)

all: $(PROGS:%=$(B)/%)
tests: $(TESTS:%=$(B)/%) sims $(B)/history_maker
sims: $(SIMS:%=$(B)/%)

compiles = $(shell $(CC) -E -include $1 -x c /dev/null >/dev/null 2>&1 && echo yes)
missing  = $(foreach n,$1,$(if $(call compiles,$(firstword $(subst =, ,$n))),,$(lastword $(subst =, ,$n))))
$(B)/needs.ok:
	$(if $(call compiles,stddef.h),,$(error reqtime needs gcc and libc6-dev: run packaging/deps build))
	$(if $(strip $(call missing,$(NEEDS))),$(error reqtime needs $(strip $(call missing,$(NEEDS))): run packaging/deps build))
	@mkdir -p $(@D)
	@touch $@

$(B)/libcore.a: $(CORE:%=$(B)/src/core/%.o)
	@rm -f $@
	$(AR) rcs $@ $^
.SECONDEXPANSION:
$(PROGS:%=$(B)/%): $(B)/%: $$(call objs,$$*) $(B)/libcore.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $($*_LIB) -lm $(LDLIBS)
$(B)/test_%: $(B)/tests/unit/test_%.o $$(call objs,test_$$*) $(B)/libcore.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(test_$*_LIB) -lcmocka -lm
$(B)/history_maker: $(B)/tests/system/history_maker.o $$(call objs,test_history) $(B)/libcore.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(test_history_LIB) -lm
$(B)/sim_%: $(B)/tests/sim/sim_%.o $$(call objs,sim_$$*) $(B)/libcore.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm
$(B)/%.o: %.c Makefile | $(B)/needs.ok
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The linker warns that names need shared libraries.  /etc/hosts and DNS do not: tests/static.sh.
static:
	@$(MAKE) --no-print-directory STATIC=1 all
	@stat -c '%n: %s octets' $(PROGS:%=build/static/%)

# Both packages, from a copy of the sources: the top level stays as it is.
deb:
	@rm -rf build/deb
	@mkdir -p build/deb/reqtime-$(VERSION)
	@cp -r Makefile src include packaging LICENSE README.md packaging/debian build/deb/reqtime-$(VERSION)
	@cd build/deb/reqtime-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		dpkg-buildpackage -us -uc -b >../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	@stat -c '%n: %s octets' build/deb/*.deb

demo:
	@packaging/deps build
	@$(MAKE) --no-print-directory -s all
	@BUILD=$(B) packaging/demo.sh

check:
	@packaging/deps build test || \
		echo "check: going on without; what needs them is skipped, and says so"
	@tests/run TIME_LIMIT=900 tests/build.sh \
		JOBS=2 TIME_LIMIT=300 tests/lint.sh tests/fuzz.sh tests/static.sh tests/deb.sh \
		$(TESTS:%=build/%) $(SIMS:%=build/%) tests/layers.sh tests/manpages.sh \
		tests/completion.sh tests/cookbook.sh tests/install.sh \
		JOBS=2 $(SCRIPTS) tests/interop/agree.sh tests/interop/check.sh tests/prometheus.sh \
		JOBS=1 $(GUESTS) \
		JOBS=2 LABEL=sanitized: BUILD=build/san $(SAN_TESTS:%=build/san/%) $(SCRIPTS)

bench: all $(SIMS:%=$(B)/%)
	@packaging/deps build test
	@tests/bench/accuracy
	@BUILD=$(B) tests/bench/server
	@BUILD=$(B) tests/bench/soak 2000000
	@tests/bench/rounds
	@tests/bench/fleet
	@$(B)/sim_measure 1000000
	@B=$(B) tests/bench/discipline
	@tests/bench/state

format:
	clang-format -i $(C_FILES)

lint: all
	@tests/run TIME_LIMIT=300 tests/lint.sh

share := $(DESTDIR)$(PREFIX)/share
man := $(share)/man
# Debian's zsh looks below /usr/share/zsh/vendor-completions for what packages bring.
ZSH_DIR ?= zsh/site-functions
install: all
	install -D -m 755 $(B)/reqtime $(DESTDIR)$(PREFIX)/bin/reqtime
	install -D -m 755 $(B)/reqtimed $(DESTDIR)$(PREFIX)/sbin/reqtimed
	install -D -m 644 -t $(man)/man1 $(wildcard packaging/man/*.1)
	for page in packaging/man/*.[1-9]; do \
		install -D -m 644 $$page $(man)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in packaging/systemd/*; do \
		sed 's|@sbindir@|$(PREFIX)/sbin|; s|@bindir@|$(PREFIX)/bin|' $$unit \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/} || exit 1; \
	done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/reqtime/schema packaging/schema/*.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/reqtime/prometheus packaging/prometheus/*
	test -e $(DESTDIR)$(SYSCONFDIR)/reqtime/reqtime.conf || \
		install -D -m 644 packaging/reqtime.conf $(DESTDIR)$(SYSCONFDIR)/reqtime/reqtime.conf
	install -D -m 644 packaging/cron/reqtime \
		$(DESTDIR)$(PREFIX)/share/doc/reqtime/cron.d-reqtime
	install -D -m 644 packaging/completion/reqtime.bash $(share)/bash-completion/completions/reqtime
	install -D -m 644 packaging/completion/_reqtime $(share)/$(ZSH_DIR)/_reqtime
	install -D -m 644 packaging/completion/reqtime.fish $(share)/fish/vendor_completions.d/reqtime.fish
	cd $(share) && cp bash-completion/completions/reqtime bash-completion/completions/reqtimed && \
		cp fish/vendor_completions.d/reqtime.fish fish/vendor_completions.d/reqtimed.fish && \
		sed '1s/ reqtime / /' $(ZSH_DIR)/_reqtime >$(ZSH_DIR)/_reqtimed

clean:
	rm -rf build

.PHONY: all deb static tests sims demo check bench format lint install clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B)/src $(B)/tests -name '*.d' 2>/dev/null)
