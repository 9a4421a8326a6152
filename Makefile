# reqtime: a one-shot clock-sync client and its server.
#
#   make            build everything below build/ (installs nothing)
#   make demo       install missing packages, build, run server and client on loopback
#   make unit       unit tests and short simulations: seconds, no root
#   make test       unit, and the tests of the programs, with what this machine has
#   make check      install the packages for the tests, build in all ways, run all tests
#   make nightly    check in its long forms, and further builds
#   make bench      measure against other programs
#   make install    PREFIX=/usr/local DESTDIR= ; SYSCONFDIR=/etc is for `make` as well
#   make uninstall  removes what `make install` with the same PREFIX and DESTDIR installed
#   make deb        the Debian packages, in build/deb
#   make static     build/static/reqtime and reqtimed: one file each, for images; without NTS
#
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, TSAN=1 with ThreadSanitizer.
# WERROR=-Werror makes every warning an error, as `make check` does.

VERSION := 0.1.0
# A server's time before this day of the release is refused: 2026-11-01, raised with VERSION.
BUILD_FLOOR := 1793491200

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
# Debian's zsh takes the completions of packages from /usr/share/zsh/vendor-completions.
ZSH_DIR    ?= zsh/site-functions
LIBEXECDIR ?= $(PREFIX)/libexec/reqtime
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config

# How packaging/deps finds headers.
look_for = CC='$(CC)' CPPFLAGS='$(subst ','\'',$(given))' packaging/deps
given   := $(CPPFLAGS)

B      := build
WARN   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
          -Wformat=2 -Wvla -Wundef -Wno-psabi $(WERROR)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection \
          $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
PIE    := -pie
ABSENT := absent
ifdef SAN
B      := build/san
CFLAGS := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN :=
endif
ifdef TSAN
B      := build/tsan
CFLAGS := -O1 -g -fsanitize=thread
HARDEN :=
endif
ifdef STATIC
# A static program cannot load a library, and libpcap.a needs libdbus, which has no static
# version: so it has no trace.
B      := build/static
CFLAGS := -O2
# Some C libraries have no start file for static PIE: glibc for armhf.
PIE    := $(if $(findstring /,$(shell $(CC) $(CFLAGS) -print-file-name=rcrt1.o)),-static-pie,-static) -s
ABSENT := trace open json
override CPPFLAGS += -DREQTIME_BUILD_NOTE='" (static)"'
endif

# Flags that this compiler accepts without a warning: all at once, or else one by one.
accepts = $(shell $(CC) -U_FORTIFY_SOURCE $(CPPFLAGS) $(CFLAGS) $1 -Werror -include stdio.h \
            -S -o /dev/null -x c /dev/null 2>/dev/null && echo '$1')
HARDEN := $(or $(call accepts,$(HARDEN)),$(foreach flag,$(HARDEN),$(call accepts,$(flag))))
# x87 computes with more bits than a double has: round stored values, for the same results everywhere.
ROUNDED := $(call accepts,-fexcess-precision=standard)
HARDEN += $(if $(findstring FORTIFY,$(HARDEN)),-U_FORTIFY_SOURCE)

# With a `long` of 32 bits, glibc uses 32-bit times and file offsets unless told otherwise.
TIME64 := $(shell $(CC) $(CPPFLAGS) $(CFLAGS) -dM -E -x c /dev/null 2>/dev/null | \
            sed -n 's/^.define __SIZEOF_LONG__ 4$$/-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64/p')

LIBRARIES   := libcap libseccomp inih jansson sqlite3 nettle
LIBRARY_INC := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
TLS_INC     := $(shell $(PKG_CONFIG) --cflags gnutls 2>/dev/null)
PCAP_INC    := $(shell $(PKG_CONFIG) --cflags libpcap 2>/dev/null)
given       += $(LIBRARY_INC) $(PCAP_INC) $(TLS_INC)
LIBRARY_LD  := $(or $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null),\
                 $(patsubst lib%,-l%,$(filter lib%,$(LIBRARIES))) \
                 $(patsubst %,-l%,$(filter-out lib%,$(LIBRARIES))))

override CFLAGS   += -std=gnu11 $(WARN) $(filter-out -U%,$(HARDEN)) -fPIE -pthread \
                     -ffp-contract=off $(ROUNDED) -ffile-prefix-map=$(CURDIR)=.
override CPPFLAGS += -Isrc -Iinclude $(LIBRARY_INC) -D_GNU_SOURCE $(TIME64) $(filter -U%,$(HARDEN)) \
                     -DREQTIME_VERSION='"$(VERSION)"' -DREQTIME_SYSCONFDIR='"$(SYSCONFDIR)"' \
                     -DREQTIME_BUILD_FLOOR_S=INT64_C\($(BUILD_FLOOR)\) -MMD -MP
override LDFLAGS  += $(PIE) -Wl,-z,relro,-z,now,--as-needed
override LDLIBS   += $(LIBRARY_LD) -lm -ldl

PROGS   := reqtime reqtimed $(if $(STATIC),,reqtime-nts)
TESTS   := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
SIMS    := $(basename $(notdir $(wildcard tests/sim/sim_*.c)))
TOOLS   := $(filter-out history_maker,$(basename $(notdir $(wildcard tests/tools/*.c tests/bench/*.c)))) \
           $(patsubst %.c,%.so,$(notdir $(wildcard tests/tools/preload/*.c)))
# In link order: a layer uses only those to its right.
LAYERS   := cmd app io core
ARCHIVES := $(LAYERS:%=$(B)/lib%.a)
C_FILES  = $(shell find src include tests -name '*.[ch]')

all: $(PROGS:%=$(B)/%)
tests: sims $(TESTS:%=$(B)/%) $(B)/history_maker
sims: $(SIMS:%=$(B)/%)
tools: $(TOOLS:%=build/tools/%)

left_out := $(ABSENT:%=src/cmd/trace/%.c) $(if $(STATIC),src/io/tls/% src/cmd/nts/%)
objects   = $(patsubst %.c,$(B)/%.o,$(filter-out $(left_out),$(wildcard src/$1/*/*.c)))
# The directories, too, so that an archive drops the object of a deleted file.
$(foreach l,$(LAYERS),$(eval $(B)/lib$l.a: $(call objects,$l) $(wildcard src/$l/*/)))
HELPERS  := $(filter-out tests/unit/test_% tests/sim/sim_%,$(wildcard tests/unit/*.c tests/sim/*.c))
$(B)/libtests.a: $(HELPERS:%.c=$(B)/%.o)
$(ARCHIVES) $(B)/libtests.a:
	@rm -f $@
	$(AR) qcs $@ $(filter %.o,$^)

# Linker wraps for the calls that set the clock or write the hardware clock.
-include tests/unit/wrap.mk

# GnuTLS is for these alone.
$(B)/test_nts_helper: | $(B)/reqtime-nts
$(B)/reqtime-nts $(B)/test_nts_%: private override LDLIBS += \
	$(or $(shell $(PKG_CONFIG) --libs gnutls 2>/dev/null),-lgnutls)
$(PROGS:%=$(B)/%): $(B)/%: $(B)/src/%.o $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/test_%: $(B)/tests/unit/test_%.o $(B)/libtests.a $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) $(call wrap,$*) -o $@ $^ $(LDLIBS) -lcmocka
$(B)/sim_%: $(B)/tests/sim/sim_%.o $(B)/libtests.a $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/history_maker: $(B)/tests/tools/history_maker.o $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/%.o: %.c $(B)/flags | $(B)/needs.ok
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/tests/unit/%.o: | $(B)/needs-tests.ok
$(B)/src/io/net/capture%.o: override CPPFLAGS += $(PCAP_INC)
# GnuTLS has the times of the machine: where those are narrow, so are its functions.
$(B)/src/io/tls/%.o $(B)/tests/unit/nts_%.o: private override CPPFLAGS := $(filter-out $(TIME64),$(CPPFLAGS)) $(TLS_INC)
$(B)/src/io/nts/aead.o: private override CPPFLAGS += $(if $(STATIC),-DREQTIME_STATIC)
$(B)/src/io/nts/helper.o: $(B)/LIBEXECDIR
$(B)/src/io/nts/helper.o: private override CPPFLAGS += -DREQTIME_LIBEXECDIR='"$(LIBEXECDIR)"'

# The test tools share no code with the programs.
TOOL_FLAGS := -O2 -std=gnu11 -Wall -Wextra $(WERROR) -D_GNU_SOURCE -MMD -MP
build/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(TOOL_FLAGS) -o $@ $< -Wl,--as-needed -lm -lsqlite3 -lseccomp -lgnutls -lnettle
build/tools/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(TOOL_FLAGS) -Iinclude -o $@ $< -lm
build/tools/%.so: tests/tools/preload/%.c
	@mkdir -p $(@D)
	$(CC) $(TOOL_FLAGS) -shared -fPIC -o $@ $< -lm

# If the flags differ from those of the last build, everything is rebuilt.
flags = $(subst ','\'',$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS))
$(B)/flags $(B)/LIBEXECDIR: FORCE
	@mkdir -p $(@D)
	@echo '$($(@F))' | cmp -s - $@ || echo '$($(@F))' >$@
# Before compiling: report missing libraries and their packages.
$(B)/needs.ok $(B)/needs-tests.ok: $(B)/flags packaging/deps
	@$(look_for) headers $(if $(findstring tests,$(@F)),test,build)
	@touch $@

# The linker warns that name lookups need shared libraries.  /etc/hosts and DNS do not: tests/static.sh.
static:
	@$(MAKE) --no-print-directory STATIC=1 all
	@stat -c '%n: %s octets' build/static/reqtime build/static/reqtimed

# Both packages, from a copy of the sources: the top level is not changed.
deb:
	@rm -rf build/deb && mkdir -p build/deb/reqtime-$(VERSION)
	@cp -r Makefile src include tests packaging LICENSE README.md packaging/debian \
		build/deb/reqtime-$(VERSION)
	@cd build/deb/reqtime-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
		dpkg-buildpackage -us -uc -b >../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	@stat -c '%n: %s octets' build/deb/*.deb

demo:
	@$(look_for) build && $(MAKE) --no-print-directory -s all
	@BUILD=$(B) packaging/demo.sh

unit: tests
	@BUILD=$(B) tests/all unit

test: all tests tools
	@BUILD=$(B) tests/all test

check nightly:
	@NIGHTLY=$(filter nightly,$@) packaging/deps build test || \
		echo "$@: continuing without them; tests that need them are skipped"
	@tests/all $@

bench: all sims tools
	@packaging/deps build test
	@tests/bench/accuracy && BUILD=$(B) tests/bench/server
	@BUILD=$(B) tests/bench/soak 2000000
	@tests/bench/rounds && tests/bench/nts && tests/bench/names && tests/bench/fleet && tests/bench/early
	@$(B)/sim_measure 1000000
	@B=$(B) tests/bench/discipline && B=$(B) tests/bench/lives && tests/bench/state && tests/bench/now

format:
	clang-format -i $(C_FILES)

lint: all
	@tests/run TIME_LIMIT=300 tests/lint.sh

install: all
install uninstall:
	@PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' ZSH_DIR='$(ZSH_DIR)' DESTDIR='$(DESTDIR)' \
		LIBEXECDIR='$(LIBEXECDIR)' packaging/install $@ $(B)

clean:
	rm -rf build

.PHONY: all tests sims tools static deb demo unit test check nightly bench format lint \
        install uninstall clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B)/src $(B)/tests build/tools -name '*.d' 2>/dev/null)
