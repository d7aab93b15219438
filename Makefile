# Lighter: build, check, bench.
#
#   make                 the programs, in build/release/bin
#   make check           every test that needs no server, under ASan and UBSan
#   make V=asan …        another variant: release, static (needs no library where it runs),
#                        asan, clang (clang with ASan and UBSan)
#   make fuzz            libFuzzer targets (clang), in build/fuzz
#   make install         below $(DESTDIR)$(PREFIX), /usr/local; make uninstall takes it away
#   make deb             a Debian package, in build
#   make help            all targets
#
# Object lists follow the directories: a new .c file is picked up by itself.

V ?= release
BUILD := build/$(V)

PKGS := json-c libcrypto
CC_release := gcc
CC_static := gcc
CC_asan := gcc
CC_clang := clang
CC := $(CC_$(V))
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_static := $(CFLAGS_release)
CFLAGS_asan := -O1 $(SANITIZE) -DIO_FAULTS
CFLAGS_clang := -O1 $(SANITIZE) -DIO_FAULTS
LDFLAGS_release := -Wl,-z,relro,-z,now -Wl,--as-needed
LDFLAGS_static := $(LDFLAGS_release) -static
LDFLAGS_asan := $(SANITIZE)
LDFLAGS_clang := $(SANITIZE)

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARN) -g -Icommon -Ifcgi -Itests -MMD -MP \
	$(shell pkg-config --cflags $(PKGS)) -pthread
ALL_CFLAGS = $(BASE_CFLAGS) $(CFLAGS_$(V)) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_$(V)) $(PIE_$(CRYPTO)) $(LDFLAGS) -pthread

# The shared libcrypto costs every process half a megabyte of relocated tables, and a third
# of the time it takes to start; linked in, at a fixed address, it is shared by all. The
# price: a fixed libcrypto needs a new build. CRYPTO=shared decides the other way.
CRYPTO ?= $(if $(filter release static,$(V)),static,shared)
LIBCRYPTO_static := $(if $(filter static,$(V)),-lcrypto -ldl,-Wl,-Bstatic -lcrypto -Wl,-Bdynamic -ldl)
LIBCRYPTO_shared := -lcrypto
PIE_static := -no-pie
PIE_shared :=
BASE_CFLAGS += $(if $(filter static,$(CRYPTO)),-fno-pie)
LIBS := -lfcgi $(shell pkg-config --libs json-c) $(LIBCRYPTO_$(CRYPTO)) -lcrypt

PROGRAMS := $(patsubst fcgi/%.c,%,$(filter-out fcgi/main.c fcgi/routes.c,$(wildcard fcgi/*.c)))
LIB_SRC := $(wildcard common/*/*.c) $(wildcard fcgi/gateway/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB := $(BUILD)/liblighter.a
MAIN_OBJ := $(BUILD)/fcgi/main.o $(BUILD)/fcgi/routes.o
HANDLER_OBJ := $(PROGRAMS:%=$(BUILD)/fcgi/%.o)
BINS := $(PROGRAMS:%=$(BUILD)/bin/%)

SUPPORT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
SUPPORT := $(BUILD)/libsupport.a
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
CGI_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/cgi/test_*.c))
FAULT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/faults/test_*.c))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_REPLAY := $(FUZZ_SRC:%.c=$(BUILD)/%)
FUZZ_BINS := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)
BENCH_BINS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

.PHONY: all check check-unit check-cgi check-faults check-source check-fuzz tests \
	fuzz bench bench-programs install uninstall deb clean help
.SECONDARY:

all: $(BINS)

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile
	@echo "targets: all check check-unit check-cgi check-faults check-source check-fuzz"
	@echo "         tests fuzz bench bench-programs install uninstall deb clean"

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

# An archive: a unit test pulls in what it uses and no handlers.
$(SUPPORT): $(SUPPORT_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/fcgi/%.o $(MAIN_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT) $(LIB)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# Handlers are driven in process: every family and the route table are linked in.
$(BUILD)/tests/cgi/%: $(BUILD)/tests/cgi/%.o $(SUPPORT) $(HANDLER_OBJ) $(BUILD)/fcgi/routes.o $(LIB)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/faults/%: $(BUILD)/tests/faults/%.o $(SUPPORT) $(HANDLER_OBJ) $(BUILD)/fcgi/routes.o $(LIB)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# A fuzz target with a main of its own that replays files.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(SUPPORT) $(HANDLER_OBJ) $(BUILD)/fcgi/routes.o $(LIB)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	@echo "  LINK $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lm

build/fuzz/%: tests/fuzz/%.c $(LIB_SRC) $(wildcard fcgi/*.c)
	@mkdir -p $(@D)
	clang -fsanitize=fuzzer,address,undefined -O1 -std=c11 -D_GNU_SOURCE -g -Icommon -Ifcgi -Itests \
		$(shell pkg-config --cflags $(PKGS)) -pthread -o $@ $< $(LIB_SRC) tests/support/fixture.c \
		$(filter-out fcgi/main.c,$(wildcard fcgi/*.c)) $(LIBS)

tests: $(UNIT_TESTS) $(CGI_TESTS) $(FAULT_TESTS) $(FUZZ_REPLAY)

check: check-source
	$(MAKE) V=$(if $(filter release,$(V)),asan,$(V)) check-unit check-cgi check-faults check-fuzz

check-unit: $(UNIT_TESTS)
	@scripts/run-tests $(UNIT_TESTS)
check-cgi: $(CGI_TESTS)
	@scripts/run-tests $(CGI_TESTS)
check-faults: $(FAULT_TESTS)
	@scripts/run-tests $(FAULT_TESTS)
check-fuzz: $(FUZZ_REPLAY)
	@scripts/replay-corpora $(FUZZ_REPLAY)
check-source:
	@scripts/check-source

fuzz: $(FUZZ_BINS)

bench-programs: $(BENCH_BINS)
bench: all bench-programs
	scripts/bench

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
INSTALL = scripts/install --destdir '$(DESTDIR)' --prefix '$(PREFIX)' --sysconfdir '$(SYSCONFDIR)'

install: all
	@$(INSTALL) --bin $(BUILD)/bin
uninstall:
	@$(INSTALL) --uninstall
deb:
	@scripts/deb

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
